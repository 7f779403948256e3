"""The API in the words of OpenAPI 3.1, made from the tables that the code runs on."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache

from flask import Blueprint, request

from ocr_server import __version__
from ocr_server.document.json_schema import Schema, describe_answers, describe_inputs, reference
from ocr_server.document.schema import DocumentJson
from ocr_server.export import FORMATS
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.sources.pixels import PREVIEW_MEDIA_TYPE
from ocr_server.web import (
    api,
    auth,
    frames,
    health,
    job_json,
    jobs,
    mcp,
    phones,
    streaming,
    uploads,
    verify,
)
from ocr_server.web.body import NDJSON
from ocr_server.web.problems import CLIENT_CLOSED_REQUEST, MEDIA_TYPE, STATUS, ProblemJson

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
# The types of answers by the names that their schemas have.
ANSWERS = {
    "Document": DocumentJson,
    "Event": streaming.EventJson,
    "Problem": ProblemJson,
    "Frame": frames.FrameJson,
    "Job": job_json.JobJson,
    "JobPage": job_json.JobPageJson,
    "Languages": api.LanguagesJson,
    "Formats": api.FormatsJson,
    "Steps": api.StepsJson,
    "Profiles": api.ProfilesJson,
    "NewPairing": phones.NewPairingJson,
    "Pairing": phones.PairingJson,
    "Phone": phones.PhoneJson,
    "Verification": verify.VerificationJson,
    "Status": health.StatusJson,
    "Version": health.VersionJson,
}
_ID: Schema = {
    "name": "job_id",
    "in": "path",
    "required": True,
    "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
}
_PAIRING: Schema = {**_ID, "name": "pairing_id"}
_NUMBER: Schema = {
    "name": "number",
    "in": "path",
    "required": True,
    "description": "of the page, from 1",
    "schema": {"type": "integer", "minimum": 1},
}
_TUS_VERSION: Schema = {
    "name": uploads.VERSION_HEADER,
    "in": "header",
    "required": True,
    "schema": {"const": uploads.VERSION},
}
_BINARY: Schema = {"type": "string", "contentMediaType": "application/octet-stream"}

blueprint = Blueprint("openapi", __name__)


@blueprint.get("/openapi.json")
def answer_description() -> Schema:
    """This API in the words of OpenAPI 3.1, with the path below which it is served."""
    return {**describe_api(), "servers": [{"url": request.script_root or "/"}]}


def describe_api() -> Schema:
    """This API in the words of OpenAPI 3.1."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "ocr-server",
            "version": __version__,
            "summary": "Pictures and PDFs in, their words and places out.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": {
            "/v1/documents": {"post": _documents()},
            "/v1/render": {"post": _render()},
            "/v1/frames": {"post": _frames()},
            "/v1/verify": {"post": _verify()},
            "/mcp": {"post": _mcp()},
            "/v1/jobs": {"post": _make_job()},
            "/v1/jobs/{job_id}": {
                "get": _show_job(),
                "delete": {
                    "summary": "Stop a job and forget all of it",
                    "parameters": [_ID],
                    "responses": {
                        "204": {"description": "It is forgotten"},
                        **_problems(401, 404, 410, 503),
                    },
                },
            },
            "/v1/jobs/{job_id}/pages/{number}": {
                "get": {
                    **_get(
                        "A page of a job, as soon as it is read",
                        "JobPage",
                        *(400, 404, 409, 410, 413, 415, 422, 503, 504),
                    ),
                    "parameters": [_ID, _NUMBER],
                },
            },
            "/v1/jobs/{job_id}/pages/{number}/picture": {"get": _show_picture()},
            "/v1/jobs/{job_id}/document": {"get": _show_document()},
            "/v1/uploads": {"post": _make_upload(), "options": _describe_uploads()},
            "/v1/uploads/{job_id}": _of_upload(),
            "/v1/pairings": {"post": _begin_pairing()},
            "/v1/pairings/{pairing_id}": _of_pairing(),
            "/v1/pairings/{pairing_id}/pictures/{number}": _of_sent_picture(),
            "/v1/phones": {"post": _claim_pairing()},
            "/v1/phones/pictures": {"post": _send_pictures()},
            "/v1/languages": {"get": _open("The installed languages", "Languages", 503, 504)},
            "/v1/formats": {"get": _open("The formats an answer can have", "Formats")},
            "/v1/steps": {"get": _open("The steps a picture can be taken through", "Steps")},
            "/v1/profiles": {"get": _get("The kinds of pictures that are known", "Profiles")},
            "/livez": {"get": _open("Whether the server lives", "Status")},
            "/readyz": {"get": _open("Whether the server can work", "Status", 422, 503, 504)},
            "/metrics": {"get": _metrics()},
            "/version": {"get": _get("Versions of the server and its engine", "Version", 503, 504)},
        },
        "components": {
            "schemas": dict(_schemas()),
            "securitySchemes": {
                "key": {"type": "apiKey", "in": "header", "name": auth.HEADER},
                "bearer": {"type": "http", "scheme": "bearer"},
            },
        },
        "security": [{}, {"key": []}, {"bearer": []}],  # none where the operator set no keys
    }


@cache
def _schemas() -> dict[str, Schema]:
    found = describe_answers(ANSWERS) | describe_inputs({"DocumentInput": DocumentJson})
    codes = [kind.code for kind, status in STATUS.items() if status != CLIENT_CLOSED_REQUEST]
    found["Problem"]["properties"]["code"]["examples"] = codes
    return found


def _an_object(properties: Schema, *, required: Iterable[str] = ()) -> Schema:
    return {"type": "object", "properties": properties, "required": list(required)}


def _an_array(items: Schema, description: str) -> Schema:
    return {"type": "array", "items": items, "description": description}


def _formats() -> Schema:
    types = [format_.media_type.partition(";")[0] for format_ in FORMATS.values()]
    content: Schema = {
        media_type: {"schema": {"type": "string"}} for media_type in (*types, "application/zip")
    }
    content["application/json"] = {"schema": reference("Document")}
    return content


def _header(description: str) -> Schema:
    return {"description": description, "schema": {"type": "string"}}


def _claims_header() -> Schema:
    told = (
        "of a PDF that is signed or says that it is PDF/A: what became of that, such as "
        "signatures=updated, pdf-a=kept"
    )
    return {"OCR-PDF-Claims": _header(told)}


def _documents() -> Schema:
    content = _formats()
    content[NDJSON] = {
        "schema": {"type": "string", "description": "on each line one event, as Event describes it"}
    }
    return _post(
        "Read a picture or document",
        {
            "description": "The document in the requested format",
            "headers": {
                "OCR-Failed-Pages": _header(
                    "pages that could not be read, or not whole, with partial=true"
                ),
                **_claims_header(),
            },
            "content": content,
        },
    )


def _render() -> Schema:
    """What takes the JSON of a document instead of a picture."""
    document = {
        **reference("DocumentInput"),
        "description": "a document as an answer has it, down to its words; the texts of lines, "
        "zones and pages are made of theirs, so it is words that are corrected",
    }
    options = {
        name: {**OPTIONS[name].schema, "description": OPTIONS[name].description}
        for name in RENDERING_OPTIONS
    }
    file = _an_array(_BINARY, "the files that were read, where a format shows the picture")
    form = _an_object({"document": document, "file": file, **options})
    return {
        "summary": "Render a document, corrected perhaps, in any format",
        "parameters": [_parameter(name) for name in options if not OPTIONS[name].only_in_body],
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": document},
                "multipart/form-data": {"schema": {**form, "required": ["document"]}},
            },
        },
        "responses": {
            "200": {
                "description": "The document in the requested format",
                "headers": _claims_header(),
                "content": _formats(),
            },
            **_problems(400, 401, 408, 413, 415, 422, 429, 503, 504),
        },
    }


def _make_job() -> Schema:
    """What takes a document to be read later."""
    location = _header("the address of the job")
    made = {
        "description": "The job was taken in",
        "headers": {"Location": location, "Retry-After": _header("seconds")},
        "content": {"application/json": {"schema": reference("Job")}},
    }
    operation = _post("Have a document read as a durable job", made)
    operation["responses"] = {
        "202": made,
        **_problems(400, 401, 404, 413, 415, 422, 429, 503, 504),
    }
    more: Schema = {
        "keep_s": {
            "type": "number",
            "minimum": 1,
            "description": "seconds to keep the job after its end, at most `OCR_JOBS_KEEP_S`",
        },
        "webhook": {
            "type": "string",
            "format": "uri",
            "description": "address that is told when the job has ended; its host is one of "
            "`OCR_WEBHOOK_HOSTS`",
        },
    }
    for media_type in ("multipart/form-data", "application/json"):
        schema = operation["requestBody"]["content"][media_type]["schema"]
        schema["properties"] = {**schema["properties"], **more}
    key = {
        "name": "Idempotency-Key",
        "in": "header",
        "description": "what is sent twice with the same key is one job",
        "schema": {"type": "string", "minLength": 1, "maxLength": jobs.LONGEST_KEY},
    }
    query = [{"name": name, "in": "query", "schema": schema} for name, schema in more.items()]
    return {**operation, "parameters": [*operation["parameters"], *query, key]}


def _make_upload() -> Schema:
    made = _make_job()
    answer = made["responses"]["202"]
    return {
        "summary": "Make a job whose file comes in pieces (tus 1.0.0)",
        "parameters": [*made["parameters"], _bytes_header(uploads.LENGTH), _TUS_VERSION],
        "responses": {
            "201": {**answer, "description": "The job; `Location` is the address of its upload"},
            **_problems(400, 401, 404, 412, 413, 422, 429, 503),
        },
    }


def _describe_uploads() -> Schema:
    return {
        "summary": "Which version and extensions of tus there are",
        "responses": {
            "204": {"description": "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`"},
            **_problems(401),
        },
    }


def _of_upload() -> Schema:
    offset = {uploads.OFFSET: {"schema": {"type": "integer"}}}
    body = {"application/offset+octet-stream": {"schema": _BINARY}}
    failures = (400, 401, 404, 410, 412, 413, 429, 503, 504)
    return {
        "head": {
            "summary": "How much of the file of an upload is there",
            "parameters": [_ID, _TUS_VERSION],
            "responses": {
                "200": {"description": "`Upload-Offset` bytes are there", "headers": offset},
                **_problems(*failures),
            },
        },
        "patch": {
            "summary": "The next piece of the file of an upload",
            "parameters": [_ID, _bytes_header(uploads.OFFSET), _TUS_VERSION],
            "requestBody": {"required": True, "content": body},
            "responses": {
                "204": {"description": "So much is there now", "headers": offset},
                **_problems(*failures, 409),
            },
        },
        "delete": {
            "summary": "End an upload and forget its job",
            "parameters": [_ID, _TUS_VERSION],
            "responses": {
                "204": {"description": "It is forgotten"},
                **_problems(401, 404, 410, 412, 503),
            },
        },
    }


def _bytes_header(name: str) -> Schema:
    """A number of bytes."""
    schema = {"type": "integer", "minimum": 0}
    return {"name": name, "in": "header", "required": True, "schema": schema}


def _show_job() -> Schema:
    wait = {"type": "number", "minimum": 0, "maximum": jobs.MOST_WAIT_S}
    events: Schema = {
        "schema": {"type": "string", "description": "on each line one event, as Event describes it"}
    }
    operation = _get("How far a job is", "Job", 400, 404, 410, 503)
    operation["responses"]["200"]["content"][NDJSON] = events
    return {
        **operation,
        "parameters": [
            _ID,
            {
                "name": "wait_s",
                "in": "query",
                "description": "seconds to wait for a change",
                "schema": wait,
            },
            {
                "name": "after",
                "in": "query",
                "description": "events of pages behind this one only",
                "schema": {"type": "integer", "minimum": 0},
            },
        ],
    }


def _show_picture() -> Schema:
    return {
        "summary": "A picture of a page of a job, its longer side at most 1,600 pixels",
        "parameters": [_ID, _NUMBER],
        "responses": {
            "200": {"description": "The picture", "content": {PREVIEW_MEDIA_TYPE: {}}},
            "304": {"description": "The client has it: `If-None-Match` names it"},
            **_problems(401, 404, 410, 413, 415, 422, 429, 503, 504),
        },
    }


def _show_document() -> Schema:
    names = (*RENDERING_OPTIONS, "partial")
    return {
        "summary": "The document of a job, as it would have been answered at once",
        "parameters": [
            _ID,
            *(_parameter(name) for name in names if not OPTIONS[name].only_in_body),
        ],
        "responses": {
            "200": {
                "description": "The document in the requested format",
                "headers": _claims_header(),
                "content": _formats(),
            },
            **_problems(400, 401, 404, 409, 410, 413, 415, 422, 429, 503, 504),
        },
    }


def _begin_pairing() -> Schema:
    address = {"type": "string", "description": "of the webcam page, as the phone reaches it"}
    form = _an_object({"address": address}, required=["address"])
    return {
        "summary": "Wait for a phone that is to be the camera of a desk, and draw a QR code for it",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {
            "201": _answered("The address for the phone", "NewPairing"),
            **_problems(400, 401, 408, 413, 429, 503),
        },
    }


def _of_pairing() -> Schema:
    wait = {"type": "number", "minimum": 0, "maximum": phones.MOST_WAIT_S}
    return {
        "get": {
            **_get("What has come of a phone", "Pairing", 400, 404),
            "parameters": [
                _PAIRING,
                {
                    "name": "wait_s",
                    "in": "query",
                    "description": "seconds to wait for a change",
                    "schema": wait,
                },
                {
                    "name": "seen",
                    "in": "query",
                    "description": "the changes of the last look",
                    "schema": {"type": "integer", "minimum": 0},
                },
            ],
        },
        "delete": {
            "summary": "Send a phone away and forget what it has sent",
            "parameters": [_PAIRING],
            "responses": {"204": {"description": "It is forgotten"}, **_problems(401, 404)},
        },
    }


def _of_sent_picture() -> Schema:
    return {
        "get": {
            "summary": "A picture that a phone has sent",
            "parameters": [_PAIRING, _NUMBER],
            "responses": {
                "200": {
                    "description": "The picture, as it was sent",
                    "content": {"application/octet-stream": {"schema": _BINARY}},
                },
                **_problems(401, 404),
            },
        },
        "delete": {
            "summary": "Forget a picture that a phone has sent",
            "parameters": [_PAIRING, _NUMBER],
            "responses": {"204": {"description": "It is forgotten"}, **_problems(401, 404)},
        },
    }


def _claim_pairing() -> Schema:
    return {
        "summary": "Become the phone of a desk, by its token in the place of a key",
        "responses": {
            "201": _answered("The key of the phone", "Phone"),
            **_problems(401, 404),
        },
    }


def _send_pictures() -> Schema:
    file = _an_array(_BINARY, "pictures or PDFs; several make one document")
    form = _an_object({"file": file}, required=["file"])
    return {
        "summary": "Send pictures to the desk of a phone, by the key of the phone",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {
            "204": {"description": "The desk has been told"},
            **_problems(400, 401, 404, 408, 413, 429, 503),
        },
    }


def _answered(description: str, answer: str) -> Schema:
    content = {"application/json": {"schema": reference(answer)}}
    return {"description": description, "content": content}


def _frames() -> Schema:
    return _post(
        "Look at a frame of a camera; the first of zones is the region to read, "
        "and with detail=page nothing is read",
        {
            "description": "What the frame shows",
            "content": {"application/json": {"schema": reference("Frame")}},
        },
    )


def _verify() -> Schema:
    described = _post(
        "Say which words of a text stand on the pages of a document, and where",
        {
            "description": "Each word of the text",
            "content": {"application/json": {"schema": reference("Verification")}},
        },
    )
    text = {"type": "string", "description": "the text; words are parted by blanks"}
    for media_type in ("multipart/form-data", "application/json"):
        schema = described["requestBody"]["content"][media_type]["schema"]
        schema["properties"]["text"] = text
        schema["required"].append("text")
    described["parameters"].append({"name": "text", "in": "query", "schema": text})
    return described


def _mcp() -> Schema:
    message = {"type": "object", "description": "a message of JSON-RPC 2.0"}
    return {
        "summary": "Tools for language models, by the Model Context Protocol",
        "requestBody": {"required": True, "content": {"application/json": {"schema": message}}},
        "responses": {
            "200": {
                "description": "The answer, with progress before it where that was asked for",
                "content": {
                    "application/json": {"schema": message},
                    mcp.EVENT_STREAM: {"schema": {"type": "string"}},
                },
            },
            "202": {"description": "A notification was taken"},
            "400": {
                "description": "The message is not understood",
                "content": {"application/json": {"schema": message}},
            },
            **_problems(401, 408, 413, 429, 503),
        },
    }


def _post(summary: str, answer: Schema) -> Schema:
    """What takes a file and the options, in the three forms of a request."""
    options = {name: {**o.schema, "description": o.description} for name, o in OPTIONS.items()}
    file = _an_array(_BINARY, "pictures or PDFs; several make one document")
    image = {
        "type": ["string", "array"],
        "items": {"type": "string"},
        "description": "base64 or a data URL; several make one document",
    }
    form = _an_object({"file": file, **options}, required=["file"])
    body = _an_object({"image": image, **options}, required=["image"])
    return {
        "summary": summary,
        "parameters": [
            _parameter(name) for name, option in OPTIONS.items() if not option.only_in_body
        ],
        "requestBody": {
            "required": True,
            "content": {
                "multipart/form-data": {"schema": form},
                "application/json": {"schema": body},
                **{
                    media_type: {"schema": _BINARY}
                    for media_type in ("image/*", "application/pdf", "application/octet-stream")
                },
            },
        },
        "responses": {"200": answer, **_problems(400, 401, 408, 413, 415, 422, 429, 503, 504)},
    }


def _metrics() -> Schema:
    return {
        "summary": "Its numbers, for Prometheus",
        "responses": {
            "200": {
                "description": "Prometheus’ text format",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **_problems(401),
        },
    }


def _parameter(name: str) -> Schema:
    option = OPTIONS[name]
    return {
        "name": name,
        "in": "query",
        "description": option.description,
        "schema": dict(option.schema),
    }


def _get(summary: str, answer: str, *statuses: int) -> Schema:
    return _open(summary, answer, 401, *statuses)


def _open(summary: str, answer: str, *statuses: int) -> Schema:
    """What is answered without a key."""
    return {
        "summary": summary,
        "responses": {
            "200": {
                "description": summary,
                "content": {"application/json": {"schema": reference(answer)}},
            },
            **_problems(*statuses),
        },
    }


def _problems(*statuses: int) -> Schema:
    return {
        str(status): {
            "description": TITLES[status],
            "content": {MEDIA_TYPE: {"schema": reference("Problem")}},
        }
        for status in sorted({*STRANGERS, *statuses})
    }
