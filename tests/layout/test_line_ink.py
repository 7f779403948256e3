from __future__ import annotations

import numpy as np
import pytest

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.layout.line_ink import WordPlace, boxes_of_words

WIDTH_PX, HEIGHT_PX = 200, 48
# "ab c": letters of 30 px with 5 px between them, and 25 px between the words.
LETTERS = ((10, 40), (45, 75), (100, 130))
# The middles are a little beside those of the letters, the sides further.
PLACES = (WordPlace(0.13, 0.31, 0.02, 0.44), WordPlace(0.56, 0.56, 0.49, 0.7))


def strip(*more: tuple[int, int, int, int], paper: int = 255, ink: int = 0) -> Pixels:
    """The letters, 24 px high, and more boxes of ink: left, top, right, bottom."""
    pixels = np.full((HEIGHT_PX, WIDTH_PX), paper, np.uint8)
    for left, top, right, bottom in (*((x, 12, end, 36) for x, end in LETTERS), *more):
        pixels[top:bottom, left:right] = ink
    return pixels


def in_pixels(boxes: list[Box]) -> list[tuple[int, int, int, int]]:
    return [
        (
            round(box.left * WIDTH_PX), round(box.top * HEIGHT_PX),
            round(box.right * WIDTH_PX), round(box.bottom * HEIGHT_PX),
        )
        for box in boxes
    ]  # fmt: skip


@pytest.mark.parametrize(
    "picture",
    [
        strip(),
        strip(paper=0, ink=255),
        np.dstack([strip()] * 3),
        strip((20, 0, 30, 6), (110, 44, 120, 48)),  # of the lines above and below
        strip((87, 20, 88, 21)),  # a speck
    ],
    ids=["black on white", "white on black", "in colour", "between lines", "dirty"],
)
def test_words_end_where_their_ink_does(picture: Pixels) -> None:
    found = in_pixels(boxes_of_words(picture, PLACES, reach=0.1))

    assert found == [(10, 12, 75, 36), (100, 12, 130, 36)]


def test_a_letter_that_hangs_lower_makes_its_word_higher() -> None:
    found = in_pixels(boxes_of_words(strip((60, 36, 70, 46)), PLACES, reach=0.1))

    assert [box[3] for box in found] == [46, 36]


def test_words_that_touch_end_where_they_are_assumed_to() -> None:
    found = in_pixels(boxes_of_words(strip((75, 12, 100, 36)), PLACES, reach=0.1))

    assert [(left, right) for left, _, right, _ in found] == [(10, 88), (98, 130)]


def test_a_strip_without_ink_keeps_what_is_assumed() -> None:
    blank = np.full((HEIGHT_PX, WIDTH_PX), 255, np.uint8)

    assert in_pixels(boxes_of_words(blank, PLACES, reach=0.1)) == [(4, 0, 88, 48), (98, 0, 140, 48)]
