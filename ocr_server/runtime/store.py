"""The store: what outlives the request that made it, to be fetched by later ones, for minutes.

Each entry is a folder of the scratch space with named parts, and belongs to the API key that made
it. It is forgotten after ten minutes, with the end of the server, or when there is no room for a
newer one: whoever holds most loses the oldest. To refuse the newer one would throw away what was
just read, and let a single client shut out all others for ten minutes.
"""

from __future__ import annotations

import secrets
import shutil
import threading
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from ocr_server.errors import StorageFull
from ocr_server.runtime.scratch import ScratchSpace

KEEP_S = 600.0
LEAST_ENTRY_BYTES = 4096  # a block of the file system: bounds the number of entries
_SWEEPS = 20  # in `keep_s`: what nobody asks for stays on the disk 5 % longer


@dataclass(frozen=True, slots=True)
class Stored:
    """An entry: its id of 128 random bits, when it was made, in seconds since 1970, its bytes."""

    id: str
    made_s: float
    size_bytes: int
    parts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Entry:
    stored: Stored
    owner: str
    ends_s: float  # by the monotonic clock
    folder: Path
    removal: ExitStack

    def path(self, name: str) -> Path:
        return self.folder / str(self.stored.parts.index(name))


class Store:
    """The entries of a server; all methods may be called by several threads."""

    def __init__(self, scratch: ScratchSpace, *, most_bytes: int, keep_s: float = KEEP_S) -> None:
        self._scratch, self._most_bytes, self._keep_s = scratch, most_bytes, keep_s
        self._entries: dict[str, _Entry] = {}  # the oldest first
        self._lock = threading.Lock()
        self._is_over = threading.Event()
        self._sweeper = threading.Thread(target=self._sweep, daemon=True, name="store-sweep")

    def keep(self, owner: str, parts: Mapping[str, bytes | Path]) -> Stored:
        """Keep bytes, or copies of files, by name; `owner` is as `web.auth.owner_of` tells it.

        Raises:
            StorageFull: they are more than the store may hold, or the temporary folder is full.
        """
        with ExitStack() as removal:
            folder = removal.enter_context(self._scratch.job()).path
            try:
                for index, content in enumerate(parts.values()):
                    if isinstance(content, Path):
                        shutil.copyfile(content, folder / str(index))
                    else:
                        (folder / str(index)).write_bytes(content)
                size_bytes = sum(file.stat().st_size for file in folder.iterdir())
            except OSError as error:
                raise StorageFull.of_temp_dir() from error
            if max(size_bytes, LEAST_ENTRY_BYTES) > self._most_bytes:
                raise StorageFull(
                    f"The answer has {size_bytes} bytes; at most {self._most_bytes} are kept until "
                    "they are fetched. Send fewer pages, or raise OCR_STORE_BYTES.",
                    limit=self._most_bytes,
                    setting="OCR_STORE_BYTES",
                )
            stored = Stored(secrets.token_hex(16), time.time(), size_bytes, tuple(parts))
            with self._lock:
                self._make_room(max(size_bytes, LEAST_ENTRY_BYTES))
                self._entries[stored.id] = _Entry(
                    stored, owner, time.monotonic() + self._keep_s, folder, removal.pop_all()
                )
                if self._sweeper.ident is None and not self._is_over.is_set():
                    self._sweeper.start()
        return stored

    def find(self, entry_id: str, owner: str) -> Stored | None:
        """An entry of an owner's; None if there is none, it is another's, or it was forgotten."""
        with self._lock:
            entry = self._entry(entry_id, owner)
        return entry.stored if entry else None

    def of(self, owner: str) -> tuple[Stored, ...]:
        """The entries of an owner's, the oldest first."""
        with self._lock:
            ids = [name for name in self._entries if self._entry(name, owner)]
            return tuple(self._entries[name].stored for name in ids)

    def open(self, entry_id: str, owner: str, name: str) -> BinaryIO | None:
        """A part of an entry of an owner's, for reading; it stays open if it is forgotten then."""
        with self._lock:
            entry = self._entry(entry_id, owner)
            if entry is None or name not in entry.stored.parts:
                return None
            try:
                return entry.path(name).open("rb")
            except FileNotFoundError:  # somebody emptied the temporary folder
                return None

    def forget(self, entry_id: str, owner: str) -> bool:
        """Remove an entry of an owner's; whether it was there."""
        with self._lock:
            entry = self._entry(entry_id, owner)
            if entry is not None:
                self._remove(entry)
        return entry is not None

    @property
    def size_bytes(self) -> int:
        """Bytes of all entries, each counted as a block of the file system at least."""
        return sum(map(_room_of, list(self._entries.values())))

    def close(self) -> None:
        """Forget everything."""
        self._is_over.set()
        if self._sweeper.ident is not None:
            self._sweeper.join()
        with self._lock:
            for entry in list(self._entries.values()):
                self._remove(entry)

    def _entry(self, entry_id: str, owner: str) -> _Entry | None:
        entry = self._entries.get(entry_id)
        is_there = entry and entry.owner == owner and entry.ends_s > time.monotonic()
        return entry if is_there else None

    def _make_room(self, needed_bytes: int) -> None:
        while self.size_bytes + needed_bytes > self._most_bytes:
            held: dict[str, int] = {}
            for entry in self._entries.values():
                held[entry.owner] = held.get(entry.owner, 0) + _room_of(entry)
            most = max(held, key=lambda owner: held[owner])
            self._remove(next(one for one in self._entries.values() if one.owner == most))

    def _remove(self, entry: _Entry) -> None:
        del self._entries[entry.stored.id]
        entry.removal.close()

    def _sweep(self) -> None:
        while not self._is_over.wait(self._keep_s / _SWEEPS):
            with self._lock:
                now_s = time.monotonic()
                for entry in list(self._entries.values()):
                    if entry.ends_s <= now_s:
                        self._remove(entry)


def _room_of(entry: _Entry) -> int:
    return max(entry.stored.size_bytes, LEAST_ENTRY_BYTES)
