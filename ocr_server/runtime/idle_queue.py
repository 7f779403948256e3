"""The queue for idle slots of the pool, which are handed out in the order of requests."""

from __future__ import annotations

import threading
import time
from bisect import insort
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, wait
from contextlib import contextmanager
from operator import attrgetter
from typing import NamedTuple

from ocr_server import traces
from ocr_server.deadline import POLL_INTERVAL_S, Deadline, backoff_s
from ocr_server.errors import ClientGone, NoWorker
from ocr_server.runtime.worker_process import WorkerProcess

RESTART_S, LONGEST_RESTART_S = 0.2, 10.0  # between attempts to start the process of a slot


class _IdleSlot(NamedTuple):
    """An idle slot: when it last worked, and when its process last answered."""

    worked_s: float
    answered_s: float
    slot: WorkerProcess


class IdleQueue:
    """Idle slots, handed out in the order of requests, and then to who is content to be last.

    Of several the one that worked last is taken: its process has loaded what the next task needs,
    and those that are never needed stay small. A slot without a process is handed out no more until
    it has one again.
    """

    def __init__(self, slots: list[WorkerProcess]) -> None:
        self._lock = threading.Lock()
        now_s = time.monotonic()
        self._idle = [_IdleSlot(now_s, now_s, slot) for slot in slots]  # the last worked last
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
                ticket.set_result(self._idle.pop().slot)
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

    @contextmanager
    def borrow_idle(self, least_s: float) -> Iterator[WorkerProcess | None]:
        """Yield the slot that was idle longest for exclusive use, or None if less than `least_s`.

        It is handed out in the same order afterwards.
        """
        with self._lock:
            longest = min(self._idle, key=attrgetter("answered_s"), default=None)
            if longest and longest.answered_s <= time.monotonic() - least_s:
                self._idle.remove(longest)
            else:
                longest = None
        if longest is None:
            yield None
            return
        try:
            yield longest.slot
        finally:
            self._give_back(longest.slot, longest.worked_s)

    def _give_back(self, slot: WorkerProcess, worked_s: float | None = None) -> None:
        with self._lock:
            if not slot.is_broken:
                self._hand_out(slot, worked_s)
                return
            self._alive -= 1
            threading.Thread(target=self._mend, args=(slot,), daemon=True).start()
            while not self._alive and (ticket := self._next()):
                if ticket.set_running_or_notify_cancel():
                    ticket.set_exception(NoWorker.of_server())

    def _next(self) -> Future[WorkerProcess] | None:
        queue = self._waiting or self._last
        return queue.popleft() if queue else None

    def _hand_out(self, slot: WorkerProcess, worked_s: float | None = None) -> None:
        """Give a slot to who waits first, else put it among the idle ones; it worked just now."""
        while ticket := self._next():
            if ticket.set_running_or_notify_cancel():
                ticket.set_result(slot)
                return
        now_s = time.monotonic()
        idle = _IdleSlot(now_s if worked_s is None else worked_s, now_s, slot)
        insort(self._idle, idle, key=attrgetter("worked_s"))

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
