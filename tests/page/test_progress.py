from __future__ import annotations

from pathlib import Path

from ocr_server.page.progress import Progress, latest, progress_writer


def test_what_was_told_last_is_known(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    with progress_writer(path) as report:
        assert report is not None
        report(Progress("deskew"))
        report(Progress("read", 1, 2))

        assert latest(path) == Progress("read", 1, 2)


def test_nothing_told_is_nothing_known(tmp_path: Path) -> None:
    assert latest(tmp_path / "progress") is None


def test_a_line_that_is_being_written_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "progress"
    path.write_text("deskew 0 1\nread 1")

    assert latest(path) == Progress("deskew")

    path.write_text("read 1")

    assert latest(path) is None


def test_where_nothing_can_be_written_nobody_is_told(tmp_path: Path) -> None:
    path = tmp_path / "gone" / "progress"
    with progress_writer(path) as report:
        assert report is None

    assert latest(path) is None
