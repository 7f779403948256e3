"""What ties a request to others: its id, the caller's trace, and where its time went."""

from __future__ import annotations

import re
import uuid
from collections import defaultdict

from flask import Request

from ocr_server.document.model import Document

_ID = re.compile(r"[A-Za-z0-9._\-]{1,64}")  # what may go into a log line as it came
# W3C Trace Context, section 3.2: version, trace id, parent id, flags; all zeros are invalid.
# Versions to come may append fields; ff is forbidden.
_TRACE = re.compile(
    r"(?!ff)[\da-f]{2}-(?!0{32})([\da-f]{32})-(?!0{16})([\da-f]{16})-[\da-f]{2}(-.*)?"
)
_NOT_OF_A_TOKEN = re.compile(r"[^A-Za-z0-9_\-]+")


def request_id(request: Request) -> str:
    """The caller's `X-Request-ID` if it is harmless, else a new one."""
    given = request.headers.get("X-Request-ID", "")
    return given if _ID.fullmatch(given) else uuid.uuid4().hex


def trace_of(request: Request) -> dict[str, str]:
    """The caller's trace and span as the log names them; nothing without a valid `traceparent`."""
    match = _TRACE.fullmatch(request.headers.get("traceparent", ""))
    return {"trace_id": match[1], "span_id": match[2]} if match else {}


def server_timing(document: Document, **durations_s: float) -> str:
    """The header `Server-Timing`: these durations, then each stage, summed over the pages."""
    durations_ms = defaultdict(float, {name: s * 1000 for name, s in durations_s.items()})
    for page in document.pages:
        for stage in page.stages:
            durations_ms[_NOT_OF_A_TOKEN.sub("-", stage.name)] += stage.ms
    return ", ".join(f"{name};dur={ms:.1f}" for name, ms in durations_ms.items())
