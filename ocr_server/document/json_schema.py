"""JSON Schema of the types of answers and of what comes back, as OpenAPI 3.1 has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from pydantic import TypeAdapter
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from ocr_server.document.checks import NULL_IS_ABSENCE

Schema: TypeAlias = dict[str, Any]  # JSON schema is of all kinds
_PLACE = "#/components/schemas/"


def describe_answers(types: Mapping[str, Any]) -> dict[str, Schema]:
    """The schemas of types by name, and of all types within them.

    They leave room for members that a later version may add.
    """
    return _describe(types, "serialization", _Answers)


def describe_inputs(types: Mapping[str, Any]) -> dict[str, Schema]:
    """As `describe_answers`, of what a client sends; a member that is not told is refused."""
    return _describe(types, "validation", _Inputs)


def reference(name: str) -> Schema:
    """What points to the schema of this name."""
    return {"$ref": _PLACE + name}


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
        if schema.get("$ref") != _PLACE + name:  # what has no name of its own
            schemas[name] = schema
    return dict(sorted(schemas.items()))


class _Answers(GenerateJsonSchema):
    """Without titles that repeat the names; what an answer always has is required."""

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
