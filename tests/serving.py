"""A server in a process of its own, and a Tesseract that waits for a word of the test."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
from flask import Flask

from ocr_server.server.waitress_server import Server
from ocr_server.settings import Settings
from tests.waiting import BOUND_S, is_alive, wait_for

ROOT = Path(__file__).parent.parent
DOCUMENTS = "/v1/documents"

HOCR = """<?xml version="1.0" encoding="UTF-8"?>
<html xmlns="http://www.w3.org/1999/xhtml"><body><div class='ocr_page' title='bbox 0 0 99 99'>
<div class='ocr_carea' title='bbox 5 5 50 20'><p class='ocr_par' lang='eng' title='bbox 5 5 50 20'>
<span class='ocr_line' title='bbox 5 5 50 20; baseline 0 -3; x_size 15; x_descenders 3'>
<span class='ocrx_word' title='bbox 5 5 50 20; x_wconf 93'>Hello</span>
</span></p></div></div></body></html>
"""

SCRIPT = """#!/bin/sh
cd "{folder}" || exit 1
case "$1" in
--version) echo "tesseract 5.3.0"; exit ;;
--list-langs) printf 'List of available languages in "/x" (2):\\neng\\nosd\\n'; exit ;;
esac
for word in "$@"; do printf '%s\\n' "$word" >>argv; done
for word in "$@"; do [ -f "$word" ] && cp "$word" "files/"; done
: >"running/$$"
while [ -e hold ]; do sleep 0.05; done
rm "running/$$"
cp answer "$2.hocr"
"""


class FakeTesseract:
    """A program `tesseract` that reads “Hello” from everything, when it is let go.

    It writes down its arguments and keeps a copy of the files among them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "running", "files"):
            (folder / name).mkdir(parents=True)
        (folder / "answer").write_text(HOCR)
        program = folder / "bin" / "tesseract"
        program.write_text(SCRIPT.format(folder=folder))
        program.chmod(0o755)

    @property
    def path(self) -> str:
        """The search path on which this one is found first."""
        return f"{self.folder / 'bin'}:{os.environ['PATH']}"

    @property
    def arguments(self) -> list[str]:
        """Of all runs, one after the other."""
        file = self.folder / "argv"
        return file.read_text().splitlines() if file.exists() else []

    @property
    def running(self) -> list[int]:
        """The processes that read at this moment."""
        pids = (int(file.name) for file in (self.folder / "running").iterdir())
        return [pid for pid in pids if is_alive(pid)]

    @property
    def is_idle(self) -> bool:
        return not self.running

    def hold(self) -> None:
        """From now on, begin and wait."""
        (self.folder / "hold").touch()

    def let_go(self) -> None:
        """Answer."""
        (self.folder / "hold").unlink(missing_ok=True)

    def forget(self) -> None:
        """Answer, and lose what was written down: the next test has it to itself."""
        self.let_go()
        wait_for(lambda: self.is_idle)
        kept = [(self.folder / name).iterdir() for name in ("running", "files")]
        for file in (self.folder / "argv", *chain(*kept)):
            file.unlink(missing_ok=True)


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @cached_property
    def json(self) -> Any:  # noqa: ANN401  # whatever was sent
        return json.loads(self.body)


class RunningServer:
    """`python -m ocr_server serve`, or `work`, at a port that it chose."""

    def __init__(
        self, scratch: Path, log: Path, environment: Mapping[str, str], command: str = "serve"
    ) -> None:
        self.scratch, self._log = scratch, log
        mine = {name: text for name, text in os.environ.items() if not name.startswith("OCR_")}
        with log.open("wb") as file:
            self._process = subprocess.Popen(  # noqa: S603  # ours
                [sys.executable, "-m", "ocr_server", command, "--port", "0"],
                cwd=ROOT, stdin=subprocess.DEVNULL, stdout=file, stderr=file,
                env={**mine, "OCR_TEMP_DIR": str(scratch), "OCR_WATCHDOG_S": "0", **environment},
            )  # fmt: skip
        self.port = wait_for(self._find_port)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self._log.read_text()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def _find_port(self) -> int:
        assert self._process.poll() is None, self.log
        match = re.search(r"listening on http://[^:]+:(\d+)", self.log)
        return int(match[1]) if match else 0

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=BOUND_S)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=BOUND_S)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            return Answer(response.status, dict(response.headers), response.read())
        finally:
            connection.close()

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def read(self, picture: bytes, query: str = "") -> Answer:
        """Post a picture as the raw body."""
        return self.ask(
            "POST", f"{DOCUMENTS}{query}", picture, {"Content-Type": "application/octet-stream"}
        )

    def workers(self) -> list[int]:
        """Processes of the server that lead a group of their own."""
        family = psutil.Process(self.pid).children(recursive=True)
        return [child.pid for child in family if os.getpgid(child.pid) == child.pid]

    def send_signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def stop(self) -> int:
        """The exit code after SIGTERM."""
        self.send_signal(signal.SIGTERM)
        return self._process.wait(BOUND_S)

    def wait(self) -> int:
        return self._process.wait(BOUND_S)

    def kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()


Start = Callable[..., RunningServer]  # with settings


@contextmanager
def running_server(
    folder: Path, command: str = "serve", /, **settings: object
) -> Iterator[RunningServer]:
    """A server with a temporary folder of its own; it is gone at the end, however that comes.

    Unless the settings say otherwise it reads with the program `tesseract`, as it may be a fake.
    """
    scratch = folder / "storage"
    scratch.mkdir(exist_ok=True)
    given = {"OCR_ENGINE": "pytesseract", **settings}
    environment = {name: str(value) for name, value in given.items()}
    server = RunningServer(scratch, folder / "log", environment, command)
    try:
        yield server
    finally:
        server.kill()


@contextmanager
def served(app: Flask, settings: Settings) -> Iterator[str]:
    """The address of an application behind the real server, in this process."""
    server = Server(app, settings)
    is_over = threading.Event()
    thread = threading.Thread(target=server.run_until, args=(is_over.is_set,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        is_over.set()
        thread.join()
        server.close()
