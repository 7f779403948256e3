from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from ocr_server.geometry import Box, Point, Quad, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.layout.detected_lines import (
    Character,
    is_tall,
    levelled,
    line_of,
    parted_at_fractions,
    stacked,
    turned_upright,
    without_nested,
)
from tests.drawing import INK, PAPER

LEVEL = Box(0, 0, 200, 20).quad()
texts = st.lists(st.text("abc", min_size=1, max_size=8), min_size=1, max_size=8)


def turned_by(angle_deg: float, quad: Quad) -> Quad:
    return quad.mapped(Transform.rotation(angle_deg).then(Transform.shift(300, 300)))


def with_bars(*bars: tuple[int, int], width: int = 40, height: int = 100) -> Canvas:
    """Bars of ink from side to side of a white picture, each from its top to its bottom."""
    picture = Image.new("L", (width, height), PAPER)
    for top, bottom in bars:
        ImageDraw.Draw(picture).rectangle((10, top, width - 10, bottom - 1), fill=INK)
    return Canvas(np.asarray(picture))


@pytest.mark.parametrize("line_deg", [0.0, 4.0, -12.0])
def test_a_box_around_a_letter_is_turned_as_the_lines_are(line_deg: float) -> None:
    letter = turned_by(45, Box(-15, -15, 15, 15).quad())

    line, level = levelled([turned_by(line_deg, LEVEL), letter])

    assert line == turned_by(line_deg, LEVEL)
    assert level.angle_deg == pytest.approx(line_deg)
    expected = turned_by(line_deg, Box(-15, -15, 15, 15).quad())
    assert [tuple(point) for point in level] == [pytest.approx(tuple(one)) for one in expected]


def test_without_lines_letters_are_taken_to_stand_level() -> None:
    (level,) = levelled([turned_by(30, Box(-15, -12, 15, 12).quad())])

    assert level.angle_deg == pytest.approx(0)


@pytest.mark.parametrize("angle_deg", [0, 3, 90])
def test_what_is_longer_than_high_or_hardly_turned_stays(angle_deg: float) -> None:
    quads = [LEVEL, turned_by(angle_deg, Box(0, 0, 28, 20).quad()), Box(0, 50, 20, 70).quad()]

    assert list(levelled(quads)) == quads


def test_a_turned_line_begins_at_its_own_top_left() -> None:
    tall = Box(0, 0, 20, 100).quad()

    assert is_tall(tall)
    assert not is_tall(LEVEL)
    down, up = turned_upright(tall)
    assert (down.top_left, up.top_left) == (Point(20, 0), Point(0, 100))
    assert [down.angle_deg, up.angle_deg] == pytest.approx([90, -90])
    assert not is_tall(down)
    assert not is_tall(up)


@pytest.mark.parametrize(
    ("bars", "expected"),
    [
        (((10, 40), (60, 90)), [(4, 46), (54, 96)]),
        (((5, 40), (48, 51), (60, 95)), [(0, 47), (53, 100)]),  # the rule of a fraction
        (((20, 80),), [(8, 92)]),
        (((5, 60), (64, 95)), [(0, 62), (62, 100)]),  # not into each other
        (tuple((10 * i, 10 * i + 6) for i in range(8)), []),  # no letters so low
        ((), []),
    ],
)
def test_what_stands_one_above_another_is_told_apart(
    bars: tuple[tuple[int, int], ...], expected: list[tuple[int, int]]
) -> None:
    canvas = with_bars(*bars)

    boxes = [quad.box for quad in stacked(canvas.box.quad(), canvas)]

    assert [(box.top, box.bottom) for box in boxes] == [pytest.approx(one) for one in expected]
    assert all((box.left, box.right) == (0, 40) for box in boxes)


def test_a_box_of_no_width_holds_nothing() -> None:
    canvas = with_bars((10, 40))

    assert list(stacked(Box(3, 0, 3.2, 100).quad(), canvas)) == []


@given(texts, st.floats(0, 1), st.lists(st.tuples(st.integers(0, 199), st.integers(1, 40))))
def test_words_keep_their_order_and_stay_inside_the_line(
    words: list[str], confidence: float, inked: list[tuple[int, int]]
) -> None:
    strip = strip_with(*((left, 10, left + width, 38) for left, width in inked)).pixels
    line = " ".join(words)
    characters = [
        Character(one, confidence, (place + 0.5) / len(line))
        for place, one in enumerate(line)
        if one != " "
    ]

    found = line_of(characters, words, Box(10, 20, 110, 40).quad(), strip, symbols=True)

    assert found.text == line
    assert all(10 <= word.box.left < word.box.right <= 110 for word in found.words)
    assert all(one.box.right <= other.box.left for one, other in pairwise(found.words))
    assert all("".join(s.text for s in word.symbols) == word.text for word in found.words)
    assert all(word.confidence <= 1 for word in found.words)


def test_a_quad_in_another_is_left_out() -> None:
    line = Box(0, 0, 300, 40).quad().mapped(Transform.rotation(10))
    inside = Box(100, 5, 120, 42).quad().mapped(Transform.rotation(10))
    below = Box(0, 45, 60, 60).quad().mapped(Transform.rotation(10))

    assert without_nested([line, inside, below]) == (line, below)
    assert without_nested([]) == ()


def strip_with(*black: tuple[int, int, int, int]) -> Canvas:
    pixels = np.full((48, 200), 255, np.uint8)
    for left, top, right, bottom in black:
        pixels[top:bottom, left:right] = 0
    return Canvas(pixels)


def test_a_line_is_parted_at_a_fraction() -> None:
    quad = Box(10, 20, 410, 116).quad()  # the strip enlarged twice
    one, two, rule = (60, 4, 70, 18), (60, 30, 70, 44), (55, 23, 76, 25)
    beside = (10, 12, 30, 36)

    parts = parted_at_fractions(quad, strip_with(beside, one, two, rule))

    sides = [(part.box.left, part.box.top, part.box.right, part.box.bottom) for part in parts]
    expected = [(10, 20, 120, 116), (120, 20, 162, 68), (120, 68, 162, 116), (162, 20, 410, 116)]
    assert np.allclose(sides, expected)


def test_a_fraction_may_end_the_line() -> None:
    strip = strip_with((178, 4, 188, 18), (178, 30, 188, 44), (168, 23, 199, 25)).cropped(
        Box(150, 0, 199, 48)  # 18 / 48 + 31 / 48 is more than 49 / 48 in floating point
    )

    _, above, below = parted_at_fractions(strip.box.quad(), strip)

    assert [above.box.right, below.box.right] == pytest.approx([49, 49])


@pytest.mark.parametrize(
    "marks",
    [
        (),
        ((55, 20, 76, 23), (55, 28, 76, 31)),  # =
        ((55, 23, 76, 25), (64, 14, 68, 18), (64, 30, 68, 34)),  # ÷
        ((60, 4, 70, 18), (55, 23, 76, 25)),  # underlined
        ((60, 4, 70, 18), (60, 30, 70, 44)),  # two lines
    ],
)
def test_what_is_no_fraction_is_not_parted(marks: tuple[tuple[int, int, int, int], ...]) -> None:
    quad = Box(0, 0, 200, 48).quad()

    assert parted_at_fractions(quad, strip_with((10, 12, 30, 36), *marks)) == ()
