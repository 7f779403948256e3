from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from benchmarks.accuracy import Item
from benchmarks.confidence import Point, Range, auroc, calibration_error, judged, ranges_of
from benchmarks.report import as_diagram
from ocr_server.document.model import Word
from ocr_server.geometry import Box


def words(*read: tuple[str, float]) -> list[Word]:
    return [Word(text, Box(0, 0, 1, 1).quad(), confidence) for text, confidence in read]


def test_a_word_is_right_as_often_as_the_truth_has_it() -> None:
    item = Item("a", Path("a"), "The TOTAL is 7", (), ("eng",), 3, any_case=True)

    found = judged(item, words(("the", 0.9), ("The", 0.5), ("total", 0.8), ("9", 0.7)))

    assert [(word.text, is_right) for word, is_right in found] == [
        ("the", True), ("total", True), ("9", False), ("The", False),
    ]  # fmt: skip


def test_the_error_is_the_distance_of_confidence_and_right_words() -> None:
    right = np.array([1.0, 0.0, 1.0, 1.0])

    assert calibration_error(np.array([0.55, 0.55, 0.95, 0.95]), right) == pytest.approx(0.05)
    assert calibration_error(np.array([1.0, 0.0, 1.0, 1.0]), right) == 0


def test_the_area_is_one_if_all_right_words_are_surer_than_the_wrong_ones() -> None:
    right = np.array([1.0, 0.0, 1.0])

    assert auroc(np.array([0.9, 0.1, 0.8]), right) == 1
    assert auroc(np.array([0.5, 0.5, 0.5]), right) == 0.5
    assert auroc(np.array([0.1, 0.9, 0.2]), right) == 0
    assert auroc(np.array([0.1, 0.9]), np.array([1.0, 1.0])) == 0.5


def test_the_ranges_are_drawn_with_areas_by_their_words() -> None:
    points = [Point("e", "set", 0.25, is_right) for is_right in (True, False, False, False)]
    points.append(Point("e", "set", 1.0, is_right=True))

    ranges = ranges_of(points)
    drawn = as_diagram("Right", {"e": [(one.mean, one.right, one.words) for one in ranges]})

    assert ranges == [Range(2, 4, 0.25, 0.25), Range(9, 1, 1.0, 1.0)]
    circles = re.findall(r'<circle cx="(.+?)" cy="(.+?)" r="(.+?)"', drawn)
    assert circles == [("125.0", "295.0", "14.0"), ("380.0", "40.0", "7.0")]
