"""What becomes of a job, as workflows of the engine.

A job is a workflow for each chunk of its pages, the first of which is one page; each chunk enqueues
the next two. A page that was read has its file, and is never read again: workflows have no steps
but to enqueue others. None waits for another one, so that ten thousand jobs take no thread: at the
end of each chunk is looked whether it was the last one to be read. As others' pages may be seen
late, that is looked at again and again, too, from the end of the chunk of the last pages on.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from dbos import DBOS, SetEnqueueOptions, SetWorkflowID

if TYPE_CHECKING:
    from ocr_server.jobs.engine import JobEngine

VERSION = "jobs-3"  # of these workflows, not of the program: other versions' work is not taken
JOBS, CHUNKS, ENDS = "ocr-jobs", "ocr-chunks", "ocr-ends"
CHUNK_PAGES = 32  # a chunk gives way between pages
LEAST_TAIL_PAGES = 4
TAIL_SHARE = 8  # of what is left, the most in one chunk: at the end all workers have some
END_S = 30.0  # between looks whether a job has ended; a network folder may be seen as of 60 s ago
# Seconds before each try to call a webhook, after the one before.
WEBHOOK_DELAYS_S = (0.0, 5.0, 30.0, 300.0, 1800.0, 7200.0)
_FOREVER = 1_000_000  # attempts: pages count their own

log = logging.getLogger(__name__)


class Stopping(BaseException):
    """The process ends, or leaves work to be begun again.

    No `Exception`, as DBOS would note that as the outcome of the work.
    """


class Reader(Protocol):
    """Does the work of jobs; only `Stopping` is raised, whatever becomes of the work."""

    is_over: threading.Event  # set when nothing more is to be begun

    def count(self, job_id: str) -> int:
        """How many pages are to be read; 0 if the job was forgotten."""

    def read(self, job_id: str, position: int, *, follows: bool) -> bool:
        """Read a page, by its position; False if nothing was to be done, as it is read already.

        One that `follows` the page before it in its chunk is read first in the language of that.
        """

    def finish(self, job_id: str) -> bool:
        """End a job if all its pages were read or failed; False if some are to be read."""

    def has_webhook(self, job_id: str) -> bool:
        """Whether an address is to be told that a job has ended."""

    def call_webhook(self, job_id: str) -> bool:
        """Call the webhook; whether it must not be called again."""


# Of the process, as workflows are functions of the module.
_reader: Reader
_engine: JobEngine
running: set[str] = set()  # ids of workflows; the process ends only after what they are at


def begin(reader: Reader, engine: JobEngine) -> None:
    """Have the workflows of this process use a reader and an engine."""
    global _reader, _engine
    _reader, _engine = reader, engine


@DBOS.workflow(name="read_job", max_recovery_attempts=_FOREVER)
def read_job(job_id: str) -> None:
    """Begin a job: read its first chunk, which is a page, and have the others read."""
    with _at():
        _read_chunk(job_id, 0, 0, 1)


@DBOS.workflow(name="read_chunk", max_recovery_attempts=_FOREVER)
def read_chunk(job_id: str, number: int, first: int, last: int) -> None:
    """Read pages of a chunk of a job, by their positions: from `first` up to before `last`."""
    with _at():
        _read_chunk(job_id, number, first, last)


@DBOS.workflow(name="end_job", max_recovery_attempts=_FOREVER)
def end_job(job_id: str) -> None:
    """End a job if all its pages are seen, else look once more later."""
    with _at():
        _end(job_id, looks_again=True)


@DBOS.workflow(name="call_webhook", max_recovery_attempts=_FOREVER)
def call_webhook(job_id: str, tries: int) -> None:
    """Call the webhook of a job, and once more later if it does not answer.

    A workflow each, as one that sleeps would keep its process from ending.
    """
    with _at():
        if not _call(job_id) and tries + 1 < len(WEBHOOK_DELAYS_S):
            _enqueue_webhook(job_id, tries + 1)


def _read_chunk(job_id: str, number: int, first: int, last: int) -> None:
    """Read pages; the rest is put back into the queue if something waits that goes before it."""
    chunks = list(_chunks(_reader.count(job_id)))
    if not chunks:  # the job was forgotten, or its files are lost
        _end(job_id, looks_again=False)
        return
    if first == chunks[number][0]:
        _enqueue_next_two(job_id, number, chunks)
    seen, lapses = _engine.rings, _engine.lapses
    for position in range(first, last):
        _stop_if_over()
        was_read = _reader.read(job_id, position, follows=position > chunks[number][0])
        if position + 1 == last:
            break
        if not was_read and position == first and _is_left_to_others(job_id, first, last):
            return
        if lapses != _engine.lapses:
            lapses = _engine.lapses
            if not _engine.owns(f"{job_id}/{first}"):
                raise Stopping  # this process stood still, and another one is at it
        if seen != _engine.rings:
            seen = _engine.rings
            if _engine.gives_way(number):
                _enqueue_chunk(job_id, number, position + 1, last)
                _engine.ring()
                return
    _end(job_id, looks_again=last == chunks[-1][1])


def _end(job_id: str, *, looks_again: bool) -> None:
    if _reader.finish(job_id):
        _enqueue_webhook(job_id, 0)
    elif looks_again:
        look_id = f"{job_id}/end/{time.time_ns()}"
        with SetWorkflowID(look_id), SetEnqueueOptions(delay_seconds=END_S):
            DBOS.enqueue_workflow(ENDS, end_job, job_id)


def _stop_if_over() -> None:
    if _reader.is_over.is_set():
        raise Stopping


def _is_left_to_others(job_id: str, first: int, last: int) -> bool:
    """Whether a chunk that is begun again had put its rest back into the queue."""
    return _engine.knows(f"{job_id}/{position}" for position in range(first + 1, last))


@DBOS.step(name="call")
def _call(job_id: str) -> bool:
    return _reader.call_webhook(job_id)


def _chunks(total: int) -> Iterator[tuple[int, int]]:
    """First and last positions; small ones first, so that short documents use all workers."""
    first, size = 0, 1
    while first < total:
        last = min(first + size, total)
        yield first, last
        tail = max(LEAST_TAIL_PAGES, (total - last) // TAIL_SHARE)
        first, size = last, min(2 * size, CHUNK_PAGES, tail)


def _enqueue_chunk(job_id: str, number: int, first: int, last: int) -> None:
    """Enqueue a chunk; the k-th one of each job goes before anybody's k+1st."""
    with SetWorkflowID(f"{job_id}/{first}"), SetEnqueueOptions(priority=number):
        DBOS.enqueue_workflow(CHUNKS, read_chunk, job_id, number, first, last)


def _enqueue_next_two(job_id: str, number: int, chunks: Sequence[tuple[int, int]]) -> None:
    """Enqueue the two chunks that follow a chunk; the rest of one has none of its own."""
    following = range(2 * number + 1, min(2 * number + 3, len(chunks)))
    for later in following:
        _enqueue_chunk(job_id, later, *chunks[later])
    if following:
        _engine.ring()


def _enqueue_webhook(job_id: str, tries: int) -> None:
    if not tries and not _reader.has_webhook(job_id):
        return
    delay_s = WEBHOOK_DELAYS_S[tries] or None
    with SetWorkflowID(f"{job_id}/webhook/{tries}"), SetEnqueueOptions(delay_seconds=delay_s):
        DBOS.enqueue_workflow(ENDS, call_webhook, job_id, tries)
    _engine.ring()


@contextmanager
def _at() -> Iterator[None]:
    """Note that the current workflow has a thread.

    Raises:
        Stopping: the process ends, or the work failed; the engine puts it back into the queue.
    """
    workflow_id = DBOS.workflow_id
    assert workflow_id is not None  # noqa: S101  # called by workflows
    running.add(workflow_id)
    try:
        _stop_if_over()
        yield
    except Exception as error:  # which DBOS would note as the outcome, and the rest be lost
        log.exception("jobs: begun again, as it failed")
        raise Stopping from error
    finally:
        running.discard(workflow_id)
        _engine.leave(workflow_id)
