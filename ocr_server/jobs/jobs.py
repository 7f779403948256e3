"""Durable jobs: accepted, looked at, answered and forgotten; their pages are read by `reading`.

The engine decides which page is read when and by which process, the ledger has a row for each job,
and its files have what was sent and read.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from hashlib import sha256
from pathlib import Path

from sqlalchemy.exc import IntegrityError, SQLAlchemyError

from ocr_server.deadline import POLL_INTERVAL_S, Deadline
from ocr_server.document.model import Document, Failure, StoredPages
from ocr_server.errors import (
    IdempotencyConflict,
    JobGone,
    JobMissing,
    JobsUnavailable,
    TooManyJobs,
)
from ocr_server.job import Source
from ocr_server.jobs.bucket import Bucket
from ocr_server.jobs.database import is_postgres, open_database, without_password
from ocr_server.jobs.engine import JobEngine
from ocr_server.jobs.files import AllJobFiles, JobPage, JobRequest, input_digest, new_id
from ocr_server.jobs.forgetting import Forgetting
from ocr_server.jobs.ledger import ENDED, JobRow, JobState, Ledger, LedgerMetrics
from ocr_server.jobs.reading import JobReader, job_of, reason_of, within_limits
from ocr_server.jobs.storage import LocalFolder, Storage
from ocr_server.jobs.uploads import Uploads
from ocr_server.jobs.webhook import check_address
from ocr_server.pipeline import choose_pages, count_pages, page_ref_of
from ocr_server.request.build import ParsedRequest
from ocr_server.runtime.scratch import JobFolder
from ocr_server.service import Service
from ocr_server.settings import Settings

FETCHED = "jobs"  # the folder for copies of files in a bucket


@dataclass(frozen=True, slots=True)
class JobStatus:
    """A job, how many of its pages were read, and could not be, and its place among others.

    `position` is how many jobs that came before it have not ended; None if it has.
    """

    row: JobRow
    read: int
    failed: int
    position: int | None

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be read."""
        return self.row.state in ENDED


class Jobs:
    """The durable jobs of a service."""

    def __init__(self, here: Service) -> None:
        """Open the place that `OCR_JOBS` names.

        Raises:
            JobsUnavailable: it cannot be opened.
        """
        settings = here.settings
        self._here = here
        try:
            self._database = open_database(settings.jobs)
            self._engine = JobEngine(settings.jobs, self._database)
            self._ledger = Ledger(self._database)
            self._files = AllJobFiles(_storage_of(settings, here.scratch.folder / FETCHED))
        except (OSError, SQLAlchemyError) as error:
            raise JobsUnavailable(
                f"OCR_JOBS={without_password(settings.jobs)} cannot be opened: {reason_of(error)}.",
                setting="OCR_JOBS",
            ) from error
        self.uploads = Uploads(here, self._ledger, self._files, self._engine)
        here.metrics.watch(LedgerMetrics(self._ledger))
        self.forgetting = Forgetting(
            settings, self._ledger, self._files, self._engine, is_over=here.is_ending
        )
        self._finisher = threading.Thread(target=self._finish, daemon=True, name="jobs-finish")

    def start(self) -> None:
        """Take up jobs."""
        reader = JobReader(self._here, self._ledger, self._files)
        self._engine.start(reader, slots=self._here.settings.job_slots)
        self.forgetting.thread.start()
        self._finisher.start()

    def close(self) -> None:
        """Begin nothing more; pages that are being read are finished within a page's time."""
        self._here.is_ending.set()
        for thread in (self.forgetting.thread, self._finisher):
            if thread.ident is not None:
                thread.join()
        self._engine.close()
        self._database.dispose()

    def _finish(self) -> None:
        """From the moment when the service ends, leave the work to other processes."""
        self._here.is_ending.wait()
        self._engine.finish(timeout_s=self._here.settings.page_timeout_s)

    def accept(
        self,
        texts: Mapping[str, str],
        request: ParsedRequest,
        *,
        owner: str,
        idempotency: str | None,
        keep_s: float | None,
        webhook: str | None,
        is_upload: bool = False,
    ) -> JobStatus:
        """Make a job of a request whose options were `texts`; what is sent twice is one job.

        If it `is_upload`, its file comes later: of that only the size is looked at.

        Raises:
            DocumentError: the files cannot be opened, or are over a limit.
            IdempotencyConflict: the key was used for something else.
            InvalidOptions: the webhook is not allowed.
            TooManyJobs: too much waits already.
        """
        settings = self._here.settings
        check_address(webhook, settings)
        key = sha256(idempotency.encode()).hexdigest() if idempotency else None
        size_bytes = sum(source.size_bytes for source in request.job.sources)
        # Compared where there is a key only.
        sent = (size_bytes,) if is_upload else request.job.sources
        body = _digest(texts, sent) if key else ""
        known = self._ledger.by_key(owner, key) if key else None
        if known:
            return self._same(known, body)
        self._check_room(size_bytes, pages=1)  # before they are counted
        self._files.storage.check_room(size_bytes)
        job = within_limits(request.job, settings)
        counts, numbers = list[int](), list[int]()
        if not is_upload:
            counts = count_pages(job, self._here.workers, threading.Event())
            numbers = choose_pages(job, counts)
            self._check_room(size_bytes, pages=len(numbers))
        row = JobRow(
            id=new_id(),
            owner=owner,
            idempotency=key,
            body=body,
            state=JobState.UPLOADING if is_upload else JobState.QUEUED,
            pages=len(numbers),
            size_bytes=size_bytes,
            created_s=time.time(),
            ended_s=None,
            keep_s=min(settings.jobs_keep_s, keep_s if keep_s is not None else math.inf),
            webhook=webhook,
        )
        files, position = self._files.of(row.id), self._ledger.position(row)
        try:
            files.create([] if is_upload else [source.path for source in job.sources])
            files.write_request(
                JobRequest(dict(texts), counts, numbers, job.options.engine, job.options.languages)
            )
            self._ledger.add(
                row,
                lambda connection: None if is_upload else self._engine.enqueue(connection, row.id),
            )
        except IntegrityError:  # sent twice at the same time
            files.remove()
            known = self._ledger.by_key(owner, key or "")
            if known is None:
                raise
            return self._same(known, body)
        except BaseException:
            files.remove()
            raise
        self._engine.ring()
        return JobStatus(row, 0, 0, position)

    def status(self, job_id: str, owner: str) -> JobStatus:
        """A job of an owner.

        Raises:
            JobGone: it was forgotten.
            JobMissing: there is none, or it is another's.
        """
        row = self._row(job_id, owner)
        settled = self._files.of(job_id).settled(has_ended=row.state in ENDED)
        return JobStatus(row, *settled, self._ledger.position(row))

    def renewed(self, status: JobStatus) -> JobStatus:
        """A job as it is by now; its pages are not counted for it.

        Raises:
            JobGone: it was forgotten meanwhile.
        """
        return replace(status, row=self._row(status.row.id, status.row.owner))

    def changed(self, before: JobStatus, *, wait_s: float, cancelled: threading.Event) -> JobStatus:
        """The job at its next change, or after `wait_s`.

        Raises:
            JobGone: it was forgotten meanwhile.
        """
        until_s = time.monotonic() + wait_s
        while True:
            now = self.status(before.row.id, before.row.owner)
            if now != before or now.is_over or cancelled.is_set() or time.monotonic() >= until_s:
                return now
            time.sleep(POLL_INTERVAL_S * 4)

    def request(self, job_id: str) -> JobRequest:
        """The options of a job, and the numbers of the pages to read, in order."""
        return self._files.of(job_id).request()

    def result(self, status: JobStatus, number: int) -> JobPage | Failure | None:
        """What became of a page; None as long as it is not read, or if it is not to be."""
        files = self._files.of(status.row.id)
        known = files.result(number)
        if known is None and status.is_over:
            return files.result(number, as_of_now=True)
        return known

    def failures(self, status: JobStatus) -> list[Failure]:
        """Why pages could not be read, of the first that could not."""
        return self._files.of(status.row.id).failures() if status.failed else []

    def picture(
        self, status: JobStatus, number: int, folder: JobFolder, cancelled: threading.Event
    ) -> bytes:
        """A small picture of a page, whether or not it is read, as `PREVIEW_MEDIA_TYPE`.

        Raises:
            DocumentError: the page cannot be opened, or is over a limit.
            LoadError: the server is too busy, or the time is over.
        """
        job_id, here = status.row.id, self._here
        request = self.request(job_id)
        job = job_of(request, self.sources(job_id, folder), here)
        return here.draw_page(
            replace(job, deadline=Deadline.after(here.settings.timeout_s)),
            page_ref_of(job, request.counts, number),
            cancelled,
        )

    def document(self, status: JobStatus) -> Document:
        """What was read of a job so far; its pages are loaded when they are accessed."""
        request = self.request(status.row.id)
        results = [one for number in request.numbers if (one := self.result(status, number))]
        engine = replace(
            self._here.engine_named(request.engine), languages=tuple(request.languages)
        )
        pages = [result for result in results if isinstance(result, JobPage)]
        failures = [result for result in results if isinstance(result, Failure)]
        failures += [
            Failure(page.outline.number, missing.as_error())
            for page in pages
            if (missing := page.outline.missing_part)
        ]
        failures.sort(key=lambda failure: failure.page)
        return Document(StoredPages(pages), engine, tuple(failures))

    def sources(self, job_id: str, folder: JobFolder) -> tuple[Source, ...]:
        """The files of a job, linked into another folder, where more may be written beside them."""
        return tuple(folder.link(path) for path in self._files.of(job_id).inputs())

    def forget(self, status: JobStatus) -> None:
        """Stop a job and remove all of it but its id."""
        self.forgetting.forget(status.row.id, has_ended=status.is_over)

    def _row(self, job_id: str, owner: str) -> JobRow:
        row = self._ledger.of(job_id)
        if row is None or row.owner != owner:
            raise JobMissing("There is no job of that id. It may have been forgotten long ago.")
        if row.state is JobState.GONE:
            raise JobGone("The job was forgotten: it was deleted, or was kept long enough.")
        return row

    def _check_room(self, size_bytes: int, *, pages: int) -> None:
        settings = self._here.settings
        left = self._ledger.left()
        if left.pages + pages > settings.jobs_max_pages:
            raise TooManyJobs(
                f"{left.pages} pages wait already; with those of this job they would be more than "
                f"{settings.jobs_max_pages}. Try again later, or raise OCR_JOBS_MAX_PAGES.",
                limit=settings.jobs_max_pages,
                setting="OCR_JOBS_MAX_PAGES",
                retry_after_s=60,
            )
        if left.size_bytes + size_bytes > settings.jobs_max_bytes:
            raise TooManyJobs(
                f"{left.size_bytes} bytes wait already; with the {size_bytes} of this job that is "
                f"more than the limit of {settings.jobs_max_bytes}. Try again later, or raise "
                "OCR_JOBS_MAX_BYTES.",
                limit=settings.jobs_max_bytes,
                setting="OCR_JOBS_MAX_BYTES",
                retry_after_s=60,
            )

    def _same(self, known: JobRow, body: str) -> JobStatus:
        if known.body != body:
            raise IdempotencyConflict(
                "The Idempotency-Key was used for another request. Use a new key for each request."
            )
        return self.status(known.id, known.owner)


def _digest(texts: Mapping[str, str], sent: Iterable[Source | int]) -> str:
    """A digest of what was sent: the options, and the files or what they will be."""
    digest = sha256(repr(sorted(texts.items())).encode())
    for one in sent:
        digest.update(b"%d" % one if isinstance(one, int) else input_digest(one.path))
    return digest.hexdigest()


def _storage_of(settings: Settings, fetched: Path) -> Storage:
    """Where files are kept: `OCR_JOBS_FILES`, else the folder of `OCR_JOBS`.

    Raises:
        OSError: with PostgreSQL no place is named, or the folder cannot be made.
        SettingsError: it is no bucket, or what buckets need is not installed.
    """
    if "://" in settings.jobs_files:
        return Bucket(settings.jobs_files, fetched)
    if settings.jobs_files:
        return LocalFolder(Path(settings.jobs_files))
    if is_postgres(settings.jobs):
        raise OSError("OCR_JOBS_FILES names no folder or bucket that all machines share")
    return LocalFolder(Path(settings.jobs) / "files")


@contextmanager
def running(here: Service) -> Iterator[Jobs]:
    """The jobs of a service, while the block runs."""
    jobs = Jobs(here)
    jobs.start()
    try:
        yield jobs
    finally:
        jobs.close()
