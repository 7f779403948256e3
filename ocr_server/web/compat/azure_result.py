"""A document as Azure Document Intelligence tells it: content, and spans of it on pages and words.

Offsets are counted in what `stringIndexType` names, polygons in pixels or, for the pages of a PDF,
in inches. Source: Azure AI Document Intelligence REST API 2024-11-30, AnalyzeResult.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from typing import Any, TypeAlias

import msgspec

from ocr_server.document.languages import tag_of
from ocr_server.document.model import (
    CodeKind,
    Document,
    Line,
    Page,
    Word,
    Zone,
    mean_confidence,
)
from ocr_server.document.roles import Role, Roles
from ocr_server.export.markdown import page_markdown, word_places
from ocr_server.geometry import Quad
from ocr_server.web.compat.adapter import encoded

Place: TypeAlias = tuple[int, int]  # begin and end in the text of a page, in code points
Json: TypeAlias = dict[str, Any]  # as mixed as what Azure answers

TEXT_ELEMENTS, CODE_POINTS, UTF_16 = "textElements", "unicodeCodePoint", "utf16CodeUnit"
STRING_INDEX_TYPES = (TEXT_ELEMENTS, CODE_POINTS, UTF_16)
_BREAKS = {"text": "\n", "markdown": "\n\n<!-- PageBreak -->\n\n"}
_ROLES = {
    Role.TITLE: "title",
    Role.HEADING: "sectionHeading",
    Role.HEADER: "pageHeader",
    Role.FOOTER: "pageFooter",
    Role.PAGE_NUMBER: "pageNumber",
}
_CODES = {
    CodeKind.QR: "QRCode",
    CodeKind.DATA_MATRIX: "DataMatrix",
    CodeKind.AZTEC: "Aztec",
    CodeKind.PDF417: "PDF417",
    CodeKind.CODE_128: "Code128",
    CodeKind.CODE_39: "Code39",
    CodeKind.EAN_13: "EAN13",
    CodeKind.EAN_8: "EAN8",
    CodeKind.UPC_A: "UPCA",
    CodeKind.UPC_E: "UPCE",
}
_POINTS = 4  # decimals of an inch: a hundredth of a pixel at 100 dpi


@dataclass(frozen=True, slots=True)
class ResultOptions:
    """What the result is to look like; `is_layout` adds tables and roles of paragraphs.

    `warning` is a sentence on languages that were asked for and are not installed.
    """

    model: str
    api_version: str
    string_index_type: str = TEXT_ELEMENTS
    content_format: str = "text"
    is_layout: bool = False
    is_pdf: bool = False
    warning: str = ""


def result_of(document: Document, options: ResultOptions) -> bytes:
    """The JSON of the result, which is its member analyzeResult."""
    roles = Roles.of(document.pages)
    break_ = _BREAKS[options.content_format]
    contents: list[str] = []
    base = 0
    parts: dict[str, list[msgspec.Raw]] = {
        name: [] for name in ("pages", "paragraphs", "tables", "styles", "languages")
    }
    for page in document.pages:
        told = _PageResult.of(page, options, roles=roles, base=base)
        base += told.length + len(break_)
        contents.append(told.content)
        parts["pages"].append(encoded(told.page()))
        parts["paragraphs"] += map(encoded, told.paragraphs())
        if options.is_layout:
            parts["tables"] += map(encoded, told.tables())
        parts["styles"] += map(encoded, told.styles())
        parts["languages"] += map(encoded, told.languages())
    return msgspec.json.encode(
        {
            "apiVersion": options.api_version,
            "modelId": options.model,
            "stringIndexType": options.string_index_type,
            "contentFormat": options.content_format,
            "content": encoded(break_.join(contents)),
            **parts,
            **_warnings(options.warning),
        }
    )


def _warnings(sentence: str) -> Json:
    if not sentence:
        return {}
    return {
        "warnings": [{"code": "UnsupportedLocale", "message": sentence, "target": "locale"}],
    }


@dataclass(frozen=True, slots=True)
class _PageResult:
    """A page with the place of each word in `content`, and the offset of each of its characters."""

    shown: Page
    content: str
    places: Sequence[Place]
    offsets: Sequence[int]
    scale: float  # from pixels to the unit
    unit: str
    is_layout: bool
    roles: Roles

    @classmethod
    def of(cls, page: Page, options: ResultOptions, *, roles: Roles, base: int) -> _PageResult:
        if options.content_format == "markdown":
            content = page_markdown(page, roles)
            places = tuple(word_places(page, content))
        else:
            content = "\n".join(line.text for line in page.lines)
            places = tuple(_places_in_lines(page.lines))
        in_inches = options.is_pdf and page.dpi
        return cls(
            page,
            content,
            places,
            offsets=offsets_of(content, options.string_index_type, base),
            scale=1 / page.dpi if in_inches and page.dpi else 1.0,
            unit="inch" if in_inches else "pixel",
            is_layout=options.is_layout,
            roles=roles,
        )

    @property
    def length(self) -> int:
        return self.offsets[-1] - self.offsets[0]

    def page(self) -> Json:
        words, lines, first = [], [], 0
        for line in self.shown.lines:
            places = self.places[first : first + len(line.words)]
            first += len(line.words)
            lines.append(
                {
                    "content": line.text,
                    "polygon": self._polygon(line.quad),
                    "spans": self._spans(places),
                }
            )
            words += [
                {
                    "content": word.text,
                    "polygon": self._polygon(word.quad),
                    "confidence": round(word.confidence, 3),
                    "span": self._span(place),
                }
                for word, place in zip(line.words, places, strict=True)
            ]
        end = len(self.content)
        codes = [
            {
                "kind": _CODES[code.kind],
                "value": code.value,
                "polygon": self._polygon(code.quad),
                "confidence": 1,
                "span": self._span((end, end)),
            }
            for code in self.shown.codes
        ]
        return {
            **({"barcodes": codes} if codes else {}),
            "pageNumber": self.shown.number,
            "angle": round(self.shown.angle_deg, 2),
            "width": self._length(self.shown.width_px),
            "height": self._length(self.shown.height_px),
            "unit": self.unit,
            "spans": [self._span((0, len(self.content)))],
            "words": words,
            "lines": lines,
        }

    def paragraphs(self) -> Iterator[Json]:
        first = 0
        for zone in self.shown.zones:
            for passage in self.roles.passages(self.shown, zone):
                lines = passage.lines
                count = sum(len(line.words) for line in lines)
                places = self.places[first : first + count]
                first += count
                role = None
                if self.is_layout and zone.table is None:
                    role = _ROLES.get(passage.role)
                yield {
                    **({"role": role} if role else {}),
                    "content": " ".join(line.text for line in lines),
                    "spans": self._spans(places),
                    "boundingRegions": [self._region(Line.joined(lines).quad)],
                }

    def tables(self) -> Iterator[Json]:
        first = 0
        for zone in self.shown.zones:
            places = self.places[first : first + len(zone.words)]
            first += len(zone.words)
            if zone.table:
                yield self._table(zone, places)

    def styles(self) -> Iterator[Json]:
        """One, of the lines that were read as handwriting, if there are any."""
        places = iter(self.places)
        written: list[Place] = []
        words: list[Word] = []
        for line in self.shown.lines:
            of_line = [next(places) for _ in line.words]
            if line.handwritten:
                written += of_line
                words += line.words
        if written:
            yield {
                "isHandwritten": True,
                "spans": self._spans(written),
                "confidence": round(mean_confidence(tuple(words)), 3),
            }

    def languages(self) -> Iterator[Json]:
        known = self.shown.language
        if known is None or not known.is_sure:
            return
        places = iter(self.places)
        spoken = [
            (line.language or known.codes[0], [next(places) for _ in line.words])
            for line in self.shown.lines
        ]
        for code in dict.fromkeys(code for code, _ in spoken):
            yield {
                "locale": tag_of(code) or code,
                "spans": self._spans(
                    [place for of, some in spoken if of == code for place in some]
                ),
                "confidence": round(known.confidence, 3),
            }

    def _table(self, zone: Zone, places: Sequence[Place]) -> Json:
        assert zone.table is not None  # noqa: S101  # as the caller has seen
        words_of: dict[int | None, list[Place]] = {}
        for index, place in zip(
            zone.table.cells_at(word.box.middle for word in zone.words), places, strict=True
        ):
            words_of.setdefault(index, []).append(place)
        return {
            "rowCount": zone.table.rows,
            "columnCount": zone.table.columns,
            "spans": self._spans(places),
            "boundingRegions": [self._region(zone.quad)],
            "cells": [
                {
                    "kind": "columnHeader" if cell.row < zone.table.header_rows else "content",
                    "rowIndex": cell.row,
                    "columnIndex": cell.column,
                    "rowSpan": cell.row_span,
                    "columnSpan": cell.column_span,
                    "content": cell.text,
                    "spans": self._spans(words_of.get(index, ())),
                    "boundingRegions": [self._region(cell.quad)],
                }
                for index, cell in enumerate(zone.table.cells)
            ],
        }

    def _region(self, quad: Quad) -> Json:
        return {"pageNumber": self.shown.number, "polygon": self._polygon(quad)}

    def _polygon(self, quad: Quad) -> list[float]:
        return [self._length(side) for point in quad for side in point]

    def _length(self, px: float) -> float:
        return round(px * self.scale, 1 if self.scale == 1 else _POINTS)

    def _span(self, place: Place) -> Json:
        begin, end = (self.offsets[at] for at in place)
        return {"offset": begin, "length": end - begin}

    def _spans(self, places: Iterable[Place]) -> list[Json]:
        """The spans of words, those with only blanks between them in one."""
        joined: list[Place] = []
        for begin, end in sorted(places):
            if joined and not self.content[joined[-1][1] : begin].strip():
                joined[-1] = joined[-1][0], max(end, joined[-1][1])
            else:
                joined.append((begin, end))
        return [self._span(place) for place in joined]


def offsets_of(text: str, string_index_type: str, base: int) -> Sequence[int]:
    """The offset of each character of a text, and of its end; `base` is that of the first."""
    if string_index_type == CODE_POINTS or text.isascii():
        return range(base, base + len(text) + 1)
    if string_index_type == UTF_16:
        widths = [1 + (letter > "\uffff") for letter in text]
    else:
        widths = [not _joins(before, letter) for before, letter in pairwise(f"\n{text}")]
    return list(accumulate(widths, initial=base))


def _joins(before: str, letter: str) -> bool:
    """Whether a character is one text element with that before it.

    Marks join letters, and vowels and finals of Hangul what they follow; sequences of emoji, which
    nothing here reads, are not known. Source: Unicode 8.0, UAX #29, table 2.
    """
    if before in "\r\n":
        return before == "\r" and letter == "\n"
    if "\u1160" <= letter <= "\u11ff":
        return "\u1100" <= before <= "\u11ff" or "\uac00" <= before <= "\ud7a3"
    return letter in "\u200c\u200d\u0e33\u0eb3" or unicodedata.category(letter)[0] == "M"


def _places_in_lines(lines: Iterable[Line]) -> Iterator[Place]:
    """The places of the words in the texts of lines, joined by line breaks."""
    begin = 0
    for line in lines:
        for offset, word in zip(line.word_offsets, line.words, strict=True):
            yield begin + offset, begin + offset + len(word.text)
        begin += len(line.text) + 1
