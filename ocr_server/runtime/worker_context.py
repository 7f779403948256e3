"""What happens in a worker process around each task."""

from __future__ import annotations

import gc
import multiprocessing
import os
import resource
import signal
import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

import cv2

from ocr_server.cpu_shares import SlotLock, ThreadAllowance
from ocr_server.deadline import Deadline
from ocr_server.engines import new_engine
from ocr_server.engines.engine import Engine
from ocr_server.errors import OutOfMemory

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What a task may use: engines by name, a number of threads, and time until the deadline."""

    engine: Callable[[str], Engine]
    threads: ThreadAllowance
    deadline: Deadline


# Workers have the processors' fair share, but interrupt nobody when they wake: the server, which
# answers in the middle of their work, waits less. With two clients it gave a twentieth more answers
# for small pictures. SCHED_IDLE gave a tenth more, but beside a busy container it halved what the
# workers got, and beside a busy program of the same container left them a twentieth.
# Source: sched(7).
POLICY = os.SCHED_BATCH

# Where the container's memory runs out, the kernel ends a worker or its Tesseract, which costs a
# page, never the server. Source: proc(5), `oom_score_adj`.
FIRST_TO_GO = "1000"

Task: TypeAlias = Callable[Concatenate[WorkerContext, P], T]


def start_worker(memory_bytes: int) -> None:
    """What a worker process does first."""
    os.setpgid(0, 0)  # so that killing the group takes the tesseract process along
    with suppress(OSError):  # where a sandbox forbids it, all are alike
        os.sched_setscheduler(0, POLICY, os.sched_param(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_the_server, daemon=True).start()
    most_bytes = _held_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    with suppress(OSError):  # where /proc cannot be written, the kernel chooses by size
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    cv2.setNumThreads(1)
    gc.freeze()  # every sixth page waited 45 ms while all that was imported was gone through


def work(
    task: Task[P, T], deadline: Deadline, slot_lock: SlotLock, /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """What the task returns; children that nobody waited for are reaped afterwards."""
    try:
        with slot_lock.held():
            return task(WorkerContext(_engine, slot_lock.threads, deadline), *args, **kwargs)
    except MemoryError as error:
        raise OutOfMemory.of_worker() from error
    except cv2.error as error:
        if error.code == cv2.Error.StsNoMem:
            raise OutOfMemory.of_worker() from error
        raise
    finally:
        _reap()


@cache
def _engine(name: str) -> Engine:
    """The engine of that name in this worker process, kept for all its tasks."""
    return new_engine(name)


def _held_bytes() -> int:
    """Data that the libraries have reserved on import, most of it untouched."""
    pages = Path("/proc/self/statm").read_text().split()[5]  # proc(5): data + stack
    return int(pages) * resource.getpagesize()


def _end_with_the_server() -> None:
    """Wait until the server is gone, however that came; then nobody waits for this work."""
    server = multiprocessing.parent_process()
    assert server is not None  # noqa: S101  # a worker is never the first process
    server.join()
    os.killpg(0, signal.SIGKILL)


def _reap() -> None:
    """Collect children that nobody waited for: pytesseract forgets one it had to kill."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
