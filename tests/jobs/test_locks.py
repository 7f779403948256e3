from __future__ import annotations

from pathlib import Path

from ocr_server.jobs.locks import locks_of


def test_a_lock_is_held_by_one_until_its_block_ends(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as other:
        with locks_of(str(tmp_path)) as mine:
            assert mine.take("a")
            assert not other.take("a")
            assert other.take("b")
        assert other.take("a")


def test_nothing_is_left_of_a_lock(tmp_path: Path) -> None:
    with locks_of(str(tmp_path)) as locks:
        locks.take("a")

    assert not list((tmp_path / "alive").iterdir())


def test_what_killed_processes_left_is_swept(tmp_path: Path) -> None:
    (tmp_path / "alive").mkdir()
    (tmp_path / "alive" / "dead").touch()
    with locks_of(str(tmp_path)):
        assert not list((tmp_path / "alive").iterdir())
