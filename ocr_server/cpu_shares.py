"""Slots shared between processes: a page in parts may use those that are idle meanwhile.

Each slot has a lock. A worker holds its own while it has a task; for the parts of a page it takes
idle ones along. The locks are open files without a name, so that they go with the server, and the
kernel frees what a killed worker held.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

# How many threads may work now, one to the number given, for the length of a with-block.
ThreadAllowance: TypeAlias = Callable[[int], AbstractContextManager[int]]


@contextmanager
def one_thread(_most: int) -> Iterator[int]:
    """Where there is nothing to share."""
    yield 1


@dataclass(frozen=True, slots=True)
class SlotLock:
    """A slot among slots, each known by the path of its lock."""

    own: Path
    all: tuple[Path, ...]

    @contextmanager
    def held(self) -> Iterator[None]:
        """The slot is ours for the length of a with-block; waits for who has taken it along."""
        with self.own.open("rb") as file:  # closing it frees the lock
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def threads(self, most: int) -> Iterator[int]:
        """One thread, and one more for each other slot that is idle now; see `ThreadAllowance`."""
        with ExitStack() as taken:
            count = 1
            for path in self.all:
                if count == most:
                    break
                with ExitStack() as attempt, suppress(BlockingIOError):
                    file = attempt.enter_context(path.open("rb"))
                    fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    taken.push(attempt.pop_all())
                    count += 1
            yield count


class CpuShares:
    """The shares of all slots, made by the server."""

    def __init__(self, slots: int) -> None:
        self._files = [os.memfd_create("slot") for _ in range(slots)]
        paths = tuple(Path(f"/proc/{os.getpid()}/fd/{file}") for file in self._files)
        self.all = tuple(SlotLock(path, paths) for path in paths)

    def close(self) -> None:
        """Let go of the locks; no slot has work any more."""
        for file in self._files:
            os.close(file)
