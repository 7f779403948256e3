"""Phrases: words of a row without a wide gap, in level coordinates, and the rows that they form.

Level coordinates are canvas pixels after the slope of the lines is taken out, so that rows are
level and columns upright.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median, pstdev
from typing import NamedTuple, TypeAlias

from ocr_server.document.model import Line, Word, Zone
from ocr_server.geometry import Box, Transform

# Lengths are in median heights of a word.
_LEVEL = 0.45  # between middles of words in one row
_GAP = 0.8  # between phrases; blanks are a third of a height wide
# In type of one width a blank is a character wide. Such type is told by its words: most of them
# have nearly the same width a letter.
_GAP_CHARACTERS, _ONE_WIDTH, _LEAST_ALIKE, _LEAST_WORDS = 1.7, 0.07, 0.8, 8
_TALLEST = 3.0  # taller words are drop capitals and misread rules
_LEAST_SLOPE = 0.003  # smaller ones are chance
_LONG_LINE = 8.0
# Prose: lines of that many words, flush left, in a pitch of at most that, about equally long.
_PROSE_WORDS, _PROSE_LINES, _PROSE_PITCH, _PROSE_WIDTH = 5, 3, 2.5, 12.0
_FLUSH, _NEXT_LINE, _UNEQUAL = 0.7, 0.6, 0.25
# Gaps between phrases: the widest blanks of justified lines. Lines of few long words have any.
_JUSTIFIED = (1.4, 2.0, math.inf)
_GUTTER_ROWS = 3  # fewer lines have a blank in common by chance
_NUMBER = re.compile(r"[\W_]*[$€£]?\d[\d.,:/%\s\-–()+]*[%€$]?[\W_]*|[-–—.]+|n/?a", re.IGNORECASE)


class Placed(NamedTuple):
    """A word and its box in level coordinates."""

    word: Word
    box: Box


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words of a row without a wide gap, from left to right; `box` is in level coordinates.

    `middle_y` is the median of the middles of its words.
    """

    words: tuple[Placed, ...]
    box: Box
    middle_y: float

    @classmethod
    def of(cls, words: Sequence[Placed]) -> Phrase:
        """The phrase of some words, at least one."""
        boxes = [box for _, box in words]
        return cls(
            tuple(words),
            Box(
                min(box.left for box in boxes), min(box.top for box in boxes),
                max(box.right for box in boxes), max(box.bottom for box in boxes),
            ),
            median((box.top + box.bottom) / 2 for box in boxes),
        )  # fmt: skip

    @property
    def text(self) -> str:
        """Its words without blanks."""
        return "".join(word.text for word, _ in self.words)

    @property
    def is_number(self) -> bool:
        """Whether it is a figure, an amount, a share, or a dash in place of one."""
        return is_number(self.text)


def is_number(text: str) -> bool:
    """Whether a text is a figure, an amount, a share, or a dash in place of one."""
    return _NUMBER.fullmatch("".join(text.split())) is not None


PhraseRow: TypeAlias = tuple[Phrase, ...]


class Phrases(NamedTuple):
    """The rows of phrases of a page from top to bottom.

    `unit_px` is the median height of a word, and `from_level` maps to the canvas.
    """

    rows: tuple[PhraseRow, ...]
    unit_px: float
    from_level: Transform


def find_phrases(
    zones: Iterable[Zone], *, gap: float = _GAP, is_prose_kept: bool = False
) -> Phrases | None:
    """The phrases of the zones, without those of prose; None if there are too few words.

    Gaps of more than `gap` median heights of a word part them.
    """
    lines = [line for zone in zones for line in zone.lines if abs(line.quad.angle_deg) < 45]
    words = [word for line in lines for word in line.words if _is_text(word)]
    heights = [word.box.height for word in words if len(word.text) > 1]
    if len(words) < 6 or not heights:
        return None
    unit_px = median(heights)
    level = _levelling(lines, unit_px)
    is_level = level == Transform.identity()
    placed = [
        [
            Placed(word, word.box if is_level else word.quad.mapped(level).box)
            for word in line.words
            if _is_text(word)
        ]
        for line in lines
    ]
    gap_px = _gap_px(words, gap, unit_px)
    if not is_prose_kept:
        placed = _without_justified(placed, gap_px, unit_px)
    pieces = [
        piece
        for line in placed
        for piece in _pieces([one for one in line if one.box.height < _TALLEST * unit_px],
                             gap_px, unit_px)
    ]  # fmt: skip
    rows = [phrase for row in rows_of(pieces, unit_px) for phrase in _joined(row, gap_px)]
    if not is_prose_kept:
        rows = _without_prose(rows, unit_px)
    return Phrases(rows_of(rows, unit_px), unit_px, level.inverse())


def rows_of(phrases: Iterable[Phrase], unit_px: float) -> tuple[PhraseRow, ...]:
    """The phrases in rows from top to bottom, each from left to right."""
    rows: list[list[Phrase]] = []
    middles: list[float] = []
    for phrase in sorted(phrases, key=lambda one: one.middle_y):
        y = phrase.middle_y
        near = range(len(rows) - 1, max(-1, len(rows) - 4), -1)
        place = next((i for i in near if abs(y - middles[i]) < _LEVEL * unit_px), None)
        if place is None:
            rows.append([phrase])
            middles.append(y)
        else:
            rows[place].append(phrase)
            middles[place] = fmean(one.middle_y for one in rows[place])
    order = sorted(range(len(rows)), key=lambda index: middles[index])
    return tuple(tuple(sorted(rows[index], key=lambda one: one.box.left)) for index in order)


def _is_text(word: Word) -> bool:
    """Whether a word is more than an upright rule that was read as a letter."""
    return bool(word.text.strip("| "))


def _levelling(lines: Sequence[Line], unit_px: float) -> Transform:
    """The rotation that makes rows level, by the median slope of long lines."""
    slopes = [
        (line.baseline[-1].y - line.baseline[0].y) / (line.baseline[-1].x - line.baseline[0].x)
        for line in lines
        if len(line.words) >= 4 and line.baseline[-1].x - line.baseline[0].x > _LONG_LINE * unit_px
    ]
    slope = median(slopes) if slopes else 0.0
    if abs(slope) < _LEAST_SLOPE:
        return Transform.identity()
    return Transform.rotation(-math.degrees(math.atan(slope)))


def _gap_px(words: Sequence[Word], gap: float, unit_px: float) -> float:
    widths = [
        word.box.width / len(word.text)
        for word in words
        if len(word.text) >= 4 and word.text.isalpha()
    ]
    if len(widths) >= _LEAST_WORDS:
        usual = median(widths)
        alike = sum(abs(width - usual) < _ONE_WIDTH * usual for width in widths)
        if alike >= _LEAST_ALIKE * len(widths):
            return max(gap * unit_px, _GAP_CHARACTERS * usual)
    return gap * unit_px


def _pieces(words: list[Placed], gap_px: float, unit_px: float) -> list[Phrase]:
    """The words of a line of the engine, divided at wide gaps and where it jumps up or down."""
    runs: list[list[Placed]] = []
    for one in sorted(words, key=lambda one: one.box.left):
        last = runs[-1][-1].box if runs else None
        if (
            last
            and one.box.left - max(other.box.right for other in runs[-1]) <= gap_px
            and abs(one.box.middle.y - last.middle.y) < _NEXT_LINE * unit_px
        ):
            runs[-1].append(one)
        else:
            runs.append([one])
    return [Phrase.of(run) for run in runs]


def _joined(row: PhraseRow, gap_px: float) -> list[Phrase]:
    """The phrases of a row, those joined that the engine had in several lines."""
    runs: list[list[Phrase]] = []
    for phrase in row:
        if runs and phrase.box.left - max(one.box.right for one in runs[-1]) <= gap_px:
            runs[-1].append(phrase)
        else:
            runs.append([phrase])
    return [
        run[0]
        if len(run) == 1
        else Phrase.of(
            sorted((one for phrase in run for one in phrase.words), key=lambda one: one.box.left)
        )
        for run in runs
    ]


def _without_justified(
    lines: Sequence[list[Placed]], gap_px: float, unit_px: float
) -> list[list[Placed]]:
    """Leave out paragraphs whose lines are justified, by blanks as wide as gaps between phrases.

    Such blanks stand anywhere; through the rows of a table goes a gutter.
    """
    prose: set[int] = set()
    for widest in _JUSTIFIED:  # one after the other, as wide blanks join columns that stand near
        whole = [piece for line in lines for piece in _pieces(line, widest * gap_px, unit_px)]
        for chain in _paragraphs(whole, unit_px):
            rows = [_pieces(list(line.words), gap_px, unit_px) for line in chain]
            if not _have_gutter(rows):
                prose |= {id(one) for line in chain for one in line.words}
    return [[one for one in line if id(one) not in prose] for line in lines]


def _have_gutter(rows: Sequence[Sequence[Phrase]]) -> bool:
    """Whether a gap goes through half of the rows, three at least."""
    gaps = [(one.box.right, other.box.left) for row in rows for one, other in pairwise(row)]
    through = (sum(left < x <= right for left, right in gaps) for _, x in gaps)
    return max(through, default=0) >= max(_GUTTER_ROWS, 0.5 * len(rows))


def _without_prose(phrases: Sequence[Phrase], unit_px: float) -> list[Phrase]:
    """Leave out paragraphs."""
    prose = {id(one) for chain in _paragraphs(phrases, unit_px) for one in chain}
    return [one for one in phrases if id(one) not in prose]


def _paragraphs(phrases: Sequence[Phrase], unit_px: float) -> list[list[Phrase]]:
    """Paragraphs: chains of long phrases, one below the other and flush left."""
    ordered = sorted(phrases, key=lambda one: one.middle_y)
    found: list[list[Phrase]] = []
    used: set[int] = set()
    for index, first in enumerate(ordered):
        if id(first) in used or len(first.words) < _PROSE_WORDS:
            continue
        chain = [first]
        for one in ordered[index + 1 :]:
            step = one.middle_y - chain[-1].middle_y
            if step > _PROSE_PITCH * unit_px:
                break
            is_flush = abs(one.box.left - chain[-1].box.left) < _FLUSH * unit_px
            if step > _NEXT_LINE * unit_px and is_flush:
                chain.append(one)
                if len(one.words) < _PROSE_WORDS:
                    break
        widths = [one.box.width for one in chain if len(one.words) >= _PROSE_WORDS]
        full = widths[:-1] or widths
        if (
            len(widths) >= _PROSE_LINES
            and min(widths) > _PROSE_WIDTH * unit_px
            and pstdev(full) < _UNEQUAL * fmean(full)
        ):
            found.append(chain)
            used |= {id(one) for one in chain}
    return found
