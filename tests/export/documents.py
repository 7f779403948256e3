"""Documents made by hand, and the words of what they became."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from ocr_server.document.model import (
    Advice,
    Alternative,
    Cell,
    Code,
    CodeKind,
    Direction,
    Document,
    EngineInfo,
    Field,
    Line,
    Page,
    PageLanguage,
    Quality,
    StageOutcome,
    StageRecord,
    Symbol,
    Table,
    TextSource,
    Word,
    Zone,
    ZoneKind,
)
from ocr_server.export.json import render_json
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box, Quad, Transform
from ocr_server.job import Detail

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


def confirmed(read: Zone) -> Zone:
    """The zone with all its words checked by a person."""
    lines = (
        replace(line, words=tuple(replace(one, checked=True) for one in line.words))
        for line in read.lines
    )
    return replace(read, lines=tuple(lines))


def table_of(*words: Word) -> Zone:
    """A table whose second cell holds the words."""
    cells = (Cell(0, 1, Box(0, 0, 9, 9).quad(), " ".join(word.text for word in words)),)
    lines = (replace(zone("x").lines[0], words=words),)
    return Zone(ZoneKind.TABLE, Box(0, 0, 9, 9).quad(), lines, Table(1, 2, cells))


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


def numbered_pages() -> Document:
    """Three pages of 800 × 1000 pixels with a head, a foot and the numbers 17 to 19."""
    return document(
        *(
            page(
                zone("Annual report", top=20),
                zone(f"Plain words of page {name}.", top=300),
                zone("Confidential", top=930),
                zone(f"Page {number + 16}", top=970),
                number=number,
                width_px=800,
                height_px=1000,
            )
            for number, name in enumerate(("one", "two", "three"), start=1)
        )
    )


def everything() -> Document:
    """A document that has every member that its JSON can have, but for pages that failed."""
    rich = replace(
        word("corn", 40, 30),
        alternatives=(Alternative("com", 0.4, "dictionary"),),
        corrected_from="c0rn",
        checked=True,
    )
    text = replace(zone("x"), name="total", engine="rapidocr", source=TextSource.TEXT_LAYER)
    text = replace(text, lines=(replace(text.lines[0], words=(rich,), handwritten=True),))
    table = table_of(replace(word("12", 1, 2), quad=Box(1, 2, 3, 4).quad()))
    assert table.table
    spanning = replace(table.table.cells[0], row_span=2, column_span=2)
    table = replace(table, table=Table(2, 3, (spanning,), header_rows=1, continues=True))
    quality = Quality(0.4, (Advice("dark", "The picture is dark.", "Use more light."),))
    fields = (
        Field("total", "12.00", "l2.00", 0.8, box=Box(1, 2, 3, 4)),
        Field("date", None, "", 0.0, reason="nothing was read"),
    )
    language = PageLanguage(("deu", "eng"), 0.6, "It may be German or Dutch.")
    parted = zone("jum-\nped", top=60)
    first = replace(page(text, table, parted), quality=quality, fields=fields, language=language)
    codes = (Code(CodeKind.EAN_13, "4006381333931", Box(9, 9, 99, 59).quad()),)
    first = replace(first, codes=codes)
    return document(first, page(zone("y"), number=3))


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


def json_of(document: Document, detail: Detail = Detail.WORD) -> dict[str, Any]:
    """A document as it is answered."""
    value: dict[str, Any] = json.loads(b"".join(render_json(document, (), Rendering(detail))))
    return value
