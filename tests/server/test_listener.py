"""Who may connect, what is refused before its body is taken, and how connections end."""

from __future__ import annotations

import json
import shutil
import socket
import struct
import threading
import time
from collections import namedtuple
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from flask import Flask

from ocr_server.app import create_app
from ocr_server.server.listener import SPARE_CONNECTIONS, network_of
from ocr_server.server.request_parser import Pace
from ocr_server.server.waitress_server import Server
from ocr_server.settings import Settings
from ocr_server.web.context import hang_up, service_of
from ocr_server.web.gate import refusal_of
from tests.drawing import as_file, draw_lines
from tests.fakes import InlineWorkers, ReadsWords
from tests.server.in_process import connect, rest_of, serving, told
from tests.waiting import BOUND_S, wait_for

PICTURE = as_file(draw_lines("Hello"))
QUICK = Pace(header_s=0.4, window_s=0.4, idle_s=30, last_bytes_s=0.4)
MUCH_BYTES = 20_000_000  # more than sockets hold
Usage = namedtuple("Usage", "total used free")


def head(*lines: str, path: str = "/v1/documents", method: str = "POST") -> bytes:
    return "\r\n".join(
        [f"{method} {path} HTTP/1.1", "Host: localhost", "Content-Type: image/png", *lines, "", ""]
    ).encode()


def whole(*lines: str) -> bytes:
    return head(f"Content-Length: {len(PICTURE)}", *lines) + PICTURE


def problem_in(answer: bytes) -> dict[str, Any]:
    heading, _, body = answer.partition(b"\r\n\r\n")
    problem: dict[str, Any] = json.loads(body)
    assert heading.split()[1] == str(problem["status"]).encode()
    return problem


class Front:
    """The application with a fake engine behind the real server."""

    def __init__(self, stack: ExitStack, settings: Settings, **more: Any) -> None:  # noqa: ANN401
        self.app = create_app(settings, InlineWorkers(ReadsWords("Hello")))
        self.service = service_of(self.app)
        stack.callback(self.service.close)
        gate = partial(refusal_of, self.app)
        given = {"gate": gate, "pace": QUICK, **more}
        self.server: Server = stack.enter_context(serving(self.app, settings, **given))

    def full(self) -> ExitStack:
        """As if all places in the queue were taken."""
        places = ExitStack()
        settings = self.service.settings
        for _ in range(settings.slots + settings.waiting):
            places.enter_context(self.service.admission.admit())
        return places


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def front(stack: ExitStack, settings: Settings) -> Front:
    return Front(stack, settings)


@pytest.fixture
def guarded(stack: ExitStack, settings: Settings) -> Front:
    return Front(stack, replace(settings, api_keys=("key",)))


def test_a_picture_is_read(front: Front) -> None:
    assert told(front.server, whole("Connection: close")).endswith(b"}\n")


@pytest.mark.parametrize("lines", [(), ("Expect: 100-continue",)])
@pytest.mark.parametrize("length", ["Content-Length: 20000000", "Transfer-Encoding: chunked"])
def test_a_body_without_a_key_is_not_taken(
    length: str, lines: tuple[str, ...], guarded: Front
) -> None:
    answer = told(guarded.server, head(length, *lines))

    assert problem_in(answer)["code"] == "key-missing"
    assert b"www-authenticate: bearer" in answer.lower()
    assert b"Connection: close" in answer


def test_a_key_lets_the_body_in(guarded: Front) -> None:
    with connect(guarded.server) as client:
        client.sendall(head(f"Content-Length: {len(PICTURE)}", "X-API-Key: key",
                            "Expect: 100-continue", "Connection: close"))  # fmt: skip
        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        client.sendall(PICTURE)
        answer = rest_of(client)

    assert answer.startswith(b"HTTP/1.1 200")


def test_the_form_of_a_page_may_bring_its_key_in_the_body(guarded: Front) -> None:
    with connect(guarded.server) as client:
        client.sendall(head("Content-Length: 200000", "Expect: 100-continue", path="/"))

        assert client.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_a_body_is_not_taken_while_the_queue_is_full(front: Front) -> None:
    with front.full():
        answer = told(front.server, head("Content-Length: 20000000", "Expect: 100-continue"))

    assert problem_in(answer)["code"] == "queue-full"
    assert b"Retry-After: 1" in answer


def test_a_frame_is_not_taken_while_all_slots_are_busy(front: Front) -> None:
    with front.service.admission.admit():
        answer = told(front.server, head("Content-Length: 20000000", path="/v1/frames"))

    assert problem_in(answer)["setting"] == "OCR_SLOTS"


def test_a_person_sees_a_page_that_says_so(front: Front) -> None:
    with front.full():
        answer = told(front.server, head("Content-Length: 20000000", path="/"))

    assert answer.startswith(b"HTTP/1.1 429")
    assert b"<h1>The server is busy</h1>" in answer


def test_a_body_for_no_route_is_not_taken(front: Front) -> None:
    answer = told(front.server, head("Content-Length: 20000000", path="/v1/nothing"))

    assert answer.startswith(b"HTTP/1.1 404")


def test_a_small_body_that_is_refused_leaves_the_connection_open(front: Front) -> None:
    with connect(front.server) as client, client.makefile("rb") as lines:
        with front.full():
            client.sendall(whole())
            refused = lines.readline()
        client.sendall(whole("Connection: close"))
        rest = lines.read()

    assert refused.startswith(b"HTTP/1.1 429")
    assert rest.count(b"HTTP/1.1 200") == 1


def test_who_sends_all_before_reading_still_gets_the_refusal(guarded: Front) -> None:
    with connect(guarded.server) as client:
        client.sendall(head(f"Content-Length: {MUCH_BYTES}"))
        client.sendall(bytes(MUCH_BYTES))

        assert problem_in(rest_of(client))["code"] == "key-missing"


@pytest.mark.parametrize(
    ("free_bytes", "status"), [(1_900_000, b"503"), (2_100_000, b"100")], ids=["full", "room"]
)
def test_a_body_gets_half_of_the_room_that_nobody_was_promised(
    free_bytes: int, status: bytes, front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, free_bytes + 500_000))
    with connect(front.server) as other, connect(front.server) as client:
        other.sendall(head("Content-Length: 500000", "Expect: 100-continue"))
        assert other.recv(12) == b"HTTP/1.1 100"
        client.sendall(head("Content-Length: 1000000", "Expect: 100-continue"))

        assert client.recv(12) == b"HTTP/1.1 " + status


def test_a_body_of_unknown_length_is_refused_when_no_room_is_left(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    free_bytes = iter([2_200_000, 1_100_000])
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(0, 0, next(free_bytes)))
    chunk = b"80000\r\n" + bytes(0x80000) + b"\r\n"

    answer = told(front.server, head("Transfer-Encoding: chunked") + 3 * chunk)

    assert problem_in(answer)["code"] == "storage-full"


@pytest.mark.parametrize("sent_bytes", [0, 50_000])
def test_a_body_that_comes_too_slowly_is_refused(sent_bytes: int, front: Front) -> None:
    with connect(front.server) as client:
        client.sendall(head("Content-Length: 100000") + bytes(sent_bytes))

        assert problem_in(rest_of(client))["code"] == "request-timeout"


def test_a_header_that_comes_too_slowly_is_refused(front: Front) -> None:
    assert problem_in(told(front.server, head()[:-5]))["code"] == "request-timeout"


def test_a_clock_that_jumps_ends_no_upload(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    wall_clock_s = time.time
    with connect(front.server) as client:
        client.sendall(whole("Connection: close")[:-10])
        monkeypatch.setattr(time, "time", lambda: wall_clock_s() + 86_400)
        time.sleep(0.1)
        client.sendall(PICTURE[-10:])

        assert rest_of(client).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", b"200"), ("LOCALHOST:8080", b"200"), ("127.0.0.1:1", b"200"),
        ("[::1]:8080", b"200"), ("192.168.1.5", b"200"), (socket.gethostname(), b"200"),
        ("ocr.localhost", b"200"), ("evil.example", b"421"), ("localhost.evil.example", b"421"),
        ("127.0.0.1.evil.example", b"421"), ("evil.example:8080", b"421"),
    ],
)  # fmt: skip
def test_a_server_on_loopback_answers_to_names_of_the_machine_only(
    host: str, status: bytes, front: Front
) -> None:
    sent = f"GET /metrics HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"

    assert told(front.server, sent.encode())[9:12] == status


@pytest.mark.parametrize(
    ("address", "hosts", "status"),
    [
        ("127.0.0.1", (), b"421"), ("127.0.0.1", ("ocr.example", "b"), b"200"),
        ("127.0.0.1", ("*",), b"200"), ("0.0.0.0", (), b"200"),  # noqa: S104
        ("0.0.0.0", ("b",), b"421"),  # noqa: S104
    ],
)  # fmt: skip
def test_other_names_are_served_where_the_operator_says_so(
    address: str, hosts: tuple[str, ...], status: bytes, stack: ExitStack, settings: Settings
) -> None:
    front = Front(stack, replace(settings, host=address, hosts=hosts))
    sent = b"GET /livez HTTP/1.1\r\nHost: OCR.example\r\nConnection: close\r\n\r\n"

    assert told(front.server, sent)[9:12] == status


def test_a_proxy_s_name_does_not_make_up_for_a_foreign_host(
    stack: ExitStack, settings: Settings
) -> None:
    front = Front(stack, replace(settings, trusted_proxy="127.0.0.1"))
    sent = (
        b"GET /livez HTTP/1.1\r\nHost: evil.example\r\nX-Forwarded-Host: localhost\r\n"
        b"Connection: close\r\n\r\n"
    )

    assert told(front.server, sent)[9:12] == b"421"


def test_a_page_behind_a_proxy_is_no_other_site(stack: ExitStack, settings: Settings) -> None:
    front = Front(stack, replace(settings, trusted_proxy="127.0.0.1"))
    lines = ("X-Forwarded-Host: ocr.example", "Origin: https://ocr.example", "Connection: close")

    assert told(front.server, whole(*lines)).startswith(b"HTTP/1.1 200")


def test_a_body_for_a_page_of_another_site_is_not_taken(front: Front) -> None:
    answer = told(front.server, head("Content-Length: 2000000", "Origin: http://evil.example"))

    assert problem_in(answer)["code"] == "cross-site"


def test_who_has_been_idle_for_the_longest_leaves_for_a_new_client(
    stack: ExitStack, settings: Settings
) -> None:
    front = Front(stack, settings, most_connections=20, pace=Pace())
    idle = [stack.enter_context(connect(front.server)) for _ in range(20)]
    idle[1].sendall(b"GET /livez HTTP/1.1\r\nHost")  # as one that sends its header slowly
    wait_for(lambda: len(front.server._server.active_channels) == 20)

    answers = [told(front.server, head("Connection: close", path="/livez", method="GET"))
               for _ in range(3)]  # fmt: skip

    assert all(answer.startswith(b"HTTP/1.1 200") for answer in answers)
    assert idle[0].recv(1) == b""
    idle[-1].sendall(head("Connection: close", path="/livez", method="GET"))
    assert rest_of(idle[-1]).startswith(b"HTTP/1.1 200")


def test_who_sent_something_lately_stays_for_longer(stack: ExitStack, settings: Settings) -> None:
    front = Front(stack, settings, most_connections=20, pace=Pace())
    channels = front.server._server.active_channels
    idle = [stack.enter_context(connect(front.server)) for _ in range(20)]
    wait_for(lambda: len(channels) == 20)
    idle[0].sendall(b"GET /livez HTTP/1.1\r\nHost")
    wait_for(lambda: any(channel.request for channel in list(channels.values())))

    told(front.server, head("Connection: close", path="/livez", method="GET"))

    assert idle[1].recv(1) == b""
    idle[0].sendall(b": localhost\r\nConnection: close\r\n\r\n")
    assert rest_of(idle[0]).startswith(b"HTTP/1.1 200")


def test_who_is_sending_does_not_leave_for_a_new_client(
    stack: ExitStack, settings: Settings
) -> None:
    front = Front(stack, settings, most_connections=2, pace=Pace())
    busy = [stack.enter_context(connect(front.server)) for _ in range(2)]
    for client in busy:
        client.sendall(head("Content-Length: 5", "Connection: close", "Expect: 100-continue"))
        client.recv(100)

    answer = told(front.server, head("Connection: close", path="/version", method="GET"))
    alive = told(front.server, head("Connection: close", path="/livez", method="GET"))

    assert alive.startswith(b"HTTP/1.1 200")
    assert problem_in(answer)["code"] == "too-many-connections"
    assert b"Retry-After: 1" in answer
    busy[0].sendall(b"12345")
    assert rest_of(busy[0]).startswith(b"HTTP/1.1 415")


def test_beyond_the_places_for_probes_nobody_is_heard(stack: ExitStack, settings: Settings) -> None:
    front = Front(stack, settings, most_connections=1, pace=Pace())
    for _ in range(1 + SPARE_CONNECTIONS):
        client = stack.enter_context(connect(front.server))
        client.sendall(
            head("Content-Length: 5", "Expect: 100-continue", path="/livez", method="GET")
        )
        assert client.recv(12) == b"HTTP/1.1 100"

    answer = told(front.server, head(path="/livez", method="GET"))

    assert problem_in(answer)["code"] == "too-many-connections"


@pytest.mark.parametrize(
    ("changes", "is_limited"),
    [
        ({}, True), ({"max_connections_per_address": 0}, False),
        ({"trusted_proxy": "127.0.0.9"}, False), ({"trusted_proxy": "*"}, False),
    ],
)  # fmt: skip
def test_one_address_has_so_many_connections(
    changes: dict[str, Any],
    is_limited: bool,
    stack: ExitStack,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("ocr_server.server.listener.is_loopback", lambda _: False)
    limited = replace(settings, **{"max_connections_per_address": 2, **changes})
    front = Front(stack, limited, pace=Pace())
    answers = []
    for _ in range(3):
        client = stack.enter_context(connect(front.server, "127.0.0.9"))
        client.sendall(head("Content-Length: 5", "Expect: 100-continue"))
        answers.append(client.recv(12))
    with connect(front.server, "127.0.0.8") as other:
        other.sendall(head("Content-Length: 5", "Expect: 100-continue"))

        assert other.recv(12) == b"HTTP/1.1 100"
    assert answers.count(b"HTTP/1.1 503") == is_limited


def test_loopback_has_as_many_connections_as_it_likes(stack: ExitStack, settings: Settings) -> None:
    front = Front(stack, replace(settings, max_connections_per_address=1), pace=Pace())
    own = [stack.enter_context(connect(front.server)) for _ in range(3)]
    for client in own:
        client.sendall(head("Content-Length: 5", "Expect: 100-continue"))

    assert {client.recv(12) for client in own} == {b"HTTP/1.1 100"}


def test_a_network_of_ipv6_counts_as_one_address() -> None:
    assert network_of("2001:db8:0:1::5") == network_of("2001:db8:0:1:ffff::6")
    assert network_of("2001:db8:0:1::5") != network_of("2001:db8:0:2::5")
    assert network_of("192.0.2.7") == "192.0.2.7"


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_who_closes_one_half_gets_an_answer(version: str, front: Front) -> None:
    with connect(front.server) as client:
        client.sendall(f"GET /livez HTTP/{version}\r\nHost: localhost\r\n\r\n".encode())
        client.shutdown(socket.SHUT_WR)

        assert b'"alive"' in rest_of(client)


class Held:
    """An application that answers when it is told to, or when its client has gone."""

    def __init__(self) -> None:
        self.begun, self.goes_on, self.was_gone = (threading.Event() for _ in range(3))
        self.app = Flask("held")
        self.app.add_url_rule("/", view_func=self._answer, methods=["GET", "POST"])

    def _answer(self) -> str:
        gone = hang_up()
        self.begun.set()
        while not self.goes_on.wait(0.02):
            if gone.is_set():
                self.was_gone.set()
                break
        return "answer"


@pytest.fixture
def held() -> Iterator[Held]:
    held = Held()
    yield held
    held.goes_on.set()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_who_closes_one_half_gets_an_answer_that_takes_its_time(
    method: str, held: Held, settings: Settings
) -> None:
    with serving(held.app, settings) as server, connect(server) as client:
        client.sendall(head("Content-Length: 2", path="/", method=method) + b"ab")
        assert held.begun.wait(BOUND_S)
        client.shutdown(socket.SHUT_WR)
        time.sleep(0.1)
        held.goes_on.set()

        assert rest_of(client).endswith(b"answer")
    assert not held.was_gone.is_set()


@pytest.mark.parametrize("manner", ["politely", "after one half", "abruptly"])
def test_who_hangs_up_is_noticed(manner: str, held: Held, settings: Settings) -> None:
    with serving(held.app, settings) as server:
        with connect(server) as client:
            client.sendall(head("Content-Length: 2", path="/") + b"ab")
            assert held.begun.wait(BOUND_S)
            if manner == "after one half":
                client.shutdown(socket.SHUT_WR)
                assert client.recv(100).startswith(b"HTTP/1.1 100")
            elif manner == "abruptly":  # a reset, not a farewell
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        if manner == "after one half":  # it is seen when something is sent
            held.goes_on.set()
        else:
            assert held.was_gone.wait(BOUND_S)
        wait_for(lambda: not server.has_connections)


def drained(server: Server) -> float:
    """Seconds until the last connection is gone, after the server began to shut down."""
    begun = time.monotonic()
    server.drain()
    server.run_until(lambda: not server.has_connections or time.monotonic() > begun + BOUND_S)
    return time.monotonic() - begun


def test_what_has_come_is_answered_while_the_server_shuts_down(settings: Settings) -> None:
    """Connections that nobody has taken yet, requests, uploads, and kept connections."""
    app = create_app(settings, InlineWorkers(ReadsWords("Hello")))
    get = head(path="/livez", method="GET")
    with (
        closing(service_of(app)),
        closing(
            Server(app, settings, gate=partial(refusal_of, app), pace=Pace(last_bytes_s=0.5))
        ) as server,
        ExitStack() as stack,
    ):
        kept, idle, upload, late, half = (stack.enter_context(connect(server)) for _ in range(5))
        upload.sendall(head("Content-Length: 100000"))
        idle.sendall(get)
        kept.sendall(get)
        turns = iter(range(20))
        server.run_until(lambda: next(turns, None) is None)
        half.sendall(get[:20])
        kept.sendall(get)
        unseen = [stack.enter_context(connect(server)) for _ in range(5)]
        for client in unseen:
            client.sendall(get)
        service_of(app).admission.drain(0)

        took_s = drained(server)

        assert took_s < 5
        assert problem_in(rest_of(upload))["code"] == "draining"
        assert problem_in(rest_of(half))["code"] == "draining"
        assert rest_of(idle).count(b"HTTP/1.1 200") == 1
        assert rest_of(kept).count(b"HTTP/1.1 200") == 2
        assert rest_of(late) == b""
        for client in unseen:
            answer = rest_of(client)
            assert answer.startswith(b"HTTP/1.1 200")
            assert b"Connection: close" in answer


def test_who_does_not_read_does_not_keep_the_server_from_ending(settings: Settings) -> None:
    app = Flask("much")
    app.add_url_rule("/", view_func=lambda: b"x" * MUCH_BYTES)
    with closing(Server(app, settings, pace=QUICK)) as server, connect(server) as slow:
        slow.sendall(head(path="/", method="GET"))
        end = time.monotonic() + BOUND_S
        server.run_until(lambda: server.has_connections or time.monotonic() > end)

        assert drained(server) < 5
