"""A page as Google Cloud Vision's `fullTextAnnotation` and `textAnnotations`.

The text is that of the symbols and their breaks, nothing else. Source: Google Cloud Vision API v1,
TextAnnotation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from typing import Any, TypeAlias

import msgspec

from ocr_server.document.characters import has_blank
from ocr_server.document.languages import tag_of
from ocr_server.document.line_ends import is_hyphenated
from ocr_server.document.model import (
    Direction,
    Line,
    Page,
    Symbol,
    Word,
    Zone,
    ZoneKind,
    hull_of,
    mean_confidence,
)
from ocr_server.geometry import Quad
from ocr_server.web.compat.adapter import encoded

SPACE, LINE_END, HYPHEN, PARAGRAPH_END = "SPACE", "EOL_SURE_SPACE", "HYPHEN", "LINE_BREAK"
_WRITTEN = {"": "", SPACE: " ", LINE_END: "\n", HYPHEN: "-\n", PARAGRAPH_END: "\n"}
_KINDS = {
    ZoneKind.TEXT: "TEXT",
    ZoneKind.TABLE: "TABLE",
    ZoneKind.PICTURE: "PICTURE",
    ZoneKind.RULE: "RULER",
}
_POINTS_PER_INCH, _USUAL_DPI = 72, 300

Json: TypeAlias = dict[str, Any]  # as mixed as what Google answers
Poly: TypeAlias = Callable[[Quad], Json]


def picture_annotations(page: Page) -> Json:
    """The members of the answer to a picture, in whole pixels; none if nothing was read."""
    if not page.words:
        return {}
    full, text = _full_text(page, _in_pixels, page.width_px, page.height_px)
    annotations = [
        {"description": word.text, "boundingPoly": _in_pixels(word.quad)} for word in page.words
    ]
    whole = {
        "locale": _locale(page),
        "description": text,
        "boundingPoly": _in_pixels(hull_of(page.words).quad()),
    }
    return {
        "textAnnotations": [encoded(one) for one in chain([whole], annotations)],
        "fullTextAnnotation": full,
    }


def file_annotations(page: Page) -> Json:
    """The members of the answer to a page of a file: shares of its sides, its size in points."""
    if not page.words:
        return {}

    def in_shares(quad: Quad) -> Json:
        return {
            "normalizedVertices": [
                {"x": _share(point.x, page.width_px), "y": _share(point.y, page.height_px)}
                for point in quad
            ]
        }

    scale = _POINTS_PER_INCH / (page.dpi or _USUAL_DPI)
    full, _ = _full_text(
        page, in_shares, round(page.width_px * scale), round(page.height_px * scale)
    )
    return {"fullTextAnnotation": full}


def _full_text(page: Page, poly: Poly, width: int, height: int) -> tuple[Json, str]:
    texts: list[str] = []
    last = page.words[-1]
    blocks = [_block(zone, poly, texts, last) for zone in page.zones]
    told = {
        "width": width,
        "height": height,
        "confidence": round(page.confidence, 4),
        "blocks": blocks,
    }
    if locale := _locale(page):
        told["property"] = {"detectedLanguages": [{"languageCode": locale}]}
    text = "".join(texts)
    return {"text": encoded(text), "pages": [told]}, text


def _block(zone: Zone, poly: Poly, texts: list[str], last: Word) -> Json:
    return {
        "blockType": _KINDS[zone.kind],
        "boundingBox": poly(zone.quad),
        "confidence": round(zone.confidence, 4),
        "paragraphs": [_paragraph(lines, poly, texts, last) for lines in zone.paragraphs()],
    }


def _paragraph(lines: Sequence[Line], poly: Poly, texts: list[str], last: Word) -> Json:
    words: list[msgspec.Raw] = []
    for line, word, break_ in _with_breaks(lines, last):
        symbols = _symbols(word, line.direction)
        shown = symbols[:-1] if break_ == HYPHEN else symbols
        texts.extend((*(symbol.text for symbol in shown), _WRITTEN[break_]))
        words.append(encoded(_word(word, shown, break_, poly)))
    everything = tuple(word for line in lines for word in line.words)
    return {
        "boundingBox": poly(Line.joined(lines).quad),
        "confidence": round(mean_confidence(everything), 4),
        "words": words,
    }


def _with_breaks(lines: Sequence[Line], last: Word) -> Iterator[tuple[Line, Word, str]]:
    """The words of a paragraph in their lines, and what comes after; nothing after the last."""
    for line, following in zip(lines, (*lines[1:], None), strict=True):
        for word, next_ in zip(line.words, (*line.words[1:], None), strict=True):
            if word is last:
                yield line, word, ""
            elif next_ is not None:
                yield line, word, SPACE if has_blank(word.text, next_.text) else ""
            elif following is None:
                yield line, word, PARAGRAPH_END
            else:
                is_parted = is_hyphenated(line.text, following.text)
                yield line, word, HYPHEN if is_parted else LINE_END


def _word(word: Word, symbols: Sequence[Symbol], break_: str, poly: Poly) -> Json:
    told: list[Json] = [
        {
            "text": symbol.text,
            "boundingBox": poly(symbol.quad),
            "confidence": round(symbol.confidence, 4),
        }
        for symbol in symbols
    ]
    if break_:
        told[-1]["property"] = {"detectedBreak": {"type": break_}}
    return {
        "boundingBox": poly(word.quad),
        "confidence": round(word.confidence, 4),
        "symbols": told,
    }


def _symbols(word: Word, direction: Direction) -> tuple[Symbol, ...]:
    """The symbols of a word; its letters, evenly spread, where the engine tells none."""
    if "".join(symbol.text for symbol in word.symbols) == word.text:
        return word.symbols
    count = len(word.text)
    places = [word.quad.slice(at / count, (at + 1) / count) for at in range(count)]
    if direction is Direction.RIGHT_TO_LEFT:
        places.reverse()
    return tuple(
        Symbol(letter, place, word.confidence)
        for letter, place in zip(word.text, places, strict=True)
    )


def _locale(page: Page) -> str:
    """The language of most words, if it is known."""
    counts: dict[str, int] = {}
    for line in page.lines:
        if line.language:
            counts[line.language] = counts.get(line.language, 0) + len(line.words)
    return (tag_of(max(counts, key=lambda code: counts[code])) or "") if counts else ""


def _in_pixels(quad: Quad) -> Json:
    # Whole numbers: the Python client takes no others.
    return {"vertices": [{"x": round(point.x), "y": round(point.y)} for point in quad]}


def _share(px: float, side_px: int) -> float:
    return round(min(1.0, max(0.0, px / side_px)), 6)
