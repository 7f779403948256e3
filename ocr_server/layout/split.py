"""Cut a page at empty rows or columns into parts to be read at the same time, and join them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import combinations, pairwise
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
# An empty row that is lower than so many x-heights is no cut where columns stand beside each other:
# their lines may be level by chance. Each has at least so many of the letters.
_SURE_ROW, _LEAST_COLUMN = 1.0, 0.1
_LEAST_SHARE = 0.2  # of the letters on each side; with fewer no time is saved


# Columns under a heading or over a footer: their least share of the letters, and how many of the
# highest empty rows are tried as their ends.
_LEAST_BAND, _ENDS = 0.6, 8

_PITCH = 3.0  # from line to line, in x-heights


class Cutting(NamedTuple):
    """When a page is cut: least number of glyphs, and least height of an empty row in x-heights."""

    fewest_glyphs: int
    least_row: float


# Fewer letters are read in half a second, which does not pay for starting the engine twice.
PAGES = Cutting(fewest_glyphs=400, least_row=0.5)


def cut_parts(
    statistics: ImageStatistics,
    *,
    x_height_px: float,
    most: int = 2,
    is_table: bool = False,
    cutting: Cutting = PAGES,
) -> tuple[Box, ...]:
    """The page as one box or as several in reading order, in pixels of the canvas.

    The part with most letters is cut until there are `most`: in a gutter between columns, else in
    the highest empty row near its middle, but not across columns, as that would break the reading
    order. A table is cut only in rows, and only once. Columns between a heading and a footer are
    cut from both, which may give two parts more.
    """
    whole, ink, glyphs = statistics.canvas.box, statistics.ink, statistics.glyphs
    if not x_height_px:
        return (whole,)
    middles = np.stack((glyphs[:, 0] + glyphs[:, 2] / 2, glyphs[:, 1] + glyphs[:, 3] / 2), axis=1)
    page = _Page(ink, middles, x_height_px / statistics.ratio, cutting, is_table)
    height, width = ink.shape
    parts = [Box(0, 0, width, height)]
    if is_table:  # in four parts F1 of a table fell from .80 to .76, as rows belong together
        most = min(most, 2)
    while len(parts) < most:
        largest = max(parts, key=page.letters)
        cut = page.cut(largest) if page.letters(largest) >= cutting.fewest_glyphs else ()
        if not cut:
            break
        at = parts.index(largest)
        parts[at : at + 1] = cut
    ratio = statistics.ratio
    return tuple(
        Box(
            round(part.left * ratio),
            round(part.top * ratio),
            whole.right if part.right == width else round(part.right * ratio),
            whole.bottom if part.bottom == height else round(part.bottom * ratio),
        )
        for part in parts
    )


class _White(NamedTuple):
    """An empty row or column, by its middle and its width in pixels."""

    middle: float
    width: int


@dataclass(frozen=True, slots=True)
class _Page:
    """What a page is cut by, in pixels of `ink`; `unit` is the x-height."""

    ink: Pixels
    middles: NDArray[np.float64]
    unit: float
    cutting: Cutting
    is_table: bool

    def letters(self, part: Box) -> int:
        """Number of letters in a part."""
        return len(self._inside(part))

    def cut(self, part: Box) -> tuple[Box, ...]:
        """The part cut in two, or in up to four if columns stand under a heading; none if whole."""
        columns = () if self.is_table else self._columns(part) or self._band(part)
        return columns or self._rows(part)

    def _inside(self, part: Box) -> NDArray[np.float64]:
        x, y = self.middles.T
        inside = (x >= part.left) & (x < part.right) & (y >= part.top) & (y < part.bottom)
        middles: NDArray[np.float64] = self.middles[inside]
        return middles

    def _ink(self, part: Box) -> Pixels:
        return self.ink[int(part.top) : int(part.bottom), int(part.left) : int(part.right)]

    def _columns(self, part: Box) -> tuple[Box, ...]:
        gutter = _gutter(self._ink(part), self.unit)
        if gutter is None:
            return ()
        x = part.left + round(gutter.middle)
        if not _is_even(self._inside(part)[:, 0], x):
            return ()
        return replace(part, right=x), replace(part, left=x)

    def _rows(self, part: Box) -> tuple[Box, ...]:
        row = _white_row(self._ink(part), least=self.cutting.least_row * self.unit)
        if row is None:
            return ()
        y = part.top + round(row.middle)
        halves = replace(part, bottom=y), replace(part, top=y)
        if not _is_even(self._inside(part)[:, 1], y):
            return ()
        if not self.is_table and any(self._has_gutter(half, row.width) for half in halves):
            return ()
        return halves

    def _has_gutter(self, part: Box, row_px: int) -> bool:
        """Whether columns may stand beside each other above or below an empty row."""
        ink = self._ink(part)
        if row_px >= _SURE_ROW * self.unit:
            return _gutter(ink, self.unit) is not None
        x = self._inside(part)[:, 0] - part.left
        return any(
            end - start >= _LEAST_GUTTER * self.unit
            and _LEAST_COLUMN < float(np.mean(x < start)) < 1 - _LEAST_COLUMN
            for start, end in run_lengths(_is_white(ink, axis=0))
        )

    def _band(self, part: Box) -> tuple[Box, ...]:
        """Heading, left column, right column and footer, as far as they are there."""
        white = _is_white(self._ink(part), axis=1)
        least = self.cutting.least_row * self.unit
        runs = [(end - start, start, end) for start, end in run_lengths(white)]
        highest = sorted((run for run in runs if run[0] >= least), reverse=True)[:_ENDS]
        ends = sorted({0, len(white), *((start + end) // 2 for _, start, end in highest)})
        total = self.letters(part)
        best: tuple[Box, ...] = ()
        most = _LEAST_BAND * total
        for upper, lower in combinations(ends, 2):
            band = replace(part, top=part.top + upper, bottom=part.top + lower)
            letters = self.letters(band)
            if letters > most and (columns := self._columns(band)):
                most = letters
                around = (replace(part, bottom=band.top), replace(part, top=band.bottom))
                heading, footer = (
                    (strip,) if strip.height and self._ink(strip).any() else () for strip in around
                )
                best = (*heading, *columns, *footer)
        return best


def middle_strip(statistics: ImageStatistics, *, letters: int, x_height_px: float) -> Box | None:
    """The rows with so many letters in the middle of the text, cut where there is least ink.

    In pixels of the canvas, over its whole width; None if the page has fewer letters.
    """
    glyphs, ratio = statistics.glyphs, statistics.ratio
    if len(glyphs) < letters:
        return None
    middles = glyphs[:, 1] + glyphs[:, 3] / 2
    ink = cv2.reduce(statistics.ink, 1, cv2.REDUCE_SUM, dtype=cv2.CV_32S).ravel()
    reach = max(1, round(_PITCH / 2 * x_height_px / ratio))
    half = letters / len(glyphs) / 2
    edges = []
    for place in np.quantile(middles, (0.5 - half, 0.5 + half)).tolist():
        first = max(0, round(place) - reach)
        edges.append(first + int(np.argmin(ink[first : round(place) + reach + 1])))
    top, bottom = (round(edge * ratio) for edge in edges)
    return replace(statistics.canvas.box, top=top, bottom=bottom) if top < bottom else None


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


def _gutter(ink: Pixels, unit: float) -> _White | None:
    """The widest empty column near the middle of the page, if it is a gutter.

    In pixels of `ink`, as is the x-height `unit`.
    """
    low, high = (round(share * ink.shape[1]) for share in _GUTTER_BETWEEN)
    return _widest(_is_white(ink, axis=0), low, high, least=_LEAST_GUTTER * unit)


def _white_row(ink: Pixels, *, least: float) -> _White | None:
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


def _widest(white: NDArray[np.bool_], low: int, high: int, *, least: float) -> _White | None:
    """The widest empty run between two positions; None if it is narrower than `least`."""
    runs = run_lengths(white[low:high])
    width, ends = max(((end - start, start + end) for start, end in runs), default=(0, 0))
    return _White(low + ends / 2, width) if width >= least else None


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
