"""Files of jobs that come in pieces: after a lost connection an upload goes on where it was.

The job has the state "uploading" until its file is whole. Whoever sees that it is, the request
that brought the last piece or a later one that asks, has its pages counted and the job enqueued.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path

from ocr_server.deadline import Deadline
from ocr_server.document.model import Failure
from ocr_server.errors import DocumentError, UploadConflict
from ocr_server.jobs.engine import JobEngine
from ocr_server.jobs.files import AllJobFiles
from ocr_server.jobs.ledger import JobRow, JobState, Ledger
from ocr_server.jobs.reading import job_of
from ocr_server.pipeline import choose_pages, count_pages
from ocr_server.service import Service


class Uploads:
    """The uploads of all jobs."""

    def __init__(
        self, here: Service, ledger: Ledger, files: AllJobFiles, engine: JobEngine
    ) -> None:
        self._here, self._ledger, self._files, self._engine = here, ledger, files, engine

    def received_bytes(self, row: JobRow) -> int:
        """How much of the file is there."""
        if row.state is JobState.UPLOADING:
            return self._files.of(row.id).received_bytes
        return row.size_bytes

    def append(self, row: JobRow, piece: Path, *, offset: int) -> int:
        """Add a piece of the file behind its first `offset` bytes; how many are there then.

        Raises:
            FileNotFoundError: the job was forgotten meanwhile.
            StorageFull: there is no room.
            UploadConflict: another offset is next, or the piece ends behind the file's end.
        """
        received = self.received_bytes(row)
        size_bytes = piece.stat().st_size
        if offset != received or offset + size_bytes > row.size_bytes:
            raise UploadConflict(
                f"A piece of {size_bytes} bytes at {offset} was sent; {received} of "
                f"{row.size_bytes} bytes are there. Go on behind them.",
                offset=received,
            )
        return self._files.of(row.id).append(piece, offset=offset) if size_bytes else received

    def complete(self, row: JobRow) -> None:
        """Have the job read if its file is whole; one that cannot be opened has failed.

        Raises:
            LoadError: the server is too busy, or the time is over; it may be tried again.
        """
        if row.state is not JobState.UPLOADING or self.received_bytes(row) < row.size_bytes:
            return
        files, here = self._files.of(row.id), self._here
        request = files.request()
        with here.scratch.job() as folder:
            sources = tuple(folder.link(path) for path in files.inputs())
            job = job_of(request, sources, here)
            job = replace(job, deadline=Deadline.after(here.settings.timeout_s))
            try:
                counts = count_pages(job, here.workers, threading.Event())
                numbers = choose_pages(job, counts)
            except DocumentError as error:  # of a page that is not to be read any more
                counts, numbers = [1], [1]
                files.keep_failure(Failure(1, error))
        files.write_request(replace(request, counts=counts, numbers=numbers))
        self._ledger.complete(
            row.id,
            pages=len(numbers),
            enqueue=lambda connection: self._engine.enqueue(connection, row.id),
        )
        self._engine.ring()
