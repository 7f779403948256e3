"""How Azure's services tell errors, by a code and an inner one, and how far operations are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import msgspec
from flask import Blueprint, Response

from ocr_server.errors import OcrServerError
from ocr_server.web.body import JSON
from ocr_server.web.compat.adapter import ErrorKind, NamedErrors, answer_errors, kind_of, refusal
from ocr_server.web.compat.kept_jobs import KeptJob

KEY_HEADER = "Ocp-Apim-Subscription-Key"
# Its clients send 408, 429 and 5xx again: what was done in vain is a 400.
_ERRORS: NamedErrors = {
    ErrorKind.KEY: (401, "401"),
    ErrorKind.REQUEST: (400, "InvalidRequest"),
    ErrorKind.MISSING: (404, "NotFound"),
    ErrorKind.TOO_LARGE: (400, "InvalidRequest"),
    ErrorKind.DOCUMENT: (400, "InvalidRequest"),
    ErrorKind.SPENT: (400, "InvalidRequest"),
    ErrorKind.BUSY: (429, "429"),
    ErrorKind.AWAY: (503, "ServiceUnavailable"),
}


@dataclass(frozen=True, slots=True)
class InnerCodes:
    """What a service's inner codes say of errors: by kind, and more by class."""

    by_kind: Mapping[ErrorKind, str]
    by_class: Mapping[type[OcrServerError], str]

    def of(self, error: OcrServerError) -> str:
        """The inner code of an error; empty if there is none."""
        return self.by_class.get(type(error), self.by_kind.get(kind_of(error), ""))


def answer_as_azure(blueprint: Blueprint, inner: InnerCodes) -> None:
    """Answer the errors of a blueprint."""

    def answer(error: OcrServerError) -> Response:
        return error_response(error, *_ERRORS[kind_of(error)], inner.of(error))

    answer_errors(blueprint, answer)


def error_response(error: OcrServerError, status: int, code: str, inner: str) -> Response:
    """The answer of an error."""
    text = msgspec.json.encode({"error": _body(error, code, inner)}).decode()
    return refusal(error, text, status=status, media_type=JSON)


def unfinished(operation: KeptJob, inner: InnerCodes) -> dict[str, Any] | None:
    """What is said of an operation that is running or has failed; None if it has succeeded."""
    if not operation.is_over:
        return {"status": "running"}  # some clients know no other word for it
    error = operation.error
    if error is None:
        return None
    _, code = _ERRORS[kind_of(error)]
    return {"status": "failed", "error": _body(error, code, inner.of(error))}


def dated(made_s: float) -> dict[str, str]:
    """When an operation was begun and changed, by its time in seconds since 1970."""
    made_at = f"{datetime.fromtimestamp(made_s, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return {"createdDateTime": made_at, "lastUpdatedDateTime": made_at}


def _body(error: OcrServerError, code: str, inner: str) -> dict[str, Any]:
    body: dict[str, Any] = {"code": code, "message": error.client_message}
    if inner:
        body["innererror"] = {"code": inner, "message": error.client_message}
    return body
