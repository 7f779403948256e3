"""A request to render a document that comes back, corrected by a person perhaps."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from flask import Request

from ocr_server.document.json_reader import document_from_json
from ocr_server.document.model import Document
from ocr_server.job import Source
from ocr_server.request.build import (
    ParsedRequest,
    build_rendering_job,
    check,
    fault_of,
    parse_options,
)
from ocr_server.request.options import OPTIONS, RENDERING_OPTIONS
from ocr_server.service import Service
from ocr_server.web.bodies import (
    FORMS,
    Body,
    body_of,
    check_encoding,
    form_options,
    form_sources,
    json_options,
)
from ocr_server.web.forms import accepted_format, with_query

# Of JSON: a word has some 35, so that 200 pages of a thousand words each keep within.
MOST_VALUES = 8_000_000
HOW = (
    "send the JSON of a document: as the body, in JSON as document, or in the multipart field "
    "document"
)


def read_corrected(request: Request, here: Service) -> tuple[Document, ParsedRequest]:
    """The document of a request, and how it is to leave.

    Raises:
        InvalidOptions: something is missing or wrong; all of the options is said at once, or else
            all of the document.
    """
    faults: list[dict[str, str]] = []
    value, given, sources = _body(request, faults, here.settings.max_pages)
    known = {name: text for name, text in given.items() if name in RENDERING_OPTIONS}
    faults.extend(
        fault_of(name, f"not an option here; there are {', '.join(RENDERING_OPTIONS)}")
        for name in (*given, *(name for name in request.args if name in OPTIONS))
        if name not in RENDERING_OPTIONS
    )
    values = parse_options(with_query(request, known, faults), faults)
    check(faults)
    parsed = build_rendering_job(
        values, sources, settings=here.settings, formats=(accepted_format(request),)
    )
    return _with_corrected_cells(document_from_json(value)), parsed


def _with_corrected_cells(document: Document) -> Document:
    """The document, its tables with what their words say now: some were corrected or left out."""
    pages = (
        replace(page, zones=tuple(zone.with_cells_refilled() for zone in page.zones))
        for page in document.pages
    )
    return replace(document, pages=tuple(pages))


def _body(
    request: Request, faults: list[dict[str, str]], most_files: int
) -> tuple[object, Mapping[str, str], tuple[Source, ...]]:
    """The JSON of the document, the options beside it, and the files."""
    check_encoding(request)
    body = body_of(request, forms=FORMS)
    if body.data is not None:
        value = _parsed(body, faults)
        if not isinstance(value, dict) or "document" not in value:
            return value, {}, ()
        document = value.pop("document")
        given, sources = json_options(value, most_files, faults)
        return document, given, tuple(one for one in sources if one.data)
    given = form_options(body, faults)
    sent = body.files.get("document") or (given.pop("document", "").encode(),)
    sources = form_sources(body, most_files, faults)
    faults.extend(
        fault_of(name, "send the document in the field document and files in the field file")
        for name in body.files
        if name not in {"document", "file"}
    )
    document = _parsed(replace(body, data=sent[0]), faults)
    return document, given, tuple(one for one in sources if one.data)


def _parsed(body: Body, faults: list[dict[str, str]]) -> Any:  # noqa: ANN401  # JSON of a client
    try:
        return body.json(MOST_VALUES)
    except ValueError as error:
        faults.append(fault_of("document", f"{HOW}: {error}"))
        return None
