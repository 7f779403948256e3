"""What browsers need of an answer: security headers, compressed scripts, and cross-origin requests.

Requests that a browser sends for pages of other origins are refused, but for those that the
operator names.
"""

from __future__ import annotations

import gzip
import re
from functools import partial

from flask import Flask, Response, request

from ocr_server.browser_safety import cross_origin_headers, is_cross_site, security_headers
from ocr_server.errors import CrossSite
from ocr_server.web.context import service, service_of

# data: and blob: are the user's own pictures.
HEADERS = security_headers(
    {
        "img-src": "'self' blob: data:",
        "media-src": "'self' blob:",
        "connect-src": "'self'",
        "font-src": "'self'",
        "worker-src": "'self'",
        "manifest-src": "'self'",
        "form-action": "'self'",
    },
    has_camera=True,
)

# Scripts and styles travel compressed and without comments, so that they can be written to be read.
STATIC = {"static", "pages.catalogue", "install.worker"}
COMPRESSED_TYPES = {"text/css", "text/javascript", "image/svg+xml"}
# On lines of their own; what is left keeps its line, for the messages of browsers.
COMMENT = re.compile(rb"^ *(?://.*|/\*(?:[^*]|\*(?!/))*\*/)$", re.MULTILINE)

METHODS = "GET, POST, PUT, PATCH, DELETE"
PREFLIGHT_S = 600  # how long a browser may remember the answer; Chromium allows 7200


def init_app(app: Flask) -> None:
    """Protect every answer, compress static files, and let the named origins in."""
    app.after_request(_protect)
    app.after_request(_compress)
    origins = frozenset(service_of(app).settings.cors_origins)
    if origins:
        app.before_request(partial(_answer_preflight, origins))
        app.after_request(partial(_allow, origins))


def check_site() -> None:
    """Do nothing if the current request is not one that a browser sends for another site.

    Raises:
        CrossSite: it is.
    """
    origins = service().settings.cors_origins
    if is_cross_site(request.method, request.headers, host=request.host, origins=origins):
        raise CrossSite(
            "A browser sent this for a page of another site. If that page may use this server, "
            "name its origin, such as https://app.example, in OCR_CORS_ORIGINS; if it is a page "
            "of this server, let the proxy in front pass the header Host on.",
            setting="OCR_CORS_ORIGINS",
        )


def _protect(response: Response) -> Response:
    """Give an answer the headers; nothing but styles and scripts is kept by anybody."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _compress(response: Response) -> Response:
    """Make small what is served from `static` alone: answers may hold secrets, as BREACH finds."""
    if request.endpoint not in STATIC or response.mimetype not in COMPRESSED_TYPES:
        return response
    response.vary.add("Accept-Encoding")
    if response.status_code != 200 or not request.accept_encodings["gzip"]:
        return response
    response.direct_passthrough = False
    text = COMMENT.sub(_line_ends, response.get_data())
    response.set_data(gzip.compress(text, mtime=0))
    response.headers["Content-Encoding"] = "gzip"
    etag, _ = response.get_etag()
    if etag:
        response.set_etag(etag, weak=True)
    return response


def _line_ends(comment: re.Match[bytes]) -> bytes:
    return b"\n" * comment[0].count(b"\n")


def _answer_preflight(origins: frozenset[str]) -> Response | None:
    """A browser asks before it sends what a form could not; it never bears a key then."""
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or not wanted:
        return None
    if not cross_origin_headers(origins, request.headers.get("Origin")):
        return None
    response = Response(status=204)
    response.headers["Access-Control-Allow-Methods"] = METHODS
    response.headers["Access-Control-Max-Age"] = str(PREFLIGHT_S)
    headers = request.headers.get("Access-Control-Request-Headers")
    if headers:
        response.headers["Access-Control-Allow-Headers"] = headers
    return response


def _allow(origins: frozenset[str], response: Response) -> Response:
    response.vary.add("Origin")
    response.headers.update(cross_origin_headers(origins, request.headers.get("Origin")))
    return response
