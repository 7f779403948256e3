from __future__ import annotations

import math

import pytest

from ocr_server.bounds import MOST_PX, Bounds, box_of, quad_of
from ocr_server.geometry import Box, Point, Quad


@pytest.mark.parametrize(
    ("bounds", "text", "number"),
    [
        (Bounds(0, 1), "0.5", 0.5),
        (Bounds(0, 1), " 1 ", 1),
        (Bounds(1, is_whole=True), "7", 7),
        (Bounds(64, or_zero=True), "0", 0),
    ],
)
def test_a_number_within_its_bounds_is_taken(bounds: Bounds, text: str, number: float) -> None:
    assert bounds.parse(text) == number


@pytest.mark.parametrize(
    ("bounds", "text", "said"),
    [
        (Bounds(0, 1), "1.1", "use a number from 0 to 1"),
        (Bounds(0, 1), "nan", "use a number from 0 to 1"),
        (Bounds(0.1), "inf", "use a number, 0.1 or more"),
        (Bounds(), "many", "use a number"),
        (Bounds(1, 9, is_whole=True), "2.5", "use a whole number from 1 to 9"),
        (Bounds(64, is_whole=True, or_zero=True), "3", "use 0 or a whole number, 64 or more"),
    ],
)
def test_another_is_refused_with_what_is_wanted(bounds: Bounds, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        bounds.parse(text)

    assert str(caught.value) == said


@pytest.mark.parametrize("value", [True, "1", None, [1], math.nan, 10**400, 1.5])
def test_what_is_no_whole_number_is_not_held(value: object) -> None:
    assert not Bounds(0, is_whole=True, most=9).hold(value)


def test_a_box_is_four_sides_in_order() -> None:
    assert box_of([0, 1, 2.5, MOST_PX]) == Box(0, 1, 2.5, MOST_PX)


@pytest.mark.parametrize(
    "sides",
    [None, "0,0,9,9", [0, 0, 9], [0, 0, 0, 9], [5, 0, 1, 9], [-1, 0, 9, 9], [0, 0, True, 9],
     [0, 0, math.inf, 9], [0, 10**400, 9, 10**401], [0, 0, MOST_PX + 1, 9]],
)  # fmt: skip
def test_what_is_no_box_is_told_what_is_wanted(sides: object) -> None:
    with pytest.raises(ValueError, match="left before right and top before bottom"):
        box_of(sides)


def test_a_quad_is_four_corners_clockwise() -> None:
    corners: list[list[float]] = [[90, 0], [95, 50], [0, 60.5], [1, 2]]

    assert quad_of(corners) == Quad(*(Point(x, y) for x, y in corners))


@pytest.mark.parametrize(
    "corners",
    [
        None, "0,0", [[0, 0], [9, 0], [9, 9]], [[0, 0], [9, 0], [9, 9], [0]],
        [[0, 0], [0, 9], [9, 9], [9, 0]], [[0, 0], [9, 0], [0, 9], [9, 9]],
        [[0, 0], [9, 0], [1, 1], [0, 9]], [[0, 0], [9, 0], [9, 0], [0, 0]],
        [[0, 0], [math.nan, 0], [9, 9], [0, 9]], [[-1, 0], [9, 0], [9, 9], [0, 9]],
    ],
)  # fmt: skip
def test_what_is_no_quad_is_told_what_is_wanted(corners: object) -> None:
    with pytest.raises(ValueError, match="four corners of x and y, clockwise"):
        quad_of(corners)
