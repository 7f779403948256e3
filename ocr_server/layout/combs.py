"""Combs: rows of boxes on forms for one letter each, found by their equal upright strokes."""

from __future__ import annotations

from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import connected_components, run_lengths
from ocr_server.imaging.statistics import ImageStatistics

# In pixels of the copy. A stroke between two boxes is upright and thin, and ends where its
# neighbours end.
_LEAST_STROKE_PX, _MOST_STROKE_PX, _MOST_THICK = 10, 120, 0.2
_LEAST_RULE_PX = 14
_SAME_END_PX, _SAME_HEIGHT = 3, 0.25  # difference; share of the height
_FEWEST_CELLS = 5
_UNEVEN = 0.15  # of a box's width
_WIDTHS = (0.45, 5.0)  # of a box, in heights of its strokes; a comb has short teeth
_MOST_GAP = 0.5  # between boxes, of their width
_RULED, _RULE_PX = 0.95, 2  # of a box's lower side that is inked; reach above and below it
_HIGH = 1.25  # height of an open box, in widths


class _Stroke(NamedTuple):
    x: float
    top: int
    bottom: int

    @property
    def height(self) -> int:
        return self.bottom - self.top


def find_combs(statistics: ImageStatistics) -> tuple[tuple[Box, ...], ...]:
    """For each comb its cells from left to right, in pixels of the canvas; strokes lie outside."""
    ink, ratio = statistics.ink, statistics.ratio
    strokes = _strokes(ink)
    if len(strokes) <= _FEWEST_CELLS:
        return ()
    combs = []
    for chain in _chains(strokes):
        cells = _cells(chain, ink)
        if len(cells) >= _FEWEST_CELLS:
            combs.append(
                tuple(
                    Box(box.left * ratio, box.top * ratio, box.right * ratio, box.bottom * ratio)
                    for box in cells
                )
            )
    return tuple(sorted(combs, key=lambda cells: cells[0].top))


def _strokes(ink: Pixels) -> list[_Stroke]:
    """Upright strokes that stand on a level one, from left to right."""
    upright = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((_LEAST_STROKE_PX, 1), np.uint8))
    level = cv2.morphologyEx(ink, cv2.MORPH_OPEN, np.ones((1, _LEAST_RULE_PX), np.uint8))
    if not level.any():
        return []
    near = cv2.dilate(level, np.ones((2 * _SAME_END_PX + 1,) * 2, np.uint8))
    boxes = connected_components(upright.astype(np.uint8, copy=False))
    left, top, width, height, _ = boxes.T
    x = left + width // 2
    stands = near[np.minimum(top + height - 1, len(near) - 1), x] > 0
    kept = stands & (height <= _MOST_STROKE_PX) & (width <= np.maximum(4, _MOST_THICK * height))
    found = zip(left[kept] + width[kept] / 2, top[kept], (top + height)[kept], strict=True)
    return sorted(_Stroke(float(x), int(upper), int(lower)) for x, upper, lower in found)


def _chains(strokes: list[_Stroke]) -> list[list[_Stroke]]:
    """Strokes of equal height side by side, each with the next on its right."""
    chains: list[list[_Stroke]] = []
    for stroke in strokes:
        for chain in chains:
            last = chain[-1]
            is_level = abs(last.bottom - stroke.bottom) <= _SAME_END_PX
            is_alike = abs(last.height - stroke.height) <= _SAME_HEIGHT * last.height
            if is_level and is_alike and 2 < stroke.x - last.x <= _WIDTHS[1] * last.height:
                chain.append(stroke)
                break
        else:
            chains.append([stroke])
    return [chain for chain in chains if len(chain) > _FEWEST_CELLS]


def _cells(chain: list[_Stroke], ink: Pixels) -> list[Box]:
    """The equal boxes between the strokes of a chain; empty if they are not equal."""
    steps = np.diff([stroke.x for stroke in chain])
    for first, every in ((0, 1), (0, 2), (1, 2)):
        widths = steps[first::every]
        width = float(np.median(widths)) if len(widths) else 0.0
        height = float(np.median([stroke.height for stroke in chain]))
        gaps = steps[1 - first :: 2] if every == 2 else np.zeros(0)
        if not _WIDTHS[0] * height <= width <= _WIDTHS[1] * height:
            continue
        if len(gaps) and float(np.median(gaps)) > _MOST_GAP * width:
            continue
        pairs = list(pairwise(chain))[first::every]
        even = np.abs(widths - width) <= max(2.0, _UNEVEN * width)
        start, end = max(run_lengths(even), key=lambda run: run[1] - run[0], default=(0, 0))
        cells = [_cell(left, right, width, ink) for left, right in pairs[start:end]]
        if len(cells) >= _FEWEST_CELLS and all(_is_ruled(cell, ink) for cell in cells):
            return cells
    return []


def _cell(left: _Stroke, right: _Stroke, width: float, ink: Pixels) -> Box:
    """The box between two strokes, as high as they are; above a comb's teeth as letters may be."""
    bottom = min(left.bottom, right.bottom)
    top = min(left.top, right.top)
    closed = Box(left.x, top, right.x, bottom)
    if not _is_ruled(closed, ink, at_top=True):
        top = max(0, min(top, round(bottom - _HIGH * width)))
    return Box(left.x, top, right.x, bottom)


def _is_ruled(cell: Box, ink: Pixels, *, at_top: bool = False) -> bool:
    """Whether ink runs along the lower, or upper, side of a cell."""
    y = int(cell.top if at_top else cell.bottom)
    reach = slice(max(0, y - _RULE_PX - 1), y + _RULE_PX)
    rows: NDArray[np.uint8] = ink[reach, int(cell.left) : int(cell.right) + 1]
    return bool(rows.size) and float((rows.max(axis=0) > 0).mean()) >= _RULED
