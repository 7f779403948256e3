from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.station import sinks
from ocr_server.station.journal import Entry, Journal
from ocr_server.station.sinks import Delivery
from tests.station.reads_bytes import record_of
from tests.waiting import wait_for

BACKLOG = 200


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
