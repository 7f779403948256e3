from __future__ import annotations

import os
from pathlib import Path

import pytest

from ocr_server.cgroup import count_memory_kills, memory_limit_bytes, usable_processors

ALL = len(os.sched_getaffinity(0))


@pytest.mark.parametrize(
    ("quota", "processors"),
    [
        ("max 100000", ALL),
        ("100000 100000", 1),
        ("50000 100000", 1),
        ("150000 100000", min(2, ALL)),
    ],
)
def test_the_quota_of_a_version_2_group_counts(tmp_path: Path, quota: str, processors: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{quota}\n")

    assert usable_processors(tmp_path) == processors


@pytest.mark.parametrize(("quota", "processors"), [("-1", ALL), ("100000", 1), ("20000", 1)])
def test_the_quota_of_a_version_1_group_counts(tmp_path: Path, quota: str, processors: int) -> None:
    folder = tmp_path / "cpu"
    folder.mkdir()
    (folder / "cpu.cfs_quota_us").write_text(f"{quota}\n")
    (folder / "cpu.cfs_period_us").write_text("100000\n")

    assert usable_processors(tmp_path) == processors


def test_without_groups_the_machine_counts(tmp_path: Path) -> None:
    assert usable_processors(tmp_path) == ALL


@pytest.mark.parametrize(("limit", "size"), [("536870912", 2**29), ("max", None)])
def test_the_memory_of_a_version_2_group_counts(
    tmp_path: Path, limit: str, size: int | None
) -> None:
    (tmp_path / "memory.max").write_text(f"{limit}\n")

    assert memory_limit_bytes(tmp_path) == size


@pytest.mark.parametrize(("limit", "size"), [("536870912", 2**29), ("9223372036854771712", None)])
def test_the_memory_of_a_version_1_group_counts(
    tmp_path: Path, limit: str, size: int | None
) -> None:
    (tmp_path / "memory").mkdir()
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text(f"{limit}\n")

    assert memory_limit_bytes(tmp_path) == size


def test_without_groups_memory_has_no_limit(tmp_path: Path) -> None:
    assert memory_limit_bytes(tmp_path) is None


@pytest.mark.parametrize("file", ["memory.events", "memory/memory.oom_control"])
def test_what_the_kernel_has_killed_for_memory_is_counted(tmp_path: Path, file: str) -> None:
    (tmp_path / "memory").mkdir()
    assert count_memory_kills(tmp_path) == 0

    (tmp_path / file).write_text("low 0\noom 3\noom_kill 2\n")

    assert count_memory_kills(tmp_path) == 2
