"""Entries of a form: the places to fill in, found by the ruling around or below them.

A cell is paper that ruling strokes enclose. Equal cells side by side are a comb, a small square
one is a box to tick, a wide one a box for a line of text. A level rule that borders no
cell is a line to write on.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

import cv2
import numpy as np

from ocr_server.geometry import Box, hull_of_boxes
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import connected_components, find_ink, shrink
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.layout.combs import find_combs

_COPY_PX = 1800  # longer side of the copy that the other sizes in pixels belong to
_STROKE_PX = 13  # shorter straight strokes are those of letters
_SIDES_PX = (13, 110)  # of a cell
_FILLED = 0.75  # of its bounding box; curved outlines have less
_WIDE = 1.6  # width divided by height; less is a box for a letter or a tick
_ALIKE = 0.25  # difference of two cells of a comb, of their sides
_APART = 0.45  # distance between two cells of a comb, of their width
_FEWEST_CELLS, _MOST_CELLS = 3, 60  # of a comb; two boxes beside each other may be ticks
_RULED, _RULED_ROUND = 0.4, 0.93  # of a side, and of all four, that is drawn; ink hides rules
_LARGEST_TICK_PX = 48
_LEAST_LINE_PX, _NEAR_PX = 90, 6
_ABOVE_LINE, _BELOW_LINE = 4.0, 0.8  # of the x-height of the print, for what stands on a line
_USUAL_X_HEIGHT_PX = 12.0  # on the copy, where it cannot be measured


class EntryKind(StrEnum):
    """What a place of a form is ruled for."""

    COMB = "comb"
    TICK = "tick"
    TEXT = "text"


@dataclass(frozen=True, slots=True)
class FormEntry:
    """A place to fill in, and its cells from left to right: one, unless it is a comb.

    Boxes are in pixels of the canvas, within the ruling; that of a line reaches below the rule.
    """

    kind: EntryKind
    cells: tuple[Box, ...]

    @property
    def box(self) -> Box:
        """The box around all cells."""
        return hull_of_boxes(self.cells)


def find_entries(statistics: ImageStatistics) -> tuple[FormEntry, ...]:
    """The entries of a page whose ruling is level, from top to bottom."""
    copy, ratio = shrink(statistics.pixels, _COPY_PX)
    ruling = _Ruling(find_ink(copy))
    teeth = [tuple(_scaled(cell, 1 / ratio) for cell in comb) for comb in find_combs(statistics)]
    cells = _without_nested(_cells(ruling.drawn))
    combs = list(_combs(cells, teeth, ruling))
    taken = [hull_of_boxes(comb) for comb in combs]
    free = [cell for cell in cells if not any(_meet(cell, one) for one in taken)]
    wide = [cell for cell in free if cell.width >= _WIDE * cell.height]
    x_height = statistics.x_height_px / ratio or _USUAL_X_HEIGHT_PX
    lines = list(
        _lines(ruling.long, [*taken, *(one for one in cells if not _is_tick(one))], x_height)
    )
    taken += [*wide, *lines]
    ticks = [cell for cell in free if _is_tick(cell) and ruling.surrounds(cell)]
    ticks += [
        box for box in ruling.squares_like(ticks) if not any(_meet(box, one) for one in cells)
    ]
    ticks = [box for box in ticks if not any(_meet(box, one) for one in taken)]
    found = [
        *((EntryKind.COMB, comb) for comb in combs),
        *((EntryKind.TICK, (box,)) for box in ticks),
        *((EntryKind.TEXT, (box,)) for box in (*wide, *lines)),
    ]
    entries = (
        FormEntry(kind, tuple(_scaled(box, ratio) for box in boxes)) for kind, boxes in found
    )
    return tuple(sorted(entries, key=lambda entry: (entry.box.top, entry.box.left)))


class _Ruling:
    """The straight strokes of a copy, as masks that are 255 on them.

    `drawn` has those that may border a cell, level or upright, made thicker; `long` the level ones
    that are as long as a line to write on.
    """

    def __init__(self, ink: Pixels) -> None:
        self._level, upright = (_opened(ink, *size) for size in ((_STROKE_PX, 1), (1, _STROKE_PX)))
        both = cv2.bitwise_or(self._level, upright)
        self.drawn = cv2.dilate(both, np.ones((3, 3), np.uint8)).astype(np.uint8, copy=False)
        thicker = cv2.dilate(ink, np.ones((3, 1), np.uint8)).astype(np.uint8, copy=False)
        self.long = _opened(thicker, _LEAST_LINE_PX // 2, 1)

    def runs_along(self, box: Box) -> bool:
        """Whether level strokes run along the upper and the lower side of a box."""
        return all(self._share(box, y) >= _RULED for y in (box.top, box.bottom))

    def surrounds(self, box: Box) -> bool:
        """Whether strokes run all round a box, also at its corners, as those of a D do not."""
        left, top, right, bottom = box.rounded()
        rim = self.drawn[max(0, top - 2) : bottom + 2, max(0, left - 2) : right + 2] > 0
        levels, uprights = (rim[:2], rim[-2:]), (rim[:, :2].T, rim[:, -2:].T)
        sides = [side.max(axis=0) for side in (*levels, *uprights)]
        return float(np.concatenate(sides).mean()) >= _RULED_ROUND

    def _share(self, box: Box, y: float) -> float:
        rows = self._level[
            max(0, round(y) - 4) : round(y) + 5, max(0, round(box.left)) : round(box.right)
        ]
        return float((rows.max(axis=0) > 0).mean()) if rows.size else 0.0

    def squares_like(self, boxes: Sequence[Box]) -> list[Box]:
        """Squares of the size of these, whatever is drawn through them."""
        if not boxes:
            return []
        side = round(float(np.median([box.width for box in boxes]))) + 2
        kernel = np.zeros((side, side), np.float32)
        cv2.rectangle(kernel, (0, 0), (side - 1, side - 1), 1.0, 1)
        share = cv2.filter2D(
            (self.drawn > 0).astype(np.float32), -1, kernel / kernel.sum(),
            borderType=cv2.BORDER_CONSTANT,
        )  # fmt: skip
        found = connected_components((share >= _RULED_ROUND).astype(np.uint8))
        middles = found[:, :2] + found[:, 2:4] / 2
        half = side / 2 - 1  # within the strokes
        squares = (Box(x - half, y - half, x + half, y + half) for x, y in middles.tolist())
        return [square for square in squares if self.surrounds(square)]


def _opened(ink: Pixels, width: int, height: int) -> Pixels:
    brush = np.ones((height, width), np.uint8)
    return cv2.morphologyEx(ink, cv2.MORPH_OPEN, brush).astype(np.uint8, copy=False)


def _cells(drawn: Pixels) -> Iterator[Box]:
    """The paper that strokes enclose, of the size of a cell."""
    contours, family = cv2.findContours(drawn, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    least, most = _SIDES_PX
    for contour, (_, _, _, parent) in zip(contours, family[0] if contours else (), strict=True):
        left, top, width, height = cv2.boundingRect(contour)
        is_hole = parent >= 0
        if not is_hole or not least <= height <= most or width < least:
            continue
        if cv2.contourArea(contour) >= _FILLED * (width - 1) * (height - 1):
            yield Box(left, top, left + width, top + height)


def _without_nested(cells: Iterable[Box]) -> list[Box]:
    """The cells less those in another, as round letters have."""
    found = list(cells)
    return [
        cell
        for cell in found
        if not any(other.area > cell.area and other.contains(cell.middle) for other in found)
    ]


def _combs(
    cells: Sequence[Box], teeth: Sequence[tuple[Box, ...]], ruling: _Ruling
) -> Iterator[tuple[Box, ...]]:
    """The rows of equal cells, with those that a letter closes up, and open combs."""
    taken: list[Box] = []
    for row in sorted(_rows(cells), key=len, reverse=True):
        if len(row) < 2 or any(_meet(row[0], one) for one in taken):
            continue
        comb = _extended(row, ruling)
        if len(comb) >= _FEWEST_CELLS:
            taken.append(hull_of_boxes(comb))
            yield comb
    for comb in teeth:
        if not any(_meet(hull_of_boxes(comb), one) for one in taken):
            yield comb


def _extended(row: Sequence[Box], ruling: _Ruling) -> tuple[Box, ...]:
    """The row with more cells at both ends as far as its ruling goes on."""
    gap = float(np.median([other.left - one.right for one, other in pairwise(row)]))
    pitch = float(np.median([cell.width for cell in row])) + gap
    comb = list(row)
    for end, step in ((0, -pitch), (-1, pitch)):
        while len(comb) < _MOST_CELLS:
            last = comb[end]
            cell = Box(last.left + step, last.top, last.right + step, last.bottom)
            if cell.left < 0 or not ruling.runs_along(cell):
                break
            comb.insert(0 if step < 0 else len(comb), cell)
    return tuple(comb)


def _rows(cells: Sequence[Box]) -> list[list[Box]]:
    """The cells in rows of equal ones beside each other, from left to right."""
    rows: list[list[Box]] = []
    for cell in sorted(cells, key=lambda one: one.left):
        row = next((row for row in rows if _goes_on(row[-1], cell)), None)
        if row is None:
            rows.append([cell])
        else:
            row.append(cell)
    return rows


def _goes_on(last: Box, cell: Box) -> bool:
    if cell.width >= _WIDE * cell.height:
        return False
    level = abs(last.middle.y - cell.middle.y) < _ALIKE * cell.height
    alike = (
        abs(last.width - cell.width) <= _ALIKE * cell.width
        and abs(last.height - cell.height) <= _ALIKE * cell.height
    )
    return level and alike and 0 <= cell.left - last.right <= _APART * cell.width


def _is_tick(cell: Box) -> bool:
    is_square = cell.width < _WIDE * cell.height and cell.height < _WIDE * cell.width
    return is_square and cell.width <= _LARGEST_TICK_PX


def _lines(long: Pixels, taken: Sequence[Box], x_height: float) -> Iterator[Box]:
    """What stands on each rule that borders none of the boxes in `taken`."""
    joined = cv2.dilate(long, np.ones((3, _STROKE_PX), np.uint8)).astype(np.uint8, copy=False)
    rules = [
        Box(left, top, left + width, top + height)
        for left, top, width, height, _ in connected_components(joined).tolist()
        if width >= _LEAST_LINE_PX and height <= x_height
    ]
    for rule in rules:
        if any(_touch(rule, box) for box in taken):
            continue
        y = rule.middle.y
        above = (
            other.bottom
            for other in rules
            if other.bottom < y - x_height and _meet_in_x(other, rule)
        )
        top = max([0.0, y - _ABOVE_LINE * x_height, *above])
        yield Box(rule.left, top, rule.right, y + _BELOW_LINE * x_height)


def _touch(rule: Box, box: Box) -> bool:
    within = box.top - _NEAR_PX <= rule.middle.y <= box.bottom + _NEAR_PX
    return within and _meet_in_x(rule, box)


def _meet_in_x(one: Box, other: Box) -> bool:
    return min(one.right, other.right) - max(one.left, other.left) > 0


def _meet(one: Box, other: Box) -> bool:
    return one.intersection(other) is not None


def _scaled(box: Box, by: float) -> Box:
    return Box(box.left * by, box.top * by, box.right * by, box.bottom * by)
