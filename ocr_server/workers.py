"""Slots: worker processes that decode and read, killed and replaced as one group.

A slot is one process at a time, in a process group of its own with what it starts. Python's
own ProcessPoolExecutor with a single process serves as each slot: a shared pool would lose every
slot when one process is killed, and offers no way to end a task. Deadline, hang-up and crash
end alike: the group is killed, reaped, and the slot gets a new process.
"""

from __future__ import annotations

import multiprocessing
import os
import resource
import signal
import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cache, partial
from pathlib import Path
from typing import Concatenate, ParamSpec, Protocol, TypeVar

import cv2

from ocr_server.deadline import Deadline
from ocr_server.errors import ClientGone, Draining, LoadError, OutOfMemory, WorkerLost
from ocr_server.recognition import ENGINES
from ocr_server.recognition.engine import Engine
from ocr_server.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
Task = Callable[Concatenate["Desk", P], T]

LOOK_S = 0.1  # how often a waiting thread looks for a deadline or a hang-up
GRACE_S = 2.0  # a worker that ends by itself at its deadline keeps what it has read so far
TASKS_PER_WORKER = 500  # then a fresh process: whatever leaks in native code leaks no further
PRELOAD = ["ocr_server.tasks"]  # so that a new worker is a fork, not an import


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a task works: the engines by name, how many threads it may use, and until when."""

    engine: Callable[[str], Engine]
    threads: int
    deadline: Deadline


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
        """What `task(desk, …)` returns; the task may use one thread.

        Raises:
            ClientGone: `cancelled` was set; the work is dead.
            DeadlinePassed: the time was over; the work is dead.
            WorkerLost: its process died.
            OcrServerError: whatever the task raises.
        """

    def run_wide(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same, with a thread for each slot that is idle now; they stay taken meanwhile."""

    def close(self) -> None:
        """End all work and every process."""


class ProcessWorkers:
    """One process for each slot."""

    def __init__(self, settings: Settings) -> None:
        self._context = multiprocessing.get_context("forkserver")
        self._context.set_forkserver_preload(PRELOAD)
        start = partial(_start_worker, settings.worker_memory_bytes)
        self._slots = [_Slot(self._context, start) for _ in range(settings.slots)]
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
            return slot.run(task, soon, cancelled, 1, *args, **kwargs)

    def run_wide(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """The same with idle slots taken along; see `Workers.run_wide`."""
        with self._turns.turn(deadline, cancelled) as slot, self._turns.rest() as rest:
            soon = self._soon(deadline)
            return slot.run(task, soon, cancelled, 1 + len(rest), *args, **kwargs)

    def close(self) -> None:
        """End all work and every process."""
        for slot in self._slots:
            slot.close()

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

    @contextmanager
    def rest(self) -> Iterator[list[_Slot]]:
        """All slots that are idle now, for the length of a with-block; none of those waited for."""
        with self._lock:
            slots = list(self._idle)
            self._idle.clear()
        try:
            yield slots
        finally:
            for slot in slots:
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
        self, context: multiprocessing.context.ForkServerContext, start: Callable[[], None]
    ) -> None:
        self._context, self._start = context, start
        self._closed = False
        self._shutting_down = threading.Lock()
        self.restarts = 0
        self._renew()

    def run(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        threads: int,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        future = self._submit(partial(_work, task, deadline, threads, *args, **kwargs))
        last_moment = replace(deadline, expires_at_s=deadline.expires_at_s + GRACE_S)
        try:
            _await(future, last_moment, cancelled)
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
        try:
            return self._executor.submit(work)
        except BrokenProcessPool:  # killed while idle: no fault of this task
            self._replace()
            return self._executor.submit(work)

    def _replace(self) -> None:
        self._end()
        if not self._closed:
            self.restarts += 1
            self._renew()

    def _end(self) -> None:
        """Kill the process and all that it started, and reap it."""
        self._kill()
        self._shut_down()

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


def _await(future: Future[T], deadline: Deadline, cancelled: threading.Event) -> None:
    """Wait until a future is done.

    Raises:
        ClientGone: `cancelled` was set first.
        DeadlinePassed: the time was over first.
    """
    while not wait([future], timeout=min(LOOK_S, deadline.left_s())).done:
        if cancelled.is_set():
            raise ClientGone("The client hung up.")
        deadline.check()


@cache
def _engine(name: str) -> Engine:
    """The engine of that name in this worker process, kept for all its tasks."""
    return ENGINES[name]()


def _start_worker(memory_bytes: int) -> None:
    """What a worker process does first."""
    os.setpgid(0, 0)  # so that killing the group takes the tesseract process along
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    most_bytes = _held_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    cv2.setNumThreads(1)


def _held_bytes() -> int:
    """Data that the libraries have reserved on import, a quarter of a gigabyte mostly untouched."""
    pages = Path("/proc/self/statm").read_text().split()[5]  # proc(5): data + stack
    return int(pages) * resource.getpagesize()


def _end_with_the_server() -> None:
    """Wait until the server is gone, however that came; then nobody waits for this work."""
    server = multiprocessing.parent_process()
    assert server is not None  # noqa: S101  # a worker is never the first process
    server.join()
    os.killpg(0, signal.SIGKILL)


def _work(
    task: Task[P, T], deadline: Deadline, threads: int, /, *args: P.args, **kwargs: P.kwargs
) -> T:
    try:
        return task(Desk(_engine, threads, deadline), *args, **kwargs)
    except MemoryError as error:
        raise out_of_memory() from error
    finally:
        _reap()


def out_of_memory() -> OutOfMemory:
    """The error that says so."""
    return OutOfMemory(
        "The page needs more memory than a worker may use. Send a smaller one, or raise "
        "OCR_WORKER_MEMORY_BYTES.",
        setting="OCR_WORKER_MEMORY_BYTES",
    )


def _reap() -> None:
    """Collect children that nobody waited for: pytesseract forgets one it had to kill."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
