"""Requests as they come in: parsed strictly, paced, and refused before their body where possible.

A request that two servers could read differently is refused, and its connection ends: what follows
may be a second request that the server in front has not seen (request smuggling).

Source: RFC 9112, sections 2.2 (bare LF), 3 and 3.2 (request line, Host), 5.2 (obsolete line
folding), 6.1 and 6.3 (Transfer-Encoding and Content-Length); RFC 9110, 10.1.1 (Expect).
"""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

from waitress.parser import HTTPRequestParser, ParsingError
from waitress.utilities import BadRequest, RequestEntityTooLarge

from ocr_server.errors import StorageFull, TooSlow
from ocr_server.request.faults import body_too_large
from ocr_server.server.chunks import ChunkedBody

SMALL_BYTES = 64 * 1024
CHUNKED_ROOM_BYTES = 2**20  # on the disk, for a body of unknown length; doubled as it grows

_ONCE = (b"host", b"content-length", b"transfer-encoding")
_VERSIONS = (b"1.0", b"1.1")
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{0,5})?")
_LENGTH = re.compile(r"[0-9]{1,18}")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_BARE_LF = re.compile(rb"(?<!\r)\n")
_FIRST_OF_TOKEN = re.compile(rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]")
_TLS_HANDSHAKE = b"\x16"  # the first byte of https

log = logging.getLogger(__name__)

Check: TypeAlias = "Callable[[RequestParser], Exception | None]"


@dataclass(frozen=True, slots=True)
class Pace:
    """How slowly a client may send and read, in seconds; see `RequestParser.is_late`."""

    header_s: float = 10.0
    window_s: float = 10.0
    least_bytes_per_s: int = 1000
    idle_s: float = 60.0
    last_bytes_s: float = 5.0
    """for clients that stopped sending or reading when their connection is about to end"""


PACE = Pace()


class RequestParser(HTTPRequestParser):  # type: ignore[misc]  # waitress has no types
    """A request; `refusal` is the answer to one that is refused although it can be read."""

    refusal: Exception | None = None
    is_cut_off = False  # refused before all of it came; the connection ends
    completed: bool
    body_rcv: Any  # waitress has no types

    _left_bytes: int | None = None  # of a small refused body, to be discarded

    def __init__(self, adj: Any, *, check: Check, pace: Pace) -> None:  # noqa: ANN401  # waitress's
        """Begin with nothing.

        `check` says why a request is refused: it is asked when the headers are there, and again
        when a body of unknown length needs more room.
        """
        super().__init__(adj)
        self._check, self._pace = check, pace
        self._since_s, self._since_bytes = time.monotonic(), 0
        self._room_bytes = 0

    @property
    def promised_bytes(self) -> int:
        """Bytes that will still be written to the disk."""
        return 0 if self.completed else max(0, self._room_bytes - self.body_bytes_received)

    def is_late(self, now_s: float) -> bool:
        """Whether the headers took too long, or the body came too slowly in the last window."""
        if not self.headers_finished:
            return now_s - self._since_s > self._pace.header_s
        if now_s - self._since_s < self._pace.window_s:
            return False
        come_bytes = self.body_bytes_received - self._since_bytes
        least_bytes = self._pace.least_bytes_per_s * (now_s - self._since_s)
        self._since_s, self._since_bytes = now_s, self.body_bytes_received
        return bool(come_bytes < least_bytes)

    def too_slow(self) -> TooSlow:
        """The error of a request that `is_late`."""
        pace = self._pace
        return TooSlow(
            f"The headers of a request must come within {pace.header_s:g} s, and its body with at "
            f"least {pace.least_bytes_per_s} bytes a second. Send it again."
        )

    def received(self, data: bytes) -> int:
        """Parse data; how many bytes of it belong to this request.

        What follows a request after which the connection ends belongs to it too.
        """
        if self.completed:
            return 0
        if self._left_bytes is not None:
            return self._discard(len(data))
        if not self.headers_finished:
            fault = _fault_of_beginning(self.header_plus, data)
            if fault:
                self.error = BadRequest(fault)
        try:
            consumed = 0 if self.error else int(super().received(data))
        except OSError:
            log.exception("an upload does not fit on the disk")
            self.refuse(StorageFull.of_temp_dir())
            return len(data) if self.is_cut_off else self._discard(len(data))
        if isinstance(self.error, RequestEntityTooLarge):
            self.error = None
            # waitress refuses the limit itself, too
            self.refuse(body_too_large(self.adj.max_request_body_size - 1))
        if self.error:
            self.completed, self.expect_continue = True, False
        elif not self.empty:
            self._ask()
        return len(data) if self.error or self.is_cut_off else consumed

    def refuse(self, error: Exception) -> None:
        """Answer with an error. The rest of a small body is awaited, else the connection ends."""
        self.refusal = error
        left_bytes = self.content_length - self.body_bytes_received
        if self.chunked or self.expect_continue or left_bytes > SMALL_BYTES:
            self.is_cut_off = self.completed = True
        elif left_bytes:
            self._left_bytes, self.completed = left_bytes, False
        self.expect_continue = False
        self.close()

    def cut_off(self, error: Exception) -> None:
        """Answer with an error now; the connection ends."""
        self.refusal = error
        self.is_cut_off = self.completed = True
        self.expect_continue = False
        self.close()

    def _discard(self, come_bytes: int) -> int:
        assert self._left_bytes is not None  # noqa: S101  # or it would not be called
        discarded_bytes = min(come_bytes, self._left_bytes)
        self._left_bytes -= discarded_bytes
        self.body_bytes_received += discarded_bytes
        self.completed = not self._left_bytes
        return discarded_bytes

    def _ask(self) -> None:
        """Ask `check` about headers that have just come, or about room for a growing body."""
        if self.refusal or not self.headers_finished:
            return
        is_new = not self._room_bytes
        if is_new:
            self._since_s = time.monotonic()
            self._room_bytes = max(1, CHUNKED_ROOM_BYTES if self.chunked else self.content_length)
        elif not self.completed and self.body_bytes_received > self._room_bytes:
            self._room_bytes *= 2
        else:
            return
        refusal = self._check(self)
        if refusal is not None:
            self.refuse(refusal)

    def parse_header(self, header_plus: bytes) -> None:
        """Parse request line and headers.

        Raises:
            ParsingError: they are malformed, or could be read differently by another server.
        """
        request_line, *lines = header_plus.removesuffix(b"\r\n\r\n").split(b"\r\n")
        _check_headers(lines, version=request_line.rpartition(b" HTTP/")[2])
        if _CONTROL.search(request_line):
            raise ParsingError("The request line has control characters.")
        try:
            super().parse_header(header_plus)
        except ValueError as error:  # of urllib, which waitress does not expect
            raise ParsingError("The address is not understood.") from error
        if not _LENGTH.fullmatch(self.headers.get("CONTENT_LENGTH", "0")):
            raise ParsingError("The header Content-Length is not understood.")
        host = self.headers.get("HOST")
        if host is not None and not _HOST.fullmatch(host):
            raise ParsingError("The header Host is not understood.")
        if self.proxy_netloc and self.proxy_netloc.lower() != (host or "").lower():
            raise ParsingError("The address and the header Host name different hosts.")
        if self.chunked:
            self.body_rcv = ChunkedBody(self.body_rcv.getbuf())

    def get_body_stream(self) -> Any:  # noqa: ANN401  # waitress has no types
        """The body; empty if the request was refused."""
        if self.refusal:
            self.body_rcv = None
        return super().get_body_stream()

    def close(self) -> None:
        """Delete what of the body is on the disk."""
        with suppress(OSError):  # a full disk has no room for what is still to be written
            super().close()


def _fault_of_beginning(before: bytes, data: bytes) -> str:
    """What is wrong with headers that are not complete yet, as no more will make it right."""
    if not before.strip(b"\r\n"):
        first = data.lstrip(b"\r\n")[:1]
        if first == _TLS_HANDSHAKE:
            return "This port speaks http, and https came. Use an address that begins with http://."
        if first and not _FIRST_OF_TOKEN.match(first):
            return "A request of HTTP does not begin like this."
    last = before[-3:]
    so_far = last + data
    end = so_far.find(b"\r\n\r\n")
    if _BARE_LF.search(so_far, len(last), end if end >= 0 else len(so_far)):
        return "A line ends in LF without CR."
    return ""


def _check_headers(lines: Sequence[bytes], *, version: bytes) -> None:
    if version not in _VERSIONS:
        raise ParsingError("The request line is not understood: HTTP/1.0 and HTTP/1.1 are.")
    if any(line.startswith((b" ", b"\t")) for line in lines):
        raise ParsingError("A header goes on in a second line, which is obsolete.")
    pairs = [line.partition(b":") for line in lines]
    names = [name.lower() for name, _, _ in pairs]
    for name in _ONCE:
        if names.count(name) > 1:
            raise ParsingError(f"The header {name.decode().title()} came more than once.")
    if version == b"1.1" and b"host" not in names:
        raise ParsingError("The header Host is missing.")
    if b"transfer-encoding" not in names:
        return
    if b"content-length" in names:
        raise ParsingError("Transfer-Encoding and Content-Length came together.")
    coding = pairs[names.index(b"transfer-encoding")][2].strip(b" \t").lower()
    codings = [one.strip(b" \t") for one in coding.split(b",")]
    if version == b"1.0" or b"" in codings or (b"chunked" in codings and len(codings) > 1):
        raise ParsingError("The header Transfer-Encoding may only be chunked, with HTTP/1.1.")
