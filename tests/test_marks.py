from __future__ import annotations

import subprocess

import pytest

from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.settings import Settings


def test_a_program_is_refused_in_a_test_that_is_not_marked() -> None:
    with pytest.raises(pytest.fail.Exception, match="marked `process`"):
        subprocess.run(["true"], check=True)  # noqa: S607


def test_a_worker_is_refused_in_a_test_that_is_not_marked() -> None:
    with pytest.raises(pytest.fail.Exception, match="marked `process`"):
        ProcessWorkerPool(Settings(slots=1))


@pytest.mark.process
def test_a_program_runs_in_a_test_that_is_marked() -> None:
    assert subprocess.run(["true"], check=True).returncode == 0  # noqa: S607
