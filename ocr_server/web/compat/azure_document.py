"""Azure AI Document Intelligence 2024-11-30, and Form Recognizer 2022-08-31 and 2023-07-31.

`prebuilt-read` and `prebuilt-layout`, as JSON and searchable PDF. An operation is a durable job;
where the server keeps none, all the work is done while the document is sent, and its answer is kept
for ten minutes.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import msgspec
from flask import Blueprint, Response, request

from ocr_server import errors
from ocr_server.document.languages import AUTO
from ocr_server.errors import InvalidOptions, JobMissing, UnsupportedFormat
from ocr_server.job import PageSelection, ReadOptions, Source
from ocr_server.request.parsing import parse_pages
from ocr_server.sources.signatures import PDF, media_type_of_file
from ocr_server.web.auth import KeyPlaces, owner_of
from ocr_server.web.body import JSON, body_of
from ocr_server.web.compat.adapter import (
    ALL_PAGES,
    Adapter,
    ErrorKind,
    hinted_languages,
    image_of,
    read,
    read_as,
    read_office,
    told_left_out,
)
from ocr_server.web.compat.azure_office import office_result_of
from ocr_server.web.compat.azure_operations import (
    KEY_HEADER,
    InnerCodes,
    answer_as_azure,
    dated,
    error_response,
    unfinished,
)
from ocr_server.web.compat.azure_result import STRING_INDEX_TYPES, ResultOptions, result_of
from ocr_server.web.compat.kept_jobs import KeptJob, begin_job, kept_jobs
from ocr_server.web.context import hang_up, service

MODELS = {"prebuilt-read": False, "prebuilt-layout": True, "prebuilt-document": True}
_VERSIONS = {"documentintelligence": "2024-11-30", "formrecognizer": "2023-07-31"}
_CONTENT_FORMATS = ("text", "markdown")
_POLL_MS = 200  # read by the Python client, which else asks once a second
_PATH = "/<any(documentintelligence, formrecognizer):name>/documentModels/<model>"
_OF_RESULT = ("api-version", "stringIndexType", "outputContentFormat", "locale")
_RESULT, _PDF = "result", "pdf"  # parts of what is kept

blueprint = Blueprint("azure-document-intelligence", __name__)


@blueprint.post(f"{_PATH}:analyze")
def analyze(name: str, model: str) -> Response:
    """Read a document, and say where its result is."""
    if model not in MODELS:
        error = InvalidOptions(f"There is no model {model[:60]}; there are {', '.join(MODELS)}.")
        return error_response(error, 404, "NotFound", "ModelNotFound")
    source = _sent_file()
    options = _options(name, model, source)
    media_type = "" if request.mimetype == JSON else request.mimetype
    office = read_office(source, (), media_type=media_type, wants_blocks=True)
    if office is not None:
        result = office_result_of(office.blocks, options)
        return _accepted(name, model, service().store.keep(owner_of(request), {_RESULT: result}).id)
    if kept := kept_jobs():
        texts = {
            "languages": "+".join(_languages()),
            "pages": request.args.get("pages", ""),
            "codes": "true" if "barcodes" in _features() else "",
        }
        return _accepted(name, model, begin_job(kept, source, texts))
    reading = ReadOptions(languages=_languages(), codes="barcodes" in _features())
    pages = _pages()
    parts: dict[str, bytes] = {}
    if "pdf" in request.args.get("output", "").split(","):
        document, parts[_PDF] = read_as(source, reading, "pdf", pages=pages)
    else:
        document = read(source, reading, pages=pages)
    parts[_RESULT] = result_of(document, options)
    stored = service().store.keep(owner_of(request), parts)
    return _accepted(name, model, stored.id)


def _options(name: str, model: str, source: Source) -> ResultOptions:
    return ResultOptions(
        model=model,
        api_version=request.args.get("api-version", _VERSIONS[name]),
        string_index_type=_choice("stringIndexType", STRING_INDEX_TYPES),
        content_format=_choice("outputContentFormat", _CONTENT_FORMATS),
        is_layout=MODELS.get(model, False),
        is_pdf=media_type_of_file(source.path) == PDF,
        warning=told_left_out(_hints()),
    )


def _accepted(name: str, model: str, result_id: str) -> Response:
    """Where the result will be; a job’s is made when it is asked for, so the address says how."""
    asked = {"api-version": _VERSIONS[name]} | {
        option: request.args[option] for option in _OF_RESULT if option in request.args
    }
    address = f"{request.url_root}{name}/documentModels/{model}/analyzeResults/{result_id}"
    response = Response(status=202)
    response.headers["Operation-Location"] = f"{address}?{urlencode(asked)}"
    response.headers["Retry-After"] = "1"
    response.headers["retry-after-ms"] = str(_POLL_MS)
    return response


@blueprint.get(f"{_PATH}/analyzeResults/<result_id>")
def get_result(name: str, model: str, result_id: str) -> Response:
    """How far an operation is, with its result if it has succeeded."""
    stored = service().store.find(result_id, owner_of(request))
    kept = kept_jobs()
    if stored is None and kept:
        operation = KeptJob.of(kept, result_id)
        made_s, told = operation.status.row.created_s, _job_result(operation, name, model)
    else:
        result = _part(result_id, _RESULT)
        made_s = stored.made_s if stored else 0
        told = {"status": "succeeded", "analyzeResult": msgspec.Raw(result)}
    return Response(msgspec.json.encode(told | dated(made_s)), content_type=JSON)


def _job_result(operation: KeptJob, name: str, model: str) -> dict[str, Any]:
    if told := unfinished(operation, _INNER):
        return told
    result = result_of(operation.document, _options(name, model, operation.source))
    return {"status": "succeeded", "analyzeResult": msgspec.Raw(result)}


@blueprint.get(f"{_PATH}/analyzeResults/<result_id>/pdf")
def get_pdf(name: str, model: str, result_id: str) -> Response:
    """The searchable PDF; of a server without jobs, where it was asked for with the document."""
    del name, model
    if kept := kept_jobs():
        operation = KeptJob.of(kept, result_id)
        if not operation.is_over:
            raise _no_result()
        return Response(operation.rendered("pdf", hang_up()), content_type=PDF)
    return Response(_part(result_id, _PDF), content_type=PDF)


@blueprint.delete(f"{_PATH}/analyzeResults/<result_id>")
def forget(name: str, model: str, result_id: str) -> Response:
    """Forget a result before its time."""
    del name, model
    if service().store.forget(result_id, owner_of(request)):
        return Response(status=204)
    kept = kept_jobs()
    if kept is None:
        raise _no_result()
    KeptJob.of(kept, result_id).forget()
    return Response(status=204)


def _part(result_id: str, part: str) -> bytes:
    opened = service().store.open(result_id, owner_of(request), part)
    if opened is None:
        raise _no_result()
    with opened:
        return opened.read()


def _no_result() -> JobMissing:
    return JobMissing(
        "There is no such result, or it was forgotten: results are kept for ten minutes, PDFs "
        "where output=pdf asked for them. Send the document again."
    )


def _sent_file() -> Source:
    body = body_of(request, forms=())
    source = body.file
    if request.mimetype == JSON:
        try:
            source, _ = image_of(body, "base64Source")
        except ValueError as error:
            how = "what urlSource names is not fetched"
            raise InvalidOptions(f"base64Source: {error}; {how}.") from error
    if source is None or not source.size_bytes:
        raise UnsupportedFormat("Nothing was sent. Send a picture or PDF.")
    return source


def _choice(name: str, values: tuple[str, ...]) -> str:
    given = request.args.get(name, values[0])
    if given not in values:
        raise InvalidOptions(f"{name} must be one of {', '.join(values)}.")
    return given


def _languages() -> tuple[str, ...]:
    wants_told = "languages" in _features()
    languages = hinted_languages(_hints())
    return tuple(dict.fromkeys((*languages, AUTO))) if wants_told else languages


def _hints() -> list[str]:
    return [tag for tag in [request.args.get("locale", "")] if tag]


def _features() -> list[str]:
    return request.args.get("features", "").split(",")


def _pages() -> PageSelection:
    given = request.args.get("pages")
    try:
        return parse_pages(given) if given else ALL_PAGES
    except ValueError as error:
        raise InvalidOptions(f"pages: {error}.") from error


_INNER = InnerCodes(
    {
        ErrorKind.REQUEST: "InvalidParameter",
        ErrorKind.MISSING: "OperationNotFound",
        ErrorKind.TOO_LARGE: "InvalidContentLength",
        ErrorKind.DOCUMENT: "InvalidContent",
        ErrorKind.SPENT: "Timeout",
    },
    {
        errors.TooManyPixels: "InvalidContentDimensions",
        errors.UnsupportedFormat: "UnsupportedContent",
        errors.EncryptedDocument: "PasswordProtected",
    },
)
answer_as_azure(blueprint, _INNER)
ADAPTER = Adapter(
    blueprint,
    "`prebuilt-read` and `prebuilt-layout` of Azure AI Document Intelligence, as JSON and PDF",
    key=KeyPlaces(header=KEY_HEADER),
)
