"""The page as rows: lines that stand side by side, in columns or zones of their own, as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ocr_server.model import Line, Page, Word, Zone


@dataclass(frozen=True, slots=True)
class Row:
    """Words from left to right; at least one."""

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


def rows_of(page: Page) -> tuple[Row, ...]:
    """All rows of a page from top to bottom."""
    return rows_in(page.zones)


def rows_in(zones: Iterable[Zone]) -> tuple[Row, ...]:
    """The rows of some zones from top to bottom."""
    lines = [line for zone in zones for line in zone.lines if line.words]
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_middle):
        row = next((row for row in reversed(rows[-3:]) if _stands_beside(line, row)), None)
        if row is None:
            rows.append([line])
        else:
            row.append(line)
    return tuple(
        Row(
            tuple(word for line in sorted(row, key=lambda one: one.box.left) for word in line.words)
        )
        for row in rows
    )


def up_to_gap(words: Sequence[Word]) -> tuple[Word, ...]:
    """The words up to the first gap that is wider than they are high: a column's edge."""
    for position, (one, other) in enumerate(pairwise(words), 1):
        if other.box.left - one.box.right > 1.2 * one.box.height:
            return tuple(words[:position])
    return tuple(words)


def _middle(line: Line) -> float:
    return (line.box.top + line.box.bottom) / 2


def _stands_beside(line: Line, row: list[Line]) -> bool:
    is_level = any(other.box.top < _middle(line) < other.box.bottom for other in row)
    is_free = all(
        line.box.left >= other.box.right - 2 or line.box.right <= other.box.left + 2
        for other in row
    )
    return is_level and is_free
