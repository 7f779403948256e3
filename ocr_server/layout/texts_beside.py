"""Texts of their own beside each other, with a white gutter between them and rows that are level.

Such rows are those of a table, too, which is read across. So both sides have to have the form of a
whole text: that of a receipt, with centred lines over pairs of a label and an amount, or with lines
flush left above and below pairs that are not level; or that of prose, whose lines are of several
words and end where the next word would not fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from ocr_server.imaging.glyphs import GlyphBoxes, run_lengths

# Lengths are in x-heights. Blanks of typewriting are 1.4 wide, gaps between letters 0.4 at most.
_PHRASE_GAP, _WORD_GAP = 2.0, 0.45
_EDGE = 1.0  # ends and middles of lines that differ by less are the same
_CORE = 0.25  # share of a letter above and below that is not looked at, as rows nearly touch there

# Of a receipt: labels begin and amounts end within these shares of its width from its ends, and
# centred lines have their middles so near to its own.
_BEGIN, _END, _ASIDE = 0.3, 0.25, 0.12
_FEWEST_PAIRS, _FEWEST_WHOLE = 3, 3
_FEWEST_ALONE = 2  # pairs without one beside them, where lines are flush left

_FEWEST_LINES, _FEWEST_WORDS, _FEWEST_LETTERS = 4, 3, 14  # the last two of most lines
_LEAST_WHOLE = 0.8  # share of the lines that are one phrase
_MOST_LEFT = 0.35  # of the column's width; more is left by the last lines of paragraphs
_BLANK, _FEWEST_WRAPPED, _LEAST_WRAPPED = 0.7, 8, 0.8  # the last is a share of the lines

T = TypeVar("T")


class LetterRun(NamedTuple):
    """Letters of a row without a wide gap."""

    left: float
    right: float
    letters: int
    words: int
    first_word: float  # its right end

    @property
    def width(self) -> float:
        """From the first letter's left to the last one's right end."""
        return self.right - self.left


def row_spans(glyphs: GlyphBoxes, slope: float) -> list[GlyphBoxes]:
    """The glyphs of each row from top to bottom; `slope` is that of the rows."""
    if not len(glyphs):
        return []
    middles = glyphs[:, 0] + glyphs[:, 2] / 2
    tops = glyphs[:, 1] - slope * middles
    tops -= tops.min()
    starts = np.round(tops + _CORE * glyphs[:, 3]).astype(int)
    ends = np.maximum(starts + 1, np.round(tops + (1 - _CORE) * glyphs[:, 3]).astype(int))
    changes = np.zeros(int(ends.max()) + 2, int)
    np.add.at(changes, starts, 1)
    np.add.at(changes, ends, -1)
    runs = run_lengths(np.cumsum(changes) > 0)
    of_row = np.searchsorted([start for start, _ in runs], starts, side="right") - 1
    return [glyphs[of_row == row] for row in range(len(runs))]


def are_texts(sides: Sequence[GlyphBoxes], *, slope: float, unit: float) -> bool:
    """Whether each of the sides has the form of a receipt, or each that of prose.

    `unit` is the x-height, `slope` that of the rows.
    """
    spans = [row_spans(side, slope) for side in sides]
    rows = [[_phrases(row, slope=slope, unit=unit) for row in side] for side in spans]
    pairs = [_pairs(side, unit) for side in rows]
    if all(pairs):
        heights = [
            np.array([_height(side[number], slope) for number in of_side])
            for side, of_side in zip(spans, pairs, strict=True)
        ]
        are_apart = all(_differ(one, other, unit) for one, other in pairwise(heights))
        some = list(zip(rows, pairs, strict=True))
        if all(
            _is_centred(side, unit) or (are_apart and _is_flush(side, of_side, unit))
            for side, of_side in some
        ):
            return True
    return _are_prose(rows, unit)


def _phrases(row: GlyphBoxes, *, slope: float, unit: float) -> list[LetterRun]:
    ordered = row[np.argsort(row[:, 0])]
    lefts = ordered[:, 0] + slope * float(np.median(ordered[:, 1]))  # as on a straight page
    rights = np.maximum.accumulate(lefts + ordered[:, 2])
    gaps = np.concatenate([[np.inf], lefts[1:] - rights[:-1]])
    starts = np.flatnonzero(gaps >= _PHRASE_GAP * unit)
    ends = [*starts[1:], len(ordered)]
    return [
        LetterRun(
            float(lefts[start]),
            float(rights[end - 1]),
            int(end - start),
            1 + len(words := np.flatnonzero(gaps[start + 1 : end] >= _WORD_GAP * unit)),
            float(rights[start + words[0]] if len(words) else rights[end - 1]),
        )
        for start, end in zip(starts, ends, strict=True)
    ]


def _pairs(rows: Sequence[Sequence[LetterRun]], unit: float) -> list[int]:
    """The numbers of rows that are a label and an amount, which end alike; none if they are few."""
    left, width = _extent(rows)
    parted = [
        n for n, row in enumerate(rows) if len(row) > 1 and row[0].left - left <= _BEGIN * width
    ]
    pairs = _alike(parted, [rows[number][-1].right for number in parted], unit)
    if len(pairs) < _FEWEST_PAIRS:
        return []
    some = [rows[number] for number in pairs]
    labels, amounts = np.median([(row[0].width, row[-1].width) for row in some], axis=0)
    is_at_end = some[0][-1].right - left >= (1 - _END) * width
    return pairs if labels > amounts and is_at_end else []


def _is_centred(rows: Sequence[Sequence[LetterRun]], unit: float) -> bool:
    """Whether there are centred lines of several widths, as in the heads of receipts."""
    left, width = _extent(rows)
    whole = [row[0] for row in rows if len(row) == 1]
    centred = _alike(whole, [(line.left + line.right) / 2 for line in whole], unit)
    if len(centred) < _FEWEST_WHOLE:
        return False
    middle = (centred[0].left + centred[0].right) / 2
    begins = [line.left for line in centred]
    return (
        abs(middle - left - width / 2) <= _ASIDE * width
        and max(begins) - min(begins) > _EDGE * unit
    )


def _is_flush(rows: Sequence[Sequence[LetterRun]], pairs: Sequence[int], unit: float) -> bool:
    """Whether lines at the left edge stand above and below the pairs."""
    left, _ = _extent(rows)
    flush = [
        n for n, row in enumerate(rows) if len(row) == 1 and row[0].left - left <= _EDGE * unit
    ]
    return len(flush) >= _FEWEST_WHOLE and flush[0] < pairs[0] and flush[-1] > pairs[-1]


def _differ(one: NDArray[np.float64], other: NDArray[np.float64], unit: float) -> bool:
    """Whether several pairs of either side have none beside them; those of a table have."""
    apart = np.abs(one[:, None] - other[None]) > unit
    return int(apart.all(axis=1).sum() + apart.all(axis=0).sum()) >= _FEWEST_ALONE


def _height(row: GlyphBoxes, slope: float) -> float:
    return float(np.median(row[:, 1] + row[:, 3] - slope * (row[:, 0] + row[:, 2] / 2)))


def _extent(rows: Sequence[Sequence[LetterRun]]) -> tuple[float, float]:
    """The left edge and the width of rows."""
    left = min(row[0].left for row in rows)
    return left, max(row[-1].right for row in rows) - left


def _alike(items: Sequence[T], places: Sequence[float], unit: float) -> list[T]:
    """The most of the items whose places are the same."""
    groups = (
        [
            item
            for item, other in zip(items, places, strict=True)
            if abs(other - place) <= _EDGE * unit
        ]
        for place in places
    )
    return max(groups, key=len, default=[])


def _are_prose(sides: Sequence[Sequence[Sequence[LetterRun]]], unit: float) -> bool:
    """Whether all sides have lines of several words that end where the next would not fit."""
    wrapped: list[bool] = []
    for rows in sides:
        lines = [row[0] for row in rows if len(row) == 1]
        if len(lines) < max(_FEWEST_LINES, _LEAST_WHOLE * len(rows)):
            return False
        words, letters = np.median([(line.words, line.letters) for line in lines], axis=0)
        if words < _FEWEST_WORDS or letters < _FEWEST_LETTERS:
            return False
        right = max(line.right for line in lines)
        width = right - min(line.left for line in lines)
        wrapped += [
            right - line.right < below.first_word - below.left + _BLANK * unit
            for line, below in pairwise(lines)
            if right - line.right < _MOST_LEFT * width
        ]
    return len(wrapped) >= _FEWEST_WRAPPED and sum(wrapped) >= _LEAST_WRAPPED * len(wrapped)
