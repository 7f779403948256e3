"""The journal of a station: an SQLite file of all readings, and how far each sink has come.

A reading is committed before any sink gets it. Each sink takes readings by serial number and marks
them when they are delivered, so that a station that was killed goes on where it stopped.
"""

from __future__ import annotations

import fcntl
import json
import sqlite3
import threading
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from ocr_server.document.json_writer import field_to_json
from ocr_server.document.model import Field
from ocr_server.errors import StationError

_LOCK = ".lock"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS station (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS readings (
    serial INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    source TEXT NOT NULL,
    answer TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS readings_at ON readings (at);
CREATE TABLE IF NOT EXISTS marks (sink TEXT PRIMARY KEY, serial INTEGER NOT NULL);
"""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a picture could not be read."""

    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class Record:
    """What was read of a picture: its text, and each field with the number of its page."""

    text: str = ""
    fields: tuple[tuple[int, Field], ...] = ()
    problem: Problem | None = None

    @property
    def is_valid(self) -> bool:
        """Whether it was read and all its fields are valid."""
        return self.problem is None and all(field.is_valid for _, field in self.fields)

    def to_json(self) -> dict[str, Any]:
        """As the journal keeps it; the fields are as the API answers them."""
        fields = {field.name: {**field_to_json(field), "page": page} for page, field in self.fields}
        problem = asdict(self.problem) if self.problem else None
        return {"fields": fields, "text": self.text, "problem": problem}


@dataclass(frozen=True, slots=True)
class Entry:
    """A record in the journal: `key` identifies its picture, `at` is in ISO 8601.

    `answer` is the record as JSON; see `Record.to_json`.
    """

    serial: int
    key: str
    at: str
    source: str
    answer: Mapping[str, Any]  # JSON


class Journal:
    """The readings of one station, in a file of SQLite."""

    def __init__(self, path: Path) -> None:
        """Open the file, or begin it.

        Raises:
            StationError: another station has it, or it cannot be written.
        """
        tails = ("", "-wal", "-shm", "-journal", _LOCK)  # SQLite's own, and ours
        self.files = tuple(path.with_name(f"{path.name}{tail}") for tail in tails)
        self._lock = threading.Lock()
        self._lock_file = _locked(path)
        try:
            self._database = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        except sqlite3.DatabaseError as error:
            self._lock_file.close()
            raise StationError(f"The journal {path} cannot be opened: {error}.") from error
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")  # a power cut loses nothing either
            self._database.executescript(_SCHEMA)
        except sqlite3.DatabaseError as error:
            self.close()
            raise StationError(f"{path} is no journal of a station: {error}.") from error
        found = self._database.execute("SELECT id FROM station").fetchone()
        if found is None:
            found = (uuid.uuid4().hex,)
            self._database.execute("INSERT INTO station VALUES (?)", found)
        self.station_id = str(found[0])

    def has(self, key: str) -> bool:
        """Whether that picture was read."""
        with self._lock:
            query = "SELECT 1 FROM readings WHERE key = ?"
            return self._database.execute(query, (key,)).fetchone() is not None

    def add(self, *, key: str, source: str, record: Record) -> Entry:
        """Note a record under the next number; one of a picture that was read stays as it is."""
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        with self._lock:
            # One statement, so that no number is given twice and none is left out.
            self._database.execute(
                "INSERT OR IGNORE INTO readings "
                "SELECT COALESCE(MAX(serial), 0) + 1, ?, ?, ?, ? FROM readings",
                (key, at, source, json.dumps(record.to_json())),
            )
            row = self._database.execute("SELECT * FROM readings WHERE key = ?", (key,)).fetchone()
        return _entry(row)

    def pending(self, sink: str) -> Iterator[Entry]:
        """What the sink has not marked yet, in order."""
        last = self.mark_of(sink)
        while True:
            with self._lock:
                row = self._database.execute(
                    "SELECT * FROM readings WHERE serial > ? ORDER BY serial LIMIT 1", (last,)
                ).fetchone()
            if row is None:
                return
            last = row[0]
            yield _entry(row)

    def mark(self, sink: str, serial: int) -> None:
        """The sink is done with all readings up to this one."""
        with self._lock:
            self._database.execute(
                "INSERT INTO marks VALUES (?, ?) ON CONFLICT (sink) DO UPDATE SET serial = ?",
                (sink, serial, serial),
            )

    def mark_of(self, sink: str) -> int:
        """The last serial number that the sink is done with; 0 before the first."""
        with self._lock:
            row = self._database.execute(
                "SELECT serial FROM marks WHERE sink = ?", (sink,)
            ).fetchone()
        return int(row[0]) if row else 0

    def last(self, count: int) -> list[Entry]:
        """The last readings, newest first."""
        with self._lock:
            rows = self._database.execute(
                "SELECT * FROM readings ORDER BY serial DESC LIMIT ?", (count,)
            ).fetchall()
        return [_entry(row) for row in rows]

    def counts_by_hour(self, since: str) -> list[tuple[str, int]]:
        """How many readings there were in each hour (`2026-01-31T14`), newest first."""
        with self._lock:
            rows = self._database.execute(
                "SELECT substr(at, 1, 13) AS hour, COUNT(*) FROM readings WHERE at >= ? "
                "GROUP BY hour ORDER BY hour DESC",
                (since,),
            ).fetchall()
        return [(str(hour), int(count)) for hour, count in rows]

    def close(self) -> None:
        """Let go of the file."""
        with self._lock:
            self._database.close()
            self._lock_file.close()


def _locked(path: Path) -> BinaryIO:
    try:
        file = path.with_name(f"{path.name}{_LOCK}").open("wb")
    except OSError as error:
        raise StationError(f"The journal {path} cannot be written: {error.strerror}.") from error
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        file.close()
        raise StationError(f"Another station keeps its journal in {path}.") from error
    return file


def _entry(row: tuple[int, str, str, str, str]) -> Entry:
    serial, key, at, source, answer = row
    return Entry(serial, key, at, source, json.loads(answer))
