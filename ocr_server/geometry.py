"""Points, boxes, quads and the maps between frames.

Coordinates count from the corners of pixels: pixel (0, 0) covers 0…1. The origin is top left,
y grows downwards, and angles are degrees clockwise as seen on the screen.
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
    """An upright rectangle; right and bottom are exclusive. It refuses to be inside out."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        if not (self.left <= self.right and self.top <= self.bottom):
            raise ValueError(f"a box inside out: {self}")

    @property
    def width(self) -> float:
        """From left to right."""
        return self.right - self.left

    @property
    def height(self) -> float:
        """From top to bottom."""
        return self.bottom - self.top

    @property
    def area(self) -> float:
        """Width times height."""
        return self.width * self.height

    @property
    def middle(self) -> Point:
        """As far from the left as from the right, and from the top as from the bottom."""
        return Point((self.left + self.right) / 2, (self.top + self.bottom) / 2)

    def is_beside(self, other: Box, *, overlap_px: float = 0.0) -> bool:
        """Whether one stands left of the other, or reaches no further than `overlap_px` over it."""
        return self.left >= other.right - overlap_px or self.right <= other.left + overlap_px

    def contains(self, point: Point) -> bool:
        """Whether the point lies inside or on an edge."""
        return self.left <= point.x <= self.right and self.top <= point.y <= self.bottom

    def intersection(self, other: Box) -> Box | None:
        """What both cover, or None."""
        left, top = max(self.left, other.left), max(self.top, other.top)
        right, bottom = min(self.right, other.right), min(self.bottom, other.bottom)
        return Box(left, top, right, bottom) if left < right and top < bottom else None

    def rounded(self) -> tuple[int, int, int, int]:
        """Left, top, right and bottom to the nearest pixel."""
        return round(self.left), round(self.top), round(self.right), round(self.bottom)

    def quad(self) -> Quad:
        """The same rectangle as four points."""
        return Quad(
            Point(self.left, self.top),
            Point(self.right, self.top),
            Point(self.right, self.bottom),
            Point(self.left, self.bottom),
        )


class Quad(NamedTuple):
    """Four points, clockwise from the text's own top left."""

    top_left: Point
    top_right: Point
    bottom_right: Point
    bottom_left: Point

    @property
    def box(self) -> Box:
        """The upright hull."""
        return hull(self)

    @property
    def middle(self) -> Point:
        """The mean of the corners."""
        return Point(sum(point.x for point in self) / 4, sum(point.y for point in self) / 4)

    @property
    def angle_deg(self) -> float:
        """How far the top edge is turned clockwise from level."""
        return math.degrees(
            math.atan2(self.top_right.y - self.top_left.y, self.top_right.x - self.top_left.x)
        )

    def slice(self, start: float, end: float) -> Quad:
        """What lies between two shares of the text's length; nothing beyond its ends."""
        start, end = max(0.0, start), min(1.0, end)
        return Quad(
            lerp(self.top_left, self.top_right, start),
            lerp(self.top_left, self.top_right, end),
            lerp(self.bottom_left, self.bottom_right, end),
            lerp(self.bottom_left, self.bottom_right, start),
        )

    def mapped(self, transform: PointMap) -> Quad:
        """The same quad in another frame."""
        return Quad(*transform.apply_all(self))

    def __reduce__(self) -> tuple[Callable[..., Quad], tuple[float, ...]]:
        """How it travels between processes: as eight figures, in a third of the time."""
        return _quad_of, (*self.top_left, *self.top_right, *self.bottom_right, *self.bottom_left)


def _quad_of(*figures: float) -> Quad:
    return Quad(*map(Point, figures[::2], figures[1::2]))


def hull(points: Iterable[Point]) -> Box:
    """The smallest box around points; at least one is needed."""
    xs, ys = zip(*points, strict=True)
    return Box(min(xs), min(ys), max(xs), max(ys))


def lerp(one: Point, other: Point, share: float) -> Point:
    """The point at a share of the way from one to the other."""
    return Point(one.x + share * (other.x - one.x), one.y + share * (other.y - one.y))


class PointMap(Protocol):
    """Whatever takes a point from one frame to another."""

    def apply(self, point: Point) -> Point:
        """The point in the other frame."""

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The same for many, in less time."""

    def inverse(self) -> PointMap:
        """The way back."""


@dataclass(frozen=True, slots=True)
class Transform:
    """A projective map: a 3×3 matrix, row by row, on column vectors (x, y, 1)."""

    matrix: tuple[float, float, float, float, float, float, float, float, float]

    @classmethod
    def identity(cls) -> Transform:
        """The map that changes nothing."""
        return cls((1, 0, 0, 0, 1, 0, 0, 0, 1))

    @classmethod
    def shift(cls, dx: float, dy: float) -> Transform:
        """Move by (dx, dy) pixels."""
        return cls((1, 0, dx, 0, 1, dy, 0, 0, 1))

    @classmethod
    def scale(cls, sx: float, sy: float) -> Transform:
        """Stretch about the origin."""
        return cls((sx, 0, 0, 0, sy, 0, 0, 0, 1))

    @classmethod
    def rotation(cls, angle_deg: float) -> Transform:
        """Turn clockwise about the origin."""
        radians = math.radians(angle_deg)
        cos, sin = math.cos(radians), math.sin(radians)
        return cls((cos, -sin, 0, sin, cos, 0, 0, 0, 1))

    def apply(self, point: Point) -> Point:
        """The point in the other frame."""
        (there,) = self.apply_all((point,))
        return there

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The points in the other frame."""
        a, b, c, d, e, f, g, h, i = self.matrix
        there = []
        for x, y in points:
            w = g * x + h * y + i
            there.append(Point((a * x + b * y + c) / w, (d * x + e * y + f) / w))
        return there

    def then(self, after: Transform) -> Transform:
        """One map that does this and then `after`."""
        m, n = after.matrix, self.matrix
        rows = (m[0:3], m[3:6], m[6:9])
        columns = (n[0::3], n[1::3], n[2::3])
        cells = [sum(p * q for p, q in zip(r, c, strict=True)) for r in rows for c in columns]
        return Transform(tuple(cells))  # type: ignore[arg-type]  # nine cells, by construction

    def inverse(self) -> Transform:
        """The way back.

        Raises:
            ValueError: the map squashes the plane onto a line.
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
    """Each column moved up or down: point (x, y) goes to (x, y + shift(x, y)).

    `shifts_px` is a grid of rows over an area of `width_px` × `height_px`, its corners on the
    area's corners; between them the shift is bilinear, outside it is that of the nearest edge.
    """

    width_px: int
    height_px: int
    shifts_px: tuple[tuple[float, ...], ...]
    backwards: bool = False

    def apply(self, point: Point) -> Point:
        """The point in the other frame."""
        x, y = point
        if not self.backwards:
            return Point(x, y + self.shift_at(x, y))
        level = y
        for _ in range(20):  # the slope in y is far below 1, so this closes in quickly
            level = y - self.shift_at(x, level)
        return Point(x, level)

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The points in the other frame."""
        return map(self.apply, points)

    def inverse(self) -> VerticalDisplacement:
        """The way back."""
        return VerticalDisplacement(
            self.width_px, self.height_px, self.shifts_px, not self.backwards
        )

    def shift_at(self, x: float, y: float) -> float:
        """The shift of a point in pixels, downwards."""
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
    """Points outside of a box move to its edge, where no way leads back from; the others stay."""

    box: Box

    def apply(self, point: Point) -> Point:
        """The point in the box."""
        left, top, right, bottom = self.box.left, self.box.top, self.box.right, self.box.bottom
        return Point(min(max(point.x, left), right), min(max(point.y, top), bottom))

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The points in the box."""
        return map(self.apply, points)

    def inverse(self) -> Clamp:
        """The same: what is inside stays."""
        return self


@dataclass(frozen=True, slots=True)
class TransformChain:
    """A chain of maps, applied in order."""

    maps: tuple[Transform | VerticalDisplacement, ...] = ()

    def apply(self, point: Point) -> Point:
        """The point at the end of the chain."""
        (there,) = self.apply_all((point,))
        return there

    def apply_all(self, points: Iterable[Point]) -> Iterable[Point]:
        """The points at the end of the chain."""
        for step in self.maps:
            points = step.apply_all(points)
        return points

    def inverse(self) -> TransformChain:
        """The way back."""
        return TransformChain(tuple(step.inverse() for step in reversed(self.maps)))

    def after(self, first: Transform | VerticalDisplacement) -> TransformChain:
        """The chain that begins with `first`; neighbouring matrices become one."""
        if self.maps and isinstance(first, Transform) and isinstance(self.maps[0], Transform):
            return TransformChain((first.then(self.maps[0]), *self.maps[1:]))
        return TransformChain((first, *self.maps))
