from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.layout.combs import find_combs
from ocr_server.page.combs import inside_cell
from tests.drawing import SENTENCE, draw_lines

CELL_PX, HIGH_PX, LEFT, TOP = 46, 58, 60, 120
FONT = ImageFont.load_default(36)


def draw_form(style: str, text: str = "HILDEGARD", cells: int = 12) -> Canvas:
    picture = Image.new("L", (760, 320), 255)
    draw = ImageDraw.Draw(picture)
    draw.text((LEFT, 40), "Name of the applicant", fill=0, font=ImageFont.load_default(24))
    gap = 10 if style == "separate" else 0
    for number in range(cells):
        left = LEFT + number * (CELL_PX + gap)
        right, bottom = left + CELL_PX, TOP + HIGH_PX
        if style in ("boxes", "separate"):
            draw.rectangle((left, TOP, right, bottom), outline=90, width=2)
        else:
            draw.line((left, bottom, right, bottom), fill=90, width=2)
            for x in (left, right):
                draw.line((x, bottom - 20, x, bottom), fill=90, width=2)
        if number < len(text):
            letter = text[number]
            place = (left + (CELL_PX - FONT.getlength(letter)) / 2, TOP + 6)
            draw.text(place, letter, fill=0, font=FONT)
    return Canvas(np.asarray(picture))


@pytest.mark.parametrize("style", ["boxes", "separate", "teeth"])
def test_each_box_of_a_comb_is_a_cell(style: str) -> None:
    (cells,) = find_combs(ImageStatistics(draw_form(style)))

    gap = 10 if style == "separate" else 0
    assert len(cells) == 12
    assert max(abs(c.left - LEFT - k * (CELL_PX + gap)) for k, c in enumerate(cells)) <= 4
    assert all(cell.top <= TOP + 4 and abs(cell.bottom - TOP - HIGH_PX) <= 4 for cell in cells)


def test_print_has_no_combs() -> None:
    page = draw_lines(SENTENCE, "HILLI ILLIH HHHH IIII lllllll", SENTENCE)

    assert not find_combs(ImageStatistics(Canvas(np.asarray(page))))


def test_a_table_with_columns_of_other_widths_is_no_comb() -> None:
    page = draw_lines(*[SENTENCE] * 3)
    draw = ImageDraw.Draw(page)
    for y in (36, 88, 140):
        draw.line((20, y, 640, y), fill=0, width=2)
    for x in (20, 120, 330, 380, 640):
        draw.line((x, 36, x, 140), fill=0, width=2)

    assert not find_combs(ImageStatistics(Canvas(np.asarray(page))))


@pytest.mark.parametrize("width", [3, 4, 9])
def test_cells_that_are_hardly_wider_than_their_strokes_are_looked_into(width: int) -> None:
    canvas = Canvas(np.full((60, 60), 255, np.uint8))

    pixels = inside_cell(canvas, Box(20, 10, 20 + width, 50))

    assert pixels.size
    assert pixels.min() == 255
