from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.document.model import Line, Word, ZoneKind
from ocr_server.geometry import Box, Transform
from ocr_server.layout.xy_cut import are_columns, in_blocks

DOWN = Transform((0, -1, 0, 1, 0, 0, 0, 0, 1))  # a clockwise quarter turn
UP = DOWN.then(DOWN)


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

    assert texts(*cells) == [["00 01", "10 11", "20 21"]]


def test_a_row_reaches_from_its_first_word_to_its_last() -> None:
    (zone,) = in_blocks([line("price", 300, 2, width=60), line("label", 0, 0, width=80)])

    (row,) = zone.lines
    assert [word.text for word in row.words] == ["label", "price"]
    assert row.box == Box(0, 0, 360, 22)
    assert (row.baseline[0].x, row.baseline[-1].x) == (0, 360)


def test_vertical_lines_are_read_from_right_to_left_and_stay_where_they_are() -> None:
    columns = [line(text, 0, -x).mapped(DOWN) for text, x in (("b", 60), ("c", 20), ("a", 100))]
    level = line("a level line", 0, 0)

    zones = in_blocks(columns, is_vertical=True)

    assert [one.text for zone in zones for one in zone.lines] == ["a", "b", "c"]
    assert [one.box.left for zone in zones for one in zone.lines] == [80, 40, 0]
    assert are_columns(columns)
    assert not are_columns([level, columns[0]])
    assert not are_columns([one.mapped(UP) for one in columns])


def test_what_lies_over_each_other_is_no_row() -> None:
    assert texts(line("one", 0, 0), line("other", 150, 4)) == [["one", "other"]]


def test_a_fraction_is_read_before_what_stands_behind_it() -> None:
    upper = [line("2", 60, 0, width=20), line("1", 160, 0, width=20)]
    lower = [line("3", 60, 26, width=20), line("5", 160, 26, width=20)]
    signs = [line("a)", 0, 13, width=30), line("+", 110, 13, width=20)]

    assert texts(*upper, *lower, *signs) == [["a)", "2", "3", "+", "1", "5"]]


def test_the_head_of_a_table_is_read_cell_by_cell_and_its_rows_across() -> None:
    head = [
        line("Verbs", 100, 0, width=90), line("in -er", 100, 22, width=90),
        line("Others", 240, 11, width=90),
    ]  # fmt: skip
    rows = [
        line(f"{y}{x}", 20 + 110 * x, 60 + 30 * y, width=40) for x in range(3) for y in range(2)
    ]

    read = [text for zone in texts(*rows, *head) for text in zone]

    assert read == ["Verbs", "in -er", "Others", "00 01 02", "10 11 12"]


def test_rows_that_run_into_each_other_are_still_read_across() -> None:
    cells = [line(f"{y}{x}", 100 * x, 9 * y + 2 * x, width=60) for x in range(2) for y in range(3)]

    assert texts(*cells) == [["00 01", "10 11", "20 21"]]


def test_a_flourish_beside_rows_does_not_part_them() -> None:
    cells = [line(f"{y}{x}", 100 + 200 * x, 22 * y, width=60) for x in range(2) for y in range(3)]
    flourish = line("order", 0, 0, width=40, height=70)

    read = [text for zone in texts(*cells, flourish) for text in zone]

    assert [text for text in read if text != "order"] == ["00 01", "10 11", "20 21"]


def test_blocks_stand_apart_and_hold_their_lines() -> None:
    zones = in_blocks([line("one", 0, 0), line("two", 0, 25), line("three", 0, 100)])

    assert [zone.text for zone in zones] == ["one\ntwo", "three"]
    assert zones[0].box == Box(0, 0, 200, 45)
    assert {zone.kind for zone in zones} == {ZoneKind.TEXT}


@pytest.mark.parametrize("slant_deg", [-3.0, -1.5, 0.0, 1.5, 3.0])
def test_rows_that_slant_are_read_across(slant_deg: float) -> None:
    way = Transform.rotation(slant_deg)
    names = ("Subtotal", "Tax", "Total")
    cells = [line(name, 100, 100 + 24 * y, width=110) for y, name in enumerate(names)]
    cells += [line(f"{y}.00", 500, 100 + 24 * y, width=50) for y in range(3)]

    (zone,) = in_blocks([cell.mapped(way) for cell in cells])

    assert [one.text for one in zone.lines] == ["Subtotal 0.00", "Tax 1.00", "Total 2.00"]
    level = [one.mapped(way.inverse()).box for one in zone.lines]
    assert [box.left for box in level] == pytest.approx([100] * 3)
    assert [box.height for box in level] == pytest.approx([20] * 3)


def test_lines_that_run_up_the_page_stay_lines_of_their_own() -> None:
    upwards = [
        replace(one, quad=type(one.quad)(one.quad[3], *one.quad[:3]))
        for one in (line(text, 60 * x, 0, width=20, height=110) for x, text in enumerate("ab"))
    ]

    (zone,) = in_blocks(upwards)

    assert [(one.text, one.quad.angle_deg) for one in zone.lines] == [("a", -90), ("b", -90)]


def test_lines_of_text_side_by_side_are_no_row() -> None:
    columns = [line(f"{x}{y}", 300 * x, 25 * y, width=250) for x in range(2) for y in range(2)]

    assert texts(*columns) == [["00", "10", "01", "11"]]


def test_many_lines_are_put_in_order_in_few_steps() -> None:
    lines = [line(str(y), 0, 60 * y) for y in range(2000)]

    assert [text for zone in texts(*lines) for text in zone] == [str(y) for y in range(2000)]
