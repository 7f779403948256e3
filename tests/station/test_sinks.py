from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ocr_server.client import Refused, remote_server
from ocr_server.station import sinks
from ocr_server.station.journal import Entry, Journal
from ocr_server.station.sinks import Delivery, Poster, Undelivered
from tests.station.reads_bytes import answer_of, record_of
from tests.waiting import wait_for

BACKLOG = 200
ENTRY = Entry(7, "key", "2026-01-31T12:00:00.000+00:00", "a.png", answer_of("12"))


class Slow:
    """A sink that takes its time."""

    name = "slow"

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        self.taken: list[int] = []

    def take(self, entry: Entry) -> None:
        time.sleep(self.seconds)
        self.taken.append(entry.serial)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


def fill(journal: Journal, count: int) -> None:
    for number in range(count):
        journal.add(key=str(number), source="a.png", record=record_of("1"))


def test_an_end_does_not_wait_for_the_backlog_and_the_rest_stays(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "ENDING_S", 0.0)
    fill(journal, BACKLOG)
    slow = Slow(0.05)
    delivery = Delivery(journal, [slow])
    wait_for(lambda: slow.taken)

    delivery.end()

    assert len(slow.taken) < BACKLOG
    assert [entry.serial for entry in journal.pending("slow")] == list(
        range(slow.taken[-1] + 1, BACKLOG + 1)
    )


def test_what_came_just_before_the_end_is_handed_out(journal: Journal) -> None:
    quick = Slow(0.0)
    delivery = Delivery(journal, [quick])
    fill(journal, 3)

    delivery.end()

    assert quick.taken == [1, 2, 3]


@contextmanager
def answering(status: int) -> Iterator[tuple[str, list[str]]]:
    """A server that answers a post so, and any other request by 200; and what it was asked."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append(f"POST {self.headers.get('Idempotency-Key')}")
            self.rfile.read(int(self.headers["Content-Length"]))
            self._answer(status)

        def do_GET(self) -> None:
            asked.append(f"GET {self.path}")
            self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", asked
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize("status", [200, 201, 204])
def test_a_reading_answered_by_2xx_is_delivered_under_its_key(status: int) -> None:
    with answering(status) as (url, asked):
        Poster(url, station_id="id").take(ENTRY)

    assert asked == ["POST id-7"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308, 404, 500])
def test_a_reading_answered_otherwise_is_not_delivered(status: int) -> None:
    with (
        answering(status) as (url, asked),
        pytest.raises(Undelivered, match=f"answered {status}"),
    ):
        Poster(url, station_id="id").take(ENTRY)

    assert asked == ["POST id-7"]


def test_a_client_does_not_follow_a_redirect_either() -> None:
    with (
        answering(302) as (url, asked),
        remote_server(url, "secret") as post,
        pytest.raises(Refused, match="answered 302"),
    ):
        post([b"picture"], {})

    assert asked == ["POST None"]


@contextmanager
def saying(*pieces: bytes, between_s: float = 0.0) -> Iterator[str]:
    """The address of a server that answers each request by these pieces, then hangs up."""
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            with suppress(OSError):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(65536)
                    for piece in pieces:
                        connection.sendall(piece)
                        if stop.wait(between_s):
                            break

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            stop.set()
            thread.join()


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff\x13garbage\n", b"HTTP/1.1 abc\r\n\r\n", b"SSH-2.0-x\r\n", b"200 OK\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n",
    ],
)  # fmt: skip
def test_a_garbled_answer_is_a_delivery_that_failed(
    journal: Journal, caplog: pytest.LogCaptureFixture, answer: bytes
) -> None:
    fill(journal, 1)
    with saying(answer) as url:
        delivery = Delivery(journal, [Poster(url, station_id="id")])
        wait_for(lambda: len(caplog.messages) > 1)  # it is tried again at once
        delivery.end()

    assert {record.levelno for record in caplog.records} == {logging.WARNING}
    assert "the server does not answer in HTTP; it is tried again in" in caplog.messages[0]
    assert [entry.serial for entry in journal.pending("post")] == [1]


def test_a_body_that_never_ends_keeps_nothing_up() -> None:
    head = b"HTTP/1.1 200 OK\r\n\r\n"
    with saying(head, *[b"drop"] * 100, between_s=0.1) as url:
        began = time.monotonic()
        Poster(url, station_id="id").take(ENTRY)

    assert time.monotonic() - began < 5


def test_an_answer_that_comes_drop_by_drop_does_not_hold_up_the_end(
    journal: Journal, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sinks, "ENDED_S", 0.3)
    fill(journal, 1)
    with saying(*[b"H"] * 600, between_s=0.1) as url:
        delivery = Delivery(journal, [Poster(url, station_id="id")])
        began = time.monotonic()

        delivery.end()

        assert time.monotonic() - began < 30
        assert caplog.messages == ["post does not answer; the rest stays in the journal"]
    assert [entry.serial for entry in journal.pending("post")] == [1]
