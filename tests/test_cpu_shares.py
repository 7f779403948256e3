from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from ocr_server.cpu_shares import CpuShares, SlotLock


@pytest.fixture
def shares() -> Iterator[tuple[SlotLock, ...]]:
    shares = CpuShares(3)
    yield shares.all
    shares.close()


def test_a_slot_alone_has_the_threads_of_all(shares: tuple[SlotLock, ...]) -> None:
    first, *_ = shares

    with first.held(), first.threads(5) as count:
        assert count == 3


def test_no_more_threads_are_taken_than_wanted(shares: tuple[SlotLock, ...]) -> None:
    first, second, _ = shares

    with first.held(), first.threads(2) as count, second.threads(3) as left:
        assert (count, left) == (2, 2)


def test_slots_at_work_are_not_taken_along(shares: tuple[SlotLock, ...]) -> None:
    first, second, third = shares

    with first.held(), second.held(), third.held(), first.threads(3) as count:
        assert count == 1


def test_slots_taken_along_are_given_back(shares: tuple[SlotLock, ...]) -> None:
    first, second, _ = shares

    with first.held():
        with first.threads(3):
            pass
        with second.held(), first.threads(3) as count:
            assert count == 2


def test_a_task_waits_for_its_slot_to_come_back(shares: tuple[SlotLock, ...]) -> None:
    first, second, _ = shares
    order = []

    def work() -> None:
        with second.held():
            order.append("task")

    with first.held(), first.threads(3):
        task = threading.Thread(target=work)
        task.start()
        task.join(0.1)  # it would have done it by now
        order.append("parts")
    task.join()

    assert order == ["parts", "task"]
