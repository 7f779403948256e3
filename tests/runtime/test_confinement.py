from __future__ import annotations

import errno
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.deadline import Deadline
from ocr_server.errors import WorkerLost
from ocr_server.runtime.confinement import environment_of_workers
from ocr_server.runtime.messages import TaskFailed, encode_answer
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.settings import Settings, table
from tests import tasks
from tests.serving import Start
from tests.waiting import BOUND_S

KEY = "a-key-that-no-worker-knows"


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessWorkerPool]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("OCR_API_KEYS", KEY)
        patched.setenv("CLOUD_SECRET", KEY)
        patched.setenv("TESSDATA_PREFIX", "/a/folder")
        workers = ProcessWorkerPool(Settings(slots=1))
    yield workers
    workers.close()


def late() -> Deadline:
    return Deadline.after(BOUND_S)


def never() -> threading.Event:
    return threading.Event()


def test_no_setting_is_a_variable_of_workers() -> None:
    given = {name: "1" for name, _, _ in table()} | {"PATH": "/bin", "OTEL_HEADERS": "token"}

    assert environment_of_workers(given) == {"PATH": "/bin"}


@pytest.mark.process
def test_a_child_of_a_worker_knows_no_secret(workers: ProcessWorkerPool) -> None:
    environment = workers.run(tasks.say_environment, late(), never())

    assert KEY not in str(environment)
    assert environment["PATH"] == os.environ["PATH"]
    assert environment["TESSDATA_PREFIX"] == "/a/folder"
    assert environment["OMP_THREAD_LIMIT"] == "1"


@pytest.mark.process
def test_a_child_of_a_worker_gets_no_privileges_and_has_a_filter(
    workers: ProcessWorkerPool,
) -> None:
    status = workers.run(tasks.say_status, late(), never())

    assert status["NoNewPrivs"] == "1"
    assert status["Seccomp"] == "2"
    assert workers.open_network == ""


@pytest.mark.process
@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6, socket.AF_UNIX])
def test_a_worker_reaches_nothing(
    family: socket.AddressFamily, workers: ProcessWorkerPool, tmp_path: Path
) -> None:
    with socket.socket(family) as listening:
        here = {socket.AF_INET: "127.0.0.1", socket.AF_INET6: "::1"}.get(family)
        listening.bind((here, 0) if here else str(tmp_path / "socket"))
        listening.listen()
        address = listening.getsockname()[:2] if here else listening.getsockname()

        assert workers.run(tasks.connect, late(), never(), family, address) == errno.EACCES


@pytest.mark.process
def test_where_there_is_no_filter_the_reason_is_told() -> None:
    """In another process, as it cannot be undone."""
    code = (
        "from ocr_server.runtime import confinement; confinement.LIBSECCOMP = 'nothing.so';"
        "print(confinement.confine(), end='')"
    )
    told = subprocess.run(  # noqa: S603  # ours
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )

    assert told.stdout == "nothing.so is not installed"


@pytest.mark.process
@pytest.mark.parametrize(
    "message", [pickle.dumps(("hello", None)), encode_answer(7, None), b"\x93\x01\x02"]
)
def test_a_worker_that_answers_anything_else_is_replaced(
    message: bytes, workers: ProcessWorkerPool
) -> None:
    before = workers.run(tasks.say_pid, late(), never())

    with pytest.raises(WorkerLost):
        workers.run(tasks.answer_with, late(), never(), message)

    assert workers.run(tasks.say_pid, late(), never()) != before


@pytest.mark.process
def test_a_fault_of_the_program_comes_with_its_traceback(workers: ProcessWorkerPool) -> None:
    with pytest.raises(TaskFailed, match="by nothing") as caught:
        workers.run(tasks.fail, late(), never())

    assert "in fail" in caught.value.__notes__[0]


@pytest.mark.process
def test_the_keys_of_a_server_are_in_no_process_but_its_own(start: Start) -> None:
    server = start(OCR_API_KEYS=KEY)
    server.get("/readyz")

    for pid in server.workers():
        assert KEY.encode() not in Path(f"/proc/{pid}/environ").read_bytes()
    assert len(server.workers()) == 1
    assert Path(f"/proc/{server.pid}/environ").stat().st_uid == 0
