from __future__ import annotations

from random import Random

import numpy as np
import pytest

from benchmarks.draw import draw_display
from ocr_server.extraction.seven_segment import POINT, UNKNOWN, read_display
from ocr_server.imaging.canvas import Canvas


@pytest.mark.parametrize("seed", range(40))
def test_a_drawn_display_is_read_and_its_digits_are_where_they_were_drawn(seed: int) -> None:
    drawn = draw_display(Random(seed))  # noqa: S311  # drawn, not secret
    canvas = Canvas(np.asarray(drawn.picture))

    digits = read_display(canvas)

    assert "".join(digit.text for digit in digits) == drawn.fields["value"]
    lefts = [digit.quad.box.left for digit in digits]
    assert lefts == sorted(lefts)
    for digit in digits:
        box = digit.quad.box.intersection(canvas.box)
        assert box is not None
        inside = canvas.cropped(box).pixels
        # Bars and panel differ by 60 grey levels or more; the box of a digit holds both.
        assert digit.text == POINT or inside.max() - inside.min() >= 60
        assert 0 <= digit.confidence <= 1


def test_both_light_and_small_pictures_are_read() -> None:
    drawn = draw_display(Random(3))  # noqa: S311  # drawn, not secret
    small = drawn.picture.resize((drawn.picture.width // 2, drawn.picture.height // 2))

    digits = read_display(Canvas(np.asarray(small)))

    assert "".join(digit.text for digit in digits) == drawn.fields["value"]


def test_the_place_of_a_lost_digit_is_unknown() -> None:
    drawn = draw_display(Random(38))  # noqa: S311  # drawn, not secret
    canvas = Canvas(np.asarray(drawn.picture))
    numbers = [digit for digit in read_display(canvas) if digit.text != POINT]
    pixels = canvas.pixels.copy()
    lost = numbers[3].quad.box
    left, top, right, bottom = lost.rounded()
    pixels[top - 4 : bottom + 4, left - 4 : right + 4] = pixels[top - 8, left]

    again = [digit.text for digit in read_display(Canvas(pixels)) if digit.text != POINT]

    assert again == ["6", "1", "1", UNKNOWN, "7"]


def test_a_bar_beside_the_digits_is_the_frame() -> None:
    drawn = draw_display(Random(38))  # noqa: S311  # drawn, not secret
    canvas = Canvas(np.asarray(drawn.picture))
    *_, last = read_display(canvas)
    pixels = canvas.pixels.copy()
    _, top, right, bottom = last.quad.box.rounded()
    pixels[top:bottom, right + 24 : right + 38] = pixels.min()

    digits = read_display(Canvas(pixels))

    assert "".join(digit.text for digit in digits) == drawn.fields["value"]


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("side", [1, 2, 7, 300])
def test_a_blank_or_tiny_picture_has_no_digits(level: int, side: int) -> None:
    assert read_display(Canvas(np.full((side, side), level, dtype=np.uint8))) == ()


@pytest.mark.parametrize("shape", [(2000, 1), (1, 2000), (1, 200_000)])
def test_a_strip_has_no_digits(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    assert read_display(Canvas(noise)) == ()
