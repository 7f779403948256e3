"""What tests let worker processes do; they find these functions by name."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil

from ocr_server.document.languages import Guess
from ocr_server.errors import PageMissing
from ocr_server.runtime.worker_context import WorkerContext

FOR_EVER_S = 600


def say(_context: WorkerContext, words: str) -> str:
    return words


def say_pid(_context: WorkerContext) -> int:
    return os.getpid()


def say_group(_context: WorkerContext) -> int:
    return os.getpgid(0)


def say_modules(_context: WorkerContext) -> frozenset[str]:
    """The top-level packages that were imported."""
    return frozenset(name.partition(".")[0] for name in sys.modules)


def name_engine(context: WorkerContext, name: str) -> str:
    return type(context.engine(name)).__name__


def keeps_engine(context: WorkerContext, name: str) -> bool:
    return context.engine(name) is context.engine(name)


def count_threads(context: WorkerContext, most: int) -> int:
    with context.threads(most) as count:
        return count


def tell_deadline(context: WorkerContext) -> tuple[float, str]:
    return context.deadline.allowed_s, context.deadline.setting


def raise_page_missing(_context: WorkerContext, page: int) -> None:
    raise PageMissing(f"No page {page}.", page=page)


def append(_context: WorkerContext, file: Path, word: str) -> None:
    with file.open("a") as lines:
        lines.write(f"{word}\n")


def take_s(_context: WorkerContext, seconds: float) -> str:
    time.sleep(seconds)
    return "done"


def hang(_context: WorkerContext, pids: Path) -> None:
    """Start a child, tell both numbers, and never end."""
    child = subprocess.Popen(["sleep", str(FOR_EVER_S)])  # noqa: S603, S607
    part = pids.with_suffix(".part")
    part.write_text(f"{os.getpid()} {child.pid}")
    part.rename(pids)
    child.wait()


def hang_until(_context: WorkerContext, begun: Path, go: Path) -> str:
    """Tell that it has begun, and end when told to."""
    begun.touch()
    while not go.exists():
        time.sleep(0.01)
    return "gone"


def run_out_of_memory_in_opencv(_context: WorkerContext) -> None:
    cv2.resize(np.zeros((9, 9), np.uint8), (30_000, 30_000))


def take_memory(_context: WorkerContext, size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def die(_context: WorkerContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def forget_child(_context: WorkerContext) -> None:
    """Leave a child that nobody waits for, as a library does that kills and forgets."""
    child = subprocess.Popen(["true"])  # noqa: S607
    child.returncode = 0  # else subprocess itself would wait for it at the next start
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)


def count_children(_context: WorkerContext) -> int:
    return len(psutil.Process().children())


def die_while_answering(_context: WorkerContext) -> None:
    """Begin to send an answer of a million bytes, and be killed over it."""
    frame = sys._getframe()
    while frame.f_back and "pipe" not in frame.f_locals:  # that of the process's loop
        frame = frame.f_back
    pipe = frame.f_locals["pipe"].fileno()
    os.write(pipe, struct.pack("!i", 1_000_000) + b"the beginning")
    os.kill(os.getpid(), signal.SIGKILL)


def tell_language(context: WorkerContext, text: str) -> tuple[Guess, ...]:
    assert context.rank_languages
    return context.rank_languages(text, ("eng", "deu", "fra"))


def ask_without_end(context: WorkerContext) -> None:
    assert context.rank_languages
    while True:
        context.rank_languages("Some words", ("eng", "deu"))
