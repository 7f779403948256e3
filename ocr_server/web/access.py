"""One log line for each request, with an id that the answer bears too."""

from __future__ import annotations

import logging
import re
import time
import uuid

from flask import Flask, Response, g, request

_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")  # what may go into a log line as it came
_QUIET = {"/livez", "/readyz"}

log = logging.getLogger("ocr_server.access")


def init_app(app: Flask) -> None:
    """Number, time and log every request."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    given = request.headers.get("X-Request-ID", "")
    g.request_id = given if _ID.fullmatch(given) else uuid.uuid4().hex
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    if request.path in _QUIET and response.status_code < 400:
        return response
    log.info(
        "request",
        extra={
            "id": g.request_id,
            "method": request.method,
            "route": str(request.url_rule or "-"),
            "status": response.status_code,
            "bytes_in": request.content_length or 0,
            "bytes_out": response.content_length or 0,
            "duration_ms": round((time.perf_counter() - g.begun) * 1000, 1),
            **{
                name: g.get(name)
                for name in ("pages_read", "pages_failed", "problem_code")
                if g.get(name) is not None
            },
        },
    )
    return response
