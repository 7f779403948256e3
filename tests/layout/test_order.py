from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ocr_server.document.model import Zone, ZoneKind
from ocr_server.geometry import Box
from ocr_server.layout.order import in_reading_order
from tests.fakes import line_of

SIDES = st.integers(0, 20)
BOXES = st.builds(lambda x, y, w, h: Box(x, y, x + w, y + h), SIDES, SIDES, SIDES, SIDES)


def zone(box: Box, *, is_empty: bool = False) -> Zone:
    return Zone(ZoneKind.TEXT, box.quad(), () if is_empty else (line_of(("x",)),))


def test_what_stands_above_in_the_same_column_is_read_before() -> None:
    first, second, third = (zone(Box(0, top, 100, top + 20)) for top in (0, 30, 60))

    assert in_reading_order((first, third, second)) == (first, second, third)


def test_columns_side_by_side_stay_as_they_are() -> None:
    left = [zone(Box(0, top, 100, top + 20)) for top in (0, 50)]
    right = [zone(Box(95, top, 200, top + 20)) for top in (0, 50)]  # a bit over the edge

    assert in_reading_order((*left, *right)) == (*left, *right)
    assert in_reading_order((*right, *left)) == (*right, *left)


def test_a_head_over_both_columns_comes_first_and_a_foot_last() -> None:
    head, foot = zone(Box(0, 0, 200, 10)), zone(Box(0, 90, 200, 100))
    left, right = zone(Box(0, 20, 90, 80)), zone(Box(110, 20, 200, 80))

    assert in_reading_order((foot, left, head, right)) == (head, left, right, foot)


def test_a_picture_holds_no_text_up() -> None:
    picture = zone(Box(0, 0, 100, 20), is_empty=True)
    text = zone(Box(0, 30, 100, 50))

    assert in_reading_order((text, picture)) == (text, picture)


@given(st.lists(BOXES, max_size=12))
def test_every_zone_stays_once_whatever_its_shape(boxes: list[Box]) -> None:
    zones = tuple(map(zone, boxes))

    assert sorted(map(id, in_reading_order(zones))) == sorted(map(id, zones))
