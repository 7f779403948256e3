"""Heads of tables without a grid: the lines above the first row of numbers.

A head may have several lines, and stand over several columns. All coordinates are level
(`layout.phrases`); lengths are in median heights of a word.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from ocr_server.document.model import Cell
from ocr_server.geometry import Box
from ocr_server.layout.bands import bottom_of, top_of
from ocr_server.layout.gutters import Gutter, TableColumns
from ocr_server.layout.phrases import Phrase, PhraseRow, is_number
from ocr_server.layout.table_rows import CellPiece, Span, TextRow, is_ruled

_LONG_PHRASE = 6  # words
_MOST_LINES, _LINE_GAP = 6, 1.6  # lines above the band, and the gap between two
_LOOSER, _WIDEST_GAP = 1.2, 3.2  # than the gap between rows; and at most
_CENTRED = 0.6  # a lone phrase so near to the middle of a table is its title
_PITCH = 1.9  # of lines of one head
_NEAR_RULE = 0.3  # how far letters may reach over the rule below them
_RULED = 0.5  # of a head's width, over which a rule below it ends it
_MOST_HEADER_ROWS = 0.5  # of all rows
_YEAR = re.compile(r"(19|20)\d\d")


class Head(NamedTuple):
    """The rows of a head: their lines, and the cells in them."""

    groups: tuple[tuple[TextRow, ...], ...]
    spans: tuple[Span, ...]

    @property
    def row_count(self) -> int:
        """How many rows it has."""
        return len(self.groups)


class _Stack(NamedTuple):
    """Lines of one head, one below the other, from line `top` to `bottom`, in the same columns."""

    top: int
    bottom: int
    pieces: tuple[CellPiece, ...]

    @property
    def first(self) -> int:
        return min(piece.first for piece in self.pieces)

    @property
    def last(self) -> int:
        return max(piece.last for piece in self.pieces)

    def stands_above(self, other: _Stack) -> bool:
        shares = self.first <= other.last and other.first <= self.last
        return shares and self.bottom < other.top


def heads_above(
    above: Sequence[PhraseRow],
    top: float,
    columns: TableColumns,
    unit_px: float,
    *,
    row_gap_px: float = 0.0,
) -> list[TextRow]:
    """The rows above a table that are heads over some of its columns: near, and short.

    `top` is the upper edge of the table, `row_gap_px` the usual gap between its rows: heads may be
    as far apart. A lone phrase over the first column is a head only if there are more above it.
    """
    heads: list[TextRow] = []
    sure = 0
    most_px = max(_LINE_GAP * unit_px, min(_LOOSER * row_gap_px, _WIDEST_GAP * unit_px))
    left, right = columns.ends
    for row in reversed(above[-_MOST_LINES:]):
        if top - bottom_of(row) > most_px:
            break
        if row[0].box.left < left - unit_px or row[-1].box.right > right + unit_px:
            break
        if any(len(phrase.words) > _LONG_PHRASE for phrase in row):
            break
        if any(columns.crossed(phrase) == len(columns.gutters) for phrase in row):
            break
        is_lone = len(row) == 1
        if is_lone and abs(row[0].box.middle.x - (left + right) / 2) < _CENTRED * unit_px:
            break
        pieces = [CellPiece(*part) for phrase in row for part in columns.parts(phrase, unit_px)]
        heads.insert(0, TextRow(row, tuple(pieces)))
        top = top_of(row)
        if not is_lone or row[0].box.left > columns.gutters[0].left - 0.5 * unit_px:
            sure = len(heads)
    return heads[len(heads) - sure :]


def count_head_lines(rows: Sequence[TextRow], *, certain: int = 0) -> int:
    """How many lines stand above the first row of numbers, if most rows have numbers.

    Else `certain`. A lone phrase over the first column, just above, is the heading of a section.
    """
    numeric = [_is_numeric(row) for row in rows]
    if sum(numeric) < 0.5 * len(rows):
        return certain
    count = numeric.index(True)
    while count > 1 and rows[count - 1].filled == {0} and rows[count - 2].filled != {0}:
        count -= 1
    return count


def count_header_rows(rows: int, cells: Iterable[Cell]) -> int:
    """How many rows at the top of a table are its head, by the texts of its cells; 0 if not sure.

    Its head ends above the first number of the columns of numbers, all of which have a name there.
    """
    texts = {(cell.row, cell.column): cell.text for cell in cells if cell.text.strip()}
    numbers: dict[int, list[int]] = {}
    filled: Counter[int] = Counter()
    for (row, column), text in texts.items():
        filled[column] += 1
        if is_number(text) and not _YEAR.fullmatch(text.strip()):
            numbers.setdefault(column, []).append(row)
    columns = [
        column for column, at in numbers.items() if column and len(at) >= 0.5 * filled[column]
    ]
    if not columns:
        return 0
    count = min(min(numbers[column]) for column in columns)
    while count > 1 and [column for row, column in texts if row == count - 1] == [0]:
        count -= 1  # the heading of a section
    is_named = all(any((row, column) in texts for row in range(count)) for column in columns)
    return count if count <= _MOST_HEADER_ROWS * rows and is_named else 0


def head_of(
    lines: Sequence[TextRow], columns: TableColumns, unit_px: float, rules: Sequence[Box]
) -> Head:
    """The head that some lines are, which may be none.

    A row ends where one head stands above another; a head beside both spans their rows.
    """
    stacks = _stacks(lines, columns, unit_px, rules)
    intervals = sorted(
        (upper.bottom, lower.top)
        for upper in stacks
        for lower in stacks
        if upper.stands_above(lower)
    )
    intervals.sort(key=lambda interval: interval[1])
    cuts: list[int] = []  # numbers of lines that begin a row
    for upper, lower in intervals:
        if not cuts or cuts[-1] <= upper:
            cuts.append(lower)
    edges = [0, *cuts, len(lines)] if lines else []
    groups = tuple(tuple(lines[start:stop]) for start, stop in pairwise(edges))

    def row_of(line: int) -> int:
        return sum(cut <= line for cut in cuts)

    spans = tuple(
        Span(
            row_of(stack.top), stack.first,
            row_of(stack.bottom) - row_of(stack.top) + 1, stack.last - stack.first + 1,
        )
        for stack in stacks
    )  # fmt: skip
    return Head(groups, spans)


def _stacks(
    lines: Sequence[TextRow], columns: TableColumns, unit_px: float, rules: Sequence[Box]
) -> list[_Stack]:
    open_: list[_Stack] = []
    done: list[_Stack] = []
    for number, line in enumerate(lines):
        for piece in _pieces_below(open_, line, columns, unit_px, rules):
            above = next((s for s in open_ if _goes_on(s, piece, unit_px, rules)), None)
            if above:
                open_.remove(above)
                open_.append(_Stack(above.top, number, (*above.pieces, piece)))
            else:
                open_.append(_Stack(number, number, (piece,)))
        closed = [
            stack
            for stack in open_
            if line.middle - stack.pieces[-1].box.middle.y > _PITCH * unit_px
        ]
        done += closed
        open_ = [stack for stack in open_ if stack not in closed]
    return done + open_


def _pieces_below(
    stacks: Sequence[_Stack],
    line: TextRow,
    columns: TableColumns,
    unit_px: float,
    rules: Sequence[Box],
) -> list[CellPiece]:
    """The pieces of a line; one below a head over several columns has the columns of that head.

    A head that is underlined has the columns under its rule.
    """
    pieces: list[CellPiece] = []
    for phrase in line.phrases:
        parts = [CellPiece(*part) for part in columns.parts(phrase, unit_px)]
        wide = next(
            (
                stack
                for stack in stacks
                if stack.first < stack.last
                and stack.first <= parts[0].first
                and parts[-1].last <= stack.last
                and _is_below(stack.pieces[-1].box, phrase.box, unit_px)
                and not any(_are_apart(stack, other, phrase) for other in line.phrases)
            ),
            None,
        )
        underlined = _under_rule(phrase, line, columns, unit_px, rules)
        if wide:
            pieces.append(CellPiece(wide.first, wide.last, phrase))
        elif underlined:
            pieces.append(CellPiece(*underlined, phrase))
        elif len(parts) == 1 and columns.crossed(phrase):
            pieces.append(_widened(parts[0], line, columns, unit_px))
        else:
            pieces += parts
    return pieces


def _under_rule(
    phrase: Phrase, line: TextRow, columns: TableColumns, unit_px: float, rules: Sequence[Box]
) -> tuple[int, int] | None:
    """The first and last column under the rule below a phrase, if there are several but not all.

    The rule is that of no other phrase of the line.
    """
    box = phrase.box
    for rule in rules:
        others = [one for one in line.phrases if rule.left < one.box.middle.x < rule.right]
        is_below = -_NEAR_RULE * unit_px < rule.top - box.bottom < unit_px
        if others != [phrase] or not is_below:
            continue
        under = [
            number
            for number, (left, right) in enumerate(columns.spans)
            if rule.left < (left + right) / 2 < rule.right
        ]
        if 1 < len(under) < columns.count:
            return under[0], under[-1]
    return None


def _are_apart(stack: _Stack, other: Phrase, phrase: Phrase) -> bool:
    """Whether another phrase of the line is below the same head, too."""
    box = stack.pieces[0].box
    return other is not phrase and box.left < other.box.middle.x < box.right


def _widened(piece: CellPiece, line: TextRow, columns: TableColumns, unit_px: float) -> CellPiece:
    """A head over several columns, over those of which it stands in the middle."""
    others = [phrase.box.middle.x for phrase in line.phrases if phrase is not piece.phrase]
    best, found = math.inf, (piece.first, piece.last)
    for first in range(piece.first, -1, -1):
        for last in range(piece.last, columns.count):
            left, right = columns.spans[first][0], columns.spans[last][1]
            if any(left < x < right for x in others):
                continue
            apart = abs((left + right) / 2 - piece.box.middle.x)
            if apart < best - _CENTRED * unit_px:
                best, found = apart, (first, last)
    return CellPiece(*found, piece.phrase)


def _goes_on(stack: _Stack, piece: CellPiece, unit_px: float, rules: Sequence[Box]) -> bool:
    """Whether a piece is the next line of a head."""
    last = stack.pieces[-1]
    step = piece.box.middle.y - last.box.middle.y
    if not 0.4 * unit_px < step <= _PITCH * unit_px:
        return False
    if (piece.first, piece.last) != (stack.first, stack.last):
        return False
    width = Gutter(min(last.box.left, piece.box.left), max(last.box.right, piece.box.right))
    return not is_ruled(last.box.middle.y, piece.box.middle.y, width, rules, share=_RULED)


def _is_below(upper: Box, lower: Box, unit_px: float) -> bool:
    """Whether a box is centred below another, or flush with it."""
    return (
        abs(upper.middle.x - lower.middle.x) < _CENTRED * unit_px
        or abs(upper.left - lower.left) < _CENTRED * unit_px
    )


def _is_numeric(row: TextRow) -> bool:
    """Whether half of its cells after the first are numbers; years are heads."""
    body = [piece.phrase for piece in row.pieces if piece.first]
    numbers = sum(one.is_number and not _YEAR.fullmatch(one.text) for one in body)
    return bool(body) and numbers >= 0.5 * len(body)
