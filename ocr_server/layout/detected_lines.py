"""What a box may hold that a network found: a line, a turned one, or letters one above another."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from itertools import pairwise
from statistics import median_low

from ocr_server.geometry import Box, Quad, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.glyphs import find_ink, run_lengths

_SHORT, _SQUARE, _LONG = 1.5, 1.3, 3.0  # times as long as high
_MOST_TURNED_DEG = 20.0  # against the long lines of the page
_RULE = 0.25  # of the box's width; what is no higher is the rule of a fraction, or dirt
_MARGIN = 0.2  # of a letter's height above it and below


def width_px(quad: Quad) -> float:
    """How long the line in it is."""
    return max(math.dist(quad[0], quad[1]), math.dist(quad[3], quad[2]))


def height_px(quad: Quad) -> float:
    """How high the line in it is."""
    return max(math.dist(quad[0], quad[3]), math.dist(quad[1], quad[2]))


def levelled(quads: Iterable[Quad]) -> Iterator[Quad]:
    """The same boxes, those nearly square turned as the long ones are if they turn otherwise.

    The smallest box around a plus sign stands on its corner, and what is cut out by it is a cross.
    """
    found = tuple(quads)
    long = [quad.angle_deg for quad in found if is_long(quad)]
    usual_deg = median_low(long) if long else 0.0
    for quad in found:
        shorter_px, longer_px = sorted((width_px(quad), height_px(quad)))
        is_square = longer_px < _SQUARE * shorter_px
        is_turned = abs(quad.angle_deg - usual_deg) > _MOST_TURNED_DEG
        yield _turned_to(quad, usual_deg) if is_square and is_turned else quad


def is_long(quad: Quad) -> bool:
    """Whether what it holds is long enough to tell how it slants."""
    return width_px(quad) >= _LONG * height_px(quad)


def is_tall(quad: Quad) -> bool:
    """Whether what it holds runs down the page, or stands one above another."""
    return height_px(quad) >= _SHORT * width_px(quad)


def turned_upright(quad: Quad) -> tuple[Quad, Quad]:
    """The same box for a line that runs down the page, and for one that runs up, as beside charts.

    Each begins at the line's own top left.
    """
    return Quad(*quad[1:], quad[0]), Quad(quad[3], *quad[:3])


def stacked(quad: Quad, canvas: Canvas) -> Iterator[Quad]:
    """The boxes of what stands one above another in it, with white or a rule between."""
    width, height = round(width_px(quad)), round(height_px(quad))
    if not width:
        return
    strip = canvas.rectified(quad, width, height).grey().pixels
    inked = find_ink(strip, window_px=2 * width).max(axis=1) > 0
    parts = [(start, end) for start, end in run_lengths(inked) if end - start > _RULE * width]
    between_px = [(one[1] + other[0]) / 2 for one, other in pairwise(parts)]
    reaches = pairwise([0, *between_px, height])
    down, _ = turned_upright(quad)
    for (start, end), (highest, lowest) in zip(parts, reaches, strict=False):
        margin = _MARGIN * (end - start)
        top, bottom = max(highest, start - margin), min(lowest, end + margin)
        _, part = turned_upright(down.slice(top / height, bottom / height))
        yield part


def _turned_to(quad: Quad, angle_deg: float) -> Quad:
    """As large, around the same middle."""
    x, y = quad.middle
    width, height = width_px(quad), height_px(quad)
    level = Box(-width / 2, -height / 2, width / 2, height / 2).quad()
    return level.mapped(Transform.rotation(angle_deg).then(Transform.shift(x, y)))
