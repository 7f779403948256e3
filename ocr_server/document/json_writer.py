"""Write a document as JSON values: each level has its text, its box and quad, and its confidence.

The types are declared in `schema.py`, which is imported for type checking only: worker processes
write JSON, and pydantic would need megabytes in each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, cast

from ocr_server.document.languages import name_of
from ocr_server.document.line_ends import is_hyphenated, joined
from ocr_server.document.model import (
    Code,
    Document,
    EngineInfo,
    Failure,
    Field,
    Line,
    Page,
    PageLanguage,
    Quality,
    Symbol,
    Table,
    Word,
    Zone,
    ZoneKind,
    hull_of,
)
from ocr_server.document.roles import Passage, Roles
from ocr_server.geometry import Quad
from ocr_server.job import Detail

if TYPE_CHECKING:
    from ocr_server.document.schema import (
        BoxJson,
        CellJson,
        CodeJson,
        DocumentFieldJson,
        EngineJson,
        FieldJson,
        LineJson,
        PageJson,
        PageLanguageJson,
        PageProblemJson,
        ParagraphJson,
        QuadJson,
        QualityJson,
        SymbolJson,
        TableJson,
        WordJson,
        ZoneJson,
    )


def engine_to_json(engine: EngineInfo) -> EngineJson:
    """Name, version and languages of an engine."""
    return {
        "name": engine.name,
        "version": engine.version,
        "languages": list(engine.languages),
    }


def failure_to_json(failure: Failure) -> PageProblemJson:
    """The error of a page that could not be read, with its `extra` members."""
    error = failure.error
    problem = {
        "page": failure.page,
        "code": error.code,
        "title": error.title,
        "detail": error.message,
        **error.extra,
    }
    return cast(
        "PageProblemJson", problem
    )  # a test compares the names in all `extra` with the type


def fields_to_json(document: Document) -> dict[str, DocumentFieldJson]:
    """The fields of the whole document by name, each with the number of its page."""
    return {
        field.name: {**field_to_json(field), "page": number} for number, field in document.fields
    }


def field_to_json(field: Field) -> FieldJson:
    """The value of a field, its validity and its box in page pixels; without its name."""
    shown: FieldJson = {
        "value": field.value,
        "raw": field.raw,
        "confidence": round(field.confidence, 4),
        "valid": field.is_valid,
        "box": _place(field.box.quad())[0] if field.box else None,
    }
    if field.reason is not None:
        shown["reason"] = field.reason
    return shown


def page_to_json(page: Page, detail: Detail, *, text: str, roles: Roles | None = None) -> PageJson:
    """A page, down to a level of detail; `text` is that of the page, its lines kept or joined.

    Without `roles` of a document they are those of the page alone.
    """
    shown: PageJson = {
        "number": page.number,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": page.dpi,
        "source": page.source,
        "confidence": round(page.confidence, 4),
        "angle_deg": round(page.angle_deg, 2),
        "stages": [
            {
                "name": stage.name,
                "found": stage.found,
                "did": stage.did,
                "ms": round(stage.ms, 1),
                "outcome": stage.outcome,
            }
            for stage in page.stages
        ],
        "quality": _quality(page.quality) if page.quality else None,
        "text": text,
    }
    if page.language:
        shown["language"] = _language(page.language)
    if page.fields:
        shown["fields"] = {field.name: field_to_json(field) for field in page.fields}
    if page.codes:
        shown["codes"] = [_code(code) for code in page.codes]
    if detail >= Detail.ZONE:
        roles = roles or Roles.of([page])
        shown["zones"] = [
            zone_to_json(zone, detail, roles.passages(page, zone)) for zone in page.zones
        ]
    return shown


def zone_to_json(zone: Zone, detail: Detail, passages: Iterable[Passage] = ()) -> ZoneJson:
    """A zone with its paragraphs, down to a level of detail; coordinates are page pixels."""
    box, quad = _place(zone.quad)
    shown: ZoneJson = {"kind": zone.kind, "box": box, "quad": quad}
    if zone.name is not None:
        shown["name"] = zone.name
    if zone.engine is not None:
        shown["engine"] = zone.engine
    if zone.source is not None:
        shown["source"] = zone.source
    if zone.handwritten:
        shown["handwritten"] = True
    if zone.lines or zone.kind in {ZoneKind.TEXT, ZoneKind.TABLE}:  # an empty zone has text, too
        shown["text"] = zone.text
        shown["confidence"] = round(zone.confidence, 4)
    if zone.table:
        shown["table"] = _table(zone.table, zone.cell_confidences)
    elif paragraphs := [_paragraph(passage) for passage in passages]:
        shown["paragraphs"] = paragraphs
    if detail >= Detail.LINE:
        shown["lines"] = [
            _line(line, following, detail)
            for lines in zone.paragraphs()
            for line, following in zip(lines, (*lines[1:], None), strict=True)
        ]
    return shown


def _paragraph(passage: Passage) -> ParagraphJson:
    lines = passage.lines
    box, _ = _place(hull_of(lines).quad())
    return {
        "role": passage.role,
        "text": joined(line.text for line in lines),
        "confidence": round(passage.confidence, 4),
        "line_count": len(lines),
        "box": box,
    }


def _code(code: Code) -> CodeJson:
    box, quad = _place(code.quad)
    return {
        "kind": code.kind, "value": code.value, "check": code.check, "box": box, "quad": quad,
    }  # fmt: skip


def _language(language: PageLanguage) -> PageLanguageJson:
    shown: PageLanguageJson = {
        "codes": list(language.codes),
        "name": ", ".join(map(name_of, language.codes)),
        "confidence": round(language.confidence, 4),
        "sure": language.is_sure,
    }
    if language.reason is not None:
        shown["reason"] = language.reason
    return shown


def _quality(quality: Quality) -> QualityJson:
    return {
        "score": round(quality.score, 3),
        "problems": [
            {"code": problem.code, "message": problem.message, "advice": problem.advice}
            for problem in quality.problems
        ],
    }


def _table(table: Table, confidences: Sequence[float | None]) -> TableJson:
    shown: TableJson = {"rows": table.rows, "columns": table.columns, "cells": []}
    if table.header_rows:
        shown["header_rows"] = table.header_rows
    if table.continues:
        shown["continues"] = True
    for cell, confidence in zip(table.cells, confidences, strict=True):
        box, quad = _place(cell.quad)
        one: CellJson = {
            "row": cell.row, "column": cell.column, "text": cell.text, "box": box, "quad": quad
        }  # fmt: skip
        if confidence is not None:
            one["confidence"] = round(confidence, 4)
        if cell.row_span > 1:
            one["row_span"] = cell.row_span
        if cell.column_span > 1:
            one["column_span"] = cell.column_span
        shown["cells"].append(one)
    return shown


def _line(line: Line, following: Line | None, detail: Detail) -> LineJson:
    box, quad = _place(line.quad)
    shown: LineJson = {
        "text": line.text,
        "confidence": round(line.confidence, 4),
        "box": box,
        "quad": quad,
        "baseline": [[round(x, 2), round(y, 2)] for x, y in line.baseline],
        "x_height_px": round(line.x_height_px, 2),
        "paragraph": line.paragraph,
        "direction": line.direction,
    }
    if line.language is not None:
        shown["language"] = line.language
    if line.handwritten:
        shown["handwritten"] = True
    if following and is_hyphenated(line.text, following.text):
        shown["hyphenated"] = True
    if detail >= Detail.WORD:
        shown["words"] = [_word(word, detail) for word in line.words]
    return shown


def _word(word: Word, detail: Detail) -> WordJson:
    box, quad = _place(word.quad)
    shown: WordJson = {
        "text": word.text,
        "confidence": round(word.confidence, 4),
        "box": box,
        "quad": quad,
    }
    if word.alternatives:
        shown["alternatives"] = [
            {"text": other.text, "confidence": round(other.confidence, 4), "source": other.source}
            for other in word.alternatives
        ]
    if word.corrected_from is not None:
        shown["corrected_from"] = word.corrected_from
    if word.checked or word.corrected_from is not None:
        shown["checked"] = word.checked
    if detail >= Detail.SYMBOL and word.symbols:
        shown["symbols"] = [_symbol(symbol) for symbol in word.symbols]
    return shown


def _symbol(symbol: Symbol) -> SymbolJson:
    box, quad = _place(symbol.quad)
    return {
        "text": symbol.text,
        "confidence": round(symbol.confidence, 4),
        "box": box,
        "quad": quad,
    }


def _place(quad: Quad) -> tuple[BoxJson, QuadJson]:
    """The bounding box and the four points of a quad, rounded to a hundredth of a pixel."""
    (a, b), (c, d), (e, f), (g, h) = quad
    if a == g and c == e and b == d and f == h and a <= c and b <= f:
        # Most quads are upright rectangles, for which half of the rounding is saved; rounding one
        # number takes a quarter of a microsecond.
        a, b, c, f = round(a, 2), round(b, 2), round(c, 2), round(f, 2)
        return [a, b, c, f], [[a, b], [c, b], [c, f], [a, f]]
    a, b, c, d = round(a, 2), round(b, 2), round(c, 2), round(d, 2)
    e, f, g, h = round(e, 2), round(f, 2), round(g, 2), round(h, 2)
    box = [min(a, c, e, g), min(b, d, f, h), max(a, c, e, g), max(b, d, f, h)]
    return box, [[a, b], [c, d], [e, f], [g, h]]
