"""The API for programs."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict
from itertools import chain
from typing import Any

from flask import Blueprint, Response, g, json, request

from ocr_server.errors import OcrServerError
from ocr_server.export import FORMATS
from ocr_server.export.archive import archive_of
from ocr_server.export.format import Rendering
from ocr_server.export.payload import page_to_json
from ocr_server.imaging.steps import STEPS
from ocr_server.languages import name_of
from ocr_server.model import Document
from ocr_server.pipeline import (
    Accepted,
    Event,
    Finished,
    PageFailed,
    PageRead,
    document_of,
)
from ocr_server.reading.suggestions import DICTIONARIES
from ocr_server.web.corrections import read_corrected
from ocr_server.web.forms import NDJSON, Asked, read_job, wants_events
from ocr_server.web.openapi import describe_api
from ocr_server.web.problems import problem_of, unexpected_problem
from ocr_server.web.service import HangUp, Service, hang_up, service
from ocr_server.web.tracing import server_timing

HEARTBEAT_S = 0.5

blueprint = Blueprint("api", __name__)


@blueprint.post("/v1/documents")
def create_document() -> Response:
    """Read a document and answer with its text, in any format."""
    here = service()
    asked = read_job(request, here)
    if wants_events(request):
        return _stream(here, asked)
    begun = time.perf_counter()
    with here.admission.turn():
        document = document_of(here.recognise(asked.job, hang_up()))
        read = time.perf_counter()
        response = answer_document(here, document, asked)
    response.headers["Server-Timing"] = server_timing(
        document, read=read - begun, render=time.perf_counter() - read
    )
    return response


@blueprint.post("/v1/render")
def render_document() -> Response:
    """A document's JSON, corrected by a person perhaps, in any format; nothing is recognised."""
    here = service()
    document, asked = read_corrected(request, here)
    with here.admission.turn():
        return answer_document(here, document, asked)


@blueprint.get("/v1/languages")
def list_languages() -> dict[str, Any]:
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
def list_formats() -> dict[str, Any]:
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
def list_steps() -> dict[str, Any]:
    """The steps that a picture can be taken through, with their parameters."""
    return {
        "default": "auto",
        "steps": [
            {
                "name": name,
                "meaning": step.meaning,
                "parameters": [asdict(parameter) for parameter in step.parameters],
            }
            for name, step in STEPS.items()
        ],
    }


@blueprint.get("/v1/profiles")
def list_profiles() -> dict[str, Any]:
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


def answer_document(here: Service, document: Document, asked: Asked) -> Response:
    """The document in the formats asked for: as it is in one, in an archive in several.

    Raises:
        OcrServerError: a page failed, and the format cannot say so.
    """
    failed = [failure.page for failure in document.problems]
    g.outcome |= _counts(document)
    if failed and asked.formats != ("json",) and not asked.partial:
        raise _failed_pages(document, failed)
    wanted = {name: FORMATS[name] for name in asked.formats}
    format_ = archive_of(wanted) if len(wanted) > 1 else wanted[asked.formats[0]]
    pieces = here.render(document, asked.job, format_=format_, rendering=asked.rendering)
    begun = [next(pieces, b"")]  # whatever can go wrong does so before the answer begins
    response = Response(chain(begun, pieces), content_type=format_.media_type)
    response.call_on_close(pieces.close)
    if not format_.shows_pictures:
        response.make_sequence()  # so that its length is known
    if failed:
        response.headers["OCR-Failed-Pages"] = ",".join(map(str, failed))
    return response


def _counts(document: Document) -> dict[str, Any]:
    counts = {"pages_read": len(document.pages), "pages_failed": len(document.problems)}
    if document.pages or not document.problems:
        return counts
    return counts | {"problem_code": document.problems[0].error.code}


def _failed_pages(document: Document, failed: list[int]) -> OcrServerError:
    first = document.problems[0].error
    return type(first)(
        f"{len(failed)} of {len(failed) + len(document.pages)} pages could not be read "
        f"({', '.join(map(str, failed))}). {first.message} Send partial=true to get the others.",
        **first.extra,
        failed_pages=[str(page) for page in failed],
    )


def _stream(here: Service, asked: Asked) -> Response:
    """The same as lines of JSON, one for each event, as they come."""
    cancelled = hang_up()
    turn = ExitStack()
    turn.enter_context(here.admission.turn())
    turn.callback(cancelled.set)
    lines = _lines(here, asked, cancelled, turn, g.outcome)
    response = Response(lines, content_type=NDJSON)
    response.call_on_close(turn.close)
    return response


def _lines(
    here: Service, asked: Asked, cancelled: HangUp, turn: ExitStack, outcome: dict[str, Any]
) -> Iterator[bytes]:
    """Events as lines of JSON; a heartbeat when nothing has happened for half a second.

    The turn is over before the last line is sent: who has read it may send the next request.
    `outcome` is filled in for the log.
    """
    events: queue.SimpleQueue[Event | Exception | None] = queue.SimpleQueue()
    begun = time.perf_counter()

    def read() -> None:
        try:
            for event in here.recognise(asked.job, cancelled):
                events.put(event)
        except Exception as error:  # noqa: BLE001  # told below, as `answer_unexpected` does
            events.put(error)
        finally:
            events.put(None)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        while True:
            try:
                event = events.get(timeout=HEARTBEAT_S)
            except queue.Empty:
                yield _line(event="heartbeat", elapsed_ms=_ms(begun))
                continue
            if event is None:
                return
            told = _told(event, asked.rendering, begun)
            if isinstance(event, Finished):
                outcome |= _counts(event.document)
                turn.close()
            elif isinstance(event, Exception):
                outcome["problem_code"] = told["code"]
                turn.close()
            yield _line(**told)
    finally:
        cancelled.set()
        reader.join()


def _told(event: Event | Exception, rendering: Rendering, begun: float) -> dict[str, Any]:
    match event:
        case Accepted(pages):
            return {"event": "accepted", "pages": pages}
        case PageRead(page):
            return {"event": "page", "page": page_to_json(page, rendering)}
        case PageFailed(failure):
            return {"event": "problem", "page": failure.page, **problem_of(failure.error)}
        case Finished(document):
            return {
                "event": "end",
                "engine": {
                    "name": document.engine.name,
                    "version": document.engine.version,
                },
                "pages": len(document.pages),
                "failed_pages": [failure.page for failure in document.problems],
                "confidence": round(document.confidence, 4),
                "elapsed_ms": _ms(begun),
            }
        case OcrServerError():
            return {"event": "problem", **problem_of(event)}
        case _:
            return {"event": "problem", **unexpected_problem(event)}


def _line(**members: object) -> bytes:
    return json.dumps(members).encode() + b"\n"


def _ms(begun: float) -> int:
    return round((time.perf_counter() - begun) * 1000)
