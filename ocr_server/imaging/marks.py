"""Marks over the text: part watermarks, stamps, pens and squared paper from the ink they cross.

A mark is paler than the print, or has a colour: then it is pale in its lightest channel. Between
the grey levels of print and mark is a gap in the histogram, in which nothing lies but the edges of
letters. What crosses letters on the other side of that gap is a mark; pale text is not, as it
crosses nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.glyphs import (
    measure_x_height,
    paper_level,
    run_lengths,
)

# Of the paper's level. Paler marks do not disturb recognition, and on the mean over a mark shade
# and grain of old paper are paler.
_INKED, _PALEST = 0.87, 0.78
_BINS, _MOST_LEVEL = 52, 1.04  # bins of the histogram of levels, and its end in shares of paper
# A gap is at least four bins (8 % of the paper's level) wide, each with less than 0.6 % of what is
# inked. On either side of it is more than stray dots.
_GAP_BINS, _EMPTY = 4, 0.006
_LEAST_DARK, _LEAST_PALE, _FEWEST_INKED = 0.03, 0.04, 200

_LEAST_X_HEIGHT_PX = 12.0  # of the copy on which marks are looked for
# A page of more is made as small as that allows: A4 at 300 dpi has fewer, photographs have more.
_LARGE_PIXELS = 10_000_000
_BAND_ROWS = 256
_MARK_LENGTH = 3.0  # x-heights; what is smaller is a letter
_MARK_AREA = 6.0  # px for each px of x-height: a thin stroke of that length
_FEWEST_CROSSED = 2  # letters
# Of the letters in a mark's box that it crosses. The grid of a table crosses none, or a few.
_LEAST_CROSSED = 0.15
# Of the area of the letters that a mark crosses, if it is higher than they are or longer than any
# word; else it is as large as they are at least. Smaller ones are parts of letters with little ink.
_LONGER_THAN_WORDS = 20.0  # x-heights
_LEAST_SHARE = 0.3
_MOST_PIECES = 15_000  # more are the texture of a photograph
# The level of a mark is that of its darker parts, as its edges are paler; what is nearly as pale
# becomes white.
_LEVEL_PERCENT, _WHITE_FROM = 30, 0.92


class _Levels(NamedTuple):
    """Luminance and lightest channel of a page, and the levels of its paper in both."""

    grey: Pixels
    lightest: Pixels
    paper: float
    lightest_paper: float


class _Pieces(NamedTuple):
    """Connected pieces of ink, numbered from 1 in `labels`; `stats` as OpenCV has them."""

    labels: NDArray[np.int32]
    stats: NDArray[np.int32]
    middles: NDArray[np.float64]

    @classmethod
    def of(cls, mask: Pixels) -> _Pieces:
        """The pieces of a mask, above 0 where there is one."""
        _, labels, stats, middles = cv2.connectedComponentsWithStats(mask, connectivity=8)
        return cls(
            np.asarray(labels, np.int32), np.asarray(stats, np.int32), np.asarray(middles, float)
        )


class _Letters(NamedTuple):
    """Letters: a place in each, of the page's pixels in one row, and the middles, shape (n, 2)."""

    places: NDArray[np.intp]
    middles: NDArray[np.float64]


def part_marks(canvas: Canvas, *, x_height_px: float = 0.0) -> OperationResult:
    """Wipe out marks that cross letters, and keep the letters.

    The result is grey; a colour canvas shows coloured marks as dark as the print, too.
    """
    grey = canvas.grey()
    unit = x_height_px or measure_x_height(grey.pixels)
    if not unit:
        return OperationResult(grey, "too few letters to measure")
    levels = full = _levels(canvas)
    limit = find_gap(full)
    ratio = max(1.0, unit / _LEAST_X_HEIGHT_PX)
    if grey.pixels.size < _LARGE_PIXELS:
        ratio = int(ratio)
    if limit is not None and ratio > 1:  # thin strokes are paler on the copy
        levels = _levels(canvas.scaled(1 / ratio))
        limit = find_gap(levels)
    if limit is None:
        return OperationResult(grey, "no other level than that of the print")
    ground = _find_marks(levels, limit=limit, unit=unit / ratio)
    if ground is None:
        return OperationResult(grey, "nothing crosses the letters")
    if ratio > 1:
        size = (grey.width_px, grey.height_px)
        ground = cv2.resize(ground, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)
    covered = ground > 0
    pixels = grey.pixels.copy()
    white = full.paper / (_WHITE_FROM * ground[covered])
    pixels[covered] = np.minimum(full.paper, full.lightest[covered] * white).astype(np.uint8)
    share = np.count_nonzero(covered) / covered.size
    found = f"marks across the letters, on {share:.0%} of the page"
    return OperationResult(grey.with_pixels(pixels), found, "marks wiped out")


def find_gap(levels: _Levels) -> float | None:
    """The level between print and marks, the middle of the widest gap; None if there is none.

    Only the darkest pixel of each neighbourhood counts, as edges of letters have all levels.
    """
    rows = _bands(levels.grey)
    grey, lightest = levels.grey[rows], levels.lightest[rows]
    darkest = cv2.erode(grey, np.ones((3, 3), np.uint8))
    counted = ((grey == darkest) & (grey < _INKED * levels.paper)).astype(np.uint8)
    end = _MOST_LEVEL * levels.lightest_paper
    counts = cv2.calcHist([lightest], [0], counted, [_BINS], [0, end]).ravel()
    total = float(counts.sum())
    if total < _FEWEST_INKED:
        return None
    below = np.concatenate([[0], np.cumsum(counts / total)])
    gaps = [
        (stop - start, start + stop)
        for start, stop in run_lengths(counts < _EMPTY * total)
        if stop - start >= _GAP_BINS
        and below[start] >= _LEAST_DARK
        and 1 - below[stop] >= _LEAST_PALE
    ]
    return max(gaps)[1] / 2 / _BINS * end if gaps else None


def _bands(grey: Pixels) -> NDArray[np.intp]:
    """The rows to count on: all of a small page, of a large one an eighth in bands of 32."""
    rows = np.arange(grey.shape[0])
    return rows if grey.size < 2_000_000 else rows[rows % 256 < 32]


def _levels(canvas: Canvas) -> _Levels:
    grey = canvas.grey().pixels
    if not canvas.is_colour:
        paper = float(paper_level(grey))
        return _Levels(grey, grey, paper, paper)
    red, green, blue = (canvas.pixels[..., channel] for channel in range(3))
    lightest = np.maximum(red, green)
    np.maximum(lightest, blue, out=lightest)
    return _Levels(grey, lightest, float(paper_level(grey)), float(paper_level(lightest)))


def _find_marks(levels: _Levels, *, limit: float, unit: float) -> Pixels | None:
    """The level of each mark where it is, and 0 elsewhere; None if nothing crosses letters."""
    inked = levels.grey < _INKED * levels.paper
    dark = (inked & (levels.lightest < limit)).astype(np.uint8)
    near = cv2.dilate(dark, np.ones((5, 5), np.uint8)) > 0  # with the rims of letters
    is_pale = inked & ~near
    letters = _letters(dark, unit=unit)
    # A mark and the letters that it crosses are one piece, into however many the letters cut it.
    pieces = _Pieces.of((is_pale | near).astype(np.uint8))
    count = len(pieces.stats)
    if count > _MOST_PIECES:
        return None
    crossed = np.bincount(pieces.labels.ravel()[letters.places], minlength=count)
    pale_area, dark_area, sums = np.zeros((3, count))
    for rows in _rows_of(dark):  # as the numbers of pieces take eight bytes where they are counted
        in_pale = pieces.labels[rows][is_pale[rows]]
        pale_area += np.bincount(in_pale, minlength=count)
        dark_area += np.bincount(pieces.labels[rows][dark[rows] > 0], minlength=count)
        sums += np.bincount(in_pale, levels.grey[rows][is_pale[rows]], minlength=count)
    luminance = sums / np.maximum(pale_area, 1)
    is_large = pieces.stats[:, 3] >= _MARK_LENGTH * unit
    is_large |= pieces.stats[:, 2] >= _LONGER_THAN_WORDS * unit
    likely = (
        (pieces.stats[:, 2:4].max(axis=1) >= _MARK_LENGTH * unit)
        & (pale_area >= _MARK_AREA * unit)
        & (pale_area >= np.where(is_large, _LEAST_SHARE, 1) * dark_area)
        & (crossed >= _FEWEST_CROSSED)
        & (luminance <= _PALEST * levels.paper)
    )
    likely[0] = False
    is_mark = np.zeros(count, bool)
    for index in np.flatnonzero(likely):
        left, top, width, height = pieces.stats[index, :4]
        inside = letters.middles >= (left, top)
        inside &= letters.middles < (left + width, top + height)
        is_mark[index] = crossed[index] >= _LEAST_CROSSED * inside.all(axis=1).sum()
    if not is_mark.any():
        return None
    ground = np.zeros(count, np.uint8)
    for index in np.flatnonzero(is_mark):
        left, top, width, height = pieces.stats[index, :4]
        area = slice(top, top + height), slice(left, left + width)
        own = is_pale[area] & (pieces.labels[area] == index)
        ground[index] = np.percentile(levels.lightest[area][own], _LEVEL_PERCENT)
    marks = np.where(is_pale, ground[pieces.labels], 0).astype(np.uint8)
    return cv2.dilate(marks, np.ones((5, 5), np.uint8)).astype(np.uint8, copy=False)


def _letters(dark: Pixels, *, unit: float) -> _Letters:
    parts = _Pieces.of(dark)
    places = np.zeros(len(parts.stats), np.intp)
    for rows in _rows_of(dark):
        inked = np.flatnonzero(dark[rows])
        places[parts.labels[rows].ravel()[inked]] = inked + rows.start * dark.shape[1]
    width, height, area = parts.stats[:, 2], parts.stats[:, 3], parts.stats[:, 4]
    is_letter = (height > 0.5 * unit) & (height < 3 * unit) & (width < 6 * unit) & (area >= 6)
    is_letter[0] = False
    return _Letters(places[is_letter], parts.middles[is_letter])


def _rows_of(pixels: Pixels) -> Iterator[slice]:
    """Bands of rows, so that what is computed of each pixel is in memory for a few only."""
    for top in range(0, len(pixels), _BAND_ROWS):
        yield slice(top, top + _BAND_ROWS)
