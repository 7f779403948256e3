"""A slot: one worker process at a time, killed and replaced with all processes that it started.

Tasks, results, and what a task asks the server go through a pipe. A `ProcessPoolExecutor` loses all
processes if one is killed, cannot end a task, and its threads cost a tenth of the time of small
pictures. After a deadline, a hang-up or a crash, the process group is killed, and the slot gets a
new process.
"""

from __future__ import annotations

import logging
import os
import signal
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from multiprocessing.context import ForkServerContext
from typing import Any, TypeAlias, TypeVar

from ocr_server.deadline import POLL_INTERVAL_S, Deadline
from ocr_server.errors import ClientGone, Draining, LoadError, OutOfMemory, WorkerLost

T = TypeVar("T")

GRACE_S = 2.0  # a worker that ends in time after its deadline can return what it has read so far
TASKS_PER_WORKER = 500  # then it is replaced, as native code may leak memory

# Answers a question of a task in the server, before the deadline.
Answer: TypeAlias = Callable[[Any, Deadline], object]  # questions are as mixed as tasks

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Question:
    """What a task asks while it runs, as opposed to its result."""

    value: object


_pipe: ContextVar[Connection] = ContextVar("pipe of this worker process to the server")


def ask_server(question: object) -> Any:  # noqa: ANN401  # answers are as mixed as questions
    """The server's answer to a question of the task that runs in this worker process."""
    pipe = _pipe.get()
    pipe.send(_Question(question))
    return pipe.recv()


class WorkerProcess:
    """One process, which is replaced when needed, and runs one task at a time."""

    def __init__(
        self,
        context: ForkServerContext,
        start: Callable[[], None],
        answer: Answer | None = None,
    ) -> None:
        """Start a process; each one calls `start` first. `answer` is for what its tasks ask."""
        self._context, self._start, self._answer = context, start, answer
        self._closed = False
        self._lock = threading.Lock()  # `close` may be called while a task runs
        self.restarts = 0
        self._renew()

    def run(self, call: Callable[[], T], deadline: Deadline, cancelled: threading.Event) -> T:
        """Call a function in the process and return its result.

        Raises:
            ClientGone: `cancelled` was set; the process was killed.
            DeadlinePassed: the time is over; the process was killed.
            Draining: the slot is closed.
            WorkerLost: the process died.
            OcrServerError: any error that the function raises.
        """
        last_moment = replace(deadline, expires_at_s=deadline.expires_at_s + GRACE_S)
        try:
            try:
                result, error = self._send(call, last_moment, cancelled)
            except (BrokenPipeError, ConnectionResetError):
                self._replace()  # it died before it took the task, which can be sent again
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
        # After OutOfMemory, a traceback keeps the decoded pixels alive in the process.
        if self._tasks >= TASKS_PER_WORKER or isinstance(error, OutOfMemory):
            self._replace()
        if error is not None:
            raise error
        answer: T = result
        return answer

    def close(self) -> None:
        """Ask the process to end after its task, and kill it if it does not."""
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
        while True:
            while not self._pipe.poll(min(POLL_INTERVAL_S, deadline.left_s())):
                if cancelled.is_set():
                    raise ClientGone("The client hung up.")
                deadline.check()
            said = self._pipe.recv()
            if not isinstance(said, _Question):
                outcome: tuple[Any, Exception | None] = said
                return outcome
            self._pipe.send(self._answer(said.value, deadline) if self._answer else None)

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
        """Wait up to `grace_s`, then kill the process and all that it started, and reap it."""
        pid = self._process.pid
        if pid is None:
            return
        self._process.join(grace_s)
        with suppress(ProcessLookupError):
            os.killpg(pid, signal.SIGKILL)
        self._process.kill()  # the child may not have called setpgid yet
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
    """Main loop of a worker process: run one call after the other until None comes."""
    _pipe.set(pipe)
    start()
    with suppress(EOFError):  # the server has ended
        while (call := pipe.recv()) is not None:
            pipe.send(_outcome(call))


def _outcome(call: Callable[[], object]) -> tuple[object, Exception | None]:
    try:
        return call(), None
    except Exception as error:  # noqa: BLE001  # raised in the calling process
        # Tracebacks and causes cannot be pickled; as a note, it is in the server's log.
        error.add_note(traceback.format_exc())
        return None, error
