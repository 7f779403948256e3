"""What is said to a request before its body is there: a stranger's body is not even taken.

The HTTP server asks it as soon as it has the headers of a request with a body. What is refused
there goes to the application without the body, so that all refusals are answered, logged and
counted in one way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request

from ocr_server.errors import OcrServerError
from ocr_server.web import auth, browser
from ocr_server.web.context import service_of
from ocr_server.web.frames import LIVE_ENDPOINT

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

REFUSAL = "ocr_server.refusal"  # in the WSGI environment: the error that is the answer


def init_app(app: Flask) -> None:
    """Answer what was refused already, and refuse pages of other sites and who has no key."""
    app.before_request(_answer_refusal)
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
        admission = service_of(app).admission
        return admission.why_refused(is_live=request.endpoint == LIVE_ENDPOINT)


def _answer_refusal() -> None:
    refusal: Exception | None = request.environ.get(REFUSAL)
    if refusal is not None:
        raise refusal
