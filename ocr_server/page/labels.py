"""Labels: lines on their side and numbers of lines, which are read apart from the text.

They are read and wiped out first, as layout analysis takes them for something else, and put in
their places among the text when it has been read.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Line, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import LineNumberUse, PageSegmentation
from ocr_server.layout.line_numbers import find_number_column, follow_each_other
from ocr_server.layout.rows import in_reading_order, is_level
from ocr_server.layout.turned import find_turned_lines
from ocr_server.page.missing_text import put_in_place
from ocr_server.page.state import PageState, StageResult

_FEWEST_LETTERS = 3
_LEAST_CONFIDENCE, _SURE = 0.75, 0.85  # above the second, the other direction is not tried
_MORE = 1.3  # times as sure are lines that run against the others
_MOST_LINES = 60  # more are no labels
_RIM = 0.3  # of the line's height, wiped out around it
_UP, _DOWN = 1, 3  # clockwise quarter turns that make a line level which runs up or down
_LEVEL = 0.5  # of a line's height, within which its number is level with it
_DIGITS = "0123456789"


def read_turned_lines(state: PageState) -> StageResult:
    """Read lines that run up or down the page, and wipe them out before the rest is read."""
    statistics = state.statistics
    if statistics.shorter_px <= 200 or state.options.psm != PageSegmentation.AUTO:
        return StageResult(state, "a piece of a page")
    boxes = find_turned_lines(statistics)
    if not boxes or len(boxes) > _MOST_LINES:
        return StageResult(state, "no lines on their side")
    found = f"{len(boxes)} lines that may be on their side"
    read = _read(state, boxes)
    if not read:
        return StageResult(state, found)
    after = replace(
        state,
        statistics=ImageStatistics(_wiped(state.canvas, [_with_rim(line.box) for line in read])),
        labels=state.labels._replace(turned=tuple(_mapped(read, state.canvas))),
    )
    return StageResult(after, found, f"{len(read)} lines read on their side")


def read_line_numbers(state: PageState) -> StageResult:
    """Read numbers of lines at the left of the text, and wipe them out before the rest is read."""
    statistics, options = state.statistics, state.options
    if statistics.shorter_px <= 200 or options.psm != PageSegmentation.AUTO or options.alphabet:
        return StageResult(state, "a piece of a page")
    column = find_number_column(statistics)
    if column is None:
        return StageResult(state, "no column of numbers")
    found = f"a column of {len(column.rows)} rows at the left"
    figures = replace(state, options=replace(options, alphabet=_DIGITS))
    canvas = state.canvas.as_page().cropped(column.box)
    (read,) = figures.read_all([canvas], psm=PageSegmentation.SINGLE_BLOCK)
    lines = [line.mapped(canvas.to_page) for zone in read.zones for line in zone.lines]
    by_row = [_line_in(row, lines) for row in column.rows]
    numbers = follow_each_other([_number_of(line) for line in by_row], column.rows)
    if numbers is None:
        return StageResult(state, found)
    share = sum(map(_says, by_row, numbers)) / len(numbers)
    told = [
        _numbered(number, row, line, share)
        for number, row, line in zip(numbers, column.rows, by_row, strict=True)
    ]
    after = replace(
        state,
        statistics=ImageStatistics(_wiped(state.canvas, column.rows)),
        labels=state.labels._replace(numbers=tuple(_mapped(told, state.canvas))),
    )
    return StageResult(after, found, f"numbers of lines from {numbers[0]} to {numbers[-1]}")


def _says(line: Line | None, number: int) -> bool:
    return _number_of(line) == number


def _line_in(row: Box, lines: Sequence[Line]) -> Line | None:
    return next((line for line in lines if row.contains(line.box.middle)), None)


def _number_of(line: Line | None) -> int | None:
    text = re.sub(r"\D", "", line.text) if line else ""
    return int(text) if text else None


def _numbered(number: int, row: Box, line: Line | None, share: float) -> Line:
    """A line with the number; where it was read otherwise, as sure as the others are right."""
    text = str(number)
    if line is None:
        quad = row.quad()
        word = Word(text, quad, share)
        return Line((word,), quad, (quad.bottom_left, quad.bottom_right), row.height / 2)
    is_right = _says(line, number)
    word = Word(
        text, line.quad, line.confidence if is_right else share,
        corrected_from=None if line.text == text else line.text,
    )  # fmt: skip
    return line.with_words((word,))


def _wiped(canvas: Canvas, boxes: Sequence[Box]) -> Canvas:
    """The canvas without what is in the boxes."""
    mask = np.zeros(canvas.pixels.shape, np.uint8)
    for left, top, right, bottom in (box.rounded() for box in boxes):
        mask[max(0, top) : bottom, max(0, left) : right] = 255
    return ruling_lines.wipe(canvas, mask)


def _with_rim(box: Box) -> Box:
    rim = _RIM * min(box.width, box.height)
    return Box(box.left - rim, box.top - rim, box.right + rim, box.bottom + rim)


def _mapped(lines: Sequence[Line], canvas: Canvas) -> Iterator[Line]:
    """The lines in pixels of the page: the canvas may change before they are put in place."""
    return (line.mapped(canvas.to_page) for line in lines)


def put_labels(state: PageState) -> StageResult:
    """Put numbers of lines before their lines, and lines on their side above what is below them."""
    labels, best = state.labels, state.best
    there = best.canvas.to_page.inverse()
    turned = [line.mapped(there) for line in labels.turned]
    numbers = [line.mapped(there) for line in labels.numbers]
    if not any(labels):
        return StageResult(state, "nothing was read apart")
    found = (
        f"{len(turned)} lines on their side, {len(numbers)} numbers of lines, "
        f"{len(labels.combs)} rows of boxes"
    )
    zones = best.zones
    for line in labels.combs:
        zones = put_in_place(zones, line.mapped(there))
    if state.options.line_numbers is LineNumberUse.KEEP:
        for number in numbers:
            zones = _with_number(zones, number)
    for zone in _zones(turned):
        after = (
            index
            for index, other in enumerate(zones)
            if other.lines and other.box.bottom > zone.box.bottom
        )
        place = next(after, len(zones))
        zones = (*zones[:place], zone, *zones[place:])
    after_state = state.with_candidate(replace(best, zones=in_reading_order(zones)))
    return StageResult(after_state, found, "put in their places")


def _with_number(zones: tuple[Zone, ...], number: Line) -> tuple[Zone, ...]:
    """The zones with the number before the line that is level with it, else as its own line."""
    places = [
        (line.box.left, at, index)
        for at, zone in enumerate(zones)
        for index, line in enumerate(zone.lines)
        if line.box.middle.x > number.box.right
        and is_level(number.box.middle, line.box.middle, within_px=_LEVEL * line.box.height)
    ]
    if places:
        _, at, index = min(places)
        zone = zones[at]
        line = zone.lines[index]
        longer = replace(Line.joined([number, line]), paragraph=line.paragraph)
        lines = (*zone.lines[:index], longer, *zone.lines[index + 1 :])
    else:
        y = number.box.middle.y
        around = (
            at for at, zone in enumerate(zones) if zone.lines and zone.box.top < y < zone.box.bottom
        )
        at = next(around, -1)
        if at < 0:
            new = Zone(ZoneKind.TEXT, number.quad, (number,))
            below = (i for i, zone in enumerate(zones) if zone.lines and zone.box.top > y)
            place = next(below, len(zones))
            return (*zones[:place], new, *zones[place:])
        zone = zones[at]
        index = next(i for i, line in enumerate(zone.lines) if line.box.bottom > y)
        alone = replace(number, paragraph=zone.lines[index].paragraph)
        lines = (*zone.lines[:index], alone, *zone.lines[index:])
    quad = hull_of((zone, number)).quad()
    return (*zones[:at], replace(zone, quad=quad, lines=lines), *zones[at + 1 :])


def _read(state: PageState, boxes: Sequence[Box]) -> list[Line]:
    """The lines, read in the direction in which they read best; only sure ones.

    Lines that run down are rare, and a word may read as another upside down: they must be surer.
    """
    up = _read_in(state, boxes, _UP)
    doubtful = [index for index, line in enumerate(up) if line is None or line.confidence < _SURE]
    down = _read_in(state, [boxes[index] for index in doubtful], _DOWN)
    need = _MORE if len(doubtful) < len(boxes) else 1.0
    for index, line in zip(doubtful, down, strict=True):
        before = up[index]
        if line and (before is None or line.confidence > need * before.confidence):
            up[index] = line
    return [line for line in up if line and line.confidence >= _LEAST_CONFIDENCE]


def _read_in(state: PageState, boxes: Sequence[Box], quarters: int) -> list[Line | None]:
    """The line in each box, after so many quarter turns; None if there is no single line."""
    page = state.canvas.as_page()
    canvases = [page.cropped(box).rotated_90(quarters) for box in boxes]
    read: list[Line | None] = []
    for found in state.read_all(canvases, psm=PageSegmentation.SINGLE_LINE):
        lines = [line for zone in found.zones for line in zone.lines]
        is_line = len(lines) == 1 and found.letters >= _FEWEST_LETTERS
        read.append(lines[0].mapped(found.canvas.to_page) if is_line else None)
    return read


def _zones(lines: Sequence[Line]) -> tuple[Zone, ...]:
    """The lines as zones; lines level with each other, as the heads of a table, are one."""
    groups: list[list[Line]] = []
    for line in lines:
        group = next((group for group in groups if _are_level(group[-1].box, line.box)), None)
        if group is None:
            groups.append([line])
        else:
            group.append(line)
    return tuple(
        Zone(
            ZoneKind.TEXT,
            hull_of(group).quad(),
            tuple(replace(line, paragraph=number) for number, line in enumerate(_in_order(group))),
        )
        for group in groups
    )


def _in_order(lines: Sequence[Line]) -> list[Line]:
    """The lines from the left; those of one head that run down are read from the right."""
    heads: list[list[Line]] = []
    for line in sorted(lines, key=lambda line: line.box.left):
        last = heads[-1][-1] if heads else line
        is_next = line.box.left - last.box.right < line.box.width
        if heads and is_next and min(line.quad.angle_deg, last.quad.angle_deg) > 0:
            heads[-1].append(line)
        else:
            heads.append([line])
    return [line for head in heads for line in reversed(head)]


def _are_level(one: Box, other: Box) -> bool:
    shared = min(one.bottom, other.bottom) - max(one.top, other.top)
    return shared >= 0.5 * min(one.height, other.height)
