"""OCR.space: `POST /parse/image`, a form with a file or base64 in, text and words out.

Its errors are answers with the status 200, except for a wrong key.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, TypeAlias

import msgspec
from flask import Blueprint, Response, request

from ocr_server.document.languages import code_of
from ocr_server.document.model import Document, Page
from ocr_server.errors import InvalidOptions, OcrServerError, UnsupportedFormat
from ocr_server.job import ReadOptions, Source
from ocr_server.request.parsing import split
from ocr_server.web.auth import KeyPlaces
from ocr_server.web.base64_text import decode_base64
from ocr_server.web.body import JSON
from ocr_server.web.compat.adapter import (
    Adapter,
    ErrorKind,
    answer_errors,
    encoded,
    kind_of,
    read,
    refusal,
)
from ocr_server.web.context import job_folder, service
from ocr_server.web.json_body import PIECE_BYTES
from ocr_server.web.multipart import BASE64_FIELD, UploadedFile

# Its names of languages that are its own. Source: OCR.space, "OCR API Documentation".
_LANGUAGES: Mapping[str, str] = {"chs": "chi_sim", "cht": "chi_tra"}
_ALL, _SOME, _FATAL = 1, 2, 99
Json: TypeAlias = dict[str, Any]  # as mixed as what OCR.space answers

blueprint = Blueprint("ocr-space", __name__)


@blueprint.post("/parse/image")
def parse_image() -> Response:
    """The text of each page, and its lines and words where `isOverlayRequired` asks for them."""
    begun = time.perf_counter()
    source = _source()
    names = split(request.form.get("language", "eng")) or ("eng",)
    installed = service().engine.languages
    names = tuple(_LANGUAGES.get(name, name) for name in names)
    languages = tuple(code_of(name, installed) or name for name in names)
    document = read(source, ReadOptions(languages=languages), is_partial=True)
    wants_overlay = request.form.get("isOverlayRequired", "").lower() == "true"
    answer = {
        "ParsedResults": [encoded(one) for one in _results(document, wants_overlay=wants_overlay)],
        "OCRExitCode": _SOME if document.problems else _ALL,
        "IsErroredOnProcessing": False,
        "ProcessingTimeInMilliseconds": f"{(time.perf_counter() - begun) * 1000:.0f}",
        "SearchablePDFURL": "Searchable PDF not generated as it was not requested.",
    }
    if request.form.get("isCreateSearchablePdf", "").lower() == "true":
        answer["SearchablePDFURL"] = "This server keeps no files; POST /v1/documents?format=pdf."
    return Response(msgspec.json.encode(answer), content_type=JSON)


def _source() -> Source:
    files = {
        name: file.source for name, file in request.files.items() if isinstance(file, UploadedFile)
    }
    encoded_ = files.pop(BASE64_FIELD, None)
    if encoded_ is not None:
        with encoded_.path.open("rb") as file:
            try:
                pieces = iter(partial(file.read, PIECE_BYTES), b"")
                files[BASE64_FIELD] = job_folder().add(decode_base64(pieces))
            except ValueError as error:
                raise InvalidOptions(f"{BASE64_FIELD}: {error}.") from error
    source = next((one for one in files.values() if one.size_bytes), None)
    if source is None:
        raise UnsupportedFormat(
            f"Send a file, or {BASE64_FIELD}; nothing is fetched from an address."
        )
    return source


def _results(document: Document, *, wants_overlay: bool) -> Iterator[Json]:
    """A result for each page, in their order."""
    failed = {failure.page: failure.error.client_message for failure in document.problems}
    read_ = {page.number: page for page in document.pages}
    for number in sorted({*failed, *read_}):
        page = read_.get(number)
        message = failed.get(number, "")
        yield {
            "TextOverlay": _overlay(page if wants_overlay else None),
            "TextOrientation": "0",
            "FileParseExitCode": _ALL if page and not message else -10,
            "ParsedText": page.text.replace("\n", "\r\n") + "\r\n" if page and page.text else "",
            "ErrorMessage": message,
            "ErrorDetails": "",
        }


def _overlay(page: Page | None) -> Json:
    if page is None:
        message = "Text overlay is not provided as it is not requested"
        return {"Lines": [], "HasOverlay": False, "Message": message}
    lines = []
    for line in page.lines:
        words = [
            {
                "WordText": word.text,
                "Left": round(word.box.left),
                "Top": round(word.box.top),
                "Height": round(word.box.height),
                "Width": round(word.box.width),
            }
            for word in line.words
        ]
        lines.append(
            {
                "LineText": line.text,
                "Words": words,
                "MaxHeight": round(max(word.box.height for word in line.words)),
                "MinTop": round(min(word.box.top for word in line.words)),
            }
        )
    return {"Lines": lines, "HasOverlay": True, "Message": f"Total lines: {len(lines)}"}


def _answer(error: OcrServerError) -> Response:
    match kind_of(error):
        case ErrorKind.KEY:  # which its clients print
            return refusal(error, json.dumps(error.client_message), status=403, media_type=JSON)
        case ErrorKind.BUSY:
            status = 429
        case ErrorKind.AWAY:
            status = 503
        case _:
            status = 200
    told = {
        "OCRExitCode": _FATAL,
        "IsErroredOnProcessing": True,
        "ErrorMessage": [error.client_message],
        "ErrorDetails": "",
        "ProcessingTimeInMilliseconds": "0",
    }
    return refusal(error, json.dumps(told), status=status, media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint, "`POST /parse/image` of OCR.space", key=KeyPlaces(header="apikey", field="apikey")
)
