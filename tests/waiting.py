"""Waiting for something to happen, with a bound that only a fault reaches."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import psutil

T = TypeVar("T")

BOUND_S = 60.0


def wait_for(look: Callable[[], T]) -> T:
    """What `look` answers as soon as that is true."""
    ends = time.monotonic() + BOUND_S
    while not (found := look()):
        assert time.monotonic() < ends, "it did not happen"
        time.sleep(0.01)
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs; a dead one that nobody has waited for does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def pids_in(file: Path) -> list[int]:
    """The numbers that a task writes there, as soon as it has."""
    wait_for(file.exists)
    return [int(number) for number in file.read_text().split()]
