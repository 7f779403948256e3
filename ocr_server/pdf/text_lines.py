"""Letters with places made into words, lines and zones.

Lines, blanks and the order within a line come from where the letters stand; only the order of the
lines is that of the file.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise
from statistics import median
from typing import TypeAlias

from ocr_server.document.model import Direction, Line, Symbol, Word, Zone, ZoneKind, hull_of
from ocr_server.document.paragraphs import PlacedLine, paragraph_numbers
from ocr_server.geometry import Box, Point, Quad, Transform, hull, lerp
from ocr_server.pdf.letters import Frame, Letter
from ocr_server.pdf.vertical_lines import read_in_tiers, split_columns
from ocr_server.pdf.visual_order import is_leftward, read_from_sight

_X_HEIGHT_SHARE = 0.5  # of the height from ascent to descent, in most Latin typefaces
_ZONE_GAP = 2.0  # white between lines, in heights of a line, from which on a zone ends

# In heights of the larger of two letters that follow each other:
_SAME_BASELINE = 0.2  # their baselines differ by less on one line
_HUNG, _SMALLER = 0.55, 0.85  # of raised and lowered letters by less, and these are smaller
_OTHER_LINE = 0.9  # from which on it is another line, whatever PDFium says
_RUNS_ON, _BACK = 0.8, -0.3  # the white within which a line goes on that PDFium breaks
_BENT = 0.7  # cosine of the angle between letters of a bent line; across it stands another line

# In sizes of the font: words stand apart by .2 and more in narrow setting, kerning is within .1.
# Where the file has blanks of its own, only wider white is one that it lacks.
# PDFium's guess counts for something where white is narrow.
_BLANK, _BLANK_MORE, _BLANK_GUESSED, _LEAST_BLANK = 0.16, 0.35, 0.08, 0.05
_LOOSE, _LOOSEST = 0.12, 1.2  # white between all letters of a line that is set loosely
_TIGHT = (
    -0.12
)  # that of letters set over each other, or in a font that claims to be wider than it is
_LOOSE_SHARE = 0.45  # of that white, by which blanks are wider
_FEWEST_LOOSE = 3  # letters

_LEVEL_DEG = 0.001  # rounding

_NONE = Letter("")

Confidence: TypeAlias = Callable[[Sequence[Letter]], float]


@dataclass(frozen=True, slots=True)
class _Row:
    """A line and its box in a frame in which it is level."""

    line: Line
    level: Box
    quarter: int

    @property
    def is_vertical(self) -> bool:
        return self.line.direction is Direction.TOP_TO_BOTTOM


def make_zones(
    letters: Sequence[Letter], *, symbols: bool = False, confidence: Confidence = lambda _: 1.0
) -> tuple[Zone, ...]:
    """Zones of paragraphs; `confidence` says how sure a word of some letters is."""
    rows = [
        _row(run, is_vertical=is_vertical, symbols=symbols, confidence=confidence)
        for stretch, is_vertical in split_columns(letters)
        for run in ([stretch] if is_vertical else _lines(stretch))
    ]
    zones: list[list[PlacedLine]] = []
    before = None
    for row in _downwards(_leftwards(rows)):
        white = math.inf if before is None else _gap(before, row)
        if white > _ZONE_GAP:
            zones.append([])
        zones[-1].append(PlacedLine(row.line, row.level, white))
        before = row
    return tuple(
        _zone(
            [
                replace(placed.line, paragraph=number)
                for placed, number in zip(lines, paragraph_numbers(lines), strict=True)
            ]
        )
        for lines in zones
    )


def _lines(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Runs of letters that stand on a line, with the blanks of the file among them."""
    run: list[Letter] = []
    last = base = _NONE  # the letter before, and the last one that is neither raised nor lowered
    is_broken = False
    for letter in letters:
        if letter.text in "\r\n":
            is_broken = True
        if letter.text.isspace():
            if run and letter.text not in "\r\n":
                run.append(letter)
            continue
        is_next = not run or (last.piece is letter.piece and not is_broken)
        if not (is_next or _follows(last, letter, is_broken=is_broken) or _hangs_on(base, letter)):
            yield run
            run = []
        run.append(letter)
        if len(run) == 1 or letter.size_px >= _SMALLER * base.size_px:
            base = letter
        last, is_broken = letter, False
    if run:
        yield run


def _follows(last: Letter, letter: Letter, *, is_broken: bool) -> bool:
    """Whether a letter stands on the line of the last one; PDFium may see a break before it."""
    if last.quad is None or letter.quad is None:
        return False
    one, other = Frame.of(last.quad), Frame.of(letter.quad)
    if not one.is_like(other):
        return not is_broken and one.is_like(other, least=_BENT)
    larger, smaller = max(one.height, other.height), min(one.height, other.height)
    down = abs(one.down(letter.origin) - one.down(last.origin))
    if not is_broken:
        return down < _OTHER_LINE * larger
    is_hung = smaller < _SMALLER * larger and down < _HUNG * larger
    if not is_hung and down > _SAME_BASELINE * larger:
        return False
    return _BACK * larger < one.gap(last.quad, letter.quad) < _RUNS_ON * larger


def _hangs_on(base: Letter, letter: Letter) -> bool:
    """Whether a letter is raised or lowered right beside another, where one may hang already."""
    if base.quad is None or letter.quad is None:
        return False
    is_near = abs(_gap_between(base, letter, Frame.of(base.quad))) < _BLANK
    return is_near and _follows(base, letter, is_broken=True)


def _row(
    run: Sequence[Letter], *, is_vertical: bool, symbols: bool, confidence: Confidence
) -> _Row:
    placed = [letter for letter in run if not letter.text.isspace()]
    first = next(letter.quad for letter in placed if letter.quad is not None)
    frame = Frame.of(first)
    angle_deg = math.degrees(math.atan2(frame.along_y, frame.along_x))
    turn = Transform.rotation(-angle_deg) if abs(angle_deg) > _LEVEL_DEG else None
    level = _hull(placed, turn)
    direction = Direction.TOP_TO_BOTTOM if is_vertical else _direction(placed, frame)
    groups = [placed] if is_vertical else _words_as_read(run, frame, direction)
    base = median((turn.apply(one.origin) if turn else one.origin).y for one in placed)

    def back(box: Box) -> Quad:
        return box.quad().mapped(turn.inverse()) if turn else box.quad()

    ends = (Point(level.left, base), Point(level.right, base))
    line = Line(
        words=tuple(
            Word(
                text="".join(letter.text for letter in group),
                quad=back(_hull(group, turn)),
                confidence=(sure := confidence(group)),
                symbols=tuple(_symbols(group, sure)) if symbols else (),
            )
            for group in groups
        ),
        quad=back(level),
        baseline=tuple(turn.inverse().apply_all(ends)) if turn else ends,
        x_height_px=_X_HEIGHT_SHARE * (level.width if is_vertical else _usual_height(placed)),
        direction=direction,
    )
    return _Row(line, level, round(angle_deg / 90) % 4)


def _usual_height(letters: Iterable[Letter]) -> float:
    """The height of most letters: a root, an integral or a raised figure is higher or lower."""
    return median(Frame.of(letter.quad).height for letter in letters if letter.quad)


def _words_as_read(run: Sequence[Letter], frame: Frame, direction: Direction) -> list[list[Letter]]:
    """The words as they are read, which in scripts from right to left is not as they are kept."""
    if not any(is_leftward(letter.text) for letter in run):
        return list(_words(run, frame))

    def inline(letter: Letter) -> float:
        quad = letter.quad
        if quad is None:
            return frame.inline(letter.origin)
        return (frame.inline(quad.top_left) + frame.inline(quad.top_right)) / 2

    run = [letter for letter in run if letter.quad]
    words = list(_words(sorted(run, key=inline), frame))
    ends = (lerp(one[-1].origin, other[0].origin, 0.5) for one, other in pairwise(words))
    blanks = [Letter(" ", None, end) for end in ends]  # which part one number from the next
    from_right = direction is Direction.RIGHT_TO_LEFT
    read = read_from_sight([*run, *blanks], inline, from_right=from_right)
    parts = groupby(read, key=lambda letter: letter.quad is None)
    groups = ([one for one in part if not one.text.isspace()] for _, part in parts)
    return [group for group in groups if group]


def _words(run: Sequence[Letter], frame: Frame) -> Iterator[list[Letter]]:
    """The letters of a line parted where there is white between them."""
    has_own = any(letter.quad and letter.text.isspace() for letter in run)
    usual = _usual_gap(run, frame)
    loose, tight = max(usual, 0.0), min(usual, 0.0)
    blank = loose + max(_BLANK_MORE if has_own else _BLANK, _LOOSE_SHARE * loose)
    group: list[Letter] = []
    least = blank
    for letter in run:
        if letter.text.isspace():
            if letter.quad:
                least = tight + _LEAST_BLANK
            elif not loose:
                least = min(least, _BLANK_GUESSED)
            continue
        is_mark = unicodedata.combining(letter.text[:1]) != 0
        # An index stands under its exponent.
        gaps = (_gap_between(one, letter, frame) for one in reversed(group))
        if group and not is_mark and all(gap > least for gap in gaps):
            yield group
            group = []
        group.append(letter)
        least = blank
    if group:
        yield group


def _gap_between(last: Letter, letter: Letter, frame: Frame) -> float:
    """White between two letters, in sizes of their fonts."""
    if last.quad is None or letter.quad is None:
        return 0.0
    # Letters of fonts that define their own measure may be much higher than the size says.
    size_px = max((last.size_px + letter.size_px) / 2, frame.height / 2)
    return frame.gap(last.quad, letter.quad) / size_px


def _usual_gap(run: Sequence[Letter], frame: Frame) -> float:
    """The white between the letters of words that are set loosely or over each other, else 0.

    Figures that stand apart are figures of a table.
    """
    gaps = [
        _gap_between(last, letter, frame)
        for last, letter in pairwise(letter for letter in run if letter.quad)
        if last.text.isalpha() and letter.text.isalpha()
    ]
    if len(gaps) < _FEWEST_LOOSE:
        return 0.0
    usual = median(gaps)
    if usual < _TIGHT:
        return usual
    return usual if _LOOSE < usual < _LOOSEST and min(gaps) >= _LOOSE / 2 else 0.0


def _direction(letters: Sequence[Letter], frame: Frame) -> Direction:
    """The way of most runs of letters that are seen, else of most letters."""
    if not any(is_leftward(letter.text) for letter in letters):
        return Direction.LEFT_TO_RIGHT
    seen = sorted(letters, key=lambda letter: frame.inline(letter.origin))
    kinds = [unicodedata.bidirectional(letter.text[:1]) for letter in seen]
    strong = ["R" if kind in {"R", "AL"} else kind for kind in kinds if kind in {"R", "AL", "L"}]
    runs = [kind for kind, _ in groupby(strong)]
    balance = runs.count("R") - runs.count("L") or strong.count("R") - strong.count("L")
    return Direction.RIGHT_TO_LEFT if balance > 0 else Direction.LEFT_TO_RIGHT


def _leftwards(rows: Sequence[_Row]) -> Iterator[_Row]:
    """The rows with those of vertical writing as they are read."""
    for is_vertical, group in groupby(rows, key=lambda row: row.is_vertical):
        some = list(group)
        order = read_in_tiers([row.level for row in some]) if is_vertical else range(len(some))
        yield from (some[number] for number in order)


def _downwards(rows: Iterator[_Row]) -> Iterator[_Row]:
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


def _symbols(letters: Sequence[Letter], confidence: float) -> Iterator[Symbol]:
    return (Symbol(one.text, one.quad, confidence) for one in letters if one.quad)


def _hull(letters: Sequence[Letter], turn: Transform | None) -> Box:
    points = (point for letter in letters if letter.quad for point in letter.quad)
    return hull(points if turn is None else turn.apply_all(points))


def _gap(before: _Row, row: _Row) -> float:
    """White from one line to the next, in heights of a line; infinite where none follows."""
    if before.is_vertical and row.is_vertical:
        if before.level.top >= row.level.bottom or row.level.top >= before.level.bottom:
            return math.inf
        return (before.level.left - row.level.right) / max(row.level.width, 1.0) - 1
    if before.quarter != row.quarter or _is_apart(before, row) or row.level.top < before.level.top:
        return math.inf
    height = min(before.level.height, row.level.height)
    return (row.level.top - before.level.bottom) / max(height, 1.0)


def _is_apart(one: _Row, other: _Row) -> bool:
    """Whether one stands left of the other."""
    return one.level.is_beside(other.level)
