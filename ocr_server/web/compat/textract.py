"""Amazon Textract: `DetectDocumentText` and `AnalyzeDocument` with tables and layout.

Clients of AWS post to the root and name the operation in a header. The access key id of their
credentials is the key of this server; the signature is not checked, as only digests of keys are
kept.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
from flask import Blueprint, Response, g, request

from ocr_server import errors
from ocr_server.errors import InvalidOptions, OcrServerError, UnsupportedFormat
from ocr_server.job import ReadOptions, Source
from ocr_server.web.auth import KeyPlaces
from ocr_server.web.body import body_of, decoded_image
from ocr_server.web.compat.adapter import (
    Adapter,
    ErrorKind,
    NamedErrors,
    answer_errors,
    encoded,
    kind_of,
    read,
    refusal,
)
from ocr_server.web.compat.textract_blocks import document_blocks
from ocr_server.web.context import service
from ocr_server.web.json_body import Value
from ocr_server.web.multipart import SpooledRequest

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

PATH = "/textract"
MEDIA_TYPE = "application/x-amz-json-1.1"
_TARGET = "X-Amz-Target"
_SERVICE = "Textract."
_DETECT, _ANALYZE = "DetectDocumentText", "AnalyzeDocument"
_FEATURES = {"TABLES", "LAYOUT", "FORMS", "QUERIES", "SIGNATURES"}

blueprint = Blueprint("textract", __name__)


class TargetedRequest(SpooledRequest):
    """A request whose route is named by a header where it is sent to the root."""

    def __init__(self, environ: WSGIEnvironment, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        target = environ.get("HTTP_X_AMZ_TARGET", "")
        if target.startswith(_SERVICE) and environ["PATH_INFO"] in {"", "/"}:
            environ["PATH_INFO"] = PATH
        super().__init__(environ, *args, **kwargs)


@blueprint.post(PATH)
def run() -> Response:
    """The blocks of a document, for the operation that the header names."""
    operation = request.headers.get(_TARGET, "").removeprefix(_SERVICE)
    if operation.startswith(("Start", "Get")):
        error = InvalidOptions("This server has no buckets. Use the synchronous operations.")
        return _told(error, "InvalidS3ObjectException")
    if operation not in {_DETECT, _ANALYZE}:
        error = InvalidOptions(f"This server has {_DETECT} and {_ANALYZE} only.")
        return _told(error, "UnknownOperationException")
    try:
        members = body_of(request, forms=()).members()
        document = members["Document"].members() if "Document" in members else {}
        if "S3Object" in document:
            error = InvalidOptions("This server has no buckets. Send Document.Bytes.")
            return _told(error, "InvalidS3ObjectException")
        source = _source(document)
        features = members["FeatureTypes"].parsed() if "FeatureTypes" in members else []
    except ValueError as error:
        raise InvalidOptions(f"The body is not understood: {error}.") from error
    if not isinstance(features, list) or not _FEATURES.issuperset(map(str, features)):
        raise InvalidOptions(f"FeatureTypes must be some of {', '.join(sorted(_FEATURES))}.")
    read_ = read(source, ReadOptions(languages=service().settings.languages))
    answer = {
        "DocumentMetadata": {"Pages": len(read_.pages)},
        f"{operation}ModelVersion": "1.0",
        "Blocks": list(map(encoded, document_blocks(read_, features))),
    }
    response = Response(msgspec.json.encode(answer), content_type=MEDIA_TYPE)
    response.headers["x-amzn-RequestId"] = g.request_id
    return response


def _source(document: dict[str, Value]) -> Source:
    if "Bytes" not in document:
        raise InvalidOptions("Send the document as Document.Bytes.")
    source = decoded_image(document["Bytes"])
    if not source.size_bytes:
        raise UnsupportedFormat("Document.Bytes is empty. Send a picture or PDF.")
    return source


_ERRORS: NamedErrors = {
    ErrorKind.KEY: (400, "UnrecognizedClientException"),
    ErrorKind.REQUEST: (400, "InvalidParameterException"),
    ErrorKind.MISSING: (400, "InvalidParameterException"),
    ErrorKind.TOO_LARGE: (400, "DocumentTooLargeException"),
    ErrorKind.DOCUMENT: (400, "BadDocumentException"),
    ErrorKind.SPENT: (400, "BadDocumentException"),
    ErrorKind.BUSY: (400, "ProvisionedThroughputExceededException"),
    ErrorKind.AWAY: (503, "InternalServerError"),
}


def _answer(error: OcrServerError) -> Response:
    status, type_ = _ERRORS[kind_of(error)]
    if isinstance(error, errors.UnsupportedFormat):
        type_ = "UnsupportedDocumentException"
    return _told(error, type_, status)


def _told(error: OcrServerError, type_: str, status: int = 400) -> Response:
    body = json.dumps({"__type": type_, "message": error.client_message})
    response = refusal(error, body, status=status, media_type=MEDIA_TYPE)
    response.headers["x-amzn-RequestId"] = g.request_id
    return response


answer_errors(blueprint, _answer)
ADAPTER = Adapter(
    blueprint,
    "`DetectDocumentText` and `AnalyzeDocument` of Amazon Textract, with tables and layout",
    key=KeyPlaces(is_aws=True),
    request_class=TargetedRequest,
)
