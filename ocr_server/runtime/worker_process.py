"""A slot: one worker process at a time, killed and replaced together with what it started.

Tasks and answers go through a pipe. A pool would lose every slot when one process is killed, and
offers no way to end a task; and its threads cost small pictures a tenth of their time. Deadline,
hang-up and crash end alike: the process group is killed, and the slot gets a new process.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any, TypeVar

from ocr_server.cpu_shares import SlotLock
from ocr_server.deadline import POLL_INTERVAL_S, Deadline
from ocr_server.errors import ClientGone, Draining, LoadError, OutOfMemory, WorkerLost

T = TypeVar("T")

GRACE_S = 2.0  # a worker that ends by itself at its deadline keeps what it has read so far
TASKS_PER_WORKER = 500  # then a fresh process: whatever leaks in native code leaks no further

log = logging.getLogger(__name__)


class WorkerProcess:
    """One process at a time; one task at a time."""

    def __init__(
        self, context: ForkServerContext, start: Callable[[], None], slot_lock: SlotLock
    ) -> None:
        """Start the first process; each calls `start` first, and its tasks hold `slot_lock`."""
        self._context, self._start, self.slot_lock = context, start, slot_lock
        self._closed = False
        self._lock = threading.Lock()  # closing happens while a task runs
        self.restarts = 0
        self._renew()

    def run(self, call: Callable[[], T], deadline: Deadline, cancelled: threading.Event) -> T:
        """What the call returns in the process; raises as `workers.Workers.run` says."""
        last_moment = replace(deadline, expires_at_s=deadline.expires_at_s + GRACE_S)
        try:
            try:
                result, error = self._send(call, last_moment, cancelled)
            except (BrokenPipeError, ConnectionResetError):
                self._replace()  # it was killed before it took the task, which did no harm
                result, error = self._send(call, last_moment, cancelled)
        except LoadError:
            self._replace()
            raise
        except (EOFError, OSError) as lost:
            self._replace()
            raise WorkerLost(
                "The process that read this page died and was replaced. Send the page again; if "
                "it happens again, the page may need more memory than the server has."
            ) from lost
        self._tasks += 1
        # The traceback of a lack of memory keeps what was decoded alive in the process.
        if self._tasks >= TASKS_PER_WORKER or isinstance(error, OutOfMemory):
            self._replace()
        if error is not None:
            raise error
        answer: T = result
        return answer

    def close(self) -> None:
        """Let the process end by itself after its task, kill it if it does not."""
        with self._lock:
            self._closed = True
            with suppress(OSError):
                self._pipe.send(None)
            self._end(GRACE_S)

    def _send(
        self, call: Callable[[], object], deadline: Deadline, cancelled: threading.Event
    ) -> tuple[Any, Exception | None]:
        with self._lock:
            if self._closed:
                raise Draining("The server is shutting down. Send the request again.")
            self._pipe.send(call)
        while not self._pipe.poll(min(POLL_INTERVAL_S, deadline.left_s())):
            if cancelled.is_set():
                raise ClientGone("The client hung up.")
            deadline.check()
        answer: tuple[Any, Exception | None] = self._pipe.recv()
        return answer

    def _replace(self) -> None:
        with self._lock:
            if not self._closed:
                self._end()
                self.restarts += 1
                try:
                    self._renew()
                except (EOFError, OSError):  # no memory, or no room for one more process
                    log.exception("a worker could not be started; the next task tries again")

    def _end(self, grace_s: float = 0.0) -> None:
        """Kill the process, if there is one, and all that it started, and reap it."""
        pid = self._process.pid
        if pid is None:
            return
        self._process.join(grace_s)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self._process.kill()  # where it was too young to lead its group
        self._process.join(GRACE_S)

    def _renew(self) -> None:
        self._tasks = 0
        self._pipe, theirs = self._context.Pipe()
        self._process = self._context.Process(
            target=_serve, args=(theirs, self._start), daemon=True
        )
        with theirs:
            self._process.start()


def _serve(pipe: Connection, start: Callable[[], None]) -> None:
    """What a worker process does all its life: answer one call after the other."""
    start()
    with suppress(EOFError):  # the server is gone
        while (call := pipe.recv()) is not None:
            pipe.send(_outcome(call))


def _outcome(call: Callable[[], object]) -> tuple[object, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001  # it is raised where the call came from
        # Neither a traceback nor a cause can travel; the server's log tells this one.
        error.add_note(traceback.format_exc())
        return None, error
