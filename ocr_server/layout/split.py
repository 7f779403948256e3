"""Cut a page at empty rows or columns into parts to be read at the same time, and join them."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.document.model import Line, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import run_lengths
from ocr_server.imaging.statistics import ImageStatistics

_GUTTER_BETWEEN = (0.35, 0.65)  # shares of the width
_ROW_BETWEEN = (0.3, 0.7)  # shares of the height from the first row of ink to the last
_LEAST_GUTTER = 1.5  # x-heights; narrower blanks between words may line up by chance
_LEAST_SHARE = 0.2  # of the letters on each side; with fewer no time is saved


class Cutting(NamedTuple):
    """When a page is cut: least number of glyphs, and least height of an empty row in x-heights."""

    fewest_glyphs: int
    least_row: float


# Gaps between tightly set lines are less than an x-height. Fewer letters are read in half a second,
# which does not pay for starting the engine twice.
PAGES = Cutting(fewest_glyphs=400, least_row=1.0)


def cut_parts(
    statistics: ImageStatistics, *, x_height_px: float, cutting: Cutting = PAGES
) -> tuple[Box, ...]:
    """The page as one box or as two adjacent ones in reading order, in pixels of the canvas.

    The cut is in a gutter between columns, else in the highest empty row near the middle, but not
    across columns, as that would break the reading order.
    """
    whole, ratio = statistics.canvas.box, statistics.ratio
    ink, glyphs = statistics.ink, statistics.glyphs
    if len(glyphs) < cutting.fewest_glyphs or not x_height_px:
        return (whole,)
    unit = x_height_px / ratio
    middles = glyphs[:, 0] + glyphs[:, 2] / 2, glyphs[:, 1] + glyphs[:, 3] / 2
    gutter = _gutter(ink, unit)
    if gutter is not None and _is_even(middles[0], gutter):
        x = round(gutter * ratio)
        return replace(whole, right=x), replace(whole, left=x)
    row = _white_row(ink, least=cutting.least_row * unit)
    if row is None or not _is_even(middles[1], row):
        return (whole,)
    if any(_gutter(half, unit) is not None for half in (ink[: round(row)], ink[round(row) :])):
        return (whole,)
    y = round(row * ratio)
    return replace(whole, bottom=y), replace(whole, top=y)


def join_parts(parts: tuple[tuple[Zone, ...], ...]) -> tuple[Zone, ...]:
    """The zones of all parts in order; a text zone that was cut in two is joined again."""
    joined: list[Zone] = []
    for zones in parts:
        if joined and zones and _is_continued(joined[-1], zones[0]):
            joined[-1] = _join(joined[-1], zones[0])
            joined += zones[1:]
        else:
            joined += zones
    return tuple(joined)


def _gutter(ink: Pixels, unit: float) -> float | None:
    """The middle of the widest empty column near the middle of the page, if it is a gutter.

    In pixels of `ink`, as is the x-height `unit`.
    """
    low, high = (round(share * ink.shape[1]) for share in _GUTTER_BETWEEN)
    return _widest(_is_white(ink, axis=0), low, high, least=_LEAST_GUTTER * unit)


def _white_row(ink: Pixels, *, least: float) -> float | None:
    white = _is_white(ink, axis=1)
    filled = np.flatnonzero(~white)
    if not len(filled):
        return None
    top, bottom = int(filled[0]), int(filled[-1])
    low, high = (top + round(share * (bottom - top)) for share in _ROW_BETWEEN)
    return _widest(white, low, high, least=least)


def _is_white(ink: Pixels, *, axis: int) -> NDArray[np.bool_]:
    """Which columns (axis 0) or rows (axis 1) are empty except for at most 0.2 % specks."""
    specks = max(1, ink.shape[axis] // 500)
    sums = cv2.reduce(ink, axis, cv2.REDUCE_SUM, dtype=cv2.CV_32S)
    return np.asarray(sums.ravel() <= 255 * specks)


def _widest(white: NDArray[np.bool_], low: int, high: int, *, least: float) -> float | None:
    """The middle of the widest empty run between two positions; None if it is below `least`."""
    runs = run_lengths(white[low:high])
    width, ends = max(((end - start, start + end) for start, end in runs), default=(0, 0))
    return low + ends / 2 if width >= least else None


def _is_even(middles: NDArray[np.float64], cut: float) -> bool:
    share = float(np.mean(middles < cut))
    return _LEAST_SHARE <= share <= 1 - _LEAST_SHARE


def _is_continued(upper: Zone, lower: Zone) -> bool:
    """Whether the first line of `lower` follows the last of `upper` at the usual distance."""
    if upper.kind is not ZoneKind.TEXT or lower.kind is not ZoneKind.TEXT:
        return False
    common = min(upper.box.right, lower.box.right) - max(upper.box.left, lower.box.left)
    if common < 0.8 * min(upper.box.width, lower.box.width):
        return False
    last, first = upper.lines[-1].box, lower.lines[0].box
    pitch = _pitch((*upper.lines, *lower.lines))
    return 0 < first.top - last.top <= 1.3 * pitch  # the usual distance, or little more


def _pitch(lines: tuple[Line, ...]) -> float:
    """Median distance between the upper edges of successive lines; 0 if there is none."""
    steps = [b.box.top - a.box.top for a, b in pairwise(lines)]
    down = [step for step in steps if step > 0]
    return float(np.median(down)) if down else 0.0


def _join(upper: Zone, lower: Zone) -> Zone:
    """One zone of both; the last paragraph of `upper` continues in `lower`."""
    last = upper.lines[-1].paragraph
    lines = tuple(replace(line, paragraph=line.paragraph + last) for line in lower.lines)
    quad = hull_of((upper, lower)).quad()
    return replace(upper, quad=quad, lines=(*upper.lines, *lines))
