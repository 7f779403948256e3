"""The pool of worker processes; its slots are handed out in the order of requests."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, wait
from contextlib import ExitStack, closing, contextmanager
from copy import copy
from functools import partial
from typing import ParamSpec, Protocol, TypeVar

from ocr_server import traces
from ocr_server.cgroup import fits_detector, memory_limit_bytes
from ocr_server.cpu_shares import CpuShares
from ocr_server.deadline import POLL_INTERVAL_S, Deadline, backoff_s
from ocr_server.document.languages import Guess
from ocr_server.errors import ClientGone, NoWorker, OcrServerError
from ocr_server.runtime.fork_server import ForkServer
from ocr_server.runtime.language_detector import LanguageDetector
from ocr_server.runtime.worker_context import Task, WorkerContext, start_worker
from ocr_server.runtime.worker_process import WorkerProcess, serve
from ocr_server.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")

log = logging.getLogger(__name__)

PRELOAD = "ocr_server.tasks"  # imported once by the fork server, not by each new worker
ANSWER_S = 10.0  # a process that has nothing to do answers at once, on a loaded machine later
RESTART_S, LONGEST_RESTART_S = 0.2, 10.0  # between attempts to start the process of a slot


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
                self._fork_server = ForkServer(start, preload=PRELOAD, files=files)
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
        self._idle_queue = _IdleQueue(self._slots)

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
        for slot in self._idle_queue.each_idle(least_s):
            try:
                slot.run(_answer, Deadline.after(ANSWER_S), threading.Event())
            except OcrServerError as error:
                log.warning("a worker that was idle did not answer: %s", error.message)

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


def _answer(_context: WorkerContext) -> None:
    """A task that does nothing."""


class _IdleQueue:
    """Idle slots, handed out in the order of requests, and then to who is content to be last.

    Of several the one that worked last is taken: its process has loaded what the next task needs,
    and those that are never needed stay small. A slot without a process is handed out no more until
    it has one again.
    """

    def __init__(self, slots: list[WorkerProcess]) -> None:
        self._lock = threading.Lock()
        self._idle = [(time.monotonic(), slot) for slot in slots]  # and when they last answered
        self._waiting: deque[Future[WorkerProcess]] = deque()
        self._last: deque[Future[WorkerProcess]] = deque()
        self._alive = len(slots)  # slots that have a process

    @property
    def alive(self) -> int:
        """Number of slots that have a process."""
        return self._alive

    @property
    def busy(self) -> int:
        """Number of slots at work."""
        return self._alive - len(self._idle)

    @contextmanager
    def borrow(
        self, deadline: Deadline, cancelled: threading.Event, *, is_last: bool = False
    ) -> Iterator[WorkerProcess]:
        """Yield a slot for exclusive use in a with-block; waits until one is idle.

        With `is_last`, it waits behind all others.

        Raises:
            ClientGone: `cancelled` was set.
            DeadlinePassed: the time is over.
            NoWorker: no slot has a process.
        """
        ticket: Future[WorkerProcess] = Future()
        with self._lock:
            if not self._alive:
                raise NoWorker.of_server()
            if self._idle:
                ticket.set_result(self._idle.pop()[1])
            else:
                (self._last if is_last else self._waiting).append(ticket)
        try:
            with traces.span("queue"):
                _await(ticket, deadline, cancelled)
        except BaseException:
            if not ticket.cancel() and not ticket.exception():
                self._give_back(ticket.result())
            raise
        slot = ticket.result()
        try:
            yield slot
        finally:
            self._give_back(slot)

    def each_idle(self, least_s: float) -> Iterator[WorkerProcess]:
        """Yield slots that were idle for so long, each for exclusive use until the next.

        They are handed out in the same order afterwards.
        """
        latest_s = time.monotonic() - least_s
        while True:
            with self._lock:
                found = (place for place, (at_s, _) in enumerate(self._idle) if at_s <= latest_s)
                place = next(found, None)
                if place is None:
                    return
                _, slot = self._idle.pop(place)
            try:
                yield slot
            finally:
                self._give_back(slot, place)

    def _give_back(self, slot: WorkerProcess, place: int | None = None) -> None:
        with self._lock:
            if not slot.is_broken:
                self._hand_out(slot, place)
                return
            self._alive -= 1
            threading.Thread(target=self._mend, args=(slot,), daemon=True).start()
            while not self._alive and (ticket := self._next()):
                if ticket.set_running_or_notify_cancel():
                    ticket.set_exception(NoWorker.of_server())

    def _next(self) -> Future[WorkerProcess] | None:
        queue = self._waiting or self._last
        return queue.popleft() if queue else None

    def _hand_out(self, slot: WorkerProcess, place: int | None = None) -> None:
        """Give a slot to who waits first, else put it among those that are idle, or last."""
        while ticket := self._next():
            if ticket.set_running_or_notify_cancel():
                ticket.set_result(slot)
                return
        self._idle.insert(len(self._idle) if place is None else place, (time.monotonic(), slot))

    def _mend(self, slot: WorkerProcess) -> None:
        """Try until the slot has a process again."""
        for wait_s in backoff_s(RESTART_S, LONGEST_RESTART_S):
            if slot.start_again():
                break
            time.sleep(wait_s)
        with self._lock:
            self._alive += 1
            self._hand_out(slot)


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
