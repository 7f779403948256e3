from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.cli.hot_folder import HotFolder
from ocr_server.cli.main import main
from ocr_server.client import Refused, RemoteServer, Unanswered
from ocr_server.errors import DamagedPicture
from ocr_server.web.context import service_of
from tests.fakes import FailsOnNarrow
from tests.jobs.keeping import Kept, keeping, tiff
from tests.serving import served
from tests.waiting import wait_for


class Rig:
    """A server that keeps jobs, a folder that is watched, and one for the documents."""

    def __init__(self, kept: Kept, url: str, engine: FailsOnNarrow, place: Path) -> None:
        self.kept, self.url, self.engine = kept, url, engine
        self.folder, self.out = place / "in", place / "out"
        self.folder.mkdir()

    def hot(self, format_: str = "text", **options: str) -> HotFolder:
        server = RemoteServer(self.url)
        return HotFolder(
            server, self.folder, self.out, options=options, format_=format_, settle_s=0
        )

    def done(self) -> list[str]:
        return sorted(path.name for path in self.out.iterdir())

    @property
    def jobs(self) -> int:
        """That the server has."""
        return len(list(self.kept.folder.iterdir()))


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    engine = FailsOnNarrow(DamagedPicture("Too narrow."), least_px=100)
    with (
        keeping(tmp_path, engine, jobs_max_pages=3) as kept,
        served(kept.app, service_of(kept.app).settings) as url,
    ):
        yield Rig(kept, url, engine, tmp_path)


def test_each_file_becomes_a_document_and_no_job_is_left(rig: Rig) -> None:
    (rig.folder / "two.tif").write_bytes(tiff(300, 310))
    (rig.folder / "narrow.tif").write_bytes(tiff(60))
    (rig.folder / "none.txt").write_bytes(b"no picture")
    (rig.folder / ".hidden.tif").write_bytes(tiff(300))
    (rig.folder / "coming.tif.part").write_bytes(tiff(300))
    (rig.folder / "empty.tif").touch()
    rig.hot().run(threading.Event(), once=True)

    assert rig.done() == ["narrow.tif.problem.json", "none.txt.problem.json", "two.tif.txt"]
    assert (rig.out / "two.tif.txt").read_text().split() == ["320", "80", "330", "80"]
    problem = json.loads((rig.out / "narrow.tif.problem.json").read_text())
    assert problem == {"code": "damaged-picture", "detail": "Too narrow."}
    assert json.loads((rig.out / "none.txt.problem.json").read_text())["code"] == (
        "unsupported-format"
    )


def test_what_is_done_is_not_read_again_unless_it_changes(rig: Rig) -> None:
    file = rig.folder / "one.tif"
    file.write_bytes(tiff(300))
    rig.hot("pdf", languages="eng").run(threading.Event(), once=True)
    readings = len(rig.engine.readings)
    assert not rig.hot("pdf", languages="eng").look()
    assert len(rig.engine.readings) == readings

    changed = tiff(320)
    file.write_bytes(changed)
    later = (rig.out / "one.tif.pdf").stat().st_mtime + 1
    os.utime(file, (later, later))

    assert rig.hot("pdf", languages="eng").look()


def test_a_program_that_was_killed_goes_on_with_its_jobs(rig: Rig) -> None:
    (rig.folder / "one.tif").write_bytes(tiff(300))
    rig.hot().look()
    assert rig.jobs == 1
    rig.hot().run(threading.Event(), once=True)

    assert rig.done() == ["one.tif.txt"]
    assert len(rig.engine.readings) == 1
    assert rig.jobs == 0


def test_a_job_that_was_not_fetched_in_time_is_made_again(rig: Rig) -> None:
    (rig.folder / "one.tif").write_bytes(tiff(300))
    rig.hot().look()
    (job_id,) = [path.name for path in rig.kept.folder.iterdir()]
    assert rig.kept.client.delete(f"/v1/jobs/{job_id}").status_code == 204
    rig.hot().run(threading.Event(), once=True)

    assert rig.done() == ["one.tif.txt"]


def test_a_server_that_takes_no_more_is_asked_again(rig: Rig) -> None:
    for number in range(6):
        (rig.folder / f"{number}.tif").write_bytes(tiff(300 + number, 310))
    rig.hot().run(threading.Event(), once=True)

    assert rig.done() == [f"{number}.tif.txt" for number in range(6)]


def test_a_server_that_does_not_answer_is_waited_for(rig: Rig, tmp_path: Path) -> None:
    (rig.folder / "one.tif").write_bytes(tiff(300))
    away = HotFolder(
        RemoteServer("http://127.0.0.1:9"), rig.folder, rig.out, options={}, format_="text",
        settle_s=0,
    )  # fmt: skip
    with pytest.raises(Unanswered):
        away.look()
    assert rig.done() == []


def test_files_and_formats_that_cannot_be_are_refused(rig: Rig) -> None:
    with pytest.raises(Refused, match="folder of their own"):
        HotFolder(RemoteServer(rig.url), rig.folder, rig.folder, options={}, format_="text")
    with pytest.raises(Refused, match="no format"):
        rig.hot("papyrus")


def test_a_shell_watches_a_folder(
    rig: Rig, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    (rig.folder / "one.tif").write_bytes(tiff(300))
    command = ["job", "watch", str(rig.folder), "--out", str(rig.out), "--once", "--url", rig.url]

    assert main([*command, "--format", "json", "--option", "detail=page"]) == 0
    wait_for(lambda: rig.done() == ["one.tif.json"])
    assert main(["job", "watch", str(rig.folder), "--url", rig.url]) == 1
    assert "is a folder. Name the one for its documents by --out" in capfd.readouterr().err
    assert main(["job", "watch", "x", "--once", "--url", rig.url]) == 1
    assert "--out" in capfd.readouterr().err
