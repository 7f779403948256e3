"""Reading the pages of durable jobs, as the engine asks for them."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import nullcontext, suppress
from dataclasses import replace
from typing import TypeVar

from sqlalchemy.exc import SQLAlchemyError

from ocr_server.deadline import Deadline
from ocr_server.document.model import Failure
from ocr_server.errors import (
    ClientGone,
    DeadlinePassed,
    EndsProcess,
    EngineMissing,
    JobGone,
    JobsUnavailable,
    LoadError,
    OcrServerError,
    StorageFull,
    WorkerLost,
)
from ocr_server.job import Job, Source
from ocr_server.jobs.files import AllJobFiles, JobFiles, JobPage, JobRequest, content_of
from ocr_server.jobs.flow import Stopping
from ocr_server.jobs.ledger import ENDED, JobState, Ledger
from ocr_server.jobs.webhook import call
from ocr_server.pipeline import PageRead, page_ref_of, read_page, with_language_of
from ocr_server.request.build import build_job
from ocr_server.service import Service
from ocr_server.settings import Settings

MOST_TIMES_BEGUN = 3  # a page that ended its process so often is not begun again
MOST_TIMES_AMONG_OTHERS = 6  # the same where as many other pages were begun again
TRIES = 3  # of a page for which there was no process
RETRY_S = 1.0
NOTE_S = 5.0
CANCELLED_S = 0.5  # between looks whether a job of which a page is read was cancelled
NONE_HELD = -1  # words: the process that reads a page writes it as it is kept

T = TypeVar("T")

log = logging.getLogger(__name__)


class JobReader:
    """Does the work of jobs; see `flow.Reader`."""

    def __init__(self, here: Service, ledger: Ledger, files: AllJobFiles) -> None:
        self._here, self._ledger, self._files = here, ledger, files
        self.is_over = here.is_ending
        self._noted, self._noted_s = "", 0.0  # the job of which was noted how far it is, and when
        self._suspect = threading.Lock()  # while a page is read that was begun before

    def count(self, job_id: str) -> int:
        """How many pages are to be read; 0 if the job was forgotten."""
        try:
            return len(self._until_it_works(self._files.of(job_id).request).numbers)
        except JobGone:
            return 0

    def read(self, job_id: str, position: int, *, follows: bool) -> bool:
        """Read a page, by its position; False if nothing was to be done, as it is read already.

        One that `follows` the page before it in its chunk is read first in the language of that.
        """
        files = self._files.of(job_id)
        try:
            request = self._until_it_works(files.request)
            number = request.numbers[position]
            before = request.numbers[position - 1] if follows else None
            return self._read_and_keep(files, request, number, before=before)
        except (ClientGone, FileNotFoundError, JobGone):
            return False  # cancelled or forgotten

    def finish(self, job_id: str) -> bool:
        """End a job if all its pages were read or failed; False if some are to be read."""
        files = self._files.of(job_id)
        if self._until_it_works(lambda: files.is_cancelled):
            return True
        try:
            numbers = self._until_it_works(files.request).numbers
        except JobGone:
            return True
        read = self._until_it_works(lambda: files.count_read(numbers))
        if read is None:
            return False
        state = JobState.DONE if read else JobState.FAILED
        self._until_it_works(lambda: self._ledger.end(job_id, state))
        return True

    def has_webhook(self, job_id: str) -> bool:
        """Whether an address is to be told that a job has ended."""
        row = self._until_it_works(lambda: self._ledger.of(job_id))
        return bool(row and row.webhook)

    def call_webhook(self, job_id: str) -> bool:
        """Call the webhook; whether it must not be called again."""
        row = self._until_it_works(lambda: self._ledger.of(job_id))
        if row is None or row.webhook is None or row.state not in ENDED:
            return True
        read, failed = self._until_it_works(self._files.of(job_id).settled)
        return call(row, read=read, failed=failed, settings=self._here.settings)

    def _read_and_keep(
        self, files: JobFiles, request: JobRequest, number: int, *, before: int | None
    ) -> bool:
        if self._until_it_works(lambda: files.is_cancelled or files.is_settled(number)):
            return False
        self._note(files)
        result = self._read(files, request, number, before=before)
        if isinstance(result, Failure):
            self._until_it_works(lambda: files.keep_failure(result))
        else:
            self._until_it_works(lambda: files.keep_page(number, result))
        return True

    def _note(self, files: JobFiles) -> None:
        """Note how far a job is, now and then, as that looks through its folder."""
        job_id, now_s = files.job_id, time.monotonic()
        if self._noted != job_id or now_s - self._noted_s > NOTE_S:
            self._noted, self._noted_s = job_id, now_s
            settled = sum(self._until_it_works(files.settled))
            self._until_it_works(lambda: self._ledger.note(job_id, settled=settled))

    def _until_it_works(self, act: Callable[[], T]) -> T:
        """Use files or database, again and again while they have no room or do not answer.

        Raises:
            FileNotFoundError, JobGone: the job was forgotten.
            Stopping: the process ends.
        """
        while True:
            try:
                return act()
            except FileNotFoundError:
                raise
            except (StorageFull, JobsUnavailable, OSError, SQLAlchemyError) as error:
                log.warning("jobs: tried again, as files or database fail: %s", reason_of(error))
            if self.is_over.wait(RETRY_S):
                raise Stopping

    def _read(
        self, files: JobFiles, request: JobRequest, number: int, *, before: int | None
    ) -> bytes | Failure:
        """What is to be kept of a page, or why it could not be read.

        Pages that were begun before are read one by one: the one that ends processes takes no other
        one with it again and again.
        """
        is_suspect = self._until_it_works(lambda: files.times_begun(number)) > 0
        with self._suspect if is_suspect else nullcontext():
            if self.is_over.is_set():
                raise Stopping
            try:
                self._begin(files, request, number)
            except EndsProcess as error:
                return Failure(number, error)
            return self._until_it_works(
                lambda: self._read_in_a_folder(files, request, number, before=before)
            )

    def _begin(self, files: JobFiles, request: JobRequest, number: int) -> None:
        """Note that a page is begun.

        Raises:
            EndsProcess: it was too often.
        """
        times_begun = self._until_it_works(lambda: files.begin(number))
        if times_begun > MOST_TIMES_BEGUN:
            most = self._until_it_works(lambda: _most_times_begun(files, request.numbers, number))
            if times_begun > most:
                raise EndsProcess(
                    f"The process that read the page ended {times_begun - 1} times. Send the page "
                    "as a picture of its own, or leave it out."
                )
        if times_begun > 1:
            self._here.metrics.count_begun_again()

    def _read_in_a_folder(
        self, files: JobFiles, request: JobRequest, number: int, *, before: int | None
    ) -> bytes | Failure:
        """What is to be kept of a page that is begun, or why it could not be read.

        Raises:
            StorageFull: the temporary folder has no room for it, or was emptied.
        """
        cancelled = _Cancelled(files)
        with self._here.scratch.job() as folder:
            inputs = self._until_it_works(files.inputs)
            sources = tuple(folder.link(path) for path in inputs)
            try:
                job = job_of(request, sources, self._here)
            except OcrServerError as error:  # a language was removed, say
                return Failure(number, error)
            if before is not None:
                known = self._until_it_works(lambda: files.result(before))
                if isinstance(known, JobPage):
                    job = with_language_of(known.outline, job)
            page_ref = page_ref_of(job, request.counts, number)
            for tries_left in reversed(range(TRIES)):
                event = read_page(
                    job, self._here.workers.behind_requests, cancelled, page_ref,
                    most_held_words=NONE_HELD,
                )  # fmt: skip
                if isinstance(event, PageRead):
                    self._here.count(event)
                    try:
                        return content_of(event.page)
                    except FileNotFoundError as error:  # somebody has emptied the temporary folder
                        raise StorageFull.of_temp_dir() from error
                if isinstance(event.failure.error, StorageFull):
                    raise event.failure.error
                if not (tries_left and _is_passing(event.failure.error)):
                    self._here.count(event)
                    return event.failure
                cancelled.wait(RETRY_S)
        raise AssertionError  # the last try returns


def _most_times_begun(files: JobFiles, numbers: Sequence[int], number: int) -> int:
    """How often a page may be begun: more often where others were begun again too.

    Processes that end whatever they read, as where machines are killed, do not end by the page.
    """
    others = 0
    for other in numbers:
        if others == MOST_TIMES_AMONG_OTHERS - MOST_TIMES_BEGUN:
            break
        others += other != number and files.times_begun(other) > 1
    return MOST_TIMES_BEGUN + others


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
        self._files, self._looked_s = files, time.monotonic()

    def is_set(self) -> bool:
        """Whether nothing more is to be read, as far as was known a moment ago."""
        now_s = time.monotonic()
        if now_s - self._looked_s >= CANCELLED_S:
            self._looked_s = now_s
            with suppress(JobsUnavailable):
                if self._files.is_cancelled:
                    self.set()
        return super().is_set()


def _is_passing(error: OcrServerError) -> bool:
    """Whether a page may be read at the next try: the server was busy, or lost a process."""
    is_late = isinstance(error, DeadlinePassed)
    return isinstance(error, LoadError | WorkerLost | EngineMissing) and not is_late
