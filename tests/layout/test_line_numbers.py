from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.layout.line_numbers import find_number_column, follow_each_other
from tests.drawing import SENTENCE

FONT = ImageFont.load_default(26)
ROWS = tuple(Box(0, 50 * number, 30, 50 * number + 24) for number in range(8))


def draw_paper(first: int = 1, count: int = 12, *, indent_px: int = 0) -> Canvas:
    picture = Image.new("L", (900, 60 + 50 * count), 255)
    draw = ImageDraw.Draw(picture)
    for row in range(count):
        text = str(first + row)
        draw.text((80 - FONT.getlength(text), 30 + 50 * row), text, fill=0, font=FONT)
        draw.text((120 + indent_px * (row % 3), 30 + 50 * row), SENTENCE, fill=0, font=FONT)
    draw.line((100, 0, 100, picture.height), fill=0, width=2)
    return Canvas(np.asarray(picture))


@pytest.mark.parametrize(("first", "indent_px"), [(1, 0), (93, 0), (1, 40)])
def test_the_column_of_numbers_has_a_row_for_each_line(first: int, indent_px: int) -> None:
    column = find_number_column(ImageStatistics(draw_paper(first, indent_px=indent_px)))

    assert column is not None
    assert len(column.rows) == 12
    assert 80 <= column.box.right < 120


def test_prose_has_no_column_of_numbers() -> None:
    picture = Image.new("L", (900, 660), 255)
    for row in range(12):
        ImageDraw.Draw(picture).text((80, 30 + 50 * row), SENTENCE, fill=0, font=FONT)

    assert find_number_column(ImageStatistics(Canvas(np.asarray(picture)))) is None


@pytest.mark.parametrize(
    ("read", "numbers"),
    [
        ((1, 2, 3, 4, 5, 6, 7, 8), (1, 2, 3, 4, 5, 6, 7, 8)),
        ((1, None, 3, 4, 50, 6, 7, 8), (1, 2, 3, 4, 5, 6, 7, 8)),
        ((5, 10, 15, 20, None, 30, 35, 40), (5, 10, 15, 20, 25, 30, 35, 40)),
        ((98, 99, 1, 101, 102, 103, 104, 105), (98, 99, 100, 101, 102, 103, 104, 105)),
    ],
)
def test_numbers_that_count_on_mend_those_that_do_not(
    read: tuple[int | None, ...], numbers: tuple[int, ...]
) -> None:
    assert follow_each_other(read, ROWS) == numbers


@pytest.mark.parametrize(
    "read", [(12, 40, 7, 12, 12, 9, 30, 2), (None,) * 8, (1, 1, 1, 1, 1, 1, 1, 1)]
)
def test_other_figures_are_no_numbers_of_lines(read: tuple[int | None, ...]) -> None:
    assert follow_each_other(read, ROWS) is None


def test_a_row_without_a_number_is_counted_by_its_place() -> None:
    rows = (*ROWS[:3], *ROWS[5:])

    assert follow_each_other((1, 2, 3, 6, 7, 8), rows) == (1, 2, 3, 6, 7, 8)
