"""What the routes of all rivals share: the same job and pipeline as everything else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from flask import Blueprint, Response, g
from werkzeug.exceptions import RequestEntityTooLarge

from ocr_server.deadline import Deadline
from ocr_server.document.model import Document
from ocr_server.errors import OcrServerError
from ocr_server.export import FORMATS
from ocr_server.export.format import Rendering
from ocr_server.job import Job, ReadOptions, Source
from ocr_server.pipeline import document_from_events
from ocr_server.web.bodies import parsed_json
from ocr_server.web.forms import limits_of
from ocr_server.web.problems import body_too_large, headers_of
from ocr_server.web.service import check_installed, hang_up, service

Answer: TypeAlias = Callable[[OcrServerError], Response]


@dataclass(frozen=True, slots=True)
class Adapter:
    """Another server whose clients work here; `status` is its share of the route `/status`."""

    blueprint: Blueprint
    meaning: str
    status: Callable[[], dict[str, Any]] | None = None


def read(
    data: bytes,
    reading: ReadOptions,
    *,
    timeout_s: float | None = None,
    password: str | None = None,
) -> Document:
    """The document in `data`: all of its pages or none, as no rival knows of failed ones.

    Raises:
        OcrServerError: it, or a page of it, could not be read.
    """
    here = service()
    check_installed(reading.languages, here.engine)
    most_s = here.settings.timeout_s
    job = Job(
        sources=(Source(data),),
        options=replace(reading, engine=here.settings.engine),
        limits=limits_of(here.settings),
        deadline=Deadline.after(min(timeout_s or most_s, most_s)),
        password=password,
    )
    with here.admission.turn():
        document = document_from_events(here.recognise(job, hang_up()))
    g.outcome |= {"pages_read": len(document.pages), "pages_failed": len(document.problems)}
    if document.problems:
        raise document.problems[0].error
    return document


def rendered(document: Document, name: str) -> str:
    """The document in one of our formats."""
    return b"".join(FORMATS[name].render(document, (), Rendering())).decode()


def json_object(text: str | bytes) -> dict[str, Any]:
    """The members of an object in JSON.

    Raises:
        ValueError: it is none; the message is for the client.
    """
    try:
        value = parsed_json(text.encode() if isinstance(text, str) else text)
    except ValueError as error:
        raise ValueError(f"this is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ValueError("this is not a JSON object")  # noqa: TRY004  # said to the client
    return value


def answer_errors(blueprint: Blueprint, answer: Answer) -> None:
    """Let a rival's routes tell every error in the rival's own form."""

    def answer_too_large(_: RequestEntityTooLarge) -> Response:
        return answer(body_too_large(service().settings.max_body_bytes))

    blueprint.register_error_handler(OcrServerError, answer)
    blueprint.register_error_handler(RequestEntityTooLarge, answer_too_large)


def refusal(error: OcrServerError, body: str, *, status: int, media_type: str) -> Response:
    """An answer that tells an error; log and numbers get its code."""
    g.outcome["problem_code"] = error.code
    response = Response(body, status, content_type=media_type)
    response.headers.update(headers_of(error))
    return response
