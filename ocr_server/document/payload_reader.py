"""A document from its JSON, as `payload.py` writes it or a person has corrected it.

Strict: a member that is not known, missing or of another kind is a fault, and all faults are told
at once. The text of a document, page, zone or line, its box and its confidence follow from the
words; what the JSON says of them is not read. A quad that is missing is the box, or the hull of
what lies inside.
"""

from __future__ import annotations

from collections.abc import Sequence

from ocr_server.document.cursor import Cursor, Faults
from ocr_server.document.model import (
    Advice,
    Alternative,
    Cell,
    Direction,
    Document,
    EngineInfo,
    Field,
    Line,
    Page,
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
from ocr_server.errors import InvalidOptions
from ocr_server.geometry import Box, Point, Quad, hull
from ocr_server.layout.cells import refilled

_PLACE = ("box", "quad")
_NOWHERE = Box(0, 0, 0, 0).quad()
# A page of print has hundreds of cells; all of a table's are laid out, the empty ones too.
_MOST_CELLS = 10_000
_MOST_CELLS_IN_ALL = 200_000
_DEEPER = "ask for detail=word and send that"


def document_from_json(value: object) -> Document:
    """The document that the JSON describes.

    Raises:
        InvalidOptions: it describes none; `extra["faults"]` has the path of each fault.
    """
    faults = Faults()
    document = _document(Cursor(value, "", faults))
    if len(faults):
        first = faults.found[0]
        raise InvalidOptions(
            f"The document has {len(faults)} fault{'s' * (len(faults) > 1)}. The first: "
            f"{first['field'] or 'it'} {first['message']}.",
            faults=faults.found,
        )
    return document


def _document(at: Cursor) -> Document:
    at.only("engine", "pages", "fields", "text", "problems")
    engine = at.member("engine")
    pages = tuple(_page(page) for page in at.member("pages").items(least=1))
    numbers = [page.number for page in pages]
    if len(set(numbers)) < len(numbers):
        at.member("pages").fault("are there twice: each needs a number of its own")
    tables = [zone.table for page in pages for zone in page.zones if zone.table]
    cells = sum(table.rows * table.columns for table in tables)
    if cells > _MOST_CELLS_IN_ALL:
        at.member("pages").fault(
            f"have {cells} cells in their tables; {_MOST_CELLS_IN_ALL} are the most"
        )
    return Document(pages, _engine(engine) if engine else EngineInfo("unknown", "", ()))


def _engine(at: Cursor) -> EngineInfo:
    at.only("name", "version", "languages")
    languages = tuple(language.text() for language in at.member("languages").items())
    return EngineInfo(at.member("name").text(), at.member("version").text(), languages)


def _page(at: Cursor) -> Page:
    at.only(
        "number", "width_px", "height_px", "dpi", "source", "confidence", "stages", "quality",
        "text", "fields", "zones",
    )  # fmt: skip
    source = at.member("source")
    dpi, stages, quality = at.member("dpi"), at.member("stages"), at.member("quality")
    fields = at.member("fields")
    return Page(
        number=at.member("number").whole(least=1),
        width_px=at.member("width_px").whole(least=1),
        height_px=at.member("height_px").whole(least=1),
        dpi=dpi.number(least=1, most=100_000) if dpi else None,
        zones=tuple(_zone(zone) for zone in _inner(at, "zones")),
        stages=tuple(_stage(stage) for stage in stages.items()) if stages else (),
        quality=_quality(quality) if quality else None,
        fields=_fields(fields) if fields else (),
        source=source.choice(TextSource) if source else TextSource.RECOGNISED,
    )


def _fields(at: Cursor) -> tuple[Field, ...]:
    if not isinstance(at.value, dict):
        at.fault("are no object of fields by name")
        return ()
    return tuple(_field(str(name), at.member(str(name))) for name in at.value)


def _field(name: str, at: Cursor) -> Field:
    at.only("value", "raw", "confidence", "valid", "reason", "box")
    value, valid, reason, box = (at.member(one) for one in ("value", "valid", "reason", "box"))
    is_valid = valid.truth()
    return Field(
        name=name,
        value=value.text() if value else None,
        raw=at.member("raw").text(),
        confidence=at.member("confidence").number(0, 1),
        reason=None if is_valid else reason.text(),
        box=_box(box).box if box else None,
    )


def _stage(at: Cursor) -> StageRecord:
    at.only("name", "found", "did", "ms", "outcome")
    name, found, did = (at.member(name).text() for name in ("name", "found", "did"))
    outcome = at.member("outcome")
    ended = outcome.choice(StageOutcome) if outcome else StageOutcome.DONE
    return StageRecord(name, found, did, at.member("ms").number(least=0), ended)


def _quality(at: Cursor) -> Quality:
    at.only("score", "problems")
    return Quality(
        score=at.member("score").number(0, 1),
        problems=tuple(_advice(problem) for problem in at.member("problems").items()),
    )


def _advice(at: Cursor) -> Advice:
    at.only("code", "message", "advice")
    return Advice(*(at.member(name).text() for name in ("code", "message", "advice")))


def _zone(at: Cursor) -> Zone:
    at.only("kind", "name", "engine", "text", "confidence", "table", "lines", *_PLACE)
    kind, name, table = at.member("kind"), at.member("name"), at.member("table")
    engine = at.member("engine")
    lines = tuple(_line(line) for line in _inner(at, "lines"))
    zone = Zone(
        kind=kind.choice(ZoneKind) if kind else ZoneKind.TEXT,
        quad=_place(at, tuple(line.quad for line in lines)),
        lines=lines,
        table=_table(table) if table else None,
        name=name.text() if name else None,
        engine=engine.text() if engine else None,
    )
    return refilled(zone)  # words may have been corrected and left out


def _table(at: Cursor) -> Table:
    at.only("rows", "columns", "cells")
    rows, columns = at.member("rows").whole(least=1), at.member("columns").whole(least=1)
    cells = at.member("cells")
    if rows * columns > _MOST_CELLS:
        at.fault(f"has {rows} × {columns} cells; {_MOST_CELLS} are the most")
    elif isinstance(cells.value, list) and len(cells.value) > _MOST_CELLS:
        cells.fault(f"has {len(cells.value)} items; {_MOST_CELLS} are the most")
    else:
        return Table(rows, columns, tuple(_cell(cell, rows, columns) for cell in cells.items()))
    return Table(1, 1, ())


def _cell(at: Cursor, rows: int, columns: int) -> Cell:
    at.only("row", "column", "text", *_PLACE)
    row = at.member("row").whole(most=rows - 1)
    column = at.member("column").whole(most=columns - 1)
    return Cell(row, column, _place(at), at.member("text").text())


def _line(at: Cursor) -> Line:
    at.only(
        "text", "confidence", "baseline", "x_height_px", "paragraph", "direction", "language",
        "words", *_PLACE,
    )  # fmt: skip
    words = tuple(_word(word) for word in _inner(at, "words"))
    quad = _place(at, tuple(word.quad for word in words))
    baseline, x_height = at.member("baseline"), at.member("x_height_px")
    paragraph, direction = at.member("paragraph"), at.member("direction")
    language = at.member("language")
    return Line(
        words=words,
        quad=quad,
        baseline=tuple(_point(point) for point in baseline.items(least=2))
        if baseline
        else (quad.bottom_left, quad.bottom_right),
        x_height_px=x_height.number(least=0) if x_height else quad.box.height / 2,
        paragraph=paragraph.whole() if paragraph else 0,
        language=language.text() if language else None,
        direction=direction.choice(Direction) if direction else Direction.LEFT_TO_RIGHT,
    )


def _word(at: Cursor) -> Word:
    at.only("text", "confidence", "alternatives", "corrected_from", "checked", "symbols", *_PLACE)
    corrected_from, checked = at.member("corrected_from"), at.member("checked")
    symbols, alternatives = at.member("symbols"), at.member("alternatives")
    return Word(
        text=at.member("text").text(),
        quad=_place(at),
        confidence=at.member("confidence").number(0, 1),
        symbols=tuple(_symbol(symbol) for symbol in symbols.items()) if symbols else (),
        alternatives=tuple(_alternative(other) for other in alternatives.items())
        if alternatives
        else (),
        corrected_from=corrected_from.text() if corrected_from else None,
        # Our own corrections say `checked: false`; who corrects a word by hand has checked it.
        checked=checked.truth() if checked else bool(corrected_from),
    )


def _symbol(at: Cursor) -> Symbol:
    at.only("text", "confidence", *_PLACE)
    return Symbol(at.member("text").text(), _place(at), at.member("confidence").number(0, 1))


def _alternative(at: Cursor) -> Alternative:
    at.only("text", "confidence", "source")
    text, source = at.member("text").text(), at.member("source").text()
    return Alternative(text, at.member("confidence").number(0, 1), source)


def _inner(at: Cursor, name: str) -> Sequence[Cursor]:
    inner = at.member(name)
    if isinstance(at.value, dict) and name not in at.value:
        inner.fault(f"are missing; {_DEEPER}")
        return ()
    return tuple(inner.items())


def _place(at: Cursor, inside: tuple[Quad, ...] = ()) -> Quad:
    quad, box = at.member("quad"), at.member("box")
    if quad:
        points = tuple(_point(point) for point in quad.items())
        if len(points) == 4:
            return Quad(*points)
        if isinstance(quad.value, list):
            quad.fault(f"has {len(points)} points; four are needed, clockwise from the top left")
    elif box:
        return _box(box)
    elif inside:
        return hull(point for one in inside for point in one).quad()
    else:
        box.fault("is missing; a box (left, top, right, bottom) or a quad is needed")
    return _NOWHERE


def _box(at: Cursor) -> Quad:
    edges = [edge.number() for edge in at.items()]
    if len(edges) == 4 and edges[0] <= edges[2] and edges[1] <= edges[3]:
        return Box(*edges).quad()
    if isinstance(at.value, list):
        at.fault("is no box: left, top, right and bottom are needed, none inside out")
    return _NOWHERE


def _point(at: Cursor) -> Point:
    values = [value.number() for value in at.items()]
    if len(values) == 2:
        return Point(*values)
    if isinstance(at.value, list):
        at.fault("is no point: x and y are needed")
    return Point(0, 0)
