"""Where readings go: a sink takes them from the journal in order, and marks what is done."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterable
from typing import Protocol

from ocr_server.deadline import backoff_s
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
