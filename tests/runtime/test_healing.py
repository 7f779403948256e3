"""What stops working in the processes of the server, and how it is made to work again."""

from __future__ import annotations

import errno
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from operator import methodcaller
from pathlib import Path

import psutil
import pytest

from ocr_server.deadline import Deadline
from ocr_server.errors import DeadlinePassed, NoWorker, WorkerLost
from ocr_server.runtime import fork_server, pool, worker_process
from ocr_server.runtime.fork_server import Forked, ForkServer
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.runtime.worker_process import WorkerProcess
from ocr_server.settings import Settings
from tests import tasks
from tests.waiting import BOUND_S, is_alive, wait_for

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ProcessWorkerPool]:
    workers = ProcessWorkerPool(Settings(slots=2, temp_dir=str(tmp_path_factory.mktemp("temp"))))
    yield workers
    workers.close()


@pytest.fixture
def workers(shared: ProcessWorkerPool) -> Iterator[ProcessWorkerPool]:
    """Two slots, each with a process before and after a test."""
    yield shared
    wait_for(lambda: shared.alive == 2)


class NoRoom:
    """Lets no process be forked until it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.is_there = False
        fork = ForkServer.fork

        def fork_if_there_is_room(server: ForkServer, *, instead_of: int | None = None) -> Forked:
            if not self.is_there:
                raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
            return fork(server, instead_of=instead_of)

        monkeypatch.setattr(ForkServer, "fork", fork_if_there_is_room)


def late() -> Deadline:
    return Deadline.after(BOUND_S)


def never() -> threading.Event:
    return threading.Event()


def pids_of(workers: ProcessWorkerPool) -> list[int]:
    """The processes of idle slots; the first one has the next turn."""
    pids = [idle.slot._pid for idle in reversed(workers._idle_queue._idle)]
    assert workers.run(tasks.say_pid, late(), never()) == pids[0]
    return [pid for pid in pids if pid]


def kill(*pids: int) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(is_alive, pids)))


def test_a_slot_without_a_process_gets_no_turns_while_another_has_one(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, whole = pids_of(workers)
    room = NoRoom(monkeypatch)
    kill(broken)
    with pytest.raises(NoWorker, match="goes on trying"):
        workers.run(tasks.say, late(), never(), "nobody hears it")

    turns = {workers.run(tasks.say_pid, late(), never()) for _ in range(5)}

    assert (turns, workers.alive, workers.busy) == ({whole}, 1, 0)
    room.is_there = True
    wait_for(lambda: workers.alive == 2)
    assert len(set(pids_of(workers))) == 2


def test_an_idle_process_that_does_not_answer_is_replaced_and_no_other(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    last_worked, stopped = pids_of(workers)
    restarts = workers.restarts
    check = WorkerProcess.check
    monkeypatch.setattr(
        WorkerProcess,
        "check",
        lambda slot, _: check(slot, 0.2 if slot._pid == stopped else BOUND_S),
    )
    os.kill(stopped, signal.SIGSTOP)

    workers.check_idle(BOUND_S)  # none was idle for so long
    assert is_alive(stopped)
    workers.check_idle(0)

    assert not is_alive(stopped)
    assert workers.restarts == restarts + 1
    assert pids_of(workers)[0] == last_worked
    assert len(set(pids_of(workers))) == 2


def test_an_idle_process_whose_slot_is_borrowed_is_left_alone(workers: ProcessWorkerPool) -> None:
    pids = pids_of(workers)
    with ExitStack() as borrowed:  # as by another worker, to read a page in threads
        for slot in workers._slots:
            borrowed.enter_context(slot._slot_lock.held())
        workers.check_idle(0)

    assert pids_of(workers) == pids


def test_all_idle_processes_are_asked_at_once(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = threading.Barrier(2, timeout=BOUND_S)
    monkeypatch.setattr(WorkerProcess, "check", lambda _slot, _most_s: together.wait())

    workers.check_idle(0)


def test_without_any_process_all_are_told_at_once_until_there_is_room_again(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pids = pids_of(workers)
    room = NoRoom(monkeypatch)
    kill(*pids)
    for _ in range(4):
        with pytest.raises(NoWorker):
            workers.run(tasks.say, late(), never(), "nobody hears it")
    assert workers.alive == 0

    room.is_there = True

    wait_for(lambda: workers.alive == 2)
    assert workers.run(tasks.say, late(), never(), "next") == "next"


def test_who_waits_for_the_last_process_is_told_that_it_is_gone(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    workers = ProcessWorkerPool(settings)
    pid = workers.run(tasks.say_pid, late(), never())
    with ThreadPoolExecutor(2) as threads:
        begun, go = tmp_path / "begun", tmp_path / "go"
        running = threads.submit(workers.run, tasks.hang_until, late(), never(), begun, go)
        wait_for(begun.exists)
        waiting = threads.submit(workers.run, tasks.say, late(), never(), "nobody hears it")
        wait_for(lambda: workers._idle_queue._waiting)
        NoRoom(monkeypatch)
        kill(pid)

        assert isinstance(running.exception(BOUND_S), WorkerLost)
        assert isinstance(waiting.exception(BOUND_S), NoWorker)
    workers.close()


def test_a_killed_process_that_ends_late_leaves_no_zombie() -> None:
    server = ForkServer(methodcaller("recv", 1), files=())
    killed = server.fork()
    other = server.fork(instead_of=killed.pid)  # it has not ended yet
    with closing(server), killed.peer, other.peer:
        kill(killed.pid)

        wait_for(lambda: not psutil.pid_exists(killed.pid))
        assert is_alive(other.pid)


def test_a_process_that_was_begun_early_is_that_of_the_first_fork_server() -> None:
    fork_server.begin_early()
    (begun,) = (process.pid for process, _ in fork_server._begun_early)

    with (
        closing(ForkServer(methodcaller("recv", 1), files=())) as first,
        closing(ForkServer(methodcaller("recv", 1), files=())) as second,
    ):
        assert first.pid == begun != second.pid
        with first.fork().peer, second.fork().peer:
            pass


def test_a_process_that_was_begun_early_ends_with_a_server_that_does_not_start() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ocr_server", "serve", "--port", "no-number"],
        capture_output=True, text=True, check=False, timeout=BOUND_S,
    )  # fmt: skip

    # Its standard error was open until both had ended.
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("command", "count"), [("serve", 1), ("work", 1), ("read", 0)])
def test_only_commands_that_serve_begin_early(
    command: str, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    monkeypatch.setattr(fork_server, "begin_early", lambda: begun.append(command))
    monkeypatch.setattr(sys, "argv", ["ocr-server", command])

    runpy.run_module("ocr_server", run_name="imported")

    assert len(begun) == count


def test_a_fork_server_that_is_gone_is_started_again(workers: ProcessWorkerPool) -> None:
    before = workers._fork_server.pid
    kill(before)

    for _ in range(2):
        with pytest.raises(WorkerLost):
            workers.run(tasks.die, late(), never())

    assert workers.alive == 2
    assert workers._fork_server.pid != before
    assert len(set(pids_of(workers))) == 2


def test_a_fork_server_that_is_stopped_is_replaced(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fork_server, "FORK_S", 0.5)
    before = workers._fork_server.pid
    kill(before)
    with pytest.raises(WorkerLost):  # the next one waits no longer than that
        workers.run(tasks.die, late(), never())
    stopped = workers._fork_server.pid
    os.kill(stopped, signal.SIGSTOP)

    with pytest.raises(WorkerLost):
        workers.run(tasks.die, late(), never())

    assert not is_alive(stopped)
    assert workers.run(tasks.say, late(), never(), "next") == "next"


def test_a_fork_server_that_cannot_be_started_is_started_later(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr("sys.executable", "/nowhere/python")
        kill(workers._fork_server.pid)
        with pytest.raises(WorkerLost):
            workers.run(tasks.die, late(), never())
        assert workers.alive == 1

    wait_for(lambda: workers.alive == 2)
    assert len(set(pids_of(workers))) == 2


def test_a_start_without_processes_is_a_sentence(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    NoRoom(monkeypatch)

    with pytest.raises(NoWorker, match="temporarily unavailable"):
        ProcessWorkerPool(settings)


@pytest.mark.parametrize(
    ("how", "most_s", "words"),
    [("exit", BOUND_S, "ended at once"), ("sleep", 0.2, "not ready in time")],
)
def test_a_start_whose_workers_do_not_come_up_is_a_sentence(
    how: str, most_s: float, words: str, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(worker_process, "SET_UP_S", most_s)
    monkeypatch.setattr(pool, "start_worker", partial(never_start, how))

    with pytest.raises(NoWorker, match=words):
        ProcessWorkerPool(settings)


def never_start(how: str, _memory_bytes: int, _server: socket.socket) -> None:
    """In a new worker."""
    if how == "exit":
        os._exit(1)
    time.sleep(BOUND_S)


def test_a_temporary_folder_tidied_away_is_not_missed(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(gone))
    workers = ProcessWorkerPool(settings)
    assert list(gone.iterdir()) == []
    gone.rmdir()

    with pytest.raises(WorkerLost):
        workers.run(tasks.die, late(), never())

    assert workers.run(tasks.say, late(), never(), "next") == "next"
    workers.close()


def test_a_worker_that_is_stopped_takes_no_longer_than_the_deadline(
    workers: ProcessWorkerPool,
) -> None:
    """Its socket takes a part of a long task, so that sending the rest has to wait."""
    stopped, _ = pids_of(workers)
    os.kill(stopped, signal.SIGSTOP)

    with pytest.raises(DeadlinePassed):
        workers.run(tasks.say, Deadline.after(0.2), never(), "long" * 10**6)

    assert not is_alive(stopped)


def test_a_worker_that_stops_while_it_answers_takes_no_longer_than_the_deadline(
    workers: ProcessWorkerPool,
) -> None:
    with pytest.raises(DeadlinePassed):
        workers.run(tasks.stop_while_answering, Deadline.after(0.2), never())

    assert workers.run(tasks.say, late(), never(), "next") == "next"


def test_an_ended_worker_s_number_is_kept_until_it_is_replaced(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server kills by number, so no other process may get it before."""
    first, second = pids_of(workers)
    room = NoRoom(monkeypatch)
    kill(first)
    with pytest.raises(NoWorker):
        workers.run(tasks.say, late(), never(), "nobody hears it")

    assert Path(f"/proc/{first}").exists()
    room.is_there = True
    wait_for(lambda: workers.alive == 2)
    assert not Path(f"/proc/{first}").exists()
    assert is_alive(second)


def test_the_fork_server_ends_with_the_pool(settings: Settings) -> None:
    workers = ProcessWorkerPool(settings)
    pid = workers._fork_server.pid

    workers.close()

    wait_for(lambda: not is_alive(pid))


def test_two_pools_do_not_share_a_fork_server(
    workers: ProcessWorkerPool, settings: Settings
) -> None:
    other = ProcessWorkerPool(replace(settings, slots=1))
    kill(workers._fork_server.pid)

    with pytest.raises(WorkerLost):
        other.run(tasks.die, late(), never())

    assert other.run(tasks.say, late(), never(), "next") == "next"
    other.close()
