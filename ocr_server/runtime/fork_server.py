"""The fork server: a process that has imported what workers need, and forks one when it is told to.

That of Python’s multiprocessing listens at a path in the temporary folder, which a clean-up of old
files removes, has the server's environment, and is waited for without end. This one has a pair of
connected sockets, no secrets, and a time for each answer: where it is gone, stopped or does not
answer, it is killed and started again. It imports without having been told what for, so that a
server can begin it before its own imports (`begin_early`).
"""

from __future__ import annotations

import gc
import importlib
import logging
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Sequence, Set
from contextlib import ExitStack, suppress
from dataclasses import dataclass
from typing import NamedTuple

from ocr_server.runtime.confinement import confine, environment_of_workers

START_S = 60.0  # importing takes a second, on a loaded machine many
FORK_S = 5.0
GRACE_S = 2.0
REAP_S = 1.0  # how often to look whether a killed process, which may end late, has ended
MOST_BYTES = 64 * 1024  # of a message
_NUMBER = struct.Struct("!q")  # of a process, or an open file
_PRELOAD = "ocr_server.tasks"  # imported once by the fork server, not by each new worker

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forked:
    """A process that was forked, and the server's end of the socket to it."""

    pid: int
    peer: socket.socket


class _Begun(NamedTuple):
    """A process that imports what workers need, and the server's end of the socket to it."""

    process: subprocess.Popen[bytes]
    control: socket.socket


_begun_early: list[_Begun] = []


def begin_early() -> None:
    """Begin the process of the first fork server; it ends with this one if there will be none.

    Where it does not start, `ForkServer` tries again, and says why.
    """
    with suppress(OSError):
        _begun_early.append(_begin())


class ForkServer:
    """Forks processes that call `main`, which is pickled, with their end of a socket."""

    def __init__(self, main: Callable[[socket.socket], None], *, files: Sequence[int]) -> None:
        """Start it; its processes inherit the open `files`, by the same numbers.

        Those are of `cpu_shares.LEAST_FILE` or more, as it has open files of its own.

        Raises:
            OSError: it does not start.
        """
        self._main, self._files = main, files
        self._lock = threading.Lock()
        self.open_network = ""  # why its processes can still reach the network, if they can
        self._start()

    @property
    def _is_running(self) -> bool:
        return self._control.fileno() >= 0

    @property
    def pid(self) -> int:
        """The number of its process."""
        return self._process.pid

    def fork(self, *, instead_of: int | None = None) -> Forked:
        """Fork a process; the one that it replaces has ended, and its number is given up.

        Raises:
            OSError: there is no room for one more process, or no fork server can be started.
        """
        with self._lock:
            if self._is_running:
                try:
                    return self._ask(instead_of)
                except ConnectionError as error:
                    log.warning("the fork server is started again: %s", error)
                    self.close(grace_s=0)
            self._start()
            return self._ask(instead_of)

    def close(self, grace_s: float = GRACE_S) -> None:
        """Let it end, kill it if it does not, and leave the processes that it forked alone."""
        self._control.close()
        with suppress(subprocess.TimeoutExpired):
            self._process.wait(grace_s)
        self._process.kill()
        self._process.wait()

    def _start(self) -> None:
        self._process, self._control = _begun_early.pop() if _begun_early else _begin()
        with ExitStack() as begun:
            begun.callback(self.close)
            self._control.settimeout(START_S)
            for file in self._files:
                socket.send_fds(self._control, [_NUMBER.pack(file)], [file])
            self._control.send(pickle.dumps(self._main))
            self.open_network = self._receive().decode().strip()
            if self.open_network:
                log.warning("worker processes can use the network: %s", self.open_network)
            self._control.settimeout(FORK_S)
            begun.pop_all()

    def _ask(self, instead_of: int | None) -> Forked:
        """Have it fork once.

        Raises:
            ConnectionError: it is gone, stopped, or does not answer in time.
            OSError: there is no room for one more process.
        """
        ours, theirs = socket.socketpair()
        with ExitStack() as begun:
            begun.enter_context(ours)
            with theirs:
                replaced = _NUMBER.pack(instead_of or 0)
                try:
                    socket.send_fds(self._control, [replaced], [theirs.fileno()])
                except TimeoutError as error:
                    raise ConnectionError("it does not answer") from error
            (number,) = _NUMBER.unpack(self._receive())
            if number < 0:
                raise OSError(-number, os.strerror(-number))
            begun.pop_all()
        return Forked(number, ours)

    def _receive(self) -> bytes:
        try:
            message = self._control.recv(MOST_BYTES)
        except TimeoutError as error:
            raise ConnectionError("it does not answer") from error
        if not message:
            raise ConnectionError("it has ended")
        return message


def _begin() -> _Begun:
    control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    number = theirs.fileno()
    code = f"from ocr_server.runtime.fork_server import serve_forks; serve_forks({number})"
    environment = environment_of_workers(os.environ)
    environment["PYTHONPATH"] = os.pathsep.join(sys.path)
    with ExitStack() as begun:
        begun.enter_context(control)
        with theirs:
            process = subprocess.Popen(  # noqa: S603  # this program
                [sys.executable, "-c", code],
                stdin=subprocess.DEVNULL,
                env=environment,
                pass_fds=(number,),
            )
        begun.pop_all()
    return _Begun(process, control)


def serve_forks(number: int) -> None:
    """Main function of the fork server, whose socket to the server is that open file."""
    for ignored in (signal.SIGINT, signal.SIGTERM):  # it ends with the server, which may finish
        signal.signal(ignored, signal.SIG_IGN)
    with socket.socket(fileno=number) as control, suppress(ConnectionError):
        gc.disable()  # as while the server imports its modules (`__main__`)
        importlib.import_module(_PRELOAD)
        gc.enable()
        main = _receive_main(control)
        control.send(confine().encode() or b" ")
        replaced: set[int] = set()
        while True:
            control.settimeout(REAP_S if replaced else None)
            try:
                message, files, _, _ = socket.recv_fds(
                    control, _NUMBER.size, 1, socket.MSG_CMSG_CLOEXEC
                )
            except TimeoutError:
                replaced = _still_ending(replaced)
                continue
            if not message:
                return
            replaced = _still_ending(replaced.union(_NUMBER.unpack(message)) - {0})
            with socket.socket(fileno=files[0]) as peer:
                try:
                    pid = os.fork()
                except OSError as error:
                    pid = -(error.errno or 1)
                if not pid:
                    control.close()
                    _run(main, peer)
            control.send(_NUMBER.pack(pid))


def _receive_main(control: socket.socket) -> Callable[[socket.socket], None]:
    """The files of the server, which are kept open by their numbers there, and then the function.

    Raises:
        ConnectionError: the server has ended.
    """
    while True:
        message, files, _, _ = socket.recv_fds(control, MOST_BYTES, 1, socket.MSG_CMSG_CLOEXEC)
        if not message:
            raise ConnectionError("the server has ended")
        if not files:
            main: Callable[[socket.socket], None] = pickle.loads(message)  # noqa: S301  # of the server
            return main
        (number,) = _NUMBER.unpack(message)
        os.dup2(files[0], number, inheritable=False)
        os.close(files[0])


def _run(main: Callable[[socket.socket], None], peer: socket.socket) -> None:
    """Call the main function of a forked process, and end it."""
    code = 1
    try:
        main(peer)
        code = 0
    except BaseException:  # noqa: BLE001  # it must not return into the loop of the fork server
        traceback.print_exc()
    finally:
        with suppress(OSError):
            sys.stderr.flush()
        os._exit(code)


def _still_ending(replaced: Set[int]) -> set[int]:
    """Those of some killed processes that the kernel has not ended yet."""
    return {pid for pid in replaced if not _is_reaped(pid)}


def _is_reaped(pid: int) -> bool:
    """Whether the number of an ended process is free; its place is kept until it is replaced.

    Else the number could be given to another process, which the server would kill for it.
    """
    try:
        return os.waitpid(pid, os.WNOHANG) != (0, 0)
    except ChildProcessError:
        return True
