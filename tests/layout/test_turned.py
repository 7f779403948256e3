from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.layout.turned import find_turned_lines
from tests.drawing import SENTENCE

FONT = ImageFont.load_default(26)
HEADS = ("Pressure", "Flow rate", "Last service")


def draw_page() -> Image.Image:
    picture = Image.new("L", (900, 700), 255)
    for row in range(6):
        ImageDraw.Draw(picture).text((60, 320 + 60 * row), SENTENCE, fill=0, font=FONT)
    return picture


def draw_head(text: str, degrees: int) -> Image.Image:
    head = Image.new("L", (round(FONT.getlength(text)) + 8, 40), 255)
    ImageDraw.Draw(head).text((4, 4), text, fill=0, font=FONT)
    return head.rotate(degrees, expand=True)


@pytest.mark.parametrize("degrees", [90, -90])
@pytest.mark.parametrize("apart_px", [44, 150])
def test_heads_on_their_side_are_found(degrees: int, apart_px: int) -> None:
    picture = draw_page()
    for number, text in enumerate(HEADS):
        picture.paste(draw_head(text, degrees), (200 + number * apart_px, 60))

    lines = find_turned_lines(ImageStatistics(Canvas(np.asarray(picture))))

    assert [abs(line.middle.x - 220 - k * apart_px) < 12 for k, line in enumerate(lines)] == [
        True
    ] * 3
    assert all(line.bottom < 310 for line in lines)


def test_level_text_has_no_lines_on_their_side() -> None:
    assert not find_turned_lines(ImageStatistics(Canvas(np.asarray(draw_page()))))


@pytest.mark.parametrize("pitch_px", [34, 60])
def test_figures_below_each_other_are_no_line(pitch_px: int) -> None:
    picture = draw_page()
    for number in range(8):
        place = (780, 10 + number * pitch_px)
        ImageDraw.Draw(picture).text(place, str(number + 1), fill=0, font=FONT)

    assert not find_turned_lines(ImageStatistics(Canvas(np.asarray(picture))))
