"""Documents made by hand, and the words of what they became."""

from __future__ import annotations

from dataclasses import replace

from ocr_server.document.model import (
    Direction,
    Document,
    EngineInfo,
    Line,
    Page,
    StageOutcome,
    StageRecord,
    Symbol,
    Word,
    Zone,
    ZoneKind,
)
from ocr_server.geometry import Box, Quad, Transform

ENGINE = EngineInfo("tesseract", "5.3.0", ("eng",))
LETTER_PX, SIZE_PX, PITCH_PX = 10, 20, 30
LEFT_PX, TOP_PX = 40, 30


def word(text: str, left: float, top: float, confidence: float = 0.9) -> Word:
    """A word ten pixels a letter, twenty high."""
    boxes = [
        Box(left + i * LETTER_PX, top, left + (i + 1) * LETTER_PX, top + SIZE_PX)
        for i in range(len(text))
    ]
    symbols = tuple(
        Symbol(letter, box.quad(), confidence) for letter, box in zip(text, boxes, strict=True)
    )
    whole = Box(left, top, left + len(text) * LETTER_PX, top + SIZE_PX)
    return Word(text, whole.quad(), confidence, symbols)


def line(
    text: str,
    top: float,
    *,
    paragraph: int = 0,
    left: float = LEFT_PX,
    direction: Direction = Direction.LEFT_TO_RIGHT,
) -> Line:
    """A line of words a letter apart, its baseline five pixels above its bottom.

    Right to left, the first word is the rightmost.
    """
    texts = text.split()
    if direction is Direction.RIGHT_TO_LEFT:
        texts.reverse()
    words = []
    at = left
    for one in texts:
        words.append(word(one, at, top))
        at += (len(one) + 1) * LETTER_PX
    if direction is Direction.RIGHT_TO_LEFT:
        words.reverse()
    quad = Box(left, top, at - LETTER_PX, top + SIZE_PX).quad()
    base = Box(left, top, at - LETTER_PX, top + SIZE_PX - 5).quad()
    return Line(
        tuple(words),
        quad,
        (base.bottom_left, base.bottom_right),
        x_height_px=9,
        paragraph=paragraph,
        language="eng",
        direction=direction,
    )


def zone(*paragraphs: str, top: float = TOP_PX, kind: ZoneKind = ZoneKind.TEXT) -> Zone:
    """A zone of paragraphs, their lines parted by line breaks."""
    lines = []
    for number, paragraph in enumerate(paragraphs):
        for text in paragraph.splitlines():
            lines.append(line(text, top, paragraph=number))
            top += PITCH_PX
    right = max(one.box.right for one in lines)
    box = Box(LEFT_PX, lines[0].box.top, right, lines[-1].box.bottom)
    return Zone(kind, box.quad(), tuple(lines))


def page(*zones: Zone, number: int = 1, width_px: int = 600, height_px: int = 400) -> Page:
    """A page at 100 dpi."""
    stages = (StageRecord("deskew", "0.3° clockwise", "turned back", 12.0, StageOutcome.DONE),)
    return Page(number, width_px, height_px, 100.0, zones, stages)


def document(*pages: Page) -> Document:
    """Pages read by Tesseract."""
    return Document(pages, ENGINE)


def two_pages() -> Document:
    """Two zones, three paragraphs, a hyphen, a second page, and what needs escaping."""
    first = zone("The quick brown fox jum-\nped over & under", "<b>Tom</b> *said* 3 < 4")
    second = zone("Another zone; R&D_dept", top=200)
    return document(page(first, second), page(zone("Page two, fin"), number=2))


def turned(document: Document, quarters: int) -> Document:
    """The same document with its pages turned clockwise by quarters of a circle."""
    pages = []
    for one in document.pages:
        width, height, zones = one.width_px, one.height_px, one.zones
        for _ in range(quarters % 4):
            way = Transform((0, -1, height, 1, 0, 0, 0, 0, 1))
            zones = tuple(zone.mapped(way) for zone in zones)
            width, height = height, width
        pages.append(replace(one, width_px=width, height_px=height, zones=zones))
    return replace(document, pages=tuple(pages))


def words_of(text: str) -> list[str]:
    """The words of a text, without regard to lines."""
    return text.split()


def quad_of(box: tuple[float, float, float, float]) -> Quad:
    """A box as a quad."""
    return Box(*box).quad()
