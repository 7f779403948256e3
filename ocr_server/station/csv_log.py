"""The log of a station: a table for each day, a row for each reading.

A row is appended in one piece and forced to the disk before the journal is marked. What a crash
left of a row is cut off, and a row that is there already is not written again. A row is known by
time and serial number: another journal counts from one again.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterable, Sequence
from pathlib import Path

from ocr_server.errors import StationError
from ocr_server.station.journal import Entry
from ocr_server.station.sinks import Undelivered

_HEAD, _END = ("time", "serial", "source"), "problem"
_PARTS = ("", "_confidence", "_valid", "_reason", "_box")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets would reckon with


class CsvLog:
    """Tables beside one another: `readings.csv` becomes `readings-2026-01-31.csv`."""

    name = "csv"

    def __init__(self, path: Path, fields: Sequence[str]) -> None:
        """Keep them there.

        Raises:
            StationError: no file can be there.
        """
        if path.is_dir():
            raise StationError(f"{path} is a folder; name a file in it, such as readings.csv.")
        if not path.parent.is_dir():
            raise StationError(f"{path.parent} is not a folder.")
        self._path, self._fields = path, tuple(fields)
        self._there: dict[Path, set[tuple[str, ...]]] = {}

    def take(self, entry: Entry) -> None:
        """Append a row to the table of the reading's day (UTC), unless it is there.

        Raises:
            Undelivered: the disk does not take it.
        """
        try:
            self._append(entry)
        except OSError as error:
            self._there.clear()  # so that what there is of the row is cut off first
            raise Undelivered(f"the table cannot be written: {error.strerror}") from error

    def _append(self, entry: Entry) -> None:
        path = self._table(entry.at[:10])
        if path not in self._there:
            self._there = {path: _put_right(path)}
        known = (entry.at, str(entry.serial))
        if known in self._there[path]:
            return
        text = _row(self._row(entry))
        if not path.exists() or not path.stat().st_size:
            text = _row(self._head()) + text
        _append(path, text.encode())
        self._there[path].add(known)

    def _table(self, day: str) -> Path:
        """The day's table; another one where that was begun with other fields."""
        head, number = _row(self._head()).encode(), 1
        while True:
            tail = f"-{number}" if number > 1 else ""
            path = self._path.with_name(f"{self._path.stem}-{day}{tail}{self._path.suffix}")
            if not path.exists() or _begins_with(path, head):
                return path
            number += 1

    def _head(self) -> list[str]:
        """Columns of different names: a field that is called as another column gets `field_`."""
        head = [*_HEAD]
        for field in self._fields:
            name = field
            while not {*head, _END}.isdisjoint(columns := [f"{name}{part}" for part in _PARTS]):
                name = f"field_{name}"
            head += columns
        return [*head, _END]

    def _row(self, entry: Entry) -> list[str]:
        cells = [entry.at, str(entry.serial), entry.source]
        for name in self._fields:
            field = entry.answer["fields"].get(name)
            if field is None:
                cells += [""] * len(_PARTS)
                continue
            box = " ".join(f"{side:g}" for side in field["box"] or ())
            cells += [
                field["value"] or "", f"{field['confidence']:.4f}",
                "yes" if field["valid"] else "no", field.get("reason") or "", box,
            ]  # fmt: skip
        problem = entry.answer.get("problem")
        return [*cells, problem["code"] if problem else ""]


def _row(cells: Iterable[str]) -> str:
    """A row on one line, whatever is in it."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerow(map(_harmless, cells))
    return out.getvalue()


def _harmless(cell: str) -> str:
    cell = " ".join(cell.splitlines())
    return f"'{cell}" if cell.startswith(_FORMULA) else cell


def _begins_with(path: Path, head: bytes) -> bool:
    """Whether the table has this head, or not yet a whole one."""
    with path.open("rb") as file:
        begun = file.read(len(head))
    return begun == head or (len(begun) < len(head) and head.startswith(begun))


def _put_right(path: Path) -> set[tuple[str, ...]]:
    """Cut off what a crash left of a row; time and serial number of all whole ones."""
    if not path.exists():
        return set()
    data = path.read_bytes()
    whole = data[: data.rfind(b"\n") + 1]
    if len(whole) < len(data):
        with path.open("r+b") as file:
            file.truncate(len(whole))
            os.fsync(file.fileno())
    return {tuple(row[:2]) for row in csv.reader(whole.decode().splitlines())}


def _append(path: Path, data: bytes) -> None:
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        while data:
            data = data[os.write(file, data) :]
        os.fsync(file)
    finally:
        os.close(file)
