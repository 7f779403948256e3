"""The shapes of our JSON answers, in the words of JSON Schema."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, TypeAlias

Schema: TypeAlias = dict[str, Any]  # JSON schema is of all kinds


def an_object(properties: Schema, *, required: Iterable[str] = ()) -> Schema:
    """An object with these members."""
    return {"type": "object", "properties": properties, "required": list(required)}


def an_array(items: Schema, description: str) -> Schema:
    """An array of such items."""
    return {"type": "array", "items": items, "description": description}


STRING: Schema = {"type": "string"}
SHARE: Schema = {"type": "number", "minimum": 0, "maximum": 1}
BOX = an_array({"type": "number"}, "left, top, right, bottom in pixels of the page")
QUAD = an_array(
    an_array({"type": "number"}, "x, y"), "four points, clockwise from the text’s own top left"
)
PLACED: Schema = {"text": STRING, "confidence": SHARE, "box": BOX, "quad": QUAD}
SYMBOL = an_object(PLACED)
WORD = an_object(
    {
        **PLACED,
        "alternatives": an_array(
            an_object({"text": STRING, "confidence": SHARE, "source": STRING}),
            "what the word may be instead; of each source the likeliest first",
        ),
        "corrected_from": {**STRING, "description": "what was read before it was corrected"},
        "checked": {"type": "boolean", "description": "whether a person has confirmed it"},
        "symbols": an_array(SYMBOL, "with detail=symbol"),
    }
)
LINE = an_object({**PLACED, "words": an_array(WORD, "in reading order")})
ZONE = an_object(
    {
        **PLACED,
        "kind": {"enum": ["text", "picture", "rule", "table"]},
        "engine": {**STRING, "description": "who read it, with engine=best"},
        "lines": an_array(LINE, "in reading order"),
    }
)
FIELD = an_object(
    {
        "value": {"type": ["string", "null"]},
        "raw": {**STRING, "description": "as it was read"},
        "confidence": SHARE,
        "valid": {"type": "boolean"},
        "reason": {**STRING, "description": "why it is not valid"},
        "box": {**BOX, "type": ["array", "null"]},
        "page": {"type": "integer", "description": "of a document’s field, the page it is on"},
    },
    required=["value", "raw", "confidence", "valid", "box"],
)
FIELDS: Schema = {
    "type": "object",
    "additionalProperties": FIELD,
    "description": "the fields that were asked for, by name",
}
PAGE = an_object(
    {
        "number": {"type": "integer", "description": "which page of the files it is, from 1"},
        "width_px": {"type": "integer"},
        "height_px": {"type": "integer"},
        "dpi": {"type": ["number", "null"]},
        "confidence": SHARE,
        "text": STRING,
        "stages": an_array(
            an_object({"name": STRING, "found": STRING, "did": STRING, "ms": {"type": "number"}}),
            "what was done to the picture",
        ),
        "quality": {
            "type": ["object", "null"],
            "properties": {
                "score": SHARE,
                "problems": an_array(
                    an_object({"code": STRING, "message": STRING, "advice": STRING}),
                    "what is wrong with the picture",
                ),
            },
        },
        "fields": FIELDS,
        "zones": an_array(ZONE, "in reading order"),
    },
    required=["number", "width_px", "height_px", "text"],
)
DOCUMENT = an_object(
    {
        "engine": an_object(
            {"name": STRING, "version": STRING, "languages": an_array(STRING, "those read")}
        ),
        "pages": an_array({"$ref": "#/components/schemas/Page"}, "in order"),
        "fields": FIELDS,
        "text": {**STRING, "description": "all pages, a form feed between them"},
        "problems": an_array(
            an_object({"page": {"type": "integer"}, "code": STRING, "detail": STRING}),
            "pages that could not be read",
        ),
    },
    required=["engine", "pages", "text", "problems"],
)
_COUNT: Schema = {"type": "integer", "minimum": 0}


def _an_event(name: str, meaning: str, **members: Schema) -> Schema:
    event = an_object({"event": {"const": name}, **members}, required=["event", *members])
    return {**event, "description": meaning}


EVENT: Schema = {
    "oneOf": [
        _an_event("accepted", "the first: how many pages are going to be read", pages=_COUNT),
        _an_event(
            "progress",
            "how far a page is: the stage that is going on, and how many of the parts in which it "
            "is read are done; 1 part until it is known to be cut into more",
            page=_COUNT,
            stage=STRING,
            parts_done=_COUNT,
            parts=_COUNT,
        ),
        _an_event("page", "a page is ready", page={"$ref": "#/components/schemas/Page"}),
        _an_event(
            "problem",
            "a page that failed (page), or the whole document",
            code=STRING,
            title=STRING,
            status=_COUNT,
            detail=STRING,
        ),
        _an_event("heartbeat", "nothing has happened for half a second", elapsed_ms=_COUNT),
        _an_event(
            "end",
            "the last: what became of all pages",
            engine={"type": "object"},
            pages=_COUNT,
            failed_pages=an_array(_COUNT, "their numbers"),
            confidence=SHARE,
            elapsed_ms=_COUNT,
        ),
    ]
}
FRAME = an_object(
    {
        "width_px": {"type": "integer"},
        "height_px": {"type": "integer"},
        "outline": {**QUAD, "type": ["array", "null"]},
        "sharpness": {"type": "number"},
        "brightness": SHARE,
        "text": STRING,
        "zones": an_array(ZONE, "what was read"),
    },
    required=["width_px", "height_px", "outline", "sharpness", "brightness", "text", "zones"],
)
STATUS = an_object({"status": STRING}, required=["status"])
VERSION = an_object({"name": STRING, "version": STRING, "engine": {"type": "object"}})
LANGUAGES = an_object(
    {
        "default": an_array(STRING, "read when a request names none"),
        "languages": an_array(
            an_object({"code": STRING, "name": STRING, "dictionary": {"type": "boolean"}}),
            "installed; alternatives come from a dictionary",
        ),
    }
)
FORMATS = an_object(
    {
        "default": STRING,
        "formats": an_array(
            an_object({"name": STRING, "media_type": STRING, "suffix": STRING, "meaning": STRING}),
            "all of them",
        ),
    }
)
PROFILES = an_object(
    {
        "profiles": an_array(
            an_object(
                {
                    "name": STRING,
                    "meaning": STRING,
                    "finder": STRING,
                    "fields": an_array(STRING, "names"),
                }
            ),
            "all of them",
        )
    },
    required=["profiles"],
)
STEPS = an_object(
    {
        "default": STRING,
        "steps": an_array(
            an_object(
                {
                    "name": STRING,
                    "meaning": STRING,
                    "parameters": an_array(
                        an_object(
                            {
                                "name": STRING,
                                "meaning": STRING,
                                "unit": STRING,
                                "default": {"type": "number"},
                                "least": {"type": "number"},
                                "most": {"type": "number"},
                            }
                        ),
                        "numbers",
                    ),
                }
            ),
            "all of them",
        ),
    }
)
