"""One log line for each request, with an id that the answer bears too; and its numbers."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Flask, Response, g, request

from ocr_server.metrics import Metrics
from ocr_server.web.service import service
from ocr_server.web.tracing import request_id, trace_of

_QUIET = {"/livez", "/readyz"}

log = logging.getLogger("ocr_server.access")


def init_app(app: Flask) -> None:
    """Number, time, count and log every request, a stream at its end."""
    app.before_request(_begin)
    app.after_request(_end)


def _begin() -> None:
    g.request_id = request_id(request)
    g.begun = time.perf_counter()
    g.outcome = {}


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    tell = partial(
        _tell,
        metrics=service().metrics,
        begun=g.begun,
        outcome=g.outcome,
        # Any word may be sent as a method; each would be a time series for ever.
        method=request.method if request.url_rule else "-",
        is_quiet=request.path in _QUIET and response.status_code < 400,
        line={
            "id": g.request_id,
            "method": request.method,
            "route": str(request.url_rule or "-"),
            "status": response.status_code,
            "bytes_in": request.content_length or 0,
            **trace_of(request),
        },
    )
    if response.is_streamed and "Content-Length" not in response.headers:
        response.response = _counted(response.iter_encoded(), g.outcome)
        response.call_on_close(tell)
    else:
        length = response.content_length or response.calculate_content_length()
        g.outcome["bytes_out"] = length or 0
        tell()
    return response


def _counted(pieces: Iterator[bytes], outcome: dict[str, Any]) -> Iterator[bytes]:
    outcome["bytes_out"] = 0
    for piece in pieces:
        outcome["bytes_out"] += len(piece)
        yield piece


def _tell(
    *,
    metrics: Metrics,
    begun: float,
    outcome: dict[str, Any],
    method: str,
    is_quiet: bool,
    line: dict[str, Any],
) -> None:
    duration_s = time.perf_counter() - begun
    metrics.count_request(
        route=line["route"], method=method, status=line["status"], duration_s=duration_s
    )
    if "problem_code" in outcome:
        metrics.count_refusal(outcome["problem_code"])
    if not is_quiet:
        duration_ms = round(duration_s * 1000, 1)
        log.info("request", extra={**line, "duration_ms": duration_ms, **outcome})
