"""What tests let worker processes do; they find these functions by name."""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import cv2
import numpy as np
import psutil

from ocr_server.document.languages import Guess
from ocr_server.document.page_files import PageRef
from ocr_server.errors import PageMissing
from ocr_server.runtime.worker_context import WorkerContext

FOR_EVER_S = 600
_KEPT: list[bytearray] = []


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


def run_out_of_memory_in_cpp(_context: WorkerContext) -> None:
    """OpenCV keeps a table of pieces, which C++ allocates, beside their labels."""
    cv2.connectedComponentsWithStats(np.zeros((7_000, 7_000), np.uint8))


def take_memory(_context: WorkerContext, size_bytes: int) -> int:
    return len(bytearray(size_bytes))


def keep_memory(_context: WorkerContext, size_bytes: int) -> None:
    _KEPT.append(bytearray(size_bytes))


def die(_context: WorkerContext) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def end_by(_context: WorkerContext, signals: Path, page_ref: PageRef) -> str:
    """End by the first signal in a file, which is taken out; answer if there is none left."""
    number, _, rest = signals.read_text().partition(" ")
    if not number:
        return "lives"
    signals.write_text(rest)
    os.kill(os.getpid(), int(number))
    return "survived"


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
    _socket_to_the_server().send(struct.pack("!Q", 1_000_000) + b"the beginning")
    os.kill(os.getpid(), signal.SIGKILL)


def tell_language(context: WorkerContext, text: str) -> tuple[Guess, ...]:
    assert context.rank_languages
    return context.rank_languages(text, ("eng", "deu", "fra"))


def ask_without_end(context: WorkerContext) -> None:
    assert context.rank_languages
    while True:
        context.rank_languages("Some words", ("eng", "deu"))


def answer_with(_context: WorkerContext, message: bytes) -> str:
    """Send another answer first, as a worker could that a file has taken over."""
    _socket_to_the_server().send(struct.pack("!Q", len(message)) + message)
    return "of a worker as it should be"


def stop_while_answering(_context: WorkerContext) -> None:
    """Begin to send an answer, and stop."""
    _socket_to_the_server().send(struct.pack("!Q", 1_000_000) + b"the beginning")
    os.kill(os.getpid(), signal.SIGSTOP)


def _socket_to_the_server() -> socket.socket:
    frame = sys._getframe()
    while frame.f_back and "peer" not in frame.f_locals:  # that of the process's loop
        frame = frame.f_back
    peer = frame.f_locals["peer"]
    assert isinstance(peer, socket.socket)
    return peer


def fail(_context: WorkerContext) -> None:
    raise ZeroDivisionError("by nothing")


def say_environment(_context: WorkerContext) -> dict[str, str]:
    """That of a child of the worker."""
    told = subprocess.run(["env", "-0"], capture_output=True, check=True, text=True)  # noqa: S607
    return dict(line.split("=", 1) for line in told.stdout.split("\0") if line)


def say_status(_context: WorkerContext) -> dict[str, str]:
    """What the kernel says of a child of the worker."""
    command = ["cat", "/proc/self/status"]
    told = subprocess.run(command, capture_output=True, check=True, text=True)  # noqa: S603
    lines = (line.split(":", 1) for line in told.stdout.splitlines())
    return {name: text.strip() for name, text in lines}


def connect(_context: WorkerContext, family: int, address: str | tuple[str, int]) -> int:
    """The number of the error of connecting, or 0."""
    try:
        with socket.socket(family) as made:
            made.connect(address)
    except OSError as error:
        return error.errno or -1
    return 0


def open_file(_context: WorkerContext, path: str) -> int:
    """The number of the error of opening a file, or 0."""
    try:
        Path(path).open("rb").close()
    except OSError as error:
        return error.errno or -1
    return 0
