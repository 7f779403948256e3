from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ocr_server.station import folder as folders
from ocr_server.station.folder import Folder
from ocr_server.station.intake import Intake, Reader, Reading
from ocr_server.station.journal import Journal
from tests.station.reads_bytes import record_of
from tests.waiting import wait_for

MOST_BYTES = 100


@pytest.fixture
def watched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(folders, "RESCAN_S", 0.2)
    watched = tmp_path / "in"
    watched.mkdir()
    return watched


@pytest.fixture
def journal(watched: Path) -> Iterator[Journal]:
    journal = Journal(watched / "any.station")  # the worst place, and the default one
    yield journal
    journal.close()


def measure(data: bytes) -> Reading:
    return record_of(str(len(data))), None


@contextmanager
def watching(
    watched: Path,
    journal: Journal,
    *,
    settle_s: float = 0.1,
    read: Reader = measure,
    threads: int = 1,
) -> Iterator[None]:
    stop = threading.Event()
    folder = Folder(
        watched, Intake(journal, read, stop), threads=threads, most_bytes=MOST_BYTES,
        leaves=journal.files, settle_s=settle_s,
    )  # fmt: skip
    thread = threading.Thread(target=folder.run, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(10)
        assert not thread.is_alive()


def sources_in(journal: Journal) -> list[str]:
    return [entry.source for entry in journal.last(100)][::-1]


def test_a_journal_in_the_watched_folder_is_not_read(watched: Path, journal: Journal) -> None:
    with watching(watched, journal):
        for name in ("a.png", "b.png", "any.station.png"):
            (watched / name).write_bytes(b"1")
            wait_for(lambda name=name: name in sources_in(journal))  # type: ignore[misc]

    assert sources_in(journal) == ["a.png", "b.png", "any.station.png"]


def test_a_folder_that_is_away_is_told_once_and_waited_for(
    watched: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal, away = Journal(tmp_path / "journal"), tmp_path / "away"
    with watching(watched, journal):
        watched.rename(away)
        wait_for(lambda: caplog.messages)
        (away / "a.png").write_bytes(b"1")
        time.sleep(3 * folders.RESCAN_S)
        away.rename(watched)
        wait_for(lambda: sources_in(journal) == ["a.png"])
    journal.close()

    assert [message for message in caplog.messages if "away" in message] == [
        "the watched folder is away: No such file or directory; it is waited for"
    ]


def test_an_empty_file_is_told_once_and_read_when_it_is_filled(
    watched: Path, journal: Journal, caplog: pytest.LogCaptureFixture
) -> None:
    path = watched / "a.png"
    path.write_bytes(b"")
    with watching(watched, journal):
        wait_for(lambda: caplog.messages)
        time.sleep(3 * folders.RESCAN_S)
        path.write_bytes(b"1")
        wait_for(lambda: sources_in(journal) == ["a.png"])

    assert len([message for message in caplog.messages if "empty" in message]) == 1


def test_of_a_file_over_the_limit_no_more_is_read_than_is_refused(
    watched: Path, journal: Journal
) -> None:
    (watched / "large.png").write_bytes(b"1" * 10 * MOST_BYTES)
    with watching(watched, journal):
        (entry,) = wait_for(lambda: journal.last(1))

    assert entry.answer["text"] == str(MOST_BYTES + 1)


def test_a_file_that_grows_again_within_the_time_to_settle_is_read_once_and_whole(
    watched: Path, journal: Journal
) -> None:
    path = watched / "feeder.tif"
    path.write_bytes(b"1")
    with watching(watched, journal, settle_s=1.0):
        time.sleep(0.5)  # five times as long as a file of the other tests takes to settle
        path.write_bytes(b"12")
        time.sleep(0.5)
        path.write_bytes(b"123")
        wait_for(lambda: journal.last(1))

    assert [entry.answer["text"] for entry in journal.last(100)] == ["3"]


def test_what_systems_and_programs_leave_in_a_folder_is_not_read(
    watched: Path, journal: Journal
) -> None:
    for name in (
        "Thumbs.db:encryptable", "scan.png:Zone.Identifier",
        "Thumbs.db", "ehthumbs.db", "desktop.ini", "Desktop.ini", ".DS_Store", "._scan.png",
        "~$letter.docx", "scan.part", "scan.PART", "scan.tmp", "scan.png.crdownload",
    ):  # fmt: skip
        (watched / name).write_bytes(b"1")
    with watching(watched, journal):
        (watched / "thumbs.db.png").write_bytes(b"1")
        wait_for(lambda: journal.last(1))
        time.sleep(3 * folders.RESCAN_S)

    assert sources_in(journal) == ["thumbs.db.png"]


def test_files_are_in_the_journal_by_their_age_whichever_is_read_first(
    watched: Path, journal: Journal
) -> None:
    def read(data: bytes) -> Reading:
        time.sleep(0.03 if len(data) % 2 else 0)
        return record_of(str(len(data))), None

    for number in range(12):
        path = watched / f"{99 - number}.png"  # not by their names
        path.write_bytes(b"1" * (number + 1))
        os.utime(path, ns=(0, number * 10**9))
    with watching(watched, journal, read=read, threads=4):
        wait_for(lambda: len(journal.last(100)) == 12)

    assert sources_in(journal) == [f"{99 - number}.png" for number in range(12)]
