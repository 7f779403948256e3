"""The API for programs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from contextlib import ExitStack

from flask import Blueprint, Request, Response, g, request
from typing_extensions import TypedDict
from werkzeug.wsgi import wrap_file

from ocr_server.document.json_reader import (
    MOST_DOCUMENT_VALUES,
    document_from_json,
    parse_json,
)
from ocr_server.document.languages import DICTIONARIES, name_of
from ocr_server.document.model import Document
from ocr_server.document.schema import (
    strict,
)
from ocr_server.export import FORMATS
from ocr_server.imaging.operations import OPERATIONS
from ocr_server.job import Source
from ocr_server.request.build import ParsedRequest, build_rendering_job, parse_options
from ocr_server.request.faults import Faults, check, fault_of
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.service import Service
from ocr_server.web.access_log import counts_of, server_timing
from ocr_server.web.body import (
    FORMS,
    body_of,
    form_options,
    form_sources,
    json_options,
    read_job,
    with_query,
)
from ocr_server.web.context import hang_up, job_folder, service
from ocr_server.web.gzip_file import is_packed, unpacked
from ocr_server.web.negotiation import accepted_format, check_encoding, wants_events
from ocr_server.web.streaming import stream_document

# Of a document's JSON that is read and rendered in this process, in less than 0.1 s; what is larger
# is left to a worker process.
MOST_DOCUMENT_BYTES_HERE = 128 * 1024
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
        return answer_document(here, *_read_corrected(request, here))


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


def answer_document(here: Service, document: Document | Source, parsed: ParsedRequest) -> Response:
    """The document, or that of a file of JSON, in the formats of the request.

    Raises:
        OcrServerError: a page failed, and the format has no place for its problem.
    """
    if isinstance(document, Document):
        g.outcome |= counts_of(document)
    answer = here.render(document, parsed, hang_up())
    content_type = answer.format.media_type
    if isinstance(answer.content, bytes):
        response = Response(answer.content, content_type=content_type)
    else:  # it is removed with the folder of the request, but stays open until it has left
        pieces = wrap_file(request.environ, answer.content.open("rb"))
        response = Response(pieces, content_type=content_type, direct_passthrough=True)
        response.content_length = answer.content.stat().st_size
    if isinstance(document, Document) and document.problems:
        failed = [failure.page for failure in document.problems]
        response.headers["OCR-Failed-Pages"] = ",".join(map(str, failed))
    if claims := parsed.rendering.claims:
        told = ", ".join(f"{claim}={outcome}" for claim, outcome in claims.items())
        response.headers["OCR-PDF-Claims"] = told
    return response


def _read_corrected(request: Request, here: Service) -> tuple[Document | Source, ParsedRequest]:
    """The document of a request, as a file if it is large, and how it is to leave.

    Raises:
        InvalidOptions: the options are wrong, or else the document; the message has all faults of
            the options, or all of the document.
        FormatUnavailable: a format shows the pictures, and no file was sent.
    """
    faults = Faults()
    file, given, sources = _sent_document(request, faults, here.settings.max_pages)
    known = {name: text for name, text in given.items() if name in RENDERING_OPTIONS}
    faults.extend(
        fault_of(name, f"not an option here; there are {', '.join(RENDERING_OPTIONS)}")
        for name in (*given, *(name for name in request.args if name in OPTIONS))
        if name not in RENDERING_OPTIONS
    )
    value = None
    is_large = file.size_bytes > MOST_DOCUMENT_BYTES_HERE
    if not is_large:
        try:
            value = parse_json(file.path.read_bytes(), MOST_DOCUMENT_VALUES)
        except ValueError as error:
            faults.append(fault_of("document", f"{error}; {_HOW_TO_SEND}"))
    values = parse_options(with_query(request, known, faults), faults)
    check(faults)
    parsed = build_rendering_job(
        values, sources, settings=here.settings, formats=(accepted_format(request),)
    )
    return file if is_large else document_from_json(value), parsed


def _sent_document(
    request: Request, faults: list[dict[str, str]], most_files: int
) -> tuple[Source, Mapping[str, str], tuple[Source, ...]]:
    """The file of the document's JSON, the options beside it, and the files."""
    check_encoding(request)
    body = body_of(request, forms=FORMS)
    if body.file is not None:
        try:
            members = body.members()
        except ValueError:  # told when the document is read
            members = {}
        if "document" not in members:
            return body.file, {}, ()
        document = job_folder().add(members.pop("document").pieces())
        given, sources = json_options(members, most_files, faults)
    else:
        given = form_options(body, faults)
        text = given.pop("document", "").encode()
        document = next(iter(body.files.get("document", ())), None) or job_folder().add([text])
        if is_packed(document):
            document = unpacked(document)
        sources = form_sources(body, most_files, faults)
        faults.extend(
            fault_of(name, "send the document in the field document and files in the field file")
            for name in body.files
            if name not in {"document", "file"}
        )
    return document, given, tuple(one for one in sources if one.size_bytes)
