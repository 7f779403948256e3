from __future__ import annotations

import numpy as np

from ocr_server.document.model import Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box, Point
from ocr_server.imaging.canvas import Canvas
from ocr_server.page.rereading import merge_by_confidence
from ocr_server.page.state import Candidate
from tests.fakes import ReadsWords

CANVAS = Canvas(np.full((100, 400), 255, np.uint8))


def candidate_of(*words: tuple[str, float, float]) -> Candidate:
    """A line of words, each with its left edge and its confidence."""
    read = tuple(Word(text, Box(x, 10, x + 80, 30).quad(), sure) for text, x, sure in words)
    quad = Box(0, 10, 400, 30).quad()
    line = Line(read, quad, (Point(0, 30), Point(400, 30)), 12)
    return Candidate(CANVAS, (Zone(ZoneKind.TEXT, quad, (line,)),), 3, ReadsWords())


def texts(candidate: Candidate) -> list[str]:
    return [word.text for word in candidate.words]


def test_the_surer_of_two_words_in_one_place_is_taken() -> None:
    first = candidate_of(("T0TAL", 0, 0.5), ("36.00", 200, 0.9))
    second = candidate_of(("TOTAL", 4, 0.9), ("86.00", 202, 0.7))

    assert texts(merge_by_confidence(first, [second])) == ["TOTAL", "36.00"]


def test_a_word_that_stands_elsewhere_is_not_taken() -> None:
    first, second = candidate_of(("T0TAL", 0, 0.5)), candidate_of(("TOTAL", 60, 0.9))

    assert texts(merge_by_confidence(first, [second])) == ["T0TAL"]


def test_a_reading_of_rubbish_exchanges_nothing() -> None:
    first = candidate_of(("TOTAL", 0, 0.5))
    rubbish = candidate_of(("I", 0, 0.6), ("~", 100, 0.1), ("xyxyxyxy", 200, 0.1))

    assert texts(merge_by_confidence(first, [rubbish])) == ["TOTAL"]


def test_without_another_reading_the_first_stays() -> None:
    first = candidate_of(("TOTAL", 0, 0.5))

    assert merge_by_confidence(first, []) is first
