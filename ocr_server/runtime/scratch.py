"""Scratch space: private temporary folders for the pictures being read.

Each server has a folder, whose lock file it locks while it runs; each job has a folder in it, which
is emptied when the job ends. A folder whose lock is free was left by a killed server, and is
removed when another one starts.
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
    """The private temporary folder of a server."""

    def __init__(self, temp_dir: str = "") -> None:
        """Remove folders of dead servers, then create one in `temp_dir`, by default the system's.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        self._empty: list[Path] = []
        self._numbers = count(1)
        parent = Path(temp_dir or tempfile.gettempdir())
        try:
            _sweep(parent)
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            # Locked before it is renamed, so that a server that starts now does not remove it.
            new_lock = self.folder / f"{_LOCK}.new"
            self._lock = new_lock.open("wb")
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            new_lock.rename(self.folder / _LOCK)
        except OSError as error:
            raise StorageFull.of_temp_dir() from error

    @property
    def free_bytes(self) -> int:
        """Bytes that are free in the folder; 0 if it is gone."""
        try:
            return shutil.disk_usage(self.folder).free
        except OSError:
            return 0

    @contextmanager
    def job(self, files: tuple[bytes, ...]) -> Iterator[tuple[Path, ...]]:
        """Write the files of a job to a folder of its own; yield their paths in a with-block.

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
            else:  # after an error, a killed process may still write for a moment
                shutil.rmtree(folder, ignore_errors=True)

    def _folder(self, job: int) -> Path:
        """An emptied folder of an earlier job, or a new path; creating and removing are slow."""
        try:
            return self._empty.pop()
        except IndexError:
            return self.folder / f"job-{job}"

    def close(self) -> None:
        """Remove the folder and everything in it."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self._lock.close()


def _emptied(folder: Path) -> bool:
    """Remove all files in a folder; whether it is empty then."""
    try:
        with os.scandir(folder) as left:
            for entry in list(left):  # read completely before anything is removed
                Path(entry).unlink()
    except OSError:
        return False
    return True


def _sweep(parent: Path) -> None:
    for folder in parent.glob(f"{_PREFIX}*"):
        try:
            # Other users can put anything there: opening must not block on a pipe or follow a link.
            descriptor = os.open(folder / _LOCK, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
            with os.fdopen(descriptor, "rb") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
        except OSError:  # in use, another user's, or not a folder of this program
            continue
