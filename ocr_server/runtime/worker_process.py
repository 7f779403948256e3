"""A slot: one worker process at a time, killed and replaced with all processes that it started.

Tasks and results go through a pair of sockets. A `ProcessPoolExecutor` loses all processes if one
is killed, cannot end a task, and its threads cost a tenth of the time of small pictures. After a
deadline, a hang-up or a crash, the process group is killed, and the slot gets a new process.
"""

from __future__ import annotations

import logging
import os
import pickle
import select
import signal
import socket
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import ParamSpec, TypeAlias, TypeVar

from ocr_server.cpu_shares import SlotLock
from ocr_server.deadline import POLL_INTERVAL_S, Deadline
from ocr_server.document.languages import Guess
from ocr_server.errors import (
    ClientGone,
    Draining,
    LoadError,
    NoWorker,
    OcrServerError,
    OutOfMemory,
    WorkerLost,
)
from ocr_server.runtime.fork_server import ForkServer
from ocr_server.runtime.messages import (
    MOST_ANSWER_BYTES,
    SERVER,
    decode_answer,
    decode_question,
    encode_answer,
    receive_message,
    send_message,
)
from ocr_server.runtime.worker_context import Task, work

P = ParamSpec("P")
T = TypeVar("T")

GRACE_S = 2.0  # a worker that ends in time after its deadline can return what it has read so far
SET_UP_S = 10.0  # a new worker is ready after some milliseconds, on a loaded machine many
# By which PDFium ends where it gets no memory: by `abort` or, in containers of the C++ library,
# by a trap. Failed assertions and a broken heap end other libraries so, too.
ABORTS = {signal.SIGABRT, signal.SIGTRAP}
TASKS_PER_WORKER = 500  # then it is replaced, as native code may leak memory

# Tells the language of a text among some, by a deadline: what a task may ask the server.
Answer: TypeAlias = Callable[[str, tuple[str, ...], Deadline], tuple[Guess, ...]]

log = logging.getLogger(__name__)


class WorkerProcess:
    """One process, which is replaced when needed, and runs one task at a time."""

    def __init__(
        self, fork_server: ForkServer, slot_lock: SlotLock, answer: Answer | None = None
    ) -> None:
        """Start a process. Its tasks hold `slot_lock`; `answer` is for what they ask.

        Raises:
            OSError: it does not start.
        """
        self._fork_server, self._slot_lock, self._answer = fork_server, slot_lock, answer
        self._closed = False
        self._lock = threading.Lock()  # `close` may be called while a task runs
        self._pid: int | None = None  # of the last process, also after it has ended
        self._peer: socket.socket | None = None  # connected to the process, if there is one
        self._tasks = self.restarts = 0
        self._renew()

    @property
    def is_broken(self) -> bool:
        """Whether it has no process, as none could be started."""
        return self._peer is None and not self._closed

    def run(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Run a task in the process and return its result.

        Raises:
            ClientGone: `cancelled` was set; the process was killed.
            DeadlinePassed: the time is over; the process was killed.
            Draining: the slot is closed.
            NoWorker: there is no process, and none can be started.
            WorkerLost: the process died, or its answer is not one of this task.
            TaskFailed: the task raises something else than an OcrServerError.
            OcrServerError: any error that the task raises.
        """
        call = partial(work, task, deadline, self._slot_lock, *args, **kwargs)
        last_moment = replace(deadline, expires_at_s=deadline.expires_at_s + GRACE_S)
        try:
            try:
                answer = self._ask(call, last_moment, cancelled)
            except (BrokenPipeError, ConnectionResetError):
                self._replace()  # it died before it took the task, which can be sent again
                answer = self._ask(call, last_moment, cancelled)
            result, error = decode_answer(answer, task)
        except NoWorker:
            raise
        except LoadError:
            self._replace()
            raise
        except (EOFError, OSError, ValueError) as lost:
            error = WorkerLost(
                "The process that read this page was killed and replaced. Send the page again; if "
                "it happens again, the page may need more memory than the server has."
            )
            status = self._exit_status()
            error.has_aborted = os.WIFSIGNALED(status) and os.WTERMSIG(status) in ABORTS
            error.has_ended_itself = bool(status) and not (
                os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
            )
            self._replace()
            raise error from lost
        self._tasks += 1
        if isinstance(error, OutOfMemory) and self._tasks > 1:
            # What earlier tasks have left in the process does not decide about this one.
            self._replace()
            return self.run(task, deadline, cancelled, *args, **kwargs)
        # After OutOfMemory, a traceback keeps the decoded pixels alive in the process.
        if self._tasks >= TASKS_PER_WORKER or isinstance(error, OutOfMemory):
            self._replace()
        if error is not None:
            raise error
        found: T = result
        return found

    def check(self, most_s: float) -> None:
        """Replace the process, which has no task, if it does not answer in `most_s` seconds.

        That takes no lock: another worker may have borrowed this slot for a long time.
        """
        try:
            answer = self._ask(_do_nothing, Deadline.after(most_s), threading.Event())
            decode_answer(answer, _do_nothing)
        except (OcrServerError, EOFError, OSError, ValueError) as error:
            log.warning("a worker that was idle did not answer: %s", str(error) or "it has ended")
            self._replace()

    def start_again(self) -> bool:
        """Start a process if it `is_broken`; whether it is no more."""
        with self._lock:
            if self.is_broken:
                self._try_to_renew()
            return not self.is_broken

    def close(self) -> None:
        """Ask the process to end after its task, and kill it if it does not."""
        with self._lock:
            self._closed = True
            if self._peer:
                with suppress(OSError):
                    self._peer.shutdown(socket.SHUT_WR)
            self._end(GRACE_S)

    def _ask(
        self, call: Callable[[], object], deadline: Deadline, cancelled: threading.Event
    ) -> bytearray:
        def check() -> None:
            if cancelled.is_set():
                raise ClientGone("The client hung up.")
            deadline.check()

        with self._lock:
            if self._closed:
                raise Draining("The server is shutting down. Send the request again.")
            if self._peer is None:
                raise NoWorker.of_server()
            peer = self._peer
        peer.settimeout(POLL_INTERVAL_S)
        send_message(peer, pickle.dumps(call), on_timeout=check)
        while True:
            message = receive_message(peer, on_timeout=check, most_bytes=MOST_ANSWER_BYTES)
            question = decode_question(message)
            if question is None:
                return message
            check()  # a task may ask without end
            guesses = self._answer(*question, deadline) if self._answer else ()
            send_message(peer, pickle.dumps(guesses), on_timeout=check)

    def _exit_status(self) -> int:
        """The exit status of a process that has just died; 0 where it is not known.

        It is read before the fork server gives the process's number up. Source: proc(5), the last
        field of /proc/pid/stat; wait(2).
        """
        try:
            return int(Path(f"/proc/{self._pid}/stat").read_text(encoding="ascii").split()[-1])
        except (OSError, ValueError):
            return 0

    def _replace(self) -> None:
        with self._lock:
            if not self._closed:
                self._end()
                self.restarts += 1
                self._try_to_renew()

    def _end(self, grace_s: float = 0.0) -> None:
        """Wait up to `grace_s`, then kill the process and all that it started."""
        if self._peer is None or self._pid is None:
            return
        _has_ended(self._peer, grace_s)
        for kill in (os.killpg, os.kill):  # it may not lead its group yet
            with suppress(ProcessLookupError):
                kill(self._pid, signal.SIGKILL)
        _has_ended(self._peer, GRACE_S)
        self._peer.close()
        self._peer = None

    def _try_to_renew(self) -> None:
        try:
            self._renew()
        except OSError:  # no memory, or no room for one more process
            log.exception("a worker could not be started")

    def _renew(self) -> None:
        forked = self._fork_server.fork(instead_of=self._pid)
        self._pid, self._peer, self._tasks = forked.pid, forked.peer, 0
        try:
            self._peer.settimeout(SET_UP_S)
            receive_message(self._peer, on_timeout=_give_up)
        except (EOFError, OSError) as error:
            self._end()
            raise OSError(f"a new worker {str(error) or 'ended at once'}") from error


def serve(start: Callable[[socket.socket], None], peer: socket.socket) -> None:
    """Main function of a worker process: say that it is ready, then run one call after another."""
    start(peer)
    SERVER.set(peer)
    with suppress(EOFError, ConnectionError):  # the server has ended, or closed this slot
        send_message(peer, b"")
        while True:
            send_message(peer, _answer(receive_message(peer)))


def _do_nothing() -> None:
    """What a process is asked that is to give a sign of life."""


def _answer(message: bytearray) -> bytes:
    try:
        return encode_answer(pickle.loads(message)(), None)  # noqa: S301  # of the server
    except Exception as error:  # noqa: BLE001  # raised in the calling process
        return encode_answer(None, error, traceback.format_exc())


def _has_ended(peer: socket.socket, most_s: float) -> bool:
    """Wait until the process at the other end of a socket has ended, for `most_s` at most."""
    poll = select.poll()
    poll.register(peer, 0)  # its hanging up is always reported
    return bool(poll.poll(most_s * 1000))


def _give_up() -> None:
    raise TimeoutError("was not ready in time")
