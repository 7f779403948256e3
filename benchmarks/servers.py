"""Servers started to be measured: what they answer, and what their process trees cost."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil

START_TIMEOUT_S = 60
ANSWER_TIMEOUT_S = 600
LOOK_S = 0.01
OURS = (sys.executable, "-m", "ocr_server")
BOUNDARY = "a-line-that-no-picture-contains"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a picture."""

    status: int
    body: bytes
    retry_after_s: float


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs; `path` is where pictures go."""

    name: str
    port: int
    path: str
    process: psutil.Process
    folder: Path
    ready_after_s: float

    def connect(self) -> http.client.HTTPConnection:
        """A connection, to be used by one thread."""
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_TIMEOUT_S)

    def tree(self) -> list[psutil.Process]:
        """The server's process and all that it started."""
        return [self.process, *self.process.children(recursive=True)]

    def cpu_s(self) -> float:
        """Seconds of processor time that the tree has used so far, ended processes included."""
        total = 0.0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                total += sum(process.cpu_times()[:4])  # its own and its ended children's
        return total

    def pss_bytes(self) -> int:
        """Memory of the tree, pages that several processes share counted once."""
        total = 0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                total += memory_bytes(process)
        return total

    def tesseracts(self) -> int:
        """How many `tesseract` programs run in it now."""
        count = 0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                count += process.name() == "tesseract" and process.status() != psutil.STATUS_ZOMBIE
        return count

    def zombies(self) -> int:
        """How many processes ended without anybody asking."""
        count = 0
        for process in self.tree():
            with suppress(psutil.NoSuchProcess):
                count += process.status() == psutil.STATUS_ZOMBIE
        return count

    def left_behind(self) -> list[str]:
        """Files of requests that are still there."""
        return [path.name for path in self.folder.rglob("job-*/**/*") if path.is_file()]


def memory_bytes(process: psutil.Process) -> int:
    """Its proportional set size, or the resident one where only root may know more.

    Raises:
        psutil.NoSuchProcess: it has ended.
    """
    try:
        return int(process.memory_full_info().pss)
    except psutil.AccessDenied:  # our server hides its memory
        return int(process.memory_info().rss)


def post(connection: http.client.HTTPConnection, path: str, data: bytes, **fields: str) -> Answer:
    """Send a picture as a form does."""
    connection.request("POST", path, *form_of(data, **fields))
    response = connection.getresponse()
    retry_after_s = float(response.getheader("Retry-After") or 0)
    return Answer(response.status, response.read(), retry_after_s)


def form_of(data: bytes, **fields: str) -> tuple[bytes, dict[str, str]]:
    """A file and fields as the body of a form, and its headers."""
    head = "".join(
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="0"\r\n\r\n'
    body = head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()
    return body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


# Of this server in the tables, by engine.
NAMES = {"tesserocr": "ours, warm", "auto": "ours, both readers"}


@contextmanager
def our_server(
    engine: str, *, start: Sequence[str] = OURS, command: str = "serve", **settings: str
) -> Iterator[Server]:
    """This server with an engine, for the length of a with-block; `start` is how it is started."""
    with tempfile.TemporaryDirectory(prefix="speed-") as folder:
        port = _free_port()
        ours = {"OCR_PORT": str(port), "OCR_ENGINE": engine, "OCR_TEMP_DIR": folder, **settings}
        name = NAMES.get(engine, "ours")
        with _started([*start, command], ours, port, "/readyz") as (process, ready_after_s):
            yield Server(name, port, "/v1/documents", process, Path(folder), ready_after_s)


@contextmanager
def rival_server(*, limited: bool) -> Iterator[Server]:
    """The rival, with OMP_THREAD_LIMIT=1 or as people run it."""
    port = _free_port()
    command = [sys.executable, str(Path(__file__).with_name("rival.py")), str(port)]
    limit = {"OMP_THREAD_LIMIT": "1"} if limited else {}
    name = "rival" if limited else "rival as it comes"
    with _started(command, limit, port, "/") as (process, ready_after_s):
        yield Server(name, port, "/", process, Path("/nonexistent"), ready_after_s)


@contextmanager
def _started(
    command: list[str], settings: Mapping[str, str], port: int, ready_path: str
) -> Iterator[tuple[psutil.Process, float]]:
    environment = {
        name: value
        for name, value in os.environ.items()
        if name != "OMP_THREAD_LIMIT" and not name.startswith("OCR_")
    }
    with tempfile.TemporaryFile() as log:
        begun = time.monotonic()
        process = subprocess.Popen(  # noqa: S603  # ours and the rival
            command, env={**environment, **settings}, stdout=log, stderr=log,
            start_new_session=True,  # also tells its processes from others
        )  # fmt: skip
        try:
            _wait_until_ready(process, port, ready_path)
            yield psutil.Process(process.pid), time.monotonic() - begun
        finally:
            process.terminate()
            process.wait()


def _wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    ends = time.monotonic() + START_TIMEOUT_S
    while time.monotonic() < ends and process.poll() is None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=START_TIMEOUT_S)
        with closing(connection), suppress(OSError):
            connection.request("GET", path)
            if connection.getresponse().status != http.client.SERVICE_UNAVAILABLE:
                return
        time.sleep(LOOK_S)
    raise SystemExit(f"a server did not start: {' '.join(map(str, process.args))}")  # type: ignore[arg-type]


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])
