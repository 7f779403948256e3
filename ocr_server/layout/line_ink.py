"""Ink of the strip of a line, which tells where its words begin and end.

The network that reads a line gives only about the middle of each letter. Two words part at the
widest white gap between the letters next to each other, and a word is as high as its ink.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.glyphs import run_lengths

_LEAST_INK_PX = 2  # of a column or row; less is a speck
_LEAST_GAP_PX = 2  # of white between two words
# Ink that reaches into the strip from the lines above and below is at most so high, as a share.
_OF_OTHERS = 0.25


class WordPlace(NamedTuple):
    """Middles of a word's first and last letter, and its assumed sides, in shares of the line."""

    first: float
    last: float
    start: float
    end: float


def boxes_of_words(strip: Pixels, words: Sequence[WordPlace], *, reach: float) -> list[Box]:
    """The boxes of the words of a line, in shares of the width and height of its strip.

    The line begins and ends within `reach`, a share of its length, of the assumed sides. A side
    where there is no ink, or no white between two words, is where it was assumed.
    """
    ink = _ink_of(strip)
    height_px, width_px = ink.shape
    columns = ink.sum(axis=0) >= _LEAST_INK_PX
    gaps = [_gap(columns, one, other) for one, other in pairwise(words)]
    begin, end = words[0], words[-1]
    start = _first(columns, begin.start - reach, begin.first, begin.start)
    behind = _first(columns[::-1], 1 - end.end - reach, 1 - end.last, 1 - end.end)
    white = [(0.0, max(0.0, start)), *gaps, (min(1.0, 1 - behind), 1.0)]
    boxes = []
    for word, before, after in zip(words, white[:-1], white[1:], strict=True):
        left, right = before[1], after[0]
        if left >= right:  # no ink between two gaps
            left, right = max(word.start, before[0]), min(word.end, after[1])
        top, bottom = _rows(ink[:, int(left * width_px) : round(right * width_px)])
        boxes.append(Box(left, top / height_px, right, bottom / height_px))
    return boxes


def _ink_of(strip: Pixels) -> NDArray[np.bool_]:
    """True where ink is: dark on light or light on dark, whichever is less."""
    grey = Canvas(strip).grey().pixels
    _, dark = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return np.asarray(dark == (2 * cv2.countNonZero(dark) <= dark.size))


def _gap(inked: NDArray[np.bool_], one: WordPlace, other: WordPlace) -> tuple[float, float]:
    """Where a word ends and the next one begins: the widest white between their letters."""
    count = len(inked)
    low, high = one.last * count, other.first * count
    white = run_lengths(~inked) or [(0, 0)]
    start, end = max(white, key=lambda run: min(run[1], high) - max(run[0], low))
    if min(end, high) - max(start, low) < _LEAST_GAP_PX:
        return one.end, other.start
    return start / count, end / count


def _first(inked: NDArray[np.bool_], low: float, high: float, otherwise: float) -> float:
    """The first column with ink between two shares of the width."""
    count = len(inked)
    start = max(0, round(low * count))
    found = np.flatnonzero(inked[start : round(high * count) + 1])
    return (start + int(found[0])) / count if found.size else otherwise


def _rows(ink: NDArray[np.bool_]) -> tuple[int, int]:
    """The first row of a word's ink, and the one behind its last; all rows if it has none."""
    height_px = len(ink)
    runs = run_lengths(ink.sum(axis=1) >= _LEAST_INK_PX) or [(0, height_px)]
    inner = [
        (start, end)
        for start, end in runs
        if (start and end < height_px) or end - start > _OF_OTHERS * height_px
    ] or runs
    return inner[0][0], inner[-1][1]
