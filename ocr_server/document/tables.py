"""The rows, columns and cells of a table, and which cell a point of the page lies in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from ocr_server.geometry import Point, PointMap, Quad


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell of a table; row and column count from 0."""

    row: int
    column: int
    quad: Quad
    text: str

    def mapped(self, transform: PointMap) -> Cell:
        """The same cell in another frame."""
        return replace(self, quad=self.quad.mapped(transform))


@dataclass(frozen=True, slots=True)
class Table:
    """The rows and columns of a table zone, and its cells in reading order."""

    rows: int
    columns: int
    cells: tuple[Cell, ...]

    def mapped(self, transform: PointMap) -> Table:
        """The same table in another frame."""
        return replace(self, cells=tuple(cell.mapped(transform) for cell in self.cells))

    def cells_at(self, points: Iterable[Point]) -> Iterator[int | None]:
        """For each point the place among the cells of the one that holds it, if one does."""
        # A table of another's making may be large: all cells' hulls are looked at together.
        corners = np.array([cell.quad for cell in self.cells], float).reshape(-1, 4, 2)
        sides = np.roll(corners, -1, axis=1) - corners
        first, last = corners.min(axis=1), corners.max(axis=1)
        for point in points:
            near = np.flatnonzero(((first <= point) & (point <= last)).all(axis=1))
            x, y = np.moveaxis(point - corners[near], -1, 0)
            # Inside is to the right of all sides, which run clockwise: top, right, bottom, left.
            inwards = sides[near, :, 0] * y - sides[near, :, 1] * x
            holding = (inwards[:, (0, 3)] >= 0).all(axis=1) & (inwards[:, (1, 2)] > 0).all(axis=1)
            yield int(near[holding.argmax()]) if holding.any() else None
