"""Where paragraphs begin among the lines of a zone, by the places of the lines.

A paragraph begins after white, with type of another size, with a line that is indented or hangs,
or where a sentence has ended although the next word had room behind it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from statistics import quantiles
from typing import NamedTuple

from ocr_server.document.lines import Direction, Line
from ocr_server.document.roles import ends_sentence
from ocr_server.geometry import Box

# White between lines, in heights of a line: more than usual by this begins a paragraph, at least
# the second and at most the third.
_MORE_WHITE, _LEAST_WHITE, _WHITE = 0.3, 0.25, 0.6
_OTHER_SIZE = 1.25  # ratio of x-heights
# In heights of a line: an indent, the widest one, and how exactly lines begin at one place.
_INDENT, _WIDEST_INDENT, _SAME = 0.5, 4.0, 0.3
_BLANK = 0.3
_FEW = 4  # lines, the longest of which may be longer than the others have room for


class PlacedLine(NamedTuple):
    """A line, its box where it is level, and the white before it, in heights of a line."""

    line: Line
    level: Box
    white: float

    @property
    def size(self) -> float:
        """The height of its letters, in pixels, at least 1."""
        is_vertical = self.line.direction is Direction.TOP_TO_BOTTOM
        return max(1.0, self.level.width if is_vertical else self.level.height)

    @property
    def start(self) -> float:
        """Where it begins, growing in reading direction."""
        is_leftward = self.line.direction is Direction.RIGHT_TO_LEFT
        return -self.level.right if is_leftward else self.level.left

    @property
    def end(self) -> float:
        """Where it ends, growing in reading direction."""
        return self.start + self.level.width

    def is_at(self, other: PlacedLine) -> bool:
        """Whether both begin at one place."""
        return abs(self.start - other.start) < _SAME * self.size

    def is_indented(self, other: PlacedLine) -> bool:
        """Whether it begins behind the other."""
        return _INDENT < (self.start - other.start) / self.size < _WIDEST_INDENT


def paragraph_numbers(lines: Sequence[PlacedLine], *, other_size: float = _OTHER_SIZE) -> list[int]:
    """The number of each line's paragraph within the zone, from 0; one line at least is needed.

    `other_size` is the ratio of the x-heights of two lines that are of two paragraphs.
    """
    white = _least_white(lines)
    start, end = _sides(lines)
    numbers, first = [0], 0
    for at in range(1, len(lines)):
        before, line = lines[at - 1], lines[at]
        begins = line.white > white or _ratio(before, line) > other_size
        if not begins and line.line.direction is not Direction.TOP_TO_BOTTOM:
            begins = (
                _begins_as(lines[first], before, line)
                or _is_first(lines, at, first)
                or _had_room(before, line, start, end)
            )
        if begins:
            first = at
        numbers.append(numbers[-1] + begins)
    return numbers


def parted_at_sentences(lines: Sequence[Line]) -> tuple[Line, ...]:
    """Level lines with more paragraphs: they also begin where a sentence had room for more.

    Tesseract takes items of a list that are not indented for one paragraph.
    """
    if len(lines) < 2:
        return tuple(lines)
    placed = [PlacedLine(line, line.box, 0.0) for line in lines]
    start, end = _sides(placed)
    parted, more = list(lines[:1]), 0
    for before, line in pairwise(placed):
        is_one = before.line.paragraph == line.line.paragraph
        more += is_one and _had_room(before, line, start, end)
        parted.append(replace(line.line, paragraph=line.line.paragraph + more))
    return tuple(parted)


def _sides(lines: Sequence[PlacedLine]) -> tuple[float, float]:
    """Where lines begin and where they end, but for a longest one among several."""
    ends = sorted(line.end for line in lines)
    return min(line.start for line in lines), ends[-1] if len(ends) < _FEW else ends[-2]


def _least_white(lines: Sequence[PlacedLine]) -> float:
    """The white that begins a paragraph."""
    whites = [line.white for line in lines[1:]]
    usual = quantiles(whites, n=4)[0] if len(whites) > 1 else _WHITE
    return min(_WHITE, max(_LEAST_WHITE, usual + _MORE_WHITE))


def _ratio(one: PlacedLine, other: PlacedLine) -> float:
    sizes = sorted(placed.line.x_height_px for placed in (one, other))
    return sizes[1] / max(sizes[0], 1.0)


def _begins_as(first: PlacedLine, before: PlacedLine, line: PlacedLine) -> bool:
    """Whether a line begins where the first of the paragraph does, and the others do not."""
    return line.is_at(first) and (before.is_indented(line) or line.is_indented(before))


def _is_first(lines: Sequence[PlacedLine], at: int, first: int) -> bool:
    """Whether a line is indented behind several that are not, or among paragraphs of one line."""
    before, line = lines[at - 1], lines[at]
    if at - first > 1 and before.is_at(lines[at - 2]) and line.is_indented(before):
        return True
    if at + 1 == len(lines):
        return False
    after = lines[at + 1]
    is_alone = first == at - 1 and before.is_at(line)
    return line.is_indented(after) and (before.is_at(after) or is_alone)


def _had_room(before: PlacedLine, line: PlacedLine, start: float, end: float) -> bool:
    """Whether a sentence ends before a line whose first word had room there."""
    text = line.line.text
    if not ends_sentence(before.line.text) or text[:1].islower():
        return False
    room = end - before.end
    if before.start - start > _WIDEST_INDENT * before.size:
        room -= before.start - start  # of lines that are centred
    return room > line.line.words[0].box.width + _BLANK * line.size
