"""A request to render a document that comes back, corrected by a person perhaps."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from flask import Request

from ocr_server.deadline import Deadline
from ocr_server.export.payload_reader import document_from_json
from ocr_server.job import Job, Reading, Source
from ocr_server.model import Document
from ocr_server.web.bodies import as_text, decode_base64, fault_of, joined_fields
from ocr_server.web.forms import (
    Asked,
    accepted_format,
    check,
    limits_of,
    rendering_of,
    values_of,
)
from ocr_server.web.options import OPTIONS as ALL_OPTIONS
from ocr_server.web.service import Service

# Nothing is read, so only what shapes the answer is an option here.
OPTIONS = ("format", "detail", "lines", "dpi", "password", "timeout_s")
HOW = (
    "send the JSON of a document: as the body, in JSON as document, or in the multipart field "
    "document"
)


def read_corrected(request: Request, here: Service) -> tuple[Document, Asked]:
    """The document of a request, and how it is to leave.

    Raises:
        InvalidOptions: something is missing or wrong; all of the options is said at once, or else
            all of the document.
    """
    faults: list[dict[str, str]] = []
    value, given, sources = _body(request, faults)
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
        reading=Reading(),
        limits=limits,
        deadline=Deadline.after(
            min(values.get("timeout_s", settings.timeout_s), settings.timeout_s)
        ),
        password=values.get("password"),
    )
    asked = Asked(
        job=job,
        formats=values.get("format") or (accepted_format(request),),
        rendering=rendering_of(values, limits),
        partial=False,
    )
    return document_from_json(value), asked


def _body(
    request: Request, faults: list[dict[str, str]]
) -> tuple[object, Mapping[str, str], tuple[Source, ...]]:
    """The JSON of the document, the options beside it, and the files."""
    if request.mimetype not in {"multipart/form-data", "application/x-www-form-urlencoded"}:
        value = _parsed(request.get_data(cache=False), faults)
        if not isinstance(value, dict) or "document" not in value:
            return value, {}, ()
        images = value.pop("image", None) or []
        document = value.pop("document")
        sources = _sources(images if isinstance(images, list) else [images], faults)
        return document, {name: as_text(one) for name, one in value.items()}, sources
    given = joined_fields(request.form.to_dict(flat=False), faults)
    file = request.files.get("document")
    text = file.read() if file else given.pop("document", "").encode()
    sources = tuple(Source(one.read()) for one in request.files.getlist("file"))
    faults.extend(
        fault_of(name, "send the document in the field document and files in the field file")
        for name in request.files
        if name not in {"document", "file"}
    )
    return _parsed(text, faults), given, tuple(one for one in sources if one.data)


def _parsed(data: bytes, faults: list[dict[str, str]]) -> Any:  # noqa: ANN401  # JSON of a client
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        faults.append(fault_of("document", HOW))
        return None


def _sources(images: list[object], faults: list[dict[str, str]]) -> tuple[Source, ...]:
    sources = []
    for image in images:
        try:
            sources.append(Source(decode_base64(image)))
        except ValueError as error:
            faults.append(fault_of("image", str(error)))
    return tuple(sources)
