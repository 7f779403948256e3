"""Unstructured: `POST /general/v0/general`, a document in, a list of its elements out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from itertools import chain
from typing import Any, TypeAlias

import msgspec
from flask import Blueprint, Response, jsonify, request

from ocr_server.document.model import Document, Page, hull_of
from ocr_server.document.roles import Role, Roles
from ocr_server.errors import InvalidOptions, OcrServerError, UnsupportedFormat
from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph, Tabular, blocks_of
from ocr_server.export.html import html_table
from ocr_server.job import ReadOptions
from ocr_server.office.plain import PlainBlock
from ocr_server.request.parsing import split
from ocr_server.sources.signatures import media_type_of_file
from ocr_server.web.auth import KeyPlaces
from ocr_server.web.body import JSON, Body, body_of
from ocr_server.web.compat.adapter import (
    USUAL_STATUS,
    Adapter,
    ErrorKind,
    answer_errors,
    encoded,
    hinted_languages,
    kind_of,
    read,
    read_office,
    refusal,
)

Json: TypeAlias = dict[str, Any]  # as mixed as what Unstructured answers

_KINDS = {Role.HEADER: "Header", Role.FOOTER: "Footer", Role.PAGE_NUMBER: "PageNumber"}

blueprint = Blueprint("unstructured", __name__)


@blueprint.get("/general/docs")
def tell_presence() -> Response:
    """That the server is there, which the client asks before it sends parts of a PDF."""
    return jsonify(status="ok")


@blueprint.post("/general/v0/general")
def partition() -> Response:
    """Titles, texts and tables of a document, in reading order."""
    sent = [(file.filename or "file", file.mimetype) for file in request.files.getlist("files")]
    body = body_of(request)
    sources = body.files.get("files", ())
    if len(sources) != 1 or not sources[0].size_bytes:
        raise UnsupportedFormat(f"Send one file in the field files; {len(sources)} came.")
    if _option(body, "output_format") not in {"", JSON}:
        raise InvalidOptions(f"output_format must be {JSON}.")
    first = _option(body, "starting_page_number") or "1"
    if not first.isdecimal() or len(first) > 9:
        raise InvalidOptions("starting_page_number must be a number.")
    name, media_type = sent[0]
    office = read_office(sources[0], (), name=name, media_type=media_type, wants_blocks=True)
    if office is not None:
        elements = _office_elements(office.blocks, {"filename": name, "filetype": media_type})
        return Response(msgspec.json.encode(elements), content_type=JSON)
    tags = chain.from_iterable(map(split, body.texts.get("languages", ())))
    document = read(sources[0], ReadOptions(languages=hinted_languages(tags)))
    about = {
        "filename": name,
        "filetype": media_type_of_file(sources[0].path),
        "languages": list(document.engine.languages),
    }
    elements = _elements(
        document,
        about,
        first_page=int(first),
        with_breaks=_option(body, "include_page_breaks") == "true",
        with_places=_option(body, "coordinates") == "true",
    )
    return Response(msgspec.json.encode(elements), content_type=JSON)


def _option(body: Body, name: str) -> str:
    return next(iter(body.texts.get(name, ())), "").strip().lower()


def _elements(
    document: Document, about: Json, *, first_page: int, with_breaks: bool, with_places: bool
) -> list[msgspec.Raw]:
    elements: list[msgspec.Raw] = []
    roles = Roles.of(document.pages)
    for page in document.pages:
        number = first_page + page.number - 1
        if with_breaks and page.number > 1:
            break_ = _element("PageBreak", "", about | {"page_number": number - 1}, len(elements))
            elements.append(encoded(break_))
        for block in blocks_of(page, roles, join_lines=True):
            more: Json = {"page_number": number}
            if isinstance(block, Tabular):
                more["text_as_html"] = html_table(block)
            if with_places:
                more["coordinates"] = _coordinates(page, block)
            kind, text = _kind_and_text(block)
            elements.append(encoded(_element(kind, text, about | more, len(elements))))
    return elements


def _office_elements(plain: Iterable[PlainBlock], about: Json) -> list[msgspec.Raw]:
    """The elements of a file that has text of its own, which has no pages."""
    elements: list[msgspec.Raw] = []
    for block in chain.from_iterable(one.blocks() for one in plain):
        more = {"text_as_html": html_table(block)} if isinstance(block, Tabular) else {}
        elements.append(encoded(_element(*_kind_and_text(block), about | more, len(elements))))
    return elements


def _element(kind: str, text: str, metadata: Json, index: int) -> Json:
    named = f"{metadata['filename']}\0{metadata.get('page_number')}\0{index}\0{text}"
    id_ = hashlib.sha256(named.encode(errors="replace")).hexdigest()[:32]
    return {"type": kind, "element_id": id_, "text": text, "metadata": metadata}


def _kind_and_text(block: Block) -> tuple[str, str]:
    match block:
        case Tabular():
            return "Table", " ".join(cell for row in block.rows for cell in row if cell)
        case Heading(text):
            return "Title", text
        case ListItem(text):
            return "ListItem", text
        case Paragraph(text, role=role):
            return _KINDS.get(role, "NarrativeText"), text


def _coordinates(page: Page, block: Block) -> Json:
    left_top, right_top, right_bottom, left_bottom = hull_of(block.lines).quad()
    return {
        "points": [left_top, left_bottom, right_bottom, right_top],
        "system": "PixelSpace",
        "layout_width": page.width_px,
        "layout_height": page.height_px,
    }


# Its client sends 5xx again for half an hour.
_STATUS = {**USUAL_STATUS, ErrorKind.REQUEST: 422, ErrorKind.BUSY: 503}


def _answer(error: OcrServerError) -> Response:
    body = json.dumps({"detail": error.client_message})
    return refusal(error, body, status=_STATUS[kind_of(error)], media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`POST /general/v0/general` of Unstructured",
    key=KeyPlaces(header="unstructured-api-key"),
)
