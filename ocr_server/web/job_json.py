"""A durable job in JSON, as clients are told how far it is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Literal

from flask import url_for
from typing_extensions import TypedDict

from ocr_server.document.json_writer import failure_to_json
from ocr_server.document.schema import Count, PageJson, PageProblemJson, strict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ocr_server.document.model import Failure
    from ocr_server.jobs.jobs import JobStatus


@strict
class JobPagesJson(TypedDict):
    """How many pages a job has."""

    total: Count
    """that are to be read"""
    read: Count
    failed: Count
    """that could not be read"""


@strict
class JobLinksJson(TypedDict):
    """Addresses of a job, below that of the server."""

    self: str
    document: str
    """the whole document, in any format"""


@strict
class JobJson(TypedDict):
    """A durable job."""

    id: str
    state: Literal["uploading", "queued", "reading", "done", "failed"]
    pages: JobPagesJson
    position: Count | None
    """how many jobs that came before it have not ended; null if it has"""
    created_at: str
    """the time, by ISO 8601"""
    expires_at: str | None
    """when it is forgotten; null as long as it has not ended"""
    problems: list[PageProblemJson]
    """why pages could not be read, of the first hundred that could not; the document has all"""
    links: JobLinksJson


@strict
class JobPageJson(TypedDict):
    """A page of a job."""

    page: PageJson


def job_to_json(status: JobStatus, failures: Iterable[Failure]) -> JobJson:
    """A job as it is told, with why pages of it could not be read."""
    row = status.row
    address = url_for("jobs.show_job", job_id=row.id)
    return {
        "id": row.id,
        "state": row.state.value,  # type: ignore[typeddict-item]  # a job that is gone is an error
        "pages": {"total": row.pages, "read": status.read, "failed": status.failed},
        "position": status.position,
        "created_at": _time(row.created_s),
        "expires_at": None if row.expires_s is None else _time(row.expires_s),
        "problems": [failure_to_json(failure) for failure in failures],
        "links": {"self": address, "document": f"{address}/document"},
    }


def _time(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")
