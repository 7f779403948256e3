"""otiai10/ocrserver 0.2: `POST /file`, `POST /base64`, `GET /status`.

Its answers are indented with tabs, sorted, and escaped as Go does, but for hOCR. Of its errors
only the status is a contract (400, and 500 where /base64 cannot read); ours say more in `error`.
"""

from __future__ import annotations

import json
from typing import Any

from flask import Blueprint, Response, request

from ocr_server.errors import (
    InvalidOptions,
    LoadError,
    OcrServerError,
    RequestError,
    UnsupportedFormat,
)
from ocr_server.job import ReadOptions, Source
from ocr_server.request.parsing import parse_alphabet, parse_languages
from ocr_server.web.auth import IN_ADDRESS
from ocr_server.web.body import body_of
from ocr_server.web.compat.adapter import Adapter, answer_errors, image_of, read, refusal
from ocr_server.web.compat.adapter import rendered as rendered_as
from ocr_server.web.context import service
from ocr_server.web.problems import STATUS

VERSION = "0.2.0"  # of the contract that is kept here
DEFAULT_LANGUAGE = "eng"

blueprint = Blueprint("ocrserver", __name__)


@blueprint.post("/file")
def read_file() -> Response:
    """The text, or hOCR, of an uploaded file."""
    body = body_of(request)
    if "file" not in body.files:
        raise InvalidOptions("http: no such file")
    options = {name: texts[0] for name, texts in body.texts.items()}
    return _read(body.files["file"][0], options, as_hocr=options.get("format") == "hocr")


@blueprint.post("/base64")
def read_base64() -> Response:
    """The text of a picture in base64."""
    try:
        image, options = image_of(body_of(request), "base64")
    except ValueError as error:
        raise InvalidOptions(f"base64: {error}") from error
    if not image.size_bytes:
        raise InvalidOptions("base64 string required")
    if not all(isinstance(value, str) for value in options.values()):
        raise InvalidOptions("every member must be a string")
    return _read(image, options, as_hocr=False)


def status() -> dict[str, Any]:
    """Its share of the route `/status`."""
    engine = service().engine
    return {
        "message": "Hello!",
        "tesseract": {"languages": list(engine.languages), "version": engine.version},
        "version": VERSION,
    }


def _read(source: Source, options: dict[str, str], *, as_hocr: bool) -> Response:
    if not source.size_bytes:
        raise UnsupportedFormat("The file is empty.")
    try:
        reading = ReadOptions(
            languages=parse_languages(options.get("languages") or DEFAULT_LANGUAGE),
            alphabet=parse_alphabet(options["whitelist"]) if options.get("whitelist") else None,
        )
    except ValueError as error:
        raise InvalidOptions(f"{error}.") from error
    document = read(source, reading)
    if as_hocr:
        return _json({"result": rendered_as(document, "hocr"), "version": VERSION}, escaped=False)
    # Its `trim` is a set of letters that are cut off at both ends.
    result = document.text.strip("\n").strip(options.get("trim") or "\n")
    return _json({"result": result, "version": VERSION}, escaped=True)


def _json(members: dict[str, Any], *, escaped: bool) -> Response:
    text = json.dumps(members, indent="\t", sort_keys=True, ensure_ascii=False)
    if escaped:  # as Go's encoding/json: such letters stand in strings only
        for letter in "<>&":
            text = text.replace(letter, f"\\u{ord(letter):04x}")
    return Response(text, content_type="application/json")


def _answer(error: OcrServerError) -> Response:
    body = json.dumps({"error": error.client_message}, indent="\t")
    return refusal(error, body, status=_status_of(error), media_type="application/json")


def _status_of(error: OcrServerError) -> int:
    """Its own status, but where it has none: keys, sizes, and load."""
    ours = STATUS[type(error)]
    if ours in {401, 413} or isinstance(error, LoadError):
        return ours
    return 400 if request.path == "/file" or isinstance(error, RequestError) else 500


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`POST /file`, `POST /base64` and `GET /status` of otiai10/ocrserver",
    status,
    key=IN_ADDRESS,
)
