"""The API for programs."""

from __future__ import annotations

import time
from contextlib import ExitStack
from itertools import chain
from typing import Any

from flask import Blueprint, Response, g, request

from ocr_server.document.model import Document
from ocr_server.export import FORMATS
from ocr_server.imaging.operations import OPERATIONS
from ocr_server.languages import name_of
from ocr_server.page.spelling import DICTIONARIES
from ocr_server.request.build import ParsedRequest
from ocr_server.service import Service
from ocr_server.web.access_log import counts_of, server_timing
from ocr_server.web.context import hang_up, service
from ocr_server.web.corrections import read_corrected
from ocr_server.web.forms import read_job, wants_events
from ocr_server.web.openapi import describe_api
from ocr_server.web.schemas import FormatsJson, LanguagesJson, ProfilesJson, StepsJson
from ocr_server.web.streaming import stream_document

blueprint = Blueprint("api", __name__)


@blueprint.post("/v1/documents")
def create_document() -> Response:
    """Read a document and answer with its text, in any format."""
    here = service()
    with ExitStack() as turn:
        turn.enter_context(here.admission.turn())  # who is turned away is not even parsed
        parsed = read_job(request, here)
        if wants_events(request):
            return stream_document(here, parsed, turn.pop_all())
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
    with here.admission.turn():
        document, parsed = read_corrected(request, here)
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


@blueprint.get("/openapi.json")
def openapi() -> dict[str, Any]:
    """This API in the words of OpenAPI 3.1."""
    return describe_api()


def answer_document(here: Service, document: Document, parsed: ParsedRequest) -> Response:
    """The document in the formats asked for.

    Raises:
        OcrServerError: a page failed, and the format cannot say so.
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
    return response
