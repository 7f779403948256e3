"""Forgetting durable jobs: when their time is over, or when a client says so."""

from __future__ import annotations

import logging
import threading
import time

from ocr_server.jobs.engine import JobEngine
from ocr_server.jobs.files import AllJobFiles
from ocr_server.jobs.ledger import JobState, Ledger, answering
from ocr_server.settings import Settings

SWEEP_S = 60.0
ORPHAN_S = 600.0  # files that no row was ever made of are that old when they are swept

log = logging.getLogger(__name__)


class Forgetting:
    """Forgets jobs, and those whose time is over in a thread of its own until `is_over` is set."""

    def __init__(
        self,
        settings: Settings,
        ledger: Ledger,
        files: AllJobFiles,
        engine: JobEngine,
        *,
        is_over: threading.Event,
    ) -> None:
        self._settings, self._is_over = settings, is_over
        self._ledger, self._files, self._engine = ledger, files, engine
        self.thread = threading.Thread(target=self._sweep_always, daemon=True, name="jobs-sweep")

    def forget(self, job_id: str, *, has_ended: bool = False) -> None:
        """Stop a job and remove all of it but its id.

        Raises:
            JobsUnavailable: the database or the bucket does not answer.
        """
        files = self._files.of(job_id)
        files.cancel()
        with answering():
            if not has_ended:
                self._engine.cancel(job_id)
            # In this order: files without a row are swept, a row without files is gone.
            files.remove()
            self._engine.forget(job_id)
            self._ledger.mark_gone(job_id)

    def sweep(self) -> None:
        """Forget jobs whose time is over, remove files of no job, begin what nobody takes up."""
        for job_id in self._ledger.expired(longest_s=self._settings.jobs_max_s):
            self.forget(job_id)
        for job_id in self._files.storage.ids():
            row = self._ledger.of(job_id)
            files = self._files.of(job_id)
            # Whoever was at a page when its job was forgotten may have written it afterwards.
            is_left = row is not None and row.state is JobState.GONE
            if is_left or (row is None and time.time() - files.storage.made_s > ORPHAN_S):
                files.remove()
        self._ledger.drop_gone()
        self._engine.begin_stranded(self._ledger.open_ids, self._end_if_lost)

    def _end_if_lost(self, job_id: str) -> None:
        """End a job whose files are not there; it is begun anew only to call its webhook."""
        if self._files.of(job_id).is_cancelled:
            log.error("jobs: a job failed, as its files are lost")
            self._ledger.end(job_id, JobState.FAILED)

    def _sweep_always(self) -> None:
        while not self._is_over.wait(min(SWEEP_S, self._settings.jobs_keep_s / 4)):
            try:
                self.sweep()
            except Exception:  # the next sweep does it
                log.exception("jobs: sweeping failed")
