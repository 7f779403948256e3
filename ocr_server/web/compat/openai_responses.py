"""The answers of OpenAI's responses: at once, and as events.

Source: the types of OpenAI's Python client, `openai.types.responses`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from typing import Any, TypeAlias

from ocr_server.web.compat.models import MODEL

Json: TypeAlias = dict[str, Any]  # as mixed as what OpenAI sends and answers


def response_of(text: str, name: str) -> Json:
    """A response that is done, with the text of one message; `name` makes its ids unique."""
    return _response(name, "completed", [_message(name, "completed", [_part(text)])])


def response_events(text: str, name: str) -> Iterator[str]:
    """The same response as the events of its making; the text comes in one piece."""
    place = {"item_id": _message_id(name), "output_index": 0, "content_index": 0}
    begun = _response(name, "in_progress", [])
    done = response_of(text, name)
    events: tuple[tuple[str, Json], ...] = (
        ("created", {"response": begun}),
        ("in_progress", {"response": begun}),
        ("output_item.added", {"output_index": 0, "item": _message(name, "in_progress", [])}),
        ("content_part.added", place | {"part": _part("")}),
        ("output_text.delta", place | {"delta": text, "logprobs": []}),
        ("output_text.done", place | {"text": text, "logprobs": []}),
        ("content_part.done", place | {"part": _part(text)}),
        ("output_item.done", {"output_index": 0, "item": done["output"][0]}),
        ("completed", {"response": done}),
    )
    for number, (kind, members) in enumerate(events):
        event = {"type": f"response.{kind}", "sequence_number": number} | members
        yield f"event: response.{kind}\ndata: {json.dumps(event)}\n\n"


def _response(name: str, status: str, output: list[Json]) -> Json:
    return {
        "id": f"resp_{name}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": MODEL,
        "output": output,
        "parallel_tool_calls": False,
        "temperature": None,
        "text": {"format": {"type": "text"}},
        "tool_choice": "none",
        "tools": [],
        "top_p": None,
        "usage": {
            "input_tokens": 0,
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": 0,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": 0,
        },
    }


def _message(name: str, status: str, content: list[Json]) -> Json:
    return {
        "type": "message", "id": _message_id(name), "status": status, "role": "assistant",
        "content": content,
    }  # fmt: skip


def _message_id(name: str) -> str:
    return f"msg_{name}"


def _part(text: str) -> Json:
    return {"type": "output_text", "text": text, "annotations": [], "logprobs": []}
