"""Letters with places, in reading order, made into words, lines and zones."""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median

from ocr_server.document.model import Direction, Line, Symbol, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box, Point, Quad, Transform, hull

_X_HEIGHT_SHARE = 0.5  # of the height from ascent to descent, in most Latin typefaces
# White between lines, in heights of a line, from which on a paragraph and a zone ends.
_PARAGRAPH_GAP, _ZONE_GAP = 0.6, 2.0
_OTHER_SIZE = 1.25  # one line is a heading if it is so much larger than the other
_NOWHERE = Point(0, 0)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter; `quad` reaches from the font's ascent to its descent, `origin` is on the baseline.

    Letters that only part words and lines, blanks and line breaks, have no place.
    """

    text: str
    quad: Quad | None = None
    origin: Point = _NOWHERE


@dataclass(frozen=True, slots=True)
class _Row:
    """A line and its box in a frame in which it is level."""

    line: Line
    level: Box
    quarter: int


def make_zones(letters: Sequence[Letter], *, symbols: bool = False) -> tuple[Zone, ...]:
    """Zones of paragraphs; every word is certain, since nobody had to read it."""
    rows = [_row(run, symbols=symbols) for run in _split(letters, _breaks_line)]
    zones: list[list[_Row]] = []
    paragraph = 0
    for row in _downwards([row for row in rows if row is not None]):
        before = zones[-1][-1] if zones else None
        if before is None or _gap(before, row) > _ZONE_GAP:
            zones.append([])
            paragraph = 0
        elif _gap(before, row) > _PARAGRAPH_GAP or _ratio(before, row) > _OTHER_SIZE:
            paragraph += 1
        zones[-1].append(replace(row, line=replace(row.line, paragraph=paragraph)))
    return tuple(_zone([row.line for row in rows]) for rows in zones)


def _downwards(rows: Sequence[_Row]) -> Iterator[_Row]:
    """The rows with those of a turned page from its top: PDFium gives some from the bottom."""
    climbing: list[_Row] = []
    for row in rows:
        if climbing and not _climbs(climbing[-1], row):
            yield from reversed(climbing)
            climbing = []
        climbing.append(row)
    yield from reversed(climbing)


def _climbs(before: _Row, row: _Row) -> bool:
    """Whether a row on its side stands right above the one before it."""
    if not before.quarter % 2 or before.quarter != row.quarter or _is_apart(before, row):
        return False
    return row.level.bottom - before.level.top < 0.5 * row.level.height


def _zone(lines: Sequence[Line]) -> Zone:
    return Zone(ZoneKind.TEXT, hull_of(lines).quad(), tuple(lines))


def _row(letters: Sequence[Letter], *, symbols: bool) -> _Row | None:
    groups = list(_split(letters, str.isspace))
    placed = [letter for group in groups for letter in group]
    if not placed:
        return None
    first = next(letter.quad for letter in placed if letter.quad is not None)
    turn = Transform.rotation(-first.angle_deg)
    back = turn.inverse()
    level = _hull(placed, turn)
    base = median(turn.apply(letter.origin).y for letter in placed)
    text = "".join(letter.text for letter in placed)
    line = Line(
        words=tuple(
            Word(
                text="".join(letter.text for letter in group),
                quad=_hull(group, turn).quad().mapped(back),
                confidence=1.0,
                symbols=tuple(_symbols(group)) if symbols else (),
            )
            for group in groups
        ),
        quad=level.quad().mapped(back),
        baseline=(back.apply(Point(level.left, base)), back.apply(Point(level.right, base))),
        x_height_px=level.height * _X_HEIGHT_SHARE,
        direction=_direction(text),
    )
    return _Row(line, level, round(first.angle_deg / 90) % 4)


def _breaks_line(text: str) -> bool:
    return text in {"\r", "\n"}


def _split(letters: Sequence[Letter], parts: Callable[[str], bool]) -> Iterator[list[Letter]]:
    """Runs of letters with a place among them, parted by the letters that `parts` names."""
    run: list[Letter] = []
    for letter in letters:
        if parts(letter.text):
            if any(one.quad for one in run):
                yield run
            run = []
        else:
            run.append(letter)
    if any(one.quad for one in run):
        yield run


def _symbols(letters: Sequence[Letter]) -> Iterator[Symbol]:
    return (Symbol(one.text, one.quad, 1.0) for one in letters if one.quad)


def _hull(letters: Sequence[Letter], turn: Transform) -> Box:
    return hull(turn.apply(point) for letter in letters if letter.quad for point in letter.quad)


def _direction(text: str) -> Direction:
    kinds = [unicodedata.bidirectional(letter) for letter in text]
    leftwards, rightwards = kinds.count("R") + kinds.count("AL"), kinds.count("L")
    return Direction.RIGHT_TO_LEFT if leftwards > rightwards else Direction.LEFT_TO_RIGHT


def _gap(before: _Row, row: _Row) -> float:
    """White from one line down to the next, in heights of a line; infinite beside or above."""
    if before.quarter != row.quarter or _is_apart(before, row) or row.level.top < before.level.top:
        return math.inf
    height = min(before.level.height, row.level.height)
    return (row.level.top - before.level.bottom) / max(height, 1.0)


def _is_apart(one: _Row, other: _Row) -> bool:
    """Whether one stands left of the other."""
    return one.level.is_beside(other.level)


def _ratio(before: _Row, row: _Row) -> float:
    heights = sorted((before.level.height, row.level.height))
    return heights[1] / max(heights[0], 1.0)
