"""Where things stand, and how sure of them one is, in the terms of file formats."""

from __future__ import annotations

from ocr_server.document.model import Line, Symbol, Word
from ocr_server.geometry import Box, Quad, hull


def whole(box: Box) -> tuple[int, int, int, int]:
    """Left, top, right and bottom to the nearest pixel."""
    return round(box.left), round(box.top), round(box.right), round(box.bottom)


def paragraph_box(lines: tuple[Line, ...]) -> Box:
    """The hull of a paragraph's lines."""
    return hull(point for line in lines for point in line.quad)


def is_upright(quad: Quad) -> bool:
    """Whether the quad is its own box, to half a pixel."""
    box = quad.box.quad()
    return all(
        min(abs(point.x - corner.x) + abs(point.y - corner.y) for corner in box) < 0.5
        for point in quad
    )


def honest_confidence(word: Word) -> float:
    """From 0 to 1: what a person has checked is certain."""
    return 1.0 if word.checked else word.confidence


def symbols_of(word: Word) -> tuple[Symbol, ...]:
    """The word's symbols, unless a correction made them those of another word."""
    seen = "".join(symbol.text for symbol in word.symbols)
    return word.symbols if seen == word.text else ()
