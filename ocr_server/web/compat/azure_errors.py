"""Errors of Azure's services: a code, and an inner one that says more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec
from flask import Blueprint, Response

from ocr_server.errors import OcrServerError
from ocr_server.web.body import JSON
from ocr_server.web.compat.adapter import ErrorKind, answer_errors, kind_of, refusal

KEY_HEADER = "Ocp-Apim-Subscription-Key"
# Its clients send 408, 429 and 5xx again: what was done in vain is a 400.
_CODES: Mapping[ErrorKind, tuple[int, str]] = {
    ErrorKind.KEY: (401, "401"),
    ErrorKind.REQUEST: (400, "InvalidRequest"),
    ErrorKind.MISSING: (404, "NotFound"),
    ErrorKind.TOO_LARGE: (400, "InvalidRequest"),
    ErrorKind.DOCUMENT: (400, "InvalidRequest"),
    ErrorKind.SPENT: (400, "InvalidRequest"),
    ErrorKind.BUSY: (429, "429"),
    ErrorKind.AWAY: (503, "ServiceUnavailable"),
}


def answer_as_azure(
    blueprint: Blueprint,
    inner: Mapping[ErrorKind, str],
    more: Mapping[type[OcrServerError], str],
) -> None:
    """Answer the errors of a blueprint, with `inner` codes by kind, and `more` by class."""

    def answer(error: OcrServerError) -> Response:
        kind = kind_of(error)
        return error_response(error, *_CODES[kind], more.get(type(error), inner.get(kind, "")))

    answer_errors(blueprint, answer)


def error_response(error: OcrServerError, status: int, code: str, inner: str) -> Response:
    """The answer of an error."""
    body: dict[str, Any] = {"code": code, "message": error.message}
    if inner:
        body["innererror"] = {"code": inner, "message": error.message}
    text = msgspec.json.encode({"error": body}).decode()
    return refusal(error, text, status=status, media_type=JSON)
