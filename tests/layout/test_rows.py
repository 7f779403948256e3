from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.document.model import Direction, Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box, Point
from ocr_server.layout.rows import in_reading_order, is_level, join_rows, rows_in, up_to_gap
from tests.fakes import line_of

PITCH_PX = 30
PROSE = "all lines here are long enough"
SIDES = st.integers(0, 20)
BOXES = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), SIDES, SIDES, SIDES, SIDES)


def line_at(text: str, left: float, top: float, *, slope: float = 0.0) -> Line:
    words, x = [], left
    for word in text.split():
        y = top + slope * x
        words.append(Word(word, Box(x, y, x + 10 * len(word), y + 20).quad(), 0.9))
        x += 10 * len(word) + 10
    box = Box(left, words[0].box.top, words[-1].box.right, words[-1].box.bottom)
    baseline = (Point(box.left, top + 20 + slope * left), Point(box.right, top + 20 + slope * x))
    return Line(tuple(words), box.quad(), baseline, 10)


def zone_of(lines: list[Line]) -> Zone:
    boxes = [line.box for line in lines]
    box = Box(
        min(box.left for box in boxes), min(box.top for box in boxes),
        max(box.right for box in boxes), max(box.bottom for box in boxes),
    )  # fmt: skip
    return Zone(ZoneKind.TEXT, box.quad(), tuple(lines))


def column(texts: list[str], left: float, top: float = 100, *, slope: float = 0.0) -> Zone:
    return zone_of(
        [line_at(text, left, top + PITCH_PX * i, slope=slope) for i, text in enumerate(texts)]
    )


def zone_at(box: Box, *, is_empty: bool = False) -> Zone:
    return Zone(ZoneKind.TEXT, box.quad(), () if is_empty else (line_of(("x",)),))


def texts(zones: tuple[Zone, ...]) -> list[list[str]]:
    return [[line.text for line in zone.lines] for zone in zones]


def test_labels_and_prices_become_rows() -> None:
    labels = column(["Total", "Cash", "Change"], 50)
    prices = column(["36.00", "40.00", "4.00"], 400)

    assert texts(join_rows((labels, prices))) == [["Total 36.00", "Cash 40.00", "Change 4.00"]]


def test_lines_that_run_leftwards_are_joined_from_the_right() -> None:
    parts = (line_at("36.00", 50, 0), line_at("סהכ", 400, 0))
    leftwards = [replace(part, direction=Direction.RIGHT_TO_LEFT) for part in parts]

    assert Line.joined(leftwards).text == "סהכ 36.00"


def test_rows_that_slant_are_joined() -> None:
    labels = column(["Total in all", "Paid in cash", "Change given back"], 50, slope=0.05)
    prices = column(["36.00", "40.00", "4.00"], 500, slope=0.05)

    rows = texts(join_rows((labels, prices)))

    assert rows == [["Total in all 36.00", "Paid in cash 40.00", "Change given back 4.00"]]


def test_columns_of_prose_and_what_is_beside_them_stay_apart() -> None:
    left, right = column([PROSE] * 5, 50), column([PROSE] * 5, 500)
    heading, number = column(["Two"], 50, 400), column(["(2)"], 500, 400)
    zones = (left, heading, right, number)

    assert join_rows(zones) == zones


def test_a_line_between_rows_does_not_join() -> None:
    labels = column(["Total", "Cash", "Change"], 50)
    between = column(["36.00", "40.00"], 400, 100 + PITCH_PX / 2)

    assert join_rows((labels, between)) == (labels, between)


def test_a_speck_beside_a_line_does_not_keep_its_row_apart() -> None:
    first = line_at("a) The driver drinks", 50, 100)
    speck = Word(".", Box(600, 115, 603, 118).quad(), 0.2)
    stained = replace(first, words=(*first.words, speck), quad=Box(50, 100, 603, 120).quad())
    second = line_at("c) Before he left he took his bread and butter along", 50, 130)
    torn = column(["b) The girl gives presents"], 400, 101)

    joined = join_rows((zone_of([stained, second]), torn))

    assert texts(joined) == [["a) The driver drinks . b) The girl gives presents", second.text]]


def test_zones_elsewhere_keep_their_order() -> None:
    title, labels = column(["A Shop"], 50, 10), column(["Total", "Cash", "Change"], 50)
    prices, foot = column(["36.00", "40.00", "4.00"], 400), column(["Thank you"], 50, 400)

    joined = join_rows((title, prices, labels, foot))

    assert texts(joined) == [
        ["A Shop"],
        ["Total 36.00", "Cash 40.00", "Change 4.00"],
        ["Thank you"],
    ]


def test_writing_from_right_to_left_is_left_alone() -> None:
    labels, prices = column(["Total", "Cash"], 50), column(["36.00", "40.00"], 400)
    lines = tuple(replace(line, direction=Direction.RIGHT_TO_LEFT) for line in labels.lines)
    zones = (replace(labels, lines=lines), prices)

    assert join_rows(zones) == zones


def test_what_stands_above_in_the_same_column_is_read_before() -> None:
    first, second, third = (zone_at(Box(0, top, 100, top + 20)) for top in (0, 30, 60))

    assert in_reading_order((first, third, second)) == (first, second, third)


def test_columns_side_by_side_stay_as_they_are() -> None:
    left = [zone_at(Box(0, top, 100, top + 20)) for top in (0, 50)]
    right = [zone_at(Box(95, top, 200, top + 20)) for top in (0, 50)]  # a bit over the edge

    assert in_reading_order((*left, *right)) == (*left, *right)
    assert in_reading_order((*right, *left)) == (*right, *left)


def test_a_head_over_both_columns_comes_first_and_a_foot_last() -> None:
    head, foot = zone_at(Box(0, 0, 200, 10)), zone_at(Box(0, 90, 200, 100))
    left, right = zone_at(Box(0, 20, 90, 80)), zone_at(Box(110, 20, 200, 80))

    assert in_reading_order((foot, left, head, right)) == (head, left, right, foot)


def test_a_picture_holds_no_text_up() -> None:
    picture = zone_at(Box(0, 0, 100, 20), is_empty=True)
    text = zone_at(Box(0, 30, 100, 50))

    assert in_reading_order((text, picture)) == (text, picture)


@given(st.lists(BOXES, max_size=12))
def test_every_zone_stays_once_whatever_its_shape(boxes: list[Box]) -> None:
    zones = tuple(map(zone_at, boxes))

    assert sorted(map(id, in_reading_order(zones))) == sorted(map(id, zones))


@pytest.mark.parametrize(("slope", "lower_px", "level"), [(0.0, 9, True), (0.0, 11, False)])
def test_lines_are_level_by_less_than_the_distance_allowed(
    slope: float, lower_px: float, *, level: bool
) -> None:
    assert is_level(Point(0, 100), Point(500, 100 + lower_px), within_px=10, slope=slope) is level


def test_lines_are_level_along_the_slope_of_the_page() -> None:
    one, other = Point(0, 100), Point(500, 150)

    assert is_level(one, other, within_px=10, slope=0.1)
    assert is_level(other, one, within_px=10, slope=0.1)
    assert not is_level(one, other, within_px=10, slope=-0.1)


def test_lines_of_two_zones_side_by_side_are_one_row_of_the_page() -> None:
    labels, prices = column(["tea", "cake"], 100), column(["2.50", "4.00"], 400)

    assert [row.text for row in rows_in((prices, labels))] == ["tea 2.50", "cake 4.00"]


def test_a_row_ends_where_a_column_does() -> None:
    words = [*line_at("due date", 100, 0).words, *line_at("2031", 400, 0).words]

    assert [word.text for word in up_to_gap(words)] == ["due", "date"]


SHORT = (
    ["Opening hours", "Monday to Friday from", "nine in the morning", "until six in the evening"],
    ["How to find us", "Take the tram to the", "old market and walk", "along the river for"],
    ["Write to us", "or call us in the week", "Our letters are always", "answered in two days"],
)


def test_short_columns_of_words_beside_each_other_are_kept() -> None:
    columns = tuple(column(lines, 50 + 290 * number) for number, lines in enumerate(SHORT))

    assert texts(join_rows(columns)) == list(SHORT)


def test_the_last_line_of_a_short_column_goes_on_below_it() -> None:
    columns = tuple(column(lines, 50 + 290 * number) for number, lines in enumerate(SHORT))
    last = tuple(
        column(["only until noon here"], 50 + 290 * number, 100 + 4 * PITCH_PX)
        for number in range(3)
    )

    assert texts(join_rows((*columns, *last))) == [
        [*lines, "only until noon here"] for lines in SHORT
    ]


def test_cells_with_words_that_stand_far_apart_are_rows() -> None:
    left = column(["Anna of the mill", "Karl of the dock", "Maria of the hill"], 50)
    right = column(["second floor left", "main building top", "east wing, below"], 400)

    assert len(join_rows((left, right))) == 1


def test_prose_is_joined_with_what_stands_level_only() -> None:
    prose = column([PROSE] * 4, 50)
    notes = ["37", "38", "39", "40"]

    assert len(join_rows((prose, column(notes, 400, 102)))) == 1
    assert len(join_rows((prose, column(notes, 400, 107)))) == 2
