from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from ocr_server.cgroup import DETECTOR_BYTES, LEAST_WORKER_BYTES, MIB, SERVER_BYTES
from ocr_server.engines.engine import Engine
from ocr_server.errors import EngineMissing
from ocr_server.runtime.memory_plan import SECOND_READER_BYTES, plan_memory
from ocr_server.settings import Settings
from tests.fakes import IsMissing, ReadsWords

FOUR_SLOTS = Settings(slots=4)


def both_readers(_name: str) -> Engine:
    return ReadsWords()


def one_reader(name: str) -> Engine:
    return IsMissing(EngineMissing("Install it.")) if name == "rapidocr" else ReadsWords()


def test_without_a_limit_nothing_is_given_up() -> None:
    plan = plan_memory(FOUR_SLOTS, both_readers)

    assert (plan.settings, plan.shortfalls) == (FOUR_SLOTS, ())


@pytest.mark.parametrize(
    ("limit_mib", "slots", "engine", "count"),
    [
        (4096, 4, "auto", 0),
        (1024, 2, "auto", 1),  # slots go first
        (784, 2, "auto", 1),
        (768, 1, "auto", 1),
        (512, 1, "auto", 1),
        (384, 1, "tesseract", 2),  # then the second reader
        (320, 1, "tesseract", 3),  # then the detector of languages
        (256, 1, "tesseract", 4),
    ],
)
def test_slots_fall_to_one_and_then_the_second_reader_goes(
    limit_mib: int, slots: int, engine: str, count: int
) -> None:
    plan = plan_memory(replace(FOUR_SLOTS, engine="auto"), both_readers, limit_mib * MIB)

    assert (plan.settings.slots, plan.settings.engine) == (slots, engine)
    assert len(plan.shortfalls) == count
    assert all(f"{limit_mib} MiB" in shortfall for shortfall in plan.shortfalls)


@pytest.mark.parametrize(("limit_mib", "slots"), [(1024, 4), (512, 2), (448, 1), (256, 1)])
def test_one_reader_leaves_room_for_more_slots(limit_mib: int, slots: int) -> None:
    plan = plan_memory(replace(FOUR_SLOTS, engine="auto"), one_reader, limit_mib * MIB)

    assert (plan.settings.slots, plan.settings.engine) == (slots, "auto")


def test_the_operator_s_memory_of_a_worker_counts() -> None:
    settings = replace(FOUR_SLOTS, worker_memory_bytes=400 * MIB)

    plan = plan_memory(settings, one_reader, 1040 * MIB)

    assert plan.settings.slots == 2
    assert "OCR_SLOTS=2" in plan.shortfalls[0]


@pytest.mark.parametrize("limit_mib", range(384, 2048, 64))
def test_all_processes_together_have_what_they_need(
    monkeypatch: pytest.MonkeyPatch, limit_mib: int
) -> None:
    monkeypatch.setattr("ocr_server.cgroup.memory_limit_bytes", lambda: limit_mib * MIB)

    settings = plan_memory(
        replace(FOUR_SLOTS, engine="auto"), both_readers, limit_mib * MIB
    ).settings

    least_bytes = SECOND_READER_BYTES if settings.engine == "auto" else LEAST_WORKER_BYTES
    assert settings.worker_bytes >= least_bytes
    workers_bytes = settings.slots * settings.worker_bytes
    assert SERVER_BYTES + DETECTOR_BYTES + workers_bytes <= limit_mib * MIB


def test_an_engine_that_was_asked_for_stays_and_is_warned_of() -> None:
    plan = plan_memory(replace(FOUR_SLOTS, engine="best"), both_readers, 384 * MIB)

    assert plan.settings.engine == "best"
    assert "too little for the second reader." in plan.shortfalls[1]


TAKE_TOO_MUCH = """
from dataclasses import replace
from ocr_server.cgroup import MIB
from ocr_server.runtime.memory_plan import limit_server_memory
from ocr_server.settings import Settings
limit_server_memory(replace(Settings(), server_memory_bytes=64 * MIB))
try:
    bytearray(128 * MIB)
except MemoryError:
    print(len(bytearray(16 * MIB)) // MIB, "and alive")
"""


@pytest.mark.process
def test_a_server_that_takes_too_much_lives_on() -> None:
    command = [sys.executable, "-c", TAKE_TOO_MUCH]

    assert subprocess.check_output(command, text=True) == "16 and alive\n"  # noqa: S603  # ours
