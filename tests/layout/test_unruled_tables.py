from __future__ import annotations

import math

import pytest

from ocr_server.document.model import Line, Table, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box, Point, Transform
from ocr_server.layout.tables import find_tables, set_in_tables
from ocr_server.layout.unruled_tables import find_unruled_tables

HEIGHT_PX, LETTER_PX, BLANK_PX, PITCH_PX = 20, 11, 7, 34


def line(y: float, *placed: tuple[float, str]) -> Line:
    """Words at their x; a text of several words has blanks between them."""
    words = []
    for left, text in placed:
        x = left
        for word in text.split():
            right = x + LETTER_PX * len(word)
            words.append(Word(word, Box(x, y, right, y + HEIGHT_PX).quad(), 0.9))
            x = right + BLANK_PX
    box = hull_of(words)
    ends = (Point(box.left, box.bottom), Point(box.right, box.bottom))
    return Line(tuple(words), box.quad(), ends, 12)


def zone(*lines: Line) -> Zone:
    return Zone(ZoneKind.TEXT, hull_of(lines).quad(), lines)


def rows(*texts: tuple[str, ...], xs: tuple[float, ...] = (60, 360, 520), top: float = 200) -> Zone:
    return zone(
        *(
            line(top + PITCH_PX * i, *((x, t) for x, t in zip(xs, cells, strict=True) if t))
            for i, cells in enumerate(texts)
        )
    )


def tables_of(*zones: Zone) -> list[Table]:
    found = set_in_tables(zones, find_tables(zones, ()))
    return [one.table for one in found if one.table]


def texts_of(table: Table) -> list[list[str]]:
    return [[c.text for c in table.cells if c.row == row] for row in range(table.rows)]


GOODS = (
    ("Item", "Qty", "Amount"),
    ("Desk lamp", "12", "180.00"),
    ("Garden hose", "3", "45.50"),
    ("Paper tray", "140", "97.10"),
    ("Valve", "", "12.25"),
)
JUSTIFIED = ("these", "words", "fill", "lines", "whole", "width")
FULL = (800, 862, 924, 975, 1037, 1099)  # where they begin


def test_rows_without_rules_are_a_table() -> None:
    (table,) = tables_of(rows(*GOODS))

    assert texts_of(table) == [list(row) for row in GOODS]
    assert table.header_rows == 1


def test_two_tables_with_gutters_in_common_are_two() -> None:
    figures = ("160", "176", "192", "208", "224", "240", "256")
    body = [(name, *figures) for name in ("0.99", "0.95", "0.90", "0.85", "0.80", "0.75")]
    xs = tuple(float(x) for x in range(300, 720, 60))
    upper = rows(*body, xs=(60, *xs))
    lower = rows(*body, xs=(60, *(x - 13 for x in xs)), top=200 + PITCH_PX * (len(body) + 0.6))

    found = tables_of(upper, lower)

    assert [(one.rows, one.columns) for one in found] == [(6, 8), (6, 8)]


@pytest.mark.parametrize("turn_deg", [-1.5, 1.5])
def test_rows_that_lean_are_a_table(turn_deg: float) -> None:
    long = zone(line(100, (60, "words of a line that is long enough to tell its slope well")))
    turn = Transform.rotation(turn_deg)

    (table,) = tables_of(long.mapped(turn), rows(*GOODS, xs=(60, 760, 920)).mapped(turn))

    assert texts_of(table) == [list(row) for row in GOODS]


def test_a_head_over_two_columns_spans_them() -> None:
    head = zone(line(200 - PITCH_PX + 6, (411, "Half year sum")))

    (table,) = tables_of(head, rows(*GOODS))

    spanning = [(c.row, c.column, c.column_span) for c in table.cells if c.column_span > 1]
    assert spanning == [(0, 1, 2)]
    assert table.header_rows == 2


@pytest.mark.parametrize(
    ("thick_px", "spanned"), [(2, [(0, 1, 2)]), (HEIGHT_PX // 2 + 2, [])], ids=["rule", "letters"]
)
def test_an_underlined_head_spans_the_columns_under_its_rule(
    thick_px: int, spanned: list[tuple[int, int, int]]
) -> None:
    head = zone(line(200 - PITCH_PX + 6, (530, "Sums")))
    rule = Box(350, 195, 590, 195 + thick_px)

    (table,) = find_unruled_tables((head, rows(*GOODS)), lambda *_: [rule])

    assert [(c.row, c.column, c.column_span) for c in table.cells if c.column_span > 1] == spanned


@pytest.mark.parametrize(("pitch_px", "is_head"), [(60, True), (PITCH_PX, False)])
def test_a_head_is_as_far_above_as_rows_are_apart(pitch_px: int, *, is_head: bool) -> None:
    body = zone(
        *(
            line(
                200 + pitch_px * i,
                *((x, t) for x, t in zip((60, 360, 520), cells, strict=True) if t),
            )
            for i, cells in enumerate(GOODS)
        )
    )

    (table,) = tables_of(zone(line(140, (411, "Half year sum"))), body)

    assert any(cell.column_span == 2 for cell in table.cells) is is_head


def test_a_cell_of_two_lines_is_one_cell() -> None:
    texts = [
        ("Item", "Qty", "Amount"),
        ("Desk lamp with", "12", "180.00"),
        ("Garden hose", "3", "45.50"),
        ("", "to return", ""),
        ("Valve", "7", "12.25"),
    ]

    (table,) = tables_of(rows(*texts))

    assert texts_of(table)[2] == ["Garden hose", "3\nto return", "45.50"]


def test_text_beside_a_table_stays_out_of_it() -> None:
    beside = zone(
        *(line(200 + PITCH_PX * i, (900, f"this note of five words {i}")) for i in range(5))
    )
    zones = (rows(*GOODS), beside)

    after = set_in_tables(zones, find_tables(zones, ()))

    assert [one.kind for one in after] == [ZoneKind.TABLE, ZoneKind.TEXT]
    assert after[1].text == beside.text


def test_a_justified_column_beside_a_table_stays_out_of_it() -> None:
    # Blanks as wide as gaps between cells stand elsewhere in each line.
    beside = zone(
        *(
            line(
                200 + PITCH_PX * i,
                *(
                    (x + 22 * (k > i), w)
                    for k, (x, w) in enumerate(zip(FULL, JUSTIFIED, strict=True))
                ),
            )
            for i in range(5)
        )
    )
    zones = (rows(*GOODS), beside)

    after = set_in_tables(zones, find_tables(zones, ()))

    assert [one.kind for one in after] == [ZoneKind.TABLE, ZoneKind.TEXT]
    assert after[1].text == beside.text


def test_lines_of_few_words_stay_in_their_justified_column() -> None:
    # A line of few words is set with blanks that are wider than gaps between columns.
    beside = zone(
        line(200, *((800 + 95 * k, w) for k, w in enumerate(JUSTIFIED[:5]))),
        *(
            line(
                200 + PITCH_PX * i,
                *(
                    (x + 22 * (k > i), w)
                    for k, (x, w) in enumerate(zip(FULL, JUSTIFIED, strict=True))
                ),
            )
            for i in range(1, 5)
        ),
    )
    zones = (rows(*GOODS), beside)

    after = set_in_tables(zones, find_tables(zones, ()))

    assert [one.kind for one in after] == [ZoneKind.TABLE, ZoneKind.TEXT]
    assert after[1].text == beside.text


def test_print_with_wide_pitch_stays_out_of_a_table_beside_it() -> None:
    pitch_px = 2.3 * HEIGHT_PX  # that of lines with half a line between them
    goods = zone(
        *(
            line(200 + pitch_px * i, *zip((60, 360, 520), filter(None, cells), strict=False))
            for i, cells in enumerate(GOODS)
        )
    )
    beside = zone(*(line(200 + pitch_px * i, (700, "lines that fill a column")) for i in range(5)))
    zones = (goods, beside)

    after = set_in_tables(zones, find_tables(zones, ()))

    assert [one.kind for one in after] == [ZoneKind.TABLE, ZoneKind.TEXT]
    assert after[1].text == beside.text


@pytest.mark.parametrize(
    "zones",
    [
        (zone(*(line(200 + 30 * i, (60, "lines of a letter run to the side")) for i in range(8))),),
        (
            zone(*(line(200 + 30 * i, (60, "a column of print with words")) for i in range(9))),
            zone(*(line(200 + 30 * i, (460, "another column of print here")) for i in range(9))),
        ),
        (
            zone(*(line(200 + 30 * i, (60, "a column of words")) for i in range(9))),
            zone(*(line(200 + 30 * i, (400, "another set as such")) for i in range(9))),
        ),
        (rows(*((f"{i}.", "points of a list") for i in range(6)), xs=(60, 110)),),
        (rows(("Anna Berger", "Tel. 555"), ("Graz", "12 May"), xs=(60, 700)),),
    ],
    ids=["letter", "columns", "narrow columns", "list", "letter head"],
)  # fmt: skip
def test_what_is_no_table_is_none(zones: tuple[Zone, ...]) -> None:
    assert tables_of(*zones) == []


def test_cells_cover_the_table_once() -> None:
    head = zone(line(200 - PITCH_PX + 6, (411, "Half year sum")))

    (table,) = tables_of(head, rows(*GOODS))

    places = [
        (row, column)
        for c in table.cells
        for row in range(c.row, c.row + c.row_span)
        for column in range(c.column, c.column + c.column_span)
    ]
    assert len(places) == len(set(places)) == table.rows * table.columns
    assert math.isclose(sum(c.quad.box.area for c in table.cells), table.box.area, rel_tol=0.01)


def test_numbered_lines_are_no_table() -> None:
    lines = [(f"{i}", "Q. what was said in court") for i in range(1, 12)]

    assert tables_of(rows(*lines, xs=(60, 120))) == []
