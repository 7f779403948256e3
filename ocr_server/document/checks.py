"""What a type cannot say of the document's JSON: how members hang together, and when to stop."""

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

# A page of print has hundreds of cells; all of a table's are laid out, the empty ones too.
MOST_CELLS = 10_000
MOST_CELLS_IN_ALL = 200_000
_MOST_MEMBERS = 50  # each that is not known would be a fault of its own
_DEEPER = Rejected("are missing; ask for detail=word and send that")
_NO_PLACE = Rejected("is missing; a box (left, top, right, bottom) or a quad is needed")


@dataclass(frozen=True, slots=True)
class _NullIsAbsence:
    """Null is taken on the way in; answers have none, and `json_schema.py` describes none."""

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


# Members that may be left out of an answer as well as of what comes back.
Omittable = Annotated[T | None, _NullIsAbsence()]
# Always in an answer, and may be left out of what comes back.
Answered = Annotated[T | None, _NullIsAbsence(), Field(default_factory=_nothing)]
AnsweredOrNull = Annotated[T | None, Field(default_factory=_nothing)]
# Not read when it comes back: it follows from what else is there.
Unread = Annotated[T, WrapValidator(_unread), Field(json_schema_extra={"readOnly": True})]
# Always in an answer besides.
Derived = Annotated[
    T,
    WrapValidator(_unread),
    Field(default_factory=_nothing, json_schema_extra={"readOnly": True}),
]


@dataclass(slots=True)
class Budget:
    """How many more faults are looked for: each takes memory, and a body has millions of values."""

    left: int = MOST_FAULTS


@dataclass(frozen=True, slots=True)
class Checked:
    """An object: `before` sees it ahead of its members, `after` once all of them are right.

    `before` gives what is to be read instead; `after` the faults, each with its path.
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
        budget = cast(Budget, info.context)  # whoever validates gives one
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
    """What has neither a quad nor a box lacks a box."""
    if placed.get("quad") is None and placed.get("box") is None:
        return {**placed, "box": _NO_PLACE}
    return placed


def with_zones(page: Json) -> Json:
    """A page without zones was asked for in too little detail."""
    return _deep(page, "zones")


def with_lines(zone: Json) -> Json:
    """A zone needs lines, and a place if it has none in them."""
    return _deep(zone if zone.get("lines") else with_place(zone), "lines")


def with_words(line: Json) -> Json:
    """A line needs words, and a place if it has none in them."""
    return _deep(line if line.get("words") else with_place(line), "words")


def _deep(outer: Json, name: str) -> Json:
    return outer if name in outer else {**outer, name: _DEEPER}


def box_faults(placed: Json) -> Sequence[Fault]:
    """A box, where it is what counts, may not be inside out."""
    if placed["quad"] or not placed["box"]:
        return ()
    left, top, right, bottom = placed["box"]
    if left <= right and top <= bottom:
        return ()
    return [(("box",), "is no box: left, top, right and bottom are needed, none inside out")]


def with_cells(table: Json) -> Json:
    """A table of absurd size is refused before its cells are read."""
    rows, columns, cells = (table.get(name) for name in ("rows", "columns", "cells"))
    if isinstance(rows, int) and isinstance(columns, int) and rows * columns > MOST_CELLS:
        refuse([((), f"has {rows} × {columns} cells; {MOST_CELLS} are the most")])
    if isinstance(cells, list) and len(cells) > MOST_CELLS:
        many = Rejected(f"has {len(cells)} items; {MOST_CELLS} are the most")
        return {**table, "cells": many}
    return table


def cell_faults(table: Json) -> Sequence[Fault]:
    """Cells stand in the rows and columns that there are."""
    return [
        (("cells", index, name), f"is {cell[name]}; a whole number from 0 to {most} is expected")
        for index, cell in enumerate(table["cells"])
        for name, most in (("row", table["rows"] - 1), ("column", table["columns"] - 1))
        if cell[name] > most
    ]


def page_faults(document: Json) -> Sequence[Fault]:
    """Pages are there once each, and their tables are not too large together."""
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
    """What is not valid says why; its box, where there is one, is not inside out."""
    faults = list(box_faults({"quad": None, **field}))
    if not field["valid"] and field.get("reason") is None:
        faults.append((("reason",), "is missing; a text is expected"))
    return faults
