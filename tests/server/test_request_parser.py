"""HTTP is parsed strictly: no request is hidden in another (request smuggling)."""

from __future__ import annotations

import errno
import io
import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest
from flask import Flask, request
from hypothesis import given
from hypothesis import strategies as st
from waitress.adjustments import Adjustments
from waitress.buffers import OverflowableBuffer, TempfileBasedBuffer

from ocr_server.errors import StorageFull
from ocr_server.server.chunks import ChunkedBody
from ocr_server.server.request_parser import PACE, Pace, RequestParser
from ocr_server.server.waitress_server import Server
from ocr_server.settings import Settings
from tests.server.in_process import connect, rest_of, serving, told

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: localhost\r\n\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture
def seen() -> list[tuple[str, bytes]]:
    """Paths and bodies of the requests that reached the application."""
    return []


@pytest.fixture
def server(settings: Settings, seen: list[tuple[str, bytes]]) -> Iterator[Server]:
    app = Flask("echo")

    @app.route("/", defaults={"path": ""}, methods=["GET", "POST"])
    @app.route("/<path:path>", methods=["GET", "POST"])
    def note(path: str) -> str:
        seen.append((path, request.get_data()))
        return "seen"

    with serving(app, settings, pace=Pace(header_s=5, idle_s=0.3, last_bytes_s=0.2)) as server:
        yield server


def post(*lines: bytes, body: bytes = b"") -> bytes:
    head = b"POST /open HTTP/1.1\r\nHost: localhost\r\n"
    return head + b"".join(lines) + b"\r\n" + body


def chunks(*pieces: bytes, trailers: bytes = b"") -> bytes:
    sent = b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces)
    return sent + b"0\r\n" + trailers + b"\r\n"


REFUSED = {
    "both lengths, the chunks first": post(
        CHUNKED, b"Content-Length: 6\r\n", body=chunks() + HIDDEN
    ),
    "both lengths, the chunks last": post(
        b"Content-Length: 6\r\n", CHUNKED, body=chunks() + HIDDEN
    ),
    "both lengths, no chunks": post(b"Content-Length: 4\r\n", CHUNKED, body=b"abcd" + HIDDEN),
    "an empty coding": post(
        b"Transfer-Encoding:\r\n", b"Content-Length: 4\r\n", body=b"abcd" + HIDDEN
    ),
    "chunked twice in one header": post(
        b"Transfer-Encoding: chunked, chunked\r\n", body=chunks(b"a") + HIDDEN
    ),
    "chunked twice in two headers": post(CHUNKED, CHUNKED, body=chunks(b"a") + HIDDEN),
    "chunked and another": post(
        b"Transfer-Encoding: chunked, identity\r\n", body=chunks(b"a") + HIDDEN
    ),
    "another and chunked": post(b"Transfer-Encoding: gzip, chunked\r\n", body=chunks() + HIDDEN),
    "an unknown coding": post(b"Transfer-Encoding: xchunked\r\n", body=chunks(b"a") + HIDDEN),
    "a comma before chunked": post(b"Transfer-Encoding: ,chunked\r\n", body=chunks() + HIDDEN),
    "a control character before chunked": post(
        b"Transfer-Encoding: \x0bchunked\r\n", body=chunks(b"a") + HIDDEN
    ),
    "a quoted coding": post(b'Transfer-Encoding: "chunked"\r\n', body=chunks(b"a") + HIDDEN),
    "a space before the colon": post(b"Transfer-Encoding : chunked\r\n", body=chunks() + HIDDEN),
    "a header in a second line": post(b"Transfer-Encoding:\r\n chunked\r\n", body=chunks()),
    "another header in a second line": post(b"X: a\r\n\tb\r\n", body=HIDDEN),
    "a first header that is folded": b"GET / HTTP/1.1\r\n Host: localhost\r\n\r\n" + HIDDEN,
    "chunks with HTTP/1.0": b"POST / HTTP/1.0\r\nConnection: keep-alive\r\n"
    + CHUNKED + b"\r\n" + chunks(b"a") + HIDDEN,
    "two lengths": post(b"Content-Length: 4\r\n", b"Content-Length: 9\r\n", body=b"abcd" + HIDDEN),
    "the same length twice": post(*2 * (b"Content-Length: 4\r\n",), body=b"abcd" + HIDDEN),
    "a list of lengths": post(b"Content-Length: 4, 4\r\n", body=b"abcd" + HIDDEN),
    "a length with a sign": post(b"Content-Length: +4\r\n", body=b"abcd" + HIDDEN),
    "a negative length": post(b"Content-Length: -4\r\n", body=b"abcd" + HIDDEN),
    "a length in hexadecimal": post(b"Content-Length: 0x4\r\n", body=b"abcd" + HIDDEN),
    "a length with an underscore": post(b"Content-Length: 1_0\r\n", body=b"abcdabcdab" + HIDDEN),
    "a length without end": post(b"Content-Length: " + b"9" * 5000 + b"\r\n", body=HIDDEN),
    "no host": b"GET / HTTP/1.1\r\n\r\n" + HIDDEN,
    "two hosts": b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: other\r\n\r\n" + HIDDEN,
    "an empty host": b"GET / HTTP/1.1\r\nHost:\r\n\r\n" + HIDDEN,
    "a list of hosts": b"GET / HTTP/1.1\r\nHost: localhost, other\r\n\r\n" + HIDDEN,
    "a host with a user": b"GET / HTTP/1.1\r\nHost: a@localhost\r\n\r\n" + HIDDEN,
    "a host with a path": b"GET / HTTP/1.1\r\nHost: localhost/a\r\n\r\n" + HIDDEN,
    "another host in the address": b"GET http://a/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "an address that cannot be read": b"GET http://[ HTTP/1.1\r\nHost: a\r\n\r\n" + HIDDEN,
    "lines without CR": b"GET / HTTP/1.1\nHost: localhost\n\n" + HIDDEN,
    "a header without CR": b"GET / HTTP/1.1\r\nHost: localhost\nX: y\r\n\r\n" + HIDDEN,
    "a bare CR": b"GET / HTTP/1.1\r\nHost: localhost\rX: y\r\n\r\n" + HIDDEN,
    "a NUL in a header": b"GET / HTTP/1.1\r\nHost: localhost\r\nX: a\0b\r\n\r\n" + HIDDEN,
    "a NUL in the address": b"GET /\0 HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "a tab in the request line": b"GET\t/ HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "a space after the version": b"GET / HTTP/1.1 \r\nHost: localhost\r\n\r\n" + HIDDEN,
    "a space before the method": b" GET / HTTP/1.1\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "no version": b"GET /\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "a version of its own": b"GET / HTTP/1.2\r\nHost: localhost\r\n\r\n" + HIDDEN,
    "the preface of HTTP/2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + HIDDEN,
    "https": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(32),
    "a header without a colon": b"GET / HTTP/1.1\r\nHost: localhost\r\nX\r\n\r\n" + HIDDEN,
    "a size with a sign": post(CHUNKED, body=b"+1\r\na\r\n0\r\n\r\n" + HIDDEN),
    "a size in C": post(CHUNKED, body=b"0x1\r\na\r\n0\r\n\r\n" + HIDDEN),
    "a size with an underscore": post(CHUNKED, body=b"1_0\r\na\r\n0\r\n\r\n" + HIDDEN),
    "an endless size": post(CHUNKED, body=b"1" * 17 + b"\r\na\r\n0\r\n\r\n" + HIDDEN),
    "a size after a space": post(CHUNKED, body=b" 1\r\na\r\n0\r\n\r\n" + HIDDEN),
    "no size": post(CHUNKED, body=b"\r\na\r\n0\r\n\r\n" + HIDDEN),
    "a size without CR": post(CHUNKED, body=b"1\na\r\n0\r\n\r\n" + HIDDEN),
    "a size and an empty line": post(CHUNKED, body=b"1\n\r\na\r\n0\r\n\r\n" + HIDDEN),
    "an extension without CR": post(CHUNKED, body=b"1;\na\r\n0\r\n\r\n" + HIDDEN),
    "an extension with a bare CR": post(CHUNKED, body=b"1;a\rb\r\na\r\n0\r\n\r\n" + HIDDEN),
    "an extension that hides a line": post(CHUNKED, body=b"1;a\n\r\nb\r\n0\r\n\r\n" + HIDDEN),
    "an endless extension": post(CHUNKED, body=b"1;" + b"a" * 5000),
    "a chunk that is too long": post(CHUNKED, body=b"1\r\nab\r\n0\r\n\r\n" + HIDDEN),
    "a chunk that ends without CR": post(CHUNKED, body=b"1\r\na\n0\r\n\r\n" + HIDDEN),
    "an end without CR": post(CHUNKED, body=b"0\r\n\n" + HIDDEN),
    "a trailer without a colon": post(CHUNKED, body=chunks(trailers=b"GET / HTTP/1.1\r\n")),
    "endless trailers": post(CHUNKED, body=b"0\r\n" + b"a: b\r\n" * 5000),
    "a flood of small chunks": post(CHUNKED, body=b"1\r\na\r\n" * 2000),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_could_be_read_in_two_ways_is_refused_and_the_connection_ends(
    name: str, server: Server, seen: list[tuple[str, bytes]]
) -> None:
    answer = told(server, REFUSED[name])

    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.split()[1] in {b"400", b"501"}
    assert b"\r\nConnection: close" in head
    assert json.loads(body)["status"] in {400, 501}  # one answer, and nothing after it
    assert seen == []


def test_https_on_the_plain_port_is_told_so(server: Server) -> None:
    assert b"http://" in told(server, REFUSED["https"])


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (post(b"Content-Length: 4\r\n", body=b"abcd"), b"abcd"),
        (post(CHUNKED, body=chunks(b"ab", b"c" * 3000)), b"ab" + b"c" * 3000),
        (post(CHUNKED, body=b"2;a=b; c=\"d\"\r\nab\r\n0;e\r\n\r\n"), b"ab"),
        (post(CHUNKED, body=chunks(b"ab", trailers=b"Expires: never\r\n")), b"ab"),
        (post(b"transfer-ENCODING:Chunked\r\n", body=b"0A\r\n0123456789\r\n0\r\n\r\n"),
         b"0123456789"),
        (b"\r\n" + post(b"Content-Length: 2\r\n", body=b"ab"), b"ab"),
        (post(b"Content-Length: 0\r\n"), b""),
    ],
)  # fmt: skip
@pytest.mark.parametrize("is_slow", [False, True])
def test_what_is_right_is_read_however_it_is_cut_up(
    sent: bytes, body: bytes, is_slow: bool, server: Server, seen: list[tuple[str, bytes]]
) -> None:
    with connect(server) as client:
        client.setsockopt(6, 1, 1)  # no bytes wait for others
        for piece in (sent + HIDDEN)[:200] if is_slow else ():
            client.sendall(bytes([piece]))
        client.sendall((sent + HIDDEN)[200 if is_slow else 0 :])
        answer = rest_of(client)

    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert seen == [("open", body), ("hidden", b"")]


def test_an_address_with_its_host_is_read(server: Server) -> None:
    answer = told(server, b"GET http://localhost/a HTTP/1.1\r\nHost: localhost\r\n\r\n")

    assert answer.startswith(b"HTTP/1.1 200")


def test_who_sends_a_header_too_slowly_is_told_so(settings: Settings) -> None:
    with (
        serving(Flask("none"), settings, pace=Pace(header_s=0.2)) as server,
        connect(server) as client,
    ):
        client.sendall(b"GET / HTTP/1.1\r\n")
        answer = rest_of(client)

    assert answer.startswith((b"HTTP/1.1 408 ", b"HTTP/1.0 408 "))
    assert b'"request-timeout"' in answer


def test_who_sends_a_body_too_slowly_is_told_so(settings: Settings) -> None:
    with (
        serving(Flask("none"), settings, pace=Pace(window_s=0.2)) as server,
        connect(server) as client,
    ):
        client.sendall(post(b"Content-Length: 200000\r\n", body=bytes(100_000)))
        answer = rest_of(client)

    assert answer.startswith(b"HTTP/1.1 ")
    assert b"Connection: close" in answer


def parsed(sent: bytes) -> RequestParser:
    parser = RequestParser(Adjustments(), check=lambda _: None, pace=PACE)
    parser.received(sent)
    return parser


def test_no_byte_hides_a_coding() -> None:
    """As tools try it: with each byte before and after the name, and before and after the value."""
    allowed = {b" ", b"\t"}  # around the value
    for number in range(256):
        byte = bytes([number])
        lines = [
            byte + CHUNKED,
            b"Transfer-Encoding" + byte + b": chunked\r\n",
            b"X: y" + byte + CHUNKED,
        ]
        if byte not in allowed:
            lines += [
                b"Transfer-Encoding:" + byte + b"chunked\r\n",
                b"Transfer-Encoding: chunked" + byte + b"\r\n",
            ]
        for line in lines:
            parser = parsed(post(line, body=chunks(b"a")))
            is_other = not parser.chunked and re.match(rb"(X: y|[\w!#$%&'*+.^`|~-]+:)", line)

            assert parser.error or is_other, line
            assert not parser.chunked or parser.error, line


@given(st.lists(st.binary(min_size=1, max_size=30), max_size=5), st.data())
def test_chunks_are_put_together_however_they_are_cut_up(
    pieces: list[bytes], data: st.DataObject
) -> None:
    sent = chunks(*pieces)
    body = ChunkedBody(OverflowableBuffer(100))
    rest = sent + b"next"
    while not body.completed:
        cut = data.draw(st.integers(1, len(rest)))
        taken = body.received(rest[:cut])
        assert taken == cut or body.completed
        rest = rest[taken:]

    assert rest == b"next"
    assert body.getfile().read() == b"".join(pieces)
    assert len(body) == len(b"".join(pieces))


class FullDisk(io.BytesIO):
    """A file with room for 9,000 bytes, which has to write once more when it is closed."""

    def write(self, data: ReadableBuffer) -> int:
        if self.tell() + len(bytes(data)) > 9000:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data)

    def close(self) -> None:
        was_open = not self.closed
        super().close()
        if was_open:
            raise OSError(errno.ENOSPC, "No space left on device")


def test_a_disk_without_room_for_the_last_bytes_of_a_body_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(TempfileBasedBuffer, "newfile", lambda _: FullDisk())
    parser = RequestParser(Adjustments(inbuf_overflow=1000), check=lambda _: None, pace=PACE)

    parser.received(post(b"Content-Length: 9100\r\n"))
    parser.received(b"x" * 9000)
    parser.received(b"x" * 100)
    parser.close()

    assert isinstance(parser.refusal, StorageFull)
    assert parser.completed
