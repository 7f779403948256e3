"""A second run of tasks whose process died: it tells files that end a process from bad luck."""

from __future__ import annotations

import logging
import threading

from ocr_server.cgroup import count_memory_kills
from ocr_server.deadline import Deadline
from ocr_server.errors import EndsProcess, OutOfMemory, WorkerLost
from ocr_server.runtime.pool import P, T, WorkerPool
from ocr_server.runtime.worker_context import Task

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
        OutOfMemory: it got no memory both times, or the kernel has killed both processes, as the
            container's memory was used up.
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
        if first.lacked_memory and lost.lacked_memory:
            raise OutOfMemory.of_worker() from lost
        if first.has_ended_itself and lost.has_ended_itself:
            raise EndsProcess(
                "This file ends the process that opens it: that happened twice, each time in a "
                "fresh process. It is broken, or needs more memory than a worker may use. Do not "
                "send it again as it is: save it anew or as a picture, or raise "
                "OCR_WORKER_MEMORY_BYTES.",
                setting="OCR_WORKER_MEMORY_BYTES",
            ) from lost
        if count_memory_kills() >= kills_before + 2:
            raise OutOfMemory.of_container() from lost
        raise
