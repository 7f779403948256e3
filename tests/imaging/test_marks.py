from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.marks import part_marks
from tests.drawing import SENTENCE, draw_lines

INK, PAPER = 25, 255
Colour = tuple[int, int, int]


def draw_page() -> Image.Image:
    page = draw_lines(*[SENTENCE] * 6, mode="RGB")
    return Image.eval(page, lambda level: INK + level * (PAPER - INK) // 255)


def under(page: Image.Image, layer: Image.Image) -> Canvas:
    """The page printed on the layer."""
    return Canvas(np.minimum(np.asarray(page), np.asarray(layer)))


def layer_of(page: Image.Image) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    layer = Image.new("RGB", page.size, "white")
    return layer, ImageDraw.Draw(layer)


def draw_letters(page: Image.Image, colour: Colour) -> Image.Image:
    layer, draw = layer_of(page)
    draw.text((80, 60), "COPY", fill=colour, font=ImageFont.load_default(220))
    return layer.rotate(12, fillcolor="white")


def draw_pen(page: Image.Image, colour: Colour) -> Image.Image:
    layer, draw = layer_of(page)
    points = [(50 + 12 * k, 200 + 60 * math.sin(k / 2)) for k in range(45)]
    draw.line(points, fill=colour, width=6, joint="curve")
    return layer


def draw_squares(page: Image.Image, colour: Colour) -> Image.Image:
    layer, draw = layer_of(page)
    for place in range(10, page.width, 44):
        draw.line((0, place, page.width, place), fill=colour, width=2)
        draw.line((place, 0, place, page.height), fill=colour, width=2)
    return layer


def draw_highlighter(page: Image.Image, colour: Colour) -> Image.Image:
    layer, draw = layer_of(page)
    draw.rectangle((30, 85, 500, 135), fill=colour)
    return layer


@pytest.mark.parametrize(
    ("draw", "colour"),
    [
        (draw_letters, (170, 170, 170)),
        (draw_letters, (125, 125, 125)),
        (draw_letters, (200, 30, 40)),
        (draw_pen, (40, 50, 170)),
        (draw_pen, (40, 140, 70)),
        (draw_pen, (150, 150, 150)),
        (draw_squares, (150, 150, 150)),
        (draw_squares, (110, 130, 190)),
        (draw_highlighter, (110, 170, 240)),
        (draw_highlighter, (255, 120, 190)),
    ],
    ids=lambda value: value if isinstance(value, tuple) else value.__name__,
)
def test_a_mark_across_the_letters_is_wiped_out_and_they_are_not(
    draw: Callable[[Image.Image, Colour], Image.Image], colour: Colour
) -> None:
    page = draw_page()

    outcome = part_marks(under(page, draw(page, colour)))

    clean = np.asarray(page.convert("L"), dtype=int)
    parted = outcome.canvas.pixels.astype(int)
    assert outcome.did
    assert np.mean(parted[clean < 60] < 128) > 0.97
    assert np.mean(parted[clean > 250] > 225) > 0.985


@pytest.mark.parametrize(
    ("draw", "print_colour", "colour"),
    [
        (draw_letters, (80, 60, 150), (215, 60, 90)),
        (draw_pen, (50, 80, 160), (200, 50, 60)),
        (draw_pen, (150, 50, 60), (50, 70, 170)),
    ],
    ids=lambda value: value if isinstance(value, tuple) else value.__name__,
)
def test_a_mark_as_dark_as_coloured_print_is_told_by_its_ink(
    draw: Callable[[Image.Image, Colour], Image.Image], print_colour: Colour, colour: Colour
) -> None:
    page = draw_page()
    is_print = np.asarray(page.convert("L"))[..., None] < 128
    printed = np.where(is_print, np.array(print_colour), PAPER)
    mark = np.asarray(draw(page, colour))
    both = Canvas((printed * (mark / PAPER)).astype(np.uint8))  # inks absorb one after the other

    outcome = part_marks(both)

    is_mark = (mark < 128).any(axis=2)
    parted = outcome.canvas.pixels.astype(int)
    assert outcome.did
    assert np.mean(parted[is_print[..., 0]] < 160) > 0.97
    assert np.mean(parted[is_mark & ~is_print[..., 0]] > 225) > 0.9


@pytest.mark.parametrize("level", [150, 200])
def test_pale_text_beside_black_is_kept(level: int) -> None:
    page = draw_page()
    draw = ImageDraw.Draw(page)
    draw.rectangle((0, 200, page.width, page.height), fill="white")
    draw.text((40, 220), "A note in grey", fill=(level,) * 3, font=ImageFont.load_default(60))
    canvas = Canvas(np.asarray(page))

    outcome = part_marks(canvas)

    assert outcome.did == ""
    assert np.array_equal(outcome.canvas.pixels, canvas.grey().pixels)


def test_a_coloured_heading_is_kept() -> None:
    page = draw_page()
    ImageDraw.Draw(page).rectangle((0, 200, page.width, page.height), fill="white")
    ImageDraw.Draw(page).text(
        (40, 220), "Special offers", fill=(200, 30, 40), font=ImageFont.load_default(60)
    )

    assert part_marks(Canvas(np.asarray(page))).did == ""


def test_the_pale_grid_of_a_table_is_kept() -> None:
    page = draw_page()
    draw, right = ImageDraw.Draw(page), page.width - 20
    for number in range(7):
        draw.line((20, 34 + 51 * number, right, 34 + 51 * number), fill=(160,) * 3, width=2)
    for x in (20, right):
        draw.line((x, 34, x, 340), fill=(160,) * 3, width=2)

    assert part_marks(Canvas(np.asarray(page))).did == ""


def test_black_and_white_has_no_marks() -> None:
    page = draw_lines(*[SENTENCE] * 4).convert("1").convert("L")

    assert part_marks(Canvas(np.asarray(page))).did == ""


def test_a_large_scan_is_measured_on_a_copy_and_parted_at_full_size() -> None:
    page = draw_page().resize((1500, 800), Image.Resampling.BICUBIC)
    letters = draw_letters(page, (165, 165, 165))

    outcome = part_marks(under(page, letters))

    clean = np.asarray(page.convert("L"), dtype=int)
    assert outcome.canvas.pixels.shape == clean.shape
    assert np.mean(outcome.canvas.pixels[clean > 250] > 225) > 0.985
