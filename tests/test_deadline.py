from __future__ import annotations

import pickle
from itertools import islice

import pytest

from ocr_server.deadline import Deadline, backoff_s
from ocr_server.errors import DeadlinePassed


def test_there_is_time_until_there_is_none() -> None:
    late, past = Deadline.after(1000), Deadline.after(0)

    late.check()
    assert 0 < late.left_s() <= 1000
    assert past.left_s() == 0
    with pytest.raises(DeadlinePassed):
        past.check()


def test_the_sooner_of_two_names_its_own_setting() -> None:
    page = Deadline.after(1000).sooner(5, setting="OCR_PAGE_TIMEOUT_S")
    request = Deadline.after(1).sooner(5, setting="OCR_PAGE_TIMEOUT_S")

    assert (page.allowed_s, page.setting) == (5, "OCR_PAGE_TIMEOUT_S")
    assert (request.allowed_s, request.setting) == (1, "OCR_TIMEOUT_S")


def test_its_error_says_what_was_allowed_and_what_to_raise() -> None:
    error = Deadline.after(2.5, setting="OCR_X").passed()

    assert "2.5 s" in error.message
    assert error.extra == {"allowed_s": 2.5, "setting": "OCR_X"}


def test_its_error_has_no_more_decimals_than_one_can_wait_for() -> None:
    assert "longer than 1 s" in Deadline.after(0.999964).passed().message


def test_a_deadline_is_the_same_moment_in_another_process() -> None:
    deadline = Deadline.after(5)

    assert pickle.loads(pickle.dumps(deadline)) == deadline  # noqa: S301  # our own


def test_each_wait_is_twice_as_long_as_the_one_before_up_to_the_longest() -> None:
    assert list(islice(backoff_s(0.5, 3.0), 5)) == [0.5, 1.0, 2.0, 3.0, 3.0]


def test_no_wait_is_longer_than_the_longest() -> None:
    assert list(islice(backoff_s(5.0, 3.0), 2)) == [3.0, 3.0]
