"""Reading the pages of durable jobs, as the engine asks for them."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ocr_server.deadline import Deadline
from ocr_server.document.model import Failure, Page
from ocr_server.errors import (
    ClientGone,
    DeadlinePassed,
    EndsProcess,
    EngineMissing,
    JobsUnavailable,
    LoadError,
    OcrServerError,
    StorageFull,
    WorkerLost,
)
from ocr_server.job import Job, Source
from ocr_server.jobs.engine import Stopping
from ocr_server.jobs.files import JobFiles, JobFolders, JobRequest
from ocr_server.jobs.ledger import ENDED, JobState, Ledger
from ocr_server.jobs.webhook import call
from ocr_server.pipeline import PageRead, page_ref_of, read_page
from ocr_server.request.build import build_job
from ocr_server.service import Service
from ocr_server.settings import Settings

MOST_TIMES_BEGUN = 3  # a page that ended its process so often is not begun again
TRIES = 3  # of a page for which the server had no room
RETRY_S = 1.0

T = TypeVar("T")

log = logging.getLogger(__name__)


class JobReader:
    """Does the work of jobs; see `engine.Reader`."""

    def __init__(self, here: Service, ledger: Ledger, folders: JobFolders) -> None:
        self._here, self._ledger, self._folders = here, ledger, folders
        self.is_over = here.is_ending
        self._slots = max(1, here.settings.job_slots)
        self._turn = threading.Condition()
        self._asked, self._freed = 0, 0  # how often a slot was
        self._reading = ""  # the job of which a page was begun last

    def count(self, job_id: str) -> int:
        """How many pages are to be read; 0 if the job was forgotten."""
        try:
            return len(self._folders.of(job_id).request().numbers)
        except OSError:
            return 0

    def read(self, job_id: str, position: int) -> None:
        """Read a page, by its position among the pages to read, unless it is read."""
        files = self._folders.of(job_id)
        try:
            request = files.request()
            # Until it is kept: what is lost with the process is one page of a slot.
            with self._slot():
                self._read_and_keep(files, request, request.numbers[position])
        except (ClientGone, FileNotFoundError):
            return  # cancelled or forgotten

    def is_settled(self, job_id: str, first: int, last: int) -> bool:
        """Whether pages, by their positions, are read or failed, or are not to be read any more."""
        files = self._folders.of(job_id)
        try:
            numbers = files.request().numbers[first:last]
        except FileNotFoundError:
            return True
        return files.is_cancelled or all(map(files.is_settled, numbers))

    def finish(self, job_id: str) -> bool:
        """Note that all pages were read or failed; returns whether a webhook is to be called."""
        files = self._folders.of(job_id)
        if files.is_cancelled:
            return False
        state = JobState.DONE if files.settled()[0] else JobState.FAILED
        self._until_it_works(lambda: self._ledger.end(job_id, state))
        row = self._until_it_works(lambda: self._ledger.of(job_id))
        return bool(row and row.webhook)

    def call_webhook(self, job_id: str) -> bool:
        """Call the webhook; whether it must not be called again."""
        row = self._ledger.of(job_id)
        if row is None or row.webhook is None or row.state not in ENDED:
            return True
        read, failed = self._folders.of(job_id).settled()
        return call(row, read=read, failed=failed, settings=self._here.settings)

    @contextmanager
    def _slot(self) -> Iterator[None]:
        """One of the slots that jobs may have, in the order in which they are asked for.

        Raises:
            Stopping: the process ends.
        """
        with self._turn:
            mine, self._asked = self._asked, self._asked + 1
            while mine - self._freed >= self._slots:
                if not self._turn.wait(RETRY_S) and self.is_over.is_set():
                    raise Stopping
        try:
            if self.is_over.is_set():
                raise Stopping
            yield
        finally:
            with self._turn:
                self._freed += 1
                self._turn.notify_all()

    def _read_and_keep(self, files: JobFiles, request: JobRequest, number: int) -> None:
        if files.is_cancelled or files.is_settled(number):
            return
        job_id = files.path.name
        if self._reading != job_id:
            self._until_it_works(lambda: self._ledger.begin(job_id))
            self._reading = job_id
        result = self._read(files, request, number)
        if isinstance(result, Failure):
            self._until_it_works(lambda: files.keep_failure(result))
        else:
            self._until_it_works(lambda: files.keep_page(result))

    def _until_it_works(self, write: Callable[[], T]) -> T:
        """Write to files or database, again and again while they have no room or do not answer.

        Raises:
            FileNotFoundError: the job was forgotten.
            Stopping: the process ends.
        """
        while True:
            try:
                return write()
            except FileNotFoundError:
                raise
            except (StorageFull, JobsUnavailable, OSError, SQLAlchemyError) as error:
                log.warning("jobs: not written, tried again: %s", reason_of(error))
            if self.is_over.wait(RETRY_S):
                raise Stopping

    def _read(self, files: JobFiles, request: JobRequest, number: int) -> Page | Failure:
        if files.begin(number) > MOST_TIMES_BEGUN:
            ended = EndsProcess(
                f"The process that read the page ended {MOST_TIMES_BEGUN} times. Send the page as "
                "a picture of its own, or leave it out."
            )
            return Failure(number, ended)
        cancelled = _Cancelled(files)
        with self._here.scratch.job() as folder:
            sources = tuple(folder.link(path) for path in files.inputs())
            try:
                job = job_of(request, sources, self._here)
            except OcrServerError as error:  # a language was removed, say
                return Failure(number, error)
            page_ref = page_ref_of(job, request.counts, number)
            for tries_left in reversed(range(TRIES)):
                event = read_page(job, self._here.workers.behind_requests, cancelled, page_ref)
                if isinstance(event, PageRead):
                    self._here.count(event)
                    return event.page if isinstance(event.page, Page) else event.page.load()
                if not (tries_left and _is_passing(event.failure.error)):
                    self._here.count(event)
                    return event.failure
                cancelled.wait(RETRY_S)
        raise AssertionError  # the last try returns


def job_of(request: JobRequest, sources: tuple[Source, ...], here: Service) -> Job:
    """What is read, with the limits of durable jobs.

    Raises:
        RequestError: the options can no longer be met, as of a language that was removed.
    """
    settings = here.settings
    parsed = build_job(request.texts, sources, here, most_bytes=settings.jobs_max_bytes)
    return within_limits(parsed.job, settings)


def within_limits(job: Job, settings: Settings) -> Job:
    """The job with the limits of durable jobs."""
    return replace(
        job,
        limits=replace(job.limits, max_pages=settings.jobs_max_pages),
        deadline=Deadline.after(settings.jobs_max_s),
    )


def reason_of(error: Exception) -> str:
    """The first line of an error, without its stop."""
    return str(error).partition("\n")[0].rstrip(".")


class _Cancelled(threading.Event):
    """Set when the job of these files is cancelled or forgotten."""

    def __init__(self, files: JobFiles) -> None:
        super().__init__()
        self._files = files

    def is_set(self) -> bool:
        """Whether nothing more is to be read."""
        return super().is_set() or self._files.is_cancelled


def _is_passing(error: OcrServerError) -> bool:
    """Whether a page may be read at the next try: the server had no room, or lost a process."""
    is_late = isinstance(error, DeadlinePassed)
    return isinstance(error, LoadError | WorkerLost | EngineMissing) and not is_late
