"""Rows that layout tore apart: a label here, its price in another zone, as on receipts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from statistics import median

from ocr_server.document.model import Direction, Line, Zone, ZoneKind
from ocr_server.geometry import Box, hull

_PROSE_LETTERS = 18  # in a line: narrow columns of print have 25 and more, prices and labels fewer
_PROSE_LINES = 3
_LEAST_SHARED = 0.6  # of the lines of the zone that has fewer: the others are captions between
_INSIDE = 0.8  # of a zone's area: it is not beside the other zone but in a gap of it


@dataclass(frozen=True, slots=True)
class _Piece:
    """A line, the zone it came from, and how it slants; `level` is its height on a level page.

    `core` is the box of its words with letters or figures, as specks are read as dots far away.
    """

    line: Line
    core: Box
    width_px: float
    zone: int
    slope: float
    level: float

    def shares_row(self, other: _Piece) -> bool:
        """Whether both stand side by side in one row."""
        mine, its = self.core, other.core
        if mine.left < its.right and its.left < mine.right:
            return False
        lower, higher = sorted((mine.height, its.height))
        slope = self.slope if self.width_px >= other.width_px else other.slope
        rise = mine.top + mine.bottom - its.top - its.bottom
        run = mine.left + mine.right - its.left - its.right
        return higher < 2 * lower and abs(rise - slope * run) < lower


def join_rows(zones: tuple[Zone, ...]) -> tuple[Zone, ...]:
    """The zones, with those side by side that share their rows joined, and read row by row.

    Columns of prose stay columns, and so does all beside them: their lines lie level, too, but
    mean nothing to each other. Writing from right to left is left alone, as nothing is proved.
    """
    if any(line.direction is not Direction.LEFT_TO_RIGHT for zone in zones for line in zone.lines):
        return zones
    pieces = _pieces(zones)
    boxes = [zone.box for zone in zones]
    in_columns = _has_columns(zones)
    groups = {index: {index} for index, zone in enumerate(zones) if zone.kind is ZoneKind.TEXT}
    for one, other in combinations(groups, 2):
        nested = _is_inside(boxes[one], boxes[other]) or _is_inside(boxes[other], boxes[one])
        if (nested or not in_columns) and _share_rows(pieces[one], pieces[other]):
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


def _pieces(zones: Sequence[Zone]) -> list[list[_Piece]]:
    """The lines of each zone; short ones slant as the others do."""
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
    box = line.box
    return (box.top + box.bottom - slope * (box.left + box.right)) / 2


def _core(line: Line) -> Box:
    words = [word for word in line.words if any(map(str.isalnum, word.text))]
    return hull(point for word in words for point in word.quad) if words else line.box


def _has_columns(zones: Sequence[Zone]) -> bool:
    prose = [zone for zone in zones if _is_prose(zone.lines)]
    return any(
        (one.box.right <= other.box.left or other.box.right <= one.box.left)
        and one.box.top < other.box.bottom
        and other.box.top < one.box.bottom
        for one, other in combinations(prose, 2)
    )


def _is_prose(lines: Sequence[Line]) -> bool:
    letters = [sum(map(str.isalpha, line.text)) for line in lines]
    return len(lines) >= _PROSE_LINES and median(letters) >= _PROSE_LETTERS


def _is_inside(inner: Box, outer: Box) -> bool:
    common = inner.intersection(outer)
    return common is not None and common.area >= _INSIDE * inner.area


def _share_rows(one: list[_Piece], other: list[_Piece]) -> bool:
    fewer, more = sorted((one, other), key=len)
    shared = sum(any(piece.shares_row(mate) for mate in more) for piece in fewer)
    return bool(fewer) and shared >= _LEAST_SHARED * len(fewer)


def _join(zones: Sequence[Zone], pieces: list[_Piece]) -> Zone:
    rows: list[list[_Piece]] = []
    for piece in sorted(pieces, key=lambda piece: piece.level):
        row = next((r for r in rows[-2:] if all(piece.shares_row(mate) for mate in r)), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
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
    quad = hull(point for zone in zones for point in zone.quad).quad()
    return replace(zones[0], quad=quad, lines=tuple(lines))
