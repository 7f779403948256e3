"""The private folder of the pictures being read, and of nothing else.

Each server has a folder, locked while it lives; each job has a folder in it, emptied when the job
ends. A folder whose lock is free was left by a server that was killed: the next one sweeps it.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

from ocr_server.errors import StorageFull

_PREFIX = "ocr-server-"
_LOCK = "lock"


class ScratchSpace:
    """A server's private folder."""

    def __init__(self, temp_dir: str = "") -> None:
        """Sweep what dead servers left, then make a folder of our own.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        self._empty: list[Path] = []
        self._numbers = count(1)
        parent = Path(temp_dir or tempfile.gettempdir())
        try:
            _sweep(parent)
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            # Locked before it has its name: another server that starts now must not sweep it.
            nameless = self.folder / f"{_LOCK}.new"
            self._lock = nameless.open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            nameless.rename(self.folder / _LOCK)
        except OSError as error:
            raise StorageFull.of_temp_dir() from error

    @contextmanager
    def job(self, files: tuple[bytes, ...]) -> Iterator[tuple[Path, ...]]:
        """A folder with the files of a job, for the length of a with-block.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        job = next(self._numbers)  # no path is ever used twice
        folder, is_empty = self._folder(job), False
        try:
            paths = tuple(folder / f"{job}-{number}" for number in range(len(files)))
            try:
                folder.mkdir(mode=0o700, exist_ok=True)
                for path, data in zip(paths, files, strict=True):
                    path.write_bytes(data)
            except OSError as error:
                raise StorageFull.of_temp_dir() from error
            yield paths
            is_empty = _emptied(folder)
        finally:
            if is_empty:
                self._empty.append(folder)
            else:  # something broke, and a killed process may not be quite dead
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, job: int) -> Path:
        """One that was emptied, as making and removing it took longer than all that it is for."""
        try:
            return self._empty.pop()
        except IndexError:
            return self.folder / f"job-{job}"

    def close(self) -> None:
        """Remove the folder with all that is in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def _emptied(folder: Path) -> bool:
    """Remove the files in it; whether nothing else was there."""
    try:
        with os.scandir(folder) as left:
            for entry in list(left):  # not while going through it
                Path(entry).unlink()
    except OSError:
        return False
    return True


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            # Whatever anybody put there: a pipe must not hold us up, a link not lead us away.
            descriptor = os.open(folder / _LOCK, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # alive, another user's, or not one of ours
            continue
