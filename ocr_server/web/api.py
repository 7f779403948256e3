"""The API for programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from itertools import chain
from typing import Any

from flask import Blueprint, Request, Response, g, request
from typing_extensions import TypedDict

from ocr_server.document.json_reader import document_from_json
from ocr_server.document.languages import name_of
from ocr_server.document.model import Document
from ocr_server.document.schema import (
    strict,
)
from ocr_server.export import FORMATS
from ocr_server.imaging.operations import OPERATIONS
from ocr_server.job import Source
from ocr_server.page.spelling import DICTIONARIES
from ocr_server.request.build import (
    Faults,
    ParsedRequest,
    build_rendering_job,
    check,
    fault_of,
    parse_options,
)
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.service import Service
from ocr_server.web.access_log import counts_of, server_timing
from ocr_server.web.body import (
    FORMS,
    Body,
    accepted_format,
    body_of,
    check_encoding,
    form_options,
    form_sources,
    json_options,
    read_job,
    wants_events,
    with_query,
)
from ocr_server.web.context import hang_up, service
from ocr_server.web.streaming import stream_document

# Of a document’s JSON: a word has some 35, so that 200 pages of a thousand words keep within.
MOST_DOCUMENT_VALUES = 8_000_000
_HOW_TO_SEND = (
    "send the JSON of a document: as the body, in JSON as document, or in the multipart field "
    "document"
)

blueprint = Blueprint("api", __name__)


@strict
class LanguageJson(TypedDict):
    """An installed language."""

    code: str
    name: str
    dictionary: bool
    """whether alternatives come from a dictionary"""


@strict
class LanguagesJson(TypedDict):
    """The installed languages."""

    default: list[str]
    """read when a request names none"""
    languages: list[LanguageJson]


@strict
class FormatJson(TypedDict):
    """A format an answer can have."""

    name: str
    media_type: str
    suffix: str
    meaning: str


@strict
class FormatsJson(TypedDict):
    """The formats an answer can have."""

    default: str
    formats: list[FormatJson]


@strict
class ProfileJson(TypedDict):
    """A kind of pictures that is known."""

    name: str
    meaning: str
    finder: str
    """what looks for the fields"""
    fields: list[str]
    """their names"""


@strict
class ProfilesJson(TypedDict):
    """The kinds of pictures that are known."""

    profiles: list[ProfileJson]


@strict
class ParameterJson(TypedDict):
    """A number that a step can be given."""

    name: str
    meaning: str
    unit: str
    default: float
    least: float
    most: float


@strict
class StepJson(TypedDict):
    """A step that a picture can be taken through."""

    name: str
    meaning: str
    parameters: list[ParameterJson]


@strict
class StepsJson(TypedDict):
    """The steps that a picture can be taken through."""

    default: str
    steps: list[StepJson]


@blueprint.post("/v1/documents")
def create_document() -> Response:
    """Read a document and answer with its text, in any format."""
    here = service()
    with ExitStack() as admitted:
        admitted.enter_context(here.admission.admit())  # who is turned away is not even parsed
        parsed = read_job(request, here)
        if wants_events(request):
            return stream_document(here, parsed, admitted.pop_all())
        begun = time.perf_counter()
        document = here.read(parsed.job, hang_up())
        ready = time.perf_counter()
        response = answer_document(here, document, parsed)
    response.headers["Server-Timing"] = server_timing(
        document, pages=ready - begun, render=time.perf_counter() - ready
    )
    return response


@blueprint.post("/v1/render")
def render_document() -> Response:
    """A document's JSON, corrected by a person perhaps, in any format; nothing is recognised."""
    here = service()
    with here.admission.admit():
        document, parsed = _read_corrected(request, here)
        return answer_document(here, document, parsed)


@blueprint.get("/v1/languages")
def list_languages() -> LanguagesJson:
    """The installed languages, by code and name, and whether there is a dictionary."""
    here = service()
    return {
        "default": list(here.settings.languages),
        "languages": [
            {"code": code, "name": name_of(code), "dictionary": code in DICTIONARIES}
            for code in here.engine.languages
        ],
    }


@blueprint.get("/v1/formats")
def list_formats() -> FormatsJson:
    """The formats an answer can have."""
    return {
        "default": "json",
        "formats": [
            {
                "name": name,
                "media_type": format_.media_type,
                "suffix": format_.suffix,
                "meaning": format_.meaning,
            }
            for name, format_ in FORMATS.items()
        ],
    }


@blueprint.get("/v1/steps")
def list_steps() -> StepsJson:
    """The steps that a picture can be taken through, with their parameters."""
    return {
        "default": "auto",
        "steps": [
            {
                "name": name,
                "meaning": step.meaning,
                "parameters": [
                    {
                        "name": parameter.name,
                        "meaning": parameter.meaning,
                        "default": parameter.default,
                        "least": parameter.least,
                        "most": parameter.most,
                        "unit": parameter.unit,
                    }
                    for parameter in step.parameters
                ],
            }
            for name, step in OPERATIONS.items()
        ],
    }


@blueprint.get("/v1/profiles")
def list_profiles() -> ProfilesJson:
    """The kinds of pictures that are known, and what is looked for in each."""
    return {
        "profiles": [
            {
                "name": profile.name,
                "meaning": profile.meaning,
                "finder": profile.finder,
                "fields": [field.name for field in profile.fields],
            }
            for profile in service().profiles.values()
        ]
    }


def answer_document(here: Service, document: Document, parsed: ParsedRequest) -> Response:
    """The document in the formats of the request.

    Raises:
        OcrServerError: a page failed, and the format has no place for its problem.
    """
    g.outcome |= counts_of(document)
    format_, pieces = here.render(document, parsed, hang_up())
    begun = [next(pieces, b"")]  # whatever can go wrong does so before the answer begins
    response = Response(chain(begun, pieces), content_type=format_.media_type)
    response.call_on_close(pieces.close)
    if not format_.shows_pictures:
        response.make_sequence()  # so that its length is known
    if document.problems:
        failed = [failure.page for failure in document.problems]
        response.headers["OCR-Failed-Pages"] = ",".join(map(str, failed))
    if claims := parsed.rendering.claims:
        told = ", ".join(f"{claim}={outcome}" for claim, outcome in claims.items())
        response.headers["OCR-PDF-Claims"] = told
    return response


def _read_corrected(request: Request, here: Service) -> tuple[Document, ParsedRequest]:
    """The document of a request, and how it is to leave.

    Raises:
        InvalidOptions: the options are wrong, or else the document; the message has all faults of
            the options, or all of the document.
        FormatUnavailable: a format shows the pictures, and no file was sent.
    """
    faults = Faults()
    value, given, sources = _sent_document(request, faults, here.settings.max_pages)
    known = {name: text for name, text in given.items() if name in RENDERING_OPTIONS}
    faults.extend(
        fault_of(name, f"not an option here; there are {', '.join(RENDERING_OPTIONS)}")
        for name in (*given, *(name for name in request.args if name in OPTIONS))
        if name not in RENDERING_OPTIONS
    )
    values = parse_options(with_query(request, known, faults), faults)
    check(faults)
    parsed = build_rendering_job(
        values, sources, settings=here.settings, formats=(accepted_format(request),)
    )
    return _with_corrected_cells(document_from_json(value)), parsed


def _with_corrected_cells(document: Document) -> Document:
    """The document with the cells of its tables rebuilt from the corrected words."""
    pages = (
        replace(page, zones=tuple(zone.with_cells_refilled() for zone in page.zones))
        for page in document.pages
    )
    return replace(document, pages=tuple(pages))


def _sent_document(
    request: Request, faults: list[dict[str, str]], most_files: int
) -> tuple[object, Mapping[str, str], tuple[Source, ...]]:
    """The JSON of the document, the options beside it, and the files."""
    check_encoding(request)
    body = body_of(request, forms=FORMS)
    if body.data is not None:
        value = _parsed(body, faults)
        if not isinstance(value, dict) or "document" not in value:
            return value, {}, ()
        document = value.pop("document")
        given, sources = json_options(value, most_files, faults)
        return document, given, tuple(one for one in sources if one.data)
    given = form_options(body, faults)
    sent = body.files.get("document") or (given.pop("document", "").encode(),)
    sources = form_sources(body, most_files, faults)
    faults.extend(
        fault_of(name, "send the document in the field document and files in the field file")
        for name in body.files
        if name not in {"document", "file"}
    )
    document = _parsed(replace(body, data=sent[0]), faults)
    return document, given, tuple(one for one in sources if one.data)


def _parsed(body: Body, faults: list[dict[str, str]]) -> Any:  # noqa: ANN401  # JSON of a client
    try:
        return body.json(MOST_DOCUMENT_VALUES)
    except ValueError as error:
        faults.append(fault_of("document", f"{error}; {_HOW_TO_SEND}"))
        return None
