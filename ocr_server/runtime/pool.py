"""The pool of worker processes; its slots are handed out in the order of requests."""

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
from ocr_server.runtime.language_detector import LanguageDetector
from ocr_server.runtime.worker_context import Task, start_worker, work
from ocr_server.runtime.worker_process import WorkerProcess
from ocr_server.settings import MIB, Settings

P = ParamSpec("P")
T = TypeVar("T")

PRELOAD = ["ocr_server.tasks"]  # imported once by the fork server, not by each new worker
# The detector holds 65 MiB, and half as much again for a moment while its model is loaded.
MOST_DETECTOR_BYTES = 192 * MIB


class WorkerPool(Protocol):
    """Runs tasks in worker processes."""

    @property
    def slots(self) -> int:
        """How many tasks can run at the same time."""

    @property
    def busy(self) -> int:
        """How many tasks run now."""

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
        """Run `task(context, *args, **kwargs)` in a worker process and return its result.

        Raises:
            ClientGone: `cancelled` was set; the task was killed.
            DeadlinePassed: the time is over; the task was killed.
            WorkerLost: the process died.
            OcrServerError: any error that the task raises.
        """

    def close(self) -> None:
        """End all tasks and processes."""


class ProcessWorkerPool:
    """A pool with one process for each slot."""

    def __init__(self, settings: Settings) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        start = partial(start_worker, settings.worker_bytes)
        start_detector = partial(start_worker, MOST_DETECTOR_BYTES)
        self._detector = LanguageDetector(partial(WorkerProcess, self._context, start_detector))
        self._cpu_shares = CpuShares(settings.slots)
        self._locks = {
            WorkerProcess(self._context, start, self._answer): lock for lock in self._cpu_shares.all
        }
        self._slots = list(self._locks)
        self._idle_queue = _IdleQueue(self._slots)
        self._task_timeout_s = settings.page_timeout_s

    @property
    def slots(self) -> int:
        """How many tasks can run at the same time."""
        return len(self._slots)

    @property
    def busy(self) -> int:
        """How many tasks run now."""
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
        """Run `task(context, *args, **kwargs)` in the next idle process and return its result.

        Raises:
            ClientGone: `cancelled` was set; the task was killed.
            DeadlinePassed: the time of the request or the task is over; the task was killed.
            WorkerLost: the process died.
            OcrServerError: any error that the task raises.
        """
        with self._idle_queue.borrow(deadline, cancelled) as slot:
            task_deadline = self._task_deadline(deadline)
            call = partial(work, task, task_deadline, self._locks[slot], *args, **kwargs)
            return slot.run(call, task_deadline, cancelled)

    def close(self) -> None:
        """End all tasks and processes."""
        for slot in self._slots:
            slot.close()
        self._detector.close()
        self._cpu_shares.close()

    def _answer(self, question: tuple[str, tuple[str, ...]], deadline: Deadline) -> object:
        """The answer to the only kind of question that tasks have: the language of a text."""
        text, codes = question
        return self._detector.rank(text, codes, deadline)

    def _task_deadline(self, deadline: Deadline) -> Deadline:
        """The deadline of a task that starts now; its time does not include waiting for a slot."""
        return deadline.sooner(self._task_timeout_s, setting="OCR_PAGE_TIMEOUT_S")


class _IdleQueue:
    """Idle slots, handed out in the order of requests."""

    def __init__(self, slots: list[WorkerProcess]) -> None:
        self._lock = threading.Lock()
        self._idle = deque(slots)
        self._waiting: deque[Future[WorkerProcess]] = deque()

    @property
    def idle(self) -> int:
        """Number of idle slots."""
        return len(self._idle)

    @contextmanager
    def borrow(self, deadline: Deadline, cancelled: threading.Event) -> Iterator[WorkerProcess]:
        """Yield a slot for exclusive use in a with-block; waits until one is idle.

        Raises:
            ClientGone: `cancelled` was set.
            DeadlinePassed: the time is over.
        """
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
    """Wait until a slot is assigned.

    Raises:
        ClientGone: `cancelled` is set.
        DeadlinePassed: the time is over, even if a slot is free.
    """
    while True:
        if cancelled.is_set():
            raise ClientGone("The client hung up.")
        deadline.check()
        if ticket.done():
            return
        wait([ticket], timeout=min(POLL_INTERVAL_S, deadline.left_s()))
