"""Ruled tables: find rows and columns by ruling lines, and put words into cells."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.document.model import Cell, Line, Table, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box, Point
from ocr_server.imaging.glyphs import connected_components, run_lengths
from ocr_server.imaging.ruling_lines import RulingLines

_LEAST_SIDES = 3  # rules in each direction: at least two rows and two columns
_RULE_SHARE = 0.25  # of the table's width or height that a rule covers, whole or in pieces
_LEANING_SHARE = 0.5  # of the table's height that a leaning rule covers, within `_GAP_PX`
_DIVIDER_SHARE = 0.5  # of a cell's side that must be ruled, else the cell spans its neighbour
_LEAST_FILLED = 0.4  # of the cells
_TURNED_DEG = 45.0  # from which a line runs up or down the page
_GAP_PX = 9  # rules that end so far from each other still meet


@dataclass(frozen=True, slots=True)
class Grid:
    """A table's grid: x of its vertical and y of its horizontal rules, in canvas pixels.

    `starts` has, for each row, the numbers of the columns in which a cell begins.
    """

    xs: tuple[int, ...]
    ys: tuple[int, ...]
    starts: tuple[tuple[int, ...], ...]

    @property
    def box(self) -> Box:
        """The box of the outermost rules, in canvas pixels."""
        return Box(self.xs[0], self.ys[0], self.xs[-1], self.ys[-1])

    def cell_of(self, point: Point) -> tuple[int, int] | None:
        """Row and column, from 0, of the cell that contains a point; None outside the grid."""
        row = int(np.searchsorted(self.ys, point.y)) - 1
        column = int(np.searchsorted(self.xs, point.x)) - 1
        if not (0 <= row < len(self.ys) - 1 and 0 <= column < len(self.xs) - 1):
            return None
        return row, max(start for start in self.starts[row] if start <= column)

    def cells(self) -> Iterator[tuple[int, int, Box]]:
        """Row, column and box of each cell in reading order."""
        for row, (top, bottom) in enumerate(pairwise(self.ys)):
            starts = (*self.starts[row], len(self.xs) - 1)
            for start, end in pairwise(starts):
                yield row, start, Box(self.xs[start], top, self.xs[end], bottom)


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
        grids.append(
            Grid(tuple(int(left) + x for x in xs), tuple(int(top) + y for y in ys), starts)
        )
    return tuple(sorted(grids, key=lambda grid: grid.ys[0]))


def set_in_tables(zones: Iterable[Zone], grids: Iterable[Grid]) -> tuple[Zone, ...]:
    """Move all words inside a grid into a table zone, if enough of its cells have text.

    Zones and grids are in pixels of one canvas. The table comes after the zones above it.
    """
    result = tuple(zones)
    for grid in grids:
        result = _set_in_table(result, grid)
    return result


def _set_in_table(zones: tuple[Zone, ...], grid: Grid) -> tuple[Zone, ...]:
    inside: list[Line] = []
    before: list[Zone] = []
    after: list[Zone] = []
    for zone in zones:
        if not zone.lines:
            if not _is_part_of(zone, grid):
                (after if inside else before).append(zone)
            continue
        within, others = _divided(zone, grid)
        inside += within
        if not within:
            (after if inside else before).append(zone)
            continue
        above = [line for line in others if line.box.bottom <= grid.box.top + line.box.height / 2]
        before += _rest_of(zone, above)
        after += _rest_of(zone, [line for line in others if line not in above])
    table = _table_zone(grid, inside)
    if table.table is None or not _is_filled(table.table):
        return zones
    return (*before, table, *after)


def _is_filled(table: Table) -> bool:
    """Whether enough cells have text; in grids of diagrams most have none."""
    filled = sum(bool(cell.text) for cell in table.cells)
    return filled >= _LEAST_FILLED * len(table.cells)


def _divided(zone: Zone, grid: Grid) -> tuple[list[Line], list[Line]]:
    """The lines of the zone with only their words inside the grid, and with those outside."""
    inside: list[Line] = []
    outside: list[Line] = []
    for line in zone.lines:
        within = line.filtered(lambda word: grid.cell_of(word.box.middle) is not None)
        beyond = line.filtered(lambda word: grid.cell_of(word.box.middle) is None)
        if within:
            inside.append(within)
        if beyond:
            outside.append(beyond)
    return inside, outside


def _rest_of(zone: Zone, lines: list[Line]) -> list[Zone]:
    """The zone with only those lines; an empty list if there are none."""
    if not lines:
        return []
    return [replace(zone, lines=tuple(lines), quad=hull_of(lines).quad())]


def _table_zone(grid: Grid, lines: list[Line]) -> Zone:
    """The table zone; its lines are in the order of the cells.

    A row whose cells have one level line each becomes one line.
    """
    pieces: dict[tuple[int, int], list[Line]] = {}
    for line in lines:
        for place, words in _by_cell(grid, line.words):
            piece = replace(line.with_words(words), paragraph=place[0])
            pieces.setdefault(place, []).append(piece)
    for found in pieces.values():
        found.sort(key=_place_in_cell)
    ordered: list[Line] = []
    for row in sorted({place[0] for place in pieces}):
        filled = [pieces[place] for place in sorted(pieces) if place[0] == row]
        if all(len(cell) == 1 and abs(cell[0].quad.angle_deg) < _TURNED_DEG for cell in filled):
            ends = (filled[0][0].baseline[0], filled[-1][0].baseline[-1])
            ordered.append(replace(Line.joined([cell[0] for cell in filled]), baseline=ends))
        else:
            ordered += [line for cell in filled for line in cell]
    cells = tuple(
        Cell(row, column, box.quad(), "\n".join(p.text for p in pieces.get((row, column), [])))
        for row, column, box in grid.cells()
    )
    table = Table(len(grid.ys) - 1, len(grid.xs) - 1, cells)
    return Zone(ZoneKind.TABLE, grid.box.quad(), tuple(ordered), table)


def _place_in_cell(line: Line) -> float:
    """The order of lines in a cell: downwards, or across where they are on their side."""
    angle_deg, box = line.quad.angle_deg, line.box
    if abs(angle_deg) < _TURNED_DEG:
        return box.top
    return box.left if angle_deg < 0 else -box.right


def _by_cell(
    grid: Grid, words: tuple[Word, ...]
) -> Iterator[tuple[tuple[int, int], tuple[Word, ...]]]:
    groups: dict[tuple[int, int], list[Word]] = {}
    for word in words:
        place = grid.cell_of(word.box.middle)
        if place:
            groups.setdefault(place, []).append(word)
    for place, group in groups.items():
        yield place, tuple(group)


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


def _is_part_of(zone: Zone, grid: Grid) -> bool:
    """Whether a rule or picture that the engine found is part of the grid."""
    common = zone.box.intersection(grid.box)
    return common is not None and common.area >= 0.8 * zone.box.area
