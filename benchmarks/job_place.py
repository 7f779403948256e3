"""Where durable jobs are kept while they are measured, and the processes there."""

from __future__ import annotations

import http.client
import json
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from benchmarks.pictures import draw
from benchmarks.servers import OURS, Server, memory_bytes, our_server, post

PICTURES = 6  # of a document, repeated
LOOK_S = 0.1
BOUND_S = 1800.0
MIB = 1024 * 1024
ENGINE = "tesseract"


class Place:
    """Where jobs are kept, and the processes there."""

    def __init__(self, folder: Path, address: str) -> None:
        self.files = folder / "files"
        self.settings = {
            "OCR_JOBS": address or str(folder / "jobs"),
            "OCR_JOBS_FILES": str(self.files),
            "OCR_SLOTS": "1",
        }

    @contextmanager
    def start(
        self, command: str = "serve", *, start: Sequence[str] = OURS, **settings: str
    ) -> Iterator[Server]:
        """A server, or a worker with `work`; `start` is how it is started."""
        given = {**self.settings, **settings}
        with our_server(ENGINE, start=start, command=command, **given) as server:
            yield server

    def times_begun(self, job_id: str) -> list[int]:
        """How often each page was."""
        return [times for times, _ in self.begun(job_id).values()]

    def begun(self, job_id: str) -> dict[int, tuple[int, float]]:
        """How often each page was, and when last, by the clock of the files."""
        looked_at = ((file, file.stat()) for file in (self.files / job_id / "begun").iterdir())
        return {int(file.name): (stat.st_size, stat.st_mtime) for file, stat in looked_at}

    def begun_s(self, job_id: str) -> float:
        """When a page was begun last, by the clock of the files."""
        return max(begun_s for _, begun_s in self.begun(job_id).values())

    def settled(self, job_id: str) -> int:
        """How many pages were read, or could not be."""
        names = [file.name for file in (self.files / job_id / "pages").iterdir()]
        return sum(not name.startswith(".") for name in names)

    def page_times_s(self, job_id: str) -> list[float]:
        """When each page was read, in order, by the clock of the files."""
        return sorted(file.stat().st_mtime for file in (self.files / job_id / "pages").iterdir())


def document(pages: int, kind: str = "crop") -> bytes:
    """A PDF of pages with words on them: of one line, or receipts."""
    drawn = [Image.open(BytesIO(draw(kind, seed=one).data)) for one in range(1, PICTURES + 1)]
    file = BytesIO()
    rest = [drawn[number % len(drawn)] for number in range(1, pages)]
    drawn[0].save(file, "PDF", save_all=True, append_images=rest, resolution=300)
    return file.getvalue()


def submit(server: Server, data: bytes, **options: str) -> str:
    """Make a job; its id."""
    with closing(server.connect()) as connection:
        answer = post(connection, "/v1/jobs", data, **options)
    if answer.status != http.client.ACCEPTED:
        raise SystemExit(answer.body.decode())
    return str(json.loads(answer.body)["id"])


def look(server: Server, path: str, method: str = "GET") -> Any:  # noqa: ANN401  # an answer's JSON
    """The JSON at an address; None without."""
    with closing(server.connect()) as connection:
        connection.request(method, path)
        return json.loads(connection.getresponse().read() or b"null")


def ended(
    server: Server, job_id: str, between: Callable[[], None] = lambda: None, look_s: float = LOOK_S
) -> Any:  # noqa: ANN401  # an answer's JSON
    """The job when it has ended; `between` is called again and again until then."""
    ends_s = time.monotonic() + BOUND_S
    while time.monotonic() < ends_s:
        status = look(server, f"/v1/jobs/{job_id}")
        if status["expires_at"]:
            return status
        between()
        time.sleep(look_s)
    raise SystemExit(f"not read after {BOUND_S:.0f} s")


def wait_for_pages(place: Place, job_id: str, count: int) -> None:
    """Wait until so many pages were read."""
    ends_s = time.monotonic() + BOUND_S
    while place.settled(job_id) < count:
        if time.monotonic() > ends_s:
            raise SystemExit(f"not read after {BOUND_S:.0f} s")
        time.sleep(LOOK_S)


def kill(server: Server) -> None:
    """End it with all its processes, as when its machine is gone."""
    for process in server.tree():
        with suppress(psutil.NoSuchProcess):
            process.kill()


@contextmanager
def weighed(server: Server) -> Iterator[dict[int, int]]:
    """The most memory of each process of the server, by its id, while the block runs."""
    peaks: dict[int, int] = {}
    is_over = threading.Event()

    def weigh() -> None:
        while not is_over.wait(LOOK_S):
            for process in server.tree():
                with suppress(psutil.NoSuchProcess):
                    now = memory_bytes(process)
                    peaks[process.pid] = max(peaks.get(process.pid, 0), now)

    thread = threading.Thread(target=weigh)
    thread.start()
    try:
        yield peaks
    finally:
        is_over.set()
        thread.join()
