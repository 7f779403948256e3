from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import pytest

from ocr_server.document.model import Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box
from ocr_server.imaging.ruling_lines import find_ruling_lines
from ocr_server.layout.grids import Grid, find_grids
from ocr_server.layout.tables import find_tables, set_in_tables

XS, YS = (50, 250, 450, 650), (100, 160, 220, 280)


def draw_grid(
    xs: Sequence[int] = XS, ys: Sequence[int] = YS, *, height_px: int = 500
) -> np.ndarray:
    pixels = np.full((height_px, 800), 255, np.uint8)
    for y in ys:
        pixels[y - 1 : y + 2, xs[0] : xs[-1]] = 0
    for x in xs:
        pixels[ys[0] : ys[-1], x - 1 : x + 2] = 0
    return pixels


def grids_of(pixels: np.ndarray) -> tuple[Grid, ...]:
    return find_grids(find_ruling_lines(pixels, x_height_px=18))


def line(*placed: tuple[str, float, float]) -> Line:
    words = tuple(Word(t, Box(x, y, x + 12 * len(t), y + 16).quad(), 0.9) for t, x, y in placed)
    left, right = words[0].quad, words[-1].quad
    quad = Box(left[0].x, left[0].y, right[1].x, right[2].y).quad()
    return Line(words, quad, (quad[3], quad[2]), 12)


def text_zone(*lines: Line) -> Zone:
    boxes = [one.box for one in lines]
    whole = Box(
        min(b.left for b in boxes), min(b.top for b in boxes),
        max(b.right for b in boxes), max(b.bottom for b in boxes),
    )  # fmt: skip
    return Zone(ZoneKind.TEXT, whole.quad(), lines)


def arranged(zones: Sequence[Zone]) -> tuple[Zone, ...]:
    return set_in_tables(zones, find_tables(zones, grids_of(draw_grid())))


def test_the_rules_of_a_grid_are_its_rows_and_columns() -> None:
    (grid,) = grids_of(draw_grid())

    assert grid.xs == pytest.approx(XS, abs=2)
    assert grid.ys == pytest.approx(YS, abs=2)
    assert len(grid.table().cells) == 9


@pytest.mark.parametrize("lean_px", [-22, 0, 22])
def test_the_rules_of_a_photographed_grid_may_lean(lean_px: int) -> None:
    level = draw_grid(ys=(100, 300, 500, 700, 850), height_px=900)
    way = np.array([(1, lean_px / 900, 0), (0, 1, 0)])
    leaning = cv2.warpAffine(level, way, (800, 900), borderValue=255)

    (grid,) = grids_of(leaning)

    assert (len(grid.xs), len(grid.ys)) == (4, 5)
    assert grid.starts == ((0, 1, 2),) * 4


def test_a_grid_that_leans_out_of_its_cells_is_none() -> None:
    level = draw_grid(ys=(100, 300, 500, 700, 850), height_px=900)
    way = np.array([(1, 40 / 900, 0), (0, 1, 0)])

    assert grids_of(cv2.warpAffine(level, way, (800, 900), borderValue=255)) == ()


def test_a_cell_without_a_divider_spans_its_neighbour() -> None:
    pixels = draw_grid()
    pixels[102:159, 240:260] = 255

    (grid,) = grids_of(pixels)

    assert grid.starts[0] == (0, 2)
    assert grid.starts[1] == (0, 1, 2)
    assert [(cell.column, cell.column_span) for cell in grid.table().cells][:2] == [(0, 2), (2, 1)]


def test_a_cell_without_a_rule_below_spans_two_rows() -> None:
    pixels = draw_grid()
    pixels[150:170, 52:248] = 255

    (grid,) = grids_of(pixels)

    assert [(cell.row, cell.row_span) for cell in grid.table().cells if cell.column == 0] == [
        (0, 2),
        (2, 1),
    ]


def test_a_table_without_a_frame_has_its_outer_columns() -> None:
    pixels = draw_grid((50, 200, 350, 500, 650))
    for x in (50, 650):
        pixels[:, x - 2 : x + 3] = 255

    (grid,) = grids_of(pixels)

    assert len(grid.xs) == 5


def test_two_rules_that_cross_are_no_table() -> None:
    pixels = np.full((500, 800), 255, np.uint8)
    pixels[250:253], pixels[:, 400:403] = 0, 0

    assert not grids_of(pixels)


def test_words_of_a_table_are_read_row_by_row() -> None:
    columns = [
        text_zone(line(("one", 70, 120)), line(("four", 70, 180)), line(("seven", 70, 240))),
        text_zone(line(("two", 270, 120)), line(("five", 270, 180)), line(("eight", 270, 240))),
        text_zone(line(("three", 470, 120)), line(("six", 470, 180)), line(("nine", 470, 240))),
    ]

    (table,) = arranged(columns)

    assert table.kind is ZoneKind.TABLE
    assert [one.text for one in table.lines] == [
        "one two three",
        "four five six",
        "seven eight nine",
    ]
    assert table.table is not None
    assert (table.table.rows, table.table.columns) == (3, 3)
    assert [cell.text for cell in table.table.cells][3:6] == ["four", "five", "six"]
    assert table.box == Box(50, 100, 650, 280) or table.box.area == pytest.approx(
        600 * 180, rel=0.02
    )


def test_a_line_across_all_columns_is_cut_at_their_rules() -> None:
    zone = text_zone(*(line(("a", 70, y), ("b", 270, y), ("c", 470, y)) for y in (120, 180, 240)))

    (table,) = arranged([zone])

    assert table.table is not None
    assert [cell.text for cell in table.table.cells] == ["a", "b", "c"] * 3


def test_a_cell_of_two_lines_is_read_before_its_neighbour() -> None:
    zone = text_zone(
        line(("upper", 70, 110), ("right", 270, 110)), line(("lower", 70, 135)),
        line(("x", 70, 180), ("y", 270, 180), ("z", 470, 180)),
    )  # fmt: skip

    (table,) = arranged([zone])

    assert table.text.split() == ["upper", "lower", "right", "x", "y", "z"]


def test_text_above_and_below_a_table_stays_there() -> None:
    zone = text_zone(
        line(("title", 70, 40)),
        *(line(("a", 70, y), ("b", 270, y), ("c", 470, y)) for y in (120, 180, 240)),
        line(("footnote", 70, 330)),
    )

    above, table, below = arranged([zone])

    assert (above.text, table.kind, below.text) == ("title", ZoneKind.TABLE, "footnote")
    assert above.box.bottom < YS[0]
    assert below.box.top > YS[-1]


def test_no_word_is_lost_or_told_twice() -> None:
    zones = [
        text_zone(line(("left", 5, 120), ("a", 70, 120)), line(("b", 270, 180))),
        text_zone(line(("c", 470, 240), ("right", 700, 240)), line(("d", 70, 240))),
    ]
    before = sorted(word.text for zone in zones for word in zone.words)

    after = arranged(zones)

    assert sorted(word.text for zone in after for word in zone.words) == before


def test_the_empty_grid_of_a_diagram_is_no_table() -> None:
    zones = (text_zone(line(("axis", 70, 120))),)

    assert arranged(zones) == zones


def test_pictures_elsewhere_stay_and_the_grid_s_own_rules_go() -> None:
    rule = Zone(ZoneKind.RULE, Box(50, 158, 650, 162).quad())
    picture = Zone(ZoneKind.PICTURE, Box(50, 400, 300, 480).quad())
    text = text_zone(*(line(("a", 70, y), ("b", 270, y), ("c", 470, y)) for y in (120, 180, 240)))

    after = arranged([rule, text, picture])

    assert [zone.kind for zone in after] == [ZoneKind.TABLE, ZoneKind.PICTURE]
