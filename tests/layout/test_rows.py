from __future__ import annotations

from dataclasses import replace

from ocr_server.document.model import Direction, Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box, Point
from ocr_server.layout.rows import join_rows

PITCH_PX = 30
PROSE = "all lines here are long enough"


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


def texts(zones: tuple[Zone, ...]) -> list[list[str]]:
    return [[line.text for line in zone.lines] for zone in zones]


def test_labels_and_prices_become_rows() -> None:
    labels = column(["Total", "Cash", "Change"], 50)
    prices = column(["36.00", "40.00", "4.00"], 400)

    assert texts(join_rows((labels, prices))) == [["Total 36.00", "Cash 40.00", "Change 4.00"]]


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
