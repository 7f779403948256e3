"""The types of answers as JSDoc has them, for the scripts of the pages."""

from __future__ import annotations

from typing import Any

from ocr_server.document.json_schema import describe_answers
from ocr_server.document.schema import DocumentJson

HEAD = """\
// @ts-check
// Pure. The types of a document as the server answers it: generated from document/schema.py by
// `python -m pytest tests/web/test_script_types.py --renew`.

"""
FOOT = "export {};\n"
# The pages ask for words, so that these are always there.
ALWAYS_THERE = {"zones", "lines", "words"}
LONGEST_LINE = 100


def write_types() -> str:
    """The module of types: a `@typedef` for each schema of an answer."""
    schemas = describe_answers({"Document": DocumentJson})
    enums = [f" * @typedef {{{_type(schema)}}} {name}" for name, schema in schemas.items()
             if "enum" in schema]  # fmt: skip
    objects = [_typedef(name, schema) for name, schema in schemas.items() if "enum" not in schema]
    enumerations = ["/**", *enums, " */", ""] if enums else []
    return HEAD + "\n".join([*enumerations, *objects]) + FOOT


def _typedef(name: str, schema: dict[str, Any]) -> str:
    lines = ["/**", f" * {schema['description']}", f" * @typedef {{object}} {name}"]
    required = {*schema["required"], *(ALWAYS_THERE & schema["properties"].keys())}
    for member, inner in schema["properties"].items():
        if member in required:
            line = f" * @property {{{_type(inner)}}} {member}"
        else:  # sent back, null counts as left out
            line = f" * @property {{{_type(inner)} | null}} [{member}]"
        lines.extend(_wrapped(f"{line} {inner.get('description', '')}".rstrip()))
    return "\n".join([*lines, " */", ""])


def _type(schema: dict[str, Any]) -> str:
    match schema:
        case {"$ref": str(path)}:
            name = path.rpartition("/")[2]
        case {"enum": [*words]}:
            name = " | ".join(f'"{word}"' for word in words)
        case {"anyOf": [*choices]}:
            name = " | ".join(map(_type, choices))
        case {"type": "array", "items": {"type": "number"}, "minItems": n, "maxItems": m} if n == m:
            name = f"[{', '.join(['number'] * n)}]"
        case {"type": "array", "items": items}:
            name = f"{_type(items)}[]"
        case {"type": "object", "additionalProperties": values}:
            name = f"Record<string, {_type(values)}>"
        case {"type": "integer"}:
            name = "number"
        case _:
            name = str(schema["type"])
    return name


def _wrapped(line: str) -> list[str]:
    """Lines of at most a hundred letters; a type is never parted."""
    lines = []
    while len(line) > LONGEST_LINE and (at := line.rfind(" ", line.rfind("}"), LONGEST_LINE)) > 20:
        lines.append(line[:at])
        line = f" *   {line[at + 1 :]}"
    return [*lines, line]
