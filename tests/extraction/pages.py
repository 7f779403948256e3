"""Pages of known words, as an engine might have read them."""

from __future__ import annotations

from ocr_server.document.model import Line, Page, Word, Zone, ZoneKind
from ocr_server.geometry import Box, hull

LETTER_PX, HEIGHT_PX, PITCH_PX = 10, 16, 30
WIDTH_PX = 800


def line(text: str, *, left: float = 0, top: float = 0, height: float = HEIGHT_PX) -> Line:
    """A line of words ten pixels a letter; two blanks or more leave a gap as wide."""
    words, at = [], 0
    for piece in text.split(" "):
        if piece:
            box = Box(
                left + at * LETTER_PX, top, left + (at + len(piece)) * LETTER_PX, top + height
            )
            words.append(Word(piece, box.quad(), 0.9))
        at += len(piece) + 1
    quad = hull(point for word in words for point in word.quad).quad()
    return Line(tuple(words), quad, (quad.bottom_left, quad.bottom_right), height / 2)


def page(*texts: str) -> Page:
    """Lines below one another in one zone."""
    return page_of(*(line(text, top=row * PITCH_PX) for row, text in enumerate(texts)))


def page_of(*lines: Line, name: str | None = None) -> Page:
    """Lines in one zone."""
    height = round(max(one.box.bottom for one in lines)) + PITCH_PX
    quad = hull(point for one in lines for point in one.quad).quad()
    return Page(1, WIDTH_PX, height, None, (Zone(ZoneKind.TEXT, quad, lines, name=name),))
