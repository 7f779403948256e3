"""What all adapters share: their registration, reading, and the form of their errors.

An adapter answers as another service does, so that its clients work here by changing the address.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any, TypeAlias

from flask import Blueprint, Flask, Response, g
from werkzeug.exceptions import RequestEntityTooLarge

from ocr_server.deadline import Deadline
from ocr_server.document.model import Document
from ocr_server.errors import OcrServerError
from ocr_server.export import FORMATS
from ocr_server.job import Job, ReadOptions, Rendering, Source
from ocr_server.request.build import body_too_large, languages_of, limits_of
from ocr_server.web.body import Body, decoded_image
from ocr_server.web.context import hang_up, service
from ocr_server.web.problems import COMPAT as BLUEPRINT
from ocr_server.web.problems import headers_of

MOST_OTHERS = 16  # members beside the picture; no service has as many

Answer: TypeAlias = Callable[[OcrServerError], Response]


@dataclass(frozen=True, slots=True)
class Adapter:
    """Another server whose clients work here; `status` is its share of the route `/status`."""

    blueprint: Blueprint
    meaning: str
    status: Callable[[], dict[str, Any]] | None = None


def register(app: Flask, adapters: Sequence[Adapter]) -> None:
    """Serve the routes of these adapters, and the one that several have.

    `/status` has one answer for all of them: their members do not clash.
    """
    every = Blueprint(BLUEPRINT, __name__)
    for adapter in adapters:
        every.register_blueprint(adapter.blueprint)
    shares = [adapter.status for adapter in adapters if adapter.status]

    def answer_status() -> dict[str, Any]:
        return {name: value for share in shares for name, value in share().items()}

    if shares:
        every.add_url_rule("/status", view_func=answer_status)
    app.register_blueprint(every)


def read(
    source: Source,
    reading: ReadOptions,
    *,
    timeout_s: float | None = None,
    password: str | None = None,
) -> Document:
    """The document in a file: all of its pages or none, as no other service knows of failed ones.

    Raises:
        OcrServerError: it, or a page of it, could not be read.
    """
    here = service()
    languages: dict[str, Any] = languages_of(reading.languages, here.settings, here.engine)
    most_s = here.settings.timeout_s
    job = Job(
        sources=(source,),
        options=replace(reading, engine=here.settings.engine, **languages),
        limits=limits_of(here.settings),
        deadline=Deadline.after(min(timeout_s or most_s, most_s)),
        password=password,
    )
    with here.admission.admit():
        document = here.read(job, hang_up())
    g.outcome |= {"pages_read": len(document.pages), "pages_failed": len(document.problems)}
    if document.problems:
        raise document.problems[0].error
    return document


def rendered(document: Document, name: str) -> str:
    """The document in one of our formats."""
    return b"".join(FORMATS[name].render(document, (), Rendering())).decode()


def image_of(body: Body, name: str) -> tuple[Source, dict[str, Any]]:
    """The file in a member of an object of JSON, and its other members.

    Raises:
        ValueError: it is no such object, or there is no base64 in it; the message is for the
            client.
        StorageFull: the temporary folder is full or read-only.
    """
    members = body.members()
    image = members.pop(name, None)
    if image is None:
        raise ValueError("send base64 text or a data URL")
    others = islice(members.items(), MOST_OTHERS)
    return decoded_image(image), {other: value.parsed() for other, value in others}


def answer_errors(blueprint: Blueprint, answer: Answer) -> None:
    """Answer the errors of an adapter's routes in the form of the service that it replaces."""

    def answer_too_large(_: RequestEntityTooLarge) -> Response:
        return answer(body_too_large(service().settings.max_body_bytes))

    blueprint.register_error_handler(OcrServerError, answer)
    blueprint.register_error_handler(RequestEntityTooLarge, answer_too_large)


def refusal(error: OcrServerError, body: str, *, status: int, media_type: str) -> Response:
    """The answer of an error; log and metrics get its code."""
    g.outcome["problem_code"] = error.code
    response = Response(body, status, content_type=media_type)
    response.headers.update(headers_of(error))
    return response
