"""Find ruling lines, tell whether they form a grid, and wipe them out."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.glyphs import connected_components, find_ink, measure_x_height, shrink

_LEAST_LENGTH = 5.0  # x-heights; straight strokes of letters are shorter
_MOST_THICKNESS = 0.35  # x-heights; thicker ones are bars and pictures
_MOST_LEANING = 0.14  # of the least length: higher parts are bars and underlined words
_MANY = 200  # more than any table has; so many are a texture
_UNKNOWN_X_HEIGHT_PX = 20.0  # assumed if it cannot be measured: print at 300 dpi


class RulingLines(NamedTuple):
    """The ruling lines of a canvas.

    `horizontal` and `vertical` are masks of the canvas, 255 on a rule;
    `crossings` is the number of places where rules of both directions meet.
    """

    horizontal: Pixels
    vertical: Pixels
    horizontal_count: int
    vertical_count: int
    crossings: int

    @property
    def total(self) -> int:
        """Number of rules of both directions."""
        return self.horizontal_count + self.vertical_count

    @property
    def summary(self) -> str:
        """Phrase with the numbers of horizontal and vertical rules."""
        return f"{self.horizontal_count} level and {self.vertical_count} upright rules"

    @property
    def is_grid(self) -> bool:
        """Whether the rules cross as in a table, so that they may be wiped out.

        Rules between columns do not cross. They help layout analysis: without them, the error rate
        of a page with columns was five times as high.
        """
        few = 3 <= self.horizontal_count < _MANY and 3 <= self.vertical_count < _MANY
        return few and self.crossings >= 9

    @property
    def mask(self) -> Pixels:
        """Mask of the rules of both directions, 255 on a rule."""
        return cv2.bitwise_or(self.horizontal, self.vertical).astype(np.uint8, copy=False)


def find_ruling_lines(grey: Pixels, *, x_height_px: float) -> RulingLines:
    """Find straight, long, thin lines, horizontal or vertical within a degree or so."""
    ink = find_ink(grey, ratio=0.8)  # rules are darker than faint print
    length = int(max(30, _LEAST_LENGTH * x_height_px))
    thickness = max(3, int(_MOST_THICKNESS * x_height_px)) + 1
    horizontal = _thin(_opened(ink, length, 1), 1, thickness)
    vertical = _thin(_opened(ink, 1, length), thickness, 1)
    counts = [_count_long(mask, length) for mask in (horizontal, vertical)]
    crossings = 0
    if min(counts):
        near = np.ones((7, 7), np.uint8)  # for rules that end a few pixels before each other
        both = cv2.bitwise_and(cv2.dilate(horizontal, near), cv2.dilate(vertical, near))
        crossings = len(connected_components(both.astype(np.uint8, copy=False)))
    return RulingLines(horizontal, vertical, counts[0], counts[1], crossings)


def find_level_rules(grey: Pixels, *, least_px: float) -> tuple[Box, ...]:
    """The boxes of level rules of at least that length; they may lean a little.

    `least_px` is about six times the height of a word.
    """
    ink = find_ink(grey, ratio=0.8)
    half = max(3, int(least_px / 2))
    closed = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((3, max(3, half // 4)), np.uint8))
    opened = _opened(closed.astype(np.uint8, copy=False), half, 1)
    joined = cv2.dilate(opened, np.ones((3, max(3, half // 2)), np.uint8))
    return tuple(
        Box(float(left), float(top), float(left + width), float(top + height))
        for left, top, width, height, _ in connected_components(joined.astype(np.uint8, copy=False))
        if width >= least_px and height < _MOST_LEANING * least_px
    )


def may_have_ruling_lines(grey: Pixels) -> bool:
    """Whether a small copy has dark runs longer than letters in both directions; a quick test."""
    small, _ = shrink(grey, 1200)
    ink = find_ink(small, ratio=0.9)  # thin rules are pale on a small copy
    length = max(30, max(small.shape) // 30)
    return all(_count_long(_opened(ink, *size), length) >= 3 for size in ((length, 1), (1, length)))


def without_rules(ink: Pixels, length: int) -> Pixels:
    """The mask of ink without straight strokes, level or upright, of at least that length."""
    rest = ink
    for size in ((length, 1), (1, length)):
        rest = cv2.subtract(rest, _opened(ink, *size)).astype(np.uint8, copy=False)
    return rest


def wipe(canvas: Canvas, mask: Pixels) -> Canvas:
    """Paint over everything that `mask` covers (above 0) with the colour of the paper around it."""
    grey = canvas.grey()
    covered = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
    quarter = (max(1, grey.width_px // 4), max(1, grey.height_px // 4))
    paper = cv2.medianBlur(cv2.resize(grey.pixels, quarter, interpolation=cv2.INTER_AREA), 15)
    paper = cv2.resize(paper, (grey.width_px, grey.height_px))
    pixels = grey.pixels.copy()
    pixels[covered] = paper[covered]
    return grey.with_pixels(pixels)


def remove_ruling_lines(canvas: Canvas, *, least_rules: int = 1) -> OperationResult:
    """Wipe out ruling lines, if there are `least_rules` of them or more."""
    grey = canvas.grey().pixels
    found = find_ruling_lines(grey, x_height_px=measure_x_height(grey) or _UNKNOWN_X_HEIGHT_PX)
    if found.total < least_rules:
        return OperationResult(canvas, found.summary)
    return OperationResult(wipe(canvas, found.mask), found.summary, "rules wiped out")


def _opened(mask: Pixels, width: int, height: int) -> Pixels:
    brush = cv2.getStructuringElement(cv2.MORPH_RECT, (width, height))
    return cv2.morphologyEx(mask, cv2.MORPH_OPEN, brush).astype(np.uint8, copy=False)


def _thin(mask: Pixels, width: int, height: int) -> Pixels:
    """The mask without parts that are at least `width` × `height` pixels large."""
    thick = cv2.dilate(_opened(mask, width, height), np.ones((3, 3), np.uint8))
    return cv2.subtract(mask, thick).astype(np.uint8, copy=False)


def _count_long(mask: Pixels, length: int) -> int:
    return int(
        np.count_nonzero(connected_components(mask)[:, 2:4].max(axis=1, initial=0) >= length)
    )
