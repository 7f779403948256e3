"""Where pictures of all sources meet: each is read once, noted in the journal, and told."""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from ocr_server.client import Refused
from ocr_server.station.journal import Entry, Journal

# What is read of a picture, as JSON, and the picture with its boxes where that is wanted.
Answer: TypeAlias = tuple[Mapping[str, Any], bytes | None]
Read: TypeAlias = Callable[[bytes], Answer]
OnReading: TypeAlias = Callable[[Entry, bytes, bytes | None], None]

RETRY_S, LONGEST_RETRY_S = 0.5, 30.0
# These are of the moment, not of the picture: it is read again.
PASSING = frozenset({"queue-full", "draining", "storage-full", "worker-lost", "unreachable"})
LOST, MOST_LOST = "worker-lost", 3  # so many times, it is the picture that kills its readers

log = logging.getLogger(__name__)


class Intake:
    """Reads pictures, as many at the same time as ask."""

    def __init__(
        self,
        journal: Journal,
        read: Read,
        stop: threading.Event,
        listeners: Sequence[OnReading] = (),
    ) -> None:
        self._journal = journal
        self._read = read
        self._stop = stop
        self._listeners = listeners

    def take(self, data: bytes, *, source: str, key: str) -> Entry | None:
        """Read a picture; None if it was read before, or the station is to stop before it is."""
        if self._journal.has(key):
            return None
        read = self._attempts(data)
        if read is None:
            return None
        answer, annotated = read
        entry = self._journal.add(key=key, source=source, answer=answer)
        log.info("read", extra={"serial": entry.serial, "valid": is_valid(entry)})
        for tell in self._listeners:
            try:
                tell(entry, data, annotated)
            except Exception:
                log.exception("reading %d was not told to all", entry.serial)
        return entry

    def _attempts(self, data: bytes) -> Answer | None:
        """What was read, be it a problem; None where the station is to stop first."""
        wait_s, lost = RETRY_S, 0
        while True:
            try:
                return self._read(data)
            except Refused as refusal:
                lost += refusal.code == LOST
                if refusal.code not in PASSING or lost == MOST_LOST:
                    problem = {"code": refusal.code, "detail": str(refusal)}
                    return {"fields": {}, "text": "", "problem": problem}, None
                log.warning("a picture has to wait: %s", refusal.code)
            if self._stop.wait(wait_s):
                return None
            wait_s = min(2 * wait_s, LONGEST_RETRY_S)


def is_valid(entry: Entry) -> bool:
    """Whether it was read and all its fields are valid."""
    fields = entry.answer["fields"].values()
    return not entry.answer.get("problem") and all(field["valid"] for field in fields)


def key_of(data: bytes, *parts: object) -> str:
    """What tells a picture from all others: what it is, and where and when it came from."""
    digest = hashlib.sha256(data)
    for part in parts:
        digest.update(f"\0{part}".encode(errors="surrogateescape"))  # names of files are bytes
    return digest.hexdigest()
