"""Validation of the document's JSON beyond its types: related members, limits on faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias, TypeVar, cast

from pydantic import (
    Field,
    GetCoreSchemaHandler,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import CoreSchema, core_schema

from ocr_server.document.json_schema import (
    MOST_FAULTS,
    NULL_IS_ABSENCE,
    Fault,
    Rejected,
    refuse,
)

Json: TypeAlias = dict[str, Any]  # what a client sends is of all kinds
T = TypeVar("T")

# A printed page has hundreds of cells; exporters write all cells of a table, including empty ones.
MOST_CELLS = 10_000
MOST_CELLS_IN_ALL = 200_000
_MOST_MEMBERS = 50  # of an object, as each unknown member is a fault of its own
_DEEPER = Rejected("are missing; ask for detail=word and send that")
_NO_PLACE = Rejected("is missing; a box (left, top, right, bottom) or a quad is needed")


@dataclass(frozen=True, slots=True)
class _NullIsAbsence:
    """Marks a type whose null is accepted in input but never in answers or their JSON Schema."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        nullable = handler(source)
        assert nullable["type"] == "nullable"  # noqa: S101  # put on types with null below
        return core_schema.nullable_schema(nullable["schema"], metadata={NULL_IS_ABSENCE: True})


def _unread(value: object, _handler: ValidatorFunctionWrapHandler) -> object:
    return value


def _nothing() -> None:
    return None


# "Input" below is a document that a client sends back.
# May be missing in answers and in input.
Omittable = Annotated[T | None, _NullIsAbsence()]
# Always in answers; may be missing in input.
Answered = Annotated[T | None, _NullIsAbsence(), Field(default_factory=_nothing)]
AnsweredOrNull = Annotated[T | None, Field(default_factory=_nothing)]
# Ignored in input, as it follows from other members.
Unread = Annotated[T, WrapValidator(_unread), Field(json_schema_extra={"readOnly": True})]
# Always in answers; ignored in input, as it follows from other members.
Derived = Annotated[
    T,
    WrapValidator(_unread),
    Field(default_factory=_nothing, json_schema_extra={"readOnly": True}),
]


@dataclass(slots=True)
class Budget:
    """How many more faults are collected: each needs memory, and there may be millions."""

    left: int = MOST_FAULTS


@dataclass(frozen=True, slots=True)
class Checked:
    """Checks of an object in addition to its type.

    `before` is called before the members are validated, and returns the object to validate;
    `after` is called when all members are valid, and returns faults with their paths.
    """

    before: Callable[[Json], Json] | None = None
    after: Callable[[Json], Sequence[Fault]] | None = None

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return core_schema.with_info_wrap_validator_function(self._read, handler(source))

    def _read(
        self, value: object, read_members: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> object:
        budget = cast(Budget, info.context)  # passed by `document_from_json`
        left = budget.left
        if left <= 0:
            return value
        try:
            if isinstance(value, dict):
                if len(value) > _MOST_MEMBERS:
                    refuse([((), f"has {len(value)} members; {_MOST_MEMBERS} are the most")])
                if self.before:
                    value = self.before(value)
            made = read_members(value)
            if self.after and (faults := self.after(made)):
                refuse(faults)
        except ValidationError as error:
            budget.left = min(budget.left, left - error.error_count())
            raise
        return made


def with_place(placed: Json) -> Json:
    """Reject an object with neither a quad nor a box."""
    if placed.get("quad") is None and placed.get("box") is None:
        return {**placed, "box": _NO_PLACE}
    return placed


def with_zones(page: Json) -> Json:
    """Reject a page without zones: it was requested in too little detail."""
    return _deep(page, "zones")


def with_lines(zone: Json) -> Json:
    """Reject a zone without lines; if the list is empty, also one without quad and box."""
    return _deep(zone if zone.get("lines") else with_place(zone), "lines")


def with_words(line: Json) -> Json:
    """Reject a line without words; if the list is empty, also one without quad and box."""
    return _deep(line if line.get("words") else with_place(line), "words")


def _deep(outer: Json, name: str) -> Json:
    return outer if name in outer else {**outer, name: _DEEPER}


def box_faults(placed: Json) -> Sequence[Fault]:
    """Faults of a box without a quad: left is beyond right, or top beyond bottom."""
    if placed["quad"] or not placed["box"]:
        return ()
    left, top, right, bottom = placed["box"]
    if left <= right and top <= bottom:
        return ()
    return [(("box",), "is no box: left, top, right and bottom are needed, none inside out")]


def with_cells(table: Json) -> Json:
    """Reject a table with too many cells before they are validated.

    Raises:
        ValidationError: its rows times its columns are too many.
    """
    rows, columns, cells = (table.get(name) for name in ("rows", "columns", "cells"))
    if isinstance(rows, int) and isinstance(columns, int) and rows * columns > MOST_CELLS:
        refuse([((), f"has {rows} × {columns} cells; {MOST_CELLS} are the most")])
    if isinstance(cells, list) and len(cells) > MOST_CELLS:
        many = Rejected(f"has {len(cells)} items; {MOST_CELLS} are the most")
        return {**table, "cells": many}
    return table


def cell_faults(table: Json) -> Sequence[Fault]:
    """Faults of cells that begin or end outside the rows and columns of their table."""
    faults: list[Fault] = []
    for index, cell in enumerate(table["cells"]):
        for name in ("row", "column"):
            at, span, count = cell[name], cell.get(f"{name}_span") or 1, table[f"{name}s"]
            if at >= count:
                wrong = f"is {at}; a whole number from 0 to {count - 1} is expected"
                faults.append((("cells", index, name), wrong))
            elif at + span > count:
                wrong = f"is {span}; at most {count - at} are left there"
                faults.append((("cells", index, f"{name}_span"), wrong))
    if (table.get("header_rows") or 0) > table["rows"]:
        wrong = f"is {table['header_rows']}; the table has {table['rows']} rows"
        faults.append((("header_rows",), wrong))
    return faults


def page_faults(document: Json) -> Sequence[Fault]:
    """Faults of a document: page numbers that occur twice, too many cells in all tables."""
    pages, faults = document["pages"], []
    if len({page["number"] for page in pages}) < len(pages):
        faults.append((("pages",), "are there twice: each needs a number of its own"))
    tables = (zone.get("table") for page in pages for zone in page["zones"])
    cells = sum(table["rows"] * table["columns"] for table in tables if table)
    if cells > MOST_CELLS_IN_ALL:
        message = f"have {cells} cells in their tables; {MOST_CELLS_IN_ALL} are the most"
        faults.append((("pages",), message))
    return faults


def field_faults(field: Json) -> Sequence[Fault]:
    """Faults of a field: not valid but without a reason, or with an inverted box."""
    faults = list(box_faults({"quad": None, **field}))
    if not field["valid"] and field.get("reason") is None:
        faults.append((("reason",), "is missing; a text is expected"))
    return faults
