"""Gutters: the upright gaps between the columns of rows of phrases, and the columns they part.

All coordinates are level (`layout.phrases`); lengths are in median heights of a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from ocr_server.imaging.glyphs import run_lengths
from ocr_server.layout.phrases import Phrase, PhraseRow, Placed

LEAST_WIDTH = 0.55
_MOST_CROSSING = 0.12  # of the rows: heads and sums that run across
_LEAST_SUPPORT, _LEAST_ROWS = 0.34, 2  # of the rows, and number of rows, with text on both sides
# Text beside a table: beyond a gap so wide, in a smaller share of its rows.
_FAR, _STRANGERS = 3.0, 0.2
# Room between words on both sides of a gutter where a phrase across it is cut; a word that reaches
# so far over the middle on both sides stands in no column.
_LEAST_ROOM, _STRADDLE = 0.45, 0.3
_HALF = 0.5  # of a column's width, from which a phrase across a gutter is in it


class Gutter(NamedTuple):
    """An upright gap from `left` to `right`."""

    left: float
    right: float

    @property
    def middle(self) -> float:
        """The x of its middle."""
        return (self.left + self.right) / 2

    def is_crossed_by(self, phrase: Phrase) -> bool:
        """Whether the phrase covers its middle."""
        return phrase.box.left < self.middle < phrase.box.right


def extent(rows: Iterable[PhraseRow]) -> Gutter:
    """The left and right end of all phrases."""
    boxes = [phrase.box for row in rows for phrase in row]
    return Gutter(min(box.left for box in boxes), max(box.right for box in boxes))


def find_gutters(rows: Sequence[PhraseRow], unit_px: float) -> list[Gutter]:
    """The gutters that at most an eighth of the rows cross, from left to right."""
    least = max(_LEAST_ROWS, _LEAST_SUPPORT * len(rows))
    return [
        gutter
        for gutter in _gaps(rows, unit_px)
        if sum(_has_both_sides(row, gutter) for row in rows) >= least
    ]


def without_strangers(rows: Sequence[PhraseRow], unit_px: float) -> list[PhraseRow]:
    """The rows without what stands far beside a few of them: text beside a table."""
    rows = list(rows)
    most = _STRANGERS * len(rows)
    for gap in _gaps(rows, unit_px):
        if gap.right - gap.left < _FAR * unit_px:
            continue
        left = [tuple(one for one in row if one.box.right <= gap.right + 1) for row in rows]
        right = [tuple(one for one in row if one.box.left >= gap.left - 1) for row in rows]
        if sum(map(bool, right)) < most:
            return [row for row in left if row]
        if sum(map(bool, left)) < most:
            rows = [row for row in right if row]
    return rows


def _gaps(rows: Sequence[PhraseRow], unit_px: float) -> list[Gutter]:
    """The upright gaps that few rows cross, from left to right."""
    ends = extent(rows)
    size = int(ends.right - ends.left) + 2
    changes = np.zeros(size + 1, np.int32)
    for row in rows:
        reach = -1
        for phrase in row:
            start = max(reach, int(phrase.box.left - ends.left))
            stop = min(size, int(phrase.box.right - ends.left) + 2)
            if stop > start:
                changes[start] += 1
                changes[stop] -= 1
                reach = stop
    allowed = int(_MOST_CROSSING * len(rows)) if len(rows) >= 4 else 0
    return [
        Gutter(start + ends.left, stop + ends.left)
        for start, stop in run_lengths(np.cumsum(changes[:-1]) <= allowed)
        if stop - start >= LEAST_WIDTH * unit_px and start and stop < size
    ]


def _has_both_sides(row: PhraseRow, gutter: Gutter) -> bool:
    return any(phrase.box.right <= gutter.right + 1 for phrase in row) and any(
        phrase.box.left >= gutter.left - 1 for phrase in row
    )


class TableColumns:
    """Columns between gutters, within the ends of a table."""

    def __init__(self, gutters: Sequence[Gutter], ends: Gutter) -> None:
        self.gutters = tuple(gutters)
        self.ends = ends
        inner = [x for gutter in gutters for x in gutter]
        edges = [ends.left, *inner, ends.right]
        self.spans = tuple(zip(edges[::2], edges[1::2], strict=True))

    @property
    def count(self) -> int:
        """How many columns there are."""
        return len(self.spans)

    @property
    def walls(self) -> tuple[float, ...]:
        """The x of the left side of the first column, between all columns, and of the right."""
        return (self.ends.left, *(gutter.middle for gutter in self.gutters), self.ends.right)

    def crossed(self, phrase: Phrase) -> int:
        """How many gutters the phrase crosses."""
        return sum(gutter.is_crossed_by(phrase) for gutter in self.gutters)

    def under(self, phrase: Phrase) -> tuple[int, int]:
        """The first and last column of which a phrase covers half; else the one it covers most."""
        box = phrase.box
        shared = [min(box.right, right) - max(box.left, left) for left, right in self.spans]
        got = [
            index
            for index, (left, right) in enumerate(self.spans)
            if shared[index] >= _HALF * max(1.0, right - left)
        ]
        if not got:
            got = [max(range(self.count), key=shared.__getitem__)]
        return got[0], got[-1]

    def at(self, x: float) -> int:
        """The number of the column that holds an x."""
        return sum(gutter.middle <= x for gutter in self.gutters)

    def parts(self, phrase: Phrase, unit_px: float) -> list[tuple[int, int, Phrase]]:
        """First and last column of the phrase, and the phrase itself.

        One that crosses gutters is cut there if its words leave room, else it spans them.
        """
        first, last = self.under(phrase)
        if first == last and not self.crossed(phrase):
            return [(first, last, phrase)]
        pieces: dict[int, list[Placed]] = {}
        for one in phrase.words:
            pieces.setdefault(self.at(one.box.middle.x), []).append(one)
        rooms = [
            pieces[right][0].box.left - pieces[left][-1].box.right
            for left, right in pairwise(sorted(pieces))
        ]
        straddles = any(
            one.box.left < gutter.middle - _STRADDLE * unit_px
            and one.box.right > gutter.middle + _STRADDLE * unit_px
            for one in phrase.words
            for gutter in self.gutters
        )
        is_cut = rooms and not straddles and min(rooms) >= _LEAST_ROOM * unit_px
        if is_cut and len(rooms) >= max(1, last - first):
            return [(at, at, Phrase.of(pieces[at])) for at in sorted(pieces)]
        return [(first, last, phrase)]
