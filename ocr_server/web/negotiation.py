"""What the headers of a request say of its body and of the answer that is wanted."""

from __future__ import annotations

from flask import Request

from ocr_server.errors import InvalidOptions
from ocr_server.export import FORMATS
from ocr_server.request.faults import fault_of

NDJSON = "application/x-ndjson"


def wants_events(request: Request) -> bool:
    """Whether the client wants events as they come."""
    return NDJSON in request.accept_mimetypes.values()


def accepted_format(request: Request) -> str:
    """The format that suits the Accept header best; JSON where it names none."""
    types = {
        format_.media_type.partition(";")[0]: name
        for name, format_ in FORMATS.items()
        if format_.needs != "confirmed"
    }
    return types[request.accept_mimetypes.best_match(list(types), default="application/json")]


def check_encoding(request: Request) -> None:
    """Do nothing if the body came as it is.

    Raises:
        InvalidOptions: it is compressed or encoded otherwise.
    """
    encoding = request.content_encoding or "identity"
    if encoding.lower() != "identity":
        raise InvalidOptions(
            f"The body came with Content-Encoding: {encoding}, which is not undone here. Send it "
            "as it is, without that header.",
            faults=[fault_of("Content-Encoding", f"{encoding} is not undone here")],
        )
