from __future__ import annotations

import argparse
import errno
import json
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

import ocr_server.station.listener as listener_module
from ocr_server.station.command import address
from ocr_server.station.intake import Intake
from ocr_server.station.journal import Entry, Journal
from ocr_server.station.listener import TcpListener, send_picture
from tests.station.reads_bytes import read

MOST_BYTES = 1000


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


@contextmanager
def listening(
    journal: Journal, trigger: Callable[[], Entry | None] | None = None, host: str = "127.0.0.1"
) -> Iterator[tuple[str, int]]:
    stop = threading.Event()
    listener = TcpListener(
        (host, 0), Intake(journal, read, stop), most_bytes=MOST_BYTES, trigger=trigger,
        picture_timeout_s=0.5,
    )  # fmt: skip
    thread = threading.Thread(target=listener.run, args=(stop,))
    thread.start()
    try:
        yield (host, listener.port)
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def told(address: tuple[str, int], sent: bytes, *, ends: bool = False) -> dict[str, Any]:
    with socket.create_connection(address, timeout=10) as connection:
        connection.sendall(sent)
        if ends:
            connection.shutdown(socket.SHUT_WR)
        answer: dict[str, Any] = json.loads(connection.makefile("rb").readline())
        return answer


def test_a_picture_in_is_a_line_out(journal: Journal) -> None:
    with listening(journal) as address:
        answer = json.loads(send_picture(address, b"12.5"))

    assert answer["serial"] == 1
    assert answer["fields"]["value"]["value"] == "12.5"
    assert journal.last(1)[0].source == "127.0.0.1"


def test_an_address_may_be_of_ipv6(journal: Journal) -> None:
    with listening(journal, host="::1") as address:
        send_picture(address, b"12.5")

    assert journal.last(1)[0].source == "::1"


def test_a_connection_may_ask_again_and_again(journal: Journal) -> None:
    with listening(journal) as address, socket.create_connection(address, timeout=10) as connection:
        answers = connection.makefile("rb")
        for number in (1, 2, 3):
            for piece in (b"\0\0", b"\0\1", b"7"):  # however it is cut up on the way
                connection.sendall(piece)
            assert json.loads(answers.readline())["serial"] == number


@pytest.mark.parametrize(
    ("sent", "ends", "code"),
    [
        (b"\xff\xff\xff\xff", False, "body-too-large"),
        (b"\0\0\0\0", False, "body-too-large"),
        (b"\0\0\3\xe9" + b"x" * 1001, False, "body-too-large"),
        (b"\0\0\0\x0ahalf", False, "timeout"),
        (b"\0\0\0\x0ahalf", True, "half-a-picture"),
        (b"READ", False, "no-camera"),
    ],
)
def test_what_is_wrong_has_an_answer_and_the_station_goes_on(
    sent: bytes, ends: bool, code: str, journal: Journal
) -> None:
    with listening(journal) as address:
        answer = told(address, sent, ends=ends)
        after = json.loads(send_picture(address, b"after"))

    assert answer["code"] == code
    assert answer["detail"]
    assert after["serial"] == 1


def test_a_fault_of_the_station_is_answered_and_it_goes_on(
    journal: Journal,
) -> None:
    with listening(journal) as address:
        answer = told(address, b"\0\0\0\1\xff")  # the fake reader wants text
        after = json.loads(send_picture(address, b"after"))

    assert (answer["serial"], answer["code"]) == (1, "internal-error")
    assert after["serial"] == 2


@pytest.mark.parametrize("number", [errno.EMFILE, errno.ECONNABORTED])
def test_a_connection_that_cannot_be_taken_does_not_end_the_station(
    number: int,
    journal: Journal,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    accept, faults = socket.socket.accept, [OSError(number, "not now")]

    def accept_later(listening: socket.socket) -> tuple[socket.socket, Any]:
        if faults:
            raise faults.pop()
        return accept(listening)

    monkeypatch.setattr(socket.socket, "accept", accept_later)

    with listening(journal) as address:
        answer = json.loads(send_picture(address, b"after"))

    assert answer["serial"] == 1
    assert "not now" in caplog.text


def test_the_word_read_triggers_the_camera(journal: Journal) -> None:
    entry = journal.add(key="k", source="camera", record=read(b"seen")[0])

    with listening(journal, trigger=lambda: entry) as address:
        answer = told(address, b"READ")

    assert answer["text"] == "seen"


def test_a_hundred_connections_at_once_each_get_an_answer(journal: Journal) -> None:
    with listening(journal) as address, ThreadPoolExecutor(100) as threads:
        sent = [b"\0\0\0\3%03d" % number for number in range(100)]
        answers = list(threads.map(lambda one: told(address, one), sent))
        after = json.loads(send_picture(address, b"after"))

    read_ones = [answer for answer in answers if "serial" in answer]
    assert {answer["code"] for answer in answers if "code" in answer} <= {"too-many-connections"}
    assert sorted(answer["serial"] for answer in read_ones) == list(range(1, len(read_ones) + 1))
    assert after["serial"] == len(read_ones) + 1


def test_addresses_of_the_command_line() -> None:
    assert address("9000") == ("127.0.0.1", 9000)
    assert address(":9000") == ("127.0.0.1", 9000)
    assert address("[::1]:9000") == ("::1", 9000)
    for wrong in ("", "host", "host:", "host:70000", "host:1x"):
        with pytest.raises(argparse.ArgumentTypeError, match="HOST:PORT"):
            address(wrong)


def test_who_has_been_idle_for_the_longest_leaves_for_a_new_client(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listener_module, "MOST_CONNECTIONS", 3)
    monkeypatch.setattr(listener_module, "LEAST_IDLE_S", 0)
    with listening(journal) as address, ExitStack() as stack:
        idle = [
            stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(3)
        ]
        answers = idle[0].makefile("rb")
        for number in (1, 3):
            idle[0].sendall(b"\0\0\0\0017")  # has been idle for a shorter time than others then
            assert json.loads(answers.readline())["serial"] == number
            if number == 1:
                assert json.loads(send_picture(address, b"12.5"))["serial"] == 2

        assert idle[1].recv(1) == b""
