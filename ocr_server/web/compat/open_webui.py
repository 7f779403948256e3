"""Open WebUI's “external” document loader: `PUT /process`, a page of text for each page.

It reads the reason of a failure from `detail`, which our own problems have, and looks for the
words “No extractable text” in a 422 to try something else.
"""

from __future__ import annotations

from urllib.parse import unquote

from flask import Blueprint, Response, jsonify, request

from ocr_server.errors import InvalidOptions, NoText
from ocr_server.job import ReadOptions
from ocr_server.web.body import body_of
from ocr_server.web.compat.adapter import Adapter, answer_errors, read, read_office
from ocr_server.web.context import service
from ocr_server.web.problems import answer_error

blueprint = Blueprint("open-webui", __name__)


@blueprint.put("/process")
def process() -> Response:
    """The text of each page, with what is known about it."""
    source = body_of(request, forms=()).file
    if source is None or not source.size_bytes:
        raise InvalidOptions("Send the document as the raw body; nothing came.")
    name = unquote(request.headers.get("X-Filename", ""))
    office = read_office(source, ("text",), name=name, media_type=request.mimetype)
    if office is not None:
        return jsonify([{"page_content": office.texts["text"], "metadata": {}}])
    document = read(source, ReadOptions(languages=service().settings.languages))
    if not document.text.strip():
        raise NoText("No extractable text: nothing on these pages could be read.")
    return jsonify(
        [
            {
                "page_content": page.text,
                "metadata": {
                    "page": page.number,
                    "pages": len(document.pages),
                    "confidence": round(page.confidence, 4),
                },
            }
            for page in document.pages
        ]
    )


answer_errors(blueprint, answer_error)
ADAPTER = Adapter(blueprint, "`PUT /process`, the “external” document loader of Open WebUI")
