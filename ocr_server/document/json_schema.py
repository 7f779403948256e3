"""JSON Schema of answers and input, and messages about faults of input.

The schemas are those of OpenAPI 3.1. pydantic finds the faults; a message tells what was expected
at the path of a fault, which is read from the JSON Schema of the type: kind, bounds or allowed
words.
"""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter, ValidationError
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import InitErrorDetails, PydanticCustomError, core_schema

Schema: TypeAlias = dict[str, Any]  # a JSON Schema has values of all types
Path: TypeAlias = tuple[str | int, ...]
Fault: TypeAlias = tuple[Path, str]  # its path, and a message

NULL_IS_ABSENCE = "null_is_absence"  # in the metadata of a nullable schema
MOST_FAULTS = 200
_PLACE = "#/components/schemas/"
_OWN = "fault"
_LONGEST_SHOWN = 40
_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxlong = _SHORT.maxother = 2 * _LONGEST_SHOWN
_KINDS = {
    "array": "a list", "boolean": "true or false", "object": "an object", "string": "a text",
}  # fmt: skip


def describe_answers(types: Mapping[str, Any]) -> dict[str, Schema]:
    """JSON Schemas of types of answers, by name, and of all types within them.

    Further members are allowed, as later versions may add some.
    """
    return _describe(types, "serialization", _Answers)


def describe_inputs(types: Mapping[str, Any]) -> dict[str, Schema]:
    """JSON Schemas of types of input, by name, and of all types within them.

    Unknown members are not allowed.
    """
    return _describe(types, "validation", _Inputs)


def reference(name: str) -> Schema:
    """A reference to the schema of this name, by its path in an OpenAPI document."""
    return {"$ref": _PLACE + name}


@dataclass(frozen=True, slots=True)
class Rejected:
    """A value put in place of a member, so that validation refuses it with this message."""

    message: str


def refuse(faults: Sequence[Fault]) -> None:
    """Raise an error with the faults, if any; paths are relative to the value being validated.

    Raises:
        ValidationError: there are faults.
    """
    if faults:
        raise ValidationError.from_exception_data(
            "",
            [
                InitErrorDetails(
                    type=PydanticCustomError(_OWN, "{message}", {"message": message}),
                    loc=path,
                    input=None,
                )
                for path, message in faults
            ],
        )


def faults_of(error: ValidationError, schema: Schema) -> list[dict[str, str]]:
    """The first `MOST_FAULTS` faults, with `field` (path) and `message`, for an error answer.

    `schema` is the JSON Schema of the whole value.
    """
    return [
        {"field": path_of(one["loc"]), "message": _message(dict(one), schema)}
        for one in error.errors(include_url=False)[:MOST_FAULTS]
    ]


def path_of(path: Path) -> str:
    """The path in JavaScript notation, such as `pages[0].zones[2]`; long names are cut."""
    return "".join(
        f"[{step}]" if isinstance(step, int) else f".{step[:_LONGEST_SHOWN]}" for step in path
    ).removeprefix(".")


def _describe(
    types: Mapping[str, Any],
    mode: Literal["serialization", "validation"],
    generator: type[GenerateJsonSchema],
) -> dict[str, Schema]:
    adapters = [(name, mode, TypeAdapter[Any](kind)) for name, kind in types.items()]
    found, inner = TypeAdapter.json_schemas(
        adapters, ref_template=f"{_PLACE}{{model}}", schema_generator=generator
    )
    schemas = dict(inner.get("$defs", {}))
    for name in types:
        schema = found[(name, mode)]
        if schema.get("$ref") != _PLACE + name:  # a type without a name of its own
            schemas[name] = schema
    return dict(sorted(schemas.items()))


class _Answers(GenerateJsonSchema):
    """Schemas of answers: without titles, and with members that are always present as required."""

    suffix = ""

    def field_is_required(
        self,
        field: core_schema.ModelField | core_schema.DataclassField | core_schema.TypedDictField,
        total: bool,  # noqa: FBT001  # pydantic's
    ) -> bool:
        if self.mode == "serialization" and field["schema"]["type"] == "default":
            return True
        return super().field_is_required(field, total)

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401  # pydantic's
        del schema
        return False

    def normalize_name(self, name: str) -> str:
        return super().normalize_name(name.removesuffix("Json") + self.suffix)

    def typed_dict_schema(self, schema: core_schema.TypedDictSchema) -> JsonSchemaValue:
        shown = _without(super().typed_dict_schema(schema), "title")
        return _without(shown, "additionalProperties") if self.mode == "serialization" else shown

    def nullable_schema(self, schema: core_schema.NullableSchema) -> JsonSchemaValue:
        if self.mode == "serialization" and NULL_IS_ABSENCE in schema.get("metadata", {}):
            return self.generate_inner(schema["schema"])
        return super().nullable_schema(schema)

    def enum_schema(self, schema: core_schema.EnumSchema) -> JsonSchemaValue:
        return _without(super().enum_schema(schema), "title")


class _Inputs(_Answers):
    suffix = "Input"


def _without(schema: JsonSchemaValue, name: str) -> JsonSchemaValue:
    return {one: value for one, value in schema.items() if one != name}


def _message(fault: Mapping[str, Any], schema: Schema) -> str:
    kind, path, value = fault["type"], fault["loc"], fault["input"]
    if isinstance(value, Rejected):
        return value.message
    if kind == _OWN:
        return str(fault["msg"])
    if kind == "extra_forbidden":
        known = ", ".join(sorted(_schema_at(path[:-1], schema)["properties"]))
        return f"is not known here; there are {known}"
    here = _schema_at(path, schema)
    if kind in {"too_short", "too_long"}:
        return _wrong_count(fault["ctx"]["actual_length"], here)
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
    """The part of a schema that describes the value at a path."""
    here = _resolved(schema, schema)
    for step in path:
        if isinstance(step, int):
            here = here["items"]
        else:
            here = here.get("properties", {}).get(step) or here["additionalProperties"]
        here = _resolved(here, schema)
    return here


def _resolved(part: Schema, schema: Schema) -> Schema:
    """The referenced schema, merged with members beside the reference; without null in `anyOf`."""
    for choice in part.get("anyOf", ()):
        if choice.get("type") != "null":
            part = {**choice, **{name: part[name] for name in part if name != "anyOf"}}
    if "$ref" in part:
        name = part["$ref"].rpartition("/")[2]
        return {**schema["$defs"][name], **part}
    return part
