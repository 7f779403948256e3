"""The page as rows: lines that stand side by side, in columns or zones of their own, as one."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from ocr_server.document.model import Line, Page, Word, Zone

_LONG = 4  # times as long as high: shorter ones say little of how the page slants


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
    """The rows of some zones from top to bottom, level or slanting as the page does."""
    lines = [line for zone in zones for line in zone.lines if line.words]
    slope = _slope(lines)
    rows: list[list[Line]] = []
    for line in sorted(lines, key=lambda one: _level(one, slope)):
        row = next((row for row in reversed(rows[-3:]) if _stands_beside(line, row, slope)), None)
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


def _slope(lines: Iterable[Line]) -> float:
    """How far lines fall for each pixel to the right: that of the middle of the long ones."""
    slopes = [
        (line.quad.top_right.y - line.quad.top_left.y) / width
        for line in lines
        if (width := line.quad.top_right.x - line.quad.top_left.x) > _LONG * _height(line)
    ]
    return statistics.median(slopes) if slopes else 0.0


def _level(line: Line, slope: float) -> float:
    """Where the middle of the line would stand at the left edge of the page."""
    xs, ys = zip(*line.quad, strict=True)
    return (sum(ys) - slope * sum(xs)) / 4


def _height(line: Line) -> float:
    return max(1.0, math.dist(line.quad.top_left, line.quad.bottom_left))


def _stands_beside(line: Line, row: list[Line], slope: float) -> bool:
    is_level = any(
        abs(_level(line, slope) - _level(other, slope)) < _height(other) / 2 for other in row
    )
    is_free = all(
        line.box.left >= other.box.right - 2 or line.box.right <= other.box.left + 2
        for other in row
    )
    return is_level and is_free
