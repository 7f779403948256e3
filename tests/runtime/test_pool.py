from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator, Sized
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from ocr_server.cgroup import MIB
from ocr_server.deadline import Deadline
from ocr_server.errors import (
    ClientGone,
    DeadlinePassed,
    Draining,
    EngineMissing,
    OcrServerError,
    OutOfMemory,
    PageMissing,
    WorkerLost,
)
from ocr_server.runtime import worker_process
from ocr_server.runtime.pool import ProcessWorkerPool
from ocr_server.runtime.worker_context import WorkerContext
from ocr_server.settings import Settings
from ocr_server.tasks import describe_engine
from tests import tasks
from tests.waiting import BOUND_S, is_alive, pids_in, wait_for

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def workers() -> Iterator[ProcessWorkerPool]:
    """One worker process, for tests that leave the pool able to work."""
    workers = ProcessWorkerPool(Settings(slots=1))
    yield workers
    workers.close()


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as threads:
        yield threads


@pytest.fixture
def pids(tmp_path: Path) -> Path:
    return tmp_path / "pids"


def test_a_worker_imports_nothing_of_the_server(settings: Settings) -> None:
    workers = ProcessWorkerPool(settings)
    with suppress(EngineMissing):
        workers.run(describe_engine, late(), never(), name="pytesseract")
    imported = workers.run(tasks.say_modules, late(), never())

    assert {"ocr_server", "cv2"} <= imported
    assert not imported & {
        "flask", "werkzeug", "waitress", "pydantic", "prometheus_client", "opentelemetry",
    }  # fmt: skip
    workers.close()


def soon() -> Deadline:
    return Deadline.after(0.2)


def late() -> Deadline:
    return Deadline.after(BOUND_S)


def never() -> threading.Event:
    return threading.Event()


def test_a_task_answers_from_another_process(workers: ProcessWorkerPool) -> None:
    pid = workers.run(tasks.say_pid, late(), never())

    assert pid != os.getpid()
    assert workers.run(tasks.say, late(), never(), "hello") == "hello"
    assert workers.run(tasks.say, late(), never(), words="by name") == "by name"


def test_a_worker_stays_for_the_next_task(workers: ProcessWorkerPool) -> None:
    pids = {workers.run(tasks.say_pid, late(), never()) for _ in range(3)}

    assert len(pids) == 1


def test_a_worker_outlives_the_signals_that_end_a_server(workers: ProcessWorkerPool) -> None:
    """A service manager sends them to all processes, and the server finishes what is begun."""
    pid = workers.run(tasks.say_pid, late(), never())
    for number in (signal.SIGTERM, signal.SIGINT):
        os.kill(pid, number)
        os.kill(workers._fork_server.pid, number)

    assert workers.run(tasks.say_pid, late(), never()) == pid
    assert is_alive(workers._fork_server.pid)


def test_a_worker_leads_a_group_of_its_own(workers: ProcessWorkerPool) -> None:
    assert workers.run(tasks.say_group, late(), never()) == workers.run(
        tasks.say_pid, late(), never()
    )


def test_a_task_has_every_engine_and_a_worker_makes_each_once(workers: ProcessWorkerPool) -> None:
    engine = workers.run(tasks.name_engine, late(), never(), "pytesseract")

    assert engine == "PytesseractEngine"
    assert workers.run(tasks.keeps_engine, late(), never(), "pytesseract")


def test_a_task_s_time_is_that_of_a_page_or_what_is_left(settings: Settings) -> None:
    workers = ProcessWorkerPool(replace(settings, page_timeout_s=20))

    told = [
        workers.run(tasks.tell_deadline, Deadline.after(allowed_s), never())
        for allowed_s in (10, 30)
    ]

    assert told == [(10, "OCR_TIMEOUT_S"), (20, "OCR_PAGE_TIMEOUT_S")]
    workers.close()


def test_a_task_may_use_the_slots_that_are_idle(
    settings: Settings, threads: ThreadPoolExecutor, tmp_path: Path
) -> None:
    workers = ProcessWorkerPool(replace(settings, slots=3))

    alone = workers.run(tasks.count_threads, late(), never(), 3)
    narrow = workers.run(tasks.count_threads, late(), never(), 2)
    busy = Busy(workers, threads, tmp_path)
    beside = workers.run(tasks.count_threads, late(), never(), 3)

    assert (alone, narrow, beside) == (3, 2, 2)
    busy.release()
    workers.close()


def test_a_task_s_error_arrives_whole(workers: ProcessWorkerPool) -> None:
    with pytest.raises(PageMissing, match="No page 7") as caught:
        workers.run(tasks.raise_page_missing, late(), never(), 7)

    assert caught.value.extra == {"page": 7}


def test_a_worker_that_dies_at_work_is_told_and_replaced(workers: ProcessWorkerPool) -> None:
    before, restarts = workers.run(tasks.say_pid, late(), never()), workers.restarts

    with pytest.raises(WorkerLost, match="Send the page again"):
        workers.run(tasks.die, late(), never())

    assert workers.restarts == restarts + 1
    assert workers.run(tasks.say_pid, late(), never()) != before


def test_a_worker_killed_from_outside_takes_its_children_along(
    workers: ProcessWorkerPool, pids: Path, threads: ThreadPoolExecutor
) -> None:
    running = threads.submit(workers.run, tasks.hang, late(), never(), pids)
    worker, child = pids_in(pids)

    os.kill(worker, signal.SIGKILL)

    assert isinstance(running.exception(BOUND_S), WorkerLost)
    wait_for(lambda: not is_alive(child))
    assert workers.run(tasks.say, late(), never(), "next") == "next"


def test_a_worker_killed_while_it_answers_holds_nobody_up(workers: ProcessWorkerPool) -> None:
    with pytest.raises((WorkerLost, DeadlinePassed)):
        workers.run(tasks.die_while_answering, soon(), never())

    assert workers.run(tasks.say, late(), never(), "next") == "next"


def test_a_worker_killed_while_idle_is_not_noticed(workers: ProcessWorkerPool) -> None:
    before = workers.run(tasks.say_pid, late(), never())

    os.kill(before, signal.SIGKILL)
    wait_for(lambda: not is_alive(before))

    assert workers.run(tasks.say_pid, late(), never()) != before


def test_the_deadline_kills_a_worker_and_what_it_started(
    workers: ProcessWorkerPool, pids: Path
) -> None:
    with pytest.raises(DeadlinePassed, match="OCR_TIMEOUT_S"):
        workers.run(tasks.hang, soon(), never(), pids)

    assert not any(is_alive(pid) for pid in pids_in(pids))
    assert workers.run(tasks.say, late(), never(), "next") == "next"


def test_a_worker_that_ends_shortly_after_its_deadline_keeps_its_work(
    workers: ProcessWorkerPool,
) -> None:
    assert workers.run(tasks.take_s, Deadline.after(0.1), never(), 0.3) == "done"


def test_after_the_deadline_no_task_is_begun_and_no_worker_harmed(
    workers: ProcessWorkerPool,
) -> None:
    before, restarts = workers.run(tasks.say_pid, late(), never()), workers.restarts

    with pytest.raises(DeadlinePassed):
        workers.run(tasks.say, Deadline.after(0), never(), "too late")

    assert workers.restarts == restarts
    assert workers.run(tasks.say_pid, late(), never()) == before


def test_hanging_up_kills_a_worker_and_what_it_started(
    workers: ProcessWorkerPool, pids: Path, threads: ThreadPoolExecutor
) -> None:
    gone = threading.Event()
    running = threads.submit(workers.run, tasks.hang, late(), gone, pids)
    wait_for(pids.exists)

    gone.set()

    assert isinstance(running.exception(BOUND_S), ClientGone)
    assert not any(is_alive(pid) for pid in pids_in(pids))
    assert workers.run(tasks.say, late(), never(), "next") == "next"


def test_a_worker_s_memory_is_limited(settings: Settings) -> None:
    workers = ProcessWorkerPool(replace(settings, worker_memory_bytes=256 * MIB))

    with pytest.raises(OutOfMemory, match="OCR_WORKER_MEMORY_BYTES"):
        workers.run(tasks.take_memory, late(), never(), 512 * MIB)

    assert workers.run(tasks.take_memory, late(), never(), MIB) == MIB
    workers.close()


def test_the_kernel_ends_a_worker_before_the_server(workers: ProcessWorkerPool) -> None:
    pid = workers.run(tasks.say_pid, late(), never())

    assert Path(f"/proc/{pid}/oom_score_adj").read_text() == "1000\n"
    assert Path("/proc/self/oom_score_adj").read_text() != "1000\n"


def test_a_worker_does_not_interrupt_the_server(workers: ProcessWorkerPool) -> None:
    pid = workers.run(tasks.say_pid, late(), never())

    assert os.sched_getscheduler(pid) == os.SCHED_BATCH
    assert os.sched_getscheduler(0) == os.SCHED_OTHER


def test_a_worker_that_ran_out_of_memory_is_replaced(workers: ProcessWorkerPool) -> None:
    before = workers.run(tasks.say_pid, late(), never())

    with pytest.raises(OutOfMemory):
        workers.run(tasks.take_memory, late(), never(), 64 * 1024 * MIB)

    assert workers.run(tasks.say_pid, late(), never()) != before


def test_what_earlier_tasks_have_used_up_does_not_decide_about_a_task(settings: Settings) -> None:
    workers = ProcessWorkerPool(replace(settings, worker_memory_bytes=256 * MIB))
    workers.run(tasks.keep_memory, late(), never(), 160 * MIB)

    taken = workers.run(tasks.take_memory, late(), never(), 160 * MIB)

    assert taken == 160 * MIB
    workers.close()


@pytest.mark.parametrize(
    "task", [tasks.run_out_of_memory_in_opencv, tasks.run_out_of_memory_in_cpp]
)
def test_opencv_s_lack_of_memory_is_told_as_one(
    task: Callable[[WorkerContext], None], settings: Settings
) -> None:
    workers = ProcessWorkerPool(replace(settings, worker_memory_bytes=256 * MIB))

    with pytest.raises(OutOfMemory, match="OCR_WORKER_MEMORY_BYTES"):
        workers.run(task, late(), never())

    workers.close()


def test_a_child_that_nobody_waited_for_is_reaped(workers: ProcessWorkerPool) -> None:
    workers.run(tasks.forget_child, late(), never())

    assert workers.run(tasks.count_children, late(), never()) == 0


def test_a_worker_is_replaced_after_its_share_of_tasks(
    workers: ProcessWorkerPool, monkeypatch: pytest.MonkeyPatch
) -> None:
    with suppress(WorkerLost):
        workers.run(tasks.die, late(), never())  # its share begins anew
    monkeypatch.setattr(worker_process, "TASKS_PER_WORKER", 2)

    pids = [workers.run(tasks.say_pid, late(), never()) for _ in range(4)]

    assert pids[0] == pids[1]
    assert pids[2] == pids[3]
    assert pids[1] != pids[2]


def stands(line: Sized, number: int) -> bool:
    return len(line) == number


class Busy:
    """A slot that works until it is told to end, and those who wait behind it."""

    def __init__(
        self, workers: ProcessWorkerPool, threads: ThreadPoolExecutor, folder: Path
    ) -> None:
        self._go = folder / "go"
        begun = folder / "begun"
        self.first = threads.submit(workers.run, tasks.hang_until, late(), never(), begun, self._go)
        wait_for(begun.exists)

    def release(self) -> None:
        self._go.touch()
        assert self.first.result(BOUND_S) == "gone"


@pytest.fixture
def busy(workers: ProcessWorkerPool, threads: ThreadPoolExecutor, tmp_path: Path) -> Iterator[Busy]:
    busy = Busy(workers, threads, tmp_path)
    yield busy
    busy.release()


def test_slots_are_given_in_the_order_in_which_they_were_asked_for(
    workers: ProcessWorkerPool, threads: ThreadPoolExecutor, busy: Busy, tmp_path: Path
) -> None:
    file = tmp_path / "order"
    names = ["first", "second", "third", "fourth"]
    line = workers._idle_queue._waiting  # nothing public tells how long it is
    running = []
    for number, name in enumerate(names, 1):
        running.append(threads.submit(workers.run, tasks.append, late(), never(), file, name))
        wait_for(partial(stands, line, number))

    busy.release()
    for future in running:
        future.result(BOUND_S)

    assert file.read_text().split() == names


def test_work_behind_requests_waits_for_all_of_them(
    workers: ProcessWorkerPool, threads: ThreadPoolExecutor, busy: Busy, tmp_path: Path
) -> None:
    file, queue = tmp_path / "order", workers._idle_queue  # nothing public tells how long it is
    last = threads.submit(workers.behind_requests.run, tasks.append, late(), never(), file, "last")
    wait_for(partial(stands, queue._last, 1))
    first = threads.submit(workers.run, tasks.append, late(), never(), file, "first")
    wait_for(partial(stands, queue._waiting, 1))

    busy.release()
    for future in (first, last):
        future.result(BOUND_S)

    assert file.read_text().split() == ["first", "last"]


@pytest.mark.parametrize("expected", [ClientGone, DeadlinePassed])
def test_who_stops_waiting_leaves_the_line_to_the_others(
    expected: type[OcrServerError],
    workers: ProcessWorkerPool,
    threads: ThreadPoolExecutor,
    busy: Busy,
) -> None:
    gone = threading.Event()
    deadline = late() if expected is ClientGone else soon()
    leaving = threads.submit(workers.run, tasks.say, deadline, gone, "nobody hears")
    staying = threads.submit(workers.run, tasks.say, late(), never(), "heard")

    if expected is ClientGone:
        gone.set()

    assert isinstance(leaving.exception(BOUND_S), expected)
    busy.release()
    assert staying.result(BOUND_S) == "heard"


def test_the_slot_that_worked_last_works_next(settings: Settings) -> None:
    workers = ProcessWorkerPool(replace(settings, slots=3))

    pids = {workers.run(tasks.say_pid, late(), never()) for _ in range(3)}

    assert len(pids) == 1
    workers.close()


def test_as_many_tasks_run_side_by_side_as_there_are_slots(
    settings: Settings, threads: ThreadPoolExecutor, tmp_path: Path
) -> None:
    workers = ProcessWorkerPool(replace(settings, slots=2))
    begun = [tmp_path / "begun-1", tmp_path / "begun-2"]
    running = [
        threads.submit(workers.run, tasks.hang_until, late(), never(), file, tmp_path / "go")
        for file in begun
    ]

    wait_for(lambda: all(file.exists() for file in begun))
    (tmp_path / "go").touch()

    assert workers.slots == 2
    assert [future.result(BOUND_S) for future in running] == ["gone", "gone"]
    workers.close()


def test_closing_ends_every_process(settings: Settings) -> None:
    workers = ProcessWorkerPool(settings)
    pid = workers.run(tasks.say_pid, late(), never())

    workers.close()

    wait_for(lambda: not is_alive(pid))
    with pytest.raises(Draining):
        workers.run(tasks.say, late(), never(), "too late")


def test_closing_kills_what_does_not_end(
    settings: Settings, pids: Path, threads: ThreadPoolExecutor
) -> None:
    workers = ProcessWorkerPool(settings)
    running = threads.submit(workers.run, tasks.hang, late(), never(), pids)
    wait_for(pids.exists)

    workers.close()

    assert isinstance(running.exception(BOUND_S), OcrServerError)
    wait_for(lambda: not any(is_alive(pid) for pid in pids_in(pids)))
