from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.endurance import Report, endure, faults_of

COUNT = 20


def fake_station(watched: Path, table: Path, journal: Path, url: str) -> list[str]:
    return [
        sys.executable, "-m", "tests.station.reads_bytes", "any", "--watch", str(watched),
        "--csv", str(table), "--post", url, "--journal", str(journal),
    ]  # fmt: skip


@pytest.mark.process
def test_nothing_is_lost_though_the_server_fails_and_the_station_is_killed(tmp_path: Path) -> None:
    pictures = [f"picture {number}".encode() for number in range(COUNT)]

    report = endure(fake_station, pictures, tmp_path)

    assert faults_of(report, COUNT) == []


def test_what_is_lost_would_be_noticed() -> None:
    one, two = (1, "00000.png"), (2, "00001.png")
    whole = Report([one, two], {"a", "b"}, [one, two], 0)

    assert faults_of(whole, 2) == []
    assert faults_of(Report([one, one], {"a"}, [one, two], 0), 2)
    assert faults_of(Report([one, two], {"a", "b"}, [one], 0), 2)
    assert faults_of(Report([two, one], {"a", "b"}, [one, two], 0), 2)
