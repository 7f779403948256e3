"""Reads the pictures of all sources, each once, and writes the readings to the journal."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import TypeAlias

from ocr_server.deadline import backoff_s
from ocr_server.errors import Draining, NoWorker, OcrServerError, QueueFull, StorageFull, WorkerLost
from ocr_server.station.journal import Entry, Journal, Problem, Record

# What is read of a picture, and the picture with its boxes where that is wanted.
Reading: TypeAlias = tuple[Record, bytes | None]
Reader: TypeAlias = Callable[[bytes], Reading]
OnReading: TypeAlias = Callable[[Entry, bytes, bytes | None], None]

RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
# Temporary errors, after which the picture is read again.
PASSING = (QueueFull, Draining, StorageFull, NoWorker, WorkerLost)
MOST_LOST = 3  # worker processes; then the picture is taken to be the cause
UNEXPECTED = Problem(
    "internal-error",
    "The station met an error of its own; its log has the reason.",
)

log = logging.getLogger(__name__)


class Intake:
    """Reads pictures; its callers may be threads that read in parallel.

    Readings are in the journal in the order in which their pictures arrived: one that is ready
    early waits for those before it.
    """

    def __init__(
        self,
        journal: Journal,
        read: Reader,
        stop: threading.Event,
        listeners: Sequence[OnReading] = (),
    ) -> None:
        self._journal = journal
        self._read = read
        self._stop = stop
        self._listeners = listeners
        self._arrivals: deque[object] = deque()  # of pictures that are not in the journal yet
        self._changed = threading.Condition()

    @contextmanager
    def arrival(self) -> Iterator[object]:
        """Yield a place in the order of arrival, which is kept for the length of a with-block."""
        place = object()
        with self._changed:
            self._arrivals.append(place)
        try:
            yield place
        finally:
            with self._changed:
                self._arrivals.remove(place)
                self._changed.notify_all()

    def take(
        self, data: bytes, *, source: str, key: str, place: object | None = None
    ) -> Entry | None:
        """Read a picture; None if it was read before, or if the station stops first.

        It arrives now, unless it has a `place` in the order already.
        """
        with nullcontext(place) if place else self.arrival() as own:
            if self._journal.has(key):
                return None
            reading = self._attempts(data)
            if reading is None:
                return None
            with self._changed:
                self._changed.wait_for(lambda: self._arrivals[0] is own)
            return self._note(data, reading, source=source, key=key)

    def _note(self, data: bytes, reading: Reading, *, source: str, key: str) -> Entry:
        """Write a reading to the journal, and tell the listeners."""
        record, annotated = reading
        entry = self._journal.add(key=key, source=source, record=record)
        log.info("read", extra={"serial": entry.serial, "valid": record.is_valid})
        for on_reading in self._listeners:
            try:
                on_reading(entry, data, annotated)
            except Exception:
                log.exception("reading %d did not reach every listener", entry.serial)
        return entry

    def _attempts(self, data: bytes) -> Reading | None:
        """The reading, or the problem; None if the station stops first."""
        waits_s, lost = backoff_s(RETRY_S, LONGEST_RETRY_S), 0
        while True:
            try:
                return self._read(data)
            except OcrServerError as error:
                lost += isinstance(error, WorkerLost)
                if not isinstance(error, PASSING) or lost == MOST_LOST:
                    problem = Problem(error.code, error.message)
                    return Record(problem=problem), None
                log.warning("a picture has to wait: %s", error.code)
            except Exception:
                log.exception("a picture could not be read")
                return Record(problem=UNEXPECTED), None
            if self._stop.wait(next(waits_s)):
                return None


def key_of(data: bytes, *parts: object) -> str:
    """A digest of the picture’s bytes and of `parts`, its source and time."""
    digest = hashlib.sha256(data)
    for part in parts:
        digest.update(f"\0{part}".encode(errors="surrogateescape"))  # names of files are bytes
    return digest.hexdigest()
