from __future__ import annotations

from ocr_server.geometry import Box
from ocr_server.model import Line, Word, ZoneKind
from ocr_server.recognition.blocks import in_blocks


def line(text: str, left: float, top: float, *, width: float = 200, height: float = 20) -> Line:
    quad = Box(left, top, left + width, top + height).quad()
    return Line((Word(text, quad, 0.9),), quad, (quad.bottom_left, quad.bottom_right), height / 2)


def texts(*lines: Line) -> list[list[str]]:
    return [[line.text for line in zone.lines] for zone in in_blocks(lines)]


def test_no_lines_make_no_zones() -> None:
    assert in_blocks(()) == ()


def test_columns_are_read_one_after_the_other_under_their_title() -> None:
    title = line("title", 0, 0, width=450)
    columns = [line(f"{x}{y}", 250 * x, 40 + 25 * y) for y in range(3) for x in range(2)]

    assert texts(*columns, title) == [["title"], ["00", "01", "02"], ["10", "11", "12"]]


def test_narrow_columns_are_those_of_a_table_and_read_by_rows() -> None:
    cells = [line(f"{y}{x}", 300 * x, 25 * y, width=40) for x in range(2) for y in range(3)]

    assert texts(*cells) == [["00", "01", "10", "11", "20", "21"]]


def test_blocks_stand_apart_and_hold_their_lines() -> None:
    zones = in_blocks([line("one", 0, 0), line("two", 0, 25), line("three", 0, 100)])

    assert [zone.text for zone in zones] == ["one\ntwo", "three"]
    assert zones[0].box == Box(0, 0, 200, 45)
    assert {zone.kind for zone in zones} == {ZoneKind.TEXT}
