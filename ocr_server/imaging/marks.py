"""Marks over the text: part watermarks, stamps, pens and squared paper from the ink they cross.

A mark is paler than the print, or has a colour: then it is pale in its lightest channel. Between
the grey levels of print and mark is a gap in the histogram, in which nothing lies but the edges of
letters. What crosses letters on the other side of that gap is a mark; pale text is not, as it
crosses nothing. Where print and mark are both coloured, and as dark as each other, their inks are
parted by colour deconvolution (Ruifrok and Johnston, 2001), which leaves the print alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

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
_LEAST_SHARE_OF_INK = 0.1  # where the mark has an ink of its own
_MOST_PIECES = 15_000  # more are the texture of a photograph
# The level of a mark is that of its darker parts, as its edges are paler; what is nearly as pale
# becomes white.
_LEVEL_PERCENT, _WHITE_FROM = 30, 0.92

# Inks: directions of optical density in red, green and blue. Two inks are so many degrees apart at
# least, and the pixels of each at most so many on average from its direction; the rarer one has so
# much of what is inked.
_LEAST_APART_DEG, _MOST_SPREAD_DEG, _LEAST_RARE = 20.0, 6.0, 0.04
_LEAST_DENSITY = 0.25  # paler pixels have no clear direction
_MOST_SAMPLES = 5000
_COLOURED = 0.45  # of the paper's level in the lightest channel; darker print is black or grey


class _Levels(NamedTuple):
    """Luminance and lightest channel of a page, and the levels of its paper in both."""

    grey: Pixels
    lightest: Pixels
    paper: float
    lightest_paper: float
    are_of_print: bool = False  # whether the lightest channel has the print's ink alone


_Measure: TypeAlias = Callable[[Canvas, _Levels], _Levels | None]


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
    found = "no other level than that of the print"
    levels = _levels(canvas)
    for measure in _measures(canvas, levels):
        full = measure(canvas, levels)
        if full is None or (limit := find_gap(full)) is None:
            continue
        ground = _find_marks(canvas, full, measure, limit=limit, unit=unit)
        if ground is not None:
            return _wiped(grey, full, ground)
        found = "nothing crosses the letters"
    return OperationResult(grey, found)


def _wiped(grey: Canvas, full: _Levels, ground: Pixels) -> OperationResult:
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
    Of inks that were parted it is the level of the palest print.
    """
    if levels.are_of_print:
        return _INKED * levels.lightest_paper
    rows = _bands(levels.grey)
    lightest = levels.lightest[rows]
    counted = _darkest_inked(levels, rows).astype(np.uint8)
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


def _darkest_inked(levels: _Levels, rows: NDArray[np.intp] | slice) -> NDArray[np.bool_]:
    """The inked pixels that are the darkest of their neighbourhood, in some of the rows."""
    grey = levels.grey[rows]
    darkest = cv2.erode(grey, np.ones((3, 3), np.uint8))
    return np.asarray((grey == darkest) & (grey < _INKED * levels.paper))


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


def _measures(canvas: Canvas, levels: _Levels) -> list[_Measure]:
    """How the levels of print are told from those of marks, by inks first if print is coloured."""
    if not canvas.is_colour:
        return [_as_they_are]
    inked = levels.lightest[_darkest_inked(levels, slice(None))]
    is_coloured = inked.size and np.percentile(inked, 10) > _COLOURED * levels.lightest_paper
    return [_levels_of_print, _as_they_are] if is_coloured else [_as_they_are, _levels_of_print]


def _as_they_are(_canvas: Canvas, levels: _Levels) -> _Levels:
    return levels


def _levels_of_print(canvas: Canvas, levels: _Levels) -> _Levels | None:
    """The levels of a page without its second ink; None if it has no two inks of clear colours.

    The lightest channel is what the print's ink alone would leave of the paper.
    """
    channels = [np.ascontiguousarray(canvas.pixels[..., channel]) for channel in range(3)]
    papers = [max(1, paper_level(channel)) for channel in channels]
    density = np.log(np.array(papers)[:, None] / np.maximum(1, np.arange(256))).clip(0)
    inks = _two_inks(levels, canvas.pixels, density)
    if inks is None:
        return None
    weights = np.linalg.pinv(np.stack(inks, axis=1))[0] * np.linalg.norm(inks[0]) / np.sqrt(3)
    alone = np.empty_like(levels.grey)
    for rows in _rows_of(alone):
        amount = sum(
            (weight * of_level)[channel[rows]]
            for weight, of_level, channel in zip(weights, density, channels, strict=True)
        )
        alone[rows] = 255 * np.exp(-np.maximum(amount, 0))
    return _Levels(levels.grey, alone, levels.paper, 255.0, are_of_print=True)


def _two_inks(
    levels: _Levels, pixels: Pixels, density: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Directions of the densities of the print's ink and of a rarer one, vectors of length 1.

    `density` has the optical density for each channel and level, shape (3, 256).
    """
    counted = _darkest_inked(levels, slice(None))
    places = np.flatnonzero(counted)[:: max(1, np.count_nonzero(counted) // _MOST_SAMPLES)]
    found = density[np.arange(3), pixels.reshape(-1, 3)[places]]
    lengths = np.linalg.norm(found, axis=1)
    directions = (found / lengths[:, None].clip(_LEAST_DENSITY))[lengths > _LEAST_DENSITY]
    if len(directions) < _FEWEST_INKED:
        return None
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 1e-3)
    seed = np.zeros((len(directions), 1), np.int32)
    seed[np.argsort(directions[:, 0] - directions[:, 2])[len(seed) // 2 :]] = 1
    _, labels, inks = cv2.kmeans(
        directions.astype(np.float32), 2, seed, until, 1, cv2.KMEANS_USE_INITIAL_LABELS
    )
    inks = np.asarray(inks / np.linalg.norm(inks, axis=1)[:, None], float)
    share = np.bincount(labels.ravel(), minlength=2) / len(labels)
    cosines = np.sum(directions * inks[labels.ravel()], axis=1).clip(-1, 1)
    spread = np.bincount(labels.ravel(), np.degrees(np.arccos(cosines))) / (share * len(labels))
    apart = np.degrees(np.arccos(np.clip(inks[0] @ inks[1], -1, 1)))
    if share.min() < _LEAST_RARE or apart < _LEAST_APART_DEG or spread.max() > _MOST_SPREAD_DEG:
        return None
    first = int(share.argmax())
    axis = directions @ (inks[1 - first] - inks[first])
    print_, mark = axis[labels.ravel() == first], axis[labels.ravel() != first]
    # Where inks lie over each other, directions lie between: the outer half of each is its own.
    return (
        _mean_direction(directions[axis <= np.median(print_)]),
        _mean_direction(directions[axis >= np.median(mark)]),
    )


def _mean_direction(directions: NDArray[np.float64]) -> NDArray[np.float64]:
    mean = directions.mean(axis=0)
    return np.asarray(mean / np.linalg.norm(mean))


def _find_marks(
    canvas: Canvas, full: _Levels, measure: _Measure, *, limit: float, unit: float
) -> Pixels | None:
    """The level of each mark where it is, and 0 elsewhere; None if nothing crosses letters.

    Large letters are looked at on a smaller copy of the canvas.
    """
    ratio = max(1.0, unit / _LEAST_X_HEIGHT_PX)
    if full.grey.size < _LARGE_PIXELS:
        ratio = int(ratio)
    if ratio == 1:
        return _marks_of(full, limit=limit, unit=unit)
    smaller = canvas.scaled(1 / ratio)
    copy = measure(smaller, _levels(smaller))
    on_copy = find_gap(copy) if copy else None  # thin strokes are paler on the copy
    if copy is None or on_copy is None:
        return None
    ground = _marks_of(copy, limit=on_copy, unit=unit / ratio)
    if ground is None:
        return None
    size = (canvas.width_px, canvas.height_px)
    return cv2.resize(ground, size, interpolation=cv2.INTER_NEAREST).astype(np.uint8)


def _marks_of(levels: _Levels, *, limit: float, unit: float) -> Pixels | None:
    """As `_find_marks`, on the levels as they are."""
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
    least_share = _LEAST_SHARE_OF_INK if levels.are_of_print else _LEAST_SHARE
    likely = (
        (pieces.stats[:, 2:4].max(axis=1) >= _MARK_LENGTH * unit)
        & (pale_area >= _MARK_AREA * unit)
        & (pale_area >= np.where(is_large, least_share, 1) * dark_area)
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
