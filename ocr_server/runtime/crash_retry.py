"""A second run of tasks whose process died: it tells files that end a process from bad luck."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterable
from pathlib import Path

from ocr_server.cgroup import count_memory_kills
from ocr_server.deadline import Deadline
from ocr_server.document.page_files import PageRef
from ocr_server.errors import EndsProcess, OutOfMemory, WorkerLost
from ocr_server.runtime.pool import P, T, WorkerPool
from ocr_server.runtime.worker_context import Task
from ocr_server.sources.signatures import is_pdf

log = logging.getLogger(__name__)


def run_twice(
    workers: WorkerPool,
    task: Task[P, T],
    deadline: Deadline,
    cancelled: threading.Event,
    /,
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Run a task that opens a file; where its process dies, once more in a fresh one.

    A process that an operator, or the kernel for want of memory, has killed says nothing about the
    file: such a task is run again, and only what the process did itself is the file's doing.

    Raises:
        EndsProcess: the process ended by itself both times.
        OutOfMemory: it did so over a PDF as PDFium does that gets no memory, or the kernel has
            killed both processes, as the container's memory was used up.
        WorkerLost: both were killed otherwise, or one of them.
        OcrServerError: as `WorkerPool.run`.
    """
    kills_before = count_memory_kills()
    try:
        return workers.run(task, deadline, cancelled, *args, **kwargs)
    except WorkerLost as lost:
        log.warning("a task is run again, as its process died")
        first = lost
    try:
        return workers.run(task, deadline, cancelled, *args, **kwargs)
    except WorkerLost as lost:
        if first.has_ended_itself and lost.has_ended_itself:
            ends = EndsProcess(
                "This file ends the process that opens it: that happened twice, each time in a "
                "fresh process. It is broken, or needs more memory than a worker may use. Do not "
                "send it again as it is: save it anew or as a picture, or raise "
                "OCR_WORKER_MEMORY_BYTES.",
                setting="OCR_WORKER_MEMORY_BYTES",
            )
            if first.has_aborted and lost.has_aborted and _opens_pdf(kwargs.values()):
                raise OutOfMemory(ends.message, **ends.extra) from lost
            raise ends from lost
        if count_memory_kills() >= kills_before + 2:
            raise OutOfMemory.of_container() from lost
        raise


def _opens_pdf(arguments: Iterable[object]) -> bool:
    """Whether the file that a task opens, by its arguments, is a PDF."""
    paths = [value.path if isinstance(value, PageRef) else value for value in arguments]
    return any(isinstance(path, Path) and path.exists() and is_pdf(path) for path in paths)
