"""Connections of the HTTP server: waitress's channels with refusals, hang-ups and full disks."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Collection
from typing import Any

from waitress.channel import HTTPChannel
from waitress.parser import HTTPRequestParser
from waitress.server import TcpWSGIServer
from waitress.task import ErrorTask, WSGITask
from waitress.utilities import Error as ServerError

from ocr_server.browser_headers import cross_origin_headers
from ocr_server.errors import BodyTooLarge, StorageFull
from ocr_server.metrics import Metrics
from ocr_server.request.build import body_too_large
from ocr_server.web.browser import HEADERS
from ocr_server.web.problems import MEDIA_TYPE, STATUS, ProblemJson, problem_of

_SMALL_BYTES = 64 * 1024

log = logging.getLogger(__name__)


class _ErrorTask(ErrorTask):  # type: ignore[misc]  # waitress has no types
    """The answer to requests that waitress refuses: a body over the limit, malformed requests."""

    def execute(self) -> None:
        error = self.request.error
        problem: ProblemJson = {
            "type": "about:blank", "title": error.reason, "status": error.code,
            "detail": error.body, "code": error.reason.lower().replace(" ", "-"),
        }  # fmt: skip
        if error.code == STATUS[BodyTooLarge]:
            refusal = body_too_large(self.channel.server.adj.max_request_body_size - 1)
            problem = problem_of(refusal)
        elif isinstance(error, _NoRoom):
            problem = problem_of(StorageFull.of_temp_dir())
        metrics = self.channel.server.metrics
        if metrics:
            metrics.count_request(route="-", method="-", status=error.code, duration_s=0)
            metrics.count_refusal(problem["code"])
        log.info("refused", extra={"status": error.code, "problem_code": problem["code"]})
        body = json.dumps(problem).encode()
        self.status = f"{error.code} {error.reason}"
        self.response_headers += [
            ("Content-Type", MEDIA_TYPE), ("Cache-Control", "no-store"), *HEADERS.items(),
            *cross_origin_headers(
                self.channel.server.origins, self.request.headers.get("ORIGIN")
            ).items(),
        ]  # fmt: skip
        self.set_close_on_finish()
        self.content_length = len(body)
        self.write(body)


class _NoRoom(ServerError):  # type: ignore[misc]  # waitress has no types
    """The error of an upload that does not fit on the disk."""

    code, reason = STATUS[StorageFull], "Service Unavailable"


class _Parser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """Parser of a request; if the disk is full, the rest is discarded and the request refused."""

    _left_bytes: int | None = None  # to be discarded

    def received(self, data: bytes) -> int:
        if self._left_bytes is None:
            try:
                return int(super().received(data))
            except OSError:
                log.exception("an upload does not fit on the disk")
                self.error = _NoRoom("")
                self._left_bytes = self.content_length - self.body_bytes_received
        if self.chunked:  # the rest's length is unknown
            self.completed = True
            return len(data)
        # Many clients read no answer before they have sent everything.
        discarded_bytes = min(len(data), self._left_bytes)
        self._left_bytes -= discarded_bytes
        self.completed = not self._left_bytes
        return discarded_bytes


class _Task(WSGITask):  # type: ignore[misc]  # waitress has no types
    """The answer to a request; a small one is sent in one piece, as each piece wakes the client."""

    def write(self, data: bytes) -> None:
        length_bytes = self.content_length
        if data and not self.wrote_header and length_bytes and length_bytes <= _SMALL_BYTES:
            self.channel.hold()
        super().write(data)

    def finish(self) -> None:
        super().finish()
        self.channel.send_held()


class _Channel(HTTPChannel):  # type: ignore[misc]  # waitress has no types
    error_task_class = _ErrorTask
    parser_class = _Parser
    task_class = _Task

    _held: list[bytes] | None = None  # to be sent in one piece

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being made, or is being sent and the peer still reads."""
        return bool(self.requests or (self.total_outbufs_len and not self.is_stalled))

    @property
    def is_stalled(self) -> bool:
        """Whether nothing was received or sent for longer than the channel's timeout."""
        return bool(self.last_activity < time.time() - self.adj.channel_timeout)

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
        try:
            return int(super().write_soon(data))
        except OSError:
            self.will_close = True  # else waitress loops forever, as its count is wrong
            raise

    def del_channel(self, map: dict[int, Any] | None = None) -> None:  # noqa: A002  # waitress's
        """Close the connection, and the file of an incomplete upload."""
        super().del_channel(map)
        if self.request is not None:
            self.request.close()

    def cancel(self) -> None:
        """Close the connection, and the files of requests that will not be answered."""
        for request in self.requests:
            request.close()
        super().cancel()

    def send_continue(self) -> None:
        """Answer `Expect: 100-continue`, unless the request is refused already."""
        if self.request.error is None:
            super().send_continue()


class HttpListener(TcpWSGIServer):  # type: ignore[misc]  # waitress has no types
    """A listening socket and its connections."""

    channel_class = _Channel
    metrics: Metrics | None = None
    origins: Collection[str] = ()

    @property
    def is_busy(self) -> bool:
        """Whether any connection is busy."""
        return any(channel.is_busy for channel in list(self.active_channels.values()))

    def maintenance(self, now: float) -> None:
        """Also close connections whose peer stopped reading; waitress would wait for ever."""
        for channel in list(self.active_channels.values()):
            if channel.will_close and channel.is_stalled:
                channel.handle_close()
        super().maintenance(now)
