"""The letters of a PDF page: what PDFium says they are, where they stand, which way they run."""

from __future__ import annotations

import ctypes
import math
import sys
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import pypdfium2
from pypdfium2 import raw

from ocr_server.geometry import Box, Point, PointMap, Quad
from ocr_server.pdf.optional_content import group_of
from ocr_server.pdf.page_objects import sorted_box, span_of

_NOWHERE = Point(0, 0)
_PARTED = {0x02, 0xFFFE}  # PDFium's marks for a hyphen and the line break after it
_ASCENT_SHARE = 0.8  # of a font's size, where PDFium has no upright box to offer


class Piece(NamedTuple):
    """What all letters have in common that one operator shows; `number` tells pieces apart.

    `font` tells fonts of a page apart; the size is that of the font as it is shown, in units of the
    page and in pixels. `group` names the optional content that the piece belongs to, `span` is
    that of `page_objects.span_of`.
    """

    number: int
    font: int
    size_pt: float
    size_px: float
    angle: float
    is_invisible: bool
    group: bytes | None = None
    span: int = 0


_NO_PIECE = Piece(-1, 0, 0.0, 0.0, 0.0, is_invisible=False)


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter; `quad` reaches from the font's ascent to its descent, `origin` is on the baseline.

    Letters that only part words and lines have no place: line breaks, and blanks that are not in
    the file. `position` is PDFium's number of it.
    """

    text: str
    quad: Quad | None = None
    origin: Point = _NOWHERE
    piece: Piece = _NO_PIECE
    position: int = -1

    @property
    def size_px(self) -> float:
        """The size of its font as it is shown, more than 0."""
        return max(self.piece.size_px, 0.1)


class Frame(NamedTuple):
    """Which way a letter runs: along and down, each of length 1, and how high it is."""

    along_x: float
    along_y: float
    height: float

    @classmethod
    def of(cls, quad: Quad) -> Frame:
        """The frame of a letter."""
        down_x = quad.bottom_left.x - quad.top_left.x
        down_y = quad.bottom_left.y - quad.top_left.y
        height = math.hypot(down_x, down_y) or 1.0
        return cls(down_y / height, -down_x / height, height)

    def inline(self, point: Point) -> float:
        """How far along a point is."""
        return point.x * self.along_x + point.y * self.along_y

    def down(self, point: Point) -> float:
        """How far down a point is."""
        return point.y * self.along_x - point.x * self.along_y

    def is_like(self, other: Frame, *, least: float = 0.999) -> bool:
        """Whether both run the same way: the cosine of the angle between them is above `least`."""
        return self.along_x * other.along_x + self.along_y * other.along_y > least

    def gap(self, one: Quad, other: Quad) -> float:
        """White between two letters along the line; less than nothing where they overlap."""
        one_sides = sorted((self.inline(one.top_left), self.inline(one.top_right)))
        other_sides = sorted((self.inline(other.top_left), self.inline(other.top_right)))
        return max(other_sides[0] - one_sides[1], one_sides[0] - other_sides[1])


def read_letters(text: pypdfium2.PdfTextPage, way: PointMap) -> list[Letter]:
    """The letters in PDFium's order, in pixels; some more than once (`repeated_letters`)."""
    return list(_letters(text, _Affine.of(way)))


class _Affine(NamedTuple):
    """The way from the page's units to pixels, for many letters."""

    x_x: float
    x_y: float
    x: float
    y_x: float
    y_y: float
    y: float

    @classmethod
    def of(cls, way: PointMap) -> _Affine:
        origin, right, up = way.apply_all([Point(0, 0), Point(1, 0), Point(0, 1)])
        return cls(
            right.x - origin.x, up.x - origin.x, origin.x,
            right.y - origin.y, up.y - origin.y, origin.y,
        )  # fmt: skip

    def apply(self, x: float, y: float) -> Point:
        return Point(self.x_x * x + self.x_y * y + self.x, self.y_x * x + self.y_y * y + self.y)

    @property
    def scale(self) -> float:
        """How many pixels a unit of the page has."""
        return math.hypot(self.x_x, self.y_x)


def _letters(text: pypdfium2.PdfTextPage, way: _Affine) -> Iterator[Letter]:
    pieces = _Pieces(text, way)
    high = 0
    for position in range(text.count_chars()):
        code = raw.FPDFText_GetUnicode(text, position)
        if 0xD800 <= code < 0xDC00:
            high = code
            continue
        if high and 0xDC00 <= code < 0xE000:
            code = 0x10000 + ((high - 0xD800) << 10) + (code - 0xDC00)
        high = 0
        is_none = 0xD800 <= code < 0xE000 or code > sys.maxunicode  # half of one is none
        letter = "\ufffd" if is_none else chr(code)
        if code in _PARTED and _is_hyphen(text, position):
            yield _placed("-", text, position, way, pieces.of(position))
            yield Letter("\n")
        elif letter in "\r\n":
            yield Letter(letter)
        elif unicodedata.category(letter) == "Cc" and letter != "\t":
            if not raw.FPDFText_IsGenerated(text, position):
                yield _nameless(text, position, way, pieces.of(position))
        elif letter.isspace():
            blank = _placed(letter, text, position, way, pieces.of(position))
            yield blank if _is_wide(blank) else Letter(letter)
        elif letter != "\t" and not raw.FPDFText_IsGenerated(text, position):
            yield _placed(letter, text, position, way, pieces.of(position))


def _is_hyphen(text: pypdfium2.PdfTextPage, position: int) -> bool:
    """Whether a letter stands before; else it is a glyph of that number."""
    return position > 0 and chr(raw.FPDFText_GetUnicode(text, position - 1)).isalnum()


def _is_wide(blank: Letter) -> bool:
    """Whether a blank is one of the file: those that PDFium adds have no width."""
    return blank.quad is not None and blank.quad.top_left != blank.quad.top_right


class _Pieces:
    """The pieces of a page, each asked for once."""

    def __init__(self, text: pypdfium2.PdfTextPage, way: _Affine) -> None:
        self._text = text
        self._pixels_per_unit = way.scale
        self._pieces: dict[int, Piece] = {}

    def of(self, position: int) -> Piece:
        """The piece that a letter belongs to."""
        shown = raw.FPDFText_GetTextObject(self._text, position)
        address = ctypes.cast(shown, ctypes.c_void_p).value or 0
        if address not in self._pieces:
            self._pieces[address] = self._ask(position, shown if address else None)
        return self._pieces[address]

    def _ask(self, position: int, shown: raw.FPDF_PAGEOBJECT | None) -> Piece:
        matrix = raw.FS_MATRIX()
        raw.FPDFText_GetMatrix(self._text, position, matrix)
        # Mirrored letters stand for writing from right to left; they are not upside down.
        sign = -1 if matrix.a * matrix.d < matrix.b * matrix.c else 1
        size = raw.FPDFText_GetFontSize(self._text, position) * math.hypot(matrix.c, matrix.d)
        font, is_invisible, group, span = 0, False, None, 0
        if shown is not None:
            font = ctypes.cast(raw.FPDFTextObj_GetFont(shown), ctypes.c_void_p).value or 0
            group, span = group_of(shown), span_of(shown)
            mode = raw.FPDFTextObj_GetTextRenderMode(shown)
            is_invisible = mode == raw.FPDF_TEXTRENDERMODE_INVISIBLE
        angle = math.atan2(sign * matrix.b, sign * matrix.a)
        size_px = size * self._pixels_per_unit
        return Piece(len(self._pieces), font, size, size_px, angle, is_invisible, group, span)


def _placed(
    letter: str, text: pypdfium2.PdfTextPage, position: int, way: _Affine, piece: Piece
) -> Letter:
    """A letter with its quad and origin in pixels."""
    x, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text, position, x, y)
    sides = sorted_box(text.get_charbox(position, loose=True))
    quarters = piece.angle / (math.pi / 2)
    if abs(quarters - round(quarters)) < 0.01:
        quad = _turned(sides, round(quarters), way)
    else:
        sloped = _sloped(Point(x.value, y.value), Box(*sides), piece.angle, piece.size_pt)
        quad = Quad(*(way.apply(*corner) for corner in sloped))
    return Letter(letter, quad, way.apply(x.value, y.value), piece, position)


def _nameless(text: pypdfium2.PdfTextPage, position: int, way: _Affine, piece: Piece) -> Letter:
    """A glyph that has a number and no letter; one without ink is a blank."""
    left, bottom, right, top = text.get_charbox(position)
    least = 0.01 * piece.size_pt
    letter = "\ufffd" if right - left > least and top - bottom > least else " "
    return _placed(letter, text, position, way, piece)


def _turned(sides: tuple[float, float, float, float], quarters: int, way: _Affine) -> Quad:
    """The corners of a box, y upwards, from the top left of text turned against the clock."""
    left, bottom, right, top = sides
    corners = (
        way.apply(left, top),
        way.apply(right, top),
        way.apply(right, bottom),
        way.apply(left, bottom),
    )
    first = -quarters % 4
    return Quad(*corners[first:], *corners[:first])


def _sloped(origin: Point, box: Box, angle: float, size: float) -> Quad:
    """A letter on a slope: PDFium's box is upright, so its width tells how far the letter goes."""
    cos, sin = math.cos(angle), math.sin(angle)
    across = max(box.width - size * abs(sin), 0.0) / max(abs(cos), 0.1)
    along = Point(cos * across, sin * across)
    up = Point(-sin * size, cos * size)
    top = Point(origin.x + up.x * _ASCENT_SHARE, origin.y + up.y * _ASCENT_SHARE)
    bottom = Point(top.x - up.x, top.y - up.y)
    return Quad(
        top,
        Point(top.x + along.x, top.y + along.y),
        Point(bottom.x + along.x, bottom.y + along.y),
        bottom,
    )
