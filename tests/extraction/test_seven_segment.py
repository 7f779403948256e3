from __future__ import annotations

from random import Random

import numpy as np
import pytest

from benchmarks.draw import draw_display
from ocr_server.extraction.seven_segment import read_display
from ocr_server.imaging.canvas import Canvas


@pytest.mark.parametrize("seed", range(20))
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
        # Bars are below 50 grey levels, the panel above 100; the box holds both.
        assert inside.min() < 50
        assert 0 <= digit.confidence <= 1


def test_both_light_and_small_pictures_are_read() -> None:
    drawn = draw_display(Random(3))  # noqa: S311  # drawn, not secret
    small = drawn.picture.resize((drawn.picture.width // 2, drawn.picture.height // 2))

    digits = read_display(Canvas(np.asarray(small)))

    assert "".join(digit.text for digit in digits) == drawn.fields["value"]


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("side", [1, 2, 7, 300])
def test_a_blank_or_tiny_picture_has_no_digits(level: int, side: int) -> None:
    assert read_display(Canvas(np.full((side, side), level, dtype=np.uint8))) == ()


@pytest.mark.parametrize("shape", [(2000, 1), (1, 2000), (1, 200_000)])
def test_a_strip_has_no_digits(shape: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    assert read_display(Canvas(noise)) == ()
