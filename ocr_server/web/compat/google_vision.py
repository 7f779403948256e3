"""Google Cloud Vision v1: `images:annotate` and `files:annotate`, for text.

Of a file at most five pages are read at once, as at Google: each letter is told with its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import msgspec
from flask import Blueprint, Response, g, request

from ocr_server.deadline import Deadline
from ocr_server.errors import InvalidOptions, OcrServerError, UnsupportedFormat
from ocr_server.job import PageSelection, ReadOptions, Source
from ocr_server.pipeline import count_pages
from ocr_server.sources.signatures import media_type_of_file
from ocr_server.web.auth import KeyPlaces
from ocr_server.web.body import JSON, body_of, decoded_image
from ocr_server.web.compat.adapter import (
    Adapter,
    ErrorKind,
    NamedErrors,
    answer_errors,
    hinted_languages,
    job_of,
    kind_of,
    read_job,
    refusal,
)
from ocr_server.web.compat.google_text import file_annotations, picture_annotations
from ocr_server.web.context import hang_up, service
from ocr_server.web.json_body import Value

MOST_REQUESTS, MOST_PAGES = 16, 5
_FEATURES = {5, 11, "TEXT_DETECTION", "DOCUMENT_TEXT_DETECTION"}
_VERSION = "<any(v1, v1p1beta1, v1p2beta1, v1p3beta1, v1p4beta1):version>"
_WHAT = "<any(images, files):what>"
Json: TypeAlias = dict[str, Any]  # as mixed as what Google sends and answers

blueprint = Blueprint("google-vision", __name__)


@blueprint.post(f"/{_VERSION}/{_WHAT}:annotate")
@blueprint.post(f"/{_VERSION}/projects/<project>/{_WHAT}:annotate")
@blueprint.post(f"/{_VERSION}/projects/<project>/locations/<location>/{_WHAT}:annotate")
def annotate(what: str, **names: str) -> Response:
    """The text of each picture, or of the pages of each file."""
    del names
    requests = _requests()
    answer_to = _picture if what == "images" else _file
    deadline = Deadline.after(service().settings.timeout_s)
    with service().admission.admit():
        answers = [_or_error(answer_to, one, deadline) for one in requests]
    return Response(msgspec.json.encode({"responses": answers}), content_type=JSON)


@blueprint.post(f"/{_VERSION}/{_WHAT}:asyncBatchAnnotate")
@blueprint.post(f"/{_VERSION}/projects/<project>/{_WHAT}:asyncBatchAnnotate")
@blueprint.post(f"/{_VERSION}/projects/<project>/locations/<location>/{_WHAT}:asyncBatchAnnotate")
def refuse_asynchronous(**names: str) -> Response:
    """Google's asynchronous calls read and write its own storage."""
    del names
    error = InvalidOptions("This server has no buckets. Use images:annotate or files:annotate.")
    return _told(error, 501, "UNIMPLEMENTED")


def _requests() -> list[Value]:
    try:
        requests = body_of(request, forms=()).members()["requests"].items()
    except (KeyError, ValueError) as error:
        raise InvalidOptions('The body must be {"requests": [{"image": …, …}]}.') from error
    if len(requests) > MOST_REQUESTS:
        raise InvalidOptions(f"There are {len(requests)} requests; the limit is {MOST_REQUESTS}.")
    return requests


def _or_error(
    answer_to: Callable[[dict[str, Value], Deadline], Json], one: Value, deadline: Deadline
) -> Json:
    """The answer to one request; its error, unless that is one of the server as a whole."""
    try:
        return answer_to(one.members(), deadline)
    except ValueError as error:
        return _status(InvalidOptions(f"The request is not understood: {error}."))
    except OcrServerError as error:
        if kind_of(error) in {ErrorKind.BUSY, ErrorKind.AWAY}:
            raise
        g.outcome["problem_code"] = error.code
        return _status(error)


def _picture(sent: dict[str, Value], deadline: Deadline) -> Json:
    image = sent["image"].members() if "image" in sent else {}
    if "content" not in image:
        raise InvalidOptions("Send image.content; nothing is fetched from addresses.")
    source = _decoded(image["content"])
    first = PageSelection(((1, 1),))  # of a picture of several pages
    document = read_job(job_of(source, _reading(sent), timeout_s=deadline.left_s(), pages=first))
    return picture_annotations(document.pages[0])


def _file(sent: dict[str, Value], deadline: Deadline) -> Json:
    config = sent["inputConfig"].members() if "inputConfig" in sent else {}
    if "content" not in config:
        raise InvalidOptions("Send inputConfig.content; nothing is fetched from buckets.")
    source = _decoded(config["content"])
    job = job_of(source, _reading(sent), timeout_s=deadline.left_s())
    total = sum(count_pages(job, service().workers, hang_up()))
    document = read_job(replace(job, pages=_pages(sent, total)), is_partial=True)
    answers = {page.number: file_annotations(page) for page in document.pages}
    answers |= {failure.page: _status(failure.error) for failure in document.problems}
    mime_type = config["mimeType"].parsed() if "mimeType" in config else None
    return {
        "inputConfig": {"mimeType": mime_type or media_type_of_file(source.path)},
        "totalPages": total,
        "responses": [
            answers[number] | {"context": {"pageNumber": number}} for number in sorted(answers)
        ],
    }


def _decoded(content: Value) -> Source:
    source = decoded_image(content)
    if not source.size_bytes:
        raise UnsupportedFormat("The content is empty. Send a picture or PDF.")
    return source


def _reading(sent: dict[str, Value]) -> ReadOptions:
    features = sent["features"].parsed() if "features" in sent else []
    kinds = [one.get("type") for one in features if isinstance(one, dict)]
    if not any(kind in _FEATURES for kind in kinds if isinstance(kind, int | str)):
        raise InvalidOptions("This server has TEXT_DETECTION and DOCUMENT_TEXT_DETECTION only.")
    context = sent["imageContext"].parsed() if "imageContext" in sent else None
    hints = context.get("languageHints") if isinstance(context, dict) else None
    return ReadOptions(languages=hinted_languages(map(str, hints or ())), symbols=True)


def _pages(sent: dict[str, Value], total: int) -> PageSelection:
    numbers = sent["pages"].parsed() if "pages" in sent else None
    if not numbers:
        return PageSelection(((1, min(MOST_PAGES, total)),))
    if not all(isinstance(number, int) and number for number in numbers):
        raise InvalidOptions("pages must be numbers from 1, or from -1, the last page.")
    if len(numbers) > MOST_PAGES:
        raise InvalidOptions(f"There are {len(numbers)} pages; the limit is {MOST_PAGES}.")
    return PageSelection(tuple((number, number) for number in numbers))


_ERRORS: NamedErrors = {
    ErrorKind.KEY: (403, "PERMISSION_DENIED"),
    ErrorKind.REQUEST: (400, "INVALID_ARGUMENT"),
    ErrorKind.MISSING: (404, "NOT_FOUND"),
    ErrorKind.TOO_LARGE: (400, "INVALID_ARGUMENT"),
    ErrorKind.DOCUMENT: (400, "INVALID_ARGUMENT"),
    ErrorKind.SPENT: (400, "FAILED_PRECONDITION"),
    ErrorKind.BUSY: (503, "UNAVAILABLE"),
    ErrorKind.AWAY: (503, "UNAVAILABLE"),
}
_INVALID, _INTERNAL = 3, 13  # gRPC's codes


def _status(error: OcrServerError) -> Json:
    """An error in the place of one answer."""
    code = _INTERNAL if kind_of(error) is ErrorKind.SPENT else _INVALID
    return {"error": {"code": code, "message": error.client_message}}


def _answer(error: OcrServerError) -> Response:
    return _told(error, *_ERRORS[kind_of(error)])


def _told(error: OcrServerError, status: int, name: str) -> Response:
    body = json.dumps({"error": {"code": status, "message": error.client_message, "status": name}})
    return refusal(error, body, status=status, media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`images:annotate` and `files:annotate` of Google Cloud Vision, for text",
    key=KeyPlaces(header="x-goog-api-key", query="key"),
)
