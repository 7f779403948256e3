"""The file of a durable job in pieces over HTTP, by tus: after a lost connection it goes on.

Source: tus, resumable upload protocol, version 1.0.0 (tus.io): core, creation, termination.
"""

from __future__ import annotations

from flask import Blueprint, Response, json, request, url_for

from ocr_server.bounds import Bounds
from ocr_server.errors import UploadVersion
from ocr_server.request.faults import Faults, check, fault_of
from ocr_server.web.auth import owner_of
from ocr_server.web.body import body_of
from ocr_server.web.context import service
from ocr_server.web.job_json import job_to_json
from ocr_server.web.jobs import current_status, jobs, new_job

VERSION = "1.0.0"
VERSION_HEADER = "Tus-Resumable"
LENGTH, OFFSET = "Upload-Length", "Upload-Offset"
EXTENSIONS = "creation,termination"

blueprint = Blueprint("uploads", __name__)


@blueprint.after_request
def _say_version(response: Response) -> Response:
    response.headers[VERSION_HEADER] = response.headers["Tus-Version"] = VERSION
    return response


@blueprint.route("/v1/uploads", methods=["OPTIONS"])
def describe() -> Response:
    """What of the protocol there is."""
    response = Response(status=204)
    response.headers["Tus-Extension"] = EXTENSIONS
    response.headers["Tus-Max-Size"] = str(service().settings.jobs_max_bytes)
    return response


@blueprint.post("/v1/uploads")
def create_upload() -> Response:
    """Make a job whose file comes in pieces; its options are in the address."""
    _check_version()
    length = _number(LENGTH)
    with service().admission.admit():
        status = new_job(length)
    told = json.dumps(job_to_json(status, jobs().failures(status)))
    response = Response(told, 201, content_type="application/json")
    response.headers["Location"] = url_for("uploads.add_piece", job_id=status.row.id)
    return response


@blueprint.route("/v1/uploads/<job_id>", methods=["HEAD"])
def show_offset(job_id: str) -> Response:
    """How much of the file is there."""
    _check_version()
    kept = jobs()
    row = current_status(kept, job_id).row
    response = Response(status=200)
    response.headers[OFFSET] = str(kept.uploads.received_bytes(row))
    response.headers[LENGTH] = str(row.size_bytes)
    return response


@blueprint.patch("/v1/uploads/<job_id>")
def add_piece(job_id: str) -> Response:
    """A piece of the file; with the last one the job waits to be read."""
    _check_version()
    kept = jobs()
    offset = _number(OFFSET)
    with service().admission.admit():
        row = kept.status(job_id, owner_of(request)).row
        piece = body_of(request, forms=()).file
        assert piece is not None  # noqa: S101  # no form is taken apart
        received = kept.uploads.append(row, piece.path, offset=offset)
        kept.uploads.complete(row)
    response = Response(status=204)
    response.headers[OFFSET] = str(received)
    return response


@blueprint.delete("/v1/uploads/<job_id>")
def end_upload(job_id: str) -> Response:
    """Forget the job, its file and all."""
    _check_version()
    kept = jobs()
    kept.forget(kept.status(job_id, owner_of(request)))
    return Response(status=204)


def _check_version() -> None:
    """Do nothing if the client speaks this version.

    Raises:
        UploadVersion: it speaks another one, or does not say.
    """
    if request.headers.get(VERSION_HEADER) != VERSION:
        raise UploadVersion(f"Send the header {VERSION_HEADER}: {VERSION}.")


def _number(name: str) -> int:
    """A whole number in a header.

    Raises:
        InvalidOptions: there is none.
    """
    faults = Faults()
    try:
        return int(Bounds(0, 2**53, is_whole=True).parse(request.headers.get(name, "").strip()))
    except ValueError as error:
        faults.append(fault_of(name, str(error)))
    check(faults)
    raise AssertionError  # there is a fault
