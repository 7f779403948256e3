"""OpenAI's chat completions, with a model that only transcribes the pictures it is sent."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, TypeAlias

from flask import Blueprint, Response, g, jsonify, request

from ocr_server.errors import InvalidOptions, OcrServerError
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import Adapter, answer_errors, kind_of, refusal
from ocr_server.web.compat.transcription import (
    ONLY_TRANSCRIBES,
    STATUS,
    decoded,
    last_message,
    transcribed,
)
from ocr_server.web.json_body import Value

# The models, here and where Mistral is spoken: each reads pictures and does nothing else.
MODEL = "ocr-server"
MISTRAL_MODEL = "mistral-ocr-latest"
_FILE_MEMBERS = {"image_url": "url", "file": "file_data"}  # of a part, by its type
Json: TypeAlias = dict[str, Any]  # as mixed as what OpenAI answers

blueprint = Blueprint("openai", __name__)


@blueprint.get("/v1/models")
def list_models() -> Response:
    """The models, which gateways and settings pages ask for."""
    models = [
        {
            "id": name, "object": "model", "created": 0, "owned_by": MODEL, "type": "base",
            "capabilities": {"ocr": True},
        }
        for name in (MODEL, MISTRAL_MODEL)
    ]  # fmt: skip
    return jsonify(object="list", data=models)


@blueprint.post("/v1/chat/completions")
def complete() -> Response:
    """The Markdown of the pictures and PDFs of the last message."""
    try:
        members = body_of(request, forms=()).members()
        message = last_message(members.pop("messages"))
        parts = [part.members() for part in _parts(message)]
        options = {name: value.parsed() for name, value in members.items()}
    except (KeyError, ValueError) as error:
        raise InvalidOptions(f"{ONLY_TRANSCRIBES} ({error})") from error
    format_ = options.get("response_format") or {"type": "text"}
    if options.get("tools") or not isinstance(format_, dict) or format_.get("type") != "text":
        raise InvalidOptions(ONLY_TRANSCRIBES)
    text = transcribed(tuple(decoded(_pictures(parts))))
    if options.get("stream"):
        return Response(_events(text), content_type="text/event-stream")
    message_ = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message_, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return jsonify(_head("chat.completion") | {"choices": [choice], "usage": usage})


def _parts(message: dict[str, Value]) -> list[Value]:
    content = message.get("content")
    return content.items() if content is not None and content.kind == b"[" else []


def _pictures(parts: list[dict[str, Value]]) -> Iterator[Value]:
    for part in parts:
        kind = str(part["type"].parsed()) if "type" in part else ""
        if kind in _FILE_MEMBERS and kind in part:
            held = part[kind]
            found = held.members().get(_FILE_MEMBERS[kind]) if held.kind == b"{" else held
            if found is not None:
                yield found


def _head(kind: str) -> Json:
    return {
        "id": f"chatcmpl-{g.request_id}",
        "object": kind,
        "created": int(time.time()),
        "model": MODEL,
    }


def _events(text: str) -> Iterator[str]:
    """The whole text at once: it is there when the reading has ended."""
    head = _head("chat.completion.chunk")
    deltas: tuple[tuple[Json, str | None], ...] = (
        ({"role": "assistant", "content": text}, None),
        ({}, "stop"),
    )
    chunks = [
        head | {"choices": [{"index": 0, "delta": delta, "finish_reason": reason}]}
        for delta, reason in deltas
    ]
    return (f"data: {one}\n\n" for one in (*map(json.dumps, chunks), "[DONE]"))


def _answer(error: OcrServerError) -> Response:
    told = {
        "message": error.message,
        "type": "invalid_request_error",
        "param": None,
        "code": error.code,
    }
    status = STATUS[kind_of(error)]
    return refusal(error, json.dumps({"error": told}), status=status, media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint, "`POST /v1/chat/completions` of OpenAI, with a model that only transcribes"
)
