"""Where readings go: a sink takes them from the journal in order, and marks what is done.

Pictures are not in the journal: `AnnotatedFolder` gets them when they are read, and only then.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

from ocr_server.deadline import backoff_s
from ocr_server.errors import StationError
from ocr_server.station.journal import Entry, Journal

RECHECK_S = 1.0
FIRST_WAIT_S, LONGEST_WAIT_S = 0.1, 30.0
ENDING_S = 1.0

log = logging.getLogger(__name__)


class Undelivered(Exception):
    """A sink could not take a reading now; it will be offered again."""


class Sink(Protocol):
    """Something that takes readings."""

    @property
    def name(self) -> str:
        """Its name in the journal."""

    def take(self, entry: Entry) -> None:
        """Take a reading; one that was taken may come again.

        Raises:
            Undelivered: it cannot now.
        """


class AnnotatedFolder:
    """A folder of PNG pictures with their boxes, named by serial number and source."""

    def __init__(self, path: Path) -> None:
        """Keep them there.

        Raises:
            StationError: it is not a folder.
        """
        if not path.is_dir():
            raise StationError(f"{path} is not a folder.")
        self._path = path

    def keep(self, entry: Entry, _data: bytes, annotated: bytes | None) -> None:
        """Write the picture under another name first, so that nobody sees half of one."""
        if annotated is None:
            return
        source = re.sub(r"[^\w.-]", "_", entry.source)[-64:]
        path = self._path / f"{entry.serial:08}-{source}.png"
        part = path.with_suffix(".part")
        part.write_bytes(annotated)
        part.replace(path)


class Delivery:
    """Hands each sink, in a thread of its own, what is in the journal."""

    def __init__(self, journal: Journal, sinks: Iterable[Sink]) -> None:
        self._journal = journal
        self._is_ending = threading.Event()
        self._ends = float("inf")
        wanted = tuple(sinks)
        self._news = {sink.name: threading.Event() for sink in wanted}
        self._threads = [
            threading.Thread(target=self._run, args=(sink,), name=sink.name) for sink in wanted
        ]
        for thread in self._threads:
            thread.start()

    def wake(self) -> None:
        """Tell that there is something new."""
        for news in self._news.values():
            news.set()

    def end(self) -> None:
        """Hand out what is there, but for a moment only; the rest stays in the journal."""
        self._ends = time.monotonic() + ENDING_S
        self._is_ending.set()
        self.wake()
        for thread in self._threads:
            thread.join()

    def _run(self, sink: Sink) -> None:
        news = self._news[sink.name]
        waits_s = backoff_s(FIRST_WAIT_S, LONGEST_WAIT_S)
        while True:
            is_last_round = self._is_ending.is_set()
            news.clear()
            try:
                for entry in self._journal.pending(sink.name):
                    sink.take(entry)
                    self._journal.mark(sink.name, entry.serial)
                    waits_s = backoff_s(FIRST_WAIT_S, LONGEST_WAIT_S)
                    if time.monotonic() > self._ends:
                        return
            except Undelivered as error:
                wait_s = next(waits_s)
                log.warning("%s: %s; it is tried again in %.1f s", sink.name, error, wait_s)
                self._is_ending.wait(wait_s)
            except Exception:
                log.exception("%s failed; it is tried again", sink.name)
                self._is_ending.wait(LONGEST_WAIT_S)
            else:
                if not is_last_round:
                    news.wait(RECHECK_S)
            if is_last_round or time.monotonic() > self._ends:
                return
