"""How far the reading of a page is, told from a worker process to the server.

Through a file that only grows, in the job's private folder: it needs no channel of its own, and
goes with the job.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Progress:
    """The stage that is going on, and how many of the parts of the page have been read.

    A page is one part until it is known to be cut into more.
    """

    stage: str
    parts_done: int = 0
    parts: int = 1


ProgressCallback: TypeAlias = Callable[[Progress], None]


@contextmanager
def progress_writer(path: Path) -> Iterator[ProgressCallback | None]:
    """Writes progress to a file, for `latest`; what cannot be written goes untold."""
    try:
        file = path.open("ab", buffering=0)
    except OSError:
        yield None
        return

    def report(progress: Progress) -> None:
        with suppress(OSError):
            file.write(f"{progress.stage} {progress.parts_done} {progress.parts}\n".encode())

    with file:
        yield report


def latest(path: Path) -> Progress | None:
    """What was told last, if anything was; a line that is still being written is left alone."""
    try:
        lines = path.read_text().rpartition("\n")[0].splitlines()
    except FileNotFoundError:
        return None
    if not lines:
        return None
    stage, parts_done, parts = lines[-1].split()
    return Progress(stage, int(parts_done), int(parts))
