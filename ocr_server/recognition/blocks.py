"""Lines that came without a layout, as zones in reading order.

The page is cut where white runs through all of it: between columns of text from top to bottom,
else between blocks from side to side, and each piece again.

Source: Nagy and Seth, "Hierarchical representation of optically scanned documents", ICPR 1984
(the XY cut), here on the boxes of lines instead of pixels.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import pairwise
from statistics import median
from typing import NamedTuple

from ocr_server.geometry import hull
from ocr_server.model import Line, Zone, ZoneKind

# In heights of a line. A line's box reaches beyond its letters, as far as into the next line's.
_RIM = 0.25
_LEAST_GUTTER = 0.8  # between columns
# A column of text has lines of some length, and many that fill it; else it is a table's, whose rows
# are read across. Chosen on 110 readings of pages, papers, registers and receipts.
_LONG_LINE, _LEAST_LONG_LINES = 8.0, 3  # heights of a line
_FULL, _LEAST_FULL_LINES = 0.6, 0.4  # shares of the column's width, and of its long lines
_LEAST_GAP = 0.8  # between blocks; lines are half a height apart
_LEAST_STEP = 0.2  # between rows of a block
_HIGHEST_STACK = 3.5  # two lines and a rule, or three lines; rows that touch are no stacks
_TALL = 2.0  # what is so many times taller than others is a flourish or a line turned
_BETWEEN = 0.25  # of the step from one line to the next: nearer to one of them is its own row


def in_blocks(lines: Sequence[Line]) -> tuple[Zone, ...]:
    """The lines as zones of text, in reading order."""
    if not lines:
        return ()
    pieces = _pieces(lines, median(line.box.height for line in lines))
    return tuple(
        Zone(ZoneKind.TEXT, hull(point for line in piece for point in line.quad).quad(), piece)
        for piece in pieces
    )


class _Gap(NamedTuple):
    """White between two groups of lines."""

    width_px: float
    before: tuple[Line, ...]
    after: tuple[Line, ...]


def _pieces(lines: Sequence[Line], height_px: float) -> list[tuple[Line, ...]]:
    gutters = [
        gap
        for gap in _gaps(lines, level=True)
        if gap.width_px >= _LEAST_GUTTER * height_px
        and all(_is_column(side, height_px) for side in (gap.before, gap.after))
    ]
    rows = [gap for gap in _gaps(lines, level=False) if gap.width_px >= _LEAST_GAP * height_px]
    cuts = gutters or rows
    if not cuts:
        return [tuple(_in_order(tuple(lines)))]
    widest = max(cuts, key=lambda gap: gap.width_px)
    return [*_pieces(widest.before, height_px), *_pieces(widest.after, height_px)]


def _gaps(lines: Sequence[Line], *, level: bool) -> list[_Gap]:
    """Where no line stands, from left to right or from top to bottom."""
    spans = {id(line): _span(line, level=level) for line in lines}
    ordered = sorted(lines, key=lambda line: spans[id(line)])
    found, reach = [], spans[id(ordered[0])][1]
    for at, line in enumerate(ordered):
        start, end = spans[id(line)]
        if start > reach:
            found.append(_Gap(start - reach, tuple(ordered[:at]), tuple(ordered[at:])))
        reach = max(reach, end)
    return found


def _span(line: Line, *, level: bool) -> tuple[float, float]:
    """From where to where its letters reach."""
    box = line.box
    rim = _RIM * min(box.width, box.height)
    if level:
        return box.left + rim, box.right - rim
    return box.top + rim, box.bottom - rim


def _is_column(lines: Sequence[Line], height_px: float) -> bool:
    long = [line for line in lines if line.box.width >= _LONG_LINE * height_px]
    width_px = max(line.box.right for line in lines) - min(line.box.left for line in lines)
    full = [line for line in long if line.box.width >= _FULL * width_px]
    return len(long) >= _LEAST_LONG_LINES and len(full) >= _LEAST_FULL_LINES * len(long)


def _in_order(lines: tuple[Line, ...]) -> Iterator[Line]:
    """The lines of one piece row by row, but stacks of them one after the other.

    Of a fraction, the figures one above the other are read before the sign behind its rule; in the
    head of a table, the lines of one cell before those of the next.
    """
    usual_px = median(line.box.height for line in lines)
    parts = _parts(lines, level=False, least_px=_LEAST_STEP * usual_px)
    if len(parts) == 1 and _has_stack(lines, usual_px):
        parts = _parts(lines, level=True)
    if len(parts) == 1:
        yield from _by_rows(lines)
        return
    for part in parts:
        yield from _in_order(part)


def _parts(
    lines: tuple[Line, ...], *, level: bool, least_px: float = 0.0
) -> list[tuple[Line, ...]]:
    """What stands between gaps of that width and more."""
    gaps = [gap for gap in _gaps(lines, level=level) if gap.width_px >= least_px]
    starts = [0, *(len(gap.before) for gap in gaps)]
    ordered = (*gaps[0].before, *gaps[0].after) if gaps else lines
    return [ordered[start:end] for start, end in pairwise((*starts, len(lines)))]


def _has_stack(lines: Sequence[Line], usual_px: float) -> bool:
    """Whether beside two lines, one right above the other, a third is level with neither."""
    if max(line.box.bottom for line in lines) - min(line.box.top for line in lines) > (
        _HIGHEST_STACK * usual_px
    ):
        return False
    usual = sorted((line for line in lines if line.box.height < _TALL * usual_px), key=_middle)
    middles = [_middle(line) for line in usual]
    for at, upper in enumerate(usual):
        lower = next((line for line in usual[at + 1 :] if not _stand_apart(line, upper)), None)
        if lower is None:
            continue
        top, bottom = middles[at], _middle(lower)
        reach = _BETWEEN * (bottom - top)
        between = usual[bisect_right(middles, top + reach) : bisect_left(middles, bottom - reach)]
        if any(_stand_apart(line, upper) and _stand_apart(line, lower) for line in between):
            return True
    return False


def _stand_apart(one: Line, other: Line) -> bool:
    """Whether they stand side by side, at whatever heights."""
    return bool(_gaps((one, other), level=True))


def _by_rows(lines: Sequence[Line]) -> Iterator[Line]:
    """From top to bottom; lines that stand side by side are one, from left to right."""
    rows: list[list[Line]] = []
    for line in sorted(lines, key=_middle):
        box = rows[-1][-1].box if rows else None
        if box is not None and _middle(line) < box.top + 0.7 * box.height:
            rows[-1].append(line)
        else:
            rows.append([line])
    for row in rows:
        beside: list[Line] = []
        for line in sorted(row, key=lambda one: one.box.left):
            if beside and not _continues(beside[-1], line):
                yield Line.joined(beside)
                beside = []
            beside.append(line)
        yield Line.joined(beside)


def _continues(before: Line, line: Line) -> bool:
    """Whether a row goes on with it: as high, or nearly, and not over what is before."""
    lower_px, higher_px = sorted((before.box.height, line.box.height))
    return higher_px < _TALL * lower_px and _stand_apart(before, line)


def _middle(line: Line) -> float:
    return (line.box.top + line.box.bottom) / 2
