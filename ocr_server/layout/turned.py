"""Text on its side: heads of narrow columns, labels of axes, found by the gaps between letters.

Letters of level text stand nearer to their neighbours left and right than to those above and below;
in lines that run up or down the page it is the other way round.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box, hull
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import connected_components
from ocr_server.imaging.statistics import ImageStatistics

# All in x-heights. Letters of a line on its side are nearer to each other than figures stacked in a
# column.
_GAP, _WORD_GAP = 0.4, 1.6
_LEAST_LENGTH, _LEAST_WIDTH, _MOST_WIDTH = 2.6, 0.6, 2.6
_LEAST_WORD = 2.0  # length of a line's longest word; a figure in a column of them is lower
_SLENDER = 1.5  # length of a line divided by its width
_FREE = 0.25  # how far from a word there is nothing on its left and right
_MOST_BESIDE = 0.15  # of the word's ink
# Letters, whose longer side is that of an x-height at least, follow each other in single file, and
# nearer than lines of level text do.
_LETTER, _FEWEST_LETTERS, _MOST_STEP = 0.7, 3, 1.35
_MOST_ABREAST = 0.15  # of the letters
_ALIGNED = 0.6  # of the narrower word's width that words of one line share
_MARGIN = 0.5


def find_turned_lines(statistics: ImageStatistics) -> tuple[Box, ...]:
    """Boxes of lines that run up or down an upright page, in pixels of the canvas."""
    unit = statistics.x_height_px / statistics.ratio
    if not unit:
        return ()
    ink = statistics.ink
    length = round(_GAP * unit) | 1
    chains = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((length, 1), np.uint8))
    # A quick test first: runs of ink in one column of pixels, but for the gaps between letters.
    brush = np.ones((round(_LEAST_WORD * unit), 1), np.uint8)
    runs = cv2.morphologyEx(chains, cv2.MORPH_OPEN, brush)
    if cv2.countNonZero(runs) < _LEAST_LENGTH * unit:
        return ()
    pieces = statistics.pieces
    letters = pieces[pieces[:, 2:4].max(axis=1, initial=0) >= _LETTER * unit]
    words = connected_components(chains.astype(np.uint8, copy=False))
    width, height = words[:, 2], words[:, 3]
    words = words[
        (width >= _LEAST_WIDTH * unit) & (width <= _MOST_WIDTH * unit) & (height >= width)
    ]
    is_long = words[:, 3] >= _LEAST_WORD * unit
    if not any(
        _stands_free(box, ink, unit) and _is_single_file(box, letters, unit)
        for box in _boxes(words[is_long])
    ):
        return ()
    free = [box for box in _boxes(words) if _stands_free(box, ink, unit)]
    ratio, margin = statistics.ratio, _MARGIN * unit
    return tuple(
        Box(
            max(0, box.left - margin) * ratio, max(0, box.top - margin) * ratio,
            (box.right + margin) * ratio, (box.bottom + margin) * ratio,
        )
        for box in _lines(free, unit)
        if box.height >= max(_LEAST_LENGTH * unit, _SLENDER * box.width)
        and _is_single_file(box, letters, unit)
    )  # fmt: skip


def _boxes(words: NDArray[np.int32]) -> list[Box]:
    left, top, width, height = words[:, :4].T
    edges = np.stack([left, top, left + width, top + height], axis=1)
    return [Box(*sides) for sides in edges.tolist()]


def _stands_free(box: Box, ink: Pixels, unit: float) -> bool:
    """Whether there is next to nothing on the left and right of a word."""
    top, bottom, left, right = (int(v) for v in (box.top, box.bottom, box.left, box.right))
    reach = max(2, round(_FREE * unit))
    own = cv2.countNonZero(ink[top:bottom, left:right])
    around = cv2.countNonZero(ink[top:bottom, max(0, left - reach) : right + reach])
    return around - own <= _MOST_BESIDE * own


def _lines(words: Sequence[Box], unit: float) -> Iterator[Box]:
    """The words joined to lines, each word to those above it."""
    lines: list[Box] = []
    longest: list[float] = []
    for word in sorted(words, key=lambda box: box.top):
        for index, line in enumerate(lines):
            shared = min(line.right, word.right) - max(line.left, word.left)
            is_aligned = shared >= _ALIGNED * min(line.width, word.width)
            if is_aligned and word.top - line.bottom <= _WORD_GAP * unit:
                lines[index] = hull((*line.quad(), *word.quad()))
                longest[index] = max(longest[index], word.height)
                break
        else:
            lines.append(word)
            longest.append(word.height)
    pairs = zip(lines, longest, strict=True)
    yield from sorted(
        (line for line, height in pairs if height >= _LEAST_WORD * unit), key=lambda box: box.left
    )


def _is_single_file(box: Box, letters: NDArray[np.int32], unit: float) -> bool:
    """Whether the letters in the box stand one above the other, as near as those of a line."""
    left, top, width, height = letters[:, :4].T
    x, y = left + width / 2, top + height / 2
    inside = (x >= box.left) & (x <= box.right) & (y >= box.top) & (y <= box.bottom)
    if np.count_nonzero(inside) < _FEWEST_LETTERS:
        return False
    left, top, right, bottom = (edge[inside] for edge in (left, top, left + width, top + height))
    order = np.argsort(top + bottom)
    steps = np.diff((top + bottom)[order]) / 2
    lower = np.minimum(bottom[order][:-1], bottom[order][1:])
    common = lower - np.maximum(top[order][:-1], top[order][1:])
    shorter = np.minimum((bottom - top)[order][:-1], (bottom - top)[order][1:])
    apart = np.maximum(left[order][:-1], left[order][1:]) >= np.minimum(
        right[order][:-1], right[order][1:]
    )
    abreast = float(np.mean((common > 0.5 * shorter) & apart))
    return abreast <= _MOST_ABREAST and float(np.median(steps)) <= _MOST_STEP * unit
