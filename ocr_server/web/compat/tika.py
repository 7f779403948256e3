"""Apache Tika 3: `/tika`, `/rmeta` and `/meta`, with its headers; and `/tika/json` of Tika 4.

Source: Tika's wiki, “TikaServer”; its documentation, “Migrating Tika Server to 4.x”. `PUT /tika`
answers by `Accept`, `/tika/text` and `/tika/html` in JSON; errors are its statuses, with a sentence
instead of a stack trace.
"""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element

from flask import Blueprint, Response, jsonify, request
from werkzeug.http import parse_options_header

from ocr_server import __version__
from ocr_server.document.model import Document, EngineInfo
from ocr_server.errors import (
    DeadlinePassed,
    DocumentError,
    EncryptedDocument,
    EngineError,
    EngineFailed,
    LanguageMissing,
    OcrServerError,
    RequestError,
    UnsupportedFormat,
)
from ocr_server.export.xml import element, written
from ocr_server.job import Source
from ocr_server.office.files import office_type_of
from ocr_server.office.plain import OfficeText
from ocr_server.sources.signatures import PDF, media_type_of_file
from ocr_server.web.auth import IN_ADDRESS
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import (
    Adapter,
    answer_errors,
    read,
    read_office,
    refusal,
    rendered,
)
from ocr_server.web.compat.tika_headers import PASSWORD, TikaRequest, read_headers
from ocr_server.web.context import service
from ocr_server.web.gzip_file import unpacked
from ocr_server.web.problems import STATUS

GREETING = f"This is Tika Server (ocr-server {__version__}, as Apache Tika 3). Please PUT\n"
PARSERS = ["org.apache.tika.parser.DefaultParser", "org.apache.tika.parser.ocr.TesseractOCRParser"]
CONTENT = "X-TIKA:content"
_EXCEPTION = "X-TIKA:EXCEPTION:container_exception"
_EMBEDDED_EXCEPTION = "X-TIKA:EXCEPTION:embedded_exception"
_NAMES_IN_4 = {
    CONTENT: "tk:content",
    "X-TIKA:Parsed-By": "tk:parsed-by",
    _EMBEDDED_EXCEPTION: "tk:exception:embedded-exception",
    "resourceName": "tk:resource-name",
}
_MARKDOWN, _PLAIN = {"markdown", "md"}, {"text", "txt", "body"}
_PAGE = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}</body></html>'
_UNREAD = Document((), EngineInfo("", "", ()))  # what was not to be read

blueprint = Blueprint("tika", __name__)


@blueprint.get("/tika")
def greet() -> Response:
    """Its greeting, by which clients know it."""
    return Response(GREETING, content_type="text/plain")


@blueprint.put("/tika")
@blueprint.post("/tika/form")
def parse() -> Response:
    """The text in the form that `Accept` names: plain, XHTML, XML or JSON."""
    source, requested = _source(), _requested()
    document = _read(source, requested)
    offered = ["text/plain", "text/html", "text/xml", "application/json"]
    media_type = request.accept_mimetypes.best_match(offered, default="text/plain")
    if media_type == "application/json":
        return jsonify(_told(source, document, "html", requested))
    content = _content("text" if media_type == "text/plain" else "html", document, requested)
    if not content.strip():
        return Response(status=204)
    return Response(content, content_type=f"{media_type}; charset=UTF-8")


@blueprint.put("/tika/<any(text, html, xml, body):handler>")
@blueprint.post("/tika/form/<any(text, html, xml, body):handler>")
def parse_to_json(handler: str) -> Response:
    """Metadata and content as one object."""
    source, requested = _source(), _requested()
    return jsonify(_told(source, _read(source, requested), handler, requested))


@blueprint.put("/tika/json")
@blueprint.put("/tika/json/<any(text, txt, html, xml, body, markdown, md, ignore):handler>")
def parse_as_tika_4(handler: str = "markdown") -> Response:
    """Metadata and content as one object, with the names of Tika 4."""
    source, requested = _source(), _requested()
    found = _told(source, _read(source, requested), handler, requested)
    return jsonify({_NAMES_IN_4.get(name, name): value for name, value in found.items()})


@blueprint.put("/meta")
@blueprint.post("/meta/form")
def tell_metadata() -> Response:
    """What is known of a file that is not read: its media type and name."""
    return jsonify(_metadata(_source(), _UNREAD))


@blueprint.put("/rmeta")
@blueprint.post("/rmeta/form")
@blueprint.put("/rmeta/<any(text, html, xml, body, ignore):handler>")
@blueprint.post("/rmeta/form/<any(text, html, xml, body, ignore):handler>")
def parse_recursively(handler: str = "xml") -> Response:
    """A list of one object, of the document; embedded files are not listed."""
    source, requested = _source(), _requested()
    return jsonify([_told(source, _read(source, requested), handler, requested)])


def _requested() -> TikaRequest:
    return read_headers(request.headers.items(), service().settings.languages)


def _source() -> Source:
    body = body_of(request)
    source = next((files[0] for files in body.files.values()), body.file)
    if source is not None and request.headers.get("Content-Encoding", "").lower() == "gzip":
        source = unpacked(source)
    if source is None or not source.size_bytes:
        raise UnsupportedFormat("Nothing was sent. Send a picture or PDF.")
    return source


def _read(source: Source, requested: TikaRequest) -> Document | OfficeText:
    office = read_office(
        source, ("text", "html", "markdown"), name=_file_name() or "", media_type=request.mimetype
    )
    if office is not None:
        return office
    if requested.skips or not requested.least_bytes <= source.size_bytes <= requested.most_bytes:
        return _UNREAD
    try:
        return read(
            source, requested.reading, timeout_s=requested.timeout_s, password=requested.password
        )
    except EncryptedDocument as error:
        if requested.password is not None:
            raise
        raise EncryptedDocument(
            f"The PDF is protected. Send its password in the header {PASSWORD}."
        ) from error


def _file_name() -> str | None:
    sent = next(iter(request.files.values()), None)
    return _attached_name() if sent is None else sent.filename


def _attached_name() -> str | None:
    disposition, parameters = parse_options_header(request.headers.get("Content-Disposition"))
    return parameters.get("filename") if disposition == "attachment" else None


def _told(
    source: Source, document: Document | OfficeText, handler: str, requested: TikaRequest
) -> dict[str, Any]:
    found = _metadata(source, document)
    if handler != "ignore":
        found[CONTENT] = _content(handler, document, requested)
    return found


def _metadata(source: Source, document: Document | OfficeText) -> dict[str, Any]:
    found: dict[str, Any] = {"Content-Type": _kind(source), "X-TIKA:Parsed-By": PARSERS}
    name = _attached_name()
    if name is not None:
        found["resourceName"] = name
    if found["Content-Type"] == PDF and isinstance(document, Document) and document is not _UNREAD:
        found["xmpTPg:NPages"] = str(len(document.pages))
    if isinstance(document, OfficeText) and document.problems:
        found[_EMBEDDED_EXCEPTION] = list(document.problems)
    return found


def _kind(source: Source) -> str:
    sent_as = request.mimetype or "application/octet-stream"
    office = office_type_of(source.path, name=_file_name() or "", media_type=sent_as)
    return media_type_of_file(source.path) or office or sent_as


def _content(handler: str, document: Document | OfficeText, requested: TikaRequest) -> str:
    if not isinstance(document, Document):
        texts = document.texts
        if handler in _MARKDOWN:
            return texts["markdown"]
        return texts["text"] if handler in _PLAIN else _PAGE.format(texts["html"])
    if handler in _MARKDOWN:
        return rendered(document, "markdown")
    if handler in _PLAIN:
        text = "\n\n".join(page.text for page in document.pages)
        return f"{text}\n" if text else ""
    return rendered(document, "hocr") if requested.as_hocr else _xhtml(document)


def _xhtml(document: Document) -> str:
    root = Element("html", {"xmlns": "http://www.w3.org/1999/xhtml"})
    head = element("head", root)
    for parser in PARSERS:
        element("meta", head, name="X-TIKA:Parsed-By", content=parser)
    element("title", head)
    body = element("body", root)
    for page in document.pages:
        element("div", element("div", body, class_="page"), page.text, class_="ocr")
    return written(root).decode()


def _answer(error: OcrServerError) -> Response:
    body, media_type = f"{error.client_message}\n", "text/plain; charset=UTF-8"
    if request.accept_mimetypes.best == JSON:  # whose clients parse what comes, whatever the status
        body = json.dumps([{_EXCEPTION: error.client_message}])
        media_type = JSON
    return refusal(error, body, status=_status_of(error), media_type=media_type)


def _status_of(error: OcrServerError) -> int:
    """Tika's own, but where it has none: keys, sizes, and load."""
    ours = STATUS[type(error)]
    if ours == 413 or (isinstance(error, RequestError) and not isinstance(error, LanguageMissing)):
        return ours
    # What its parsers throw, a time-out of Tesseract among it, is a document that it cannot read.
    if isinstance(error, DocumentError | LanguageMissing | EngineFailed | DeadlinePassed):
        return 422
    return 500 if isinstance(error, EngineError) else ours


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`/tika`, `/rmeta` and `/meta` of Apache Tika 3 with its headers, `/tika/json` of Tika 4",
    key=IN_ADDRESS,
)
