"""Durable jobs over HTTP: made, looked at, answered page by page or whole, and forgotten.

A job belongs to the API key that made it; for every other key it is not there.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, json, request, url_for

from ocr_server.bounds import Bounds
from ocr_server.document.model import Failure
from ocr_server.errors import JobNotDone, JobsOff, PageMissing
from ocr_server.export.json import page_to_json
from ocr_server.export.rendering import Rendering
from ocr_server.job import Source
from ocr_server.pipeline import Finished, PageFailed, PageRead
from ocr_server.request.build import ParsedRequest, build_job, build_rendering_job, parse_options
from ocr_server.request.faults import Faults, check, fault_of, take_number
from ocr_server.request.options import RENDERING_OPTIONS
from ocr_server.sources.pixels import PREVIEW_MEDIA_TYPE
from ocr_server.web.api import answer_document
from ocr_server.web.auth import HEADER, owner_of
from ocr_server.web.body import read_texts, with_query
from ocr_server.web.context import hang_up, job_folder, service
from ocr_server.web.event_json import elapsed_ms, event_to_json, line_of
from ocr_server.web.job_json import JobJson, JobPageJson, job_to_json
from ocr_server.web.negotiation import NDJSON, accepted_format, wants_events
from ocr_server.web.streaming import HEARTBEAT_S
from ocr_server.web.translation import asked_language

if TYPE_CHECKING:
    from ocr_server.jobs.jobs import Jobs, JobStatus

EXTENSION = "ocr_server_jobs"
JOB_ENDPOINT = "jobs.create_job"  # its body has a limit of its own
MOST_WAIT_S = 60.0
LONGEST_KEY = 255
PICTURE_KEPT_S = 600  # by a browser; then it asks, and the job may be gone
_POLL_S = 0.2

blueprint = Blueprint("jobs", __name__)


def jobs() -> Jobs:
    """The jobs of the server that the current request came to.

    Raises:
        JobsOff: it keeps none.
    """
    found: Jobs | None = current_app.extensions.get(EXTENSION)
    if found is None:
        raise JobsOff.of_setting()
    return found


@blueprint.post("/v1/jobs")
def create_job() -> Response:
    """Take a document in as a job, which is read whatever becomes of this connection."""
    with service().admission.admit():
        status = new_job()
    told = json.dumps(job_to_json(status, jobs().failures(status)))
    response = Response(told, 202, content_type="application/json")
    response.headers["Location"] = url_for("jobs.show_job", job_id=status.row.id)
    response.headers["Retry-After"] = "1"
    return response


def new_job(upload_bytes: int | None = None) -> JobStatus:
    """The job of the current request, whose file it brings, or one of `upload_bytes` that comes.

    Raises:
        OcrServerError: see `Jobs.accept`.
    """
    kept, here = jobs(), service()
    idempotency = request.headers.get("Idempotency-Key")
    faults = Faults()
    if idempotency is not None and not 0 < len(idempotency) <= LONGEST_KEY:
        faults.append(fault_of("Idempotency-Key", f"use 1 to {LONGEST_KEY} characters"))
    if upload_bytes is None:
        texts, sources = read_texts(request, faults, most_files=here.settings.jobs_max_pages)
    else:
        texts = with_query(request, {}, faults)
        sources = (Source(Path("input"), upload_bytes),)
    webhook = texts.pop("webhook", None)
    keep_s = take_number(texts, "keep_s", Bounds(1, 1e9), faults)
    parsed = build_job(
        texts,
        sources,
        here,
        faults=faults,
        formats=(accepted_format(request),),
        most_bytes=here.settings.jobs_max_bytes,
    )
    return kept.accept(
        texts,
        parsed,
        owner=owner_of(request),
        idempotency=idempotency,
        keep_s=keep_s,
        webhook=webhook,
        is_upload=upload_bytes is not None,
    )


@blueprint.get("/v1/jobs/<job_id>")
def show_job(job_id: str) -> JobJson | Response:
    """How far a job is: at once, at its next change, or as events while it is read."""
    kept = jobs()
    status = current_status(kept, job_id)
    faults = Faults()
    given = request.args.to_dict()
    wait_s = take_number(given, "wait_s", Bounds(0, MOST_WAIT_S), faults) or 0.0
    after = take_number(given, "after", Bounds(0, 1_000_000, is_whole=True), faults) or 0
    faults.extend(fault_of(name, "not an option here; there are wait_s, after") for name in given)
    check(faults)
    if wants_events(request):
        if status.row.state == "uploading":
            raise JobNotDone("The file of the job is not whole yet. Ask again later.")
        rendering = _rendering(kept, status).rendering
        lines = _lines(
            kept, status, rendering,
            after=int(after), cancelled=hang_up(), language=asked_language(),
        )  # fmt: skip
        return Response(lines, content_type=NDJSON)
    if wait_s and not status.is_over:
        status = kept.changed(status, wait_s=wait_s, cancelled=hang_up())
    return job_to_json(status, kept.failures(status))


def current_status(kept: Jobs, job_id: str) -> JobStatus:
    """How far a job is; one whose file has come whole, and nobody saw it, is queued first."""
    status = kept.status(job_id, owner_of(request))
    if status.row.state != "uploading":
        return status
    with service().admission.admit():
        kept.uploads.complete(status.row)
    return kept.status(job_id, owner_of(request))


@blueprint.get("/v1/jobs/<job_id>/pages/<int:number>")
def show_page(job_id: str, number: int) -> JobPageJson:
    """A page of a job, as soon as it is read."""
    kept = jobs()
    status = kept.status(job_id, owner_of(request))
    _check_page(kept, job_id, number)
    result = kept.result(status, number)
    if result is None:
        raise JobNotDone(f"Page {number} is not read yet. Ask again later.", page=number)
    if isinstance(result, Failure):
        raise result.error
    parsed = _rendering(kept, status)
    return {"page": page_to_json(result.load(), parsed.rendering)}


@blueprint.get("/v1/jobs/<job_id>/pages/<int:number>/picture")
def show_picture(job_id: str, number: int) -> Response:
    """A small picture of a page, which a browser may keep: what was sent does not change."""
    kept, here = jobs(), service()
    status = kept.status(job_id, owner_of(request))
    _check_page(kept, job_id, number)
    tag = f"{job_id}-{number}"
    if tag in request.if_none_match:
        response = Response(status=304)
    else:
        with here.admission.admit():
            picture = kept.picture(status, number, job_folder(), hang_up())
        response = Response(picture, content_type=PREVIEW_MEDIA_TYPE)
    response.set_etag(tag)
    response.headers["Cache-Control"] = f"private, max-age={PICTURE_KEPT_S}"
    response.vary.update((HEADER, "Authorization"))
    return response


@blueprint.get("/v1/jobs/<job_id>/document")
def show_document(job_id: str) -> Response:
    """The document of a job in any format, as it would have been answered at once."""
    kept, here = jobs(), service()
    status = kept.status(job_id, owner_of(request))
    with here.admission.admit():
        parsed = _rendering(kept, status)
        if not status.is_over and not parsed.partial:
            raise JobNotDone(
                f"{status.read + status.failed} of {status.row.pages} pages are done. Ask again "
                "later, or send partial=true to get these.",
                pages=status.row.pages,
            )
        document = kept.document(status)
        if document.problems and not document.pages:
            raise document.problems[0].error
        return answer_document(here, document, parsed)


@blueprint.delete("/v1/jobs/<job_id>")
def delete_job(job_id: str) -> Response:
    """Stop a job and forget all of it."""
    kept = jobs()
    kept.forget(kept.status(job_id, owner_of(request)))
    return Response(status=204)


def _check_page(kept: Jobs, job_id: str, number: int) -> None:
    if number not in kept.request(job_id).numbers:
        raise PageMissing(f"Page {number} is none of the job's.", page=number)


def _rendering(kept: Jobs, status: JobStatus) -> ParsedRequest:
    """How the answer is to look: by the options of this request, else by those of the job."""
    faults = Faults()
    job_id = status.row.id
    allowed = (*RENDERING_OPTIONS, "partial")
    given = with_query(request, {}, faults)
    for name in ("wait_s", "after"):
        given.pop(name, None)
    faults.extend(
        fault_of(name, f"not an option here; there are {', '.join(allowed)}")
        for name in given
        if name not in allowed
    )
    texts = {name: text for name, text in kept.request(job_id).texts.items() if name in allowed}
    if "Accept" in request.headers and accepted_format(request) != "json":
        texts["format"] = accepted_format(request)
    values = parse_options({**texts, **given}, faults)
    check(faults)
    settings, row = service().settings, status.row
    # What is longer than a document that is read at once may take longer in proportion, and what
    # was sent may go back.
    longer = max(1.0, row.pages / settings.max_pages)
    return build_rendering_job(
        values,
        kept.sources(job_id, job_folder()),
        settings=replace(
            settings,
            max_pages=settings.jobs_max_pages,
            timeout_s=settings.timeout_s * longer,
            max_answer_bytes=max(settings.max_answer_bytes, 2 * row.size_bytes),
        ),
        formats=(accepted_format(request),),
    )


def _lines(
    kept: Jobs,
    status: JobStatus,
    rendering: Rendering,
    *,
    after: int,
    cancelled: threading.Event,
    language: str,
) -> Iterator[bytes]:
    """The events of a job as lines of JSON; those of pages in order, behind page `after`."""
    begun = spoke = time.perf_counter()
    row = status.row
    yield line_of({"event": "accepted", "pages": row.pages})
    for number in kept.request(row.id).numbers:
        if number <= after:
            continue
        while (result := kept.result(status, number)) is None:
            if cancelled.is_set() or status.is_over:
                break
            if time.perf_counter() - spoke >= HEARTBEAT_S:
                spoke = time.perf_counter()
                yield line_of({"event": "heartbeat", "elapsed_ms": elapsed_ms(begun)})
            time.sleep(_POLL_S)
            status = kept.renewed(status)
        if result is None:
            break
        event = PageFailed(result) if isinstance(result, Failure) else PageRead(result.load())
        yield line_of(event_to_json(event, rendering, begun, language=language))
        spoke = time.perf_counter()
    while not (cancelled.is_set() or status.is_over):
        time.sleep(_POLL_S)
        status = kept.renewed(status)
    yield line_of(
        event_to_json(Finished(kept.document(status)), rendering, begun, language=language)
    )
