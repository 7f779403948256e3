"""Scratch space: private temporary folders for the pictures being read.

Each server has a folder, whose lock file it locks while it runs; each job has a folder in it, which
is emptied when the job ends. A folder whose lock is free was left by a killed server, and is
removed when another one starts. A folder that was removed while its server runs is made again.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
import threading
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import count
from os.path import samestat
from pathlib import Path
from typing import BinaryIO

from ocr_server.errors import StorageFull
from ocr_server.job import Source

LEAST_ROOM_BYTES = 2**20  # with less, hardly any picture could be taken
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
        self._making = threading.Lock()
        self._locks = ExitStack()
        self._is_closed = False
        parent = Path(temp_dir or tempfile.gettempdir())
        try:
            _sweep(parent)
            self.folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
            self._lock_folder()
        except OSError as error:
            raise StorageFull.of_temp_dir() from error

    def check(self) -> None:
        """Touch the folder, make it again if it was removed, and see that it can be written to.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        try:
            self._make_again_if_gone()
            for kept in (self.folder, self.folder / _LOCK):
                os.utime(kept)  # clean-ups that know no locks go by age
            with tempfile.TemporaryFile(dir=self.folder) as file:
                os.posix_fallocate(file.fileno(), 0, LEAST_ROOM_BYTES)
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
    def job(self) -> Iterator[JobFolder]:
        """A private folder for the files of a job, for the length of a with-block.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        job = next(self._numbers)  # no path is ever used twice
        folder, is_empty = self._folder(job), False
        try:
            try:
                self._make_again_if_gone()
                folder.mkdir(mode=0o700, exist_ok=True)
            except OSError as error:
                raise StorageFull.of_temp_dir() from error
            yield JobFolder(folder, job)
            is_empty = _emptied(folder)
        except Exception as error:
            if not folder.exists():  # somebody removed it while its files were read
                raise StorageFull.of_temp_dir() from error
            raise
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
        with self._making:
            self._is_closed = True
            shutil.rmtree(self.folder, ignore_errors=True)
            self._locks.close()

    def _make_again_if_gone(self) -> None:
        with self._making:
            if self._is_closed:
                raise FileNotFoundError(self.folder)
            # Not just any folder of that name: another user could have made it.
            with suppress(FileNotFoundError):
                if samestat(os.lstat(self.folder), os.fstat(self._itself)):
                    if not (self.folder / _LOCK).exists():
                        self._lock_folder()
                    return
            self.folder.mkdir(mode=0o700)
            try:
                self._lock_folder()
            except OSError:
                shutil.rmtree(self.folder, ignore_errors=True)  # it is made again the next time
                raise

    def _lock_folder(self) -> None:
        with ExitStack() as locks:
            # Locked before it is renamed, so that a server that starts now does not remove it.
            new_lock = self.folder / f"{_LOCK}.new"
            fcntl.flock(locks.enter_context(new_lock.open("wb")), fcntl.LOCK_EX)
            new_lock.rename(self.folder / _LOCK)
            # systemd-tmpfiles passes over a locked folder. Source: tmpfiles.d(5), "Age".
            itself = os.open(self.folder, os.O_RDONLY)
            locks.callback(os.close, itself)
            with suppress(OSError):  # on network file systems only files can be locked
                fcntl.flock(itself, fcntl.LOCK_SH)
            self._locks.close()
            self._locks, self._itself = locks.pop_all(), itself


class JobFolder:
    """The private folder of a job: its files, and what is made of them."""

    def __init__(self, path: Path, job: int) -> None:
        self.path, self._job, self._numbers = path, job, count()

    @contextmanager
    def create(self) -> Iterator[tuple[Path, BinaryIO]]:
        """A new file and its path; it is open for the length of a with-block.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        path = self.path / f"{self._job}-{next(self._numbers)}"
        try:
            with path.open("wb") as file:
                yield path, file
        except OSError as error:
            raise StorageFull.of_temp_dir() from error

    def add(self, pieces: Iterable[bytes]) -> Source:
        """A file of the pieces, which are written as they come.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        with self.create() as (path, file):
            size_bytes = sum(map(file.write, pieces))
        return Source(path, size_bytes)

    def link(self, path: Path) -> Source:
        """A file of another folder, under a name of its own in this one; both may go alone.

        Raises:
            StorageFull: the temporary folder is full or read-only.
        """
        link = self.path / f"{self._job}-{next(self._numbers)}"
        try:
            try:
                link.hardlink_to(path)
            except FileNotFoundError:
                raise
            except OSError:  # of another file system
                link.symlink_to(path)
            return Source(link, path.stat().st_size)
        except FileNotFoundError:
            raise
        except OSError as error:
            raise StorageFull.of_temp_dir() from error


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
