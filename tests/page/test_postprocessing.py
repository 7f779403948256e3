from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Cell, Direction, Line, Page, Table, Word, Zone, ZoneKind
from ocr_server.engines.engine import Engine
from ocr_server.engines.tesseract_cli import PytesseractEngine
from ocr_server.geometry import Box, Point
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.page.postprocessing import keep_words, put_in_place, with_ligatures
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from tests.fakes import line_of
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


def test_cells_lose_the_words_that_are_not_kept() -> None:
    box = Box(0, 0, 90, 20)
    sure = Word("Tea", Box(0, 0, 30, 20).quad(), 0.9)
    doubtful = Word("2.50", Box(50, 0, 90, 20).quad(), 0.3)
    line = Line((sure, doubtful), box.quad(), (), 10.0)
    cells = (
        Cell(0, 0, Box(0, 0, 40, 20).quad(), "Tea"),
        Cell(0, 1, Box(40, 0, 90, 20).quad(), "2.50"),
    )
    zone = Zone(ZoneKind.TABLE, box.quad(), (line,), Table(1, 2, cells))

    (some,) = keep_words((zone,), lambda word: word.confidence > 0.5)
    (every,) = keep_words((zone,), lambda _: True)

    assert some.table is not None
    assert [cell.text for cell in some.table.cells] == ["Tea", ""]
    assert every == zone


def test_a_line_is_no_longer_than_the_words_that_are_kept() -> None:
    box = Box(0, 0, 90, 20)
    words = tuple(
        Word(text, Box(left, 2, left + 30, 18).quad(), confidence)
        for text, left, confidence in (("Tea", 0, 0.9), ("~", 50, 0.3))
    )
    zone = Zone(ZoneKind.TEXT, box.quad(), (Line(words, box.quad(), (), 10.0),))

    (kept,) = keep_words((zone,), lambda word: word.confidence > 0.5)

    assert kept.lines[0].box == Box(0, 2, 30, 18)
    assert kept.box == box


def test_the_first_of_cells_that_overlap_holds_a_point() -> None:
    cells = tuple(
        Cell(0, column, Box(left, 0, left + 60, 20).quad(), "")
        for column, left in enumerate((0, 40))
    )
    places = Table(1, 2, cells).cells_at([Point(50, 10), Point(80, 10), Point(200, 10)])

    assert list(places) == [0, 1, None]


def test_signs_for_ligatures_of_fraktur_are_put_right() -> None:
    line = line_of(("do<", "Stü>e", "Buch"))
    other = replace(line, language="eng")
    zone = Zone(ZoneKind.TEXT, line.quad, (line, other))

    assert with_ligatures(zone).text == "doch Stücke Buch\ndo< Stü>e Buch"
