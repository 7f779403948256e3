"""What carries durable jobs: DBOS Transact, on SQLite or PostgreSQL; known to this module alone.

A job is a workflow, which enqueues a workflow for every few pages (a chunk), in which each page is
a step: a page that was read is never read again. The engine holds ids and numbers only.

DBOS takes up what its own process left behind. What processes that are gone left is taken over
here: each process holds a lock of its own, which the system frees when it dies, and who sees a free
lock puts that process's work back into the queues. So does a process with work of its own that no
thread is at: DBOS ends a workflow's thread when the database does not answer.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

from dbos import (
    DBOS,
    DBOSClient,
    DBOSConfig,
    DBOSPortableJSONSerializer,
    SetEnqueueOptions,
    SetWorkflowID,
    WorkflowStatus,
)
from sqlalchemy.engine import Connection, Engine

from ocr_server.jobs.locks import Locks, locks_of

VERSION = "jobs-2"  # of the workflows below, not of the program: other versions' work is not taken
JOBS, CHUNKS, WEBHOOKS = "ocr-jobs", "ocr-chunks", "ocr-webhooks"
FIRSTS = "ocr-first-chunks"  # of each job: they need not wait until a chunk gives way
AHEAD = 1  # chunk that waits for a slot, which else would be idle while the next is looked for
CHUNK_PAGES = 32  # a chunk gives way between pages, and each costs a look into the queue
LEAST_TAIL_PAGES = 4
TAIL_SHARE = 8  # of what is left, the most in one chunk: at the end all workers have some
MOST_CHUNKS = 16  # of a job, enqueued at a time
NEWEST = 50  # chunks that are looked at between pages, whether one of them goes before
POLL_S = 0.25  # a look into a queue costs 2 to 3 ms of processor
UNUSED_S = 60.0  # between looks for schedules: there are none
TAKE_OVER_S = 1.0
LOST_S = 3.0  # so long, a workflow may be noted as begun or not yet as done, and no thread be at it
CLOSING_S = 0.05  # between looks whether work is done
_FOREVER = 1_000_000  # attempts: pages count their own
# Seconds before each try to call a webhook, after the one before.
WEBHOOK_DELAYS_S = (0.0, 5.0, 30.0, 300.0, 1800.0, 7200.0)

log = logging.getLogger(__name__)


class Stopping(BaseException):
    """The process ends; no `Exception`, as DBOS would note that as the outcome of the work."""


class Reader(Protocol):
    """Does the work of jobs; only `Stopping` is raised, whatever becomes of the work."""

    is_over: threading.Event  # set when nothing more is to be begun

    def count(self, job_id: str) -> int:
        """How many pages are to be read; 0 if the job was forgotten."""

    def read(self, job_id: str, position: int, priority: int) -> None:
        """Read a page, by its position, unless it is read; the lowest priority is read first."""

    def is_settled(self, job_id: str, first: int, last: int) -> bool:
        """Whether pages, by their positions, are read or failed, or are not to be read any more."""

    def finish(self, job_id: str) -> bool:
        """Note that all pages were read or failed; returns whether a webhook is to be called."""

    def call_webhook(self, job_id: str) -> bool:
        """Call the webhook; whether it must not be called again."""


_reader: Reader  # of the process, as workflows are functions of the module
# Workflows by id, and whether the process ends only after what they are at.
_running: dict[str, bool] = {}
_looked_s = 0.0  # when chunks were looked at


class JobEngine:
    """The engine in this process; there is one in a process."""

    def __init__(self, address: str, database: Engine) -> None:
        """With the database at the address that the setting `jobs` names."""
        self._address, self._database = address, database
        self._name = f"ocr-{os.urandom(8).hex()}"
        self._client: DBOSClient | None = None
        self._is_gone = threading.Event()
        self._lost: dict[str, float] = {}  # since when nothing in this process is at a workflow
        self._watch = threading.Thread(target=self._take_over, daemon=True, name="jobs-take-over")

    def start(self, reader: Reader, *, slots: int) -> None:
        """Take up jobs, in chunks for `slots` pages at a time; with 0 only enqueue them.

        The reader sees to it that no more pages are read at a time.
        """
        global _reader  # noqa: PLW0603
        _reader = reader
        config: DBOSConfig = {
            "name": "ocr-server",
            "system_database_url": self._database.url.render_as_string(hide_password=False),
            "executor_id": self._name,
            "application_version": VERSION,
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
            "notification_listener_polling_interval_sec": 1.0,  # its thread ends no sooner
            "scheduler_polling_interval_sec": UNUSED_S,
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
        }
        DBOS(config=config)
        most = max(1, slots)
        DBOS.listen_queues([JOBS, FIRSTS, CHUNKS, WEBHOOKS] if slots else [])
        DBOS.launch()
        DBOS.register_queue(JOBS, polling_interval_sec=POLL_S)
        DBOS.register_queue(FIRSTS, worker_concurrency=most, polling_interval_sec=POLL_S)
        DBOS.register_queue(
            CHUNKS, worker_concurrency=most + AHEAD, polling_interval_sec=2 * POLL_S
        )
        DBOS.register_queue(WEBHOOKS, polling_interval_sec=8 * POLL_S)
        self._client = DBOSClient(
            system_database_url=config["system_database_url"],
            serializer=DBOSPortableJSONSerializer(),
        )
        if slots:
            self._watch.start()

    def enqueue(self, connection: Connection, job_id: str) -> None:
        """Enqueue a job in a transaction of the caller's: without its commit there is no job."""
        assert self._client is not None  # noqa: S101  # started
        self._client.enqueue_in_transaction(
            connection,
            {
                "queue_name": JOBS,
                "workflow_name": "read_job",
                "workflow_id": job_id,
                "app_version": VERSION,
            },
            job_id,
        )

    def cancel(self, job_id: str) -> None:
        """Begin no more pages of a job."""
        assert self._client is not None  # noqa: S101  # started
        self._client.cancel_workflow(job_id, cancel_children=True)

    def forget(self, job_id: str) -> None:
        """Remove all that the engine knows of a job."""
        assert self._client is not None  # noqa: S101  # started
        self._client.delete_workflows([job_id], delete_children=True)

    def finish(self, *, timeout_s: float) -> None:
        """Wait until the pages that are being read are done; the rest is left to other processes.

        Only after `is_over` of the reader was set. Jobs can still be enqueued and cancelled.
        """
        ends_s = time.monotonic() + timeout_s
        while any(list(_running.values())) and time.monotonic() < ends_s:
            time.sleep(CLOSING_S)
        DBOS.destroy()
        # Only now is this process's lock free: before, its pages would be begun again elsewhere.
        self._is_gone.set()
        if self._watch.ident is not None:
            self._watch.join()

    def close(self) -> None:
        """Free what is left after `finish`."""
        if self._client is not None:
            self._client.destroy()

    def _take_over(self) -> None:
        """Put back into the queues what processes that are gone were at, until the engine ends."""
        while not self._is_gone.is_set():
            try:
                with locks_of(self._address) as locks:
                    while not locks.take(self._name):
                        if self._is_gone.wait(TAKE_OVER_S):
                            return
                    while not self._is_gone.wait(TAKE_OVER_S):
                        if not _reader.is_over.is_set():
                            self._look_round(locks)
                        locks.prove_alive()
            except Exception:  # whatever the database says, it may work again
                log.exception("jobs: who is alive is not known")
                self._is_gone.wait(TAKE_OVER_S)

    def _look_round(self, locks: Locks) -> None:
        begun = _pending()
        for name in {one.executor_id for one in begun if one.executor_id} - {self._name}:
            if not locks.take(name):
                continue
            log.warning("jobs: taking over the work of a process that is gone")
            _enqueue_again(_pending(name))  # listed again: it may have ended in the meantime
            locks.leave(name)
        now_s = time.monotonic()
        mine = [one for one in begun if one.executor_id == self._name]
        lost = [one for one in mine if one.workflow_id not in _running]
        self._lost = {one.workflow_id: self._lost.get(one.workflow_id, now_s) for one in lost}
        left = [one for one in lost if now_s - self._lost[one.workflow_id] > LOST_S]
        if left:
            log.warning("jobs: taking up work that a failure of the database ended")
            _enqueue_again(left)


@DBOS.workflow(name="read_job", max_recovery_attempts=_FOREVER)
def read_job(job_id: str) -> None:
    """Read the pages of a job, chunk by chunk, and call its webhook."""
    with _at(must_finish=False):
        _read_chunks(job_id)
        if _finish(job_id):
            _enqueue_webhook(job_id, 0)


@DBOS.workflow(name="read_chunk", max_recovery_attempts=_FOREVER)
def read_chunk(job_id: str, first: int, last: int, priority: int) -> None:
    """Read pages of a job, by their positions: from `first` up to `last`, which is excluded.

    The rest is put back into the queue if a chunk waits that goes before this one.
    """
    with _at(must_finish=True):
        for position in range(first, last):
            if _reader.is_over.is_set():
                raise Stopping
            must_wait = _read(job_id, position, priority)
            if must_wait and position + 1 < last:
                _enqueue_chunk(job_id, position + 1, last, priority)
                return


@DBOS.workflow(name="call_webhook", max_recovery_attempts=_FOREVER)
def call_webhook(job_id: str, tries: int) -> None:
    """Call the webhook of a job, and once more later if it does not answer.

    A workflow each, as one that sleeps would keep its process from ending.
    """
    with _at(must_finish=True):
        if not _call(job_id) and tries + 1 < len(WEBHOOK_DELAYS_S):
            _enqueue_webhook(job_id, tries + 1)


def _read_chunks(job_id: str) -> None:
    total = _count(job_id)
    window: deque[tuple[int, int]] = deque()
    # The k-th chunk of each job goes before anybody's k+1st.
    for priority, (first, last) in enumerate(_chunks(total), 1):
        if len(window) >= MOST_CHUNKS:
            _await(job_id, *window.popleft())
        _enqueue_chunk(job_id, first, last, priority)
        window.append((first, last))
    for chunk in window:
        _await(job_id, *chunk)


@DBOS.step(name="count")
def _count(job_id: str) -> int:
    return _reader.count(job_id)


@DBOS.step(name="read")
def _read(job_id: str, position: int, priority: int) -> bool:
    """Read a page; whether another chunk goes before the next one, as a step's result is kept."""
    global _looked_s  # noqa: PLW0603
    _reader.read(job_id, position, priority)
    if time.monotonic() - _looked_s < 2 * POLL_S:
        return False
    _looked_s = time.monotonic()
    newest = DBOS.list_queued_workflows(
        queue_name=CHUNKS, sort_desc=True, limit=NEWEST, load_input=False
    )
    return any((one.priority or priority) < priority for one in newest)


@DBOS.step(name="finish")
def _finish(job_id: str) -> bool:
    return _reader.finish(job_id)


@DBOS.step(name="call")
def _call(job_id: str) -> bool:
    return _reader.call_webhook(job_id)


def _await(job_id: str, first: int, last: int) -> None:
    """Wait for a chunk; the engine's own waiting ends neither with process nor forgotten job."""
    while not _reader.is_settled(job_id, first, last):
        if _reader.is_over.wait(2 * POLL_S):
            raise Stopping


def _chunks(total: int) -> Iterator[tuple[int, int]]:
    """First and last positions; small ones first, so that short documents use all workers."""
    first, size = 0, 1
    while first < total:
        last = min(first + size, total)
        yield first, last
        tail = max(LEAST_TAIL_PAGES, (total - last) // TAIL_SHARE)
        first, size = last, min(2 * size, CHUNK_PAGES, tail)


def _enqueue_chunk(job_id: str, first: int, last: int, priority: int) -> None:
    with SetWorkflowID(f"{job_id}/{first}"), SetEnqueueOptions(priority=priority):
        queue = CHUNKS if first else FIRSTS
        DBOS.enqueue_workflow(queue, read_chunk, job_id, first, last, priority)


def _enqueue_webhook(job_id: str, tries: int) -> None:
    delay_s = WEBHOOK_DELAYS_S[tries] or None
    with SetWorkflowID(f"{job_id}/webhook/{tries}"), SetEnqueueOptions(delay_seconds=delay_s):
        DBOS.enqueue_workflow(WEBHOOKS, call_webhook, job_id, tries)


@contextmanager
def _at(*, must_finish: bool) -> Iterator[None]:
    """Note that the current workflow has a thread; with `must_finish` the process waits for it.

    Raises:
        Stopping: the process ends.
    """
    workflow_id = DBOS.workflow_id
    assert workflow_id is not None  # noqa: S101  # called by workflows
    _running[workflow_id] = must_finish
    try:
        if _reader.is_over.is_set():
            raise Stopping
        yield
    finally:
        del _running[workflow_id]


def _pending(executor_id: str | None = None) -> list[WorkflowStatus]:
    """The workflows that were begun and have not ended, by a process or any."""
    return DBOS.list_workflows(
        status="PENDING", executor_id=executor_id, load_input=False, load_output=False
    )


def _enqueue_again(workflows: list[WorkflowStatus]) -> None:
    for queue in {one.queue_name for one in workflows}:
        ids = [one.workflow_id for one in workflows if one.queue_name == queue]
        DBOS.resume_workflows(ids, queue_name=queue)
