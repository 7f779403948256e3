from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Direction, Line, Page, Word, Zone, ZoneKind
from ocr_server.engines.engine import Engine
from ocr_server.engines.tesseract_cli import PytesseractEngine
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.page.missing_text import put_in_place
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from tests.words import SeeingEngine, draw_page, find_blots


def line(text: str, left: float, top: float) -> Line:
    box = Box(left, top, left + 12 * len(text), top + 20)
    word = Word(text, box.quad(), 0.9)
    return Line((word,), box.quad(), (box.quad()[3], box.quad()[2]), 12)


def zone(*lines: Line) -> Zone:
    boxes = [one.box for one in lines]
    whole = Box(
        min(b.left for b in boxes), min(b.top for b in boxes),
        max(b.right for b in boxes), max(b.bottom for b in boxes),
    )  # fmt: skip
    return Zone(ZoneKind.TEXT, whole.quad(), lines)


def text_of(zones: tuple[Zone, ...]) -> list[str]:
    return [" / ".join(one.text for one in zone.lines) for zone in zones]


def test_a_word_beside_a_line_joins_it_in_its_place() -> None:
    zones = (zone(line("milk", 0, 0), line("bread", 0, 40)),)

    assert text_of(put_in_place(zones, line("1.20", 90, 41))) == ["milk / bread 1.20"]


def test_a_word_left_of_a_line_that_runs_leftwards_comes_last() -> None:
    leftwards = replace(line("שלום", 60, 0), direction=Direction.RIGHT_TO_LEFT)

    assert text_of(put_in_place((zone(leftwards),), line("עולם", 0, 1))) == ["שלום עולם"]


def test_a_line_between_two_zones_stands_between_them() -> None:
    zones = (zone(line("above", 0, 0)), zone(line("below", 0, 200)))

    assert text_of(put_in_place(zones, line("between", 0, 100))) == ["above", "between", "below"]


def test_a_line_under_all_zones_comes_last() -> None:
    zones = (zone(line("above", 0, 0)),)

    assert text_of(put_in_place(zones, line("last", 0, 100))) == ["above", "last"]


def test_a_word_far_from_a_zone_does_not_join_its_lines() -> None:
    zones = (zone(line("column", 0, 0)),)

    assert text_of(put_in_place(zones, line("other", 900, 0))) == ["column", "other"]


class OverlooksTheRest(SeeingEngine):
    """Sees only the upper half of a page, unless asked for sparse text."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        zones = super().recognise(canvas, options, deadline)
        if options.psm == 11 or not zones:
            return zones
        half = canvas.height_px / 2
        words = tuple(w for w in zones[0].words if w.box.bottom < half)
        upper = Line(words, zones[0].quad, zones[0].lines[0].baseline, 17)
        return (Zone(ZoneKind.TEXT, Box(0, 0, canvas.width_px, half).quad(), (upper,)),)


def read(engine: Engine, canvas: Canvas) -> Page:
    return read_page(
        canvas, number=1, options=ReadOptions(), context=ReadContext(engine, Deadline.after(60))
    )


def test_what_the_engine_overlooked_is_read_and_not_what_it_read_already() -> None:
    page = draw_page(1000, 900, size_px=40, margin_px=80)

    answer = read(OverlooksTheRest(), page.canvas)

    missed = next(stage for stage in answer.stages if stage.name == "missed")
    assert len(answer.words) == len(find_blots(page.pixels))
    assert "more words read" in missed.did


def test_a_page_read_in_full_is_not_read_again() -> None:
    engine = SeeingEngine()

    read(engine, draw_page(1000, 900, size_px=40, margin_px=80).canvas)

    assert len(engine.canvases) == 1


@pytest.mark.tesseract
def test_lone_figures_far_apart_are_read() -> None:
    rows = ("Monday 12 4 3 2", "Tuesday 10 5 2 1", "Wednesday 14 4 4 2", "Thursday 9 6 3 3")
    picture = Image.new("L", (900, 360), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(28)
    for number, row in enumerate(rows):
        for column, text in enumerate(row.split()):
            draw.text((60 + 180 * column, 40 + 70 * number), text, fill=0, font=font)

    page = read(PytesseractEngine(), Canvas(np.asarray(picture)))

    assert tuple(line.text for line in page.lines) == rows


def test_unsure_words_are_not_added() -> None:
    class Guesses(OverlooksTheRest):
        def recognise(
            self, canvas: Canvas, options: ReadOptions, deadline: Deadline
        ) -> tuple[Zone, ...]:
            self.confidence = 0.5 if options.psm == 11 else 0.95
            return super().recognise(canvas, options, deadline)

    page = draw_page(1000, 900, size_px=40, margin_px=80)
    answer = read(Guesses(), page.canvas)

    assert len(answer.words) < len(find_blots(page.pixels))


@pytest.mark.tesseract
@pytest.mark.parametrize("at_y", [30, 820], ids=["head", "foot"])
@pytest.mark.parametrize(("text", "is_number"), [("7", True), ("- 4 -", True), ("*", False)])
def test_a_lone_figure_above_or_below_the_text_is_read(
    text: str, at_y: int, *, is_number: bool
) -> None:
    page = draw_page(1000, 900, size_px=34, margin_px=120)
    picture = Image.fromarray(page.pixels)
    ImageDraw.Draw(picture).text((480, at_y), text, fill=0, font=ImageFont.load_default(34))

    read_lines = read(PytesseractEngine(), Canvas(np.asarray(picture))).lines

    end = read_lines[0 if at_y < 100 else -1].text
    assert (end.strip("- ") == text.strip("- ")) is is_number
