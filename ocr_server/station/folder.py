"""Pictures that are put into a folder: each is read when nobody writes it any more."""

from __future__ import annotations

import logging
import os
import queue
import re
import threading
import time
from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from ocr_server.errors import StationError
from ocr_server.station.intake import Intake, key_of

SETTLED_S = 0.5  # unchanged for as long as this, a file is taken to be complete
TURN_MS = 100
RESCAN_S = 5.0  # files on network shares change without a notice
UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
# What systems and office programs leave in folders: hidden files, Windows' thumbnails and looks of
# a folder, streams beside files, and the locks of documents that somebody has open.
LEFT_ALONE = re.compile(
    r"\..*|(?:eh)?thumbs\.db(?::.*)?|desktop\.ini|~\$.*|.*:zone\.identifier",
    re.IGNORECASE | re.DOTALL,
)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _State:
    modified_ns: int
    size_bytes: int


class Folder:
    """A watched folder; what was read stays where it is, and is not read again."""

    def __init__(
        self,
        path: Path,
        intake: Intake,
        *,
        threads: int,
        most_bytes: int,
        leaves: Iterable[Path] = (),
        settle_s: float = SETTLED_S,
    ) -> None:
        """Watch from `run` on; files that the station keeps there itself are left alone.

        A file is read once it has not changed for `settle_s`.

        Raises:
            StationError: it is not a folder, or the package that watches is not installed.
        """
        if not path.is_dir():
            raise StationError(f"{path} is not a folder.")
        if find_spec("watchfiles") is None:
            raise StationError(
                "To watch a folder the packages of the category station are needed: "
                'pipenv sync --categories "packages station".'
            )
        self._path, self._intake, self._threads = path, intake, threads
        self._most_bytes, self._settle_s = most_bytes, settle_s
        self._left = {file.name for file in leaves if file.parent.resolve() == path.resolve()}
        self._waiting: dict[str, tuple[_State, float]] = {}  # since when it is as it is
        self._taken: dict[str, _State] = {}
        self._is_away = False
        self._next: deque[str] = deque()  # settled, not yet taken by a thread
        self._order = threading.Lock()
        self._failed: queue.SimpleQueue[str] = queue.SimpleQueue()  # from the threads that read
        self._forgiven = time.monotonic()

    def run(self, stop: threading.Event) -> None:
        """Read present and new files until `stop` is set, then finish those that are begun."""
        # Of the packages of the category `station`, which the server's image does not have.
        from watchfiles import watch  # noqa: PLC0415

        threads = ThreadPoolExecutor(self._threads)
        looked = float("-inf")
        for changes in watch(
            self._path, stop_event=stop, rust_timeout=TURN_MS, yield_on_timeout=True,
            raise_interrupt=False, recursive=False, ignore_permission_denied=True,
        ):  # fmt: skip
            if changes or self._waiting or time.monotonic() - looked > RESCAN_S:
                looked = time.monotonic()
                for name in self._looked():
                    self._next.append(name)
                    threads.submit(self._take_next)
        threads.shutdown(wait=True, cancel_futures=True)

    def _looked(self) -> list[str]:
        """The names that `_settled` gives; none while the folder cannot be read."""
        try:
            settled = self._settled()
        except OSError as error:
            if not self._is_away:
                log.warning("the watched folder is away: %s; it is waited for", error.strerror)
            self._is_away = True
            return []
        self._is_away = False
        return settled

    def _settled(self) -> list[str]:
        """The names of new files that have not changed for a while, oldest first."""
        now, there = time.monotonic(), self._scan()
        self._taken = {name: state for name, state in self._taken.items() if name in there}
        if now - self._forgiven > RESCAN_S:
            self._forgiven = now
            while not self._failed.empty():
                self._taken.pop(self._failed.get(), None)
        self._waiting = {
            name: (state, self._waiting[name][1])
            if name in self._waiting and self._waiting[name][0] == state
            else (state, now)
            for name, state in there.items()
            if self._taken.get(name) != state
        }
        settled = [
            name for name, (_, since) in self._waiting.items() if now - since >= self._settle_s
        ]
        settled.sort(key=lambda name: (self._waiting[name][0].modified_ns, name))
        for name in settled:
            self._taken[name] = self._waiting.pop(name)[0]
        return settled

    def _scan(self) -> dict[str, _State]:
        found = {}
        for path in self._path.iterdir():
            if path.name in self._left or not may_be_picture(path.name):
                continue
            try:
                status = path.stat()
            except OSError:  # gone in the meantime
                continue
            if path.is_file():
                found[path.name] = _State(status.st_mtime_ns, status.st_size)
        return found

    def _take_next(self) -> None:
        with ExitStack() as arrived:
            with self._order:  # two threads keep the order of their files
                name = self._next.popleft()
                place = arrived.enter_context(self._intake.arrival())
            self._take(name, place)

    def _take(self, name: str, place: object) -> None:
        path = self._path / name
        try:
            with path.open("rb") as file:
                data = file.read(self._most_bytes + 1)  # the rest would be refused all the same
            if not data:
                log.warning("a file is empty; it is read when something is in it")
                return
            modified_ns = path.stat().st_mtime_ns
            source = os.fsencode(name).decode(errors="replace")
            key = key_of(data, name, modified_ns)
            self._intake.take(data, source=source, key=key, place=place)
        except FileNotFoundError:
            log.info("a file was taken away before it was read")
        except Exception:
            log.exception("a file could not be taken; it is tried again")
            self._failed.put(name)


def may_be_picture(name: str) -> bool:
    """Whether a file of that name may be meant to be read: not hidden, unfinished or a lock."""
    return not (LEFT_ALONE.fullmatch(name) or name.lower().endswith(UNFINISHED))
