"""Where tasks run: slots, handed out in the order in which they were asked for."""

from __future__ import annotations

import multiprocessing
import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from ocr_server.cpu_shares import CpuShares
from ocr_server.deadline import POLL_INTERVAL_S, Deadline
from ocr_server.errors import ClientGone
from ocr_server.runtime.worker_context import Task, start_worker, work
from ocr_server.runtime.worker_process import WorkerProcess
from ocr_server.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

PRELOAD = ["ocr_server.tasks"]  # so that a new worker is a fork, not an import


class WorkerPool(Protocol):
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
        """What `task(context, …)` returns.

        Raises:
            ClientGone: `cancelled` was set; the work is dead.
            DeadlinePassed: the time was over; the work is dead.
            WorkerLost: its process died.
            OcrServerError: whatever the task raises.
        """

    def close(self) -> None:
        """End all work and every process."""


class ProcessWorkerPool:
    """One process for each slot."""

    def __init__(self, settings: Settings) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        start = partial(start_worker, settings.worker_bytes)
        self._cpu_shares = CpuShares(settings.slots)
        self._slots = [
            WorkerProcess(self._context, start, slot_lock) for slot_lock in self._cpu_shares.all
        ]
        self._idle_queue = _IdleQueue(self._slots)
        self._task_timeout_s = settings.page_timeout_s

    @property
    def slots(self) -> int:
        """How many tasks run at the same time."""
        return len(self._slots)

    @property
    def busy(self) -> int:
        """How many run now."""
        return self.slots - self._idle_queue.idle

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
        """What `task(context, …)` returns; see `WorkerPool.run`."""
        with self._idle_queue.borrow(deadline, cancelled) as slot:
            soon = self._soon(deadline)
            call = partial(work, task, soon, slot.slot_lock, *args, **kwargs)
            return slot.run(call, soon, cancelled)

    def close(self) -> None:
        """End all work and every process."""
        for slot in self._slots:
            slot.close()
        self._cpu_shares.close()

    def _soon(self, deadline: Deadline) -> Deadline:
        """A task's own time begins when it does, not while it waits for a slot."""
        return deadline.sooner(self._task_timeout_s, setting="OCR_PAGE_TIMEOUT_S")


class _IdleQueue:
    """Idle slots, handed out in the order in which they were asked for."""

    def __init__(self, slots: list[WorkerProcess]) -> None:
        self._lock = threading.Lock()
        self._idle = deque(slots)
        self._waiting: deque[Future[WorkerProcess]] = deque()

    @property
    def idle(self) -> int:
        """How many slots nobody has."""
        return len(self._idle)

    @contextmanager
    def borrow(self, deadline: Deadline, cancelled: threading.Event) -> Iterator[WorkerProcess]:
        """A slot of one's own for the length of a with-block."""
        ticket: Future[WorkerProcess] = Future()
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

    def _give_back(self, slot: WorkerProcess) -> None:
        with self._lock:
            while self._waiting:
                ticket = self._waiting.popleft()
                if ticket.set_running_or_notify_cancel():
                    ticket.set_result(slot)
                    return
            self._idle.append(slot)


def _await(ticket: Future[WorkerProcess], deadline: Deadline, cancelled: threading.Event) -> None:
    """Wait until a slot is free.

    Raises:
        ClientGone: `cancelled` is set.
        DeadlinePassed: the time is over; a slot that was free all the time is of no use then.
    """
    while True:
        if cancelled.is_set():
            raise ClientGone("The client hung up.")
        deadline.check()
        if ticket.done():
            return
        wait([ticket], timeout=min(POLL_INTERVAL_S, deadline.left_s()))
