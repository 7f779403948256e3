from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.page_files import PageRef
from ocr_server.errors import EndsProcess, OutOfMemory, WorkerLost
from ocr_server.runtime import crash_retry
from ocr_server.runtime.crash_retry import run_twice
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.settings import Settings
from tests import tasks
from tests.waiting import BOUND_S

pytestmark = pytest.mark.process

OWN, FROM_OUTSIDE = signal.SIGSEGV, signal.SIGKILL


@pytest.fixture
def workers(settings: Settings) -> Iterator[ProcessWorkerPool]:
    workers = ProcessWorkerPool(settings)
    yield workers
    workers.close()


def run(
    workers: ProcessWorkerPool, folder: Path, *signals: signal.Signals, head: bytes = b"\x89PNG"
) -> str:
    """What a task says that opens a file and ends by these signals, one after the other."""
    file, opened = folder / "signals", folder / "opened"
    file.write_text(" ".join(str(int(number)) for number in signals))
    opened.write_bytes(head)
    late, page_ref = Deadline.after(BOUND_S), PageRef(opened, 0, 1)
    return run_twice(
        workers, tasks.end_by, late, threading.Event(), signals=file, page_ref=page_ref
    )


@pytest.mark.parametrize("number", [OWN, FROM_OUTSIDE])
def test_a_task_whose_process_ends_once_is_run_again(
    workers: ProcessWorkerPool, tmp_path: Path, number: signal.Signals
) -> None:
    assert run(workers, tmp_path, number) == "lives"


def test_a_file_that_ends_two_processes_is_told_so(
    workers: ProcessWorkerPool, tmp_path: Path
) -> None:
    with pytest.raises(EndsProcess, match="Do not send it again as it is"):
        run(workers, tmp_path, OWN, OWN)

    assert run(workers, tmp_path) == "lives"


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGTRAP])
def test_a_pdf_over_which_processes_abort_is_told_as_perhaps_too_large(
    workers: ProcessWorkerPool, tmp_path: Path, number: signal.Signals
) -> None:
    with pytest.raises(OutOfMemory, match=r"is broken, or needs more .* OCR_WORKER_MEMORY_BYTES"):
        run(workers, tmp_path, number, number, head=b"%PDF-1.7")
    with pytest.raises(EndsProcess):
        run(workers, tmp_path, number, OWN, head=b"%PDF-1.7")


@pytest.mark.parametrize("number", [signal.SIGABRT, signal.SIGTRAP])
def test_a_picture_over_which_processes_abort_is_not_told_as_lack_of_memory(
    workers: ProcessWorkerPool, tmp_path: Path, number: signal.Signals
) -> None:
    with pytest.raises(EndsProcess):
        run(workers, tmp_path, number, number)


@pytest.mark.parametrize("signals", [(OWN, FROM_OUTSIDE), (FROM_OUTSIDE, FROM_OUTSIDE)])
def test_a_file_is_not_blamed_for_what_was_killed_from_outside(
    workers: ProcessWorkerPool, tmp_path: Path, signals: tuple[signal.Signals, ...]
) -> None:
    with pytest.raises(WorkerLost, match="Send the page again"):
        run(workers, tmp_path, *signals)


def test_the_kernel_s_lack_of_memory_is_told_as_one(
    workers: ProcessWorkerPool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = iter([5, 7])
    monkeypatch.setattr(crash_retry, "count_memory_kills", lambda: next(kills))

    with pytest.raises(OutOfMemory, match="give the container more memory"):
        run(workers, tmp_path, FROM_OUTSIDE, FROM_OUTSIDE)
