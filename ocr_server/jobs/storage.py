"""Where files of jobs are kept: a folder, which several machines may share, or a bucket.

A file gets its name when all of it is there: in a folder it is written aside, synced and renamed,
so that no file is ever seen half written.
"""

from __future__ import annotations

import fcntl
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Protocol

from ocr_server.errors import StorageFull, UploadConflict

PIECE_BYTES = 1 << 20
_ID = re.compile(r"[0-9a-f]{32}")
_ASIDE = ".new-"


class JobStorage(Protocol):
    """The files of one job, by names such as `pages/1.page`.

    Methods that write raise StorageFull if there is no room, and FileNotFoundError if the job was
    forgotten; those that read FileNotFoundError if the file is not there, and JobsUnavailable if
    the bucket does not answer.
    """

    def create(self) -> None:
        """Make room for the files of a new job."""

    def write(self, name: str, content: bytes | Path) -> None:
        """Write a file, or copy one."""

    def read(self, name: str) -> bytes:
        """The content of a file."""

    def local(self, name: str) -> Path:
        """A file of this machine with the content of a file."""

    def has(self, name: str, *, as_of_now: bool = False) -> bool:
        """Whether a file is there.

        Of a bucket that is as of a second ago, if it need not be `as_of_now`.
        """

    def names(self, folder: str, *, as_of_now: bool = False) -> list[str]:
        """The names of the files in a folder, without it; none if it is not there.

        Those of a bucket are as of a second ago, if they need not be `as_of_now`.
        """

    def count_up(self, name: str) -> int:
        """How often this was called with that name, this time included."""

    def count(self, name: str) -> int:
        """How often `count_up` was called with that name."""

    def append(self, name: str, piece: Path, *, offset: int) -> int:
        """Add to a file that comes in pieces; how many bytes are there then.

        Raises:
            UploadConflict: others have added to it meanwhile.
        """

    def size_bytes(self, name: str) -> int:
        """How much of a file that comes in pieces is there."""

    def remove(self) -> None:
        """Remove all files of the job."""

    @property
    def made_s(self) -> float:
        """When its first file was written, in seconds since 1970; now if there is none."""


class Storage(Protocol):
    """The files of all jobs."""

    def of(self, job_id: str) -> JobStorage:
        """Those of a job, which may not be there."""

    def ids(self) -> Iterator[str]:
        """The ids of all jobs that have files."""

    def check_room(self, size_bytes: int) -> None:
        """Do nothing if there is room for a file of that size.

        Raises:
            StorageFull: there is none.
        """


class LocalFolder:
    """The files of all jobs in a folder, one below it for each."""

    def __init__(self, root: Path) -> None:
        """Make the folder, for this user alone.

        Raises:
            OSError: it cannot be made.
        """
        self.root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def of(self, job_id: str) -> FolderOfJob:
        """Those of a job, which may not be there."""
        return FolderOfJob(self.root / checked_id(job_id))

    def ids(self) -> Iterator[str]:
        """The ids of all jobs that have files."""
        return (path.name for path in self.root.iterdir() if is_id(path.name))

    def check_room(self, size_bytes: int) -> None:
        """Do nothing if there is room for a file of that size.

        Raises:
            StorageFull: there is none.
        """
        if shutil.disk_usage(self.root).free < size_bytes:
            raise no_room()


class FolderOfJob:
    """The files of a job in its folder."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def create(self) -> None:
        """Make the folders, for this user alone."""
        with _room():
            for name in ("input", "begun", "pages"):
                (self.path / name).mkdir(mode=0o700, parents=True)

    def write(self, name: str, content: bytes | Path) -> None:
        """Write a file, or copy one."""
        with _room(), written(self.path / name) as file:
            if isinstance(content, bytes):
                file.write(content)
            else:
                with content.open("rb") as source:
                    shutil.copyfileobj(source, file, PIECE_BYTES)

    def read(self, name: str) -> bytes:
        """The content of a file."""
        return (self.path / name).read_bytes()

    def local(self, name: str) -> Path:
        """The file itself."""
        return self.path / name

    def has(self, name: str, *, as_of_now: bool = False) -> bool:  # noqa: ARG002  # always
        """Whether a file is there."""
        return (self.path / name).exists()

    def names(self, folder: str, *, as_of_now: bool = False) -> list[str]:  # noqa: ARG002  # always
        """The names of the files in a folder, without it; none if it is not there."""
        try:
            names = [path.name for path in (self.path / folder).iterdir()]
        except FileNotFoundError:
            return []
        return [name for name in names if not name.startswith(_ASIDE)]

    def count_up(self, name: str) -> int:
        """How often this was called with that name, this time included: a byte for each."""
        with (self.path / name).open("ab") as file:
            file.write(b".")
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def count(self, name: str) -> int:
        """How often `count_up` was called with that name: the bytes of its file."""
        return self.size_bytes(name)

    def append(self, name: str, piece: Path, *, offset: int) -> int:
        """Add to a file that comes in pieces; how many bytes are there then.

        Raises:
            UploadConflict: others have added to it meanwhile.
        """
        with _room(), (self.path / name).open("ab") as file, piece.open("rb") as sent:
            fcntl.flock(file, fcntl.LOCK_EX)
            received = file.seek(0, os.SEEK_END)
            if received != offset:
                raise added_meanwhile(received)
            try:
                shutil.copyfileobj(sent, file, PIECE_BYTES)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(offset)
                raise
            return file.tell()

    def size_bytes(self, name: str) -> int:
        """How much of a file is there, such as one that comes in pieces."""
        try:
            return (self.path / name).stat().st_size
        except FileNotFoundError:
            return 0

    def remove(self) -> None:
        """Remove all files of the job."""
        shutil.rmtree(self.path, ignore_errors=True)

    @property
    def made_s(self) -> float:
        """When the folder was made, in seconds since 1970; now if there is none."""
        try:
            return self.path.stat().st_mtime
        except FileNotFoundError:
            return time.time()


@contextmanager
def written(path: Path) -> Iterator[BinaryIO]:
    """A new file that gets its name when all of it is on the disk."""
    aside = path.with_name(f"{_ASIDE}{secrets.token_hex(8)}")
    try:
        with aside.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def is_id(name: str) -> bool:
    """Whether it may be the id of a job."""
    return bool(_ID.fullmatch(name))


def checked_id(job_id: str) -> str:
    """The id of a job, as a part of names of files."""
    assert is_id(job_id)  # noqa: S101  # ids are made by `new_id` and looked up first
    return job_id


def no_room() -> StorageFull:
    """The error where files of jobs cannot be written."""
    return StorageFull(
        "The files of jobs cannot be written: their folder is full or read-only. Try again "
        "later, or give it more room or set OCR_JOBS_FILES to another folder.",
        setting="OCR_JOBS_FILES",
    )


def added_meanwhile(received: int) -> UploadConflict:
    """The error where others have added to a file."""
    return UploadConflict(f"{received} bytes are there. Go on behind them.", offset=received)


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise  # the job was forgotten
    except OSError as error:
        raise no_room() from error
