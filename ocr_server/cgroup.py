"""What this process may use: the machine's processors and memory, or its container's share."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")
NO_LIMIT_BYTES = 2**60


def usable_processors(cgroup: Path = CGROUP) -> int:
    """Processors that the scheduler gives us, cut to the container's quota, at least one.

    Source: Linux kernel documentation, "Control Group v2", `cpu.max`, and "CFS Bandwidth
    Control" (version 1), `cpu.cfs_quota_us`. Inside a container its own group is the root.
    """
    allowed = len(os.sched_getaffinity(0))
    quota = _quota(cgroup)
    # Rounded up: half a processor more than slots would idle, a slot too few wastes one.
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


def memory_limit_bytes(cgroup: Path = CGROUP) -> int | None:
    """The container's limit of memory; None where there is none.

    Source: Linux kernel documentation, "Control Group v2", `memory.max`, and "Memory Resource
    Controller" (version 1), `memory.limit_in_bytes`, which names a huge number for no limit.
    """
    words = _words(cgroup / "memory.max") or _words(cgroup / "memory" / "memory.limit_in_bytes")
    if len(words) != 1 or not words[0].isdecimal():  # "max", or no such files
        return None
    limit = int(words[0])
    return limit if limit < NO_LIMIT_BYTES else None


def _quota(cgroup: Path) -> float | None:
    """The quota in processors; None where there is none."""
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
