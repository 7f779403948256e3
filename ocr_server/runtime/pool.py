"""The pool of worker processes."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from copy import copy
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from ocr_server import traces
from ocr_server.cgroup import fits_detector, memory_limit_bytes
from ocr_server.cpu_shares import CpuShares
from ocr_server.deadline import Deadline
from ocr_server.document.languages import Guess
from ocr_server.errors import NoWorker
from ocr_server.runtime.fork_server import ForkServer
from ocr_server.runtime.idle_queue import IdleQueue
from ocr_server.runtime.language_detector import LanguageDetector
from ocr_server.runtime.worker_context import Task, start_worker
from ocr_server.runtime.worker_process import WorkerProcess, serve
from ocr_server.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_S = 10.0  # a process that has nothing to do answers at once, on a loaded machine later


class WorkerPool(Protocol):
    """Runs tasks in worker processes."""

    @property
    def slots(self) -> int:
        """How many tasks can run at the same time."""

    @property
    def busy(self) -> int:
        """How many tasks run now."""

    @property
    def alive(self) -> int:
        """How many slots have a process."""

    @property
    def open_network(self) -> str:
        """Why workers can reach the network; empty if they cannot."""

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
            NoWorker: no slot has a process.
            WorkerLost: the process died.
            OcrServerError: any error that the task raises.
        """

    @property
    def behind_requests(self) -> WorkerPool:
        """The same pool for work that waits for a slot behind all that came by requests."""

    def check_idle(self, least_s: float) -> None:
        """Replace processes that do not answer, of slots that were idle for at least so long."""

    def for_pages(self, count: int) -> WorkerPool:
        """The same pool for tasks that may take as long as so many pages."""

    def close(self) -> None:
        """End all tasks and processes."""


class ProcessWorkerPool:
    """A pool with one process for each slot."""

    _is_last = False  # whether its work waits behind all other

    def __init__(self, settings: Settings) -> None:
        """Start the processes.

        Raises:
            NoWorker: they do not start.
        """
        self._task_timeout_s = settings.page_timeout_s
        start = partial(serve, partial(start_worker, settings.worker_bytes))
        with ExitStack() as begun:
            self._cpu_shares = begun.enter_context(closing(CpuShares(settings.slots)))
            # The detector of languages takes no slot, but its process holds a lock like any other.
            self._detector_share = begun.enter_context(closing(CpuShares(1)))
            locks = self._cpu_shares.all
            files = self._cpu_shares.files + self._detector_share.files
            try:
                self._fork_server = ForkServer(start, files=files)
                begun.callback(self._fork_server.close)
                start_detector = partial(
                    WorkerProcess, self._fork_server, self._detector_share.all[0]
                )
                self._detector = LanguageDetector(start_detector)
                fits = fits_detector(memory_limit_bytes(), settings.slots)
                rank = self._detector.rank if fits else _tell_nothing
                self._slots = [WorkerProcess(self._fork_server, lock, rank) for lock in locks]
            except OSError as error:
                raise NoWorker(
                    f"No process that reads pages can be started: {error}. "
                    "Memory, processes or open files may be limited."
                ) from error
            begun.pop_all()
        self._idle_queue = IdleQueue(self._slots)

    @property
    def slots(self) -> int:
        """How many tasks can run at the same time."""
        return len(self._slots)

    @property
    def busy(self) -> int:
        """How many tasks run now."""
        return self._idle_queue.busy

    @property
    def alive(self) -> int:
        """How many slots have a process."""
        return self._idle_queue.alive

    @property
    def open_network(self) -> str:
        """Why workers can reach the network; empty if they cannot."""
        return self._fork_server.open_network

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
            NoWorker: no slot has a process.
            WorkerLost: the process died.
            OcrServerError: any error that the task raises.
        """
        with (
            self._idle_queue.borrow(deadline, cancelled, is_last=self._is_last) as slot,
            traces.span(task.__name__),
        ):
            return slot.run(task, self._task_deadline(deadline), cancelled, *args, **kwargs)

    @property
    def behind_requests(self) -> ProcessWorkerPool:
        """The same pool for work that waits for a slot behind all that came by requests."""
        pool = copy(self)
        pool._is_last = True
        return pool

    def check_idle(self, least_s: float) -> None:
        """Replace processes that do not answer, of slots that were idle for at least so long."""

        def check(_number: int) -> None:
            with self._idle_queue.borrow_idle(least_s) as slot:
                if slot:
                    slot.check(ANSWER_S)

        # All at once: many that have stopped take no longer than one of them.
        with ThreadPoolExecutor(self.slots, "check") as threads:
            list(threads.map(check, range(self.slots)))

    def for_pages(self, count: int) -> ProcessWorkerPool:
        """The same pool for tasks that may take as long as so many pages."""
        pool = copy(self)
        pool._task_timeout_s *= max(1, count)
        return pool

    def close(self) -> None:
        """End all tasks and processes."""
        for slot in self._slots:
            slot.close()
        self._detector.close()
        self._fork_server.close()
        self._cpu_shares.close()
        self._detector_share.close()

    def _task_deadline(self, deadline: Deadline) -> Deadline:
        """The deadline of a task that starts now; its time does not include waiting for a slot."""
        return deadline.sooner(self._task_timeout_s, setting="OCR_PAGE_TIMEOUT_S")


def _tell_nothing(_text: str, _codes: Sequence[str], _deadline: Deadline) -> tuple[Guess, ...]:
    """The answer about languages where there is no memory for the detector."""
    return ()
