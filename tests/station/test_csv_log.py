from __future__ import annotations

import csv
import errno
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.station.csv_log import CsvLog
from ocr_server.station.journal import Entry
from ocr_server.station.sinks import Undelivered
from tests.station.reads_bytes import answer_of

DAY, NEXT_DAY = "2026-01-31T23:59:59.999+00:00", "2026-02-01T00:00:00.000+00:00"


def entry(serial: int, text: str = "12", *, at: str = DAY) -> Entry:
    return Entry(serial, f"key {serial}", at, f"{serial}.png", answer_of(text))


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_has_time_number_source_and_all_of_every_field(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv", ("value", "other"))
    broken = replace(entry(2), answer=answer_of("x", valid=False))

    log.take(entry(1))
    log.take(broken)

    first, second = rows_of(tmp_path / "log-2026-01-31.csv")
    assert first == {
        "time": DAY, "serial": "1", "source": "1.png", "value": "12", "value_confidence": "0.9000",
        "value_valid": "yes", "value_reason": "", "value_box": "1 2 3 4.5", "other": "",
        "other_confidence": "", "other_valid": "", "other_reason": "", "other_box": "",
        "problem": "",
    }  # fmt: skip
    assert (second["value_valid"], second["value_reason"]) == ("no", "because")


def test_every_column_has_a_name_of_its_own(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv", ("serial", "value", "value_box", "problem"))

    log.take(entry(1))

    with (tmp_path / "log-2026-01-31.csv").open(encoding="utf-8") as file:
        head = next(csv.reader(file))
    assert len(set(head)) == len(head)
    assert {"serial", "field_serial", "field_serial_box", "field_value_box", "field_problem"} <= {
        *head
    }
    assert rows_of(tmp_path / "log-2026-01-31.csv")[0]["serial"] == "1"


def test_each_day_has_a_table(tmp_path: Path) -> None:
    log = CsvLog(tmp_path / "log.csv", ("value",))

    log.take(entry(1))
    log.take(entry(2, at=NEXT_DAY))

    assert [row["serial"] for row in rows_of(tmp_path / "log-2026-01-31.csv")] == ["1"]
    assert [row["serial"] for row in rows_of(tmp_path / "log-2026-02-01.csv")] == ["2"]


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_half_a_row_is_cut_off_and_written_again(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "log-2026-01-31.csv"
    log = CsvLog(tmp_path / "log.csv", ("value",))
    for serial in (1, 2):
        log.take(entry(serial))
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])

    again = CsvLog(tmp_path / "log.csv", ("value",))
    for serial in (1, 2):
        again.take(entry(serial))

    assert path.read_bytes() == whole


def test_a_row_that_the_disk_took_in_pieces_is_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda file, data: write(file, data[:7]))

    CsvLog(tmp_path / "log.csv", ("value",)).take(entry(1))

    assert rows_of(tmp_path / "log-2026-01-31.csv")[0]["value_box"] == "1 2 3 4.5"


def test_half_a_row_on_a_full_disk_is_cut_off_before_the_next_attempt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = CsvLog(tmp_path / "log.csv", ("value",))
    log.take(entry(1))
    write = os.write

    def fill_up(file: int, data: bytes) -> int:
        if len(data) < 20:
            raise OSError(errno.ENOSPC, "the disk is full")
        return write(file, data[:-10])

    with monkeypatch.context() as full:
        full.setattr(os, "write", fill_up)
        with pytest.raises(Undelivered, match="full"):
            log.take(entry(2))
    for serial in (2, 3):
        log.take(entry(serial))

    assert [row["serial"] for row in rows_of(tmp_path / "log-2026-01-31.csv")] == ["1", "2", "3"]


def test_a_folder_that_went_away_is_told_in_a_line_and_waited_for(tmp_path: Path) -> None:
    folder, away = tmp_path / "logs", tmp_path / "away"
    folder.mkdir()
    log = CsvLog(folder / "log.csv", ("value",))
    log.take(entry(1))

    folder.rename(away)
    with pytest.raises(Undelivered, match="cannot be written: No such file"):
        log.take(entry(2))
    away.rename(folder)
    log.take(entry(2))

    assert [row["serial"] for row in rows_of(folder / "log-2026-01-31.csv")] == ["1", "2"]


def test_a_head_cut_short_is_written_again(tmp_path: Path) -> None:
    path = tmp_path / "log-2026-01-31.csv"
    path.write_bytes(b"time,ser")

    CsvLog(tmp_path / "log.csv", ("value",)).take(entry(1))

    assert [row["serial"] for row in rows_of(path)] == ["1"]


def test_a_row_that_is_there_is_not_written_again(tmp_path: Path) -> None:
    CsvLog(tmp_path / "log.csv", ("value",)).take(entry(1))
    CsvLog(tmp_path / "log.csv", ("value",)).take(entry(1))

    assert len(rows_of(tmp_path / "log-2026-01-31.csv")) == 1


def test_no_row_is_lost_where_another_journal_counts_from_one_again(tmp_path: Path) -> None:
    path = tmp_path / "log.csv"
    for serial in (1, 2):
        CsvLog(path, ("value",)).take(entry(serial))

    after = "2026-01-31T23:59:59.999900+00:00"
    for _ in range(2):
        CsvLog(path, ("value",)).take(entry(1, at=after))

    rows = [(row["time"], row["serial"]) for row in rows_of(tmp_path / "log-2026-01-31.csv")]
    assert rows == [(DAY, "1"), (DAY, "2"), (after, "1")]


def test_two_stations_may_write_one_table(tmp_path: Path) -> None:
    ours, theirs = (CsvLog(tmp_path / "log.csv", ("value",)) for _ in range(2))
    later = "2026-01-31T23:59:59.999900+00:00"
    ours.take(entry(1))
    theirs.take(entry(1, at=later))
    CsvLog(tmp_path / "log.csv", ("value",)).take(entry(1))  # ours, killed before its mark

    rows = rows_of(tmp_path / "log-2026-01-31.csv")
    assert [row["time"] for row in rows] == [DAY, later]


def test_other_fields_make_another_table(tmp_path: Path) -> None:
    CsvLog(tmp_path / "log.csv", ("value",)).take(entry(1))
    CsvLog(tmp_path / "log.csv", ("value", "more")).take(entry(2))

    assert [row["serial"] for row in rows_of(tmp_path / "log-2026-01-31-2.csv")] == ["2"]


@given(text=st.text(st.characters(codec="utf-8"), max_size=20))
def test_whatever_is_read_stays_in_its_cell_and_is_no_formula(
    text: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("log")
    log = CsvLog(folder / "log.csv", ("value",))

    log.take(entry(1, text))
    log.take(entry(2))

    first, second = rows_of(folder / "log-2026-01-31.csv")
    assert (first["serial"], second["serial"]) == ("1", "2")
    assert not first["value"].startswith(("=", "+", "-", "@"))
