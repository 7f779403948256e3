"""A request to render a document that comes back, corrected by a person perhaps."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Request

from ocr_server.document.model import Document
from ocr_server.document.payload_reader import document_from_json
from ocr_server.job import Job, ReadOptions, Source
from ocr_server.request.options import OPTIONS as ALL_OPTIONS
from ocr_server.web.bodies import (
    as_text,
    at_most,
    check_encoding,
    decoded_images,
    fault_of,
    joined_fields,
    parsed_json,
)
from ocr_server.web.forms import (
    ParsedRequest,
    accepted_format,
    check,
    deadline_of,
    limits_of,
    rendering_of,
    values_of,
)
from ocr_server.web.service import Service

# Nothing is read, so only what shapes the answer is an option here.
OPTIONS = ("format", "detail", "lines", "dpi", "password", "timeout_s")
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
    known = {name: text for name, text in given.items() if name in OPTIONS}
    faults.extend(
        fault_of(name, f"not an option here; there are {', '.join(OPTIONS)}")
        for name in (*given, *(name for name in request.args if name in ALL_OPTIONS))
        if name not in OPTIONS
    )
    values = dict(values_of(request, known, faults))
    check(faults)
    settings = here.settings
    limits = limits_of(settings, values.get("dpi"))
    job = Job(
        sources=sources,
        options=ReadOptions(),
        limits=limits,
        deadline=deadline_of(values, settings.timeout_s),
        password=values.get("password"),
    )
    asked = ParsedRequest(
        job=job,
        formats=values.get("format") or (accepted_format(request),),
        rendering=rendering_of(values, limits),
        partial=False,
    )
    return document_from_json(value), asked


def _body(
    request: Request, faults: list[dict[str, str]], most_files: int
) -> tuple[object, Mapping[str, str], tuple[Source, ...]]:
    """The JSON of the document, the options beside it, and the files."""
    check_encoding(request)
    if request.mimetype not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        value = _parsed(request.get_data(cache=False), faults)
        if not isinstance(value, dict) or "document" not in value:
            return value, {}, ()
        images = value.pop("image", None) or []
        document = value.pop("document")
        images = images if isinstance(images, list) else [images]
        sources = decoded_images(at_most(most_files, images, "image", faults), faults)
        return document, {name: as_text(one) for name, one in value.items()}, sources
    given = joined_fields(request.form.to_dict(flat=False), faults)
    file = request.files.get("document")
    text = file.read() if file else given.pop("document", "").encode()
    sent = at_most(most_files, request.files.getlist("file"), "file", faults)
    sources = tuple(Source(one.read()) for one in sent)
    faults.extend(
        fault_of(name, "send the document in the field document and files in the field file")
        for name in request.files
        if name not in {"document", "file"}
    )
    return _parsed(text, faults), given, tuple(one for one in sources if one.data)


def _parsed(data: bytes, faults: list[dict[str, str]]) -> Any:  # noqa: ANN401  # JSON of a client
    try:
        return parsed_json(data, MOST_VALUES)
    except ValueError as error:
        faults.append(fault_of("document", f"{HOW}: {error}"))
        return None
