from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ocr_server.errors import StationError
from ocr_server.station.journal import Journal
from tests.station.reads_bytes import record_of


def test_numbers_have_no_gap_and_go_on_after_a_restart(tmp_path: Path) -> None:
    first = Journal(tmp_path / "journal")
    names = [f"{n}" for n in range(20)]
    threads = [
        threading.Thread(
            target=first.add, kwargs={"key": name, "source": name, "record": record_of(name)}
        )
        for name in names
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    station_id = first.station_id
    first.close()

    second = Journal(tmp_path / "journal")
    last = second.add(key="last", source="last", record=record_of("x"))

    assert [entry.serial for entry in second.pending("any")] == list(range(1, 22))
    assert last.serial == 21
    assert second.station_id == station_id
    second.close()


def test_a_picture_is_noted_once(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    one = journal.add(key="a", source="1", record=record_of("1"))
    same = journal.add(key="a", source="2", record=record_of("2"))

    assert same == one
    assert journal.has("a")
    assert not journal.has("b")
    journal.close()


def test_each_sink_has_a_mark_of_its_own(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")
    for name in "abc":
        journal.add(key=name, source=name, record=record_of(name))
    journal.mark("csv", 2)

    assert [entry.serial for entry in journal.pending("csv")] == [3]
    assert [entry.serial for entry in journal.pending("post")] == [1, 2, 3]
    assert [entry.serial for entry in journal.last(2)] == [3, 2]
    assert sum(count for _, count in journal.counts_by_hour("2000")) == 3
    journal.close()


def test_two_stations_do_not_share_a_journal(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal")

    with pytest.raises(StationError, match="Another station"):
        Journal(tmp_path / "journal")
    journal.close()


def test_a_file_that_is_no_journal_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.write_bytes(b"something else altogether" * 100)

    with pytest.raises(StationError, match="no journal"):
        Journal(path)
    assert path.read_bytes().startswith(b"something")


def test_a_folder_is_no_journal(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    path.mkdir()

    with pytest.raises(StationError, match="cannot be opened"):
        Journal(path)
