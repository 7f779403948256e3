"""Apache Tika 3: `/tika` and `/rmeta`, for pictures and PDFs, with its headers.

Source: Tika's wiki, “TikaServer” and “TikaOCR”. `PUT /tika` answers by `Accept`, `/tika/text` and
`/tika/html` in JSON; errors are its statuses, with a sentence instead of a stack trace.
"""

from __future__ import annotations

import json
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
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
    InvalidOptions,
    LanguageMissing,
    OcrServerError,
    RequestError,
    UnsupportedFormat,
)
from ocr_server.export.xml import element, written
from ocr_server.job import ReadOptions, Source, TextLayerUse
from ocr_server.office.files import office_type_of
from ocr_server.office.plain import OfficeText
from ocr_server.request.faults import body_too_large
from ocr_server.sources.signatures import PDF, media_type_of_file
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import (
    Adapter,
    answer_errors,
    read,
    read_office,
    refusal,
    rendered,
)
from ocr_server.web.context import job_folder, service
from ocr_server.web.json_body import PIECE_BYTES
from ocr_server.web.problems import STATUS

GREETING = f"This is Tika Server (ocr-server {__version__}, as Apache Tika 3). Please PUT\n"
PARSERS = ["org.apache.tika.parser.DefaultParser", "org.apache.tika.parser.ocr.TesseractOCRParser"]
CONTENT = "X-TIKA:content"
_EXCEPTION = "X-TIKA:EXCEPTION:container_exception"
_PAGE = '<html xmlns="http://www.w3.org/1999/xhtml"><head><title/></head><body>{}</body></html>'
_UNREAD = Document((), EngineInfo("", "", ()))  # what was not to be read

# Tika sets any field of its parser by a header, which has led to commands being run. Here a header
# that is not in these tables is refused in Tika's words, and so is a value with unusual letters.
_OCR, _PDF, _TIMEOUT = "x-tika-ocr", "x-tika-pdf", "x-tika-timeout-millis"
_PASSWORD = "Password"  # noqa: S105  # a header's name
_LETTERS = re.compile(r"[-/_+.A-Za-z0-9 ]+")
_LANGUAGE = r"(?:[a-zA-Z]{3}(?:_[a-zA-Z]{3,4}){0,2}|script/[A-Z][a-zA-Z]+(?:_vert)?)"
_FLAG, _NUMBER, _WORD = "true|false", r"\d{1,12}", "[a-z]+"
_FORMS = {
    "language": rf"{_LANGUAGE}(?:\+{_LANGUAGE})*",
    "pagesegmode": r"[13-9]|1[0-3]",  # 0 and 2 read nothing
    "outputtype": "txt|hocr",
    "skipocr": _FLAG,
    "timeout": _NUMBER,
    "timeoutseconds": _NUMBER,
    "timeoutmillis": _NUMBER,
    "minfilesizetoocr": _NUMBER,
    "maxfilesizetoocr": _NUMBER,
    "enableimagepreprocessing": _FLAG,
    # How Tika prepares pictures and spaces words; this server does so in its own way.
    "applyrotation": _FLAG,
    "density": _NUMBER,
    "depth": _NUMBER,
    "colorspace": _WORD,
    "filter": _WORD,
    "resize": _NUMBER,
    "preserveinterwordspacing": _FLAG,
    "inlinecontent": _FLAG,
}
_PDF_FORMS = {
    "ocrstrategy": "no_ocr|ocr_only|ocr_and_text_extraction|auto",
    # Of no effect, as whole pages are read.
    "extractinlineimages": _FLAG,
    "extractuniqueinlineimagesonly": _FLAG,
    "sortbyposition": _FLAG,
}
_TEXT_LAYERS = {"no_ocr": TextLayerUse.ONLY, "ocr_only": TextLayerUse.IGNORE}

blueprint = Blueprint("tika", __name__)


@dataclass(frozen=True, slots=True)
class _TikaRequest:
    """The headers of a request as values; files with a size outside of the range are not read."""

    reading: ReadOptions
    password: str | None
    timeout_s: float | None
    as_hocr: bool
    skips: bool
    least_bytes: int
    most_bytes: int


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
        return jsonify(
            _metadata(source, document) | {CONTENT: _content("html", document, requested)}
        )
    content = _content("text" if media_type == "text/plain" else "html", document, requested)
    if not content.strip():
        return Response(status=204)
    return Response(content, content_type=f"{media_type}; charset=UTF-8")


@blueprint.put("/tika/<any(text, html, xml, body):handler>")
@blueprint.post("/tika/form/<any(text, html, xml, body):handler>")
def parse_to_json(handler: str) -> Response:
    """Metadata and content as one object."""
    source, requested = _source(), _requested()
    document = _read(source, requested)
    return jsonify(_metadata(source, document) | {CONTENT: _content(handler, document, requested)})


@blueprint.put("/rmeta")
@blueprint.post("/rmeta/form")
@blueprint.put("/rmeta/<any(text, html, xml, body, ignore):handler>")
@blueprint.post("/rmeta/form/<any(text, html, xml, body, ignore):handler>")
def parse_recursively(handler: str = "xml") -> Response:
    """A list of one object, of the document; embedded files are not listed."""
    source, requested = _source(), _requested()
    document = _read(source, requested)
    found = _metadata(source, document)
    if handler != "ignore":
        found[CONTENT] = _content(handler, document, requested)
    return jsonify([found])


def _requested() -> _TikaRequest:
    return _read_headers(request.headers.items(), service().settings.languages)


def _read_headers(headers: Iterable[tuple[str, str]], languages: tuple[str, ...]) -> _TikaRequest:
    """What the headers ask for; `languages` where they name none.

    Raises:
        InvalidOptions: a header is none of Tika's, is not allowed here, or has a wrong value.
    """
    ocr, pdf, timeout_ms, password = {}, {}, None, None
    for name, value in headers:
        text = value.strip()
        if name.lower() == _TIMEOUT:
            timeout_ms = int(_checked(name, text, {_TIMEOUT: _NUMBER}, _TIMEOUT, "X-Tika"))
        elif name.lower().startswith(_OCR):
            field = name.lower().removeprefix(_OCR)
            ocr[field] = _checked(name, text, _FORMS, field, "X-Tika-OCR")
        elif name.lower().startswith(_PDF):
            field = name.lower().removeprefix(_PDF)
            pdf[field] = _checked(name, text, _PDF_FORMS, field, "X-Tika-PDF")
        elif name.lower() == _PASSWORD.lower():
            password = value
    if "language" in ocr:
        languages = tuple(dict.fromkeys(ocr["language"].split("+")))
    usual = ReadOptions()
    return _TikaRequest(
        reading=ReadOptions(
            languages=languages,
            psm=int(ocr.get("pagesegmode", usual.psm)),
            operations=() if _is_false(ocr.get("enableimagepreprocessing")) else usual.operations,
            text_layer=_TEXT_LAYERS.get(pdf.get("ocrstrategy", "").lower(), TextLayerUse.AUTO),
        ),
        password=password,
        timeout_s=_timeout_s(ocr, timeout_ms),
        as_hocr=ocr.get("outputtype", "").lower() == "hocr",
        skips=ocr.get("skipocr", "").lower() == "true",
        least_bytes=int(ocr.get("minfilesizetoocr", 0)),
        most_bytes=int(ocr.get("maxfilesizetoocr", 2**63)),
    )


def _checked(name: str, text: str, forms: dict[str, str], field: str, prefix: str) -> str:
    form = forms.get(field)
    if form is None or not _LETTERS.fullmatch(text) or not re.fullmatch(form, text, re.IGNORECASE):
        raise InvalidOptions(f"{name} is an invalid {prefix} header")
    return text


def _is_false(text: str | None) -> bool:
    return text is not None and text.lower() == "false"


def _timeout_s(ocr: dict[str, str], timeout_ms: int | None) -> float | None:
    """The time limit of the most specific header; none for 0, which means the server's."""
    if "timeoutmillis" in ocr:
        timeout_ms = int(ocr["timeoutmillis"])
    for field in ("timeoutseconds", "timeout"):
        if field in ocr:
            return float(ocr[field])
    return timeout_ms / 1000 if timeout_ms else None


def _source() -> Source:
    body = body_of(request)
    source = next((files[0] for files in body.files.values()), body.file)
    if source is not None and request.headers.get("Content-Encoding", "").lower() == "gzip":
        packed, source = (
            source,
            job_folder().add(_unpacked(source.path, service().settings.max_body_bytes)),
        )
        packed.path.unlink()
    if source is None or not source.size_bytes:
        raise UnsupportedFormat("Nothing was sent. Send a picture or PDF.")
    return source


def _unpacked(path: Path, most_bytes: int) -> Iterator[bytes]:
    """What was packed with gzip, which may be far more than was sent, in pieces."""
    unpacker = zlib.decompressobj(wbits=16 + zlib.MAX_WBITS)
    left_bytes = most_bytes
    with path.open("rb") as file:
        while packed := unpacker.unconsumed_tail or file.read(PIECE_BYTES):
            try:
                piece = unpacker.decompress(packed, PIECE_BYTES)
            except zlib.error as error:
                raise InvalidOptions("The body is not gzip, as Content-Encoding says.") from error
            left_bytes -= len(piece)
            if left_bytes < 0:
                raise body_too_large(most_bytes)
            yield piece
            if unpacker.eof:
                return
    raise InvalidOptions("The body’s gzip is cut off. Send all of it.")


def _read(source: Source, requested: _TikaRequest) -> Document | OfficeText:
    office = read_office(
        source, ("text", "html"), name=_file_name() or "", media_type=request.mimetype
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
            f"The PDF is protected. Send its password in the header {_PASSWORD}."
        ) from error


def _file_name() -> str | None:
    sent = next(iter(request.files.values()), None)
    return _attached_name() if sent is None else sent.filename


def _attached_name() -> str | None:
    disposition, parameters = parse_options_header(request.headers.get("Content-Disposition"))
    return parameters.get("filename") if disposition == "attachment" else None


def _metadata(source: Source, document: Document | OfficeText) -> dict[str, Any]:
    found: dict[str, Any] = {"Content-Type": _kind(source), "X-TIKA:Parsed-By": PARSERS}
    name = _attached_name()
    if name is not None:
        found["resourceName"] = name
    if found["Content-Type"] == PDF and isinstance(document, Document) and document is not _UNREAD:
        found["xmpTPg:NPages"] = str(len(document.pages))
    if isinstance(document, OfficeText) and document.problems:
        found["X-TIKA:EXCEPTION:embedded_exception"] = list(document.problems)
    return found


def _kind(source: Source) -> str:
    sent_as = request.mimetype or "application/octet-stream"
    office = office_type_of(source.path, name=_file_name() or "", media_type=sent_as)
    return media_type_of_file(source.path) or office or sent_as


def _content(handler: str, document: Document | OfficeText, requested: _TikaRequest) -> str:
    if not isinstance(document, Document):
        is_plain = handler in {"text", "body"}
        texts = document.texts
        return texts["text"] if is_plain else _PAGE.format(texts["html"])
    if handler in {"text", "body"}:
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
ADAPTER = Adapter(blueprint, "`/tika` and `/rmeta` of Apache Tika 3, with its headers for OCR")
