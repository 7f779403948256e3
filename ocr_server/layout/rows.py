"""Rows: join lines of one row that layout analysis split, as on receipts; all rows of a page.

Whether two lines are in one row is decided by `is_level` and `Box.is_beside`. How far their middles
may differ is a parameter, as the boxes of engines differ.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, pairwise
from statistics import median
from typing import TypeVar

from ocr_server.document.model import Direction, Line, Page, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box, Point

_PROSE_LETTERS = 18  # per line; narrow columns of print have 25 and more, prices and labels fewer
_PROSE_LINES = 3
# Letters per line of a short column beside others, its figures per letter, and the gap between two
# in widths of the narrower one. Cells of tables with words stand farther apart.
_COLUMN_LETTERS, _MOST_FIGURES, _NEAR_COLUMNS = 12, 0.1, 0.6
_NEXT_LINE = 1.5  # heights of a line, within which a column goes on below
_LEAST_SHARED = 0.6  # of the lines of the zone with fewer; the others are captions between
_SHARED = 0.2  # of the narrower zone's width, from which one zone is above the other
_INSIDE = 0.8  # of a zone's area, from which it is in a gap of the other zone, not beside it

# Largest distance between middles of lines in one row, in heights of a line. Prose is in one row
# with what stands beside it only if it is really level: its lines are near others by chance.
_MOST_APART, _MOST_APART_PROSE = 0.5, 0.25
_MOST_TIMES_AS_HIGH = 2.0  # largest ratio of the heights of lines in one row
_OVERLAP_PX = 2.0  # in rows of a page, as boxes of slanting lines overlap
_LONG = 4  # width divided by height; the slope of shorter lines is too imprecise
_COLUMN_GAP = 1.2  # heights of a word; wider gaps divide columns

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Row:
    """The words of a row from left to right; at least one."""

    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        """The words, joined by blanks."""
        return " ".join(word.text for word in self.words)

    @property
    def top(self) -> float:
        """The upper edge in pixels."""
        return min(word.box.top for word in self.words)

    @property
    def height(self) -> float:
        """From top to bottom in pixels."""
        return max(word.box.bottom for word in self.words) - self.top


def is_level(one: Point, other: Point, *, within_px: float, slope: float = 0.0) -> bool:
    """Whether two middles of lines differ in height by less than `within_px`.

    `slope` is how many pixels lines fall per pixel to the right.
    """
    return abs(one.y - other.y - slope * (one.x - other.x)) < within_px


def rows_of(page: Page) -> tuple[Row, ...]:
    """All rows of a page from top to bottom; see `rows_in`."""
    return rows_in(page.zones)


def rows_in(zones: Iterable[Zone]) -> tuple[Row, ...]:
    """The rows of all lines of the zones from top to bottom; the page may be skewed."""
    lines = [line for zone in zones for line in zone.lines if line.words]
    slope = _page_slope(lines)

    def are_level(line: Line, other: Line) -> bool:
        within_px = _MOST_APART * _height(other)
        return is_level(line.quad.middle, other.quad.middle, within_px=within_px, slope=slope)

    def is_of(line: Line, row: list[Line]) -> bool:
        is_free = all(line.box.is_beside(other.box, overlap_px=_OVERLAP_PX) for other in row)
        return is_free and any(are_level(line, other) for other in row)

    lines.sort(key=lambda line: line.quad.middle.y - slope * line.quad.middle.x)
    return tuple(
        Row(
            tuple(word for line in sorted(row, key=lambda one: one.box.left) for word in line.words)
        )
        for row in _gathered(lines, is_of)
    )


def up_to_gap(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words up to the first gap between columns, which is wider than 1.2 heights of a word."""
    for position, (one, other) in enumerate(pairwise(words), 1):
        if other.box.left - one.box.right > _COLUMN_GAP * one.box.height:
            return tuple(words[:position])
    return tuple(words)


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line, its zone's number and its slope; `level` is its y after the page is deskewed.

    `core` is the box of its words with letters or digits, as distant specks are read as dots.
    """

    line: Line
    core: Box
    width_px: float
    zone: int
    slope: float
    level: float

    def shares_row(self, other: _Piece, *, apart: float = _MOST_APART) -> bool:
        """Whether both are side by side in one row; see `_MOST_APART` for `apart`."""
        box, other_box = self.core, other.core
        lower, higher = sorted((box.height, other_box.height))
        if not box.is_beside(other_box) or higher >= _MOST_TIMES_AS_HIGH * lower:
            return False
        slope = self.slope if self.width_px >= other.width_px else other.slope
        return is_level(box.middle, other_box.middle, within_px=apart * lower, slope=slope)


def join_rows(zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
    """Join zones side by side that share their rows into one zone, with one line for each row.

    Columns of prose are kept, and so is all that is beside them: their lines are level by chance.
    Pages with writing from right to left are left alone, as this has not been tested on them.
    """
    if any(line.direction is not Direction.LEFT_TO_RIGHT for zone in zones for line in zone.lines):
        return zones
    zones, columns = _short_columns(zones)
    pieces = _pieces(zones)
    boxes = [zone.box for zone in zones]
    in_columns = _has_columns(zones)
    is_prose = [_is_prose(zone.lines) for zone in zones]
    groups = {index: {index} for index, zone in enumerate(zones) if zone.kind is ZoneKind.TEXT}
    for one, other in combinations(groups, 2):
        if one in columns and other in columns:
            continue
        apart = _MOST_APART_PROSE if is_prose[one] or is_prose[other] else _MOST_APART
        nested = _is_inside(boxes[one], boxes[other]) or _is_inside(boxes[other], boxes[one])
        if (nested or not in_columns) and _share_rows(pieces[one], pieces[other], apart):
            joined = groups[one] | groups[other]
            groups |= dict.fromkeys(joined, joined)
    result: list[Zone] = []
    for index, zone in enumerate(zones):
        group = sorted(groups.get(index, {index}))
        if len(group) == 1:
            result.append(zone)
        elif index == group[0]:
            result.append(_join([zones[i] for i in group], [p for i in group for p in pieces[i]]))
    return tuple(result)


def in_reading_order(zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
    """The zones in their order, but none before one that is above it in its columns."""
    boxes = [zone.box for zone in zones]
    texts = [index for index, zone in enumerate(zones) if zone.lines]
    above = [{index for index in texts if _stands_above(boxes[index], box)} for box in boxes]
    ordered: list[Zone] = []
    waiting, done = list(range(len(zones))), set[int]()
    while waiting:
        # There is always one: nothing that waits is above the zone with the highest upper edge.
        index = next(i for i in waiting if above[i] <= done)
        waiting.remove(index)
        done.add(index)
        ordered.append(zones[index])
    return tuple(ordered)


def _pieces(zones: Sequence[Zone]) -> list[list[_Piece]]:
    """The lines of each zone as pieces; lines of one or two words have the page's median slope."""
    slopes = [_slope(line) for zone in zones for line in zone.lines if len(line.words) > 2]
    usual = median(slopes) if slopes else 0.0
    return [
        [
            _Piece(
                line,
                _core(line),
                line.box.width,
                index,
                _slope(line) if len(line.words) > 2 else usual,
                _level(line, usual),
            )
            for line in zone.lines
        ]
        for index, zone in enumerate(zones)
    ]


def _slope(line: Line) -> float:
    start, end = line.baseline[0], line.baseline[-1]
    return (end.y - start.y) / max(1.0, end.x - start.x)


def _level(line: Line, slope: float) -> float:
    return line.box.middle.y - slope * line.box.middle.x


def _core(line: Line) -> Box:
    words = [word for word in line.words if word.letter_count]
    return hull_of(words) if words else line.box


def _has_columns(zones: Sequence[Zone]) -> bool:
    prose = [zone for zone in zones if _is_prose(zone.lines)]
    return any(
        one.box.is_beside(other.box)
        and one.box.top < other.box.bottom
        and other.box.top < one.box.bottom
        for one, other in combinations(prose, 2)
    )


def _is_prose(lines: Sequence[Line]) -> bool:
    letters = [sum(map(str.isalpha, line.text)) for line in lines]
    return len(lines) >= _PROSE_LINES and median(letters) >= _PROSE_LETTERS


def _short_columns(zones: tuple[Zone, ...]) -> tuple[tuple[Zone, ...], set[int]]:
    """The zones, and the numbers of those that are short columns beside each other.

    What layout analysis cut off below a column is joined to it.
    """
    texts = [index for index, zone in enumerate(zones) if zone.kind is ZoneKind.TEXT]
    found = {
        index
        for pair in combinations(texts, 2)
        if _are_short_columns(*(zones[index] for index in pair))
        for index in pair
    }
    if not found:
        return zones, found
    columns = {index: zones[index] for index in found}
    taken: set[int] = set()
    for index in texts:
        above = (
            one
            for one, column in columns.items()
            if index not in found and _goes_on(column, zones[index])
        )
        place = next(above, None)
        if place is not None:
            columns[place] = _continued(columns[place], zones[index])
            taken.add(index)
    kept = [index for index in range(len(zones)) if index not in taken]
    numbers = {number for number, index in enumerate(kept) if index in columns}
    return tuple(columns.get(index, zones[index]) for index in kept), numbers


def _goes_on(column: Zone, below: Zone) -> bool:
    """Whether `below` begins where the next line of a column would."""
    line_px = below.lines[0].box.height if below.lines else 0.0
    is_next = 0 <= below.box.top - column.box.bottom <= _NEXT_LINE * line_px
    return is_next and abs(below.box.left - column.box.left) <= line_px


def _continued(column: Zone, below: Zone) -> Zone:
    last = column.lines[-1].paragraph
    lines = tuple(replace(line, paragraph=line.paragraph + last) for line in below.lines)
    return replace(column, quad=hull_of((column, below)).quad(), lines=(*column.lines, *lines))


def _are_short_columns(one: Zone, other: Zone) -> bool:
    """Whether both are columns of words, too narrow for prose and too near for cells of a table."""
    gap = max(one.box.left, other.box.left) - min(one.box.right, other.box.right)
    if not 0 <= gap <= _NEAR_COLUMNS * min(one.box.width, other.box.width):
        return False
    return all(_is_short_column(zone.lines) for zone in (one, other))


def _is_short_column(lines: Sequence[Line]) -> bool:
    if len(lines) < _PROSE_LINES:
        return False
    letters = [sum(map(str.isalpha, line.text)) for line in lines]
    figures = sum(map(str.isdigit, "".join(line.text for line in lines)))
    return median(letters) >= _COLUMN_LETTERS and figures <= _MOST_FIGURES * sum(letters)


def _is_inside(inner: Box, outer: Box) -> bool:
    common = inner.intersection(outer)
    return common is not None and common.area >= _INSIDE * inner.area


def _share_rows(one: list[_Piece], other: list[_Piece], apart: float) -> bool:
    fewer, more = sorted((one, other), key=len)
    shared = sum(any(piece.shares_row(mate, apart=apart) for mate in more) for piece in fewer)
    return bool(fewer) and shared >= _LEAST_SHARED * len(fewer)


def _join(zones: Sequence[Zone], pieces: list[_Piece]) -> Zone:
    def is_of(piece: _Piece, row: list[_Piece]) -> bool:
        return all(piece.shares_row(mate) for mate in row)

    rows = _gathered(sorted(pieces, key=lambda piece: piece.level), is_of)
    lines: list[Line] = []
    before: tuple[int, int] | None = None
    paragraph = -1
    for row in rows:
        row.sort(key=lambda piece: piece.line.box.left)
        first = row[0]
        if (first.zone, first.line.paragraph) != before:
            before = (first.zone, first.line.paragraph)
            paragraph += 1
        lines.append(replace(Line.joined([piece.line for piece in row]), paragraph=paragraph))
    return replace(zones[0], quad=hull_of(zones).quad(), lines=tuple(lines))


def _gathered(items: Iterable[T], is_of: Callable[[T, list[T]], bool]) -> list[list[T]]:
    """Group items, sorted from top to bottom, into rows.

    Each joins the last of the latest three rows for which `is_of` is true, or begins a new one.
    """
    rows: list[list[T]] = []
    for item in items:
        row = next((row for row in reversed(rows[-3:]) if is_of(item, row)), None)
        if row is None:
            rows.append([item])
        else:
            row.append(item)
    return rows


def _page_slope(lines: Iterable[Line]) -> float:
    """How many pixels lines fall per pixel to the right: the median of the long lines."""
    slopes = [
        (line.quad.top_right.y - line.quad.top_left.y) / width
        for line in lines
        if (width := line.quad.top_right.x - line.quad.top_left.x) > _LONG * _height(line)
    ]
    return median(slopes) if slopes else 0.0


def _height(line: Line) -> float:
    return max(1.0, math.dist(line.quad.top_left, line.quad.bottom_left))


def _stands_above(upper: Box, lower: Box) -> bool:
    shared = min(upper.right, lower.right) - max(upper.left, lower.left)
    is_higher = upper.top < lower.top and upper.bottom <= lower.top
    return is_higher and shared > _SHARED * min(upper.width, lower.width)
