"""Lines of a page: Line → Word → Symbol.

All are frozen, with tuples inside. Each level has a quad, a confidence from 0 to 1, and a text that
joins those of its children; `mapped` transforms all coordinates of a tree.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from ocr_server.document.characters import has_blank
from ocr_server.geometry import Box, Point, PointMap, Quad, Transform, hull


class Direction(StrEnum):
    """The direction in which a line is read."""

    LEFT_TO_RIGHT = "ltr"
    RIGHT_TO_LEFT = "rtl"
    TOP_TO_BOTTOM = "ttb"


@dataclass(frozen=True, slots=True)
class Symbol:
    """One recognised character, with its confidence from 0 to 1."""

    text: str
    quad: Quad
    confidence: float

    def mapped(self, transform: PointMap) -> Symbol:
        """The symbol with its coordinates transformed."""
        return Symbol(self.text, self.quad.mapped(transform), self.confidence)

    def __reduce__(self) -> tuple[type[Symbol], tuple[object, ...]]:
        """Pickle as a call of the class, which is faster than the default, field by field."""
        return Symbol, (self.text, self.quad, self.confidence)


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another reading of a word; `source` is `engine` or `dictionary`."""

    text: str
    confidence: float
    source: str


@dataclass(frozen=True, slots=True)
class Word:
    """A word, with its confidence from 0 to 1.

    `corrected_from` is the original text if it was corrected, by a person or by a dictionary;
    `checked` tells whether a person has confirmed it.
    """

    text: str
    quad: Quad
    confidence: float
    symbols: tuple[Symbol, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    corrected_from: str | None = None
    checked: bool = False

    @property
    def box(self) -> Box:
        """The bounding box of the quad."""
        return self.quad.box

    @property
    def certainty(self) -> float:
        """The confidence, from 0 to 1, or 1 if a person has checked the word."""
        return 1.0 if self.checked else self.confidence

    @property
    def letter_count(self) -> int:
        """Number of letters and digits."""
        if self.text.isalnum():  # true for most words; counting takes six times as long
            return len(self.text)
        return sum(map(str.isalnum, self.text))

    def mapped(self, transform: PointMap) -> Word:
        """The word with the coordinates of it and its symbols transformed."""
        return Word(
            self.text,
            self.quad.mapped(transform),
            self.confidence,
            tuple([symbol.mapped(transform) for symbol in self.symbols]),
            self.alternatives,
            self.corrected_from,
            self.checked,
        )

    def __reduce__(self) -> tuple[type[Word], tuple[object, ...]]:
        """Pickle as a call of the class, which is faster than the default, field by field."""
        return Word, (
            self.text, self.quad, self.confidence, self.symbols, self.alternatives,
            self.corrected_from, self.checked,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """A line of words; `baseline` is a polyline from its start to its end.

    `paragraph` is the number of its paragraph within the zone, from 0; `language` is the engine's
    name of its language, if known; `handwritten`: it was read by a network for handwriting.
    """

    words: tuple[Word, ...]
    quad: Quad
    baseline: tuple[Point, ...]
    x_height_px: float
    paragraph: int = 0
    language: str | None = None
    direction: Direction = Direction.LEFT_TO_RIGHT
    handwritten: bool = False

    @property
    def box(self) -> Box:
        """The bounding box of the quad."""
        return self.quad.box

    @property
    def text(self) -> str:
        """The words, joined by blanks, except in scripts without blanks."""
        text = ""
        for word in self.words:
            text += f" {word.text}" if has_blank(text, word.text) else word.text
        return text

    @property
    def word_offsets(self) -> tuple[int, ...]:
        """Where in the line's text each word begins, in characters."""
        text, offsets = "", []
        for word in self.words:
            text += " " * has_blank(text, word.text)
            offsets.append(len(text))
            text += word.text
        return tuple(offsets)

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, weighted by their letters and digits, from 0 to 1."""
        return mean_confidence(self.words)

    @staticmethod
    def joined(lines: Sequence[Line]) -> Line:
        """Join lines side by side, at least one and from left to right, into a single line.

        It has the angle of the longest line, and everything else of the first.
        """
        first = lines[0]
        if len(lines) == 1:
            return first
        slant_deg = max(lines, key=lambda line: line.box.width).quad.angle_deg
        in_order = lines[::-1] if first.direction is Direction.RIGHT_TO_LEFT else lines
        return replace(
            first,
            words=tuple(word for line in in_order for word in line.words),
            quad=_slanting_hull(lines, slant_deg),
            baseline=tuple(point for line in lines for point in line.baseline),
        )

    def filtered(self, is_kept: Callable[[Word], bool]) -> Line | None:
        """The line with only the words that `is_kept` accepts; None if there are none."""
        words = tuple(word for word in self.words if is_kept(word))
        if not words:
            return None
        return self if len(words) == len(self.words) else self.with_words(words)

    def with_words(self, words: tuple[Word, ...]) -> Line:
        """The line with some of its words, at least one; its quad encloses them at its angle."""
        return replace(self, words=words, quad=_slanting_hull(words, self.quad.angle_deg))

    def mapped(self, transform: PointMap) -> Line:
        """The line with all coordinates and the x-height transformed."""
        quad = self.quad.mapped(transform)
        return replace(
            self,
            words=tuple(word.mapped(transform) for word in self.words),
            quad=quad,
            baseline=tuple(transform.apply_all(self.baseline)),
            x_height_px=self.x_height_px * _growth(self.quad, quad),
        )


class _Placed(Protocol):
    """Anything with a quad: a symbol, word, line or zone."""

    @property
    def quad(self) -> Quad: ...


def hull_of(items: Iterable[_Placed]) -> Box:
    """The bounding box of symbols, words, lines or zones, of which at least one is needed."""
    return hull(point for item in items for point in item.quad)


def are_handwritten(lines: Sequence[Line]) -> bool:
    """Whether most letters of the lines are in handwritten ones."""
    if not any(line.handwritten for line in lines):
        return False
    balance = ((1 if line.handwritten else -1) * letters_in(line.words) for line in lines)
    return sum(balance) > 0


def letters_in(words: Iterable[Word]) -> int:
    """Number of letters and digits of the words."""
    return sum(word.letter_count for word in words)


def confidence_of(lines: Iterable[Line]) -> float:
    """`mean_confidence` of the words of lines."""
    return mean_confidence(tuple(word for line in lines for word in line.words))


def mean_confidence(words: tuple[Word, ...]) -> float:
    """Mean confidence from 0 to 1, weighted by letters and digits; 0 without any."""
    weights = [word.letter_count for word in words]
    total = sum(weights)
    if not total:
        return 0.0
    return sum(word.confidence * n for word, n in zip(words, weights, strict=True)) / total


def _slanting_hull(items: Iterable[_Placed], slant_deg: float) -> Quad:
    """The smallest rectangle around the items that is rotated clockwise by that angle."""
    slant = Transform.rotation(slant_deg)
    corners = (point for item in items for point in item.quad)
    return hull(slant.inverse().apply_all(corners)).quad().mapped(slant)


def _growth(before: Quad, after: Quad) -> float:
    """The length of the left side of `after` as a multiple of that of `before`."""
    lengths = [math.dist(quad.top_left, quad.bottom_left) for quad in (before, after)]
    return lengths[1] / lengths[0] if lengths[0] else 1.0
