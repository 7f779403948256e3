"""What processes tell each other: who is alive, by locks with names, and that there is work.

On one machine they are locks of files; with PostgreSQL its advisory locks, which belong to a
connection. Both are free when their owner has died. One that stands still keeps them; whoever has
said nothing for eight seconds loses them. A process that has enqueued something rings: it writes
into the named pipe of each process, or notifies all by PostgreSQL.
"""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
import select
import time
import zlib
from contextlib import ExitStack, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

import sqlalchemy as sa
from sqlalchemy.engine import Engine

_CLASS = 7_060  # of the advisory locks of this program
_SILENT_S = 8
_CHANNEL = "ocr_jobs"
_BELLS = "bells"  # the folder of the pipes
_MOST_RING_BYTES = 65_536  # of a pipe, one for each ring


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
        """Say that this process is alive, and free what processes hold that say nothing.

        Raises an error of the system or the database if this one has lost its own.
        """

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody rings; False if nobody does."""


def locks_of(address: str) -> Locks:
    """Locks of the machine for a folder, of the database for an address of PostgreSQL."""
    return _DatabaseLocks(address) if "://" in address else _FileLocks(Path(address))


def ring(address: str, database: Engine) -> None:
    """Tell all processes, this one too, that something was enqueued."""
    if "://" in address:
        with database.begin() as connection:
            connection.execute(sa.text(f"NOTIFY {_CHANNEL}"))
    else:
        for pipe in (Path(address) / _BELLS).iterdir():
            _ring(pipe)


class _FileLocks:
    def __init__(self, folder: Path) -> None:
        self._folder, self._bell = folder / "alive", folder / _BELLS / secrets.token_hex(8)
        self._held: dict[str, IO[bytes]] = {}
        self._said: dict[str, tuple[int, float]] = {}  # what others have said last, and when

    def __enter__(self) -> _FileLocks:
        self._folder.mkdir(mode=0o700, exist_ok=True)
        self._bell.parent.mkdir(mode=0o700, exist_ok=True)
        for path in self._folder.iterdir():  # of processes that were killed
            if self.take(path.name):
                self.leave(path.name)
        self._pipe = _new_pipe(self._bell)  # the last, as nobody closes it if this block fails
        return self

    def __exit__(self, *_: object) -> None:
        for name in list(self._held):
            self.leave(name)
        self._bell.unlink(missing_ok=True)
        os.close(self._pipe)

    def take(self, name: str) -> bool:
        path = self._folder / name
        with ExitStack() as closing:
            file = closing.enter_context(path.open("ab"))  # which does not touch it
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                is_there = os.path.samestat(os.fstat(file.fileno()), path.stat())
            except BlockingIOError:
                is_there = self._is_silent(path)
            except FileNotFoundError:
                is_there = False
            if is_there:  # else held by another process, or removed between opening and locking
                self._held[name] = file
                closing.pop_all()
            return is_there

    def leave(self, name: str) -> None:
        (self._folder / name).unlink(missing_ok=True)
        self._held.pop(name).close()

    def prove_alive(self) -> None:
        """Touch the files; FileNotFoundError if another process took one for that of a dead one."""
        for path in (*map(self._folder.joinpath, self._held), self._bell):
            os.utime(path)

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody rings; False if nobody does."""
        poll = select.poll()  # `select.select` knows no descriptors from 1024 on
        poll.register(self._pipe, select.POLLIN)
        if not poll.poll(timeout_s * 1000):
            return False
        os.read(self._pipe, _MOST_RING_BYTES)
        return True

    def _is_silent(self, path: Path) -> bool:
        """Whether its owner has said nothing for long, by the clock of this process."""
        try:
            said_ns, now_s = path.stat().st_mtime_ns, time.monotonic()
        except FileNotFoundError:  # it has just left
            return False
        known_ns, since_s = self._said.get(path.name, (0, now_s))
        if known_ns != said_ns:
            self._said[path.name] = said_ns, now_s
            return False
        return now_s - since_s > _SILENT_S


def _new_pipe(path: Path) -> int:
    """A named pipe that is open when it gets its name, so that nobody takes it for a dead one's."""
    new = path.with_name(f".{path.name}")
    with ExitStack() as undoing:
        os.mkfifo(new, 0o600)
        undoing.callback(new.unlink, missing_ok=True)
        pipe = os.open(new, os.O_RDWR | os.O_NONBLOCK)
        undoing.callback(os.close, pipe)
        new.rename(path)
        undoing.pop_all()
    return pipe


def _ring(path: Path) -> None:
    """Write into a pipe; remove that of a process that was killed."""
    try:
        pipe = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    except OSError as error:
        if error.errno == errno.ENXIO and not _is_being_made(path):  # nobody reads it
            path.unlink(missing_ok=True)
        return
    with suppress(OSError):  # it is full, as its process stands still, or was closed just now
        os.write(pipe, b".")
    os.close(pipe)


def _is_being_made(path: Path) -> bool:
    """Whether the process that makes a pipe may not have opened it yet."""
    try:
        age_s = time.time() - path.stat().st_mtime
    except FileNotFoundError:  # it was just removed, or has its name now
        return True
    return path.name.startswith(".") and age_s < _SILENT_S


class _DatabaseLocks:
    def __init__(self, address: str) -> None:
        self._address = address

    def __enter__(self) -> _DatabaseLocks:
        import psycopg  # noqa: PLC0415  # only where PostgreSQL is used

        self._connection = psycopg.connect(
            self._address, autocommit=True,
            keepalives_idle=5, keepalives_interval=2, keepalives_count=3,
        )  # fmt: skip
        self._connection.execute(f"LISTEN {_CHANNEL}")
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

    def wait(self, timeout_s: float) -> bool:
        """Wait until somebody rings; False if nobody does."""
        return bool(next(self._connection.notifies(timeout=timeout_s, stop_after=1), None))


def _number(name: str) -> int:
    """A lock's number: 31 bits of a checksum of its name."""
    return zlib.crc32(name.encode()) & 0x7FFF_FFFF
