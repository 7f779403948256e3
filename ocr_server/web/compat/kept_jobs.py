"""Asynchronous calls of adapters as durable jobs, where the server keeps jobs.

Where it keeps none, all the work is done while the document is sent, and `runtime.store` has the
answer for minutes.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from flask import current_app, request

from ocr_server.document.model import Document
from ocr_server.errors import OcrServerError
from ocr_server.job import Source
from ocr_server.request.build import build_job, build_rendering_job
from ocr_server.web.auth import owner_of
from ocr_server.web.context import hang_up, job_folder, service
from ocr_server.web.jobs import EXTENSION

if TYPE_CHECKING:
    from ocr_server.jobs.jobs import Jobs, JobStatus


def kept_jobs() -> Jobs | None:
    """The jobs of the server; None if it keeps none."""
    found: Jobs | None = current_app.extensions.get(EXTENSION)
    return found


def begin_job(kept: Jobs, source: Source, options: Mapping[str, str]) -> str:
    """Make a job of a file, with options by the names of the API; its id.

    Raises:
        OcrServerError: the file or an option is wrong, or too much waits already.
    """
    here = service()
    texts = {name: text for name, text in options.items() if text}
    with here.admission.admit():
        parsed = build_job(texts, (source,), here, most_bytes=here.settings.jobs_max_bytes)
        status = kept.accept(
            texts, parsed, owner=owner_of(request), idempotency=None, keep_s=None, webhook=None
        )
    return status.row.id


@dataclass(frozen=True)
class KeptJob:
    """A job behind an asynchronous call of another service, of the key of the request."""

    kept: Jobs
    status: JobStatus

    @classmethod
    def of(cls, kept: Jobs, job_id: str, *, wait_s: float = 0.0) -> KeptJob:
        """The job of an id, as it is now or after its next change.

        Raises:
            JobMissing: there is none, or it is another's.
            JobGone: it was forgotten.
        """
        status = kept.status(job_id, owner_of(request))
        if wait_s and not status.is_over:
            status = kept.changed(status, wait_s=wait_s, cancelled=hang_up())
        return cls(kept, status)

    @property
    def is_over(self) -> bool:
        """Whether nothing more will be read."""
        return self.status.is_over

    @property
    def is_begun(self) -> bool:
        """Whether pages are being read, or were."""
        return self.status.row.state != "queued"

    @property
    def options(self) -> Mapping[str, str]:
        """The options that it was made with."""
        return self.kept.request(self.status.row.id).texts

    @cached_property
    def document(self) -> Document:
        """What was read so far; each look opens the file of every page."""
        return self.kept.document(self.status)

    @property
    def error(self) -> OcrServerError | None:
        """The error of the first page that could not be read."""
        problems = self.document.problems
        return problems[0].error if problems else None

    @property
    def source(self) -> Source:
        """Its file, in the folder of the request."""
        (source,) = self.kept.sources(self.status.row.id, job_folder())
        return source

    def rendered(self, format_: str, cancelled: threading.Event) -> bytes:
        """The document in one of our formats.

        Raises:
            OcrServerError: it cannot be of the format.
        """
        here = service()
        parsed = build_rendering_job({}, (self.source,), settings=here.settings, formats=(format_,))
        with here.admission.admit():
            return here.render(self.document, parsed, cancelled).read()

    def forget(self) -> None:
        """Stop it, and forget all of it."""
        self.kept.forget(self.status)
