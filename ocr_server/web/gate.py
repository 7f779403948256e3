"""What is said to a request before its body is there: a stranger's body is not even taken.

The HTTP server asks it as soon as it has the headers of a request with a body. What is refused
there goes to the application without the body, so that all refusals are answered, logged and
counted in one way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request

from ocr_server.errors import OcrServerError
from ocr_server.request.faults import body_too_large
from ocr_server.settings import Settings
from ocr_server.web import auth, browser
from ocr_server.web.context import service, service_of
from ocr_server.web.frames import LIVE_ENDPOINT
from ocr_server.web.jobs import JOB_ENDPOINT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

# In the WSGI environment: the error that is the answer, and how much of the body is there.
REFUSAL, RECEIVED_BYTES = "ocr_server.refusal", "ocr_server.received_bytes"


def init_app(app: Flask) -> None:
    """Answer what was refused already, and refuse pages of other sites and who has no key."""
    app.before_request(_answer_refusal)
    app.before_request(_limit_body)
    app.before_request(browser.check_site)
    app.before_request(auth.check_key)


def refusal_of(app: Flask, environ: WSGIEnvironment) -> Exception | None:
    """Why the request with these headers will be refused, whatever its body is."""
    with app.request_context(environ):
        try:
            browser.check_site()
            auth.check_key(has_body=False)
        except OcrServerError as error:
            return error
        if request.routing_exception is not None:
            return request.routing_exception
        limit = _most_bytes(service_of(app).settings)
        if max(request.content_length or 0, environ.get(RECEIVED_BYTES, 0)) > limit:
            is_job = request.endpoint == JOB_ENDPOINT
            return body_too_large(limit, *(["OCR_JOBS_MAX_BYTES"] if is_job else []))
        admission = service_of(app).admission
        return admission.why_refused(is_live=request.endpoint == LIVE_ENDPOINT)


def most_bytes(settings: Settings) -> int:
    """Bytes that the body of any request may have."""
    return max(settings.max_body_bytes, settings.jobs_max_bytes if settings.jobs else 0)


def _most_bytes(settings: Settings) -> int:
    """Bytes that the body of the current request may have."""
    is_job = settings.jobs and request.endpoint == JOB_ENDPOINT
    return settings.jobs_max_bytes if is_job else settings.max_body_bytes


def _limit_body() -> None:
    request.max_content_length = _most_bytes(service().settings)


def _answer_refusal() -> None:
    refusal: Exception | None = request.environ.get(REFUSAL)
    if refusal is not None:
        raise refusal
