"""The files of durable jobs: what was sent, and what was read of it.

    ID/request.json        the options as texts, the numbers of the pages to read, pages by file
    ID/input/0, 1, …       the files as they were sent
    ID/begun/N             how often page N was begun
    ID/pages/N.page        page N as it was read: its outline, then the whole page
    ID/pages/N.problem     why page N could not be read
    ID/cancelled           nothing more is to be read

They are in a folder or a bucket (`storage`). Removing those of a job removes all that is known of
it.
"""

from __future__ import annotations

import gzip
import json
import secrets
import struct
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from hashlib import file_digest
from pathlib import Path

from ocr_server.document.model import Failure, Page, StoredPage, decode_page, encode_page
from ocr_server.errors import JobGone, OcrServerError
from ocr_server.jobs.storage import JobStorage, Storage

MOST_FAILURES = 100  # that are told with a job; its document tells all
_REQUEST, _CANCELLED, _COMING = "request.json", "cancelled", "input/0"
_PAGE, _PROBLEM = ".page", ".problem"
_PARSED_REQUESTS = 16  # that are held: of 10,000 pages each takes half a megabyte
_HEAD = struct.Struct(">dII")  # of a page: confidence, letters, and bytes of its outline


class AllJobFiles:
    """The files of all jobs."""

    def __init__(self, storage: Storage) -> None:
        self.storage = storage

    def of(self, job_id: str) -> JobFiles:
        """The files of a job, which may not be there."""
        return JobFiles(job_id, self.storage.of(job_id))


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
    """The files of one job; errors are those of `storage.JobStorage`."""

    job_id: str
    storage: JobStorage

    def create(self, inputs: Sequence[Path]) -> None:
        """Copy what was sent."""
        self.storage.create()
        for index, source in enumerate(inputs):
            self.storage.write(f"input/{index}", source)

    def write_request(self, request: JobRequest) -> None:
        """Write what is to be read."""
        self.storage.write(_REQUEST, json.dumps(asdict(request)).encode())

    def request(self) -> JobRequest:
        """What is to be read.

        Raises:
            JobGone: the job was forgotten, or its files are lost.
        """
        try:
            return _request_of(self.storage.read(_REQUEST))
        except FileNotFoundError as error:
            raise JobGone("The files of the job are not there any more. Send it again.") from error

    def inputs(self) -> list[Path]:
        """The files as they were sent, in order, on this machine."""
        numbers = sorted(map(int, self.storage.names("input")))
        return [self.storage.local(f"input/{number}") for number in numbers]

    @property
    def received_bytes(self) -> int:
        """How much there is of a file that comes in pieces."""
        return self.storage.size_bytes(_COMING)

    def append(self, piece: Path, *, offset: int) -> int:
        """Add to a file that comes in pieces; how many bytes are there then.

        Raises:
            UploadConflict: others have added to it meanwhile.
        """
        return self.storage.append(_COMING, piece, offset=offset)

    def begin(self, number: int) -> int:
        """Note that a page is begun; returns how often it was, this time included."""
        return self.storage.count_up(f"begun/{number}")

    def times_begun(self, number: int) -> int:
        """How often a page was begun."""
        return self.storage.count(f"begun/{number}")

    def keep_page(self, number: int, content: bytes) -> None:
        """Write a page that was read, as `content_of` it."""
        self.storage.write(_page_name(number), content)

    def keep_failure(self, failure: Failure) -> None:
        """Write why a page could not be read."""
        error = failure.error
        value = {"code": error.code, "message": error.message, "extra": error.extra}
        self.storage.write(_failure_name(failure.page), json.dumps(value).encode())

    def result(self, number: int, *, as_of_now: bool = False) -> JobPage | Failure | None:
        """What became of a page: the page, its failure, or None as long as it is not read.

        What was read elsewhere a moment ago may be missing, if it need not be `as_of_now`.
        """
        with suppress(FileNotFoundError):  # it was forgotten
            if self.storage.has(_page_name(number), as_of_now=as_of_now):
                path = self.storage.local(_page_name(number))
                with gzip.open(path) as file:
                    return JobPage(path, *_head_of(file))
            if self.storage.has(_failure_name(number), as_of_now=as_of_now):
                value = json.loads(self.storage.local(_failure_name(number)).read_bytes())
                kinds = {kind.code: kind for kind in _kinds_of(OcrServerError)}
                kind = kinds.get(value["code"], OcrServerError)
                return Failure(number, kind(value["message"], **value["extra"]))
        return None

    def is_settled(self, number: int) -> bool:
        """Whether a page was read, or could not be."""
        return self.storage.has(_page_name(number)) or self.storage.has(_failure_name(number))

    def count_read(self, numbers: Iterable[int]) -> int | None:
        """How many of some pages were read by now, by any process; None if some are to be read."""
        seen = {f"pages/{name}" for name in self.storage.names("pages", as_of_now=True)}
        read = 0
        for number in numbers:
            names = _page_name(number), _failure_name(number)
            found = [name for name in names if name in seen]
            # What a listing is late to show is looked for by name, up to the first that is missing.
            found = found or [name for name in names if self.storage.has(name, as_of_now=True)]
            if not found:
                return None
            read += names[0] in found
        return read

    def settled(self, *, has_ended: bool = False) -> tuple[int, int]:
        """How many pages were read, and how many could not be; by now if the job `has_ended`."""
        if has_ended:
            with suppress(JobGone):  # its files are lost
                numbers = self.request().numbers
                if (read := self.count_read(numbers)) is not None:
                    return read, len(numbers) - read
        names = self.storage.names("pages")
        failed = sum(name.endswith(_PROBLEM) for name in names)
        return len(names) - failed, failed

    def failures(self) -> list[Failure]:
        """Why pages could not be read: the first `MOST_FAILURES` of them, in order."""
        names = [name for name in self.storage.names("pages") if name.endswith(_PROBLEM)]
        numbers = sorted(int(name.removesuffix(_PROBLEM)) for name in names)[:MOST_FAILURES]
        results = map(self.result, numbers)
        return [result for result in results if isinstance(result, Failure)]

    def cancel(self) -> None:
        """Have nothing more read; what is being read is given up."""
        if self.storage.has(_REQUEST):
            self.storage.write(_CANCELLED, b"")

    @property
    def is_cancelled(self) -> bool:
        """Whether nothing more is to be read: the job was cancelled or forgotten."""
        return self.storage.has(_CANCELLED) or not self.storage.has(_REQUEST)

    def remove(self) -> None:
        """Remove all files of the job."""
        self.storage.remove()


@lru_cache(_PARSED_REQUESTS)
def _request_of(content: bytes) -> JobRequest:
    return JobRequest(**json.loads(content))


def _page_name(number: int) -> str:
    return f"pages/{number}{_PAGE}"


def _failure_name(number: int) -> str:
    return f"pages/{number}{_PROBLEM}"


def new_id() -> str:
    """An id that nobody can guess: 128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def content_of(page: Page | StoredPage) -> bytes:
    """What is kept of a page that was read, which may be in a file of its own.

    Raises:
        OSError: that file is gone.
    """
    outline = encode_page(replace(page.outline, zones=()))
    whole = encode_page(page) if isinstance(page, Page) else page.path.read_bytes()
    head = _HEAD.pack(page.confidence, page.letter_count, len(outline))
    return gzip.compress(head + outline + whole, 1)


def _head_of(file: gzip.GzipFile) -> tuple[Page, float, int]:
    """The outline, confidence and number of letters at the beginning of the file of a page."""
    confidence, letter_count, size_bytes = _HEAD.unpack(file.read(_HEAD.size))
    return decode_page(file.read(size_bytes)), confidence, letter_count


def _kinds_of(kind: type[OcrServerError]) -> Iterator[type[OcrServerError]]:
    yield kind
    for one in kind.__subclasses__():
        yield from _kinds_of(one)


def input_digest(path: Path) -> bytes:
    """The SHA-256 of a file."""
    with path.open("rb") as file:
        return file_digest(file, "sha256").digest()
