"""Azure AI Vision: Image Analysis 4.0 for text, Read 3.2, and the old `ocr` of 3.2."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any, TypeAlias

import msgspec
from flask import Blueprint, Response, request

from ocr_server import errors
from ocr_server.document.languages import tag_of
from ocr_server.document.model import Document, Line, Page, Word
from ocr_server.errors import InvalidOptions, JobMissing, UnsupportedFormat
from ocr_server.geometry import Box, Quad
from ocr_server.job import PageSelection, ReadOptions, Source
from ocr_server.request.parsing import parse_pages
from ocr_server.sources.signatures import PDF, media_type_of_file
from ocr_server.web.auth import KeyPlaces, owner_of
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import (
    ALL_PAGES,
    Adapter,
    ErrorKind,
    encoded,
    hinted_languages,
    read,
)
from ocr_server.web.compat.azure_operations import (
    KEY_HEADER,
    InnerCodes,
    answer_as_azure,
    dated,
    unfinished,
)
from ocr_server.web.compat.kept_jobs import KeptJob, begin_job, kept_jobs
from ocr_server.web.context import service

_MODEL_VERSION = "2022-04-30"
_RESULT = "result"  # part of what is kept
_FIRST_PAGE = PageSelection(((1, 1),))
Json: TypeAlias = dict[str, Any]  # as mixed as what Azure answers

blueprint = Blueprint("azure-vision", __name__)


@blueprint.post("/computervision/imageanalysis:analyze")
def analyze_image() -> Response:
    """The lines of a picture, as Image Analysis 4.0 tells them."""
    if "read" not in request.args.get("features", "").lower().split(","):
        raise InvalidOptions("This server has the feature read only.")
    page = _read(_FIRST_PAGE).pages[0]
    lines = [
        {
            "text": line.text,
            "boundingPolygon": _points(line.quad),
            "words": [
                {
                    "text": word.text,
                    "boundingPolygon": _points(word.quad),
                    "confidence": round(word.confidence, 3),
                }
                for word in line.words
            ],
        }
        for line in page.lines
    ]
    return _json(
        {
            "modelVersion": "2023-10-01",
            "metadata": {"width": page.width_px, "height": page.height_px},
            "readResult": {"blocks": [{"lines": lines}] if lines else []},
        }
    )


@blueprint.post("/vision/v3.2/read/analyze")
def begin_reading() -> Response:
    """Read a document, or have it read, and say where its result is."""
    if kept := kept_jobs():
        texts = {"languages": "+".join(_languages()), "pages": request.args.get("pages", "")}
        result_id = begin_job(kept, _sent_file(), texts)
    else:
        result_id = service().store.keep(owner_of(request), {_RESULT: _result()}).id
    response = Response(status=202)
    address = f"{request.url_root}vision/v3.2/read/analyzeResults/{result_id}"
    response.headers["Operation-Location"] = address
    return response


@blueprint.post("/vision/v3.2/read/syncAnalyze")
def read_at_once() -> Response:
    """The result of reading a document."""
    return Response(_result(), content_type=JSON)


@blueprint.get("/vision/v3.2/read/analyzeResults/<result_id>")
def get_result(result_id: str) -> Response:
    """How far an operation is, with its result if it has succeeded."""
    if kept := kept_jobs():
        operation = KeptJob.of(kept, result_id)
        if told := unfinished(operation, _INNER):
            return _json(told | dated(operation.status.row.created_s))
        is_pdf = media_type_of_file(operation.source.path) == PDF
        return Response(_told(operation.document, is_pdf=is_pdf), content_type=JSON)
    opened = service().store.open(result_id, owner_of(request), _RESULT)
    if opened is None:
        raise JobMissing(
            "There is no such result; results are kept for ten minutes. Send the document again."
        )
    with opened:
        return Response(opened.read(), content_type=JSON)


@blueprint.post("/vision/v3.2/ocr")
def read_regions() -> Response:
    """The regions of a picture, as the `ocr` of 3.2 tells them."""
    page = _read(_FIRST_PAGE).pages[0]
    languages = [line.language for line in page.lines if line.language]
    return _json(
        {
            "language": (tag_of(languages[0]) if languages else None) or "unk",
            "textAngle": math.radians(page.angle_deg),
            "orientation": "Up",
            "regions": [
                {
                    "boundingBox": _sides(zone.box),
                    "lines": [
                        {
                            "boundingBox": _sides(line.box),
                            "words": [
                                {"boundingBox": _sides(word.box), "text": word.text}
                                for word in line.words
                            ],
                        }
                        for line in zone.lines
                    ],
                }
                for zone in page.zones
                if zone.lines
            ],
        }
    )


def _result() -> bytes:
    source = _sent_file()
    is_pdf = media_type_of_file(source.path) == PDF
    given = request.args.get("pages")
    try:
        pages = parse_pages(given) if given else ALL_PAGES
    except ValueError as error:
        raise InvalidOptions(f"pages: {error}.") from error
    return _told(_read(pages, source), is_pdf=is_pdf)


def _told(document: Document, *, is_pdf: bool) -> bytes:
    return msgspec.json.encode(
        {
            "status": "succeeded",
            **dated(time.time()),
            "analyzeResult": {
                "version": "3.2.0",
                "modelVersion": _MODEL_VERSION,
                "readResults": [encoded(_page(page, is_pdf=is_pdf)) for page in document.pages],
            },
        }
    )


def _read(pages: PageSelection, source: Source | None = None) -> Document:
    return read(source or _sent_file(), ReadOptions(languages=_languages()), pages=pages)


def _languages() -> tuple[str, ...]:
    return hinted_languages(filter(None, [request.args.get("language", "")]))


def _sent_file() -> Source:
    if request.mimetype == JSON:
        raise InvalidOptions("Send the picture itself; nothing is fetched from addresses.")
    source = body_of(request, forms=()).file
    if source is None or not source.size_bytes:
        raise UnsupportedFormat("Nothing was sent. Send a picture or PDF.")
    return source


def _page(page: Page, *, is_pdf: bool) -> Json:
    scale = 1 / page.dpi if is_pdf and page.dpi else 1.0

    def box(shown: Line | Word) -> list[float]:
        return [_length(side, scale) for point in shown.quad for side in point]

    return {
        "page": page.number,
        "angle": round(page.angle_deg, 2),
        "width": _length(page.width_px, scale),
        "height": _length(page.height_px, scale),
        "unit": "pixel" if scale == 1 else "inch",
        "lines": [
            {
                "boundingBox": box(line),
                "text": line.text,
                "appearance": {"style": {"name": "other", "confidence": round(line.confidence, 3)}},
                "words": [
                    {
                        "boundingBox": box(word),
                        "text": word.text,
                        "confidence": round(word.confidence, 3),
                    }
                    for word in line.words
                ],
            }
            for line in page.lines
        ],
    }


def _length(px: float, scale: float) -> float:
    return round(px) if scale == 1 else round(px * scale, 4)


def _points(quad: Quad) -> Sequence[Json]:
    return [{"x": round(point.x), "y": round(point.y)} for point in quad]


def _sides(box: Box) -> str:
    left, top, right, bottom = box.rounded()
    return f"{left},{top},{right - left},{bottom - top}"


def _json(answer: Json) -> Response:
    return Response(msgspec.json.encode(encoded(answer)), content_type=JSON)


_INNER = InnerCodes(
    {
        ErrorKind.REQUEST: "InvalidArgument",
        ErrorKind.MISSING: "OperationNotFound",
        ErrorKind.TOO_LARGE: "InvalidImageSize",
        ErrorKind.DOCUMENT: "InvalidImageFormat",
        ErrorKind.SPENT: "Timeout",
    },
    {errors.LanguageMissing: "NotSupportedLanguage"},
)
answer_as_azure(blueprint, _INNER)
ADAPTER = Adapter(
    blueprint,
    "Azure AI Vision: text by Image Analysis 4.0 and Read 3.2",
    key=KeyPlaces(header=KEY_HEADER),
)
