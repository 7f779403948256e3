"""Connections of the HTTP server: waitress's channels with refusals, hang-ups and slow clients."""

from __future__ import annotations

import json
import socket
import time
from contextlib import suppress
from functools import partial
from http import HTTPStatus
from typing import Any

from waitress.channel import HTTPChannel
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error as ServerError

from ocr_server.errors import Draining, OcrServerError
from ocr_server.server.request_parser import SMALL_BYTES, Pace, RequestParser
from ocr_server.web.gate import RECEIVED_BYTES, REFUSAL
from ocr_server.web.problems import ProblemJson, problem_of

LONGEST_LINGER_S = 30.0
LAST_REQUEST_S = 1.0  # for the requests that are on their way when the server begins to shut down
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class _Unfinished(ServerError):  # type: ignore[misc]  # waitress has no types
    """The error of a request whose headers did not come in time."""

    def __init__(self, error: OcrServerError) -> None:
        super().__init__(error.message)
        self.problem = problem_of(error)
        self.code = self.problem["status"]
        self.reason = HTTPStatus(self.code).phrase


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """The answer to what cannot be given to the application: malformed and unfinished requests."""

    def execute(self) -> None:
        error = self.request.error
        problem: ProblemJson = {
            "type": "about:blank", "title": error.reason, "status": error.code,
            "detail": error.body, "code": error.reason.lower().replace(" ", "-"),
        }  # fmt: skip
        if isinstance(error, _Unfinished):
            problem = error.problem
        headers = self.channel.server.record_refusal(
            problem, origin=self.request.headers.get("ORIGIN")
        )
        body = json.dumps(problem).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += headers.items()
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """The answer to a request; a small one is sent in one piece, as each piece wakes the client."""

    def get_environment(self) -> dict[str, Any]:
        environ: dict[str, Any] = super().get_environment()
        environ[RECEIVED_BYTES] = self.request.body_bytes_received
        if self.request.refusal is not None:
            environ[REFUSAL] = self.request.refusal
        return environ

    def build_response_header(self) -> bytes:
        if self.request.is_cut_off or self.channel.server.is_draining:
            self.set_close_on_finish()
        return bytes(super().build_response_header())

    def write(self, data: bytes) -> None:
        length_bytes = self.content_length
        if data and not self.wrote_header and length_bytes and length_bytes <= SMALL_BYTES:
            self.channel.hold()
        super().write(data)

    def finish(self) -> None:
        super().finish()
        self.channel.send_held()


class Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    """A connection.

    It lingers after a request that was cut off: it discards what still comes, as a connection
    that is closed before would be reset, and many clients lose the answer then.
    """

    error_task_class = _ErrorTask
    task_class = _Task

    connected: bool
    request: RequestParser | None
    requests: list[RequestParser]
    is_half_closed = False  # the peer sends nothing more
    _held: list[bytes] | None = None  # to be sent in one piece
    _has_begun = False  # to send the answer to the first of `requests`
    _is_cut_off = False  # the last answer was that to a request which was cut off
    _lingers_since_s: float | None = None
    _active_s = 0.0

    def __init__(
        self, server: Any, *arguments: Any, pace: Pace, network: str, **more: Any,  # noqa: ANN401
    ) -> None:  # fmt: skip
        """Take a connection from a network; `arguments` and `more` are those of waitress."""
        self.pace, self.network = pace, network
        self.parser_class = partial(RequestParser, check=self.why_refused, pace=pace)
        super().__init__(server, *arguments, **more)

    @property
    def number(self) -> int | None:
        """The number of the open file; None once it is closed."""
        number: int | None = self._fileno
        return number

    @property
    def last_activity(self) -> float:
        """When something was received or sent, by the monotonic clock."""
        return self._active_s

    @last_activity.setter
    def last_activity(self, _wall_clock_s: float) -> None:
        self._active_s = time.monotonic()

    @property
    def is_quiet(self) -> bool:
        """Whether nothing can happen unless the peer sends something."""
        return not (
            self.requests or self.total_outbufs_len or self.will_close or self.close_when_flushed
        )

    @property
    def is_idle(self) -> bool:
        """Whether no request of the peer would be lost if the connection were closed now."""
        return self.is_quiet and (self.request is None or not self.request.headers_finished)

    def why_refused(self, request: RequestParser) -> Exception | None:
        """Why a request is refused, as far as its headers tell."""
        refusal: Exception | None = self.server.why_refused(request, _Task(self, request))
        return refusal

    def readable(self) -> bool:
        """Whether to look for data; a quiet connection waits in the server's epoll."""
        if self.is_quiet:
            self.server.quiet.take(self)
            return False
        return not self.is_half_closed and bool(super().readable())

    def handle_read(self) -> None:
        """Receive data, or notice that the peer sends nothing more."""
        if self.number is None:  # closed in this turn of the loop
            return
        try:
            data = self.socket.recv(self.adj.recv_bytes)
        except BlockingIOError:
            return
        except OSError:
            self.handle_close()
            return
        if data:
            self.last_activity = 0
            self.received(data)
        elif self.is_quiet or not self._half_close():
            self.handle_close()

    def received(self, data: bytes) -> bool:
        """Take data, unless the connection is about to end."""
        is_over = self._lingers_since_s is not None or any(
            request.error or request.is_cut_off for request in self.requests
        )
        return not is_over and bool(super().received(data))

    def handle_write(self) -> None:
        """Send what there is to be sent, then close the connection or linger if it is to end."""
        if self.number is None:  # closed in this turn of the loop
            return
        if self._is_cut_off and self.close_when_flushed:
            self._flush_exception(self._flush_some)
            if not (self.will_close or self.total_outbufs_len):
                self._linger()
            if not self.will_close:
                return
        super().handle_write()

    def service(self) -> None:
        """Answer one request."""
        request = self.requests[0]
        self._is_cut_off, self._has_begun = bool(request.error or request.is_cut_off), False
        super().service()

    def refuse(self, request: RequestParser, error: Exception) -> None:
        """Answer the request that is coming in with an error; the connection ends."""
        with self.requests_lock:
            self.request = None
            if request.headers_finished:
                request.cut_off(error)
            else:
                assert isinstance(error, OcrServerError)  # noqa: S101  # one of the two below
                request.error, request.completed = _Unfinished(error), True
            self.requests.append(request)
            self.server.quiet.leave(self)
            self.server.add_task(self)

    def look_at_time(self, now_s: float) -> None:
        """Refuse a request that comes too slowly; close a connection that is idle or stalled."""
        silent_s, ends = now_s - self._active_s, self.server.is_draining
        if self._lingers_since_s is not None:
            lingers_s = now_s - self._lingers_since_s
            if silent_s > self.pace.last_bytes_s or lingers_s > LONGEST_LINGER_S:
                self.handle_close()
        elif self.requests:
            pass  # it has a deadline of its own
        elif self.total_outbufs_len:
            if silent_s > (self.pace.last_bytes_s if ends else self.pace.idle_s):
                self.handle_close()
        elif self.request is not None:
            if self.request.is_late(now_s):
                self.refuse(self.request, self.request.too_slow())
            elif ends and silent_s > LAST_REQUEST_S:
                error = Draining("The server is shutting down. Send the request again.")
                self.refuse(self.request, error)
        elif silent_s > (LAST_REQUEST_S if ends else self.pace.idle_s):
            self.handle_close()

    def hold(self) -> None:
        """Collect what is written from now on, for `send_held`."""
        self._held = []

    def send_held(self) -> None:
        """Send what was collected, in one piece."""
        held, self._held = self._held, None
        if held:
            self.write_soon(b"".join(held))

    def write_soon(self, data: bytes) -> int:
        """Send data, or buffer it until the client reads it, in a file if it is large.

        Raises:
            OSError: the disk is full; the connection is closed.
        """
        if self._held is not None:
            self._held.append(data)
            return len(data)
        with self.outbuf_lock:
            self._has_begun = True
        try:
            return int(super().write_soon(data))
        except OSError:
            self.will_close = True  # else waitress loops forever, as its count is wrong
            raise

    def del_channel(self, map: dict[int, Any] | None = None) -> None:  # noqa: A002  # waitress's
        """Close the connection, and the file of an incomplete upload."""
        self.server.quiet.forget(self)
        super().del_channel(map)
        if self.request is not None:
            self.request.close()

    def cancel(self) -> None:
        """Close the connection, and the files of requests that will not be answered."""
        for request in self.requests:
            request.close()
        super().cancel()

    def _half_close(self) -> bool:
        """Go on with a peer that sends nothing more; False if it has hung up.

        A connection that the peer has closed looks the same until something is sent to it. So an
        interim answer is sent before the answer to a request that may take long: who has hung up
        resets the connection then. HTTP/1.0 has no interim answers, and is taken to have hung up.
        """
        self.is_half_closed = True
        self.server.quiet.watch_for_errors(self)
        with self.requests_lock:
            request = self.requests[0] if self.requests else None
        if request is None or request.body_rcv is None:
            return True
        if request.version == "1.0":
            return False
        with self.outbuf_lock, suppress(OSError):
            if not (self._has_begun or self.total_outbufs_len):
                self.socket.send(_CONTINUE)
            return True
        return False

    def _linger(self) -> None:
        self.close_when_flushed = False
        self._lingers_since_s = time.monotonic()
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_WR)
