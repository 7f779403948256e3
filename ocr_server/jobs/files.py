"""The files of durable jobs: what was sent, and what was read of it, one folder for each job.

    ID/request.json        the options as texts, the numbers of the pages to read, pages by file
    ID/input/0, 1, …       the files as they were sent
    ID/begun/N             one byte for each time that page N was begun
    ID/pages/N.page        page N as it was read: its outline, then the whole page
    ID/pages/N.problem     why page N could not be read
    ID/cancelled           nothing more is to be read

Each file is written aside, synced and renamed, so that no file is ever seen half written; several
machines may share the folder. Removing the folder of a job removes all that is known of it.
"""

from __future__ import annotations

import fcntl
import gzip
import json
import os
import re
import secrets
import shutil
import struct
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from hashlib import file_digest
from pathlib import Path
from typing import BinaryIO

from ocr_server.document.model import Failure, Page, StoredPage, decode_page, encode_page
from ocr_server.errors import OcrServerError, StorageFull, UploadConflict

_ID = re.compile(r"[0-9a-f]{32}")
_ASIDE = ".new-"
_HEAD = struct.Struct(">dII")  # of a page: confidence, letters, and bytes of its outline
PIECE_BYTES = 1 << 20


class JobFolders:
    """The folder of all jobs."""

    def __init__(self, root: Path) -> None:
        """Make the folder, for this user alone.

        Raises:
            OSError: it cannot be made.
        """
        self.root = root
        root.mkdir(mode=0o700, parents=True, exist_ok=True)

    def of(self, job_id: str) -> JobFiles:
        """The files of a job, which may not be there."""
        assert _ID.fullmatch(job_id)  # noqa: S101  # ids are made by `new_id` and looked up first
        return JobFiles(self.root / job_id)

    def ids(self) -> Iterator[tuple[str, float]]:
        """The ids of all folders, with the time at which each was made, in seconds since 1970."""
        for path in self.root.iterdir():
            if _ID.fullmatch(path.name):
                yield path.name, path.stat().st_mtime


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What is read: the options as texts, pages by file, the numbers of the pages to read.

    `engine` and `languages` are those that it is read by.
    """

    texts: Mapping[str, str]
    counts: Sequence[int]
    numbers: Sequence[int]
    engine: str
    languages: Sequence[str]


@dataclass(frozen=True, slots=True)
class JobPage(StoredPage):
    """A page of a job, in its file."""

    def load(self) -> Page:
        """The page with its zones.

        Raises:
            OSError: the job was forgotten meanwhile.
        """
        with gzip.open(self.path) as file:
            _head_of(file)
            return decode_page(file.read())


@dataclass(frozen=True, slots=True)
class JobFiles:
    """The files of one job."""

    path: Path

    def create(self, inputs: Sequence[Path]) -> None:
        """Copy what was sent into a new folder.

        Raises:
            StorageFull: there is no room.
        """
        with _room():
            (self.path / "input").mkdir(mode=0o700, parents=True)
            for name in ("begun", "pages"):
                (self.path / name).mkdir(mode=0o700)
            for index, source in enumerate(inputs):
                with _written(self.path / "input" / str(index)) as file, source.open("rb") as sent:
                    shutil.copyfileobj(sent, file, PIECE_BYTES)

    def write_request(self, request: JobRequest) -> None:
        """Write what is to be read.

        Raises:
            StorageFull: there is no room.
        """
        with _room(), _written(self.path / "request.json") as file:
            file.write(json.dumps(asdict(request)).encode())

    def request(self) -> JobRequest:
        """What is to be read.

        Raises:
            OSError: the job was forgotten.
        """
        return JobRequest(**json.loads((self.path / "request.json").read_bytes()))

    def inputs(self) -> list[Path]:
        """The files as they were sent, in order."""
        return sorted((self.path / "input").iterdir(), key=lambda path: int(path.name))

    @property
    def received_bytes(self) -> int:
        """How much there is of a file that comes in pieces."""
        try:
            return self._coming.stat().st_size
        except FileNotFoundError:
            return 0

    def append(self, piece: Path, *, offset: int) -> int:
        """Add to a file that comes in pieces; how many bytes are there then.

        Raises:
            FileNotFoundError: the job was forgotten.
            StorageFull: there is no room.
            UploadConflict: others have added to it meanwhile.
        """
        with _room(), self._coming.open("ab") as file, piece.open("rb") as sent:
            fcntl.flock(file, fcntl.LOCK_EX)
            received = file.seek(0, os.SEEK_END)
            if received != offset:
                raise UploadConflict(
                    f"{received} bytes are there. Go on behind them.", offset=received
                )
            try:
                shutil.copyfileobj(sent, file, PIECE_BYTES)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                file.truncate(offset)
                raise
            return file.tell()

    def begin(self, number: int) -> int:
        """Note that a page is begun; returns how often it was, this time included.

        Raises:
            OSError: the job was forgotten.
        """
        with (self.path / "begun" / str(number)).open("ab") as file:
            file.write(b".")
            file.flush()
            os.fsync(file.fileno())
            return file.tell()

    def keep_page(self, page: Page) -> None:
        """Write a page that was read.

        Raises:
            FileNotFoundError: the job was forgotten.
            StorageFull: there is no room.
        """
        outline = encode_page(replace(page, zones=()))
        head = _HEAD.pack(page.confidence, page.letter_count, len(outline))
        with _room(), _written(self._page_path(page.number)) as file:
            file.write(gzip.compress(head + outline + encode_page(page), 1))

    def keep_failure(self, failure: Failure) -> None:
        """Write why a page could not be read.

        Raises:
            FileNotFoundError: the job was forgotten.
            StorageFull: there is no room.
        """
        error = failure.error
        value = {"code": error.code, "message": error.message, "extra": error.extra}
        with _room(), _written(self._failure_path(failure.page)) as file:
            file.write(json.dumps(value).encode())

    def result(self, number: int) -> JobPage | Failure | None:
        """What became of a page: the page, its failure, or None as long as it is not read."""
        path = self._page_path(number)
        try:
            with gzip.open(path) as file:
                return JobPage(path, *_head_of(file))
        except FileNotFoundError:
            return self._failure(number)

    def is_settled(self, number: int) -> bool:
        """Whether a page was read, or could not be."""
        return self._page_path(number).exists() or self._failure_path(number).exists()

    def settled(self) -> tuple[int, int]:
        """How many pages were read, and how many could not be."""
        try:
            names = [path.name for path in (self.path / "pages").iterdir()]
        except FileNotFoundError:
            return 0, 0
        done = [name for name in names if not name.startswith(_ASIDE)]
        failed = sum(name.endswith(".problem") for name in done)
        return len(done) - failed, failed

    def cancel(self) -> None:
        """Have nothing more read; what is being read is given up."""
        if self.path.is_dir():
            (self.path / "cancelled").touch()

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing more is to be read: the job was cancelled or forgotten."""
        return (self.path / "cancelled").exists() or not self.path.is_dir()

    def remove(self) -> None:
        """Remove all files of the job."""
        shutil.rmtree(self.path, ignore_errors=True)

    @property
    def _coming(self) -> Path:
        return self.path / "input" / "0"

    def _failure(self, number: int) -> Failure | None:
        try:
            value = json.loads(self._failure_path(number).read_bytes())
        except FileNotFoundError:
            return None
        kinds = {kind.code: kind for kind in _kinds_of(OcrServerError)}
        kind = kinds.get(value["code"], OcrServerError)
        return Failure(number, kind(value["message"], **value["extra"]))

    def _page_path(self, number: int) -> Path:
        return self.path / "pages" / f"{number}.page"

    def _failure_path(self, number: int) -> Path:
        return self.path / "pages" / f"{number}.problem"


def _head_of(file: gzip.GzipFile) -> tuple[Page, float, int]:
    """The outline, confidence and number of letters at the beginning of the file of a page."""
    confidence, letter_count, size_bytes = _HEAD.unpack(file.read(_HEAD.size))
    return decode_page(file.read(size_bytes)), confidence, letter_count


def new_id() -> str:
    """An id that nobody can guess: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


@contextmanager
def _written(path: Path) -> Iterator[BinaryIO]:
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


@contextmanager
def _room() -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise  # the job was forgotten
    except OSError as error:
        raise StorageFull(
            "The files of jobs cannot be written: their folder is full or read-only. Give it more "
            "room, or set OCR_JOBS_FILES to another folder.",
            setting="OCR_JOBS_FILES",
        ) from error


def _kinds_of(kind: type[OcrServerError]) -> Iterator[type[OcrServerError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds_of(one)


def input_digest(path: Path) -> bytes:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()
