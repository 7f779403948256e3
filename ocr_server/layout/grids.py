"""Grids: rows, columns and cells of ruled tables, found by their ruling lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.document.model import Cell, Table
from ocr_server.geometry import Box
from ocr_server.imaging.glyphs import connected_components, run_lengths
from ocr_server.imaging.ruling_lines import RulingLines

_LEAST_SIDES = 3  # rules in each direction: at least two rows and two columns
_RULE_SHARE = 0.25  # of the table's width or height that a rule covers, whole or in pieces
_LEANING_SHARE = 0.5  # of the table's height that a leaning rule covers, within `_GAP_PX`
_DIVIDER_SHARE = 0.5  # of a cell's side that must be ruled, else the cell spans its neighbour
_GAP_PX = 9  # rules that end so far from each other still meet


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's grid: x of its vertical and y of its horizontal rules, in canvas pixels.

    `starts` has, for each row, the numbers of the columns in which a cell begins; `tops`, for each
    column, those of the rows.
    """

    xs: tuple[int, ...]
    ys: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]
    tops: tuple[tuple[int, ...], ...]

    @property
    def box(self) -> Box:
        """The box of the outermost rules, in canvas pixels."""
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def table(self) -> Table:
        """The table, with empty cells."""
        cells = []
        done: set[tuple[int, int]] = set()
        for row in range(len(self.ys) - 1):
            for start, stop in self._spans(row):
                if (row, start) in done:
                    continue
                last = row
                while self._goes_on_below(last, start, stop):
                    last += 1
                    done.add((last, start))
                box = Box(self.xs[start], self.ys[row], self.xs[stop], self.ys[last + 1])
                cells.append(Cell(row, start, box.quad(), "", last - row + 1, stop - start))
        return Table(len(self.ys) - 1, len(self.xs) - 1, tuple(cells))

    def _spans(self, row: int) -> Iterator[tuple[int, int]]:
        return pairwise((*self.starts[row], len(self.xs) - 1))

    def _goes_on_below(self, row: int, start: int, stop: int) -> bool:
        """Whether nothing parts a cell from the one below, which is as wide."""
        is_open = all(row + 1 not in self.tops[column] for column in range(start, stop))
        return is_open and row + 2 < len(self.ys) and (start, stop) in self._spans(row + 1)


def find_grids(rules: RulingLines) -> tuple[Grid, ...]:
    """The grids of connected rules with two rows and columns or more, from top to bottom."""
    near = np.ones((_GAP_PX, _GAP_PX), np.uint8)
    joined = cv2.morphologyEx(rules.mask, cv2.MORPH_CLOSE, near)
    grids = []
    for left, top, width, height, _ in connected_components(joined.astype(np.uint8, copy=False)):
        area = slice(top, top + height), slice(left, left + width)
        horizontal, vertical = rules.horizontal[area] > 0, rules.vertical[area] > 0
        ys, xs = _positions(horizontal.T), _positions(vertical)
        if min(len(xs), len(ys)) < _LEAST_SIDES:
            continue
        xs, ys = _with_ends(xs, int(width)), _with_ends(ys, int(height))
        starts = tuple(tuple(_starts(vertical[upper:lower], xs)) for upper, lower in pairwise(ys))
        tops = tuple(tuple(_starts(horizontal.T[start:end], ys)) for start, end in pairwise(xs))
        grids.append(
            Grid(
                tuple(int(left) + x for x in xs), tuple(int(top) + y for y in ys), starts,
                tops,
            )
        )  # fmt: skip
    return tuple(sorted(grids, key=lambda grid: grid.ys[0]))


def _positions(vertical: NDArray[np.bool_]) -> list[int]:
    """The x of each vertical rule, relative to the mask; in photographs rules may lean a little."""
    reach = _GAP_PX // 2
    straight = np.pad(vertical.astype(np.uint8), ((0, 0), (reach, reach)))
    leaning = cv2.dilate(straight, np.ones((1, _GAP_PX), np.uint8))
    covered = (straight.mean(axis=0) >= _RULE_SHARE) | (leaning.mean(axis=0) >= _LEANING_SHARE)
    middles = [(start + end) // 2 - reach for start, end in run_lengths(covered)]
    kept: list[int] = []
    for middle in middles:  # a wavy rule is found twice
        if not kept or middle - kept[-1] > _GAP_PX:
            kept.append(middle)
    return kept


def _with_ends(positions: list[int], size: int) -> list[int]:
    """The positions with 0 and `size` added where a table's frame is missing or is a thick bar."""
    first = [0] if positions[0] > 2 * _GAP_PX else []
    last = [size] if size - positions[-1] > 2 * _GAP_PX else []
    return [*first, *positions, *last]


def _starts(vertical: NDArray[np.bool_], xs: list[int]) -> Iterator[int]:
    """The columns in which a cell of this row begins: those with a rule on their left."""
    yield 0
    for column, x in enumerate(xs[1:-1], start=1):
        around = vertical[:, max(0, x - _GAP_PX) : x + _GAP_PX]
        if around.any(axis=1).mean() >= _DIVIDER_SHARE:
            yield column
