"""Cross-origin requests: refused by browsers, but from the origins that the operator names.

Source: WHATWG Fetch Standard, section 3.3 (the CORS protocol).
"""

from __future__ import annotations

from collections.abc import Collection
from functools import partial

from flask import Flask, Response, request

from ocr_server.web.service import service_of

ANY = "*"
METHODS = "GET, POST, PUT"
# What a script may read of an answer beyond its body and type.
EXPOSED = "OCR-Failed-Pages, Retry-After, Server-Timing, WWW-Authenticate, X-Request-ID"
PREFLIGHT_S = 600  # how long a browser may remember the answer; Chromium allows 7200


def init_app(app: Flask) -> None:
    """Let the named origins in; do nothing if none are."""
    origins = frozenset(service_of(app).settings.cors_origins)
    if origins:
        app.before_request(partial(_answer_preflight, origins))
        app.after_request(partial(_allow, origins))


def _answer_preflight(origins: frozenset[str]) -> Response | None:
    """A browser asks before it sends what a form could not; it never bears a key then."""
    wanted = request.headers.get("Access-Control-Request-Method")
    if request.method != "OPTIONS" or not wanted:
        return None
    if not permission(origins, request.headers.get("Origin")):
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
    response.headers.update(permission(origins, request.headers.get("Origin")))
    return response


def permission(origins: Collection[str], origin: str | None) -> dict[str, str]:
    """The headers that let scripts of an origin read an answer; none where it is not let in."""
    if origin is None or not (ANY in origins or origin in origins):
        return {}
    return {
        "Access-Control-Allow-Origin": ANY if ANY in origins else origin,
        "Access-Control-Expose-Headers": EXPOSED,
    }
