"""Mistral's OCR: `POST /v1/ocr`, and files that are sent before they are read.

A file is kept for ten minutes, and found by its id or by the address that it was given here; no
other address is fetched.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import msgspec
from flask import Blueprint, Response, jsonify, request

from ocr_server.document.roles import Roles
from ocr_server.errors import InvalidOptions, JobMissing, OcrServerError, UnsupportedFormat
from ocr_server.job import PageSelection, ReadOptions, Source
from ocr_server.request.parsing import parse_pages
from ocr_server.sources.signatures import media_type_of_file
from ocr_server.web.auth import owner_of
from ocr_server.web.body import JSON, body_of, decoded_image
from ocr_server.web.compat.adapter import (
    ALL_PAGES,
    Adapter,
    ErrorKind,
    NamedErrors,
    answer_errors,
    encoded,
    kind_of,
    read,
    read_office,
    refusal,
)
from ocr_server.web.compat.mistral_page import (
    EXTRACTED,
    GRANULARITIES,
    TABLE_WRITERS,
    PageOptions,
    office_page,
    page_of,
)
from ocr_server.web.compat.models import MISTRAL_MODEL, describe_model, list_models
from ocr_server.web.context import job_folder, service
from ocr_server.web.json_body import PIECE_BYTES, Value

_FILE, _ABOUT = "file", "about"  # parts of what is kept
_CONTENT_PATH = re.compile(r".*/v1/files/(\w+)/content")
_LONGEST_TYPE = 200  # characters of a data URL that have its media type
_UNANSWERED = ("bbox_annotation_format", "document_annotation_format")
Json: TypeAlias = dict[str, Any]  # as mixed as what Mistral sends and answers

blueprint = Blueprint("mistral", __name__)


@blueprint.post("/v1/ocr")
def read_document() -> Response:
    """The Markdown of each page of a document."""
    try:
        members = body_of(request, forms=()).members()
        document = members.pop("document").members()
        options = {name: value.parsed() for name, value in members.items()}
        source, file_name, media_type = _sent_file(document)
        pages = _pages(options.get("pages"))
        wanted = PageOptions(
            table_format=_choice(options, "table_format", tuple(TABLE_WRITERS)),
            granularity=_choice(options, "confidence_scores_granularity", GRANULARITIES),
            with_blocks=options.get("include_blocks") is not False,
            extracted=frozenset(
                role for name, roles in EXTRACTED.items() if options.get(name) for role in roles
            ),
        )
    except KeyError:
        raise InvalidOptions("document is missing.") from None
    except ValueError as error:
        raise InvalidOptions(f"The body is not understood: {error}.") from error
    for name in _UNANSWERED:
        if options.get(name) is not None:
            raise InvalidOptions(f"{name}: this server transcribes, and answers no questions.")
    office = read_office(source, ("markdown",), name=file_name, media_type=media_type)
    if office is not None:
        told = [encoded(office_page(office.texts["markdown"]))]
    else:
        read_ = read(source, ReadOptions(languages=service().settings.languages), pages=pages)
        roles = Roles.of(read_.pages)
        told = [encoded(page_of(page, wanted, roles)) for page in read_.pages]
    answer = {
        "model": options.get("model") or MISTRAL_MODEL,
        "pages": told,
        "usage_info": {"pages_processed": len(told), "doc_size_bytes": source.size_bytes},
        "document_annotation": None,
    }
    return Response(msgspec.json.encode(answer), content_type=JSON)


blueprint.add_url_rule("/v1/models", view_func=list_models)
blueprint.add_url_rule("/v1/models/<name>", view_func=describe_model)


@blueprint.post("/v1/files")
def keep_file() -> Response:
    """Keep a file, to be read in a few minutes."""
    sent = request.files.get("file")
    source = next(iter(body_of(request).files.get("file", ())), None)
    if sent is None or source is None or not source.size_bytes:
        raise UnsupportedFormat("No file came. Send a picture or PDF in the field file.")
    about = {
        "filename": sent.filename or "file",
        "mimetype": media_type_of_file(source.path),
        "bytes": source.size_bytes,
        "size_bytes": source.size_bytes,
    }
    kept = service().store.keep(
        owner_of(request), {_FILE: source.path, _ABOUT: json.dumps(about).encode()}
    )
    return jsonify(_file(kept.id))


@blueprint.get("/v1/files")
def list_files() -> Response:
    """All files of the key that are still kept, the newest first."""
    files = []
    for stored in reversed(service().store.of(owner_of(request))):
        if stored.parts == (_FILE, _ABOUT):
            with suppress(JobMissing):  # its time may end just now
                files.append(_file(stored.id))
    return jsonify(object="list", data=files, total=len(files))


@blueprint.get("/v1/files/<file_id>")
def describe_file(file_id: str) -> Response:
    """What is known of a kept file."""
    return jsonify(_file(file_id))


@blueprint.get("/v1/files/<file_id>/url")
def tell_address(file_id: str) -> Response:
    """The address of a kept file, which `POST /v1/ocr` understands."""
    _file(file_id)
    return jsonify(url=f"{request.url_root}v1/files/{file_id}/content")


@blueprint.get("/v1/files/<file_id>/content")
def get_file(file_id: str) -> Response:
    """A kept file."""
    return Response(_pieces(file_id), content_type="application/octet-stream")


@blueprint.delete("/v1/files/<file_id>")
def forget_file(file_id: str) -> Response:
    """Forget a file before its time."""
    if not service().store.forget(file_id, owner_of(request)):
        raise _no_file()
    return jsonify(id=file_id, object="file", deleted=True)


def _file(file_id: str) -> Json:
    store, owner = service().store, owner_of(request)
    stored, opened = store.find(file_id, owner), store.open(file_id, owner, _ABOUT)
    if stored is None or opened is None:
        raise _no_file()
    with opened:
        about = json.load(opened)
    return {
        "id": file_id,
        "object": "file",
        "deleted": False,
        "created_at": int(stored.made_s),
        "purpose": "ocr",
        "sample_type": "ocr_input",
        "source": "upload",
        **about,
    }


def _pieces(file_id: str) -> Iterator[bytes]:
    opened = service().store.open(file_id, owner_of(request), _FILE)
    if opened is None:
        raise _no_file()

    def pieces() -> Iterator[bytes]:
        with opened:
            while piece := opened.read(PIECE_BYTES):
                yield piece

    return pieces()


def _no_file() -> JobMissing:
    return JobMissing("There is no such file; files are kept for ten minutes. Send it again.")


def _sent_file(document: dict[str, Value]) -> tuple[Source, str, str]:
    """The file of a document, a data URL or one that was sent before, its name and media type.

    Raises:
        ValueError: it is none of these; the message is for the client.
    """
    if "file_id" in document:
        return _kept_file(str(document["file_id"].parsed()))
    address = document.get("document_url") or document.get("image_url")
    if address is not None and address.kind == b"{":
        address = address.members().get("url")
    if address is None:
        raise ValueError("document needs document_url, image_url or file_id")
    head = next(address.text_pieces(), b"")[:_LONGEST_TYPE].decode(errors="replace")
    if head[:5].lower() != "data:":
        url = urlsplit(address.parsed())
        ours = _CONTENT_PATH.fullmatch(url.path)
        if ours is None or url.netloc != request.host:
            raise ValueError("nothing is fetched from addresses; send a data URL or a file")
        return _kept_file(ours[1])
    name = document["document_name"].parsed() if "document_name" in document else ""
    return decoded_image(address), str(name), re.split("[;,]", head[5:])[0].lower()


def _kept_file(file_id: str) -> tuple[Source, str, str]:
    return job_folder().add(_pieces(file_id)), _file(file_id)["filename"], ""


def _pages(given: object) -> PageSelection:
    """Pages that were counted from 0: numbers, or a text of numbers and ranges."""
    if given in (None, [], ""):
        return ALL_PAGES
    text = ",".join(map(str, given)) if isinstance(given, list) else str(given)
    return parse_pages(re.sub(r"\d{1,9}", lambda number: str(int(number[0]) + 1), text))


def _choice(options: Json, name: str, values: tuple[str, ...]) -> str | None:
    given: str | None = options.get(name)
    if given is not None and given not in values:
        raise ValueError(f"{name} must be one of {', '.join(values)}")
    return given


_ERRORS: NamedErrors = {
    ErrorKind.KEY: (401, "unauthorized"),
    ErrorKind.REQUEST: (400, "invalid_request_error"),
    ErrorKind.MISSING: (404, "not_found"),
    ErrorKind.TOO_LARGE: (413, "invalid_request_file"),
    ErrorKind.DOCUMENT: (400, "invalid_request_file"),
    ErrorKind.SPENT: (400, "invalid_request_file"),
    ErrorKind.BUSY: (429, "rate_limited"),
    ErrorKind.AWAY: (503, "service_unavailable"),
}


def _answer(error: OcrServerError) -> Response:
    status, type_ = _ERRORS[kind_of(error)]
    told = {
        "object": "error", "message": error.client_message, "type": type_, "param": None,
        "code": error.code,
    }  # fmt: skip
    return refusal(error, json.dumps(told), status=status, media_type=JSON)


answer_errors(blueprint, _answer)
ADAPTER = Adapter(blueprint, "`POST /v1/ocr`, `/v1/files` and `GET /v1/models` of Mistral’s OCR")
