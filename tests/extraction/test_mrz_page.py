from __future__ import annotations

from random import Random

import cv2
import numpy as np
import pytest

from benchmarks.draw import draw_mrz
from ocr_server.deadline import Deadline
from ocr_server.document.model import Page
from ocr_server.extraction.finders import read_framed_page
from ocr_server.extraction.mrz_page import find_band, find_mrz_cells
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels
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


@pytest.mark.parametrize("angle_deg", [-2.5, 0.0, 2.5])
@pytest.mark.parametrize("seed", range(4))
def test_the_zone_is_found_with_all_its_places_and_fillers(seed: int, angle_deg: float) -> None:
    drawn = draw_mrz(Random(seed))  # noqa: S311  # drawn, not secret
    page = Canvas(np.asarray(drawn.picture)).rotated(angle_deg, fill=235)

    band = find_band(page)

    assert band is not None
    rows = find_mrz_cells(band)
    assert [len(row) for row in rows] == [PLACES, PLACES]
    fillers = [[glyph.is_filler for glyph in row] for row in rows]
    name = f"{drawn.fields['surname']}<<{drawn.fields['names'].replace(' ', '<')}"
    first = f"P<{drawn.fields['country']}{name}".ljust(PLACES, "<")
    assert fillers[0] == [character == "<" for character in first]


def test_a_double_frame_beside_nothing_is_no_row_of_characters() -> None:
    drawn = draw_mrz(Random(0))  # noqa: S311  # drawn, not secret
    band = find_band(Canvas(np.asarray(drawn.picture)))
    assert band is not None
    zone = find_mrz_cells(band)
    framed = cv2.copyMakeBorder(band.pixels, 60, 0, 0, 0, cv2.BORDER_CONSTANT, value=(235,))
    cv2.rectangle(framed, (100, 20), (127, 43), 25, 1)
    cv2.rectangle(framed, (105, 24), (122, 39), 25, 1)

    rows = find_mrz_cells(Canvas(framed.astype(np.uint8, copy=False)))

    assert [len(row) for row in rows] == [2, *map(len, zone)]


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("side", [1, 2, 40, 900])
def test_a_blank_or_tiny_picture_has_no_zone(level: int, side: int) -> None:
    blank = Canvas(np.full((side, side), level, dtype=np.uint8))

    assert find_band(blank) is None
    assert find_mrz_cells(blank) == ()


@pytest.mark.parametrize("size_px", [(2, 3000), (10, 20_000)])
def test_a_strip_is_not_enlarged_without_end(
    size_px: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    width_px, height_px = size_px
    looked_at: list[int] = []

    def blur(small: Pixels, *_: object) -> Pixels:
        looked_at.append(small.size)
        return small

    monkeypatch.setattr(cv2, "GaussianBlur", blur)

    assert find_band(Canvas(np.full((height_px, width_px), 255, dtype=np.uint8))) is None
    assert max(looked_at) < 2.1e6
