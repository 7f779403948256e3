"""Scores of tables against their known cells: F1 by place and by neighbours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Self

from rapidfuzz.distance import Levenshtein

ALIKE = 0.8  # of the longer text, blanks and case aside
_LEAST_PAIR = 0.1  # below which a found table is not taken for a true one


@dataclass(frozen=True, slots=True)
class TrueCell:
    """A cell with text; rows and columns count from 0."""

    row: int
    column: int
    text: str
    row_span: int = 1
    column_span: int = 1


@dataclass(frozen=True, slots=True)
class Tally:
    """How many were right, of how many found and true."""

    right: int = 0
    found: int = 0
    true: int = 0

    def __add__(self, other: Self) -> Tally:
        """Both together."""
        return Tally(self.right + other.right, self.found + other.found, self.true + other.true)

    @property
    def f1(self) -> float:
        """The harmonic mean of precision and recall; 1 where there was nothing to find."""
        total = self.found + self.true
        return 2 * self.right / total if total else 1.0


@dataclass(frozen=True, slots=True)
class TableScore:
    """How the tables of one page or of many were found; `false` are found ones beside the true."""

    place: Tally = Tally()
    neighbours: Tally = Tally()
    tables: int = 0
    hits: int = 0
    false: int = 0

    def __add__(self, other: Self) -> TableScore:
        """Both together."""
        return TableScore(
            self.place + other.place, self.neighbours + other.neighbours,
            self.tables + other.tables, self.hits + other.hits, self.false + other.false,
        )  # fmt: skip


def score_page(
    found: Iterable[Sequence[TrueCell]], true: Iterable[Sequence[TrueCell]]
) -> TableScore:
    """Pair the tables of a page, the likest first, and score them.

    A true table without a found one scores 0; a found one without a true one is false, and its
    cells count against the place.
    """
    ours = [cells for table in found if (cells := without_empty(table))]
    theirs = [without_empty(table) for table in true]
    ranked = sorted(
        (
            (by_neighbours(mine, known).f1 + by_place(mine, known).f1, i, j)
            for (i, mine), (j, known) in product(enumerate(ours), enumerate(theirs))
        ),
        reverse=True,
    )
    pairs: dict[int, int] = {}
    for likeness, i, j in ranked:
        if likeness > _LEAST_PAIR and j not in pairs and i not in pairs.values():
            pairs[j] = i
    total = TableScore()
    for j, known in enumerate(theirs):
        mine = ours[pairs[j]] if j in pairs else ()
        total += TableScore(by_place(mine, known), by_neighbours(mine, known), 1, int(j in pairs))
    for i, mine in enumerate(ours):
        if i not in pairs.values():
            total += TableScore(Tally(0, len(mine), 0), false=1)
    return total


def without_empty(cells: Iterable[TrueCell]) -> tuple[TrueCell, ...]:
    """The cells with text, in reading order; rows and columns in which none begins do not count."""
    filled = [cell for cell in cells if _plain(cell.text)]
    rows = _ranks({cell.row for cell in filled}, filled)
    columns = _ranks({cell.column for cell in filled}, filled)
    moved = (
        TrueCell(
            rows[cell.row], columns[cell.column], _plain(cell.text),
            max(1, rows[cell.row + cell.row_span] - rows[cell.row]),
            max(1, columns[cell.column + cell.column_span] - columns[cell.column]),
        )
        for cell in filled
    )  # fmt: skip
    return tuple(sorted(moved, key=lambda cell: (cell.row, cell.column)))


def by_place(found: Sequence[TrueCell], true: Sequence[TrueCell]) -> Tally:
    """Cells at the right row and column with a text that is alike."""
    texts = {(cell.row, cell.column): cell.text for cell in true}
    right = sum(
        _are_alike(cell.text, texts[place])
        for cell in found
        if (place := (cell.row, cell.column)) in texts
    )
    return Tally(right, len(found), len(true))


def by_neighbours(found: Sequence[TrueCell], true: Sequence[TrueCell]) -> Tally:
    """Pairs of texts that are next to each other, to the right or below, blanks passed over.

    A row too many costs its own pairs, not those of all rows below it.
    Source: Göbel, Hassan, Oro, Orsi, ICDAR 2013 Table Competition, section III.
    """
    known = {cell.text for cell in true}
    names: dict[str, str] = {}
    for text in {cell.text for cell in found}:
        likest = min(known, key=lambda name: _difference(text, name), default=text)
        names[text] = likest if _are_alike(text, likest) else text
    mine = Counter(_pairs(found, names))
    theirs = Counter(_pairs(true, {text: text for text in known}))
    return Tally(sum((mine & theirs).values()), sum(mine.values()), sum(theirs.values()))


def _pairs(cells: Sequence[TrueCell], names: Mapping[str, str]) -> Iterable[tuple[str, str, str]]:
    at = {
        (row, column): cell
        for cell in cells
        for row in range(cell.row, cell.row + cell.row_span)
        for column in range(cell.column, cell.column + cell.column_span)
    }
    seen = set()
    for way in ("right", "below"):
        before: dict[int, TrueCell] = {}  # the last cell in each row, or column
        for row, column in sorted(at, key=lambda place: place[:: 1 if way == "right" else -1]):
            cell, strip = at[row, column], row if way == "right" else column
            last = before.get(strip)
            before[strip] = cell
            if last and last is not cell and (last, cell, way) not in seen:
                seen.add((last, cell, way))
                yield names[last.text], names[cell.text], way


def _ranks(used: set[int], cells: Iterable[TrueCell]) -> dict[int, int]:
    """For each number of a row or column how many used ones come before it."""
    ends = {end for c in cells for end in (c.row + c.row_span, c.column + c.column_span)}
    return {number: sum(other < number for other in used) for number in used | ends}


def _plain(text: str) -> str:
    return "".join(text.split()).casefold()


def _difference(one: str, other: str) -> float:
    return Levenshtein.normalized_distance(one, other)


def _are_alike(one: str, other: str) -> bool:
    return 1 - _difference(one, other) >= ALIKE
