"""Zones of a page and their tables: Zone → Line, and Table → Cell.

Both are frozen, with tuples inside. Paragraphs are no level: each line has the number of its
paragraph within the zone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import groupby, islice

import numpy as np

from ocr_server.document.lines import Line, Word, are_handwritten, hull_of, mean_confidence
from ocr_server.geometry import Box, Point, PointMap, Quad

_COMPARED_AT_ONCE = 200_000  # pairs of a point and a cell


class ZoneKind(StrEnum):
    """What a zone contains."""

    TEXT = "text"
    PICTURE = "picture"
    RULE = "rule"
    TABLE = "table"


class TextSource(StrEnum):
    """Where the text of a page or a zone came from; the text layer is that of a PDF."""

    RECOGNISED = "recognised"
    TEXT_LAYER = "text-layer"
    BOTH = "both"


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; `row` and `column` count from 0.

    `row_span` and `column_span` are how many rows and columns it stands in.
    """

    row: int
    column: int
    quad: Quad
    text: str
    row_span: int = 1
    column_span: int = 1

    def mapped(self, transform: PointMap) -> Cell:
        """The cell with its coordinates transformed."""
        return replace(self, quad=self.quad.mapped(transform))


@dataclass(frozen=True, slots=True)
class Table:
    """The number of rows and columns of a table zone, and its cells in reading order.

    `header_rows` is how many rows at the top are its head, 0 where that is not sure. `continues`
    tells that it goes on a table of the page before.
    """

    rows: int
    columns: int
    cells: tuple[Cell, ...]
    header_rows: int = 0
    continues: bool = False

    @property
    def box(self) -> Box:
        """The bounding box of its cells, of which at least one is needed."""
        return hull_of(self.cells)

    def mapped(self, transform: PointMap) -> Table:
        """The table with the coordinates of its cells transformed."""
        return replace(self, cells=tuple(cell.mapped(transform) for cell in self.cells))

    def cells_at(self, points: Iterable[Point]) -> Iterator[int | None]:
        """For each point, the index in `cells` of the cell that contains it, or None."""
        # Tables of a client's document may be large: all cells are compared in one operation, with
        # as many points as take little memory.
        corners = np.array([cell.quad for cell in self.cells], float).reshape(-1, 4, 2)
        sides = np.roll(corners, -1, axis=1) - corners
        first, last = corners.min(axis=1), corners.max(axis=1)
        left = iter(points)
        while some := list(islice(left, max(1, _COMPARED_AT_ONCE // max(1, len(self.cells))))):
            places = np.array(some, float)
            near = ((first <= places[:, None]) & (places[:, None] <= last)).all(axis=2)
            which, cells = np.nonzero(near)
            x, y = np.moveaxis(places[which, None] - corners[cells], -1, 0)
            # A point inside is to the right of all sides, which run clockwise from the top.
            inwards = sides[cells, :, 0] * y - sides[cells, :, 1] * x
            holding = (inwards[:, (0, 3)] >= 0).all(axis=1) & (inwards[:, (1, 2)] > 0).all(axis=1)
            found: dict[int, int] = {}
            for index, cell in zip(which[holding].tolist(), cells[holding].tolist(), strict=True):
                found.setdefault(index, cell)
            yield from map(found.get, range(len(some)))

    def nearest_cells(self, points: Sequence[Point]) -> Iterator[int]:
        """For each point, the index in `cells` of the cell that contains it, else of the nearest.

        There must be a cell.
        """
        boxes = [cell.quad.box for cell in self.cells]
        low = np.array([(box.left, box.top) for box in boxes])
        high = np.array([(box.right, box.bottom) for box in boxes])
        for point, place in zip(points, self.cells_at(points), strict=True):
            if place is None:
                apart = np.maximum(0, np.maximum(low - point, point - high))
                place = int((apart**2).sum(axis=1).argmin())  # noqa: PLW2901
            yield place


@dataclass(frozen=True, slots=True)
class Zone:
    """A part of the page of one kind; only text and tables have lines.

    `name` is that of a requested zone. `engine` is the name of the engine that read it, if the page
    may have been read by two. `source` is where its text came from, if the page has text of both
    sources.
    """

    kind: ZoneKind
    quad: Quad
    lines: tuple[Line, ...] = ()
    table: Table | None = None
    name: str | None = None
    engine: str | None = None
    source: TextSource | None = None

    @property
    def box(self) -> Box:
        """The bounding box of the quad."""
        return self.quad.box

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all lines."""
        return tuple(word for line in self.lines for word in line.words)

    @property
    def handwritten(self) -> bool:
        """Whether most of its letters are in handwritten lines."""
        return are_handwritten(self.lines)

    def paragraphs(self) -> tuple[tuple[Line, ...], ...]:
        """The lines, grouped by consecutive paragraph numbers."""
        return tuple(tuple(group) for _, group in groupby(self.lines, lambda line: line.paragraph))

    @property
    def text(self) -> str:
        """The lines, separated by line breaks, with an empty line between paragraphs.

        Between the rows of a table there is none.
        """
        if self.table:
            return "\n".join(line.text for line in self.lines)
        return "\n\n".join("\n".join(line.text for line in lines) for lines in self.paragraphs())

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, weighted by their letters and digits, from 0 to 1."""
        return mean_confidence(self.words)

    @property
    def cell_confidences(self) -> tuple[float | None, ...]:
        """The confidence of each cell of the table; None of a cell without words."""
        if self.table is None:
            return ()
        inside: list[list[Word]] = [[] for _ in self.table.cells]
        words = self.words
        places = self.table.cells_at(word.box.middle for word in words)
        for word, place in zip(words, places, strict=True):
            if place is not None:
                inside[place].append(word)
        return tuple(mean_confidence(tuple(some)) if some else None for some in inside)

    def with_each_word(self, change: Callable[[Word], Word]) -> Zone:
        """The zone with each word as `change` returns it; cells of a table have its texts."""
        lines = (replace(line, words=tuple(map(change, line.words))) for line in self.lines)
        done = replace(self, lines=tuple(lines))
        return done if done.text == self.text else done.with_cells_refilled()

    def with_cells_refilled(self) -> Zone:
        """The zone with the text of its table's cells made anew from its words, line by line."""
        if self.table is None:
            return self
        texts: list[list[str]] = [[] for _ in self.table.cells]
        places = self.table.cells_at(word.box.middle for word in self.words)
        for line in self.lines:
            pieces: dict[int, list[Word]] = {}
            for word in line.words:
                place = next(places)
                if place is not None:
                    pieces.setdefault(place, []).append(word)
            for place, words in pieces.items():
                texts[place].append(line.with_words(tuple(words)).text)
        cells = tuple(
            replace(cell, text="\n".join(lines))
            for cell, lines in zip(self.table.cells, texts, strict=True)
        )
        return replace(self, table=replace(self.table, cells=cells))

    def mapped(self, transform: PointMap) -> Zone:
        """The zone with all coordinates transformed."""
        return replace(
            self,
            quad=self.quad.mapped(transform),
            lines=tuple(line.mapped(transform) for line in self.lines),
            table=self.table.mapped(transform) if self.table else None,
        )
