"""What is wrong with somebody's JSON: each fault with its path, and what was expected there.

pydantic finds the faults. What was expected is read from the JSON schema of the same types, so
that a message names the kind, the bounds or the words that the description of the API has.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from pydantic import ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

Schema: TypeAlias = Mapping[str, Any]  # JSON schema is of all kinds
Path: TypeAlias = tuple[str | int, ...]
Fault: TypeAlias = tuple[Path, str]  # where, and what is wrong there

MOST_FAULTS = 200
_OWN = "fault"
_LONGEST_SHOWN = 40
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 2 * _LONGEST_SHOWN
_KINDS = {
    "array": "a list", "boolean": "true or false", "object": "an object", "string": "a text",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rejected:
    """Put in the place of a member to have it refused with this message."""

    message: str


def refuse(faults: Sequence[Fault]) -> None:
    """Do nothing without faults; their paths begin at the value that is being read.

    Raises:
        ValidationError: there are some.
    """
    if faults:
        raise ValidationError.from_exception_data(
            "",
            [
                InitErrorDetails(
                    type=PydanticCustomError(_OWN, "{told}", {"told": told}), loc=path, input=None
                )
                for path, told in faults
            ],
        )


def faults_of(error: ValidationError, schema: Schema) -> list[dict[str, str]]:
    """The first `MOST_FAULTS` faults; `schema` describes the whole value."""
    return [
        {"field": path_of(one["loc"]), "message": _message(dict(one), schema)}
        for one in error.errors(include_url=False)[:MOST_FAULTS]
    ]


def path_of(path: Path) -> str:
    """The path as JavaScript writes it, such as `pages[0].zones[2]`; long names are cut."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step[:_LONGEST_SHOWN]}" for step in path
    ).removeprefix(".")


def _message(told: Mapping[str, Any], schema: Schema) -> str:
    kind, path, value = told["type"], told["loc"], told["input"]
    if isinstance(value, Rejected):
        return value.message
    if kind == _OWN:
        return str(told["msg"])
    if kind == "extra_forbidden":
        known = ", ".join(sorted(_schema_at(path[:-1], schema)["properties"]))
        return f"is not known here; there are {known}"
    here = _schema_at(path, schema)
    if kind in {"too_short", "too_long"}:
        return _wrong_count(told["ctx"]["actual_length"], here)
    if kind == "missing":
        return f"is missing; {_expected(here)} is expected"
    shown = _SHORT.repr(value)
    if len(shown) > _LONGEST_SHOWN:
        shown = f"{shown[:_LONGEST_SHOWN]}…"
    return f"is {shown}; {_expected(here)} is expected"


def _wrong_count(count: int, schema: Schema) -> str:
    least, most = schema.get("minItems", 0), schema.get("maxItems")
    if least == most:
        return f"has {count} items; {least} are needed: {schema['description']}"
    if count < least:
        return f"has {count} items; {least} or more are needed"
    return f"has {count} items; {most} are the most"


def _expected(schema: Schema) -> str:
    if "enum" in schema:
        return f"one of {', '.join(schema['enum'])}"
    least, most = schema.get("minimum"), schema.get("maximum")
    bounds = (
        "" if least is None else f" from {least:.9g}" + ("" if most is None else f" to {most:.9g}")
    )
    if schema["type"] == "integer":
        return f"a whole number{bounds}"
    return f"a number{bounds}" if schema["type"] == "number" else _KINDS[schema["type"]]


def _schema_at(path: Iterable[str | int], schema: Schema) -> Schema:
    """The part of a schema that describes what stands at a path."""
    here = _resolved(schema, schema)
    for step in path:
        if isinstance(step, int):
            here = here["items"]
        else:
            here = here.get("properties", {}).get(step) or here["additionalProperties"]
        here = _resolved(here, schema)
    return here


def _resolved(part: Schema, schema: Schema) -> Schema:
    """What is referred to, with the members beside the reference; null is no choice."""
    for choice in part.get("anyOf", ()):
        if choice.get("type") != "null":
            part = {**choice, **{name: part[name] for name in part if name != "anyOf"}}
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return {**schema["$defs"][name], **part}
    return part
