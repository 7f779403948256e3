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

import psutil
import pytest
from flask import Flask

from ocr_server.deadline import Deadline
from ocr_server.errors import AddressUnavailable, WorkerLost
from ocr_server.runtime.confinement import environment_of_workers
from ocr_server.runtime.messages import TaskFailed, encode_answer
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.server import waitress_server
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


READ_A_HIDDEN_PARENT = """
import os, sys
from ocr_server.runtime.confinement import PR_SET_DUMPABLE, _prctl, hide_memory

if os.geteuid() == 0:
    os.setresuid(65534, 65534, 65534)
_prctl(PR_SET_DUMPABLE, 1)  # as a program has it that was started by its user
if sys.argv[1:]:
    hide_memory()
if not os.fork():
    for name in ("environ", "mem", "fd"):
        try:
            path = f"/proc/{os.getppid()}/{name}"
            print(name, bool(os.listdir(path) if name == "fd" else open(path, "rb")), flush=True)
        except PermissionError:
            print(name, "refused", flush=True)
    os._exit(0)
os.wait()
"""


@pytest.mark.process
def test_a_worker_cannot_look_into_a_server_that_hides_its_memory() -> None:
    told = [
        subprocess.run(  # noqa: S603  # ours
            [sys.executable, "-c", READ_A_HIDDEN_PARENT, *arguments],
            capture_output=True, check=True, text=True,
        ).stdout.split()
        for arguments in ([], ["hidden"])
    ]  # fmt: skip

    assert told[0][::2] == ["environ", "mem", "fd"]
    assert told[0][1] == "True"
    assert told[1] == ["environ", "refused", "mem", "refused", "fd", "refused"]


@pytest.mark.process
def test_the_keys_of_a_server_are_in_no_process_but_its_own(start: Start) -> None:
    server = start(OCR_API_KEYS=KEY)
    family = psutil.Process(server.pid).children(recursive=True)

    assert len(family) == 2  # the fork server and a worker
    for process in family:
        assert KEY.encode() not in Path(f"/proc/{process.pid}/environ").read_bytes()


def test_a_server_hides_its_memory_and_has_threads_give_way_before_it_listens(
    app: Flask, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    order: list[str] = []
    switched_s: list[float] = []

    def listen(*_: object, **__: object) -> None:
        order.append("listens")
        raise OSError(errno.EADDRINUSE, os.strerror(errno.EADDRINUSE))

    monkeypatch.setattr(waitress_server, "create_app", lambda *_, **__: app)
    monkeypatch.setattr(waitress_server, "hide_memory", lambda: order.append("hides"))
    monkeypatch.setattr(waitress_server, "_listen", listen)
    monkeypatch.setattr("sys.setswitchinterval", switched_s.append)
    monkeypatch.setattr("tempfile.tempdir", None)
    with pytest.raises(AddressUnavailable):
        waitress_server.run(settings)

    assert order == ["hides", "listens"]
    assert max(switched_s) <= 0.001
