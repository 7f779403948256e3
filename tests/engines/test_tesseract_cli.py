from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytesseract
import pytest
from PIL import Image

from ocr_server.deadline import Deadline
from ocr_server.engines.tesseract_cli import PytesseractEngine, translated
from ocr_server.errors import (
    DeadlinePassed,
    EngineFailed,
    EngineMissing,
    LanguageMissing,
    OcrServerError,
    PageMissing,
    StorageFull,
)
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from tests.drawing import PROSE, SENTENCE, as_file, draw_lines, place_of
from tests.serving import FakeTesseract
from tests.waiting import BOUND_S, wait_for

CANVAS = Canvas(np.full((100, 300), 255, dtype=np.uint8), dpi=600)
TWO_PAGES = "<html>{}{}</html>".format(
    *(
        f"""<div class="ocr_page"><div class="ocr_carea" title="bbox 0 0 9 9"><p class="ocr_par">
        <span class="ocr_line" title="bbox 0 0 9 9; baseline 0 0">
        <span class="ocrx_word" title="bbox 0 0 9 9; x_wconf 90">{word}</span></span></p>
        </div></div>"""
        for word in ("first", "second")
    )
)
NASTY = "'; touch /tmp/x #\"$(id)`-c debug_file=/tmp/x"


@pytest.fixture
def tesseract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeTesseract]:
    """A fake program, found first on the path."""
    fake = FakeTesseract(tmp_path / "tesseract")
    monkeypatch.setenv("PATH", fake.path)
    yield fake
    fake.let_go()


@pytest.fixture
def engine() -> PytesseractEngine:
    return PytesseractEngine()


def late() -> Deadline:
    return Deadline.after(BOUND_S)


def test_tesseract_works_in_one_thread(engine: PytesseractEngine) -> None:
    assert os.environ["OMP_THREAD_LIMIT"] == "1"


@pytest.mark.process
def test_tesseract_takes_memory_in_large_pages_unless_told_otherwise() -> None:
    asked = "import os, ocr_server; print(os.environ['GLIBC_TUNABLES'])"
    others = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}

    def said(**more: str) -> str:
        return subprocess.run(  # noqa: S603  # our own words
            [sys.executable, "-c", asked],
            capture_output=True, text=True, check=True, env=others | more,
        ).stdout.strip()  # fmt: skip

    assert "glibc.malloc.hugetlb=1" in said().split(":")
    assert said(GLIBC_TUNABLES="glibc.malloc.check=0") == "glibc.malloc.check=0"


def test_tesseract_gets_our_pixels_and_our_numbers_and_nothing_else(
    engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    options = ReadOptions(languages=("eng", "deu"), psm=6, symbols=True, dpi=72)

    zones = engine.recognise(CANVAS, options, late())

    picture, output, *arguments = tesseract.arguments
    assert Path(picture).suffix == ".bmp"
    assert arguments == [
        "-l", "eng+deu", "-c", "tessedit_create_hocr=1", "--psm", "6", "--dpi", "150",
        "-c", "textord_all_prop=1", "-c", "textord_noise_rejrows=1",
        "-c", "hocr_char_boxes=1", "hocr",
    ]  # fmt: skip
    assert not Path(picture).exists()
    assert not Path(f"{output}.hocr").exists()
    assert zones[0].text == "Hello"


@pytest.mark.parametrize(
    ("languages", "given"), [(("eng", "ara"), 0), (("fas",), 0), (("heb",), 1)]
)
def test_rows_of_dotted_letters_are_not_left_out_as_noise(
    languages: tuple[str, ...], given: int, engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    engine.recognise(CANVAS, ReadOptions(languages=languages), late())

    assert f"textord_noise_rejrows={given}" in tesseract.arguments


def test_several_canvases_are_named_in_a_file_of_our_own(
    engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    (tesseract.folder / "answer").write_text(TWO_PAGES)

    zones = engine.recognise_all((CANVAS, CANVAS), ReadOptions(), late())

    names = (tesseract.folder / "files" / "canvases.txt").read_text().splitlines()
    assert tesseract.arguments[0].endswith("/canvases.txt")
    assert [Path(name).name for name in names] == ["canvas-0.bmp", "canvas-1.bmp"]
    assert [zone.text for (zone,) in zones] == ["first", "second"]


def test_an_answer_with_too_few_pages_is_refused(
    engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    with pytest.raises(EngineFailed, match="not understood"):
        engine.recognise_all((CANVAS, CANVAS), ReadOptions(), late())


@pytest.mark.parametrize("shape", [(31, 47), (31, 47, 3), (1, 1)])
def test_the_pixels_are_handed_over_without_loss(
    shape: tuple[int, ...], engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    noise = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)

    engine.recognise(Canvas(noise), ReadOptions(), late())

    with Image.open(tesseract.folder / "files" / "canvas-0.bmp") as seen:
        assert (np.asarray(seen) == noise).all()


@pytest.mark.parametrize("alphabet", ["0123456789", NASTY.replace(" ", ""), "äß€", "--x", "#"])
def test_an_alphabet_travels_in_a_file_and_never_on_the_command_line(
    alphabet: str, engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    engine.recognise(CANVAS, ReadOptions(alphabet=alphabet), late())

    seen = tesseract.folder / "files" / "alphabet"
    assert seen.read_text(encoding="utf-8") == f"tessedit_char_whitelist {alphabet}\n"
    assert not any(alphabet in word for word in tesseract.arguments)
    assert Path(tesseract.arguments[-2]).name == "alphabet"


def test_a_folder_with_a_blank_in_its_name_does_no_harm(
    engine: PytesseractEngine,
    tesseract: FakeTesseract,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = tmp_path / "a folder; of 'mine'"
    folder.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder))

    engine.recognise(CANVAS, ReadOptions(alphabet="abc"), late())

    assert (tesseract.folder / "files" / "alphabet").exists()
    assert list(folder.iterdir()) == []


def test_at_the_deadline_the_child_is_ended(
    engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    tesseract.hold()

    with pytest.raises(DeadlinePassed, match="OCR_PAGE_TIMEOUT_S"):
        engine.recognise(CANVAS, ReadOptions(), Deadline.after(0.5, setting="OCR_PAGE_TIMEOUT_S"))

    assert tesseract.is_idle


def test_without_time_tesseract_is_not_even_started(
    engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    with pytest.raises(DeadlinePassed):
        engine.recognise(CANVAS, ReadOptions(), Deadline.after(0))

    assert tesseract.arguments == []


def test_a_killed_tesseract_has_failed(engine: PytesseractEngine, tesseract: FakeTesseract) -> None:
    tesseract.hold()
    killer = threading.Thread(
        target=lambda: psutil.Process(wait_for(lambda: tesseract.running)[0]).kill()
    )
    killer.start()

    with pytest.raises(EngineFailed, match="ended with an error"):
        engine.recognise(CANVAS, ReadOptions(), late())
    killer.join()


def test_an_answer_that_never_came_is_a_failure(
    engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    (tesseract.folder / "answer").unlink()

    with pytest.raises(EngineFailed):
        engine.recognise(CANVAS, ReadOptions(), late())


def test_engine_and_languages_are_told_by_name(
    engine: PytesseractEngine, tesseract: FakeTesseract
) -> None:
    info = engine.describe()

    assert (info.name, info.languages) == ("pytesseract", ("eng",))
    assert info.version[0].isdigit()


@pytest.mark.process
def test_without_tesseract_the_engine_is_missing(
    engine: PytesseractEngine, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(pytesseract.pytesseract, "tesseract_cmd", str(tmp_path / "nothing"))

    with pytest.raises(EngineMissing, match="apt-get install"):
        engine.recognise(CANVAS, ReadOptions(), late())


def test_a_folder_that_cannot_be_written_to_is_told(
    engine: PytesseractEngine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setattr("tempfile.tempdir", str(file))

    with pytest.raises(StorageFull, match="OCR_TEMP_DIR"):
        engine.recognise(CANVAS, ReadOptions(), late())


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (pytesseract.TesseractNotFoundError(), EngineMissing),
        (pytesseract.TesseractError(1, "Failed loading language 'xyz'"), LanguageMissing),
        (pytesseract.TesseractError(-9, ""), EngineFailed),
        (RuntimeError("Tesseract process timeout"), DeadlinePassed),
        (FileNotFoundError("tess_x.hocr"), EngineFailed),
        (PermissionError(13, "denied"), StorageFull),
        (OSError(28, "No space left on device"), StorageFull),
        (ValueError("anything"), EngineFailed),
        (PageMissing("our own"), PageMissing),
    ],
)
def test_each_failure_means_one_thing(error: Exception, kind: type[OcrServerError]) -> None:
    told = translated(error, late())

    assert type(told) is kind
    assert str(error) not in told.message or error is told


@pytest.mark.tesseract
class TestTheRealOne:
    def test_its_own_other_readings_change_nothing(self, engine: PytesseractEngine) -> None:
        canvas = Canvas(np.asarray(draw_lines(SENTENCE)))

        (plain,) = engine.recognise(canvas, ReadOptions(), late())
        (chosen,) = engine.recognise(canvas, ReadOptions(engine_alternatives=True), late())

        assert chosen.text == plain.text
        assert chosen.box == plain.box
        for word in chosen.words:
            assert word.symbols == ()
            assert all(other.text != word.text for other in word.alternatives)

    def test_words_are_read_where_they_stand(self, engine: PytesseractEngine) -> None:
        canvas = Canvas(np.asarray(draw_lines(SENTENCE, "and runs away")))

        zones = engine.recognise(canvas, ReadOptions(symbols=True), late())

        first, second = (line for zone in zones for line in zone.lines)
        assert (first.text, second.text) == (SENTENCE, "and runs away")
        # Tesseract's boxes keep to the ink within a pixel or two.
        for line, text, number in ((first, SENTENCE, 0), (second, "and runs away", 1)):
            box = line.box
            assert (box.left, box.top, box.right, box.bottom) == pytest.approx(
                place_of(text, number=number), abs=3
            )
        assert all(word.confidence > 0.8 for word in first.words)
        assert "".join(symbol.text for symbol in first.words[1].symbols) == "quick"

    def test_several_are_read_by_one_process_as_each_by_itself(
        self, engine: PytesseractEngine
    ) -> None:
        canvases = [
            Canvas(np.asarray(draw_lines(SENTENCE))),
            CANVAS,
            Canvas(np.asarray(draw_lines("and runs away", "for ever", size_px=30))),
        ]

        together = tuple(engine.recognise_all(canvases, ReadOptions(symbols=True), late()))

        assert [tuple(zone.text for zone in zones) for zones in together] == [
            (SENTENCE,), (), ("and runs away\nfor ever",)
        ]  # fmt: skip
        assert together == tuple(
            engine.recognise(canvas, ReadOptions(symbols=True), late()) for canvas in canvases
        )

    def test_a_blank_canvas_has_no_zones(self, engine: PytesseractEngine) -> None:
        assert engine.recognise(CANVAS, ReadOptions(), late()) == ()

    @pytest.mark.parametrize("size", [(1, 1), (2, 3), (3000, 1)])
    def test_a_tiny_canvas_is_blank_or_refused(
        self, size: tuple[int, int], engine: PytesseractEngine
    ) -> None:
        canvas = Canvas(np.full(size[::-1], 255, dtype=np.uint8))

        try:
            zones = engine.recognise(canvas, ReadOptions(), late())
        except EngineFailed:
            return

        assert not [zone for zone in zones if zone.lines]

    def test_an_alphabet_leaves_nothing_else(self, engine: PytesseractEngine) -> None:
        canvas = Canvas(np.asarray(draw_lines("call 555 0123 now")))

        zones = engine.recognise(canvas, ReadOptions(psm=7, alphabet="0123456789"), late())

        text = "".join(word.text for zone in zones for word in zone.words)
        assert text
        assert set(text) <= set("0123456789")

    def test_a_language_that_is_not_there_is_told(self, engine: PytesseractEngine) -> None:
        with pytest.raises(LanguageMissing):
            engine.recognise(CANVAS, ReadOptions(languages=("tlh",)), late())

    def test_its_languages_are_listed_without_the_one_that_reads_nothing(
        self, engine: PytesseractEngine
    ) -> None:
        info = engine.describe()

        assert "eng" in info.languages
        assert "osd" not in info.languages

    def test_a_jpeg_s_pixels_are_not_encoded_again(
        self, engine: PytesseractEngine, tmp_path: Path
    ) -> None:
        path = tmp_path / "x.jpg"
        path.write_bytes(as_file(draw_lines("Lossy once", size_px=40), "JPEG", quality=40))
        with Image.open(path) as picture:
            pixels = np.asarray(picture.convert("L"))

        zones = engine.recognise(Canvas(pixels), ReadOptions(), late())

        assert zones[0].text == "Lossy once"


@pytest.mark.process
@pytest.mark.tesseract
def test_it_tells_the_script_and_which_way_it_stands() -> None:
    canvas = Canvas(np.asarray(draw_lines(*PROSE * 2)))

    upright, turned = (
        PytesseractEngine().detect_script(canvas.rotated_90(quarters), Deadline.after(30))
        for quarters in (0, 2)
    )

    assert upright
    assert turned
    assert (upright.name, upright.quarters) == ("Latin", 0)
    assert (turned.name, turned.quarters) == ("Latin", 2)


@pytest.mark.process
@pytest.mark.tesseract
def test_a_blank_canvas_has_no_script() -> None:
    assert (
        PytesseractEngine().detect_script(
            Canvas(np.full((400, 600), 255, np.uint8)), Deadline.after(30)
        )
        is None
    )
