"""Routes of what outlives a request, in the words of OpenAPI: jobs, uploads and phones."""

from __future__ import annotations

from ocr_server.document.json_schema import Schema, reference
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.sources.pixels import PREVIEW_MEDIA_TYPE
from ocr_server.web import jobs, phones, uploads
from ocr_server.web.negotiation import NDJSON
from ocr_server.web.openapi_parts import (
    BINARY,
    a_header,
    an_array,
    an_object,
    answered,
    claims_header,
    formats_content,
    get_with_key,
    parameter,
    post_of_files,
    problems,
)

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


def describe_lasting() -> Schema:
    """The paths of jobs, their uploads, and phones that are the camera of a desk."""
    return {
        "/v1/jobs": {"post": _make_job()},
        "/v1/jobs/{job_id}": {
            "get": _show_job(),
            "delete": {
                "summary": "Stop a job and forget all of it",
                "parameters": [_ID],
                "responses": {
                    "204": {"description": "It is forgotten"},
                    **problems(401, 404, 410, 503),
                },
            },
        },
        "/v1/jobs/{job_id}/pages/{number}": {
            "get": {
                **get_with_key(
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
    }


def _make_job() -> Schema:
    """What takes a document to be read later."""
    location = a_header("the address of the job")
    made = {
        "description": "The job was taken in",
        "headers": {"Location": location, "Retry-After": a_header("seconds")},
        "content": {"application/json": {"schema": reference("Job")}},
    }
    operation = post_of_files("Have a document read as a durable job", made)
    operation["responses"] = {
        "202": made,
        **problems(400, 401, 404, 413, 415, 422, 429, 503, 504),
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
            **problems(400, 401, 404, 412, 413, 422, 429, 503),
        },
    }


def _describe_uploads() -> Schema:
    return {
        "summary": "Which version and extensions of tus there are",
        "responses": {
            "204": {"description": "`Tus-Version`, `Tus-Extension`, `Tus-Max-Size`"},
            **problems(401),
        },
    }


def _of_upload() -> Schema:
    offset = {uploads.OFFSET: {"schema": {"type": "integer"}}}
    body = {"application/offset+octet-stream": {"schema": BINARY}}
    failures = (400, 401, 404, 410, 412, 413, 429, 503, 504)
    return {
        "head": {
            "summary": "How much of the file of an upload is there",
            "parameters": [_ID, _TUS_VERSION],
            "responses": {
                "200": {"description": "`Upload-Offset` bytes are there", "headers": offset},
                **problems(*failures),
            },
        },
        "patch": {
            "summary": "The next piece of the file of an upload",
            "parameters": [_ID, _bytes_header(uploads.OFFSET), _TUS_VERSION],
            "requestBody": {"required": True, "content": body},
            "responses": {
                "204": {"description": "So much is there now", "headers": offset},
                **problems(*failures, 409),
            },
        },
        "delete": {
            "summary": "End an upload and forget its job",
            "parameters": [_ID, _TUS_VERSION],
            "responses": {
                "204": {"description": "It is forgotten"},
                **problems(401, 404, 410, 412, 503),
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
    operation = get_with_key("How far a job is", "Job", 400, 404, 410, 503)
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
            **problems(401, 404, 410, 413, 415, 422, 429, 503, 504),
        },
    }


def _show_document() -> Schema:
    names = (*RENDERING_OPTIONS, "partial")
    return {
        "summary": "The document of a job, as it would have been answered at once",
        "parameters": [
            _ID,
            *(parameter(name) for name in names if not OPTIONS[name].only_in_body),
        ],
        "responses": {
            "200": {
                "description": "The document in the requested format",
                "headers": claims_header(),
                "content": formats_content(),
            },
            **problems(400, 401, 404, 409, 410, 413, 415, 422, 429, 503, 504),
        },
    }


def _begin_pairing() -> Schema:
    address = {"type": "string", "description": "of the webcam page, as the phone reaches it"}
    form = an_object({"address": address}, required=["address"])
    return {
        "summary": "Wait for a phone that is to be the camera of a desk, and draw a QR code for it",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {
            "201": answered("The address for the phone", "NewPairing"),
            **problems(400, 401, 408, 413, 429, 503),
        },
    }


def _of_pairing() -> Schema:
    wait = {"type": "number", "minimum": 0, "maximum": phones.MOST_WAIT_S}
    return {
        "get": {
            **get_with_key("What has come of a phone", "Pairing", 400, 404),
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
            "responses": {"204": {"description": "It is forgotten"}, **problems(401, 404)},
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
                    "content": {"application/octet-stream": {"schema": BINARY}},
                },
                **problems(401, 404),
            },
        },
        "delete": {
            "summary": "Forget a picture that a phone has sent",
            "parameters": [_PAIRING, _NUMBER],
            "responses": {"204": {"description": "It is forgotten"}, **problems(401, 404)},
        },
    }


def _claim_pairing() -> Schema:
    return {
        "summary": "Become the phone of a desk, by its token in the place of a key",
        "responses": {
            "201": answered("The key of the phone", "Phone"),
            **problems(401, 404),
        },
    }


def _send_pictures() -> Schema:
    file = an_array(BINARY, "pictures or PDFs; several make one document")
    form = an_object({"file": file}, required=["file"])
    return {
        "summary": "Send pictures to the desk of a phone, by the key of the phone",
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": form}}},
        "responses": {
            "204": {"description": "The desk has been told"},
            **problems(400, 401, 404, 408, 413, 429, 503),
        },
    }
