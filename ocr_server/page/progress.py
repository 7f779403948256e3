"""Progress of reading a page, passed from a worker process to the server.

It is appended to a file in the job's private folder, which is deleted with the job, so that no
further channel between the processes is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Progress:
    """The running stage, and how many parts of the page have been read.

    `parts` is 1 until the page has been cut into more.
    """

    stage: str
    parts_done: int = 0
    parts: int = 1


ProgressCallback: TypeAlias = Callable[[Progress], None]


@contextmanager
def progress_writer(path: Path) -> Iterator[ProgressCallback | None]:
    """Yield a function that appends progress to the file, to be read by `latest`.

    None if the file cannot be opened; what cannot be written is dropped.
    """
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
    """The last complete entry of the file; None if there is no file or no entry."""
    try:
        lines = path.read_text().rpartition("\n")[0].splitlines()
    except FileNotFoundError:
        return None
    if not lines:
        return None
    stage, parts_done, parts = lines[-1].split()
    return Progress(stage, int(parts_done), int(parts))
