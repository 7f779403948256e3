"""The API in the words of OpenAPI 3.1, made from the tables that the code runs on."""

from __future__ import annotations

from functools import cache

from flask import Blueprint, request

from ocr_server import __version__
from ocr_server.document.json_schema import Schema, describe_answers, describe_inputs, reference
from ocr_server.document.schema import DocumentJson
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.web import (
    api,
    auth,
    event_json,
    frames,
    health,
    job_json,
    mcp,
    phones,
    verify,
)
from ocr_server.web.negotiation import NDJSON
from ocr_server.web.openapi_jobs import describe_lasting
from ocr_server.web.openapi_parts import (
    BINARY,
    a_header,
    an_array,
    an_object,
    claims_header,
    formats_content,
    get_of_all,
    get_with_key,
    parameter,
    post_of_files,
    problems,
)
from ocr_server.web.problems import CLIENT_CLOSED_REQUEST, STATUS, ProblemJson

# The types of answers by the names that their schemas have.
ANSWERS = {
    "Document": DocumentJson,
    "Event": event_json.EventJson,
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
            **describe_lasting(),
            "/v1/languages": {"get": get_of_all("The installed languages", "Languages", 503, 504)},
            "/v1/formats": {"get": get_of_all("The formats an answer can have", "Formats")},
            "/v1/steps": {"get": get_of_all("The steps a picture can be taken through", "Steps")},
            "/v1/profiles": {
                "get": get_with_key("The kinds of pictures that are known", "Profiles")
            },
            "/livez": {"get": get_of_all("Whether the server lives", "Status")},
            "/readyz": {"get": get_of_all("Whether the server can work", "Status", 422, 503, 504)},
            "/metrics": {"get": _metrics()},
            "/version": {
                "get": get_with_key("Versions of the server and its engine", "Version", 503, 504)
            },
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


def _documents() -> Schema:
    content = formats_content()
    content[NDJSON] = {
        "schema": {"type": "string", "description": "on each line one event, as Event describes it"}
    }
    return post_of_files(
        "Read a picture or document",
        {
            "description": "The document in the requested format",
            "headers": {
                "OCR-Failed-Pages": a_header(
                    "pages that could not be read, or not whole, with partial=true"
                ),
                **claims_header(),
            },
            "content": content,
        },
    )


def _render() -> Schema:
    """What takes the JSON of a document instead of a picture."""
    document = {
        **reference("DocumentInput"),
        "description": "a document as an answer has it, down to its words; the texts of lines, "
        "zones and pages are made of theirs, so it is words that are corrected; as a file "
        "of a form, it may be packed with gzip",
    }
    options = {
        name: {**OPTIONS[name].schema, "description": OPTIONS[name].description}
        for name in RENDERING_OPTIONS
    }
    file = an_array(BINARY, "the files that were read, where a format shows the picture")
    form = an_object({"document": document, "file": file, **options})
    return {
        "summary": "Render a document, corrected perhaps, in any format",
        "parameters": [parameter(name) for name in options if not OPTIONS[name].only_in_body],
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
                "headers": claims_header(),
                "content": formats_content(),
            },
            **problems(400, 401, 408, 413, 415, 422, 429, 503, 504),
        },
    }


def _frames() -> Schema:
    return post_of_files(
        "Look at a frame of a camera; the first of zones is the region to read, "
        "and with detail=page nothing is read",
        {
            "description": "What the frame shows",
            "content": {"application/json": {"schema": reference("Frame")}},
        },
    )


def _verify() -> Schema:
    described = post_of_files(
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
            **problems(401, 408, 413, 429, 503),
        },
    }


def _metrics() -> Schema:
    return {
        "summary": "Its numbers, for Prometheus",
        "responses": {
            "200": {
                "description": "Prometheus’ text format",
                "content": {"text/plain": {"schema": {"type": "string"}}},
            },
            **problems(401),
        },
    }
