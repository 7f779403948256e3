"""Ollama's chat and generate, with a model that only transcribes the pictures it is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, TypeAlias

from flask import Blueprint, Response, jsonify, request

from ocr_server import __version__
from ocr_server.errors import InvalidOptions, OcrServerError
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import Adapter, answer_errors, kind_of, refusal
from ocr_server.web.compat.models import MODEL
from ocr_server.web.compat.transcription import (
    ONLY_TRANSCRIBES,
    STATUS,
    decoded,
    last_message,
    transcribed,
)
from ocr_server.web.negotiation import NDJSON

_NAME = f"{MODEL}:latest"
_MODIFIED = "1970-01-01T00:00:00Z"
_DETAILS = {"format": "", "family": MODEL, "parameter_size": "", "quantization_level": ""}
Json: TypeAlias = dict[str, Any]  # as mixed as what Ollama answers

blueprint = Blueprint("ollama", __name__)


@blueprint.post("/api/<any(chat, generate):kind>")
def answer_chat(kind: str) -> Response:
    """The Markdown of the pictures of the last message, or of the request."""
    begun = time.perf_counter()
    try:
        members = body_of(request, forms=()).members()
        asked = last_message(members.pop("messages")) if kind == "chat" else members
        images = asked.pop("images", None)
        pictures = images.items() if images is not None and images.kind == b"[" else []
        options = {name: value.parsed() for name, value in members.items()}
    except (KeyError, ValueError) as error:
        raise InvalidOptions(f"{ONLY_TRANSCRIBES} ({error})") from error
    if options.get("tools") or options.get("format"):
        raise InvalidOptions(ONLY_TRANSCRIBES)
    text = transcribed(tuple(decoded(pictures)))
    told = {
        "model": _NAME,
        "created_at": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        **({"message": {"role": "assistant", "content": text}} if kind == "chat" else {}),
        **({"response": text} if kind == "generate" else {}),
        "done": True,
        "done_reason": "stop",
        "total_duration": round((time.perf_counter() - begun) * 1e9),
    }
    if options.get("stream") is False:
        return jsonify(told)
    return Response(_lines(told), content_type=NDJSON)


@blueprint.get("/api/tags")
def list_tags() -> Response:
    """The one model that there is."""
    model = {
        "name": _NAME, "model": _NAME, "modified_at": _MODIFIED, "size": 0, "digest": "",
        "details": _DETAILS,
    }  # fmt: skip
    return jsonify(models=[model])


@blueprint.post("/api/show")
def describe_model() -> Response:
    """What the one model can do, whatever name is asked for."""
    return jsonify(
        details=_DETAILS,
        model_info={"general.architecture": MODEL},
        capabilities=["completion", "vision"],
        modified_at=_MODIFIED,
    )


@blueprint.get("/api/ps")
def list_running() -> Response:
    """No model waits in the memory of a graphics card."""
    return jsonify(models=[])


@blueprint.get("/api/version")
def tell_version() -> Response:
    """The version of this server."""
    return jsonify(version=__version__)


def _lines(told: Json) -> Iterator[str]:
    """All at once: the text is there when the reading has ended."""
    yield f"{json.dumps(told)}\n"


def _answer(error: OcrServerError) -> Response:
    body = json.dumps({"error": error.client_message})
    return refusal(error, body, status=STATUS[kind_of(error)], media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`/api/chat`, `/api/generate`, `/api/tags` and `/api/show` of Ollama, with the same model",
)
