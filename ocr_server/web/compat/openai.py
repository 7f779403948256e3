"""OpenAI's chat completions and responses, with a model that only transcribes pictures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator

from flask import Blueprint, Response, g, jsonify, request

from ocr_server.errors import InvalidOptions, OcrServerError
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import Adapter, answer_errors, kind_of, refusal
from ocr_server.web.compat.models import MODEL, describe_model, list_models
from ocr_server.web.compat.openai_responses import Json, response_events, response_of
from ocr_server.web.compat.transcription import (
    ONLY_TRANSCRIBES,
    STATUS,
    decoded,
    last_message,
    transcribed,
)
from ocr_server.web.json_body import Value

# Where the picture or PDF of a part of a message stands, by the type of the part.
_FILE_PATHS = {
    "image_url": ("image_url", "url"),
    "file": ("file", "file_data"),
    "input_image": ("image_url",),
    "input_file": ("file_data",),
}
_EVENT_STREAM = "text/event-stream"

blueprint = Blueprint("openai", __name__)
blueprint.add_url_rule("/v1/models", view_func=list_models)
blueprint.add_url_rule("/v1/models/<name>", view_func=describe_model)


@blueprint.post("/v1/chat/completions")
def complete() -> Response:
    """The Markdown of the pictures and PDFs of the last message."""
    text, options = _answered("messages")
    if options.get("stream"):
        return Response(_events(text), content_type=_EVENT_STREAM)
    message = {"role": "assistant", "content": text}
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    usage = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}
    return jsonify(_head("chat.completion") | {"choices": [choice], "usage": usage})


@blueprint.post("/v1/responses")
def respond() -> Response:
    """The Markdown of the pictures and PDFs of the last message of the input."""
    text, options = _answered("input")
    if options.get("stream"):
        return Response(response_events(text, g.request_id), content_type=_EVENT_STREAM)
    return jsonify(response_of(text, g.request_id))


def _answered(name: str) -> tuple[str, Json]:
    """The Markdown for the messages in this member of the body, and the members beside it."""
    try:
        members = body_of(request, forms=()).members()
        message = last_message(members.pop(name))
        parts = [part.members() for part in _parts(message)]
        options = {other: value.parsed() for other, value in members.items()}
    except (KeyError, ValueError) as error:
        raise InvalidOptions(f"{ONLY_TRANSCRIBES} ({error})") from error
    text = options.get("text")  # of responses, where chats have `response_format`
    format_ = options.get("response_format") or (isinstance(text, dict) and text.get("format"))
    if options.get("tools") or (format_ and _type_of(format_) != "text"):
        raise InvalidOptions(ONLY_TRANSCRIBES)
    return transcribed(tuple(decoded(_pictures(parts)))), options


def _type_of(format_: object) -> object:
    return format_.get("type") if isinstance(format_, dict) else None


def _parts(message: dict[str, Value]) -> list[Value]:
    content = message.get("content")
    return content.items() if content is not None and content.kind == b"[" else []


def _pictures(parts: list[dict[str, Value]]) -> Iterator[Value]:
    for part in parts:
        kind = str(part["type"].parsed()) if "type" in part else ""
        path = _FILE_PATHS.get(kind)
        held = part.get(path[0]) if path else None
        if path and held is not None and held.kind == b"{":
            held = held.members().get(path[-1])
        if held is not None:
            yield held


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
        "message": error.client_message,
        "type": "invalid_request_error",
        "param": None,
        "code": error.code,
    }
    status = STATUS[kind_of(error)]
    return refusal(error, json.dumps({"error": told}), status=status, media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`POST /v1/chat/completions` and `/v1/responses` of OpenAI, with a model that only transcribes",
)
