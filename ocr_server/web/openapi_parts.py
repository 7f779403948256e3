"""What descriptions of routes are made of, in the words of OpenAPI."""

from __future__ import annotations

from collections.abc import Iterable

from ocr_server.document.json_schema import Schema, reference
from ocr_server.export import FORMATS
from ocr_server.request.options import OPTIONS
from ocr_server.web.problems import MEDIA_TYPE

TITLES = {
    400: "Some options are not understood",
    401: "The server wants a key (`X-API-Key` or a Bearer token), or another one",
    403: "A browser sent it for a page of another site",
    404: "There is no such page, job or connection with a phone",
    405: "The method is not allowed here",
    408: "The request came too slowly",
    409: "The job is not done, or the piece is not the next one",
    410: "The job was forgotten",
    412: "Another version of the protocol of uploads is needed",
    413: "The file, a page or the document is larger than a limit",
    415: "Not a picture or PDF this server can read",
    421: "The server is not reached under that host name",
    422: "The picture is damaged, or the options do not fit it",
    429: "The queue is full; Retry-After says when to come back",
    503: "The server is shutting down, or its engine is missing or failed",
    504: "The time allowed is over, and the work is dead",
}
STRANGERS = (403, 421)  # every route may answer these
BINARY: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}


def an_object(properties: Schema, *, required: Iterable[str] = ()) -> Schema:
    """An object of these properties."""
    return {"type": "object", "properties": properties, "required": list(required)}


def an_array(items: Schema, description: str) -> Schema:
    """A list of items."""
    return {"type": "array", "items": items, "description": description}


def formats_content() -> Schema:
    """The content of an answer in any of the formats."""
    types = [format_.media_type.partition(";")[0] for format_ in FORMATS.values()]
    content: Schema = {
        media_type: {"schema": {"type": "string"}} for media_type in (*types, "application/zip")
    }
    content["application/json"] = {"schema": reference("Document")}
    return content


def a_header(description: str) -> Schema:
    """A header whose value is text."""
    return {"description": description, "schema": {"type": "string"}}


def claims_header() -> Schema:
    """The header that tells what became of the claims of a PDF."""
    told = (
        "of a PDF that is signed or says that it is PDF/A: what became of that, such as "
        "signatures=updated, pdf-a=kept"
    )
    return {"OCR-PDF-Claims": a_header(told)}


def answered(description: str, answer: str) -> Schema:
    """An answer in JSON; `answer` is the name of its schema."""
    content = {"application/json": {"schema": reference(answer)}}
    return {"description": description, "content": content}


def post_of_files(summary: str, answer: Schema) -> Schema:
    """What takes a file and the options, in the three forms of a request."""
    options = {name: {**o.schema, "description": o.description} for name, o in OPTIONS.items()}
    file = an_array(BINARY, "pictures or PDFs; several make one document")
    image = {
        "type": ["string", "array"],
        "items": {"type": "string"},
        "description": "base64 or a data URL; several make one document",
    }
    form = an_object({"file": file, **options}, required=["file"])
    body = an_object({"image": image, **options}, required=["image"])
    return {
        "summary": summary,
        "parameters": [
            parameter(name) for name, option in OPTIONS.items() if not option.only_in_body
        ],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "application/json": {"schema": body},
                **{
                    media_type: {"schema": BINARY}
                    for media_type in ("image/*", "application/pdf", "application/octet-stream")
                },
            },
        },
        "responses": {"200": answer, **problems(400, 401, 408, 413, 415, 422, 429, 503, 504)},
    }


def parameter(name: str) -> Schema:
    """An option in the query."""
    option = OPTIONS[name]
    return {
        "name": name,
        "in": "query",
        "description": option.description,
        "schema": dict(option.schema),
    }


def get_with_key(summary: str, answer: str, *statuses: int) -> Schema:
    """What is answered with a key, where the server has keys."""
    return get_of_all(summary, answer, 401, *statuses)


def get_of_all(summary: str, answer: str, *statuses: int) -> Schema:
    """What is answered without a key."""
    return {
        "summary": summary,
        "responses": {
            "200": {
                "description": summary,
                "content": {"application/json": {"schema": reference(answer)}},
            },
            **problems(*statuses),
        },
    }


def problems(*statuses: int) -> Schema:
    """The refusals with these statuses, and those of every route."""
    return {
        str(status): {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": reference("Problem")}},
        }
        for status in sorted({*STRANGERS, *statuses})
    }
