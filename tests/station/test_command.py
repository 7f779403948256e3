from __future__ import annotations

import argparse
import json
import signal
import subprocess
import sys
from contextlib import closing
from io import BytesIO
from pathlib import Path
from random import Random

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmarks.draw import draw_display
from ocr_server.cli.main import main
from ocr_server.errors import DamagedPicture, OcrServerError, StationError
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.station.command import add_arguments, reader, run_with
from tests.drawing import as_file, draw_lines
from tests.fakes import InlineWorkers, ReadsWords
from tests.station.reads_bytes import FIELDS, read
from tests.waiting import wait_for

FAKE = [sys.executable, "-m", "tests.station.reads_bytes", "any"]


def station(folder: Path, *arguments: str) -> subprocess.Popen[bytes]:
    return subprocess.Popen([*FAKE, "--journal", str(folder / "journal"), *arguments])  # noqa: S603


def asked(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(["any", *arguments])


def serials_in(folder: Path) -> list[str]:
    rows = [line for path in folder.glob("log-*.csv") for line in path.read_text().splitlines()[1:]]
    return [row.split(",")[1] for row in rows]


@pytest.mark.parametrize("text", ["-1", "nan", "inf", "soon"])
def test_a_time_to_settle_that_is_none_is_told(
    text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        asked("--settle", text)

    assert f"{text!r} is no time: use a number, 0 or more" in capsys.readouterr().err


@pytest.mark.process
def test_a_file_is_read_once_it_has_not_changed_for_as_long_as_was_asked(tmp_path: Path) -> None:
    watched = tmp_path / "in"
    watched.mkdir()
    running = station(
        tmp_path, "--watch", str(watched), "--csv", str(tmp_path / "log.csv"), "--settle", "2.5"
    )
    try:
        (watched / "feeder.tif").write_bytes(b"first page")
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(1.5)  # three times as long as a file settles where nothing is asked
        (watched / "feeder.tif").write_bytes(b"first page, second page")
        wait_for(lambda: serials_in(tmp_path))
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0

    assert serials_in(tmp_path) == ["1"]


@pytest.mark.process
def test_a_file_that_is_still_written_is_not_read(tmp_path: Path) -> None:
    watched = tmp_path / "in"
    watched.mkdir()
    running = station(tmp_path, "--watch", str(watched), "--csv", str(tmp_path / "log.csv"))
    try:
        with (watched / "slow.png").open("wb", buffering=0) as file:
            for number in range(12):
                file.write(b"%d " % number)
                (watched / f"{number}.part").write_bytes(b"half")
                with pytest.raises(subprocess.TimeoutExpired):
                    running.wait(0.1)
        wait_for(lambda: serials_in(tmp_path))
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0

    (log,) = tmp_path.glob("log-*.csv")
    assert "0 1 2 3 4 5 6 7 8 9 10 11" in log.read_text()
    assert serials_in(tmp_path) == ["1"]


@pytest.mark.process
def test_after_a_restart_only_what_is_new_is_read(tmp_path: Path) -> None:
    watched = tmp_path / "in"
    watched.mkdir()
    arguments = ("--watch", str(watched), "--csv", str(tmp_path / "log.csv"))
    for runs, name in enumerate(("a.png", "b.png", "a.png"), 1):
        (watched / name).write_bytes(b"%d" % runs)
        running = station(tmp_path, *arguments)
        wait_for(lambda runs=runs: len(serials_in(tmp_path)) >= runs)  # type: ignore[misc]
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0

    (log,) = tmp_path.glob("log-*.csv")
    sources = [row.split(",")[1:4] for row in log.read_text().splitlines()[1:]]
    assert sources == [["1", "a.png", "1"], ["2", "b.png", "2"], ["3", "a.png", "3"]]


@pytest.mark.process
def test_a_film_is_read_where_it_is_steady_and_annotated(tmp_path: Path) -> None:
    film, drawn = tmp_path / "film.avi", tmp_path / "drawn"
    drawn.mkdir()
    writer = cv2.VideoWriter(str(film), cv2.VideoWriter.fourcc(*"MJPG"), 10, (320, 240))
    for level in [200] * 15 + [90, 160] * 3 + [110] * 15:
        writer.write(np.full((240, 320, 3), level, dtype=np.uint8))
    writer.release()

    running = subprocess.Popen(  # noqa: S603
        [
            sys.executable, "-m", "tests.station.reads_frames", "any", "--camera", str(film),
            "--journal", str(tmp_path / "journal"), "--annotated", str(drawn),
        ]
    )  # fmt: skip
    try:
        wait_for(lambda: len(list(drawn.glob("*.png"))) >= 2)
    finally:
        running.send_signal(signal.SIGTERM)
        assert running.wait(30) == 0

    first, second = sorted(drawn.glob("*.png"))[:2]
    assert first.name == "00000001-camera.png"
    levels = [np.asarray(Image.open(BytesIO(path.read_bytes()))).mean() for path in (first, second)]
    assert levels == pytest.approx([200, 110], abs=4)  # levels; MJPEG is not without loss


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ((), "needs a source"),
        (("--camera", "0", "--trigger"), "--listen"),
        (("--watch", "no/such/folder"), "is not a folder"),
        (("--camera", "no-such-film.avi"), "cannot be opened"),
        (("--listen", "203.0.113.1:9"), "Cannot listen on 203.0.113.1:9: "),
        (("--listen", "0", "--post", "ftp://nobody"), "is not an address"),
        (("--listen", "0", "--annotated", "no/such/folder"), "is not a folder"),
        (("--listen", "0", "--csv", "no/such/folder/log.csv"), "no/such/folder is not a folder"),
        (("--listen", "0", "--csv", "."), "name a file in it"),
    ],
)
def test_what_cannot_work_is_said_at_the_start(
    arguments: tuple[str, ...], said: str, tmp_path: Path
) -> None:
    wanted = asked(*arguments, "--journal", str(tmp_path / "journal"))

    with pytest.raises(OcrServerError, match=said):
        run_with(read, wanted, fields=FIELDS, settings=Settings(slots=1))


@pytest.mark.parametrize("sink", [("--csv", "log.csv"), ("--annotated", "")])
def test_what_would_be_read_again_is_refused(sink: tuple[str, str], tmp_path: Path) -> None:
    option, name = sink
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    wanted = asked("--watch", str(tmp_path), option, str(link / name))

    with pytest.raises(StationError, match=f"{option} writes into .* give it another folder"):
        run_with(read, wanted, fields=FIELDS, settings=Settings(slots=1))


@pytest.mark.process
def test_a_profile_that_is_not_there_is_said(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert main(["station", "nobody", "--watch", str(tmp_path)]) == 1
    assert "There is no profile nobody; there are barcode, code" in capsys.readouterr().err


@pytest.mark.process
def test_a_display_is_read_by_the_station_and_asked_for_over_tcp(tmp_path: Path) -> None:
    picture = tmp_path / "display.png"
    drawn = draw_display(Random(1))  # noqa: S311  # drawn, not secret
    drawn.picture.save(picture)
    running = subprocess.Popen(  # noqa: S603
        [
            sys.executable, "-m", "ocr_server", "station", "display", "--listen", "0",
            "--journal", str(tmp_path / "journal"),
        ],
        stderr=subprocess.PIPE,
        text=True,
    )  # fmt: skip
    try:
        assert running.stderr is not None
        line = next(line for line in running.stderr if "listening for pictures" in line)
        port = line.rsplit(":", 1)[1].split()[0].strip('"}')
        answer = subprocess.run(  # noqa: S603
            [sys.executable, "-m", "ocr_server", "read", "--socket", port, str(picture)],
            capture_output=True, check=True,
        )  # fmt: skip
    finally:
        running.send_signal(signal.SIGTERM)
        running.communicate(timeout=60)

    assert json.loads(answer.stdout)["fields"]["value"]["value"] == drawn.fields["value"]


@pytest.mark.parametrize("draws_boxes", [False, True])
def test_half_a_picture_has_no_values(settings: Settings, draws_boxes: bool) -> None:
    data = as_file(draw_lines(*["Hello"] * 12, width_px=300), "JPEG")

    with closing(Service.start(settings, InlineWorkers(ReadsWords("Hello")))) as here:
        read_label = reader(here, "label", draws_boxes=draws_boxes)
        whole, _ = read_label(data)
        with pytest.raises(DamagedPicture, match="cut off"):
            read_label(data[: len(data) // 2])

    assert "Hello" in whole.text
