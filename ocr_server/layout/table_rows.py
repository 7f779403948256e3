"""Rows of a table without a grid: which lines of text are one row, and where cells span.

All coordinates are level (`layout.phrases`); lengths are in median heights of a word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import NamedTuple

from ocr_server.geometry import Box
from ocr_server.layout.gutters import Gutter, TableColumns
from ocr_server.layout.phrases import Phrase, PhraseRow


@dataclass(frozen=True, slots=True)
class CellPiece:
    """A phrase, or a part of one, under the columns `first` to `last`."""

    first: int
    last: int
    phrase: Phrase

    @property
    def box(self) -> Box:
        """The box of its phrase, in level coordinates."""
        return self.phrase.box


@dataclass(frozen=True, slots=True)
class TextRow:
    """One row of text, and its pieces from left to right."""

    phrases: PhraseRow
    pieces: tuple[CellPiece, ...]

    @property
    def middle(self) -> float:
        """The median of the middles of its words."""
        return median(one.box.middle.y for phrase in self.phrases for one in phrase.words)

    def under(self, column: int) -> list[CellPiece]:
        """The pieces that begin under a column."""
        return [piece for piece in self.pieces if piece.first == column]

    @property
    def filled(self) -> set[int]:
        """The columns in which a piece begins."""
        return {piece.first for piece in self.pieces}


class Span(NamedTuple):
    """Where a cell begins, and how many rows and columns it spans."""

    row: int
    column: int
    rows: int
    columns: int


def placed(spans: Iterable[Span], rows: int, columns: int) -> list[Span]:
    """Cells that cover a table once, in reading order: the spans where they fit, else single ones.

    A span that meets another gives way to it where it is the larger one.
    """
    taken: dict[tuple[int, int], Span] = {}
    wanted = sorted(set(spans), key=lambda span: (span.rows * span.columns, span))
    for span in wanted:
        places = [
            (row, column)
            for row in range(span.row, span.row + span.rows)
            for column in range(span.column, span.column + span.columns)
        ]
        if not any(place in taken for place in places):
            taken |= dict.fromkeys(places, span)
    for row in range(rows):
        for column in range(columns):
            taken.setdefault((row, column), Span(row, column, 1, 1))
    return sorted(set(taken.values()))


def continuations(
    rows: Sequence[TextRow],
    columns: TableColumns,
    unit_px: float,
    rules: Sequence[Box],
) -> list[bool]:
    """For each row but the first, whether it goes on the row above.

    Rows are parted by rules where most are; else by two distances of rows, of which the smaller is
    within a row; else a row without a first cell and a number goes on the one above.
    """
    middles = [row.middle for row in rows]
    steps = [lower - upper for upper, lower in pairwise(middles)]
    ruled = [
        is_ruled(upper, lower, columns.ends, rules, share=0.7) for upper, lower in pairwise(middles)
    ]
    counts = [len(row.filled) for row in rows]
    if sum(ruled) >= max(3, 0.35 * len(ruled)):
        inner = [not one for one in ruled]
        if _are_poorer(counts, inner, most=0.8):
            return inner
    least_px = min(steps, default=0.0)
    tight = [step <= 1.18 * least_px for step in steps]
    loose = [step for step, is_tight in zip(steps, tight, strict=True) if not is_tight]
    if (
        any(tight)
        and len(loose) >= 0.3 * len(steps)
        and min(loose)
        >= 1.12 * max(s for s, is_tight in zip(steps, tight, strict=True) if is_tight)
        and _are_poorer(counts, tight, most=0.75)
        and any(tight)
    ):
        return [is_tight and not is_ruled for is_tight, is_ruled in zip(tight, ruled, strict=True)]
    goes_on = [False] * len(steps)
    for index, (above, row) in enumerate(pairwise(rows)):
        filled = row.filled
        if ruled[index] or 0 in filled or (index == 0 and 0 not in above.filled):
            continue
        if steps[index] > 1.9 * unit_px and steps[index] > 1.25 * least_px:
            continue
        if any(piece.phrase.is_number for piece in row.pieces):
            continue
        is_below = filled <= above.filled or (index > 0 and goes_on[index - 1])
        goes_on[index] = is_below and len(filled) <= max(1, columns.count // 2)
    return goes_on


def _are_poorer(counts: Sequence[int], inner: Sequence[bool], *, most: float) -> bool:
    """Whether rows within others have fewer cells than those that begin one."""
    within = [count for count, is_inner in zip(counts[1:], inner, strict=True) if is_inner]
    begin = [counts[0]]
    begin += [count for count, is_inner in zip(counts[1:], inner, strict=True) if not is_inner]
    return not within or fmean(within) < most * fmean(begin)


def is_ruled(
    upper: float, lower: float, ends: Gutter, rules: Iterable[Box], *, share: float
) -> bool:
    """Whether a rule over that share of the width from end to end is between two heights."""
    width = ends.right - ends.left
    return any(
        upper < rule.middle.y < lower
        and min(rule.right, ends.right) - max(rule.left, ends.left) >= share * width
        for rule in rules
    )
