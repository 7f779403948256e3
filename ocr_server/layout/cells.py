"""Which cell of a table a word stands in, and what the cells say by that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Table, Word, Zone


def cells_of(table: Table, words: Sequence[Word]) -> Iterator[int | None]:
    """For each word the place of the cell among the table's that holds its middle, if one does."""
    # A table of another's making may be large: a word is held against all cells at once.
    corners = np.array([cell.quad for cell in table.cells], float).reshape(-1, 4, 2)
    sides = np.roll(corners, -1, axis=1) - corners
    for word in words:
        x, y = np.moveaxis(word.box.middle - corners, -1, 0)
        # Inside is to the right of all sides, which run clockwise: top, right, bottom, left.
        inwards = sides[..., 0] * y - sides[..., 1] * x
        holding = (inwards[:, (0, 3)] >= 0).all(axis=1) & (inwards[:, (1, 2)] > 0).all(axis=1)
        yield int(holding.argmax()) if holding.any() else None


def refilled(zone: Zone) -> Zone:
    """The zone, the cells of its table with what its words say now, line by line."""
    if zone.table is None:
        return zone
    texts: list[list[str]] = [[] for _ in zone.table.cells]
    places = cells_of(zone.table, zone.words)
    for line in zone.lines:
        pieces: dict[int, list[Word]] = {}
        for word in line.words:
            place = next(places)
            if place is not None:
                pieces.setdefault(place, []).append(word)
        for place, words in pieces.items():
            texts[place].append(replace(line, words=tuple(words)).text)
    cells = tuple(
        replace(cell, text="\n".join(lines))
        for cell, lines in zip(zone.table.cells, texts, strict=True)
    )
    return replace(zone, table=replace(zone.table, cells=cells))
