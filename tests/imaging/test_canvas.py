from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocr_server.geometry import Box, Point, Quad, VerticalDisplacement
from ocr_server.imaging.canvas import Canvas

Move: TypeAlias = Callable[[Canvas, Point], Canvas]

SIDE_PX = 240


def rotated(angle_deg: float) -> Move:
    return lambda canvas, _: canvas.rotated(angle_deg, fill=255)


def scaled(factor: float) -> Move:
    return lambda canvas, _: canvas.scaled(factor)


def turned(quarters: int) -> Move:
    return lambda canvas, _: canvas.rotated_90(quarters)


def padded(margin_px: int) -> Move:
    return lambda canvas, _: canvas.padded(margin_px, fill=255)


def cropped(left: float, top: float) -> Move:
    """Crop somewhere between the canvas's corner and the dot."""

    def move(canvas: Canvas, dot: Point) -> Canvas:
        far = max(0.0, dot.x - 30) * left, max(0.0, dot.y - 30) * top
        return canvas.cropped(Box(*far, canvas.width_px, canvas.height_px))

    return move


def rectified(pull: float) -> Move:
    """See the canvas at an angle: two of its corners are pulled inwards by a share of its width."""

    def move(canvas: Canvas, _: Point) -> Canvas:
        width, height = canvas.width_px, canvas.height_px
        quad = Quad(
            Point(-pull * width, 0), Point(width * (1 + pull), 0),
            Point(width, height), Point(0, height),
        )  # fmt: skip
        return canvas.rectified(quad, width, height)

    return move


def dewarped(rise_px: float) -> Move:
    """Columns shifted along half a wave."""

    def move(canvas: Canvas, _: Point) -> Canvas:
        row = tuple(rise_px * float(np.sin(u * np.pi)) for u in np.linspace(0, 1, 40))
        return canvas.dewarped(VerticalDisplacement(canvas.width_px, canvas.height_px, (row, row)))

    return move


moves = st.one_of(
    st.floats(-40, 40).map(rotated),
    st.floats(0.6, 1.8).map(scaled),
    st.integers(-3, 5).map(turned),
    st.integers(0, 30).map(padded),
    st.tuples(st.floats(0, 1), st.floats(0, 1)).map(lambda pair: cropped(*pair)),
    st.floats(0.01, 0.08).map(rectified),
    st.floats(-12, 12).map(dewarped),
)


def draw_dot(at: Point) -> Canvas:
    """A round dot of radius 7 whose middle is `at`, to a 16th of a pixel."""
    pixels = np.full((SIDE_PX, SIDE_PX), 255, np.uint8)
    centre = [round((value - 0.5) * 16) for value in at]  # cv2 draws from pixel centres
    cv2.circle(pixels, centre, 7 * 16, 0, -1, cv2.LINE_AA, 4)
    return Canvas(pixels)


def find_dot(canvas: Canvas) -> Point:
    """The centre of gravity of the ink, from pixel corners."""
    ink = 255.0 - canvas.pixels
    ys, xs = np.indices(ink.shape)
    return Point(
        float((ink * (xs + 0.5)).sum() / ink.sum()), float((ink * (ys + 0.5)).sum() / ink.sum())
    )


@settings(max_examples=150, deadline=None)
@given(
    at=st.tuples(*[st.integers(70 * 16, (SIDE_PX - 70) * 16)] * 2),
    chain=st.lists(moves, min_size=1, max_size=4),
)
def test_a_dot_comes_home_through_any_chain_of_moves(
    at: tuple[int, int], chain: list[Move]
) -> None:
    dot = Point(at[0] / 16, at[1] / 16)
    canvas = draw_dot(dot)
    for move in chain:
        canvas = move(canvas, find_dot(canvas))

    home = canvas.to_page.apply(find_dot(canvas))

    # Interpolation and the perspective of a dot 14 px wide come to 0.26 px at most in four moves;
    # half a pixel forgotten in one of them is 0.5 and more.
    assert np.hypot(home.x - dot.x, home.y - dot.y) <= 0.35


@given(point=st.tuples(st.floats(0, SIDE_PX), st.floats(0, SIDE_PX)))
def test_a_point_of_the_page_has_a_way_back_to_the_canvas(point: tuple[float, float]) -> None:
    canvas = draw_dot(Point(100, 100)).rotated(7, fill=255).scaled(0.7)
    canvas = dewarped(9)(canvas, Point(0, 0))

    there = canvas.to_page.inverse().apply(Point(*point))

    assert canvas.to_page.apply(there) == pytest.approx(point, abs=0.01)


def test_the_corner_of_a_page_turned_by_a_quarter_is_exactly_a_corner() -> None:
    canvas = Canvas(np.zeros((30, 50), np.uint8)).rotated_90(1)

    assert canvas.to_page.apply(Point(0, 0)) == pytest.approx((0, 30))
    assert canvas.to_page.apply(Point(30, 50)) == pytest.approx((50, 0))


def test_four_quarter_turns_change_nothing() -> None:
    canvas = draw_dot(Point(90, 130))

    assert np.array_equal(canvas.rotated_90(1).rotated_90(1).rotated_90(2).pixels, canvas.pixels)


def test_a_crop_outside_the_canvas_is_refused() -> None:
    with pytest.raises(ValueError, match="outside"):
        draw_dot(Point(90, 90)).cropped(Box(300, 300, 310, 310))


def test_pixels_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="moved"):
        draw_dot(Point(90, 90)).with_pixels(np.zeros((3, 3), np.uint8))


def test_moves_leave_the_pixels_they_were_given_alone() -> None:
    canvas = draw_dot(Point(90, 90))
    before = canvas.pixels.copy()
    for move in (rotated(5), scaled(2), turned(1), padded(4), rectified(0.05), dewarped(5)):
        move(canvas, Point(90, 90))

    assert np.array_equal(canvas.pixels, before)


@pytest.mark.parametrize("longest_px", [SIDE_PX, SIDE_PX // 2])
def test_what_was_moved_is_laid_back_where_it_was(longest_px: int) -> None:
    pixels = np.full((SIDE_PX, SIDE_PX), 255, np.uint8)
    pixels[60:100, 140:170] = 0
    page = Canvas(pixels)
    moved = page.rotated(12, fill=255).scaled(1.4).rotated_90(1)
    moved = moved.rectified(
        Quad(Point(40, 30), Point(380, 10), Point(400, 420), Point(20, 400)), 300, 360
    )

    back = moved.laid_back(page, longest_px=longest_px)

    scale = longest_px / SIDE_PX
    rows, columns = np.nonzero(back.pixels < 128)
    assert (back.width_px, back.height_px) == (longest_px, longest_px)
    assert abs((columns.mean() + 0.5) / scale - 155) < 0.5
    assert abs((rows.mean() + 0.5) / scale - 80) < 0.5
    assert abs(len(rows) / scale**2 - 40 * 30) < 60  # two interpolations soften the edges
