"""Locks by name that are free when their owner has died: who holds one is alive.

On one machine they are locks of files; with PostgreSQL its advisory locks, which belong to a
connection. A process that stands still keeps its connection, so one that has said nothing for eight
seconds is ended.
"""

from __future__ import annotations

import fcntl
import os
import zlib
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

_CLASS = 7_060  # of the advisory locks of this program
_SILENT_S = 8


class Locks(Protocol):
    """Locks that are held until the block ends."""

    def __enter__(self) -> Locks: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None: ...

    def take(self, name: str) -> bool:
        """Take a lock; False if somebody holds it."""

    def leave(self, name: str) -> None:
        """Free a lock that was taken."""

    def prove_alive(self) -> None:
        """Say that this process is alive, and free what processes hold that say nothing."""


def locks_of(address: str) -> Locks:
    """Locks of the machine for a folder, of the database for an address of PostgreSQL."""
    return _DatabaseLocks(address) if "://" in address else _FileLocks(Path(address) / "alive")


class _FileLocks:
    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._held: dict[str, IO[bytes]] = {}

    def __enter__(self) -> _FileLocks:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.iterdir():  # of processes that were killed
            if self.take(path.name):
                self.leave(path.name)
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._held):
            self.leave(name)

    def take(self, name: str) -> bool:
        path = self._folder / name
        file = path.open("wb")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_there = os.path.samestat(os.fstat(file.fileno()), path.stat())
        except (BlockingIOError, FileNotFoundError):
            is_there = False
        if not is_there:  # held by another process, or removed between opening and locking
            file.close()
            return False
        self._held[name] = file
        return True

    def leave(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)
        self._held.pop(name).close()

    def prove_alive(self) -> None:
        """Nothing to do: the system frees the locks of a process that has ended."""


class _DatabaseLocks:
    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> _DatabaseLocks:
        import psycopg  # noqa: PLC0415  # only where PostgreSQL is used

        self._connection = psycopg.connect(
            self._address, autocommit=True,
            keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
        )  # fmt: skip
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def take(self, name: str) -> bool:
        row = self._connection.execute(
            "SELECT pg_try_advisory_lock(%s, %s)", [_CLASS, _number(name)]
        ).fetchone()
        return bool(row and row[0])

    def leave(self, name: str) -> None:
        self._connection.execute("SELECT pg_advisory_unlock(%s, %s)", [_CLASS, _number(name)])

    def prove_alive(self) -> None:
        self._connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks JOIN pg_stat_activity USING (pid) "
            "WHERE locktype = 'advisory' AND classid = %s "
            "AND state_change < now() - make_interval(secs => %s)",
            [_CLASS, _SILENT_S],
        )


def _number(name: str) -> int:
    """A lock's number: 31 bits of a checksum of its name."""
    return zlib.crc32(name.encode()) & 0x7FFF_FFFF
