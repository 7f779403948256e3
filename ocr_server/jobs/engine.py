"""What carries durable jobs: DBOS Transact, on SQLite or PostgreSQL; known here and to `flow`.

It holds ids and numbers only. This process looks into the queues itself, as the loops of DBOS
cannot be woken and cost more than all else: at once where somebody rings, else every few seconds.

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
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import TypeVar

from dbos import DBOS, DBOSClient, DBOSConfig, DBOSPortableJSONSerializer
from dbos import _dbos as launching
from dbos._core import execute_dequeued_workflow
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from ocr_server.jobs import flow
from ocr_server.jobs.flow import CHUNKS, ENDS, JOBS, VERSION, Reader, Stopping
from ocr_server.jobs.locks import Locks, locks_of, ring
from ocr_server.jobs.work_table import Begun, WorkTable

POLL_S = 2.0  # between looks into the queues, if nobody rings
DELAYED_S = 4.0  # between looks for what was delayed until now
UNUSED_S = 60.0  # between looks for what there is none of, such as schedules
TAKE_OVER_S = 1.0
LOST_S = 3.0  # so long, a workflow may be noted as begun or not yet as done, and no thread be at it
STRANDED_S = 60.0  # so long, jobs wait for processes of another version, if there is room here
LEFT_S = 600.0  # and if there is none
CLOSING_S = 0.05  # between looks whether work is done
JOIN_S = 5.0  # at the end, for each thread; one may wait for a database
_STRANDED = "stranded"  # the lock of whoever begins jobs anew

T = TypeVar("T")

log = logging.getLogger(__name__)


class JobEngine:
    """The engine in this process; there is one in a process."""

    def __init__(self, address: str, database: Engine) -> None:
        """With the database at the address that the setting `jobs` names."""
        self._address, self._database = address, database
        self._name = f"ocr-{os.urandom(8).hex()}"
        self._config: DBOSConfig = {
            "name": "ocr-server",
            "system_database_url": database.url.render_as_string(hide_password=False),
            "executor_id": self._name,
            "application_version": VERSION,
            "log_level": "WARNING",
            "sys_db_pool_size": 5,
            "notification_listener_polling_interval_sec": 1.0,  # its thread ends no sooner
            "scheduler_polling_interval_sec": UNUSED_S,
            "serializer": DBOSPortableJSONSerializer(),
            "enable_otlp": False,
        }
        self._slots = 0
        self._held: dict[str, float] = {}  # workflows that take a slot, and when they were claimed
        self._claiming = threading.Lock()
        self._bell = threading.Event()  # there may be work, or room for it
        self.rings = 0  # how often others may have enqueued something
        self.lapses = 0  # how often others may have taken this process for one that is gone
        self._is_gone = threading.Event()
        # Since when no process of this version takes up a job.
        self._stranded: dict[str, float] = {}
        # Since when nothing in this process is at a workflow.
        self._lost: dict[str, float] = {}
        self._threads = [
            threading.Thread(target=self._look_always, daemon=True, name="jobs-look"),
            threading.Thread(target=self._take_over, daemon=True, name="jobs-take-over"),
        ]

    def start(self, reader: Reader, *, slots: int) -> None:
        """Take up jobs, `slots` pages at a time; with 0 only enqueue them."""
        flow.begin(reader, self)
        self._is_over = reader.is_over
        _switch_off_loops()
        self._dbos = DBOS(config=self._config)
        DBOS.listen_queues([])  # this process looks for itself
        DBOS.launch()
        self._queues = {
            JOBS: DBOS.register_queue(JOBS, worker_concurrency=1),  # claimed at a time
            CHUNKS: DBOS.register_queue(CHUNKS, worker_concurrency=1),
            ENDS: DBOS.register_queue(ENDS),
        }
        self._client = DBOSClient(
            system_database_url=self._config["system_database_url"],
            serializer=DBOSPortableJSONSerializer(),
        )
        database = self._dbos._sys_db
        self._work = WorkTable(
            database.engine, database.tables.workflow_status, version=VERSION, queues=self._queues
        )
        self._slots = slots
        if slots:
            for thread in self._threads:
                thread.start()

    def enqueue(self, connection: Connection, job_id: str) -> None:
        """Enqueue a job in a transaction of the caller's: without its commit there is no job.

        It is looked for at once if `ring` is called after that.
        """
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

    def ring(self) -> None:
        """Tell all processes that something was enqueued; if that fails, they look in a while."""
        with suppress(OSError, SQLAlchemyError):
            ring(self._address, self._database)

    def cancel(self, job_id: str) -> None:
        """Begin no more pages of a job."""
        self._client.cancel_workflow(job_id, cancel_children=True)

    def forget(self, job_id: str) -> None:
        """Remove all that the engine knows of a job."""
        self._client.delete_workflows([job_id], delete_children=True)

    def begin_stranded(
        self, open_ids: Callable[[], Iterable[str]], before: Callable[[str], None]
    ) -> None:
        """Begin anew the jobs that nobody of this version takes up, as seen again and again.

        They wait for processes of another version, or nothing is known of jobs that are open; what
        was read of them is not read again. `before` is called with the id of each. One process at a
        time does this: another one would remove what this one has just enqueued.
        """
        with locks_of(self._address) as locks:
            if not locks.take(_STRANDED):
                return
            left = self._work.left()
            cared_for = {_job_of(work_id) for work_id, is_ours in left.items() if is_ours}
            now_s = time.monotonic()
            stranded = {*open_ids(), *map(_job_of, left)} - cared_for
            self._stranded = {one: self._stranded.get(one, now_s) for one in stranded}
            patience_s = STRANDED_S if self._room > 0 else LEFT_S
            for job_id, since_s in self._stranded.items():
                if now_s - since_s >= patience_s:
                    locks.prove_alive()
                    log.warning("jobs: beginning anew what no process of this version is at")
                    before(job_id)
                    self.forget(job_id)
                    with self._database.begin() as connection:
                        self.enqueue(connection, job_id)
                    self.ring()

    def finish(self, *, timeout_s: float) -> None:
        """Wait until the pages that are being read are done; the rest is left to other processes.

        Only after `is_over` of the reader was set. Jobs can still be enqueued and cancelled.
        """
        ends_s = time.monotonic() + timeout_s
        self._bell.set()
        while flow.running and time.monotonic() < ends_s:
            time.sleep(CLOSING_S)
        looking, taking_over = self._threads
        if self._slots:
            looking.join(JOIN_S)  # it may be claiming something
        DBOS.destroy()
        # Only now is this process's lock free: before, its pages would be begun again elsewhere.
        self._is_gone.set()
        if self._slots:
            taking_over.join(JOIN_S)

    def close(self) -> None:
        """Free what is left after `finish`."""
        self._client.destroy()

    def gives_way(self, number: int) -> bool:
        """Whether a job, which is begun, or a chunk of a lower number takes the slot of a chunk."""
        waiting = self._until_it_answers(self._work.waiting)
        with suppress(SQLAlchemyError):
            if JOBS in waiting and self._take(JOBS, slots=1):
                return True
        return waiting.get(CHUNKS, number) < number

    def knows(self, workflow_ids: Iterable[str]) -> bool:
        """Whether one of some workflows was ever enqueued."""
        ids = list(workflow_ids)
        return self._until_it_answers(lambda: self._work.knows(ids))

    def owns(self, workflow_id: str) -> bool:
        """Whether a workflow that this process is at is still its own."""
        mine = self._until_it_answers(lambda: self._work.begun_by(self._name))
        return workflow_id in {one.work_id for one in mine}

    def leave(self, workflow_id: str) -> None:
        """Note that a workflow takes no slot any more."""
        if self._held.pop(workflow_id, None) is not None:
            self._bell.set()

    def _look_always(self) -> None:
        """Begin what waits, if there are slots for it, until no more is to be begun."""
        moved_s = 0.0
        while not self._is_over.is_set():
            try:
                if time.monotonic() - moved_s >= DELAYED_S:
                    moved_s = time.monotonic()
                    self._dbos._sys_db.transition_delayed_workflows()
                waiting = self._work.waiting()
                for queue in (JOBS, CHUNKS):
                    if queue in waiting:
                        self._take(queue)
                if ENDS in waiting:
                    self._take(ENDS, slots=1)
            except Exception:  # whatever the database says, it may work again
                log.exception("jobs: what waits is not known")
            self._bell.wait(POLL_S)
            self._bell.clear()

    def _take(self, queue: str, *, slots: int | None = None) -> bool:
        """Begin what waits in a queue, in so many slots or all free ones; whether there was any."""
        with self._claiming:
            most, claimed = self._room if slots is None else slots, 0
            while claimed < most and not self._is_over.is_set() and self._claim(queue):
                claimed += 1
        return claimed > 0

    def _until_it_answers(self, ask: Callable[[], T]) -> T:
        """Ask the database, again and again while it does not answer.

        Raises:
            Stopping: the process ends.
        """
        while True:
            try:
                return ask()
            except SQLAlchemyError as error:
                log.warning("jobs: asked again, as the database fails: %s", type(error).__name__)
            if self._is_over.wait(TAKE_OVER_S):
                raise Stopping

    @property
    def _room(self) -> int:
        return 0 if self._is_over.is_set() else self._slots - len(self._held)

    def _claim(self, queue_name: str) -> bool:
        """Begin what waits in a queue, one workflow if each takes a slot; whether there was any.

        DBOS does this in a loop that nothing can wake, at 4 ms of processor a look.
        """
        owner = os.urandom(16).hex()
        database = self._dbos._sys_db
        ids, _ = database.start_queued_workflows(
            self._queues[queue_name], self._name, VERSION, None,
            owner_xid=owner, is_latest_version=False,
        )  # fmt: skip
        for status in database.get_workflow_statuses(ids) if ids else ():
            if queue_name != ENDS:
                self._held[status["workflow_uuid"]] = time.monotonic()
            execute_dequeued_workflow(self._dbos, status, owner)
        return bool(ids)

    def _take_over(self) -> None:
        """Put back into the queues what processes that are gone were at, until the engine ends."""
        while not self._is_gone.is_set():
            try:
                with locks_of(self._address) as locks:
                    while not locks.take(self._name):
                        if self._is_gone.wait(TAKE_OVER_S):
                            return
                    looked_s = 0.0
                    while not self._is_gone.is_set():
                        if time.monotonic() - looked_s >= TAKE_OVER_S:
                            looked_s = time.monotonic()
                            if not self._is_over.is_set():
                                self._look_round(locks)
                            locks.prove_alive()
                        if locks.wait(TAKE_OVER_S):
                            self.rings += 1
                            self._bell.set()
            except Exception:  # whatever the database says, it may work again
                log.exception("jobs: who is alive is not known")
                self.lapses += 1
                self._is_gone.wait(TAKE_OVER_S)

    def _look_round(self, locks: Locks) -> None:
        begun = self._work.begun()
        for name in {one.owner for one in begun} - {self._name}:
            if not locks.take(name):
                continue
            log.warning("jobs: taking over the work of a process that is gone")
            self._enqueue_again(self._work.begun_by(name))  # it may have ended in the meantime
            locks.leave(name)
        now_s = time.monotonic()
        for workflow_id, claimed_s in list(self._held.items()):
            if workflow_id not in flow.running and now_s - claimed_s > LOST_S:  # DBOS refused it
                self.leave(workflow_id)
        mine = [one for one in begun if one.owner == self._name]
        lost = [one for one in mine if one.work_id not in flow.running]
        self._lost = {one.work_id: self._lost.get(one.work_id, now_s) for one in lost}
        left = [one for one in lost if now_s - self._lost[one.work_id] > LOST_S]
        if left:
            log.warning("jobs: taking up work that a failure of the database ended")
            self._enqueue_again(left)

    def _enqueue_again(self, work: Sequence[Begun]) -> None:
        for queue in {one.queue for one in work}:
            ids = [one.work_id for one in work if one.queue == queue]
            DBOS.resume_workflows(ids, queue_name=queue)
        self.ring()


def _job_of(work_id: str) -> str:
    return work_id.partition("/")[0]


def _switch_off_loops() -> None:
    """Have DBOS run no loops for what nothing here uses, or is looked for here.

    Raises:
        RuntimeError: this version of DBOS has others.
    """
    for name in ("queue_thread", "background_jobs_thread"):
        if not hasattr(launching, name):
            raise RuntimeError(f"{launching.__name__} has no {name}, which jobs replace")
        setattr(launching, name, _no_loop)


def _no_loop(*_: object) -> None:
    """In the place of threads in which DBOS looks for queues, limits and what is delayed."""
