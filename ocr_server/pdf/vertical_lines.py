"""Vertical lines of Chinese, Japanese and Korean, found among the letters of a page.

Files show a vertical line in one piece, or letter by letter in a font for level writing. Either way
its letters follow each other in the file, each below the last; of turned pages PDFium gives some
from the bottom.
"""

from __future__ import annotations

import math
import unicodedata
from collections.abc import Iterator, Sequence

from ocr_server.geometry import Box
from ocr_server.pdf.letters import Frame, Letter

_FIRST_WIDE = "\u1100"  # no letter before it is as wide as high
# In sizes of the font, from the middle of a letter to that of the next. Rows of tables are farther
# apart than the letters of most lines: such letters are only a line if one operator shows them, or
# nearly the whole page is written so.
_ACROSS, _NEXT, _FAR, _FARTHEST = 0.3, 0.5, 1.5, 2.0
_NEARLY_ALL = 0.8  # of the letters
# Figures and Latin letters stand level, several in the place of one, or on their side.
_ACROSS_OF_OTHERS, _BACK_OF_OTHERS = 0.6, -0.3
_OTHER_SIZE = 1.4
_LEVEL_DOWN, _LEVEL_ACROSS = 0.5, 2.0
_READING, _READING_ACROSS = 0.65, 1.4  # the size of readings, and how far to the right they stand
_FEWEST = 3  # letters that are a line wherever they stand, if they are shown one by one


def is_wide(letter: Letter) -> bool:
    """Whether it is as wide as high, as letters of vertical writing are."""
    first = letter.text[:1]
    return first > _FIRST_WIDE and unicodedata.east_asian_width(first) in "WF"


def split_columns(letters: Sequence[Letter]) -> Iterator[tuple[list[Letter], bool]]:
    """The letters in stretches: each vertical line, and what stands before, between and after.

    The flag tells vertical lines. The small readings beside one follow it.
    """
    end = 0
    for column in _columns(letters):
        start = min(column)
        if end < start:
            yield list(letters[end:start]), False
        yield [letters[number] for number in column], True
        end = max(column) + 1
        within = set(column)
        beside = [letters[number] for number in range(start, end) if number not in within]
        for run in _runs(beside, _FARTHEST):
            yield [beside[number] for number in run], True
    if end < len(letters):
        yield list(letters[end:]), False


def read_in_tiers(columns: Sequence[Box]) -> list[int]:
    """The numbers of vertical lines as they are read: from the right, one tier after the other.

    Between tiers there is white from the left to the right.
    """
    order: list[int] = []
    tier: list[int] = []
    bottom = math.inf
    for number in sorted(range(len(columns)), key=lambda number: columns[number].top):
        if columns[number].top >= bottom:
            order += sorted(tier, key=lambda one: -columns[one].right)
            tier, bottom = [], 0.0
        bottom = max(bottom if tier else 0.0, columns[number].bottom)
        tier.append(number)
    return order + sorted(tier, key=lambda one: -columns[one].right)


def _columns(letters: Sequence[Letter]) -> list[list[int]]:
    """The numbers of the letters of each vertical line."""
    if not (count := sum(map(is_wide, letters))):
        return []
    columns = _lines(letters, _FARTHEST)
    if sum(map(len, columns)) >= _NEARLY_ALL * count:
        return columns
    return _lines(letters, _FAR) if columns else []


def _lines(letters: Sequence[Letter], farthest: float) -> list[list[int]]:
    runs = _runs(letters, farthest)
    are_lines = [_is_line([letters[number] for number in run]) for run in runs]
    if not any(are_lines):
        return []
    for place, run in enumerate(runs):
        # One or two letters are a line beside another one, unless they belong to a level one.
        first, last = letters[run[0]], letters[run[-1]]
        before, after = runs[max(0, place - 1) : place], runs[place + 1 : place + 2]
        are_lines[place] = are_lines[place] or (
            any(are_lines[max(0, place - 1) : place + 2])
            and all(is_wide(letters[number]) for number in run)
            and not any(_is_level(first, letters[other[-1]]) for other in before)
            and not any(_is_level(last, letters[other[0]]) for other in after)
        )
    return [run for run, is_line in zip(runs, are_lines, strict=True) if is_line]


def _runs(letters: Sequence[Letter], farthest: float) -> list[list[int]]:
    """The numbers of letters that stand below each other, from the top; most are one alone."""
    runs: list[list[int]] = []
    for number, letter in enumerate(letters):
        if letter.quad is None or letter.text.isspace():
            continue
        top, bottom = (letters[runs[-1][end]] for end in (0, -1)) if runs else (letter, letter)
        if _is_reading(bottom, letter):
            continue
        if _goes_on(top, bottom, letter, farthest):
            runs[-1].append(number)
        elif _goes_on(letter, letter, top, farthest):
            runs[-1].insert(0, number)
        else:
            runs.append([number])
    return runs


def _is_line(run: Sequence[Letter]) -> bool:
    if len({letter.piece for letter in run}) == 1:
        return len(run) > 1
    return sum(map(is_wide, run)) >= _FEWEST


def _goes_on(first: Letter, last: Letter, letter: Letter, farthest: float) -> bool:
    """Whether a letter is the next of the vertical line from the first to the last one."""
    if not is_wide(first):
        return False
    across, down = _way(first, letter)
    down -= _way(first, last)[1]
    if is_wide(letter):
        most = _FARTHEST if letter.piece is last.piece else farthest
        is_alike = 1 / _OTHER_SIZE < letter.size_px / first.size_px < _OTHER_SIZE
        return is_alike and abs(across) < _ACROSS and _NEXT < down < most
    return abs(across) < _ACROSS_OF_OTHERS and _BACK_OF_OTHERS < down < _FAR


def _is_reading(base: Letter, letter: Letter) -> bool:
    """Whether a letter is a small reading at the right of another one."""
    if not (is_wide(base) and is_wide(letter)) or letter.size_px > _READING * base.size_px:
        return False
    across, down = _way(base, letter)
    return 0 < across < _READING_ACROSS and abs(down) < 1


def _is_level(one: Letter, other: Letter) -> bool:
    across, down = _way(one, other)
    return abs(down) < _LEVEL_DOWN and abs(across) < _LEVEL_ACROSS


def _way(one: Letter, other: Letter) -> tuple[float, float]:
    """The way from one letter to another, along the first one's level line and down, in sizes."""
    if one.quad is None or other.quad is None:
        return math.inf, math.inf
    frame, start, end = Frame.of(one.quad), one.quad.middle, other.quad.middle
    across, down = frame.inline(end) - frame.inline(start), frame.down(end) - frame.down(start)
    return across / one.size_px, down / one.size_px
