from __future__ import annotations

from dataclasses import replace

from ocr_server.document.model import Cell, Line, Table, Word, Zone, ZoneKind
from ocr_server.geometry import Box, Point
from ocr_server.page.postprocessing import keep_words, with_ligatures
from tests.fakes import line_of


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
