"""Share idle slots between worker processes, to read the parts of a page at the same time.

Each slot has a file lock. A worker holds the lock of its own slot while it has a task, and locks of
idle slots while it reads parts of a page in several threads. The locked files are anonymous
(memfd), and workers inherit them from the server; the kernel releases the locks of a killed worker.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

# Numbers of the locked files, the same in all processes: higher than those that a process which has
# just begun may have given to files of its own.
LEAST_FILE = 64

# Takes the largest useful number of threads; yields how many, from 1 to that, may be used in the
# with-block.
ThreadAllowance: TypeAlias = Callable[[int], AbstractContextManager[int]]


@contextmanager
def one_thread(_most: int) -> Iterator[int]:
    """A `ThreadAllowance` that always yields 1."""
    yield 1


@dataclass(frozen=True, slots=True)
class SlotLock:
    """The lock of one slot, and the locks of all slots, by the paths of their files."""

    own: Path
    all: tuple[Path, ...]

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold the own slot in a with-block; waits while another worker has borrowed it."""
        with self.own.open("rb") as file:  # closing it releases the lock
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    @contextmanager
    def threads(self, most: int) -> Iterator[int]:
        """A `ThreadAllowance`: yields 1, and 1 more for each idle slot, up to `most`.

        Those slots are held until the end of the with-block.
        """
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
    """The locks of all slots, created by the server; workers inherit the open `files`."""

    def __init__(self, slots: int) -> None:
        self.files = [_new_file() for _ in range(slots)]
        paths = tuple(Path(f"/proc/self/fd/{file}") for file in self.files)
        self.all = tuple(SlotLock(path, paths) for path in paths)

    def close(self) -> None:
        """Close the files; no worker may use them any more."""
        for file in self.files:
            os.close(file)


def _new_file() -> int:
    file = os.memfd_create("slot")
    try:
        return fcntl.fcntl(file, fcntl.F_DUPFD_CLOEXEC, LEAST_FILE)
    finally:
        os.close(file)
