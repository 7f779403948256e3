"""Files of jobs in a bucket, of S3 or what speaks as it does; known to this module alone: obstore.

A file that comes in pieces is an object for each, named by its offset. What is opened by other
programs is fetched into a folder of this machine first, once for a job, and removed ten minutes
after it was last asked for. What is in a bucket is listed at most once a second, but at the end of
a chunk of pages.
"""

from __future__ import annotations

import math
import os
import secrets
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_server.errors import JobsUnavailable, SettingsError, StorageFull
from ocr_server.jobs.storage import added_meanwhile, checked_id, is_id, written

if TYPE_CHECKING:
    from obstore import ObjectMeta
    from obstore.store import ObjectStore, RetryConfig

LISTED_S = 1.0
FETCHED_S = 600.0
_AT_A_TIME = 4  # parts of a large file that are sent at the same time, of 5 MiB each
_PART_BYTES = 16 * 1024 * 1024  # of a large file, fetched at a time: a request may take 30 s
_RETRIES: RetryConfig = {"max_retries": 3, "retry_timeout": timedelta(seconds=20)}
_OFFSET_DIGITS = 16


class Bucket:
    """The files of all jobs in a bucket."""

    def __init__(self, address: str, fetched: Path) -> None:
        """A bucket, as `s3://name/prefix`; the folder `fetched` is for copies of its files.

        Raises:
            SettingsError: obstore is not installed, or the address is none.
        """
        try:
            import obstore  # noqa: PLC0415  # only where a bucket is used
            from obstore.store import from_url  # noqa: PLC0415
        except ImportError as error:
            raise SettingsError(
                "OCR_JOBS_FILES names a bucket: that needs the package obstore "
                '(pipenv sync --categories "buckets").'
            ) from error
        try:
            self.store: ObjectStore = from_url(address, retry_config=_RETRIES)
        except (ValueError, obstore.exceptions.BaseError) as error:
            raise SettingsError(f"OCR_JOBS_FILES={address!r} is no bucket: {error}") from error
        self.fetched = fetched
        self._jobs: dict[str, BucketOfJob] = {}
        self._lock = threading.Lock()

    def of(self, job_id: str) -> BucketOfJob:
        """Those of a job, which may not be there."""
        with self._lock:
            for one in [*self._jobs.values()]:
                if one.job_id != job_id and one.is_idle:
                    shutil.rmtree(one.fetched, ignore_errors=True)
                    del self._jobs[one.job_id]
            job = self._jobs.setdefault(job_id, BucketOfJob(self, checked_id(job_id)))
            job.used_s = time.monotonic()
            return job

    def ids(self) -> Iterator[str]:
        """The ids of all jobs that have files."""
        import obstore  # noqa: PLC0415

        with _answering():
            found = obstore.list_with_delimiter(self.store)["common_prefixes"]
        return (name for prefix in found if is_id(name := prefix.rstrip("/").rpartition("/")[2]))

    def check_room(self, size_bytes: int) -> None:
        """Do nothing: a bucket has room."""


class BucketOfJob:
    """The files of a job, as objects whose names begin with its id."""

    def __init__(self, bucket: Bucket, job_id: str) -> None:
        import obstore  # noqa: PLC0415

        self._api, self._store = obstore, bucket.store
        self.job_id, self.fetched = job_id, bucket.fetched / job_id
        self.used_s = time.monotonic()
        self._fetching, self._listing = threading.Lock(), threading.Lock()
        self._listings: dict[str, tuple[float, set[str]]] = {}

    @property
    def is_idle(self) -> bool:
        """Whether nobody has asked for it for long."""
        return time.monotonic() - self.used_s > FETCHED_S

    def create(self) -> None:
        """Nothing to do."""

    def write(self, name: str, content: bytes | Path) -> None:
        """Write a file, or copy one; a whole file is one of a single piece."""
        if isinstance(content, Path):
            name = _piece_of(name, 0)
        with _answering():
            self._api.put(self._store, self._key(name), content, max_concurrency=_AT_A_TIME)
        folder, _, last = name.rpartition("/")
        with self._listing:
            if folder in self._listings:
                self._listings[folder][1].add(last)

    def read(self, name: str) -> bytes:
        """The content of a file."""
        with _answering():
            return bytes(self._api.get(self._store, self._key(name)).bytes())

    def local(self, name: str) -> Path:
        """A copy of a file, which is fetched once."""
        path = self.fetched / name
        with self._fetching:
            if not path.exists():
                self._fetch(name, path)
        return path

    def has(self, name: str, *, as_of_now: bool = False) -> bool:
        """Whether a file is there, as of a second ago; it is asked for by name if `as_of_now`."""
        if as_of_now:
            with suppress(FileNotFoundError), _answering():
                return bool(self._api.head(self._store, self._key(name)))
            return False
        folder, _, last = name.rpartition("/")
        return last in self._listed(folder)

    def names(self, folder: str, *, as_of_now: bool = False) -> list[str]:
        """The names of the files in a folder, as of a second ago; none if it is not there."""
        return list(self._listed(folder, most_s=0.0 if as_of_now else LISTED_S))

    def count_up(self, name: str) -> int:
        """How often this was called with that name, this time included: an object for each."""
        with _answering():
            self._api.put(self._store, self._key(f"{name}/{secrets.token_hex(8)}"), b"")
        return self.count(name)

    def count(self, name: str) -> int:
        """How often `count_up` was called with that name: the objects below it."""
        with _answering():
            return len(self._objects(name))

    def append(self, name: str, piece: Path, *, offset: int) -> int:
        """Add to a file that comes in pieces; how many bytes are there then.

        Raises:
            UploadConflict: others have added to it meanwhile.
        """
        received = self.size_bytes(name)
        if received != offset:
            raise added_meanwhile(received)
        with _answering():
            try:
                self._api.put(
                    self._store, self._key(_piece_of(name, offset)), piece,
                    mode="create", use_multipart=False,
                )  # fmt: skip
            except (FileExistsError, self._api.exceptions.AlreadyExistsError):
                raise added_meanwhile(self.size_bytes(name)) from None
        return offset + piece.stat().st_size

    def size_bytes(self, name: str) -> int:
        """How much of a file that comes in pieces is there."""
        with _answering():
            return sum(meta["size"] for meta in self._pieces(name))

    def remove(self) -> None:
        """Remove all files of the job."""
        with _answering():
            keys = [meta["path"] for meta in self._objects("")]
            if keys:
                self._api.delete(self._store, keys)
        with self._listing:
            self._listings.clear()
        shutil.rmtree(self.fetched, ignore_errors=True)

    @property
    def made_s(self) -> float:
        """When its first file was written, in seconds since 1970; now if there is none."""
        with _answering():
            times = [meta["last_modified"].timestamp() for meta in self._objects("")]
        return min(times, default=time.time())

    def _fetch(self, name: str, path: Path) -> None:
        with _answering():
            pieces = self._pieces(name)
            whole = b"" if pieces else self.read(name)
            try:
                for folder in (self.fetched.parent, self.fetched, path.parent):
                    folder.mkdir(mode=0o700, exist_ok=True)
                with written(path) as file:
                    file.write(whole)
                    for meta in pieces:
                        for start in range(0, meta["size"], _PART_BYTES):
                            end = min(start + _PART_BYTES, meta["size"])
                            file.write(
                                self._api.get_range(self._store, meta["path"], start=start, end=end)
                            )
            except OSError as error:  # not that of a file that is not there
                raise StorageFull.of_temp_dir() from error

    def _key(self, name: str) -> str:
        return f"{self.job_id}/{name}"

    def _listed(self, folder: str, *, most_s: float = LISTED_S) -> frozenset[str]:
        """The names in a folder, as of `most_s` ago at most."""
        begun_s = time.monotonic()
        with self._listing:  # who waited for another's list takes that one
            looked_s, names = self._listings.get(folder, (-math.inf, set[str]()))
            if begun_s - looked_s > most_s:
                looked_s = time.monotonic()
                prefix = f"{self._key(folder)}/" if folder else f"{self.job_id}/"
                with _answering():
                    found = self._api.list_with_delimiter(self._store, prefix)
                paths = [meta["path"] for meta in found["objects"]]
                paths += [path.rstrip("/") for path in found["common_prefixes"]]
                names = {path.rpartition("/")[2] for path in paths}
                self._listings[folder] = looked_s, names
            return frozenset(names)

    def _objects(self, folder: str) -> list[ObjectMeta]:
        listed = self._api.list(self._store, f"{self._key(folder)}/".replace("//", "/"))
        return [meta for some in listed for meta in some]

    def _pieces(self, name: str) -> list[ObjectMeta]:
        """The pieces of a file, in order, as far as they follow one another."""
        pieces: list[ObjectMeta] = []
        size_bytes = 0
        for meta in sorted(self._objects(name), key=lambda meta: meta["path"]):
            if int(os.path.basename(meta["path"])) != size_bytes:  # noqa: PTH119  # no path
                break
            pieces.append(meta)
            size_bytes += meta["size"]
        return pieces


@contextmanager
def _answering() -> Iterator[None]:
    """Translate what the bucket says.

    Raises:
        FileNotFoundError: the file is not there.
        JobsUnavailable: the bucket does not answer, or refuses.
    """
    import obstore  # noqa: PLC0415

    try:
        yield
    except obstore.exceptions.BaseError as error:
        raise JobsUnavailable(
            "The bucket of the jobs does not answer. Try again later.", setting="OCR_JOBS_FILES"
        ) from error


def _piece_of(name: str, offset: int) -> str:
    return f"{name}/{offset:0{_OFFSET_DIGITS}}"
