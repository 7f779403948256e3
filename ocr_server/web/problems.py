"""Errors as the client sees them.

`STATUS` has the HTTP status of each error. The API answers `application/problem+json` (RFC 9457),
the pages an HTML page with the title and the detail of the problem.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from http import HTTPStatus
from typing import Annotated, NotRequired, cast

from flask import Flask, Request, Response, g, json, render_template, request
from pydantic import Field
from typing_extensions import TypedDict
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    NotFound,
    RequestEntityTooLarge,
)

from ocr_server import errors
from ocr_server.document.schema import (
    ErrorNumbersJson,
    strict,
)
from ocr_server.errors import BodyTooLarge, OcrServerError, ServerOutOfMemory, StorageFull
from ocr_server.request.faults import body_too_large, joined_faults
from ocr_server.web.context import is_folder_removed, service
from ocr_server.web.translation import ENGLISH, asked_language, page_language, retold

MEDIA_TYPE = "application/problem+json"
# Not in any standard: what servers log when nobody was left to answer.
CLIENT_CLOSED_REQUEST = 499

STATUS: Mapping[type[OcrServerError], int] = {
    errors.InvalidOptions: 400,
    errors.FormatUnavailable: 422,
    errors.TableMissing: 422,
    errors.LanguageMissing: 422,
    errors.EngineUnavailable: 422,
    errors.CodesUnavailable: 422,
    errors.JobMissing: 404,
    errors.JobsOff: 404,
    errors.PairingMissing: 404,
    errors.JobGone: 410,
    errors.JobNotDone: 409,
    errors.UploadConflict: 409,
    errors.UploadVersion: 412,
    errors.IdempotencyConflict: 422,
    errors.KeyMissing: 401,
    errors.KeyWrong: 401,
    errors.BodyTooLarge: 413,
    errors.TooSlow: 408,
    errors.ForeignHost: 421,
    errors.CrossSite: 403,
    errors.UnsupportedFormat: 415,
    errors.DamagedPicture: 422,
    errors.EncryptedDocument: 422,
    errors.SignedDocument: 422,
    errors.NoText: 422,
    errors.PageMissing: 422,
    errors.TooManyPixels: 413,
    errors.TooManyPages: 413,
    errors.TooManyWords: 413,
    errors.AnswerTooLarge: 413,
    errors.EndsProcess: 422,
    errors.OutOfMemory: 413,
    errors.EngineMissing: 503,
    errors.EngineFailed: 503,
    errors.WorkerLost: 503,
    errors.QueueFull: 429,
    errors.TooManyJobs: 429,
    errors.JobsUnavailable: 503,
    errors.TooManyConnections: 503,
    errors.Draining: 503,
    errors.StorageFull: 503,
    errors.ServerOutOfMemory: 503,
    errors.NoWorker: 503,
    errors.ClientGone: CLIENT_CLOSED_REQUEST,
    errors.DeadlinePassed: 504,
}
# Paths of programs; everything else is a page.
COMPAT = "compat"  # the blueprint of the adapters' routes
API_PATHS = ("/v1/", "/mcp", "/livez", "/readyz", "/version", "/metrics", "/openapi.json")

log = logging.getLogger(__name__)


@strict
class FaultJson(TypedDict):
    """One thing that is wrong with a request."""

    field: str
    """the option, or the path into the JSON"""
    message: str


@strict
class ProblemJson(ErrorNumbersJson):
    """RFC 9457; the numbers of the error stand beside its own members."""

    type: str
    title: str
    status: int
    detail: Annotated[str, Field(description="what was wrong, what was expected and what to do")]
    code: Annotated[str, Field(description="which error it is; it never changes")]
    page: NotRequired[Annotated[int, Field(description="the page that it is about, from 1")]]
    faults: NotRequired[Annotated[list[FaultJson], Field(description="all faults of a request")]]


def init_app(app: Flask) -> None:
    """Answer every error, whoever raised it, in the one shape."""
    app.register_error_handler(OcrServerError, answer_error)
    app.register_error_handler(HTTPException, answer_http_exception)
    app.register_error_handler(Exception, answer_unexpected)


def problem_of(error: OcrServerError) -> ProblemJson:
    """The members of a problem (RFC 9457, section 3.1), the error's extra beside them."""
    problem = {
        "type": f"urn:ocr-server:problem:{error.code}",
        "title": error.title,
        "status": STATUS[type(error)],
        "detail": error.message,
        "code": error.code,
        **error.extra,
    }
    return cast(ProblemJson, problem)  # a test holds the names of all extra to the type


def answer_error(error: OcrServerError) -> Response:
    """One of our own errors."""
    if is_folder_removed():  # whatever was noticed of it
        error = StorageFull.of_temp_dir()
    response = _answer(problem_of(error))
    response.headers.update(headers_of(error))
    return response


def headers_of(error: OcrServerError) -> dict[str, str]:
    """Headers of the answer: `Retry-After`, or `WWW-Authenticate`."""
    may_come_back = (
        errors.QueueFull
        | errors.TooManyJobs
        | errors.TooManyConnections
        | errors.Draining
        | errors.ServerOutOfMemory
    )
    if isinstance(error, may_come_back):
        return {"Retry-After": str(error.extra.get("retry_after_s", 1))}
    if isinstance(error, errors.KeyMissing | errors.KeyWrong):
        return {"WWW-Authenticate": 'Bearer realm="ocr-server"'}
    return {}


def answer_http_exception(error: HTTPException) -> Response:
    """One of Flask's: no such page, wrong method, body too large, a form that does not parse."""
    if isinstance(error, RequestEntityTooLarge):
        limit = request.max_content_length or service().settings.max_body_bytes
        is_whole = (request.content_length or limit + 1) > limit
        return answer_error(body_too_large(limit) if is_whole else _field_too_large())
    status = HTTPStatus(error.code or 500)
    response = _answer(
        {
            "type": "about:blank",
            "title": status.phrase,
            "status": int(status),
            "detail": _detail_of(error) or error.description or status.description,
            "code": status.name.lower().replace("_", "-"),
        }
    )
    for name, value in error.get_headers():
        if name == "Allow":
            response.headers[name] = value
    return response


def _detail_of(error: HTTPException) -> str | None:
    """What to do about a wrong path or method."""
    if isinstance(error, NotFound):
        if is_api(request):
            return "There is no such route. /openapi.json lists those that there are."
        return "There is no such page. The menu at the top lists those that there are."
    if isinstance(error, MethodNotAllowed):
        methods = sorted(set(error.valid_methods or ()) - {"HEAD", "OPTIONS"})
        return f"This address does not take {request.method[:20]}. Use {' or '.join(methods)}."
    return None


def answer_unexpected(error: Exception) -> Response:
    """The problem of an unexpected error, without its text, which is only logged."""
    if is_folder_removed():
        return answer_error(StorageFull.of_temp_dir())
    if isinstance(error, MemoryError):
        log.warning("a request was given up, as the server process may take no more memory")
        return answer_error(ServerOutOfMemory.of_server())
    return _answer(unexpected_problem(error))


def unexpected_problem(error: Exception) -> ProblemJson:
    """The members of such a problem; the error goes into the log."""
    log.error("unexpected", exc_info=error)
    return {
        "type": "about:blank",
        "title": "Internal error",
        "status": 500,
        "detail": "The server met an error of its own; its log has the reason.",
        "code": "internal-error",
    }


def _field_too_large() -> BodyTooLarge:
    return BodyTooLarge(
        "The form has more text than options can need. Send the picture as a file part "
        "(curl: -F file=@scan.jpg), not as the text of a field."
    )


def is_api(request: Request) -> bool:
    """Whether a program asks, not a person."""
    return (
        request.path.startswith(API_PATHS)
        or COMPAT in request.blueprints
        or service().settings.pages == "off"
        # Browsers name what they show; a program that mistyped a path does not.
        or (request.url_rule is None and "text/html" not in request.headers.get("Accept", ""))
    )


def retold_problem(problem: ProblemJson, language: str) -> ProblemJson:
    """A problem in another language, all its faults too."""
    told = problem.copy()
    told["title"] = retold(problem["title"], language)
    told["detail"] = retold(problem["detail"], language)
    if "faults" in problem and language != ENGLISH:
        faults = [
            (fault["field"], retold(fault["message"], language)) for fault in problem["faults"]
        ]
        told["faults"] = [{"field": field, "message": message} for field, message in faults]
        told["detail"] = retold(f"Not understood: {joined_faults(faults)}", language)
    return told


def _answer(problem: ProblemJson) -> Response:
    g.outcome["problem_code"] = problem["code"]
    is_program = is_api(request)
    language = asked_language() if is_program else page_language()
    if COMPAT in request.blueprints:
        language = ENGLISH  # as the other service has it
    told = retold_problem(problem, language)
    if is_program:
        response = Response(json.dumps(told), content_type=MEDIA_TYPE)
        response.vary.add("Accept-Language")
    else:
        # Half of a surrogate pair, which JSON can carry, is no UTF-8.
        page = render_template("problem.html", problem=told).encode(errors="replace")
        response = Response(page)
    response.status_code = problem["status"]
    return response
