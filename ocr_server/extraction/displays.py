"""The number on a seven-segment display."""

from __future__ import annotations

from ocr_server.document.model import Line, Page, Symbol, Word, Zone, ZoneKind, hull_of
from ocr_server.extraction.candidate import NOTHING, Match, of_words
from ocr_server.extraction.seven_segment import read_display
from ocr_server.job import FieldSpec
from ocr_server.layout.rows import rows_of
from ocr_server.page.framing import FramedPage

NAMES = ("value",)
UNKNOWN = "?"


def read_display_page(framed_page: FramedPage) -> Page:
    """The page with the digits of its display as one word; no engine is asked."""
    digits = read_display(framed_page.canvas)
    zones: tuple[Zone, ...] = ()
    if digits:
        symbols = tuple(Symbol(one.text, one.quad, one.confidence) for one in digits)
        quad = hull_of(digits).quad()
        text = "".join(one.text for one in digits)
        # As sure as its digits are in the mean; which of them is not can be seen in the symbols.
        confidence = sum(one.confidence for one in digits) / len(digits)
        word = Word(text, quad, confidence, symbols if framed_page.options.symbols else ())
        line = Line((word,), quad, (quad.bottom_left, quad.bottom_right), quad.box.height)
        zones = (Zone(ZoneKind.TEXT, quad, (line,)),)
    return Page(
        framed_page.number,
        framed_page.canvas.width_px,
        framed_page.canvas.height_px,
        framed_page.canvas.dpi,
        zones,
    )


def find_on_display(page: Page, _asked: FieldSpec) -> Match:
    """All its digits."""
    words = [word for row in rows_of(page) for word in row.words]
    if not words:
        return NOTHING
    read = of_words(words)
    if UNKNOWN in read.raw:
        error = f"a digit could not be told ({UNKNOWN})"
        return Match(read.raw, read.confidence, read.box, error=error)
    return read
