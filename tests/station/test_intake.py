from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

import pytest

from ocr_server.errors import DamagedPicture, QueueFull, WorkerLost
from ocr_server.station import intake
from ocr_server.station.intake import Intake, Reading, key_of
from ocr_server.station.journal import Entry, Journal
from tests.station.reads_bytes import record_of
from tests.waiting import BOUND_S


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


def test_a_picture_is_read_once_and_told(journal: Journal) -> None:
    told: list[tuple[Entry, bytes, bytes | None]] = []
    desk = Intake(
        journal,
        lambda data: (record_of(data.decode()), b"drawn"),
        threading.Event(),
        [lambda *what: told.append(what)],
    )

    entry = desk.take(b"12", source="a", key="k")
    again = desk.take(b"12", source="a", key="k")

    assert entry is not None
    assert again is None
    assert told == [(entry, b"12", b"drawn")]


def test_a_listener_that_fails_keeps_a_picture_from_no_other(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[Entry] = []

    def fails(*_: object) -> None:
        raise OSError("The disk is full.")

    listeners = [fails, lambda entry, _data, _annotated: told.append(entry)]
    desk = Intake(journal, lambda _data: (record_of("read"), None), threading.Event(), listeners)

    entry = desk.take(b"", source="a", key="k")

    assert told == [entry]
    assert "The disk is full." in caplog.text


def test_what_cannot_be_read_is_noted_as_a_problem(journal: Journal) -> None:
    def refuses(_data: bytes) -> Reading:
        raise DamagedPicture("It is broken.")

    entry = Intake(journal, refuses, threading.Event()).take(b"", source="a", key="k")

    assert entry is not None
    assert entry.answer["problem"] == {
        "code": "damaged-picture",
        "detail": "It is broken.",
    }


def test_an_error_of_the_station_s_own_is_a_problem_and_its_reason_is_in_the_log(
    journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    def fails(_data: bytes) -> Reading:
        raise RuntimeError("A fault of ours.")

    entry = Intake(journal, fails, threading.Event()).take(b"", source="a", key="k")

    assert entry is not None
    assert entry.answer["problem"]["code"] == "internal-error"
    assert "A fault of ours." in caplog.text


def test_what_passes_is_waited_for(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intake, "RETRY_S", 0.001)
    passing = iter([QueueFull("Later."), WorkerLost("It died.")])

    def is_busy_twice(_data: bytes) -> Reading:
        for error in passing:
            raise error
        return record_of("read"), None

    entry = Intake(journal, is_busy_twice, threading.Event()).take(b"", source="a", key="k")

    assert entry is not None
    assert entry.answer["text"] == "read"


def test_a_picture_that_kills_every_reader_is_a_problem_in_the_end(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "RETRY_S", 0.001)

    def kills(_data: bytes) -> Reading:
        raise WorkerLost("It died.")

    entry = Intake(journal, kills, threading.Event()).take(b"", source="a", key="k")

    assert entry is not None
    assert entry.answer["problem"] == {
        "code": "worker-lost",
        "detail": "It died.",
    }


def test_a_station_that_stops_leaves_the_picture_for_the_next(journal: Journal) -> None:
    stop = threading.Event()
    stop.set()

    def is_busy(_data: bytes) -> Reading:
        raise QueueFull("Later.")

    assert Intake(journal, is_busy, stop).take(b"", source="a", key="k") is None
    assert not journal.has("k")


def test_readings_are_in_the_order_in_which_their_pictures_arrived(journal: Journal) -> None:
    second_is_read = threading.Event()

    def read(data: bytes) -> Reading:
        if data == b"1":
            assert second_is_read.wait(BOUND_S)
        else:
            second_is_read.set()
        return record_of(data.decode()), None

    desk = Intake(journal, read, threading.Event())
    with ThreadPoolExecutor() as threads, desk.arrival() as first:
        later = threads.submit(desk.take, b"2", source="b", key="2")
        desk.take(b"1", source="a", key="1", place=first)
        assert not later.done()

    assert [entry.source for entry in journal.last(2)] == ["b", "a"]


@pytest.mark.parametrize("error", [None, RuntimeError("A fault of ours.")])
def test_a_picture_that_is_not_read_holds_up_no_other(
    journal: Journal, error: Exception | None
) -> None:
    desk = Intake(journal, lambda data: (record_of(data.decode()), None), threading.Event())
    with ThreadPoolExecutor() as threads:
        with suppress(RuntimeError), desk.arrival():
            later = threads.submit(desk.take, b"2", source="b", key="2")
            if error:
                raise error

        assert later.result(BOUND_S)


def test_the_key_tells_pictures_apart() -> None:
    odd = os.fsdecode(b"scan\xff.png")  # a name of a file need not be UTF-8
    keys = {
        key_of(b"1", "a"), key_of(b"2", "a"), key_of(b"1", "b"), key_of(b"1", "a", 2),
        key_of(b"1", odd),
    }  # fmt: skip

    assert len(keys) == 5
    assert key_of(b"1", "a") == key_of(b"1", "a")
