r"""Pictures over plain TCP, for cameras and controllers that speak nothing else.

A client sends as many requests as it likes over a connection, one after the other, and gets a
line for each:

    request   4 bytes: N, the length of the picture, unsigned, most significant byte first
              N bytes: the picture, a file of any kind that the server reads
       or     4 bytes: the letters READ (52 45 41 44); the station's camera takes the picture
    answer    one line of JSON in UTF-8, ended by a line feed (0A)

READ as a length would be 1.4 GB, which is over every limit, so that the two cannot be confused.
The answer has `serial`, `fields`, `text`; or `code` and `detail` if something was wrong: then the
connection is closed, since where the next request begins cannot be known, unless the picture
came whole.
"""

from __future__ import annotations

import json
import logging
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from ocr_server.client import Refused
from ocr_server.errors import AddressUnavailable
from ocr_server.station.intake import Intake, key_of
from ocr_server.station.journal import Entry

READ = b"READ"
HEAD_BYTES = 4
MOST_CONNECTIONS = 64
PICTURE_TIMEOUT_S = 20.0  # for all of a picture, from its first byte
IDLE_TIMEOUT_S = 300.0
ANSWER_TIMEOUT_S = 120.0  # of a client
STOP_CHECK_S = 0.2
LEAST_IDLE_S = 1.0  # before that, the request of a connection may be on its way
DROP_TIMEOUT_S = 1.0  # until a connection that is dropped has left its place
LINGER_S = 2.0
PIECE_BYTES = 1024 * 1024

log = logging.getLogger(__name__)


class _Wrong(Exception):
    """A request that cannot be answered."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(detail)
        self.code = code


class TcpListener:
    """Listens at an address; each connection has a thread, and there is a limit to them.

    Where all are taken, the one that has been idle for the longest is closed for a new one.
    """

    def __init__(
        self,
        address: tuple[str, int],
        intake: Intake,
        *,
        most_bytes: int,
        trigger: Callable[[], Entry | None] | None = None,
        picture_timeout_s: float = PICTURE_TIMEOUT_S,
    ) -> None:
        """Listen from now on; connections are taken by `run`.

        Raises:
            AddressUnavailable: it is in use, or not of this machine.
        """
        self._intake, self._most_bytes, self._trigger = intake, most_bytes, trigger
        self._picture_timeout_s = picture_timeout_s
        self._free = threading.Semaphore(MOST_CONNECTIONS)
        self._idle: dict[socket.socket, float] = {}  # since when, longest first
        self._idle_lock = threading.Lock()
        try:
            self._socket = socket.create_server(
                address,
                family=socket.AF_INET6 if ":" in address[0] else socket.AF_INET,
                backlog=2 * MOST_CONNECTIONS,
            )
        except OSError as error:
            how = "Name another address with --listen."
            raise AddressUnavailable.of(*address, error, how=how) from error

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._socket.getsockname()[1])

    def run(self, stop: threading.Event) -> None:
        """Take connections until `stop` is set, then finish the pictures that are there."""
        threads: list[threading.Thread] = []
        self._socket.settimeout(STOP_CHECK_S)
        with self._socket:
            while not stop.is_set():
                threads = [thread for thread in threads if thread.is_alive()]
                try:
                    connection, _ = self._socket.accept()
                except TimeoutError:
                    continue
                except OSError as error:  # it is gone again, or there are too many open files
                    log.warning("a connection could not be taken: %s", error)
                    stop.wait(STOP_CHECK_S)
                    continue
                is_served = self._free.acquire(blocking=False) or (
                    self._drops_one() and self._free.acquire(timeout=DROP_TIMEOUT_S)
                )
                serve = self._serve if is_served else self._turn_away
                thread = threading.Thread(target=serve, args=(connection, stop))
                thread.start()
                threads.append(thread)
        for thread in threads:
            thread.join()

    def _drops_one(self) -> bool:
        """End the connection that has been idle for the longest; whether there was one."""
        with self._idle_lock:
            connection, since_s = next(iter(self._idle.items()), (None, 0))
            if connection is None or time.monotonic() - since_s < LEAST_IDLE_S:
                return False
            del self._idle[connection]
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        return True

    def _serve(self, connection: socket.socket, stop: threading.Event) -> None:
        with connection:
            try:
                while self._answer(connection, stop):
                    pass
            except OSError:
                log.info("a connection was closed by the other side")
            except Exception:
                log.exception("a picture could not be taken")
                with suppress(OSError):
                    _refuse(connection, _Wrong("internal-error", "The station's log has more."))
            finally:
                self._free.release()

    def _turn_away(self, connection: socket.socket, _stop: threading.Event) -> None:
        busy = _Wrong("too-many-connections", f"At most {MOST_CONNECTIONS} are served at a time.")
        with connection, suppress(OSError):
            _refuse(connection, busy)

    def _answer(self, connection: socket.socket, stop: threading.Event) -> bool:
        """Answer one request; whether another may follow."""
        try:
            head = self._head(connection, stop)
            if not head:
                return False
            entry = self._entry(connection, head)
        except _Wrong as wrong:
            _refuse(connection, wrong)
            return False
        _send(connection, _to_json(entry))
        return not stop.is_set()

    def _entry(self, connection: socket.socket, head: bytes) -> Entry:
        if head == READ:
            if self._trigger is None:
                raise _Wrong("no-camera", "READ needs a camera; start with --camera.")
            entry = self._trigger()
        else:
            data = self._picture(connection, int.from_bytes(head))
            peer = str(connection.getpeername()[0])
            entry = self._intake.take(data, source=peer, key=key_of(data, peer, time.time_ns()))
        if entry is None:
            raise _Wrong("draining", "The station could not read it now.")
        return entry

    def _head(self, connection: socket.socket, stop: threading.Event) -> bytes:
        """The first bytes of a request; none where the client has gone, or is idle at the end."""
        with self._idle_lock:
            self._idle[connection] = time.monotonic()
        try:
            return self._awaited_head(connection, stop)
        finally:
            with self._idle_lock:
                self._idle.pop(connection, None)

    def _awaited_head(self, connection: socket.socket, stop: threading.Event) -> bytes:
        connection.settimeout(STOP_CHECK_S)
        ends = time.monotonic() + IDLE_TIMEOUT_S
        head = b""
        while len(head) < HEAD_BYTES:
            try:
                piece = connection.recv(HEAD_BYTES - len(head))
            except TimeoutError:
                if stop.is_set() or time.monotonic() > ends:
                    return b""
                continue
            if not piece:
                return b""
            if not head:  # from here on a request is under way
                ends = time.monotonic() + self._picture_timeout_s
            head += piece
        return head

    def _picture(self, connection: socket.socket, length: int) -> bytes:
        if not 0 < length <= self._most_bytes:
            limit = f"a picture has from 1 to {self._most_bytes} bytes (OCR_MAX_BODY_BYTES)"
            raise _Wrong("body-too-large", f"{length} bytes are announced; {limit}.")
        ends = time.monotonic() + self._picture_timeout_s
        data = bytearray()
        while len(data) < length:
            left_s = ends - time.monotonic()
            if left_s <= 0:
                raise _late(len(data), length)
            connection.settimeout(left_s)
            try:
                piece = connection.recv(min(PIECE_BYTES, length - len(data)))
            except TimeoutError:
                raise _late(len(data), length) from None
            if not piece:
                raise _Wrong("half-a-picture", f"{len(data)} of {length} bytes came.")
            data += piece
        return bytes(data)


def send_picture(address: tuple[str, int], picture: bytes) -> bytes:
    """The line that the station at an address answers, for a client.

    Raises:
        Refused: nobody is there, or the connection ends without an answer.
    """
    try:
        with socket.create_connection(address, timeout=ANSWER_TIMEOUT_S) as connection:
            connection.sendall(len(picture).to_bytes(HEAD_BYTES) + picture)
            with connection.makefile("rb") as answers:
                line = answers.readline()
    except OSError as error:
        raise Refused(f"{address[0]}:{address[1]} does not answer: {error}.") from error
    if not line.endswith(b"\n"):
        raise Refused("The station closed the connection without an answer.")
    return line


def _late(come: int, length: int) -> _Wrong:
    return _Wrong("timeout", f"{come} of {length} bytes came in time.")


def _to_json(entry: Entry) -> Mapping[str, Any]:  # JSON
    problem = entry.answer.get("problem")
    if problem:
        return {"serial": entry.serial, **problem}
    return {"serial": entry.serial, **{name: entry.answer[name] for name in ("fields", "text")}}


def _refuse(connection: socket.socket, wrong: _Wrong) -> None:
    """Say what was wrong, and read on for a moment: closed at once, the answer might be lost."""
    _send(connection, {"code": wrong.code, "detail": str(wrong)})
    connection.shutdown(socket.SHUT_WR)
    connection.settimeout(STOP_CHECK_S)
    ends = time.monotonic() + LINGER_S
    with suppress(TimeoutError):
        while time.monotonic() < ends and connection.recv(PIECE_BYTES):
            pass


def _send(connection: socket.socket, answer: Mapping[str, Any]) -> None:  # JSON
    connection.settimeout(PICTURE_TIMEOUT_S)
    connection.sendall(json.dumps(answer, ensure_ascii=False).encode(errors="replace") + b"\n")
