"""Code around each task in a worker process: start-up, limits, context, clean-up."""

from __future__ import annotations

import gc
import os
import resource
import select
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeAlias, TypeVar

import cv2

from ocr_server.cpu_shares import SlotLock, ThreadAllowance
from ocr_server.deadline import Deadline
from ocr_server.document.languages import Guess, RankLanguages
from ocr_server.engines import new_engine
from ocr_server.engines.engine import Engine
from ocr_server.errors import OutOfMemory
from ocr_server.runtime.messages import ask_server

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class WorkerContext:
    """What a task may use; and how many slots there are."""

    engine: Callable[[str], Engine]
    threads: ThreadAllowance
    deadline: Deadline
    slots: int = 1
    rank_languages: RankLanguages | None = None


# Batch processes get their fair share of the processors, but do not preempt others when they wake,
# so that the server answers sooner: with two clients, 5 % more answers for small pictures.
# SCHED_IDLE gave 10 % more, but beside a busy container the workers got half of their time, and
# beside a busy program in their own container a twentieth. Source: sched(7).
POLICY = os.SCHED_BATCH

# If the container runs out of memory, the kernel kills a worker or its Tesseract, which costs a
# page, and not the server. Source: proc(5), `oom_score_adj`.
FIRST_TO_GO = "1000"

MOST_LETTERS = 4000  # of a text whose language is asked for; more decide nothing

Task: TypeAlias = Callable[Concatenate[WorkerContext, P], T]


def start_worker(memory_bytes: int, server: socket.socket) -> None:
    """Set up a new worker process, which ends when the other end of the socket is closed.

    It may use `memory_bytes` beyond what imports have reserved.
    """
    os.setpgid(0, 0)  # so that killing the group kills its tesseract process, too
    with suppress(OSError):  # a sandbox may forbid it
        os.sched_setscheduler(0, POLICY, os.sched_param(0))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(server,), daemon=True).start()
    most_bytes = _held_bytes() + memory_bytes
    resource.setrlimit(resource.RLIMIT_DATA, (most_bytes, most_bytes))
    with suppress(OSError):  # if /proc is read-only, the kernel chooses by size
        Path("/proc/self/oom_score_adj").write_text(FIRST_TO_GO)
    cv2.setNumThreads(1)
    gc.freeze()  # else the collector scans all imported objects, 45 ms on every sixth page


def work(
    task: Task[P, T], deadline: Deadline, slot_lock: SlotLock, /, *args: P.args, **kwargs: P.kwargs
) -> T:
    """Run a task while holding the slot's lock; afterwards reap child processes.

    Raises:
        OutOfMemory: the task needs more memory than a worker may use.
        OcrServerError: any error that the task raises.
    """
    try:
        with slot_lock.held():
            context = WorkerContext(
                _engine,
                slot_lock.threads,
                deadline,
                slots=len(slot_lock.all),
                rank_languages=_rank_languages,
            )
            return task(context, *args, **kwargs)
    except MemoryError as error:
        raise OutOfMemory.of_worker() from error
    except cv2.error as error:
        # What the standard library of C++ raises, OpenCV hands on without a code.
        if "std::bad_alloc" in str(error) or error.code == cv2.Error.StsNoMem:
            raise OutOfMemory.of_worker() from error
        raise
    finally:
        _reap()


@cache
def _engine(name: str) -> Engine:
    """The engine of that name, which this worker process keeps for all its tasks."""
    return new_engine(name)


def _rank_languages(text: str, codes: Sequence[str]) -> tuple[Guess, ...]:
    """What the server's `LanguageDetector` tells of a text."""
    return ask_server(text[:MOST_LETTERS], tuple(codes))


def _held_bytes() -> int:
    """Bytes of data and stack that imports have reserved; most of them are unused."""
    pages = Path("/proc/self/statm").read_text().split()[5]  # proc(5): data + stack
    return int(pages) * resource.getpagesize()


def _end_with(server: socket.socket) -> None:
    """Wait until the server has ended in any way, then kill this process group."""
    poll = select.poll()
    poll.register(server, 0)  # its hanging up is always reported
    poll.poll()
    os.killpg(0, signal.SIGKILL)


def _reap() -> None:
    """Reap child processes: pytesseract does not wait for one that it killed."""
    with suppress(ChildProcessError):
        while os.waitpid(-1, os.WNOHANG) != (0, 0):
            pass
