from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator

import pytest

from ocr_server.errors import DeadlinePassed, EngineFailed
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.runtime.watchdog import Watchdog
from ocr_server.settings import Settings
from tests.fakes import InlineWorkers, ReadsWords
from tests.waiting import wait_for

PERIOD_S = 60.0


class Clock:
    def __init__(self) -> None:
        self.now_s = 0.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(time, "monotonic", clock)
    return clock


@pytest.fixture
def scratch(settings: Settings) -> Iterator[ScratchSpace]:
    scratch = ScratchSpace(settings.temp_dir)
    yield scratch
    scratch.close()


class Reads:
    """Counts what was read, or raises an error."""

    def __init__(self) -> None:
        self.count = 0
        self.error: Exception | None = None

    def __call__(self, picture: bytes) -> None:
        assert picture.startswith(b"\x89PNG")
        self.count += 1
        if self.error:
            raise self.error


@pytest.fixture
def reads() -> Reads:
    return Reads()


@pytest.fixture
def workers() -> InlineWorkers:
    return InlineWorkers(ReadsWords())


Make = Callable[[float], Watchdog]


@pytest.fixture
def make(reads: Reads, workers: InlineWorkers, scratch: ScratchSpace) -> Make:
    return lambda period_s: Watchdog(reads, workers=workers, scratch=scratch, period_s=period_s)


def test_it_reads_when_nothing_else_was_read_for_a_while(
    make: Make, reads: Reads, clock: Clock
) -> None:
    watchdog = make(PERIOD_S)
    counts = []
    for now_s in (30, 60, 90, 120):
        clock.now_s = now_s
        watchdog.take_turn()
        counts.append(reads.count)

    assert counts == [0, 1, 1, 2]


def test_it_does_not_read_while_others_do(make: Make, reads: Reads, clock: Clock) -> None:
    watchdog = make(PERIOD_S)
    clock.now_s = 50
    watchdog.note_read()
    clock.now_s = 100
    watchdog.take_turn()

    assert reads.count == 0


def test_it_does_not_wait_behind_pages(
    make: Make, reads: Reads, clock: Clock, workers: InlineWorkers
) -> None:
    watchdog = make(PERIOD_S)
    clock.now_s, workers.busy = 100, 1
    watchdog.take_turn()

    assert reads.count == 0
    assert watchdog.failure is None


@pytest.mark.parametrize(
    ("error", "words"),
    [(DeadlinePassed("It took too long."), "It took too long."), (ValueError("x"), "The log")],
)
def test_what_failed_is_tried_at_every_turn_until_it_is_read(
    error: Exception, words: str, make: Make, reads: Reads, clock: Clock
) -> None:
    watchdog = make(PERIOD_S)
    clock.now_s, reads.error = 60, error
    watchdog.take_turn()
    failure = watchdog.failure
    clock.now_s = 65
    watchdog.take_turn()
    reads.error = None
    clock.now_s = 70
    watchdog.take_turn()

    assert isinstance(failure, EngineFailed)
    assert words in failure.message
    assert reads.count == 3
    assert watchdog.failure is None


def test_with_a_period_of_0_it_never_reads(make: Make, reads: Reads, clock: Clock) -> None:
    watchdog = make(0)
    clock.now_s = 10_000
    watchdog.take_turn()

    assert reads.count == 0


def test_it_makes_the_private_folder_again(make: Make, scratch: ScratchSpace) -> None:
    watchdog = make(0)
    shutil.rmtree(scratch.folder)
    watchdog.take_turn()

    assert scratch.folder.is_dir()


def test_it_has_processes_looked_at_that_were_idle_for_its_period(
    make: Make, workers: InlineWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    monkeypatch.setattr(workers, "check_idle", asked.append)
    for period_s in (PERIOD_S, 0):
        make(period_s).take_turn()

    assert asked == [PERIOD_S]


def test_its_thread_survives_a_turn_that_fails(
    make: Make, reads: Reads, workers: InlineWorkers, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults = iter([MemoryError(), RuntimeError("can't start new thread")])

    def check_idle(_least_s: float) -> None:
        if fault := next(faults, None):
            raise fault

    monkeypatch.setattr(workers, "check_idle", check_idle)
    watchdog = make(0.01)
    watchdog.start()
    wait_for(lambda: reads.count)
    watchdog.stop()


def test_its_thread_takes_turns_until_it_is_stopped(make: Make, reads: Reads) -> None:
    watchdog = make(0.01)
    watchdog.start()
    wait_for(lambda: reads.count > 2)
    watchdog.stop()
    time.sleep(0.05)
    count = reads.count
    time.sleep(0.05)

    assert reads.count == count
