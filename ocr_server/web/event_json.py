"""The events of reading a document, as lines of JSON."""

from __future__ import annotations

import time
from typing import Annotated, Any, Literal, TypeAlias, cast

from flask import json
from pydantic import Field
from typing_extensions import TypedDict

from ocr_server.document.model import Page
from ocr_server.document.schema import Count, PageJson, Share, strict
from ocr_server.errors import OcrServerError
from ocr_server.export.json import page_to_json
from ocr_server.export.rendering import Rendering
from ocr_server.pipeline import Accepted, Event, Finished, PageFailed, PageRead
from ocr_server.web.health import EngineNameJson
from ocr_server.web.problems import ProblemJson, problem_of, unexpected_problem
from ocr_server.web.translation import retold_event


@strict
class AcceptedEventJson(TypedDict):
    """The first event: how many pages are going to be read."""

    event: Literal["accepted"]
    pages: Count


@strict
class ProgressEventJson(TypedDict):
    """How far a page is."""

    event: Literal["progress"]
    page: Count
    stage: str
    """the stage that is going on"""
    parts_done: Count
    """how many of the parts in which the page is read are done"""
    parts: Count
    """1 until the page is known to be cut into more"""


@strict
class PageEventJson(TypedDict):
    """A page is ready."""

    event: Literal["page"]
    page: PageJson


@strict
class PictureEventJson(TypedDict):
    """A picture of a page that is ready, with `pictures=true`."""

    event: Literal["picture"]
    page: Count
    """its number"""
    media_type: Literal["image/jpeg"]
    content: str
    """its bytes, in base64"""


@strict
class ProblemEventJson(ProblemJson):
    """A page that failed (`page`), or the whole document."""

    event: Literal["problem"]


@strict
class HeartbeatEventJson(TypedDict):
    """Nothing has happened for half a second."""

    event: Literal["heartbeat"]
    elapsed_ms: Annotated[int, Field(ge=0)]


@strict
class EndEventJson(TypedDict):
    """The last event: what became of all pages."""

    event: Literal["end"]
    engine: EngineNameJson
    pages: Count
    failed_pages: list[int]
    """their numbers"""
    confidence: Share
    elapsed_ms: Annotated[int, Field(ge=0)]


EventJson: TypeAlias = Annotated[
    AcceptedEventJson
    | ProgressEventJson
    | PageEventJson
    | PictureEventJson
    | ProblemEventJson
    | HeartbeatEventJson
    | EndEventJson,
    Field(discriminator="event"),
]


def event_to_json(
    event: Event | Exception, rendering: Rendering, begun: float, *, language: str
) -> EventJson:
    """An event as it is sent, its errors and advice in a language of the pages.

    `begun` is when the reading began, of `time.perf_counter()`.
    """
    answer: EventJson
    match event:
        case Accepted(page_refs):
            answer = {"event": "accepted", "pages": len(page_refs)}
        case PageRead(page):
            assert isinstance(page, Page)  # noqa: S101  # stored ones are written elsewhere
            answer = {"event": "page", "page": page_to_json(page, rendering)}
        case PageFailed(failure):
            answer = {"event": "problem", "page": failure.page, **problem_of(failure.error)}
        case Finished(document):
            answer = {
                "event": "end",
                "engine": {
                    "name": document.engine.name,
                    "version": document.engine.version,
                },
                "pages": len(document.pages),
                "failed_pages": [failure.page for failure in document.problems],
                "confidence": round(document.confidence, 4),
                "elapsed_ms": elapsed_ms(begun),
            }
        case OcrServerError():
            answer = {"event": "problem", **problem_of(event)}
        case _:
            answer = {"event": "problem", **unexpected_problem(event)}
    retold_event(cast("dict[str, Any]", answer), language)
    return answer


def line_of(event: EventJson) -> bytes:
    """The line of JSON of an event."""
    return json.dumps(event).encode() + b"\n"


def elapsed_ms(begun: float) -> int:
    """Milliseconds since `begun`, of `time.perf_counter()`."""
    return round((time.perf_counter() - begun) * 1000)
