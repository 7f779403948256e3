from __future__ import annotations

import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.model import Page
from ocr_server.errors import InvalidOptions
from ocr_server.extraction.finders import read_framed_page
from ocr_server.geometry import Point, Quad
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Framing, ReadOptions
from ocr_server.page.framing import apply_framing
from ocr_server.page.state import ReadContext
from tests.words import DrawnPage, SeeingEngine, distances_home, draw_page

WORST_PX = 3.0  # at the resolution of the page


def read(drawn: DrawnPage, *corners: tuple[float, float]) -> Page:
    quad = Quad(*(Point(x, y) for x, y in corners))
    return read_framed_page(
        Canvas(drawn.pixels),
        number=1,
        options=ReadOptions(framing=Framing(corners=quad)),
        context=ReadContext(SeeingEngine(), Deadline.after(60)),
    )


def test_only_what_lies_between_the_corners_is_read_and_it_stays_in_its_place() -> None:
    drawn = draw_page()
    height, width = drawn.pixels.shape
    middle = height / 2

    page = read(drawn, (0, 0), (width, 0), (width, middle), (0, middle))

    above = tuple(point for point in drawn.middles if point.y < middle - 20)
    assert (page.width_px, page.height_px) == (width, height)
    assert all(word.box.middle.y < middle for word in page.words)
    assert distances_home(above, page.words).max() < WORST_PX


def test_corners_outside_of_the_page_are_moved_to_its_edge() -> None:
    drawn = draw_page()
    height, width = drawn.pixels.shape

    page = read(drawn, (0, 0), (9 * width, 0), (9 * width, 9 * height), (0, 9 * height))

    assert len(page.words) == len(drawn.middles)


def test_the_first_corner_is_the_upper_left_of_what_is_read() -> None:
    canvas = Canvas(draw_page().pixels[:200])
    turned = Quad(*(Point(*one) for one in ((600, 0), (600, 200), (0, 200), (0, 0))))

    framed = apply_framing(canvas, Framing(corners=turned))

    assert (framed.width_px, framed.height_px) == (200, 600)
    assert framed.to_page.apply(Point(0, 0)) == pytest.approx((600, 0), abs=0.01)


def test_corners_whose_area_vanishes_at_the_edge_of_the_page_are_told_so() -> None:
    drawn = draw_page()
    width = drawn.pixels.shape[1]

    with pytest.raises(InvalidOptions, match="hardly anything of the page is left"):
        read(drawn, (width - 1, 0), (2 * width, 0), (width + 9, 50), (width + 1, 50))


def test_corners_beside_the_page_are_refused() -> None:
    drawn = draw_page()
    width = drawn.pixels.shape[1]

    with pytest.raises(InvalidOptions, match="outside the page") as told:
        read(drawn, (width, 0), (2 * width, 0), (2 * width, 50), (width, 50))
    message = "The corners lie outside the page, which has 1200 × 1500 pixels."
    assert told.value.extra["faults"] == [{"field": "corners", "message": message}]
