"""Numbers of lines at the left of court papers, poems and source code."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box
from ocr_server.imaging.glyphs import GlyphBoxes, run_lengths
from ocr_server.imaging.statistics import ImageStatistics

# In x-heights: width of the column of numbers, of the gutter beside it, and of one line.
_MOST_WIDTH, _LEAST_GUTTER, _MARGIN = 5.5, 0.8, 0.6
_FEWEST_ROWS = 5
_CROSSING = 0.02  # of the rows may cross the gutter
_MOST_SHARE = 0.3  # of all glyphs that are numbers
_UNEVEN = 0.25  # of the distance of two rows
_STEPS = (1, 5, 10)  # some papers number each fifth line
_LEAST_RIGHT = 0.6  # of the numbers that follow each other


class NumberColumn(NamedTuple):
    """The column's box, and a box for each of its rows from the top, in pixels of the canvas."""

    box: Box
    rows: tuple[Box, ...]


def find_number_column(statistics: ImageStatistics) -> NumberColumn | None:
    """A narrow column at the left of all text that may have numbers of lines; None without one."""
    unit, ratio = statistics.x_height_px / statistics.ratio, statistics.ratio
    glyphs = statistics.glyphs
    if not unit or len(glyphs) < 4 * _FEWEST_ROWS:
        return None
    glyphs = glyphs[glyphs[:, 3] > 0.6 * unit]
    gutter = _gutter(glyphs, unit)
    if gutter is None:
        return None
    column = glyphs[glyphs[:, 0] + glyphs[:, 2] <= gutter]
    if not len(column) or len(column) > _MOST_SHARE * len(glyphs):
        return None
    rows = _rows(column, unit)
    if len(rows) < _FEWEST_ROWS or not _are_even(rows):
        return None
    margin = _MARGIN * unit
    left = max(0.0, min(row.left for row in rows) - margin)
    boxes = tuple(
        Box(
            left * ratio,
            max(0, row.top - margin) * ratio,
            gutter * ratio,
            (row.bottom + margin) * ratio,
        )
        for row in rows
    )
    return NumberColumn(Box(boxes[0].left, boxes[0].top, boxes[0].right, boxes[-1].bottom), boxes)


def follow_each_other(read: Sequence[int | None], rows: Sequence[Box]) -> tuple[int, ...] | None:
    """The number of each row, if most of those that were read count on; None if they do not."""
    tops = np.array([row.top for row in rows])
    pitch = float(np.median(np.diff(tops)))
    for places in (np.arange(len(rows)), np.round((tops - tops[0]) / pitch).astype(int)):
        for step in _STEPS:
            numbers = step * places
            starts = Counter(
                number - int(place)
                for number, place in zip(read, numbers, strict=True)
                if number is not None
            )
            start, count = max(starts.items(), key=lambda item: item[1], default=(0, 0))
            if count >= _LEAST_RIGHT * len(rows) and start >= 0:
                return tuple(int(place) + start for place in numbers)
    return None


def _gutter(glyphs: GlyphBoxes, unit: float) -> float | None:
    """The middle of the first gutter, right of a column as narrow as numbers are."""
    lefts = np.sort(glyphs[:, 0])
    first = int(lefts[min(len(lefts) - 1, 2)])
    length = int((_MOST_WIDTH + _LEAST_GUTTER) * unit) + 2
    covered = np.zeros(length + 1)
    starts = np.clip(glyphs[:, 0] - first, 0, length)
    ends = np.clip(glyphs[:, 0] + glyphs[:, 2] - first, 0, length)
    np.add.at(covered, starts, 1)
    np.add.at(covered, ends, -1)
    most = max(1, int(_CROSSING * len(glyphs) / 20))
    empty = np.cumsum(covered)[:length] <= most
    for start, end in run_lengths(empty):
        if start > 0 and end - start >= _LEAST_GUTTER * unit:
            return first + (start + end) / 2
    return None


def _rows(column: GlyphBoxes, unit: float) -> list[Box]:
    rows: list[Box] = []
    for left, top, width, height in column[np.argsort(column[:, 1])].tolist():
        if rows and top < rows[-1].bottom - 0.3 * unit:
            last = rows[-1]
            rows[-1] = Box(
                min(left, last.left), last.top,
                max(left + width, last.right), max(top + height, last.bottom),
            )  # fmt: skip
        else:
            rows.append(Box(left, top, left + width, top + height))
    return rows


def _are_even(rows: Sequence[Box]) -> bool:
    """Whether most distances of rows are multiples of the usual one."""
    steps = np.array([lower.bottom - upper.bottom for upper, lower in pairwise(rows)])
    pitch = float(np.median(steps))
    off: NDArray[np.float64] = np.abs(steps / pitch - np.round(steps / pitch))
    return float(np.mean(off < _UNEVEN)) >= _LEAST_RIGHT
