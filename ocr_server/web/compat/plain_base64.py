"""`POST /api/`, as the small servers of tutorials have it: a data URL in, words with boxes out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, json, jsonify, request

from ocr_server.errors import InvalidOptions, OcrServerError
from ocr_server.job import ReadOptions
from ocr_server.web.auth import IN_ADDRESS
from ocr_server.web.body import body_of
from ocr_server.web.compat.adapter import Adapter, answer_errors, image_of, read, refusal
from ocr_server.web.context import service
from ocr_server.web.problems import STATUS

blueprint = Blueprint("base64", __name__)


@blueprint.post("/api/")
def read_image() -> Response:
    """Each word with its box (left, top, right, bottom in pixels) and confidence from 0 to 1."""
    try:
        image, others = image_of(body_of(request), "image")
    except ValueError as error:
        raise InvalidOptions(f"image: {error}.") from error
    if not image.size_bytes or others:
        raise InvalidOptions('Send {"image": "data:image/png;base64,…"} and nothing else.')
    document = read(image, ReadOptions(languages=service().settings.languages))
    words: list[dict[str, Any]] = [
        {
            "text": word.text,
            "box": word.box.rounded(),
            "confidence": round(word.confidence, 4),
        }
        for page in document.pages
        for word in page.words
    ]
    return jsonify(words)


def _answer(error: OcrServerError) -> Response:
    return refusal(
        error, json.dumps({"error": error.client_message}),
        status=STATUS[type(error)], media_type="application/json",
    )  # fmt: skip


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint, "`POST /api/` of small servers: a data URL in, words with boxes out", key=IN_ADDRESS
)
