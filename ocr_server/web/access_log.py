"""One log line for each request: its id, the caller's trace, sizes, duration and outcome.

Answers carry the id in `X-Request-ID`, and durations in `Server-Timing`.
"""

from __future__ import annotations

import logging
import re
import time
import uuid
from collections import defaultdict
from collections.abc import Iterator
from functools import partial
from typing import Any

from flask import Flask, Request, Response, g, request

from ocr_server.document.model import Document
from ocr_server.metrics import Metrics
from ocr_server.traces import RequestSpan
from ocr_server.web.browser import STATIC
from ocr_server.web.context import service

_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")  # what may go into a log line as it came
# W3C Trace Context, section 3.2: version, trace id, parent id, flags; all zeros are invalid.
# Versions to come may append fields; ff is forbidden.
_TRACE = re.compile(
    r"(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(-.*)?"
)
CALLER = ("traceparent", "tracestate")
_NOT_OF_A_TOKEN = re.compile(r"[^A-Za-z0-9_\-]+")

log = logging.getLogger("ocr_server.access")


def init_app(app: Flask) -> None:
    """Number, time, count and log every request, a stream at its end."""
    app.before_request(_begin)
    app.after_request(_end)
    app.teardown_request(_leave)


def request_id(request: Request) -> str:
    """The caller's `X-Request-ID` if it is harmless, else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


def trace_of(request: Request) -> dict[str, str]:
    """The caller's trace and span as the log names them; nothing without a valid `traceparent`."""
    match = _TRACE.fullmatch(request.headers.get("traceparent", ""))
    return {"trace_id": match[1], "span_id": match[2]} if match else {}


def counts_of(document: Document) -> dict[str, Any]:
    """For the log: how many pages were read, how many were not, and why where none was."""
    counts = {"pages_read": len(document.pages), "pages_failed": len(document.problems)}
    if document.pages or not document.problems:
        return counts
    return counts | {"problem_code": document.problems[0].error.code}


def server_timing(document: Document, **durations_s: float) -> str:
    """The header `Server-Timing`: these durations, then each stage, summed over the pages."""
    durations_ms = defaultdict(float, {name: s * 1000 for name, s in durations_s.items()})
    for page in document.kept:
        for stage in page.outline.stages:
            durations_ms[_NOT_OF_A_TOKEN.sub("-", stage.name)] += stage.ms
    return ", ".join(f"{name};dur={ms:.1f}" for name, ms in durations_ms.items())


def _begin() -> None:
    g.request_id = request_id(request)
    g.begun = time.perf_counter()
    g.outcome = {}
    g.span = None
    if not _is_of_probe():
        method, route = _method(request), str(request.url_rule or "-")
        caller = {name: request.headers[name] for name in CALLER if name in request.headers}
        attributes = {"http.request.method": method, "http.route": route}
        attributes["ocr.request_id"] = g.request_id
        g.span = RequestSpan(f"{method} {route}", caller, attributes)


def _end(response: Response) -> Response:
    response.headers["X-Request-ID"] = g.request_id
    log_request = partial(
        _log_request,
        metrics=service().metrics,
        begun=g.begun,
        outcome=g.outcome,
        span=g.span,
        method=_method(request),
        is_quiet=(_is_of_probe() or request.endpoint in STATIC) and response.status_code < 400,
        line={
            "id": g.request_id,
            "method": request.method,
            "route": str(request.url_rule or "-"),
            "status": response.status_code,
            "bytes_in": request.content_length or 0,
            **((g.span and g.span.ids) or trace_of(request)),
        },
    )
    if response.is_streamed and "Content-Length" not in response.headers:
        response.response = _counted(response.iter_encoded(), g.outcome)
        response.call_on_close(log_request)
    else:
        length = response.content_length or response.calculate_content_length()
        g.outcome["bytes_out"] = length or 0
        log_request()
    return response


def _leave(_error: BaseException | None) -> None:
    if span := g.get("span"):
        span.leave()


def _is_of_probe() -> bool:
    return request.path in {"/livez", "/readyz"}


def _method(request: Request) -> str:
    """The method; any word may be sent as one, and each would be a time series for ever."""
    return request.method if request.url_rule else "-"


def _counted(pieces: Iterator[bytes], outcome: dict[str, Any]) -> Iterator[bytes]:
    outcome["bytes_out"] = 0
    for piece in pieces:
        outcome["bytes_out"] += len(piece)
        yield piece


def _log_request(
    *,
    metrics: Metrics,
    span: RequestSpan | None,
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
    if span:
        span.end(line["status"], outcome.get("problem_code"))
    if "problem_code" in outcome:
        metrics.count_refusal(outcome["problem_code"])
    if not is_quiet:
        duration_ms = round(duration_s * 1000, 1)
        log.info("request", extra={**line, "duration_ms": duration_ms, **outcome})
