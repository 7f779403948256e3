"""Slots: worker processes that decode and read, killed and replaced as one group.

A slot is one process at a time, in a process group of its own with what it starts. Python's
own ProcessPoolExecutor with a single process serves as each slot: a shared pool would lose every
slot when one process is killed, and offers no way to end a task. Deadline, hang-up and crash
end alike: the group is killed, reaped, and the slot gets a new process.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from ocr_server.deadline import Deadline
from ocr_server.desk import Task, start_worker, work
from ocr_server.errors import ClientGone, Draining, LoadError, OutOfMemory, WorkerLost
from ocr_server.settings import Settings
from ocr_server.sharing import Share, Shares

P = ParamSpec("P")
T = TypeVar("T")

LOOK_S = 0.1  # how often a waiting thread looks for a deadline or a hang-up
GRACE_S = 2.0  # a worker that ends by itself at its deadline keeps what it has read so far
TASKS_PER_WORKER = 500  # then a fresh process: whatever leaks in native code leaks no further
PRELOAD = ["ocr_server.tasks"]  # so that a new worker is a fork, not an import


class Workers(Protocol):
    """Where tasks run."""

    @property
    def slots(self) -> int:
        """How many tasks run at the same time."""

    @property
    def busy(self) -> int:
        """How many run now."""

    @property
    def restarts(self) -> int:
        """How many processes were replaced so far."""

    def run(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What `task(desk, …)` returns.

        Raises:
            ClientGone: `cancelled` was set; the work is dead.
            DeadlinePassed: the time was over; the work is dead.
            WorkerLost: its process died.
            OcrServerError: whatever the task raises.
        """

    def close(self) -> None:
        """End all work and every process."""


class ProcessWorkers:
    """One process for each slot."""

    def __init__(self, settings: Settings) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        start = partial(start_worker, settings.worker_bytes)
        self._shares = Shares(settings.slots)
        self._slots = [_Slot(self._context, start, share) for share in self._shares.all]
        self._turns = _Turns(self._slots)
        self._task_timeout_s = settings.page_timeout_s

    @property
    def slots(self) -> int:
        """How many tasks run at the same time."""
        return len(self._slots)

    @property
    def busy(self) -> int:
        """How many run now."""
        return self.slots - self._turns.idle

    @property
    def restarts(self) -> int:
        """How many processes were replaced so far."""
        return sum(slot.restarts for slot in self._slots)

    def run(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """What `task(desk, …)` returns; see `Workers.run`."""
        with self._turns.turn(deadline, cancelled) as slot:
            soon = self._soon(deadline)
            return slot.run(task, soon, cancelled, *args, **kwargs)

    def close(self) -> None:
        """End all work and every process."""
        for slot in self._slots:
            slot.close()
        self._shares.close()

    def _soon(self, deadline: Deadline) -> Deadline:
        """A task's own time begins when it does, not while it waits for its turn."""
        return deadline.sooner(self._task_timeout_s, setting="OCR_PAGE_TIMEOUT_S")


class _Turns:
    """Idle slots, handed out in the order in which they were asked for."""

    def __init__(self, slots: list[_Slot]) -> None:
        self._lock = threading.Lock()
        self._idle = deque(slots)
        self._waiting: deque[Future[_Slot]] = deque()

    @property
    def idle(self) -> int:
        """How many slots nobody has."""
        return len(self._idle)

    @contextmanager
    def turn(self, deadline: Deadline, cancelled: threading.Event) -> Iterator[_Slot]:
        """A slot of one's own for the length of a with-block."""
        ticket: Future[_Slot] = Future()
        with self._lock:
            if self._idle:
                ticket.set_result(self._idle.popleft())
            else:
                self._waiting.append(ticket)
        try:
            _await(ticket, deadline, cancelled)
        except BaseException:
            if not ticket.cancel():
                self._give_back(ticket.result())
            raise
        slot = ticket.result()
        try:
            yield slot
        finally:
            self._give_back(slot)

    def _give_back(self, slot: _Slot) -> None:
        with self._lock:
            while self._waiting:
                ticket = self._waiting.popleft()
                if ticket.set_running_or_notify_cancel():
                    ticket.set_result(slot)
                    return
            self._idle.append(slot)


class _Slot:
    """One process at a time."""

    def __init__(
        self,
        context: multiprocessing.context.ForkServerContext,
        start: Callable[[], None],
        share: Share,
    ) -> None:
        self._context, self._start, self._share = context, start, share
        self._closed = False
        self._shutting_down = threading.Lock()
        self.restarts = 0
        self._renew()

    def run(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        future = self._submit(partial(work, task, deadline, self._share, *args, **kwargs))
        last_moment = replace(deadline, expires_at_s=deadline.expires_at_s + GRACE_S)
        try:
            _await(future, last_moment, cancelled, look=self._notice_death)
        except LoadError:
            self._replace()
            raise
        try:
            result = future.result()
        except BrokenProcessPool as error:
            self._replace()
            raise WorkerLost(
                "The process that read this page died and was replaced. Send the page again; if "
                "it happens again, the page may need more memory than the server has."
            ) from error
        except OutOfMemory:  # its traceback keeps what was decoded alive in the process
            self._replace()
            raise
        self._tasks += 1
        if self._tasks >= TASKS_PER_WORKER:
            self._replace()
        return result

    def close(self) -> None:
        """Let the process end by itself, kill it if it does not."""
        self._closed = True
        patience = threading.Timer(GRACE_S, self._kill)
        patience.start()
        self._shut_down()
        patience.cancel()

    def _submit(self, work: Callable[[], T]) -> Future[T]:
        if self._closed:
            raise Draining("The server is shutting down. Send the request again.")
        if self._has_died():  # killed while idle: no fault of this task
            self._replace()
        return self._executor.submit(work)

    def _has_died(self) -> bool:
        """Whether the process is gone already; one that still starts is not."""
        if not self._pid.done():
            return False
        try:
            os.kill(self._pid.result(), 0)  # only asks
        except (BrokenProcessPool, ProcessLookupError):
            return True
        return False

    def _notice_death(self) -> None:
        if self._has_died():
            self._close_answers()

    def _replace(self) -> None:
        self._end()
        if not self._closed:
            self.restarts += 1
            self._renew()

    def _end(self) -> None:
        """Kill the process and all that it started, and reap it."""
        self._kill()
        self._close_answers()
        self._shut_down()

    def _close_answers(self) -> None:
        """Let the pool see the end of its pipe when the process is dead.

        The pool holds the writing end too: of a process that was killed in the middle of an
        answer it would wait for the rest for ever.
        """
        answers = self._executor._result_queue
        if answers is not None:  # the pool has let go of it already
            answers._writer.close()  # type: ignore[attr-defined]

    def _kill(self) -> None:
        with suppress(Exception):  # it died before it could say its number, or has ended
            os.killpg(self._pid.result(timeout=GRACE_S), signal.SIGKILL)

    def _shut_down(self) -> None:
        with self._shutting_down:  # two at a time would close each other's files
            self._executor.shutdown(wait=True, cancel_futures=True)

    def _renew(self) -> None:
        self._tasks = 0
        self._executor = ProcessPoolExecutor(1, mp_context=self._context, initializer=self._start)
        self._pid = self._executor.submit(os.getpid)


def _await(
    future: Future[T],
    deadline: Deadline,
    cancelled: threading.Event,
    *,
    look: Callable[[], None] = lambda: None,
) -> None:
    """Wait until a future is done, and `look` now and then.

    Raises:
        ClientGone: `cancelled` was set first.
        DeadlinePassed: the time was over first.
    """
    while not wait([future], timeout=min(LOOK_S, deadline.left_s())).done:
        if cancelled.is_set():
            raise ClientGone("The client hung up.")
        deadline.check()
        look()
