"""A hot folder: each file that is put there is read as a durable job, and its document written.

Nothing is remembered here: what is done has its document, or the reason why there is none, in the
other folder, and what is sent again with the same Idempotency-Key is the same job. So this program,
the server or the machine may end at any time, and nothing is lost or read twice.
"""

from __future__ import annotations

import json
import logging
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from ocr_server.client import Refused, RemoteServer, Unanswered
from ocr_server.export import FORMATS
from ocr_server.jobs.storage import written
from ocr_server.station.folder import SETTLED_S, may_be_picture

LOOK_S = 1.0
MOST_JOBS = 16  # at the server at a time; enough that its workers never wait for this program
PROBLEM = ".problem.json"
_FULL = ("too-many-jobs", "queue-full")  # the server has enough for now

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    modified_ns: int
    size_bytes: int


class HotFolder:
    """The files of a folder, as jobs of a server."""

    def __init__(
        self,
        server: RemoteServer,
        folder: Path,
        out: Path,
        *,
        options: Mapping[str, str],
        format_: str,
        settle_s: float = SETTLED_S,
    ) -> None:
        """Read from `run` on; `options` are those of reading, and `format_` that of the documents.

        Raises:
            OSError: the folder for the documents cannot be made.
            Refused: both folders are the same, or there is no such format.
        """
        if format_ not in FORMATS:
            raise Refused(f"There is no format {format_}; use one of {', '.join(FORMATS)}.")
        out.mkdir(parents=True, exist_ok=True)
        if folder.resolve() == out.resolve():
            raise Refused("Documents need a folder of their own, or they would be read again.")
        self._server, self._folder, self._out = server, folder, out
        self._options, self._format, self._settle_s = options, format_, settle_s
        self._suffix = f".{FORMATS[format_].suffix}"
        self._seen: dict[str, tuple[_State, float]] = {}  # since when it is as it is
        self._jobs: dict[str, str] = {}  # names of files to ids

    def run(self, stop: threading.Event, *, once: bool = False) -> None:
        """Read present and new files until `stop` is set; with `once`, until all are done."""
        while not stop.is_set():
            try:
                left = self.look()
            except Unanswered as error:
                log.warning("%s It is tried again.", error)
                left = True
            if once and not left:
                return
            stop.wait(LOOK_S)

    def look(self) -> bool:
        """Fetch what is read and submit what is new; whether any file is left.

        Raises:
            OSError: one of the folders cannot be used.
            Unanswered: the server does not answer.
        """
        for name, job_id in list(self._jobs.items()):
            self._fetch(name, job_id)
        there = self._open_files()
        now_s = time.monotonic()
        self._seen = {
            name: self._seen[name]
            if name in self._seen and self._seen[name][0] == state
            else (state, now_s)
            for name, state in there.items()
        }
        for name, (state, since_s) in self._seen.items():
            if len(self._jobs) >= MOST_JOBS:
                break
            is_new = name not in self._jobs and state.size_bytes
            if is_new and now_s - since_s >= self._settle_s and not self._submit(name, state):
                break
        return any(state.size_bytes for state in there.values())

    def _open_files(self) -> dict[str, _State]:
        """The files without a document that is newer, oldest first."""
        found = {}
        for path in self._folder.iterdir():
            if may_be_picture(path.name) and path.is_file():
                status = path.stat()
                if not self._is_done(path.name, status.st_mtime_ns):
                    found[path.name] = _State(status.st_mtime_ns, status.st_size)
        return dict(sorted(found.items(), key=lambda item: (item[1].modified_ns, item[0])))

    def _is_done(self, name: str, modified_ns: int) -> bool:
        for suffix in (self._suffix, PROBLEM):
            result = self._out / f"{name}{suffix}"
            if result.exists() and result.stat().st_mtime_ns >= modified_ns:
                return True
        return False

    def _submit(self, name: str, state: _State) -> bool:
        """Have a file read; False if the server takes no more for now."""
        words = [name, str(state), *(f"{one}={text}" for one, text in self._options.items())]
        tries = 0
        while True:
            key = sha256("\n".join([*words, str(tries)]).encode(errors="replace")).hexdigest()
            try:
                self._jobs[name] = self._server.submit_file(self._folder / name, self._options, key)
            except Unanswered:
                raise
            except FileNotFoundError:
                pass  # taken away
            except Refused as refusal:
                if refusal.code == "job-gone":  # read long ago, and not fetched
                    tries += 1
                    continue
                if refusal.code in _FULL:
                    return False
                self._write_problem(name, refusal)
            return True

    def _fetch(self, name: str, job_id: str) -> None:
        try:
            if not self._server.look(job_id).is_over:
                return
            self._write(name + self._suffix, self._server.fetch(job_id, {"format": self._format}))
            self._server.cancel(job_id)
        except Unanswered:
            raise
        except Refused as refusal:
            if refusal.code not in {"job-gone", "job-missing"}:  # else it is submitted again
                self._write_problem(name, refusal)
        del self._jobs[name]

    def _write_problem(self, name: str, refusal: Refused) -> None:
        print(f"{name!r} could not be read: {refusal.code or refusal}", file=sys.stderr)
        problem = {"code": refusal.code, "detail": str(refusal)}
        self._write(name + PROBLEM, [json.dumps(problem).encode()])

    def _write(self, name: str, pieces: Iterable[bytes]) -> None:
        with written(self._out / name) as file:
            file.writelines(pieces)
