"""A request over HTTP as a job: its options from query and body, and its files."""

from __future__ import annotations

import math

from flask import Request

from ocr_server.export import FORMATS
from ocr_server.request.build import ParsedRequest, build_job, fault_of
from ocr_server.request.options import OPTIONS
from ocr_server.service import Service
from ocr_server.web.bodies import joined_fields, read_body

NDJSON = "application/x-ndjson"


def read_job(
    request: Request,
    here: Service,
    *,
    most_seconds: float = math.inf,
    engine: str | None = None,
) -> ParsedRequest:
    """The job of a request; it may take `most_seconds`, and `engine` reads if it names none.

    Raises:
        InvalidOptions: files or options are missing or wrong; all of it is said at once.
        LanguageMissing: a language is not installed.
        EngineUnavailable: the engine is not installed.
    """
    faults: list[dict[str, str]] = []
    given, sources = read_body(request, faults, most_files=here.settings.max_pages)
    return build_job(
        with_query(request, given, faults),
        sources,
        here,
        faults=faults,
        formats=(accepted_format(request),),
        most_seconds=most_seconds,
        engine=engine,
    )


def wants_events(request: Request) -> bool:
    """Whether the client wants events as they come."""
    return NDJSON in request.accept_mimetypes.values()


def with_query(
    request: Request, given: dict[str, str], faults: list[dict[str, str]]
) -> dict[str, str]:
    """The options of the address and those that were `given` in the body."""
    query = joined_fields(request.args.to_dict(flat=False), faults)
    faults.extend(
        fault_of(name, "send it in the body, not in the address")
        for name in query
        if name in OPTIONS and OPTIONS[name].only_in_body
    )
    faults.extend(fault_of(name, "given twice") for name in query if name in given)
    return {**query, **given}


def accepted_format(request: Request) -> str:
    """The format that suits the Accept header best; JSON where it says nothing of ours."""
    types = {format_.media_type.partition(";")[0]: name for name, format_ in FORMATS.items()}
    return types[request.accept_mimetypes.best_match(list(types), default="application/json")]
