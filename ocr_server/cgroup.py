"""Limits of processors and memory: the machine's, or those of the container's control group."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
NO_LIMIT_BYTES = 2**60

MIB = 1024 * 1024
MOST_WORKER_BYTES = 1024 * MIB
LEAST_WORKER_BYTES = 128 * MIB  # an A4 page at 300 dpi in colour takes about 100
TINIEST_WORKER_BYTES = 64 * MIB  # with less, hardly anything is read
SERVER_BYTES = 160 * MIB  # the server itself and what its processes share, measured idle
DETECTOR_BYTES = 80 * MIB  # the process that tells languages, started when it is first needed


def usable_processors(cgroup: Path = CGROUP) -> int:
    """Number of processors that this process may use, at least one: its affinity and its quota.

    `cgroup` is the root of the control groups; in a container, that is its own group.

    Source: Linux kernel documentation, "Control Group v2", `cpu.max`, and "CFS Bandwidth
    Control" (version 1), `cpu.cfs_quota_us`.
    """
    allowed = len(os.sched_getaffinity(0))
    quota = _quota(cgroup)
    # Rounded up, as a part of a processor would be idle otherwise.
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def memory_limit_bytes(cgroup: Path = CGROUP) -> int | None:
    """The memory limit of the control group in bytes; None if there is none.

    Source: Linux kernel documentation, "Control Group v2", `memory.max`, and "Memory Resource
    Controller" (version 1), `memory.limit_in_bytes`, where a huge number means no limit.
    """
    words = _words(cgroup / "memory.max") or _words(cgroup / "memory" / "memory.limit_in_bytes")
    if len(words) != 1 or not words[0].isdecimal():  # "max", or no such files
        return None
    limit = int(words[0])
    return limit if limit < NO_LIMIT_BYTES else None


def count_memory_kills(cgroup: Path = CGROUP) -> int:
    """How many processes of the control group the kernel has killed for want of memory.

    0 where it does not tell, as of a group at the root. Source: Linux kernel documentation,
    "Control Group v2", `memory.events`, and `memory.oom_control` of version 1.
    """
    words = _words(cgroup / "memory.events") or _words(cgroup / "memory" / "memory.oom_control")
    counts = dict(zip(words[::2], words[1::2], strict=False))
    return int(counts.get("oom_kill", 0))


def _quota(cgroup: Path) -> float | None:
    """The quota as a number of processors; None if there is none."""
    both = _words(cgroup / "cpu.max") or [
        *_words(cgroup / "cpu" / "cpu.cfs_quota_us"),
        *_words(cgroup / "cpu" / "cpu.cfs_period_us"),
    ]
    try:
        quota, period = (int(word) for word in both)
    except ValueError:  # "max", or no such files
        return None
    return quota / period if quota > 0 and period > 0 else None


def _words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:
        return []


def fits_detector(limit: int | None, slots: int) -> bool:
    """Whether a container with that memory in bytes, if limited, has room to tell languages.

    The process that does goes before the workers have too little to read a page with.
    """
    if limit is None:
        return True
    return limit - SERVER_BYTES - DETECTOR_BYTES >= slots * LEAST_WORKER_BYTES


def worker_share_bytes(slots: int) -> int:
    """Bytes of data that each of so many worker processes may hold in the container, if any."""
    limit = memory_limit_bytes()
    if limit is None:
        return MOST_WORKER_BYTES
    others = SERVER_BYTES + DETECTOR_BYTES * fits_detector(limit, slots)
    return min(MOST_WORKER_BYTES, max((limit - others) // slots, TINIEST_WORKER_BYTES))
