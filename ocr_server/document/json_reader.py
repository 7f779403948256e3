"""A document from its JSON, as `json_writer.py` makes it or a person has corrected it.

A member that is not known, missing or of another kind is a fault, and all faults are told at once.
What follows from the words is not read; a quad that is missing is the box, or the hull of what
lies inside.
"""

from __future__ import annotations

from functools import cache

from pydantic import TypeAdapter, ValidationError

from ocr_server.document.checks import Budget
from ocr_server.document.faults import faults_of
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
from ocr_server.document.schema import (
    AnyDocument,
    CellJson,
    DocumentJson,
    FieldJson,
    LineJson,
    PageJson,
    QualityJson,
    StageJson,
    SymbolJson,
    TableJson,
    WordJson,
    ZoneJson,
)
from ocr_server.errors import InvalidOptions
from ocr_server.geometry import Box, Point, Quad, hull


@cache
def _adapter() -> TypeAdapter[DocumentJson]:
    return TypeAdapter(AnyDocument)


def document_from_json(value: object) -> Document:
    """The document that the JSON describes.

    Raises:
        InvalidOptions: it describes none; `extra["faults"]` has the path of each fault.
    """
    budget = Budget()
    try:
        return _document(_adapter().validate_python(value, context=budget))
    except ValidationError as error:
        faults = faults_of(error, _adapter().json_schema())
    count = f"{len(faults)} fault{'s' * (len(faults) > 1)}"
    raise InvalidOptions(
        f"The document has {count}{' or more' * (budget.left <= 0)}. The first: "
        f"{faults[0]['field'] or 'it'} {faults[0]['message']}.",
        faults=faults,
    )


def _document(told: DocumentJson) -> Document:
    engine = told["engine"]
    return Document(
        tuple([_page(page) for page in told["pages"]]),
        EngineInfo(engine["name"], engine["version"], tuple(engine["languages"]))
        if engine
        else EngineInfo("unknown", "", ()),
    )


def _page(told: PageJson) -> Page:
    quality = told["quality"]
    return Page(
        number=told["number"],
        width_px=told["width_px"],
        height_px=told["height_px"],
        dpi=told["dpi"],
        zones=tuple([_zone(zone) for zone in told["zones"]]),
        stages=tuple([_stage(stage) for stage in told["stages"] or ()]),
        quality=_quality(quality) if quality else None,
        fields=tuple([_field(name, field) for name, field in (told.get("fields") or {}).items()]),
        source=told["source"] or TextSource.RECOGNISED,
    )


def _stage(told: StageJson) -> StageRecord:
    outcome = told["outcome"] or StageOutcome.DONE
    return StageRecord(told["name"], told["found"], told["did"], told["ms"], outcome)


def _field(name: str, told: FieldJson) -> Field:
    box = told["box"]
    return Field(
        name=name,
        value=told["value"],
        raw=told["raw"],
        confidence=told["confidence"],
        reason=None if told["valid"] else told.get("reason"),
        box=Box(*box) if box else None,
    )


def _quality(told: QualityJson) -> Quality:
    return Quality(
        score=told["score"],
        problems=tuple(
            [Advice(one["code"], one["message"], one["advice"]) for one in told["problems"]]
        ),
    )


def _zone(told: ZoneJson) -> Zone:
    lines = tuple([_line(line) for line in told["lines"]])
    table = told.get("table")
    return Zone(
        kind=told["kind"] or ZoneKind.TEXT,
        quad=_place(told, lines),
        lines=lines,
        table=_table(table) if table else None,
        name=told.get("name"),
        engine=told.get("engine"),
        source=told.get("source"),
    )


def _table(told: TableJson) -> Table:
    cells = [
        Cell(cell["row"], cell["column"], _place(cell), cell["text"]) for cell in told["cells"]
    ]
    return Table(told["rows"], told["columns"], tuple(cells))


def _line(told: LineJson) -> Line:
    words = tuple([_word(word) for word in told["words"]])
    quad = _place(told, words)
    baseline, x_height_px = told["baseline"], told["x_height_px"]
    return Line(
        words=words,
        quad=quad,
        baseline=tuple([Point(x, y) for x, y in baseline])
        if baseline
        else (quad.bottom_left, quad.bottom_right),
        x_height_px=quad.box.height / 2 if x_height_px is None else x_height_px,
        paragraph=told["paragraph"] or 0,
        language=told.get("language"),
        direction=told["direction"] or Direction.LEFT_TO_RIGHT,
    )


def _word(told: WordJson) -> Word:
    corrected_from, checked = told.get("corrected_from"), told.get("checked")
    return Word(
        told["text"],
        _place(told),
        told["confidence"],
        tuple([_symbol(symbol) for symbol in told.get("symbols") or ()]),
        tuple(
            [
                Alternative(other["text"], other["confidence"], other["source"])
                for other in told.get("alternatives") or ()
            ]
        ),
        corrected_from,
        # Our own corrections say `checked: false`; who corrects a word by hand has checked it.
        corrected_from is not None if checked is None else checked,
    )


def _symbol(told: SymbolJson) -> Symbol:
    return Symbol(told["text"], _place(told), told["confidence"])


def _place(
    told: SymbolJson | WordJson | LineJson | CellJson | ZoneJson,
    inside: tuple[Word, ...] | tuple[Line, ...] = (),
) -> Quad:
    """The quad, else the box, else what is around those inside, else nothing."""
    quad = told["quad"]
    if quad:
        (a, b), (c, d), (e, f), (g, h) = quad
        return Quad(Point(a, b), Point(c, d), Point(e, f), Point(g, h))
    box = told["box"]
    if box:
        return Box(*box).quad()
    return hull([point for one in inside for point in one.quad]).quad()
