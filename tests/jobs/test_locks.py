from __future__ import annotations

import errno
import fcntl
import os
import resource
import time
from contextlib import suppress
from pathlib import Path

import pytest
import sqlalchemy as sa

from ocr_server.jobs import locks
from ocr_server.jobs.database import open_database
from ocr_server.jobs.locks import locks_of, ring
from tests.postgres import running_postgres


def test_a_lock_is_held_by_one_until_its_block_ends(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as other:
        with locks_of(str(tmp_path)) as mine:
            assert mine.take("a")
            assert not other.take("a")
            assert other.take("b")
        assert other.take("a")


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as mine:
        mine.take("a")

    assert not list((tmp_path / "alive").iterdir())


def test_what_killed_processes_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / "alive").mkdir()
    (tmp_path / "alive" / "dead").touch()
    with locks_of(str(tmp_path)):
        assert not list((tmp_path / "alive").iterdir())


def test_who_stands_still_loses_its_lock_and_notices(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locks, "_SILENT_S", 0.0)
    with locks_of(str(tmp_path)) as other, locks_of(str(tmp_path)) as still:
        assert still.take("still")
        assert not other.take("still")  # it may have said something just now
        still.prove_alive()
        assert not other.take("still")
        assert other.take("still")
        other.leave("still")
        with pytest.raises(FileNotFoundError):
            still.prove_alive()


def test_a_lock_that_is_left_while_another_looks_at_it_is_not_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave_meanwhile(_file: object, _how: int) -> None:
        (tmp_path / "alive" / "left").unlink()
        raise BlockingIOError

    with locks_of(str(tmp_path)) as mine:
        monkeypatch.setattr("fcntl.flock", leave_meanwhile)

        assert not mine.take("left")


def test_whoever_waits_is_told_that_there_is_work(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as mine:
        assert not mine.wait(0.0)
        ring(str(tmp_path), sa.create_engine("sqlite://"))
        assert mine.wait(0.0)
        assert not mine.wait(0.0)


def test_who_stands_still_keeps_nobody_from_ringing(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as still:
        (pipe,) = (tmp_path / "bells").iterdir()
        full = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        with suppress(BlockingIOError):
            while True:
                os.write(full, b"." * 4096)
        os.close(full)
        ring(str(tmp_path), sa.create_engine("sqlite://"))

        assert still.wait(0.0)
        assert not still.wait(0.0)


def test_all_who_wait_are_told_and_nothing_is_left_of_the_dead(tmp_path: Path) -> None:
    database = sa.create_engine("sqlite://")
    with locks_of(str(tmp_path)) as one, locks_of(str(tmp_path)) as other:
        dead = tmp_path / "bells" / "dead"
        os.mkfifo(dead)
        ring(str(tmp_path), database)

        assert not dead.exists()
        assert one.wait(0.0)
        assert other.wait(0.0)

    assert not list((tmp_path / "bells").iterdir())


def test_who_cannot_ring_leaves_the_bell_of_a_live_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    database = sa.create_engine("sqlite://")
    with locks_of(str(tmp_path)) as mine:
        with monkeypatch.context() as patch:
            patch.setattr("os.open", _lacks_descriptors)
            ring(str(tmp_path), database)
        ring(str(tmp_path), database)

        assert mine.wait(0.0)


def test_whose_bell_was_tidied_away_notices(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as mine:
        (pipe,) = (tmp_path / "bells").iterdir()
        pipe.unlink()

        with pytest.raises(FileNotFoundError):
            mine.prove_alive()


def test_whoever_has_many_files_open_is_told(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as mine:
        assert isinstance(mine, locks._FileLocks)
        pipe = mine._pipe
        limits = resource.getrlimit(resource.RLIMIT_NOFILE)
        resource.setrlimit(resource.RLIMIT_NOFILE, (2048, limits[1]))
        mine._pipe = fcntl.fcntl(pipe, fcntl.F_DUPFD, 1024)
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
        os.close(pipe)
        ring(str(tmp_path), sa.create_engine("sqlite://"))

        assert mine.wait(0.0)


def test_nothing_is_left_of_a_process_that_could_not_begin(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "alive").mkdir()
    (tmp_path / "alive" / "dead").touch()
    monkeypatch.setattr("fcntl.flock", _lacks_descriptors)
    with pytest.raises(OSError, match="Too many"):
        locks_of(str(tmp_path)).__enter__()
    monkeypatch.undo()
    monkeypatch.setattr("os.open", _lacks_descriptors)
    with pytest.raises(OSError, match="Too many"):
        locks_of(str(tmp_path)).__enter__()

    assert not list((tmp_path / "bells").iterdir())


def test_a_bell_that_was_never_finished_is_removed_after_a_while(tmp_path: Path) -> None:
    new, old = (tmp_path / "bells" / name for name in (".new", ".old"))
    with locks_of(str(tmp_path)):
        os.mkfifo(new)
        os.mkfifo(old)
        os.utime(old, (time.time() - 60,) * 2)
        ring(str(tmp_path), sa.create_engine("sqlite://"))

        assert new.exists()
        assert not old.exists()


def _lacks_descriptors(*_: object) -> None:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


@pytest.mark.postgres
@pytest.mark.process
def test_whoever_waits_is_told_by_the_database() -> None:
    with running_postgres() as postgres:
        database = open_database(postgres.address)
        with locks_of(postgres.address) as mine:
            assert not mine.wait(0.0)
            ring(postgres.address, database)
            mine.prove_alive()  # what came meanwhile is not lost
            assert mine.wait(5.0)
            assert not mine.wait(0.0)
        database.dispose()
