"""What tests let worker processes do; they find these functions by name."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path

import psutil

from ocr_server.errors import PageMissing
from ocr_server.recognition.engine import Engine

FOR_EVER_S = 600


def say(_engine: Engine, words: str) -> str:
    return words


def say_pid(_engine: Engine) -> int:
    return os.getpid()


def say_group(_engine: Engine) -> int:
    return os.getpgid(0)


def name_engine(engine: Engine) -> str:
    return type(engine).__name__


def raise_page_missing(_engine: Engine, page: int) -> None:
    raise PageMissing(f"No page {page}.", page=page)


def append(_engine: Engine, file: Path, word: str) -> None:
    with file.open("a") as lines:
        lines.write(f"{word}\n")


def take_s(_engine: Engine, seconds: float) -> str:
    time.sleep(seconds)
    return "done"


def hang(_engine: Engine, pids: Path) -> None:
    """Start a child, tell both numbers, and never end."""
    child = subprocess.Popen(["sleep", str(FOR_EVER_S)])  # noqa: S603, S607
    part = pids.with_suffix(".part")
    part.write_text(f"{os.getpid()} {child.pid}")
    part.rename(pids)
    child.wait()


def hang_until(_engine: Engine, begun: Path, go: Path) -> str:
    """Tell that it has begun, and end when told to."""
    begun.touch()
    while not go.exists():
        time.sleep(0.01)
    return "gone"


def take_memory(_engine: Engine, size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def die(_engine: Engine) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def forget_child(_engine: Engine) -> None:
    """Leave a child that nobody waits for, as a library does that kills and forgets."""
    child = subprocess.Popen(["true"])  # noqa: S607
    child.returncode = 0  # else subprocess itself would wait for it at the next start
    while psutil.Process(child.pid).status() != psutil.STATUS_ZOMBIE:
        time.sleep(0.01)


def count_children(_engine: Engine) -> int:
    return len(psutil.Process().children())
