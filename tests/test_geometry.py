from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.geometry import (
    Box,
    Point,
    Quad,
    Transform,
    TransformChain,
    VerticalDisplacement,
    hull,
)

numbers = st.floats(-1000, 1000)
points = st.tuples(numbers, numbers).map(lambda pair: Point(*pair))
boxes = st.tuples(numbers, numbers, st.floats(0, 500), st.floats(0, 500)).map(
    lambda b: Box(b[0], b[1], b[0] + b[2], b[1] + b[3])
)
transforms = st.one_of(
    st.tuples(numbers, numbers).map(lambda pair: Transform.shift(*pair)),
    st.tuples(st.floats(0.2, 5), st.floats(0.2, 5)).map(lambda pair: Transform.scale(*pair)),
    st.floats(-180, 180).map(Transform.rotation),
)
shifts = st.lists(st.floats(-20, 20), min_size=3, max_size=3).map(
    lambda row: VerticalDisplacement(1000, 800, (tuple(row), tuple(v / 2 for v in row)))
)


@given(first=transforms, second=transforms, point=points)
def test_then_is_one_map_after_the_other(first: Transform, second: Transform, point: Point) -> None:
    assert first.then(second).apply(point) == pytest.approx(
        second.apply(first.apply(point)), abs=1e-6
    )


@given(maps=st.lists(st.one_of(transforms, shifts), max_size=5), point=points)
def test_the_inverse_of_a_way_leads_back(
    maps: list[Transform | VerticalDisplacement], point: Point
) -> None:
    way = TransformChain()
    for one in maps:
        way = way.after(one)

    assert way.inverse().apply(way.apply(point)) == pytest.approx(point, abs=1e-3)


@given(maps=st.lists(transforms, min_size=2, max_size=5))
def test_neighbouring_matrices_become_one(maps: list[Transform]) -> None:
    way = TransformChain()
    for one in maps:
        way = way.after(one)

    assert len(way.maps) == 1


@given(box=boxes, other=boxes)
def test_an_intersection_lies_in_both(box: Box, other: Box) -> None:
    common = box.intersection(other)
    if common is None:
        return

    assert common.intersection(box) == common == common.intersection(other)
    assert common.area <= min(box.area, other.area)


@given(cloud=st.lists(points, min_size=1))
def test_a_hull_holds_all_its_points(cloud: list[Point]) -> None:
    box = hull(cloud)

    assert all(box.left <= p.x <= box.right and box.top <= p.y <= box.bottom for p in cloud)


@given(box=boxes)
def test_the_hull_of_a_box_s_quad_is_the_box(box: Box) -> None:
    assert box.quad().box == box


@given(angle=st.floats(-179, 179))
def test_a_level_quad_turned_by_an_angle_has_that_angle(angle: float) -> None:
    quad = Box(0, 0, 100, 20).quad().mapped(Transform.rotation(angle))

    assert quad.angle_deg == pytest.approx(angle, abs=1e-6)


def test_clockwise_is_positive_as_seen_on_the_screen() -> None:
    turned = Transform.rotation(90).apply(Point(1, 0))

    assert turned == pytest.approx((0, 1))  # y grows downwards


def test_a_box_inside_out_is_refused() -> None:
    with pytest.raises(ValueError, match="inside out"):
        Box(10, 0, 0, 10)


def test_a_map_without_area_has_no_inverse() -> None:
    with pytest.raises(ValueError, match="no inverse"):
        Transform.scale(0, 1).inverse()


def test_boxes_that_only_touch_have_nothing_in_common() -> None:
    assert Box(0, 0, 10, 10).intersection(Box(10, 0, 20, 10)) is None


def test_a_quad_keeps_the_order_of_its_corners() -> None:
    quad = Box(0, 0, 10, 5).quad().mapped(Transform.shift(1, 2))

    assert quad == Quad(Point(1, 2), Point(11, 2), Point(11, 7), Point(1, 7))


def test_boxes_are_beside_each_other_where_none_reaches_over_the_other() -> None:
    left, right = Box(0, 0, 10, 5), Box(9, 50, 20, 55)

    assert not left.is_beside(right)
    assert left.is_beside(right, overlap_px=1)
    assert right.is_beside(left, overlap_px=1)
    assert left.is_beside(Box(10, 0, 20, 5))


def test_the_middle_of_a_quad_is_that_of_its_corners() -> None:
    quad = Quad(Point(0, 0), Point(10, 2), Point(12, 8), Point(2, 6))

    assert quad.middle == Point(6, 4)


def test_a_box_in_whole_pixels_has_the_nearest() -> None:
    assert Box(0.4, 0.6, 9.5, 20.51).rounded() == (0, 1, 10, 21)
