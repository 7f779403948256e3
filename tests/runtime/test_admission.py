from __future__ import annotations

import threading
import time
from contextlib import ExitStack

import pytest

from ocr_server.errors import Draining, InvalidOptions, QueueFull
from ocr_server.runtime.admission import Admission
from tests.waiting import BOUND_S, wait_for


def fill(places: ExitStack, admission: Admission, count: int) -> None:
    for _ in range(count):
        places.enter_context(admission.admit())


def test_there_is_room_for_the_slots_and_those_who_wait() -> None:
    admission = Admission(slots=2, waiting=3)
    with ExitStack() as places:
        fill(places, admission, 5)

        with pytest.raises(QueueFull, match="OCR_QUEUE_SIZE") as caught, admission.admit():
            pass

        assert admission.inside == 5
        assert caught.value.extra["limit"] == 5


def test_who_was_not_understood_makes_nobody_come_back_sooner() -> None:
    admission = Admission(slots=1, waiting=0)
    for _ in range(20):
        with pytest.raises(InvalidOptions), admission.admit():
            raise InvalidOptions("What?", faults=[])
    after = admission._mean_s

    assert after == Admission(slots=1, waiting=0)._mean_s


def test_a_place_is_free_again_after_the_block_however_it_ends() -> None:
    admission = Admission(slots=1, waiting=0)
    with pytest.raises(ZeroDivisionError), admission.admit():
        raise ZeroDivisionError

    with admission.admit():
        pass

    assert admission.inside == 0


def test_who_was_turned_away_takes_no_place() -> None:
    admission = Admission(slots=1, waiting=0)
    with admission.admit():
        with pytest.raises(QueueFull), admission.admit():
            pass
        assert admission.inside == 1


@pytest.mark.parametrize(("taken_s", "least_s"), [(0.0, 1), (100.0, 10)])
def test_the_time_to_come_back_follows_what_requests_took(
    taken_s: float, least_s: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    admission = Admission(slots=1, waiting=0)
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in range(20):
        with admission.admit():
            now[0] += taken_s

    with admission.admit(), pytest.raises(QueueFull) as caught, admission.admit():
        pass

    retry_after_s = caught.value.extra["retry_after_s"]
    assert isinstance(retry_after_s, int)
    assert least_s <= retry_after_s <= max(1, taken_s)


def test_more_slots_empty_the_house_sooner(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    waits = []
    for slots in (1, 4):
        admission = Admission(slots=slots, waiting=0)
        for _ in range(20):
            with admission.admit():
                now[0] += 40
        with ExitStack() as places:
            fill(places, admission, slots)
            with pytest.raises(QueueFull) as caught, admission.admit():
                pass
        waits.append(caught.value.extra["retry_after_s"])

    assert isinstance(waits[0], int)
    assert isinstance(waits[1], int)
    assert waits[0] > waits[1]


def test_a_house_that_drains_takes_nothing_more() -> None:
    admission = Admission(slots=1, waiting=1)

    assert admission.drain(0)

    assert admission.is_draining
    with pytest.raises(Draining), admission.admit():
        pass


def test_draining_waits_for_what_is_inside() -> None:
    admission = Admission(slots=1, waiting=0)
    ended: list[bool] = []
    drain = threading.Thread(target=lambda: ended.append(admission.drain(BOUND_S)))
    with admission.admit():
        drain.start()
        wait_for(lambda: admission.is_draining)
        assert not ended
    drain.join(BOUND_S)

    assert ended == [True]


def test_draining_says_when_it_was_not_done_in_time() -> None:
    admission = Admission(slots=1, waiting=0)

    with admission.admit():
        assert not admission.drain(0)
