"""Check numbers, words and boxes from outside: in settings, options, operations and files."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches

from ocr_server.geometry import Box, Point, Quad

MOST_PX = 1_000_000  # far beyond any page, and exact in a float
_LONGEST_WORD = 60  # that is compared with others letter by letter


@dataclass(frozen=True, slots=True)
class Bounds:
    """Allowed numbers: from `least` to `most`, both included, and 0 if `or_zero`."""

    least: float = -math.inf
    most: float = math.inf
    is_whole: bool = False
    or_zero: bool = False

    def __str__(self) -> str:
        least, most = f"{self.least:.12g}", f"{self.most:.12g}"
        whole, kind = "a whole number", "a number"
        if self.most < math.inf:
            whole = f"a whole number from {least} to {most}"
            kind = f"a number from {least} to {most}"
        elif self.least > -math.inf:
            whole, kind = f"a whole number, {least} or more", f"a number, {least} or more"
        kind = whole if self.is_whole else kind
        return f"0 or {kind}" if self.or_zero else kind

    def parse(self, text: str) -> float:
        """The number that the text stands for.

        Raises:
            ValueError: it is not a number, or out of bounds; the message says what is allowed.
        """
        try:
            number = int(text) if self.is_whole else float(text)
        except ValueError:
            number = math.nan
        if not self.hold(number):
            raise ValueError(f"use {self}")
        return number

    def hold(self, number: object) -> bool:
        """Whether this is an allowed number; infinity, NaN and booleans are not."""
        if type(number) not in ((int,) if self.is_whole else (int, float)):
            return False
        assert isinstance(number, int | float)  # noqa: S101  # checked above
        # An integer may be too large for a float, so it is compared and not converted.
        is_within = self.least <= number <= self.most and -math.inf < number < math.inf
        return is_within or (self.or_zero and number == 0)


def with_closest(told: str, words: Iterable[str], known: Iterable[str]) -> str:
    """What is told of unknown words, and the known ones, in any case, that look most like them."""
    by_letters = {one.lower(): one for one in known}
    short = (word.lower() for word in words if len(word) <= _LONGEST_WORD)
    matches = (match for word in short for match in get_close_matches(word, by_letters, n=1))
    close = ", ".join(dict.fromkeys(by_letters[match] for match in matches))
    if close:
        told = f"{told} (did you mean {close}?)"
    return told


def box_of(sides: object, *, most: float = MOST_PX) -> Box:
    """The box with the sides left, top, right and bottom, each from 0 to `most`.

    Raises:
        ValueError: there are not four such numbers, or the box is empty; the message says what is
            allowed.
    """
    side_bounds = Bounds(0, most)
    if isinstance(sides, list | tuple) and len(sides) == 4 and all(map(side_bounds.hold, sides)):
        left, top, right, bottom = sides
        if left < right and top < bottom:
            return Box(left, top, right, bottom)
    raise ValueError(
        "use left, top, right and bottom, left before right and top before bottom, each "
        f"{side_bounds}"
    )


def quad_of(corners: object) -> Quad:
    """The quad with four corners, each of x and y from 0 to `MOST_PX`.

    Raises:
        ValueError: there are not four such points, or they do not go clockwise round an area
            without a dent; the message says what is allowed.
    """
    bounds = Bounds(0, MOST_PX)
    if (
        isinstance(corners, list)
        and len(corners) == 4
        and all(isinstance(one, list) and len(one) == 2 for one in corners)
        and all(bounds.hold(value) for one in corners for value in one)
    ):
        quad = Quad(*(Point(x, y) for x, y in corners))
        if quad.is_convex:
            return quad
    raise ValueError(
        f"use four corners of x and y, clockwise from the upper left one, each {bounds}"
    )
