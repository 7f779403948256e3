"""Tables without a grid: found in bands of rows whose phrases share gutters, from words alone.

A band is a table if its columns are aligned and it is neither prose nor a list. Then rows that go
on and heads of several lines are joined, by ruling lines where there are any.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from itertools import pairwise
from statistics import fmean, median
from typing import TypeAlias

from ocr_server.document.model import Cell, Table, Zone
from ocr_server.geometry import Box, Transform
from ocr_server.layout.bands import bands_of, bottom_of, top_of
from ocr_server.layout.gutters import Gutter, TableColumns, extent, find_gutters, without_strangers
from ocr_server.layout.phrases import Phrase, PhraseRow, find_phrases
from ocr_server.layout.table_heads import count_head_lines, head_of, heads_above
from ocr_server.layout.table_rows import CellPiece, Span, TextRow, continuations, placed

# Lengths are in median heights of a word.
_LONG_CELL, _LONG_PHRASE = 5, 6  # words
_LEAST_ROWS = 3
_PARTS = 0.5  # of the usual distance of rows, by which the gap between two tables is wider
_FILLED_ROWS = 0.4  # of the rows, with two cells or more
_JUSTIFIED_WORDS = 3  # on average
_ALIGNED, _TOLERANCE = 0.6, 0.6  # share of a column's cells that are flush, and within what
_MARGIN = 0.2  # of the table around its words
_NUMBERED_LINE = 4  # words beside numbers that count: lines of a court paper or a list
_COUNTING = 0.5  # of the steps from number to number that are 1
_ENUMERATION = re.compile(r"\W{1,2}|\(?\w{1,3}[.)]")


# The boxes of level rules of at least a length in pixels, within a box of the canvas.
FindRules: TypeAlias = Callable[[Box, float], Sequence[Box]]
_LONG_RULE, _THICKEST_RULE = 6.0, 0.45  # thicker ones are letters that touch each other


def find_unruled_tables(zones: Iterable[Zone], rules_in: FindRules | None = None) -> list[Table]:
    """The tables of the zones, their cells without text, in pixels of the canvas.

    `rules_in` finds level rules on the canvas.
    """
    phrases = find_phrases(zones)
    if phrases is None:
        return []
    rows, unit_px, from_level = phrases
    found = []
    used = -1
    tables = (
        table for band in bands_of(rows, unit_px) for table in _tables_in(band, rows, unit_px)
    )
    for band, text_rows, columns in tables:
        top, bottom = (text_rows[end].phrases[0] for end in (0, -1))
        first = next(index for index in band if top in rows[index])
        gap_px = median(
            top_of(lower.phrases) - bottom_of(upper.phrases) for upper, lower in pairwise(text_rows)
        )
        heads = heads_above(
            rows[used + 1 : first], top_of(rows[first]), columns, unit_px, row_gap_px=gap_px
        )
        used = next(index for index in band if bottom in rows[index])
        found.append(
            _made(
                [*heads, *text_rows], columns, unit_px, heads=len(heads) + 1 if heads else 0,
                from_level=from_level, rules_in=rules_in,
            )
        )  # fmt: skip
    return found


def _tables_in(
    band: list[int], rows: Sequence[PhraseRow], unit_px: float
) -> list[tuple[list[int], list[TextRow], TableColumns]]:
    """The table that a band is, or the two that it is parted into at its widest gap.

    For each its rows of the band, with their cells, and its columns.
    """
    table = _table_of(without_strangers([rows[i] for i in band], unit_px), unit_px)
    if table and _is_table(*table, unit_px):
        return [(band, *table)]
    parts = [_tables_in(part, rows, unit_px) for part in _parted(band, rows)]
    return [table for part in parts for table in part] if all(parts) else []


def _parted(band: list[int], rows: Sequence[PhraseRow]) -> list[list[int]]:
    """The rows above and below the widest gap; none if it is hardly wider than the others."""
    steps = list(pairwise(band))
    gaps = [top_of(rows[lower]) - bottom_of(rows[upper]) for upper, lower in steps]
    if not gaps:
        return []
    pitch = median(top_of(rows[lower]) - top_of(rows[upper]) for upper, lower in steps)
    at = max(range(len(gaps)), key=gaps.__getitem__)
    is_wide = gaps[at] >= median(gaps) + _PARTS * pitch
    return [band[: at + 1], band[at + 1 :]] if is_wide else []


def _table_of(rows: list[PhraseRow], unit_px: float) -> tuple[list[TextRow], TableColumns] | None:
    """The rows without lone phrases at both ends, and the columns; None if too few are left."""
    gutters: list[Gutter] = []
    for _ in range(3):  # fewer rows may have more gutters
        before, gutters = gutters, find_gutters(_basis(rows), unit_px)
        if not gutters:
            return None
        if gutters == before:
            break
        while rows and _is_outside(rows[-1], gutters, may_be_long=False):
            rows = rows[:-1]
        while rows and _is_outside(rows[0], gutters, may_be_long=True):
            rows = rows[1:]
        if len(rows) < _LEAST_ROWS:
            return None
    columns = TableColumns(gutters, extent(rows))
    return [_text_row(row, columns, unit_px) for row in rows], columns


def _text_row(row: PhraseRow, columns: TableColumns, unit_px: float) -> TextRow:
    pieces = [CellPiece(*part) for phrase in row for part in columns.parts(phrase, unit_px)]
    return TextRow(row, tuple(pieces))


def _basis(rows: Sequence[PhraseRow]) -> Sequence[PhraseRow]:
    """The rows that gutters are found in: those of several phrases, if there are enough."""
    many = [row for row in rows if len(row) >= 2]
    return many if len(many) >= _LEAST_ROWS else rows


def _is_outside(row: PhraseRow, gutters: Sequence[Gutter], *, may_be_long: bool) -> bool:
    if len(row) != 1:
        return False
    is_across = any(gutter.is_crossed_by(row[0]) for gutter in gutters)
    return is_across or (not may_be_long and len(row[0].words) > _LONG_PHRASE)


def _is_table(rows: Sequence[TextRow], columns: TableColumns, unit_px: float) -> bool:
    """Whether the rows are a table, and neither prose in columns nor a list."""
    count = len(rows)
    several = sum(len(row.filled) >= 2 for row in rows)
    if count < _LEAST_ROWS or several < max(2, _FILLED_ROWS * count):
        return False
    by_column = [
        [
            piece.phrase
            for row in rows
            for piece in row.under(column)[:1]
            if piece.first == piece.last
        ]
        for column in range(columns.count)
    ]
    usual_words = [
        fmean(len(phrase.words) for phrase in cells) if cells else 0.0 for cells in by_column
    ]
    numeric = sum(
        sum(phrase.is_number for phrase in cells) >= 0.5 * len(cells) and not _is_count(cells)
        for cells in by_column
        if cells
    )
    long = [
        words >= _LONG_CELL or _is_justified(cells, words, unit_px)
        for cells, words in zip(by_column, usual_words, strict=True)
    ]
    is_numbered = any(map(_is_count, by_column)) and max(usual_words) >= _NUMBERED_LINE
    if ((sum(long) >= 2 or is_numbered) and not numeric) or all(long):
        return False
    aligned = sum(_is_aligned(cells, unit_px) for cells in by_column)
    if aligned < max(2, 0.5 * columns.count):
        return False
    return columns.count > 2 or _is_table_of_two(by_column, numeric, long, several / count)


def _is_table_of_two(
    by_column: Sequence[Sequence[Phrase]], numeric: int, long: Sequence[bool], share: float
) -> bool:
    """Whether two columns are a table and no list; `share` is that of rows with both."""
    names = [phrase.text for phrase in by_column[0]]
    if sum(bool(_ENUMERATION.fullmatch(name)) for name in names) > 0.5 * max(1, len(names)):
        return False
    if numeric:
        return True
    return len(names) > _LEAST_ROWS and not any(long) and share >= 0.6


def _is_count(phrases: Sequence[Phrase]) -> bool:
    """Whether a column counts its rows, as numbers of lines do."""
    numbers = [int(one.text) for one in phrases if one.text.isdecimal() and len(one.text) < 5]
    steps = [lower - upper for upper, lower in pairwise(numbers)]
    return len(steps) >= 3 and steps.count(1) >= _COUNTING * len(steps)


def _is_aligned(phrases: Sequence[Phrase], unit_px: float) -> bool:
    """Whether most phrases of a column are flush left or right, or centred."""
    if len(phrases) < 2:
        return False
    boxes = [phrase.box for phrase in phrases]
    sides = (
        [box.left for box in boxes], [box.right for box in boxes], [box.middle.x for box in boxes],
    )  # fmt: skip
    return any(_flush(xs, _TOLERANCE * unit_px) >= _ALIGNED * len(xs) for xs in sides)


def _is_justified(phrases: Sequence[Phrase], words: float, unit_px: float) -> bool:
    """Whether a column is print set in a narrow one: some words a line, flush on both sides."""
    if len(phrases) < _LEAST_ROWS or words < _JUSTIFIED_WORDS:
        return False
    sides = ([phrase.box.left for phrase in phrases], [phrase.box.right for phrase in phrases])
    return all(_flush(xs, _TOLERANCE * unit_px) >= _ALIGNED * len(xs) for xs in sides)


def _flush(positions: Sequence[float], within_px: float) -> int:
    """How many positions at most lie within so many pixels."""
    ordered = sorted(positions)
    most = start = 0
    for stop, position in enumerate(ordered, 1):
        while position - ordered[start] > within_px:
            start += 1
        most = max(most, stop - start)
    return most


def _made(
    rows: Sequence[TextRow],
    columns: TableColumns,
    unit_px: float,
    *,
    heads: int,
    from_level: Transform,
    rules_in: FindRules | None,
) -> Table:
    """The table of the rows, with empty cells in pixels of the canvas.

    `heads` is how many lines are certainly its head.
    """
    columns = TableColumns(columns.gutters, extent(row.phrases for row in rows))
    box = Box(
        columns.ends.left - _MARGIN * unit_px, top_of(rows[0].phrases) - _MARGIN * unit_px,
        columns.ends.right + _MARGIN * unit_px, bottom_of(rows[-1].phrases) + _MARGIN * unit_px,
    )  # fmt: skip
    rules: list[Box] = []
    if rules_in:
        on_canvas = rules_in(box.quad().mapped(from_level).box, _LONG_RULE * unit_px)
        level = (rule.quad().mapped(from_level.inverse()).box for rule in on_canvas)
        rules = [rule for rule in level if rule.height < _THICKEST_RULE * unit_px]
    count = count_head_lines(rows, certain=heads)
    head = head_of(rows[:count], columns, unit_px, rules)
    body = rows[count:]
    goes_on = continuations(body, columns, unit_px, rules)
    starts = [0, *(index for index, is_next in enumerate(goes_on, 1) if not is_next)]
    groups = [body[start:stop] for start, stop in pairwise((*starts, len(body)))]
    spans = [*head.spans]
    for row, group in enumerate(groups, head.row_count):
        pieces = [piece for text_row in group for piece in text_row.pieces]
        spans += [Span(row, piece.first, 1, piece.last - piece.first + 1) for piece in pieces]
    row_groups = [*head.groups, *groups]
    floors = [
        box.top,
        *((above[-1].middle + below[0].middle) / 2 for above, below in pairwise(row_groups)),
        box.bottom,
    ]
    walls = [_walls(rows[:count], columns, box)] * head.row_count
    walls += [_walls(group, columns, box) for group in groups]
    cells = []
    for row, column, height, width in placed(spans, len(row_groups), columns.count):
        cell_box = Box(
            walls[row][column], floors[row], walls[row][column + width], floors[row + height]
        )
        cells.append(Cell(row, column, cell_box.quad().mapped(from_level), "", height, width))
    return Table(len(row_groups), columns.count, tuple(cells))


def _walls(rows: Sequence[TextRow], columns: TableColumns, box: Box) -> list[float]:
    """The x of the sides of cells, moved within gutters so that each cell holds its pieces."""
    pieces = [piece for row in rows for piece in row.pieces]
    walls = [box.left]
    for number, gutter in enumerate(columns.gutters):
        left = max((p.box.right for p in pieces if p.last <= number), default=-math.inf)
        right = min((p.box.left for p in pieces if p.first > number), default=math.inf)
        x = min(max(gutter.middle, left), right) if left <= right else gutter.middle
        walls.append(max(walls[-1], x))
    return [*walls, max(box.right, walls[-1])]
