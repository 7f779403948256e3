from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.model import TextSource, Word
from ocr_server.engines.tesseract_api import TesserocrEngine
from ocr_server.geometry import Box
from ocr_server.job import Limits, ReadOptions, TextLayerUse
from ocr_server.page.layer_verdict import band_reader, judge_layer
from ocr_server.page.state import ReadContext
from ocr_server.page.text_policy import read_pdf_page
from ocr_server.pdf.layer_doubts import Doubt
from ocr_server.pdf.text_extraction import ExtractedText, read_text_layer
from tests.export.documents import page, zone
from tests.pdf_layers import (
    PROSE,
    drawn,
    hidden_over_picture,
    lines_of,
    shifted,
    with_map,
    written_by,
)
from tests.words import SeeingEngine

LIMITS = Limits(pdf_dpi=144)


@dataclass
class Reads:
    """Reads the same words in each band, and remembers how many it was given."""

    text: str
    confidence: float = 0.95
    bands: list[int] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)

    def __call__(
        self, boxes: Sequence[Box], *, has_text: bool = True, claimed: str = ""
    ) -> list[tuple[Word, ...]] | None:
        self.bands.append(len(boxes))
        self.boxes += boxes
        quad = Box(0, 0, 9, 9).quad()
        words = tuple(Word(text, quad, self.confidence) for text in self.text.split())
        return [words for _ in boxes]


def layer_of(path: Path) -> ExtractedText:
    return read_text_layer(path, 0, limits=LIMITS, password=None)


def as_hidden(layer: ExtractedText) -> ExtractedText:
    """The layer as if an earlier recognition had written it."""
    return replace(layer, visible=(), hidden=layer.visible, doubts=(Doubt.HIDDEN,), rows=())


def test_a_layer_that_nothing_puts_in_doubt_is_believed_unread(tmp_path: Path) -> None:
    reads = Reads("something else")

    verdict = judge_layer(layer_of(drawn(tmp_path / "good.pdf", lines_of(*PROSE))), reads)

    assert verdict.is_believed
    assert reads.bands == []
    assert {round(word.confidence, 2) for word in verdict.layer.words} == {0.99}


def test_letters_in_doubt_are_believed_if_they_read_so(tmp_path: Path) -> None:
    layer = layer_of(shifted(drawn(tmp_path / "odd.pdf", lines_of(PROSE[0])), 1))
    (line,) = layer.visible[0].lines

    believed = judge_layer(layer, Reads(line.text))
    refused = judge_layer(layer, Reads(PROSE[0]))

    assert believed.is_believed
    assert not refused.is_believed
    assert "sampled lines read otherwise" in refused.reason


def test_a_letter_that_is_another_in_most_words_is_not_believed(tmp_path: Path) -> None:
    path = with_map(drawn(tmp_path / "a.pdf", lines_of(PROSE[0])), {ord("e"): "‰"})

    verdict = judge_layer(layer_of(path), Reads(PROSE[0]))

    assert not verdict.is_believed
    assert "of the words" in verdict.reason


@pytest.mark.parametrize(("languages", "codes"), [(["eng"], []), ([], ["doubtful-text-layer"])])
def test_what_cannot_be_compared_is_believed_if_dictionaries_know_its_words(
    languages: list[str], codes: list[str], tmp_path: Path
) -> None:
    path = written_by(drawn(tmp_path / "0", lines_of(*PROSE)), "FineReader")

    verdict = judge_layer(layer_of(path), Reads("ill egible", confidence=0.3), languages)

    assert verdict.is_believed
    assert [warning.code for warning in verdict.warnings] == codes


def test_what_cannot_be_compared_is_kept_and_not_called_sure(tmp_path: Path) -> None:
    layer = layer_of(shifted(drawn(tmp_path / "odd.pdf", lines_of(PROSE[0])), 1))

    verdict = judge_layer(layer, Reads("ill egible", confidence=0.3))

    assert verdict.is_believed
    assert max(word.confidence for word in verdict.layer.words) <= 0.5
    assert [warning.code for warning in verdict.warnings] == ["doubtful-text-layer"]


@pytest.mark.parametrize(
    ("read", "confidence", "is_believed"),
    [
        ("vvith tnirtv ciavs", 0.95, True),
        ("with thirty days", 0.95, False),
        ("with thirty days", 0.5, True),  # not surely otherwise
        ("MULTICOLOR", 0.8, False),  # hardly a letter
    ],
)
def test_an_earlier_recognition_is_believed_unless_it_surely_reads_otherwise(
    tmp_path: Path, read: str, confidence: float, is_believed: bool
) -> None:
    layer = layer_of(hidden_over_picture(tmp_path / "scan.pdf", "vvith tnirtv ciavs"))
    layer = replace(layer, rows=())

    verdict = judge_layer(layer, Reads(read, confidence=confidence))

    assert layer.doubts == (Doubt.HIDDEN,)
    assert verdict.is_believed is is_believed
    assert [warning.code for warning in verdict.warnings] == ["earlier-recognition"] * is_believed
    if not is_believed:
        assert verdict.layer.hidden == ()


def test_an_earlier_recognition_of_which_one_word_in_six_is_wrong_is_not_believed(
    tmp_path: Path,
) -> None:
    said = "seven words that the engine can read"
    layer = as_hidden(layer_of(drawn(tmp_path / "page.pdf", lines_of(*[said] * 30, size_pt=6))))
    reads = Reads(said.replace("engine", "printer"))

    right, wrong = judge_layer(layer, Reads(said)), judge_layer(layer, reads)

    assert reads.bands == [6]  # a fifth of the lines
    assert right.is_believed
    assert not wrong.is_believed


def test_a_line_is_sampled_up_to_the_end_of_its_last_word(tmp_path: Path) -> None:
    text = "our membership statements antidisestablishmentarianism"
    layer = as_hidden(layer_of(drawn(tmp_path / "page.pdf", lines_of(text, size_pt=6))))
    (line,) = layer.hidden[0].lines
    reads = Reads(text)

    judge_layer(layer, reads)

    assert line.box.width > 16 * line.box.height
    assert reads.boxes[0].right > line.box.right


@pytest.mark.parametrize(
    ("outside", "is_believed"),
    [("valid thirty days", False), ("Received by the clerk in May", True)],
)
def test_an_earlier_recognition_whose_words_stand_elsewhere_is_not_believed(
    tmp_path: Path, outside: str, is_believed: bool
) -> None:
    layer = layer_of(hidden_over_picture(tmp_path / "scan.pdf", "valid with thirty days"))
    layer = replace(layer, rows=(Box(10, 200, 200, 220),))

    def reads(
        boxes: Sequence[Box], *, has_text: bool = True, claimed: str = ""
    ) -> list[tuple[Word, ...]] | None:
        return Reads("valid with thirty days" if has_text else outside)(boxes)

    verdict = judge_layer(layer, reads)

    assert verdict.is_believed is is_believed
    assert bool(verdict.layer.hidden) is is_believed


def test_shapes_in_which_nothing_is_read_are_no_text(tmp_path: Path) -> None:
    shapes = "".join(f"{20 + 9 * n} 200 5 9 re {22 + 9 * n} 202 1 4 re f*\n" for n in range(20))
    layer = layer_of(drawn(tmp_path / "shapes.pdf", lines_of("Chart") + shapes))

    assert layer.rows
    assert judge_layer(layer, Reads("")).layer.rows == ()
    assert judge_layer(layer, Reads("Telephone")).layer.rows == layer.rows


def test_letters_are_looked_for_in_shapes_without_the_text_beside_them(tmp_path: Path) -> None:
    cells = "".join(f"{30 + 12 * n} 302 9 12 re S\n" for n in range(18))
    letters = "".join(f"1 0 0 1 {32 + 12 * n} 305 Tm ({PROSE[1][n]}) Tj\n" for n in range(18))
    engine = SeeingEngine()
    reader = ReadContext(engine, Deadline.after(60))
    for text in ("", f"BT /F 9 Tf {letters} ET\n"):
        path = drawn(tmp_path / "form.pdf", lines_of(PROSE[0]) + cells + text)
        layer = layer_of(path)
        assert layer.rows
        judge_layer(layer, band_reader(
            path, 0, options=ReadOptions(), limits=LIMITS, password=None, context=lambda: reader,
        ))  # fmt: skip

    empty, filled_in = engine.canvases

    assert np.array_equal(empty.pixels, filled_in.pixels)


def test_bands_are_read_in_one_go_each_at_its_place(tmp_path: Path) -> None:
    path = drawn(tmp_path / "page.pdf", lines_of(*PROSE))
    layer = layer_of(path)
    engine = SeeingEngine()
    read_bands = band_reader(
        path, 0, options=ReadOptions(), limits=LIMITS, password=None,
        context=lambda: ReadContext(engine, Deadline.after(60)),
    )  # fmt: skip
    lines = [line for zone in layer.zones for line in zone.lines]

    beyond = Box(5000, 5000, 5100, 5100)
    found = read_bands([lines[0].box, beyond, lines[1].box])

    assert found is not None
    assert [len(words) for words in found] == [len(lines[0].words), 0, len(lines[1].words)]
    assert len(engine.canvases) == 1


@pytest.mark.parametrize(
    ("claimed", "languages"),
    [("the house", ("eng",)), ("בוקר קר", ("heb",)), ("12,50", ("eng",)), ("Το πλοίο", None)],  # noqa: RUF001
)
def test_a_band_is_read_in_a_language_of_the_script_that_the_layer_says(
    tmp_path: Path, claimed: str, languages: tuple[str, ...] | None
) -> None:
    engine = SeeingEngine()
    read_bands = band_reader(
        drawn(tmp_path / "page.pdf", lines_of(*PROSE)), 0,
        options=ReadOptions(installed=("eng", "heb")), limits=LIMITS, password=None,
        context=lambda: ReadContext(engine, Deadline.after(60)),
    )  # fmt: skip

    found = read_bands([Box(0, 0, 200, 200)], claimed=claimed)

    assert (found is None) is (languages is None)
    assert [asked.languages for asked in engine.readings] == ([languages] if languages else [])


def test_a_layer_in_a_script_that_cannot_be_read_is_used_as_not_compared(tmp_path: Path) -> None:
    def cannot_read(
        boxes: Sequence[Box], *, has_text: bool = True, claimed: str = ""
    ) -> list[tuple[Word, ...]] | None:
        return None

    layer = layer_of(shifted(drawn(tmp_path / "odd.pdf", lines_of(PROSE[0])), 1))

    verdict = judge_layer(layer, cannot_read)

    assert verdict.is_believed
    assert [warning.code for warning in verdict.warnings] == ["doubtful-text-layer"]
    assert max(word.confidence for word in verdict.layer.words) == pytest.approx(0.5)


@pytest.mark.parametrize("shift", [0, 1])
def test_a_layer_in_doubt_that_is_wanted_all_the_same_is_not_called_sure(
    tmp_path: Path, shift: int
) -> None:
    path = drawn(tmp_path / "page.pdf", lines_of(*PROSE))
    path = shifted(path, shift) if shift else path

    def fail() -> ReadContext:
        raise AssertionError

    read = read_pdf_page(
        path, 0, number=1, options=ReadOptions(text_layer=TextLayerUse.ONLY), limits=LIMITS,
        password=None, context=fail, recognise=lambda **_: page(zone("recognised")),
    )  # fmt: skip

    assert read.source is TextSource.TEXT_LAYER
    assert read.confidence == pytest.approx(0.5 if shift else 0.99, abs=0.01)
    assert bool(read.quality and read.quality.problems) is bool(shift)


@pytest.mark.tesseract
@pytest.mark.parametrize("shift", [0, 1, -29])
def test_a_layer_of_other_letters_is_recognised_and_the_answer_says_so(
    tmp_path: Path, shift: int
) -> None:
    path = drawn(tmp_path / "page.pdf", lines_of(*PROSE))
    path = shifted(path, shift) if shift else path

    read = read_pdf_page(
        path, 0, number=1, options=ReadOptions(), limits=Limits(), password=None,
        context=lambda: ReadContext(TesserocrEngine(), Deadline.after(60)),
        recognise=lambda **_: page(zone("recognised")),
    )  # fmt: skip

    assert read.source is (TextSource.RECOGNISED if shift else TextSource.TEXT_LAYER)
    assert ("read otherwise" in read.stages[0].found) is bool(shift)
    assert read.stages[0].did.startswith("not used" if shift else "used")
