"""A line of words from characters of which only their place along the line is known."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

from ocr_server.document.model import Line, Symbol, Word
from ocr_server.geometry import Quad, lerp

# Shares of the height of a found line, which reaches a little beyond its letters.
_BASELINE, _X_HEIGHT = 0.76, 0.46


@dataclass(frozen=True, slots=True)
class Character:
    """A character; `middle` is where it stands, from 0 to 1 along its line."""

    text: str
    confidence: float
    middle: float


def line_of(
    characters: Sequence[Character], words: Sequence[str], quad: Quad, *, symbols: bool
) -> Line:
    """The line in `quad`; `words` are the characters again, cut at blanks, at least one.

    A character is taken to reach half way to the next of its word, and a third of the way to that
    of another.
    """
    rest = iter(characters)
    cut = [tuple(islice(rest, len(word))) for word in words]
    usual = _pitch(characters) / 2
    reaches = [usual, *(min(usual, _gap(one, other) / 3) for one, other in pairwise(cut)), usual]
    return Line(
        words=tuple(
            _word(word, before, after, quad, symbols=symbols)
            for word, (before, after) in zip(cut, pairwise(reaches), strict=True)
        ),
        quad=quad,
        baseline=(
            lerp(quad.top_left, quad.bottom_left, _BASELINE),
            lerp(quad.top_right, quad.bottom_right, _BASELINE),
        ),
        x_height_px=_X_HEIGHT * math.dist(quad.top_left, quad.bottom_left),
    )


def _gap(one: Sequence[Character], other: Sequence[Character]) -> float:
    return other[0].middle - one[-1].middle


def _word(
    characters: Sequence[Character], before: float, after: float, quad: Quad, *, symbols: bool
) -> Word:
    ends = [
        characters[0].middle - before,
        *((one.middle + other.middle) / 2 for one, other in pairwise(characters)),
        characters[-1].middle + after,
    ]
    cells = zip(characters, pairwise(ends), strict=True)
    return Word(
        text="".join(one.text for one in characters),
        quad=quad.slice(ends[0], ends[-1]),
        confidence=sum(one.confidence for one in characters) / len(characters),
        symbols=tuple(
            Symbol(one.text, quad.slice(start, end), one.confidence)
            for one, (start, end) in cells
            if symbols
        ),
    )


def _pitch(characters: Sequence[Character]) -> float:
    """How far characters usually are apart, as a share of the line; all of it for a single one."""
    steps = sorted(other.middle - one.middle for one, other in pairwise(characters))
    return steps[len(steps) // 2] if steps else 1.0
