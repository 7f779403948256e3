"""LiteParse's OCR server: `POST /ocr`, a picture of a page in, lines with boxes out."""

from __future__ import annotations

import json
from itertools import chain

import msgspec
from flask import Blueprint, Response, request

from ocr_server.errors import OcrServerError, UnsupportedFormat
from ocr_server.job import ReadOptions
from ocr_server.request.parsing import split
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import (
    USUAL_STATUS,
    Adapter,
    answer_errors,
    encoded,
    hinted_languages,
    kind_of,
    read,
    refusal,
)

blueprint = Blueprint("liteparse", __name__)


@blueprint.post("/ocr")
def read_page() -> Response:
    """Each line with its box (left, top, right, bottom in pixels) and confidence from 0 to 1."""
    body = body_of(request)
    source = next(iter(body.files.get("file", ())), None)
    if source is None or not source.size_bytes:
        raise UnsupportedFormat("No file came. Send a picture in the field file.")
    languages = chain.from_iterable(map(split, body.texts.get("language", ())))
    document = read(source, ReadOptions(languages=hinted_languages(languages)))
    lines = [
        encoded(
            {
                "text": line.text,
                "bbox": line.box.rounded(),
                "confidence": round(line.confidence, 4),
            }
        )
        for page in document.pages
        for line in page.lines
    ]
    return Response(msgspec.json.encode({"results": lines}), content_type=JSON)


def _answer(error: OcrServerError) -> Response:
    body = json.dumps({"error": error.client_message})
    return refusal(error, body, status=USUAL_STATUS[kind_of(error)], media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(blueprint, "`POST /ocr` of LiteParse’s OCR servers")
