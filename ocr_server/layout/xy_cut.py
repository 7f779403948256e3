"""XY-cut: zones in reading order, for lines from an engine without layout analysis.

A set of lines is divided recursively at gaps through all of it: vertical ones between columns of
text, else horizontal ones between blocks.

Source: G. Nagy and S. Seth, "Hierarchical representation of optically scanned documents", ICPR 1984
(on pixels; here on the boxes of lines).
"""

from __future__ import annotations

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import median
from typing import NamedTuple, TypeAlias

from ocr_server.document.model import Line, Zone, ZoneKind, hull_of
from ocr_server.document.paragraphs import PlacedLine, paragraph_numbers
from ocr_server.geometry import Box, Quad, Transform
from ocr_server.layout.detected_lines import is_long, width_px
from ocr_server.layout.rows import is_level

# The skew of a page is that of its longest lines; steeper ones run down or up the page.
_MOST_SLANT_DEG = 30.0
_ALMOST_LONGEST = 0.5  # of the longest line; the angle of shorter ones is too imprecise
_LEAST_SLANTING, _LEAST_SLANTING_OF_PAGE = 5, 2  # lines of a piece, and of the whole page

# The unit of all distances is the height of a line. Boxes of lines are larger than their letters by
# this rim, and may overlap the next line's.
_RIM = 0.25
_LEAST_GUTTER = 0.8  # between columns
# A column of text has several long lines, of which many fill its width; else it is a column of a
# table, whose rows are read across. Chosen on 110 readings of pages, papers, registers and
# receipts.
_LONG_LINE, _LEAST_LONG_LINES = 8.0, 3  # width in heights of a line; number of lines
_FULL, _LEAST_FULL_LINES = 0.6, 0.4  # shares of the column's width, and of its long lines
_LEAST_GAP = 0.8  # between blocks; successive lines are half a height apart
_SIMILAR = 0.9  # of the widest gap
_OTHER_SIZE = 1.5  # of two lines that are of two paragraphs: detected lines differ in height
_LEAST_STEP = 0.2  # between rows of a block
_HIGHEST_STACK = 3.5  # height of lines with a stack: two lines and a rule, or three lines
_TALL = 2.5  # ratio of heights; a line so much taller than others is a flourish or rotated
# Between middles of lines of one row. The half height that is right for Tesseract's lines would
# join two overlapping rows into one.
_LEVEL = 0.2
_BETWEEN = 0.25  # of the distance of two stacked lines; a line nearer to one is in its row


_QUARTER = Transform((0, 1, 0, -1, 0, 0, 0, 0, 1))  # counterclockwise


class _Placed(NamedTuple):
    """A line, and its bounding box after the piece of the page that it is in was deskewed."""

    line: Line
    box: Box


_Lines: TypeAlias = tuple[_Placed, ...]


class _Gap(NamedTuple):
    """A gap of that width before the line with the index `at`."""

    width_px: float
    at: int


def are_columns(lines: Sequence[Line]) -> bool:
    """Whether most of the letters stand in lines that run down the page, as in vertical writing."""
    down = sum(len(line.text) * _runs_down(line.quad) for line in lines)
    return 2 * down > sum(len(line.text) for line in lines)


def in_blocks(lines: Sequence[Line], *, is_vertical: bool = False) -> tuple[Zone, ...]:
    """Group lines into text zones in reading order; coordinates stay as they are.

    `is_vertical`: lines run down the page and follow one another from right to left.
    """
    if not lines:
        return ()
    if is_vertical:  # a quarter turn makes rows from left to right of them
        turned = in_blocks([line.mapped(_QUARTER) for line in lines])
        back = _QUARTER.inverse()
        return tuple(zone.mapped(back) for zone in turned)
    placed = tuple(_Placed(line, line.box) for line in lines)
    level = _levelled(placed, least=_LEAST_SLANTING_OF_PAGE)
    pieces = _pieces(level, median(line.box.height for line in lines))
    return tuple(
        Zone(ZoneKind.TEXT, hull_of(piece).quad(), tuple(_in_paragraphs(piece))) for piece in pieces
    )


def _in_paragraphs(lines: Sequence[Line]) -> Iterator[Line]:
    """The lines with the numbers of their paragraphs."""
    placed: list[PlacedLine] = []
    for line, box in _levelled(tuple(_Placed(line, line.box) for line in lines)):
        white_px = box.top - placed[-1].level.bottom if placed else 0.0
        placed.append(PlacedLine(line, box, white_px / box.height))
    numbers = paragraph_numbers(placed, other_size=_OTHER_SIZE)
    for line, number in zip(lines, numbers, strict=True):
        yield replace(line, paragraph=number)


def _levelled(lines: _Lines, *, least: int = _LEAST_SLANTING) -> _Lines:
    """The lines with boxes deskewed by the median angle of the long lines, if there are enough.

    Each piece of a page is deskewed by itself, as the angle varies on curled pages.
    """
    quads = [line.quad for line, _ in lines if _tells_slant(line.quad)]
    if len(quads) < least:
        return lines
    longest_px = max(map(width_px, quads))
    skew_deg = median(
        quad.angle_deg for quad in quads if width_px(quad) >= _ALMOST_LONGEST * longest_px
    )
    turn = Transform.rotation(-skew_deg)
    return tuple(_Placed(line, line.quad.mapped(turn).box) for line, _ in lines)


def _runs_down(quad: Quad) -> bool:
    """Whether the line of the quad does, rather than run level or up."""
    begin, end = quad[0], quad[1]
    return end.y - begin.y > abs(end.x - begin.x)


def _tells_slant(quad: Quad) -> bool:
    return is_long(quad) and abs(quad.angle_deg) < _MOST_SLANT_DEG


def _pieces(lines: _Lines, usual_px: float) -> list[tuple[Line, ...]]:
    cut = _columns(lines, usual_px) or _halves(lines, usual_px)
    if cut is None:
        return [tuple(_in_order(lines))]
    return [piece for side in cut for piece in _pieces(_levelled(side), usual_px)]


def _columns(lines: _Lines, usual_px: float) -> tuple[_Lines, _Lines] | None:
    """The lines left and right of the widest gutter between two columns of text, if any."""
    ordered, gaps = _gaps(lines, level=True)
    for gap in sorted(gaps, reverse=True):
        if gap.width_px < _LEAST_GUTTER * usual_px:
            break
        sides = ordered[: gap.at], ordered[gap.at :]
        if all(_is_column(side, usual_px) for side in sides):
            return sides
    return None


def _halves(lines: _Lines, usual_px: float) -> tuple[_Lines, _Lines] | None:
    """The lines above and below the widest gap; of similar gaps, the one nearest to the middle."""
    ordered, gaps = _gaps(lines, level=False)
    widest_px = max((gap.width_px for gap in gaps), default=0.0)
    if widest_px < _LEAST_GAP * usual_px:
        return None
    least_px = max(_SIMILAR * widest_px, _LEAST_GAP * usual_px)
    similar = [gap.at for gap in gaps if gap.width_px >= least_px]
    at = min(similar, key=lambda one: abs(2 * one - len(lines)))
    return ordered[:at], ordered[at:]


def _gaps(lines: _Lines, *, level: bool) -> tuple[_Lines, list[_Gap]]:
    """The lines from left to right (`level`) or from top to bottom, and the gaps between them."""
    ordered = tuple(sorted(lines, key=lambda line: _span(line, level=level)))
    found, reach = [], -math.inf
    for at, line in enumerate(ordered):
        start, end = _span(line, level=level)
        if at and start > reach:
            found.append(_Gap(start - reach, at))
        reach = max(reach, end)
    return ordered, found


def _span(line: _Placed, *, level: bool) -> tuple[float, float]:
    """Start and end of its letters, in x if `level`, else in y."""
    box = line.box
    rim = _RIM * min(box.width, box.height)
    if level:
        return box.left + rim, box.right - rim
    return box.top + rim, box.bottom - rim


def _is_column(lines: _Lines, usual_px: float) -> bool:
    long = [line for line in lines if line.box.width >= _LONG_LINE * usual_px]
    width_px = max(line.box.right for line in lines) - min(line.box.left for line in lines)
    full = [line for line in long if line.box.width >= _FULL * width_px]
    return len(long) >= _LEAST_LONG_LINES and len(full) >= _LEAST_FULL_LINES * len(long)


def _in_order(lines: _Lines) -> Iterator[Line]:
    """The lines of one piece row by row, but stacked lines one after the other.

    The numerator and denominator of a fraction are read before the sign that follows it, and the
    lines of a cell in a table's head before those of the next cell.
    """
    usual_px = median(line.box.height for line in lines)
    parts = _parts(lines, level=False, least_px=_LEAST_STEP * usual_px)
    if len(parts) == 1 and _has_stack(lines, usual_px):
        parts = _parts(lines, level=True)
    if len(parts) == 1:
        yield from _by_rows(lines)
        return
    for part in parts:
        yield from _in_order(_levelled(part))


def _parts(lines: _Lines, *, level: bool, least_px: float = 0.0) -> list[_Lines]:
    """The lines divided at gaps of at least `least_px`, from left to right if `level`."""
    ordered, gaps = _gaps(lines, level=level)
    cuts = [0, *(gap.at for gap in gaps if gap.width_px >= least_px), len(lines)]
    return [ordered[start:end] for start, end in pairwise(cuts)]


def _has_stack(lines: _Lines, usual_px: float) -> bool:
    """Whether there are two lines one above the other, and beside them a third between the two."""
    height_px = max(line.box.bottom for line in lines) - min(line.box.top for line in lines)
    if height_px > _HIGHEST_STACK * usual_px:
        return False
    usual = [line for line in lines if line.box.height < _TALL * usual_px]
    usual.sort(key=_middle)
    middles = [_middle(line) for line in usual]
    for at, upper in enumerate(usual):
        lower = next((line for line in usual[at + 1 :] if not _stand_apart(line, upper)), None)
        if lower is None:
            continue
        top, bottom = _middle(upper), _middle(lower)
        reach = _BETWEEN * (bottom - top)
        first = bisect_right(middles, top + reach)
        last = bisect_left(middles, bottom - reach)
        if any(_stand_apart(one, upper) and _stand_apart(one, lower) for one in usual[first:last]):
            return True
    return False


def _stand_apart(one: _Placed, other: _Placed) -> bool:
    """Whether two lines do not overlap horizontally, at whatever heights."""
    return bool(_gaps((one, other), level=True)[1])


def _by_rows(lines: _Lines) -> Iterator[Line]:
    """The lines from top to bottom; lines side by side are joined into one from left to right."""
    for row in _runs(sorted(lines, key=_middle), _is_level):
        for beside in _runs(sorted(row, key=lambda line: line.box.left), _continues):
            yield Line.joined([one.line for one in beside])


def _runs(
    lines: Sequence[_Placed], goes_on: Callable[[_Placed, _Placed], bool]
) -> list[list[_Placed]]:
    """Group lines: a new group begins if `goes_on` is false for a line and the one before."""
    runs: list[list[_Placed]] = []
    for line in lines:
        if runs and goes_on(runs[-1][-1], line):
            runs[-1].append(line)
        else:
            runs.append([line])
    return runs


def _is_level(before: _Placed, line: _Placed) -> bool:
    """Whether the middle of `line` is so near in height to that of `before` that both are a row."""
    within_px = _LEVEL * before.box.height
    return is_level(line.box.middle, before.box.middle, within_px=within_px)


def _continues(before: _Placed, line: _Placed) -> bool:
    """Whether `line` continues the row of `before`: of similar height, and beside it.

    Two long lines side by side are no row but columns that are too short to be detected; nor are
    lines that run down or up the page.
    """
    lower_px, higher_px = sorted((before.box.height, line.box.height))
    are_long = all(one.box.width >= _LONG_LINE * higher_px for one in (before, line))
    are_level = all(abs(one.line.quad.angle_deg) < 45 for one in (before, line))
    is_alike = higher_px < _TALL * lower_px
    return is_alike and are_level and not are_long and _stand_apart(before, line)


def _middle(line: _Placed) -> float:
    return line.box.middle.y
