from __future__ import annotations

from random import Random

import numpy as np
import pytest

from benchmarks.draw import draw_mrz
from ocr_server.deadline import Deadline
from ocr_server.document.model import Page
from ocr_server.extraction.finders import read_framed_page
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions, ZoneSpec
from ocr_server.page.state import ReadContext
from tests.fakes import ReadsWords

PASSPORT = np.asarray(draw_mrz(Random(0)).picture)  # noqa: S311  # drawn, not secret
HEIGHT_PX, WIDTH_PX = PASSPORT.shape
PLACES = 44
ABOVE = Box(0, HEIGHT_PX // 2, WIDTH_PX, HEIGHT_PX)
BELOW = Box(0, HEIGHT_PX * 3 // 2, WIDTH_PX, HEIGHT_PX * 2)
PRINT = Box(0, 0, WIDTH_PX, HEIGHT_PX // 2)


def read(*boxes: Box) -> Page:
    """Two passports, one above the other."""
    return read_framed_page(
        Canvas(np.vstack([PASSPORT, PASSPORT])),
        number=1,
        options=ReadOptions(finder="mrz", zones=tuple(ZoneSpec(box) for box in boxes)),
        context=ReadContext(ReadsWords("P"), Deadline.after(60)),
    )


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ([ABOVE], ABOVE), ([BELOW], BELOW), ([], BELOW), ([PRINT, ABOVE, BELOW], ABOVE),
        ([Box(-9, -9, -1, -1), ABOVE], ABOVE),
    ],
)  # fmt: skip
def test_it_is_looked_for_in_the_zones_that_were_asked_for(asked: list[Box], found: Box) -> None:
    page = read(*asked)

    lines = [line for zone in page.zones for line in zone.lines]
    assert [len(line.text) for line in lines] == [PLACES, PLACES]
    assert [line.box.intersection(found) for line in lines] == [line.box for line in lines]


def test_what_was_asked_for_is_read_where_there_is_none() -> None:
    page = read(PRINT)

    assert [(zone.box, zone.text) for zone in page.zones] == [(PRINT, "P")]
