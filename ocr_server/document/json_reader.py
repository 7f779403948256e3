"""Read a document from its JSON, written by `json_writer.py` and perhaps corrected by a person.

Unknown members, missing members and members of a wrong type are faults, which are all reported at
once. Members that follow from the words are ignored. A missing quad is taken from the box, or is
the bounding box of what is inside. Cells of tables are filled again from the corrected words.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from ocr_server.document.checks import Budget
from ocr_server.document.json_schema import faults_of
from ocr_server.document.model import (
    Advice,
    Alternative,
    Cell,
    Code,
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
from ocr_server.document.schema import (
    AlternativeJson,
    AnyDocument,
    CellJson,
    CodeJson,
    DocumentJson,
    FieldJson,
    LineJson,
    PageJson,
    PageLanguageJson,
    QualityJson,
    StageJson,
    SymbolJson,
    TableJson,
    WordJson,
    ZoneJson,
)
from ocr_server.errors import InvalidOptions
from ocr_server.geometry import Box, Point, Quad, hull

# Makes a named tuple in half the time; a page has thousands of points.
_tuple = tuple.__new__


# A word has some 35, so that 200 pages of a thousand words keep within.
MOST_DOCUMENT_VALUES = 8_000_000


def parse_json(data: bytes, most_values: int) -> Any:  # noqa: ANN401  # of a client
    """The value that the JSON describes.

    Raises:
        ValueError: it is not JSON, or has too many values; the message is for the client.
    """
    # Each value follows a bracket or a comma, and these are counted without reading anything.
    if sum(data.count(mark) for mark in (b"[", b"{", b",")) > most_values:
        raise ValueError(f"the JSON has more than {most_values} values")
    try:
        return from_json(data)  # in less than half the time, but stricter
    except ValueError:
        pass  # a lone half of a surrogate pair, which `json` takes, or a fault described below
    if not data.strip():
        raise ValueError("nothing was sent")
    try:
        return json.loads(data)
    except RecursionError as error:  # from brackets in brackets in brackets
        raise ValueError("the JSON is nested too deeply") from error
    except UnicodeDecodeError as error:
        raise ValueError("this is not JSON") from error
    except ValueError as error:
        raise ValueError(f"this is not JSON: {error}") from error


@cache
def _adapter() -> TypeAdapter[DocumentJson]:
    return TypeAdapter(AnyDocument)


def read_document(data: bytes) -> Document:
    """The document that JSON describes.

    Raises:
        InvalidOptions: it is not JSON, or not of a document; see `document_from_json`.
    """
    try:
        value = parse_json(data, MOST_DOCUMENT_VALUES)
    except ValueError as error:
        raise InvalidOptions(
            f"The document is not understood: {error}.",
            faults=[{"field": "document", "message": str(error)}],
        ) from error
    return document_from_json(value)


def document_from_json(value: object) -> Document:
    """The document that parsed JSON describes; `value` is of dicts, lists and scalars.

    Raises:
        InvalidOptions: it is not a document; `extra["faults"]` has the path of each fault.
    """
    budget = Budget()
    try:
        with _uncollected():
            return _document(_adapter().validate_python(value, context=budget))
    except ValidationError as error:
        faults = faults_of(error, _adapter().json_schema())
    count = f"{len(faults)} fault{'s' * (len(faults) > 1)}"
    raise InvalidOptions(
        f"The document has {count}{' or more' * (budget.left <= 0)}. The first: "
        f"{faults[0]['field'] or 'it'} {faults[0]['message']}.",
        faults=faults,
    )


@contextmanager
def _uncollected() -> Iterator[None]:
    """Turn off the cyclic garbage collector, which examines all new objects again and again.

    It takes half of the time for a document of ten thousand words, which has no reference cycles.
    """
    is_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if is_on:  # else another thread turned it off, and turns it on again
            gc.enable()


def _document(data: DocumentJson) -> Document:
    engine = data["engine"]
    pages = map(_page, data["pages"])
    return Document(
        tuple(
            replace(page, zones=tuple(zone.with_cells_refilled() for zone in page.zones))
            for page in pages
        ),
        EngineInfo(engine["name"], engine["version"], tuple(engine["languages"]))
        if engine
        else EngineInfo("unknown", "", ()),
    )


def _page(data: PageJson) -> Page:
    quality, language = data["quality"], data.get("language")
    return Page(
        number=data["number"],
        width_px=data["width_px"],
        height_px=data["height_px"],
        dpi=data["dpi"],
        zones=tuple(map(_zone, data["zones"])),
        stages=tuple(map(_stage, data["stages"] or ())),
        quality=_quality(quality) if quality else None,
        fields=tuple([_field(name, field) for name, field in (data.get("fields") or {}).items()]),
        source=data["source"] or TextSource.RECOGNISED,
        language=_language(language) if language else None,
        codes=tuple(
            [Code(code["kind"], code["value"], _place(code)) for code in data.get("codes") or ()]
        ),
    )


def _language(data: PageLanguageJson) -> PageLanguage:
    reason = None if data["sure"] else data.get("reason", "it was not sure")
    return PageLanguage(tuple(data["codes"]), data["confidence"], reason)


def _stage(data: StageJson) -> StageRecord:
    outcome = data["outcome"] or StageOutcome.DONE
    return StageRecord(data["name"], data["found"], data["did"], data["ms"], outcome)


def _field(name: str, data: FieldJson) -> Field:
    box = data["box"]
    return Field(
        name=name,
        value=data["value"],
        raw=data["raw"],
        confidence=data["confidence"],
        reason=None if data["valid"] else data.get("reason"),
        box=Box(*box) if box else None,
    )


def _quality(data: QualityJson) -> Quality:
    return Quality(
        score=data["score"],
        problems=tuple(
            [Advice(one["code"], one["message"], one["advice"]) for one in data["problems"]]
        ),
    )


def _zone(data: ZoneJson) -> Zone:
    lines = tuple(map(_line, data["lines"]))
    table = data.get("table")
    return Zone(
        kind=data["kind"] or ZoneKind.TEXT,
        quad=_place(data, lines),
        lines=lines,
        table=_table(table) if table else None,
        name=data.get("name"),
        engine=data.get("engine"),
        source=data.get("source"),
    )


def _table(data: TableJson) -> Table:
    cells = [
        Cell(
            cell["row"], cell["column"], _place(cell), cell["text"],
            cell.get("row_span") or 1, cell.get("column_span") or 1,
        )
        for cell in data["cells"]
    ]  # fmt: skip
    return Table(
        data["rows"], data["columns"], tuple(cells),
        data.get("header_rows") or 0, bool(data.get("continues")),
    )  # fmt: skip


def _line(data: LineJson) -> Line:
    words = tuple(map(_word, data["words"]))
    quad = _place(data, words)
    baseline, x_height_px = data["baseline"], data["x_height_px"]
    return Line(
        words=words,
        quad=quad,
        baseline=tuple([Point(x, y) for x, y in baseline])
        if baseline
        else (quad.bottom_left, quad.bottom_right),
        x_height_px=quad.box.height / 2 if x_height_px is None else x_height_px,
        paragraph=data["paragraph"] or 0,
        language=data.get("language"),
        direction=data["direction"] or Direction.LEFT_TO_RIGHT,
        handwritten=data.get("handwritten") or False,
    )


def _word(data: WordJson) -> Word:
    symbols, alternatives = data.get("symbols"), data.get("alternatives")
    corrected_from, checked = data.get("corrected_from"), data.get("checked")
    return Word(
        data["text"],
        _place(data),
        data["confidence"],
        tuple(map(_symbol, symbols)) if symbols else (),
        tuple(map(_alternative, alternatives)) if alternatives else (),
        corrected_from,
        # Automatic corrections have `checked: false`; words corrected by a person are checked.
        corrected_from is not None if checked is None else checked,
    )


def _alternative(data: AlternativeJson) -> Alternative:
    return Alternative(data["text"], data["confidence"], data["source"])


def _symbol(data: SymbolJson) -> Symbol:
    return Symbol(data["text"], _place(data), data["confidence"])


def _place(
    data: SymbolJson | WordJson | LineJson | CellJson | CodeJson | ZoneJson,
    inside: tuple[Word, ...] | tuple[Line, ...] = (),
) -> Quad:
    """The quad, else the box, else the bounding box of `inside`; validation has found one."""
    quad = data["quad"]
    if quad:
        (a, b), (c, d), (e, f), (g, h) = quad
        return Quad(
            _tuple(Point, (a, b)), _tuple(Point, (c, d)),
            _tuple(Point, (e, f)), _tuple(Point, (g, h)),
        )  # fmt: skip
    box = data["box"]
    if box:
        return Box(*box).quad()
    return hull([point for one in inside for point in one.quad]).quad()
