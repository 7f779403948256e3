"""The document as JSON: every level with its text, its place and its confidence.

What `payload_reader.py` reads back. Coordinates are page pixels to a hundredth, confidences from
0 to 1. `text` and `box` of the upper levels are there for the reader's ease: they follow from the
words and their quads. Members that would say nothing are left out.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeAlias

from ocr_server.document.model import (
    Document,
    EngineInfo,
    Failure,
    Field,
    Line,
    Page,
    Quality,
    Symbol,
    Table,
    Word,
    Zone,
    ZoneKind,
)
from ocr_server.export.format import Rendering
from ocr_server.export.text import page_text
from ocr_server.geometry import Point, Quad
from ocr_server.job import Detail

Json: TypeAlias = dict[str, Any]  # JSON is of all kinds


def render_json(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The same as `document_to_json`, page by page."""
    del sources  # JSON shows no picture
    yield b'{"engine": ' + _dumped(engine_to_json(document.engine)) + b', "pages": ['
    for position, page in enumerate(document.pages):
        yield b",\n" * (position > 0) + _dumped(page_to_json(page, rendering))
    problems = [failure_to_json(failure) for failure in document.problems]
    text = "\f".join(page_text(page, join_lines=rendering.join_lines) for page in document.pages)
    if document.fields:
        fields = {
            field.name: {**field_to_json(field), "page": number}
            for number, field in document.fields
        }
        yield b'], "fields": ' + _dumped(fields) + b', "text": '
    else:
        yield b'], "text": '
    yield _dumped(text) + b', "problems": ' + _dumped(problems) + b"}\n"


def document_to_json(document: Document, rendering: Rendering) -> Json:
    """The whole document."""
    return json.loads(b"".join(render_json(document, (), rendering)))  # type: ignore[no-any-return]  # ours


def engine_to_json(engine: EngineInfo) -> Json:
    """Who read the document."""
    return {
        "name": engine.name,
        "version": engine.version,
        "languages": list(engine.languages),
    }


def failure_to_json(failure: Failure) -> Json:
    """A page that could not be read, as the problem that it is."""
    error = failure.error
    return {
        "page": failure.page,
        "code": error.code,
        "title": error.title,
        "detail": error.message,
        **error.extra,
    }


def page_to_json(page: Page, rendering: Rendering) -> Json:
    """A page, down to the detail that was asked for."""
    shown: Json = {
        "number": page.number,
        "width_px": page.width_px,
        "height_px": page.height_px,
        "dpi": page.dpi,
        "source": page.source.value,
        "confidence": round(page.confidence, 4),
        "stages": [
            {
                "name": stage.name,
                "found": stage.found,
                "did": stage.did,
                "ms": round(stage.ms, 1),
                "outcome": stage.outcome.value,
            }
            for stage in page.stages
        ],
        "quality": _quality(page.quality) if page.quality else None,
        "text": page_text(page, join_lines=rendering.join_lines),
    }
    if page.fields:
        shown["fields"] = {field.name: field_to_json(field) for field in page.fields}
    if rendering.detail >= Detail.ZONE:
        shown["zones"] = [zone_to_json(zone, rendering.detail) for zone in page.zones]
    return shown


def field_to_json(field: Field) -> Json:
    """A field and whether it keeps its rules; without its name, under which it is put."""
    shown: Json = {
        "value": field.value,
        "raw": field.raw,
        "confidence": round(field.confidence, 4),
        "valid": field.is_valid,
        "box": _place(field.box.quad())["box"] if field.box else None,
    }
    return shown if field.reason is None else {**shown, "reason": field.reason}


def _quality(quality: Quality) -> Json:
    problems = [
        {"code": problem.code, "message": problem.message, "advice": problem.advice}
        for problem in quality.problems
    ]
    return {"score": round(quality.score, 3), "problems": problems}


def zone_to_json(zone: Zone, detail: Detail) -> Json:
    """A zone, down to a level of detail."""
    shown: Json = {"kind": zone.kind.value, **_place(zone.quad)}
    if zone.name is not None:
        shown["name"] = zone.name
    if zone.engine is not None:
        shown["engine"] = zone.engine
    if zone.lines or zone.kind in {ZoneKind.TEXT, ZoneKind.TABLE}:  # an empty cell has a text too
        shown |= {"text": zone.text, "confidence": round(zone.confidence, 4)}
    if zone.table:
        shown["table"] = _table(zone.table)
    if detail >= Detail.LINE:
        shown["lines"] = [_line(line, detail) for line in zone.lines]
    return shown


def _table(table: Table) -> Json:
    cells = [
        {"row": cell.row, "column": cell.column, "text": cell.text, **_place(cell.quad)}
        for cell in table.cells
    ]
    return {"rows": table.rows, "columns": table.columns, "cells": cells}


def _line(line: Line, detail: Detail) -> Json:
    shown: Json = {
        "text": line.text,
        "confidence": round(line.confidence, 4),
        **_place(line.quad),
        "baseline": [_point(point) for point in line.baseline],
        "x_height_px": round(line.x_height_px, 2),
        "paragraph": line.paragraph,
        "direction": line.direction.value,
    }
    if line.language is not None:
        shown["language"] = line.language
    if detail >= Detail.WORD:
        shown["words"] = [_word(word, detail) for word in line.words]
    return shown


def _word(word: Word, detail: Detail) -> Json:
    shown: Json = {
        "text": word.text,
        "confidence": round(word.confidence, 4),
        **_place(word.quad),
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


def _symbol(symbol: Symbol) -> Json:
    return {
        "text": symbol.text,
        "confidence": round(symbol.confidence, 4),
        **_place(symbol.quad),
    }


def _place(quad: Quad) -> Json:
    points = [[round(x, 2), round(y, 2)] for x, y in quad]
    (a, b), (c, d), (e, f), (g, h) = points
    return {"box": [min(a, c, e, g), min(b, d, f, h), max(a, c, e, g), max(b, d, f, h)],
            "quad": points}  # fmt: skip


def _point(point: Point) -> list[float]:
    return [round(point.x, 2), round(point.y, 2)]


def _dumped(value: object) -> bytes:
    # A lone half of a surrogate pair cannot be UTF-8.
    return json.dumps(value, ensure_ascii=False).encode(errors="replace")
