"""How many processors this process may use: those of the machine, or of its container."""

from __future__ import annotations

import math
import os
from pathlib import Path

CGROUP = Path("/sys/fs/cgroup")


def usable_processors(cgroup: Path = CGROUP) -> int:
    """Processors that the scheduler gives us, cut to the container's quota, at least one.

    Source: Linux kernel documentation, "Control Group v2", `cpu.max`, and "CFS Bandwidth
    Control" (version 1), `cpu.cfs_quota_us`. Inside a container its own group is the root.
    """
    allowed = len(os.sched_getaffinity(0))
    quota = _quota(cgroup)
    # Rounded up: half a processor more than slots would idle, a slot too few wastes one.
    return allowed if quota is None else max(1, min(allowed, math.ceil(quota)))


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
