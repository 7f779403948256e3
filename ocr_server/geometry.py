"""Points, boxes, quads, and transforms between coordinate spaces.

Coordinates are at pixel corners: pixel (0, 0) covers 0…1. The origin is top left, y grows
downwards, and angles are in degrees, clockwise as seen on the screen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol


class Point(NamedTuple):
    """A point, in pixels."""

    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Box:
    """An axis-aligned rectangle in pixels; right and bottom are exclusive.

    Raises:
        ValueError: left is greater than right, or top than bottom.
    """

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (self.left <= self.right and self.top <= self.bottom):
            raise ValueError(f"a box inside out: {self}")

    @property
    def width(self) -> float:
        """Right minus left."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """Bottom minus top."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height

    @property
    def middle(self) -> Point:
        """The centre."""
        return Point((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def is_beside(self, other: Box, *, overlap_px: float = 0.0) -> bool:
        """Whether the boxes overlap horizontally by at most `overlap_px`."""
        return self.left >= other.right - overlap_px or self.right <= other.left + overlap_px

    def contains(self, point: Point) -> bool:
        """Whether the point is inside the box or on an edge."""
        return self.left <= point.x <= self.right and self.top <= point.y <= self.bottom

    def intersection(self, other: Box) -> Box | None:
        """The area that both cover; None if they do not overlap."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def rounded(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom to the nearest pixel."""
        return round(self.left), round(self.top), round(self.right), round(self.bottom)

    def quad(self) -> Quad:
        """The rectangle as four points."""
        return Quad(
            Point(self.left, self.top),
            Point(self.right, self.top),
            Point(self.right, self.bottom),
            Point(self.left, self.bottom),
        )


class Quad(NamedTuple):
    """Four points, clockwise from the top left of the text, which may be rotated."""

    top_left: Point
    top_right: Point
    bottom_right: Point
    bottom_left: Point

    @property
    def box(self) -> Box:
        """The bounding box."""
        return hull(self)

    @property
    def middle(self) -> Point:
        """The mean of the corners."""
        return Point(sum(point.x for point in self) / 4, sum(point.y for point in self) / 4)

    @property
    def angle_deg(self) -> float:
        """The clockwise angle of the top edge to the x-axis, in degrees."""
        return math.degrees(
            math.atan2(self.top_right.y - self.top_left.y, self.top_right.x - self.top_left.x)
        )

    @property
    def is_convex(self) -> bool:
        """Whether the corners go clockwise round an area without a dent."""
        following = (*self[1:], *self[:2])
        return all(
            (b.x - a.x) * (c.y - b.y) > (b.y - a.y) * (c.x - b.x)
            for a, b, c in zip(self, following[:4], following[1:], strict=True)
        )

    def slice(self, start: float, end: float) -> Quad:
        """The part between two shares of the text's length, limited to 0 and 1."""
        start, end = max(0.0, start), min(1.0, end)
        return Quad(
            lerp(self.top_left, self.top_right, start),
            lerp(self.top_left, self.top_right, end),
            lerp(self.bottom_left, self.bottom_right, end),
            lerp(self.bottom_left, self.bottom_right, start),
        )

    def mapped(self, transform: PointMap) -> Quad:
        """The quad with all points transformed."""
        return Quad(*transform.apply_all(self))

    def __reduce__(self) -> tuple[Callable[..., Quad], tuple[float, ...]]:
        """Pickle as eight numbers, which takes a third of the default's time."""
        return _quad_of, (*self.top_left, *self.top_right, *self.bottom_right, *self.bottom_left)


def _quad_of(*figures: float) -> Quad:
    return Quad(*map(Point, figures[::2], figures[1::2]))


def hull(points: Iterable[Point]) -> Box:
    """The bounding box of points, of which at least one is needed."""
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def hull_of_boxes(boxes: Iterable[Box]) -> Box:
    """The bounding box of boxes, of which at least one is needed."""
    return hull(point for box in boxes for point in box.quad())


def lerp(one: Point, other: Point, share: float) -> Point:
    """Linear interpolation: `one` for a share of 0, `other` for 1."""
    return Point(one.x + share * (other.x - one.x), one.y + share * (other.y - one.y))


class PointMap(Protocol):
    """A transform from one coordinate space to another."""

    def apply(self, point: Point) -> Point:
        """The transformed point."""

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The transformed points; faster than one by one."""

    def inverse(self) -> PointMap:
        """The inverse transform."""


@dataclass(frozen=True, slots=True)
class Transform:
    """A projective transform: a 3×3 matrix in row-major order, for column vectors (x, y, 1)."""

    matrix: tuple[float, float, float, float, float, float, float, float, float]

    @classmethod
    def identity(cls) -> Transform:
        """The transform that changes nothing."""
        return cls((1, 0, 0, 0, 1, 0, 0, 0, 1))

    @classmethod
    def shift(cls, dx: float, dy: float) -> Transform:
        """Translation by (dx, dy) pixels."""
        return cls((1, 0, dx, 0, 1, dy, 0, 0, 1))

    @classmethod
    def scale(cls, sx: float, sy: float) -> Transform:
        """Scaling about the origin."""
        return cls((sx, 0, 0, 0, sy, 0, 0, 0, 1))

    @classmethod
    def rotation(cls, angle_deg: float) -> Transform:
        """Clockwise rotation about the origin."""
        radians = math.radians(angle_deg)
        cos, sin = math.cos(radians), math.sin(radians)
        return cls((cos, -sin, 0, sin, cos, 0, 0, 0, 1))

    def apply(self, point: Point) -> Point:
        """The transformed point."""
        (transformed,) = self.apply_all((point,))
        return transformed

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The transformed points."""
        a, b, c, d, e, f, g, h, i = self.matrix
        transformed = []
        for x, y in points:
            w = g * x + h * y + i
            transformed.append(Point((a * x + b * y + c) / w, (d * x + e * y + f) / w))
        return transformed

    def then(self, after: Transform) -> Transform:
        """The composition: this transform, then `after`."""
        m, n = after.matrix, self.matrix
        rows = (m[0:3], m[3:6], m[6:9])
        columns = (n[0::3], n[1::3], n[2::3])
        cells = [sum(p * q for p, q in zip(r, c, strict=True)) for r in rows for c in columns]
        return Transform(tuple(cells))  # type: ignore[arg-type]  # nine cells, by construction

    def inverse(self) -> Transform:
        """The inverse transform.

        Raises:
            ValueError: the matrix is singular.
        """
        a, b, c, d, e, f, g, h, i = self.matrix
        determinant = a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)
        if abs(determinant) < 1e-12:
            raise ValueError("the map has no inverse")
        cofactors = (
            e * i - f * h, c * h - b * i, b * f - c * e,
            f * g - d * i, a * i - c * g, c * d - a * f,
            d * h - e * g, b * g - a * h, a * e - b * d,
        )  # fmt: skip
        return Transform(tuple(v / determinant for v in cofactors))  # type: ignore[arg-type]  # nine


@dataclass(frozen=True, slots=True)
class VerticalDisplacement:
    """A vertical displacement: (x, y) is mapped to (x, y + shift(x, y)).

    `shifts_px` is a grid (rows, columns) of shifts over an area of `width_px` × `height_px`, with
    its corners at the corners of the area. Between its nodes the shift is bilinear; outside, it is
    that of the nearest edge. `backwards` is the inverse transform.
    """

    width_px: int
    height_px: int
    shifts_px: tuple[tuple[float, ...], ...]
    backwards: bool = False

    def apply(self, point: Point) -> Point:
        """The transformed point."""
        x, y = point
        if not self.backwards:
            return Point(x, y + self.shift_at(x, y))
        source_y = y
        for _ in range(20):  # fixed-point iteration; the slope in y is far below 1
            source_y = y - self.shift_at(x, source_y)
        return Point(x, source_y)

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The transformed points."""
        return map(self.apply, points)

    def inverse(self) -> VerticalDisplacement:
        """The inverse transform."""
        return VerticalDisplacement(
            self.width_px, self.height_px, self.shifts_px, not self.backwards
        )

    def shift_at(self, x: float, y: float) -> float:
        """The shift at a point, in pixels downwards."""
        rows, columns = len(self.shifts_px), len(self.shifts_px[0])
        u = min(max(x / self.width_px, 0.0), 1.0) * (columns - 1)
        v = min(max(y / self.height_px, 0.0), 1.0) * (rows - 1)
        left, top = min(int(u), columns - 2), min(int(v), rows - 2)
        u, v = u - left, v - top
        upper, lower = self.shifts_px[top], self.shifts_px[top + 1]
        return (upper[left] * (1 - u) + upper[left + 1] * u) * (1 - v) + (
            lower[left] * (1 - u) + lower[left + 1] * u
        ) * v


@dataclass(frozen=True, slots=True)
class Clamp:
    """Moves points outside a box to its nearest edge; it cannot be inverted for these."""

    box: Box

    def apply(self, point: Point) -> Point:
        """The point, moved into the box."""
        left, top, right, bottom = self.box.left, self.box.top, self.box.right, self.box.bottom
        return Point(min(max(point.x, left), right), min(max(point.y, top), bottom))

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The points, moved into the box."""
        return map(self.apply, points)

    def inverse(self) -> Clamp:
        """Itself, as points inside the box stay where they are."""
        return self


@dataclass(frozen=True, slots=True)
class TransformChain:
    """A chain of transforms, applied in order."""

    maps: tuple[Transform | VerticalDisplacement, ...] = ()

    def apply(self, point: Point) -> Point:
        """The point after all transforms."""
        (transformed,) = self.apply_all((point,))
        return transformed

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The points after all transforms."""
        for step in self.maps:
            points = step.apply_all(points)
        return points

    def inverse(self) -> TransformChain:
        """The inverse transform."""
        return TransformChain(tuple(step.inverse() for step in reversed(self.maps)))

    def after(self, first: Transform | VerticalDisplacement) -> TransformChain:
        """The chain that begins with `first`; adjacent matrices are multiplied."""
        if self.maps and isinstance(first, Transform) and isinstance(self.maps[0], Transform):
            return TransformChain((first.then(self.maps[0]), *self.maps[1:]))
        return TransformChain((first, *self.maps))
