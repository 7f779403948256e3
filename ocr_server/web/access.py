"""One log line for each request, with an id that the answer bears too; and its numbers."""

from __future__ import annotations

import logging
import time

from flask import Flask, Response, g, request

from ocr_server.web.service import service
from ocr_server.web.tracing import request_id, trace_of

_QUIET = {"/livez", "/readyz"}

log = logging.getLogger("ocr_server.access")


def init_app(app: Flask) -> None:
    """Number, time, count and log every request."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.request_id = request_id(request)
    g.begun = time.perf_counter()


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    route, duration_s = str(request.url_rule or "-"), time.perf_counter() - g.begun
    metrics = service().metrics
    metrics.count_request(
        route=route,
        # Any word may be sent as a method; each would be a time series for ever.
        method=request.method if request.url_rule else "-",
        status=response.status_code,
        duration_s=duration_s,
    )
    if "problem_code" in g:
        metrics.count_refusal(g.problem_code)
    if request.path in _QUIET and response.status_code < 400:
        return response
    log.info(
        "request",
        extra={
            "id": g.request_id,
            "method": request.method,
            "route": route,
            "status": response.status_code,
            "bytes_in": request.content_length or 0,
            "bytes_out": response.content_length or 0,
            "duration_ms": round(duration_s * 1000, 1),
            **trace_of(request),
            **{
                name: g.get(name)
                for name in ("pages_read", "pages_failed", "problem_code")
                if g.get(name) is not None
            },
        },
    )
    return response
