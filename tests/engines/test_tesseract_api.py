from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Line, Zone, ZoneKind
from ocr_server.engines import tesseract_api
from ocr_server.engines.tesseract_api import TesserocrEngine
from ocr_server.engines.tesseract_cli import PytesseractEngine
from ocr_server.errors import DeadlinePassed, EngineMissing, LanguageMissing
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from tests.drawing import PROSE, SENTENCE, draw_lines, place_of
from tests.fakes import line_of

pytestmark = pytest.mark.tesseract

# Three lines of Arabic, as letters of fixed form from left to right.
ARABIC = (
    "\ufeea\ufee0\ufedf\ufe8d \ufe94\ufee4\ufea3\ufead\ufeed "
    "\ufee2\ufedc\ufef4\ufee0\ufecb \ufee1\ufefc\ufeb4\ufedf\ufe8d",
    "\ufeae\ufec4\ufeb3\ufe83 \ufe94\ufe9b\ufefc\ufe9b \ufee6\ufee3 "
    "\ufe94\ufea4\ufed4\ufebb \ufee9\ufeac\ufeeb",
    "\ufee6\ufef4\ufee4\ufef4\ufedf\ufe8d \ufee6\ufee3 "
    "\ufe95\ufe8e\ufee4\ufee0\ufedc\ufedf\ufe8d \ufe83\ufeae\ufed8\ufee7",
)


@pytest.fixture(scope="module")
def engine() -> TesserocrEngine:
    return TesserocrEngine()


def drawn(*lines: str) -> Canvas:
    return Canvas(np.asarray(draw_lines(*lines)))


def text_of(engine: TesserocrEngine, canvas: Canvas, options: ReadOptions | None = None) -> str:
    zones = engine.recognise(canvas, options or ReadOptions(psm=6), Deadline.after(30))
    return "\n".join(zone.text for zone in zones)


def test_too_little_memory_is_no_empty_page(
    engine: TesserocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tesseract_api, "_BYTES_PER_PIXEL", 1 << 28)

    with pytest.raises(MemoryError):
        text_of(engine, drawn(SENTENCE))


def test_it_reads(engine: TesserocrEngine) -> None:
    assert text_of(engine, drawn(SENTENCE)) == SENTENCE


def test_colour_is_read_too(engine: TesserocrEngine) -> None:
    grey = drawn(SENTENCE).pixels

    assert text_of(engine, Canvas(np.dstack([grey] * 3))) == SENTENCE


def test_words_stand_where_they_were_drawn(engine: TesserocrEngine) -> None:
    (zone,) = engine.recognise(drawn(SENTENCE), ReadOptions(psm=6), Deadline.after(30))
    left, top, right, bottom = place_of(SENTENCE)

    box = zone.lines[0].box
    assert (box.left, box.right) == pytest.approx((left, right), abs=3)
    assert (box.top, box.bottom) == pytest.approx((top, bottom), abs=4)


def test_it_reads_what_the_other_engine_reads(engine: TesserocrEngine) -> None:
    canvas = drawn(SENTENCE, "Pack my box with five dozen jugs", "of liquid, Mr Jones.")
    other = PytesseractEngine().recognise(canvas, ReadOptions(psm=6), Deadline.after(30))

    assert text_of(engine, canvas) == "\n".join(zone.text for zone in other)


def test_what_runs_leftwards_is_taken_from_the_hocr(
    engine: TesserocrEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    line = line_of(("1917", "םולש"))  # by its figures Tesseract may take it for running rightwards
    turned_round = (Zone(ZoneKind.TEXT, line.quad, (line,)),)
    monkeypatch.setattr(tesseract_api, "read_iterator", lambda _results: turned_round)

    assert text_of(engine, drawn(SENTENCE)) == SENTENCE


@pytest.mark.parametrize("quarters", [0, 1, 2])
def test_it_finds_what_stands_in_tesseract_s_own_hocr(
    engine: TesserocrEngine, quarters: int
) -> None:
    text = np.asarray(draw_lines(SENTENCE, "Pack my box with jugs", SENTENCE))
    rule = np.full((60, text.shape[1]), 255, np.uint8)
    rule[28:31, 40:-40] = 0
    canvas = Canvas(np.vstack([text, rule, text])).rotated_90(quarters)

    # Symbols are taken from the hOCR, all else from Tesseract's iterator.
    found, told = (
        engine.recognise(canvas, ReadOptions(symbols=symbols), Deadline.after(30))
        for symbols in (False, True)
    )

    assert {zone.kind for zone in found} == {ZoneKind.TEXT, ZoneKind.RULE}
    assert tuple(map(_without_detail, found)) == tuple(map(_without_detail, told))
    for line, other in zip(_lines(found), _lines(told), strict=True):
        for point, same in zip(line.baseline, other.baseline, strict=True):
            assert point == pytest.approx(same, abs=1)  # its slope is rounded there


def _lines(zones: tuple[Zone, ...]) -> list[Line]:
    return [line for zone in zones for line in zone.lines]


def _without_detail(zone: Zone) -> Zone:
    lines = (
        replace(line, baseline=(), words=tuple(replace(word, symbols=()) for word in line.words))
        for line in zone.lines
    )
    return replace(zone, lines=tuple(lines))


def test_symbols_are_told_on_request_and_only_then(engine: TesserocrEngine) -> None:
    for wanted in (True, False):
        options = ReadOptions(psm=6, symbols=wanted)
        (zone,) = engine.recognise(drawn("Symbols"), options, Deadline.after(30))

        symbols = zone.words[0].symbols
        assert "".join(symbol.text for symbol in symbols) == ("Symbols" if wanted else "")


def test_an_alphabet_holds_for_one_reading_only(engine: TesserocrEngine) -> None:
    canvas = drawn("2019")

    text_of(engine, canvas, ReadOptions(psm=7, alphabet="0123456789"))

    assert text_of(engine, drawn("Word"), ReadOptions(psm=7)) == "Word"


def test_rows_of_dotted_letters_are_not_left_out_as_noise(tmp_path: Path) -> None:
    model = Path(tesseract_api._MODELS) / "eng.traineddata"  # rows need none
    (tmp_path / "ara.traineddata").symlink_to(model)
    font = ImageFont.truetype("DejaVuSans.ttf", 33)
    picture = Image.new("L", (660, 310), 255)
    for number, text in enumerate(ARABIC):
        ImageDraw.Draw(picture).text((590, 60 + 49 * number), text, font=font, fill=0, anchor="ra")

    zones = TesserocrEngine(str(tmp_path)).recognise(
        Canvas(np.asarray(picture)), ReadOptions(languages=("ara",)), Deadline.after(30)
    )

    assert len(_lines(zones)) == len(ARABIC)


def test_a_blank_page_has_no_zones(engine: TesserocrEngine) -> None:
    blank = Canvas(np.full((300, 400), 255, np.uint8))

    assert engine.recognise(blank, ReadOptions(), Deadline.after(30)) == ()


def test_threads_read_the_same(engine: TesserocrEngine) -> None:
    canvases = [drawn(f"Line number {i}") for i in range(6)]

    with ThreadPoolExecutor(3) as threads:
        texts = list(threads.map(lambda canvas: text_of(engine, canvas), canvases))

    assert texts == [f"Line number {i}" for i in range(6)]


def test_a_missing_language_is_named(engine: TesserocrEngine) -> None:
    with pytest.raises(LanguageMissing, match="xyz"):
        text_of(engine, drawn("word"), ReadOptions(languages=("eng", "xyz")))


def test_nothing_is_read_after_the_deadline(engine: TesserocrEngine) -> None:
    with pytest.raises(DeadlinePassed):
        engine.recognise(drawn("word"), ReadOptions(), Deadline.after(0))


def test_it_tells_who_it_is(engine: TesserocrEngine) -> None:
    info = engine.describe()

    assert info.name == "tesserocr"
    assert info.version[0].isdigit()
    assert "eng" in info.languages


def test_what_finds_the_orientation_is_no_language(tmp_path: Path) -> None:
    for name in ("osd", "eng", "deu"):
        (tmp_path / f"{name}.traineddata").touch()

    assert TesserocrEngine(str(tmp_path)).describe().languages == ("deu", "eng")


def test_models_that_take_long_to_load_outlive_others_but_not_for_ever(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []
    clock_s = 0.0

    class Model:
        def End(self) -> None:  # noqa: N802  # tesserocr's name
            pass

    def load(_engine: TesserocrEngine, languages: str) -> Model:
        nonlocal clock_s
        loaded.append(languages)
        clock_s += 0.1 if languages == "dear" else 0.01
        return Model()

    monkeypatch.setattr(TesserocrEngine, "_load", load)
    monkeypatch.setattr(time, "thread_time", lambda: clock_s)
    engine = TesserocrEngine()

    def use(*names: str) -> None:
        for name in names:
            with engine._api(name):
                pass

    use("dear", *map(str, range(8)), "dear")
    assert loaded.count("dear") == 1

    use(*map(str, range(100)), "dear")
    assert loaded.count("dear") == 2


def test_without_the_folder_of_models_it_is_missing(tmp_path: Path) -> None:
    with pytest.raises(EngineMissing, match="TESSDATA_PREFIX"):
        TesserocrEngine(str(tmp_path / "nowhere")).describe()


def test_without_the_package_it_is_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tesseract_api, "tesserocr", None)

    with pytest.raises(EngineMissing, match="tesserocr"):
        TesserocrEngine(str(tmp_path)).describe()


def test_it_tells_the_script_and_which_way_it_stands(engine: TesserocrEngine) -> None:
    canvas = drawn(*PROSE * 2)

    upright, turned = (
        engine.detect_script(canvas.rotated_90(quarters), Deadline.after(30)) for quarters in (0, 2)
    )

    assert upright
    assert turned
    assert (upright.name, upright.quarters) == ("Latin", 0)
    assert (turned.name, turned.quarters) == ("Latin", 2)


def test_a_blank_canvas_has_no_script(engine: TesserocrEngine) -> None:
    assert (
        engine.detect_script(Canvas(np.full((400, 600), 255, np.uint8)), Deadline.after(30)) is None
    )


def test_without_its_model_no_script_is_told(tmp_path: Path) -> None:
    model = Path(tesseract_api._MODELS, "eng.traineddata")
    (tmp_path / model.name).symlink_to(model)
    engine = TesserocrEngine(str(tmp_path))

    assert engine.detect_script(drawn(*[SENTENCE] * 4), Deadline.after(30)) is None
