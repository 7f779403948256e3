from __future__ import annotations

import numpy as np

from ocr_server.deadline import Deadline
from ocr_server.document.model import Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box, Point, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions
from ocr_server.page.rereading import merge_by_confidence, reread_doubtful
from ocr_server.page.state import Candidate, PageState, ReadContext, StageResult
from tests.fakes import ReadsWords

CANVAS = Canvas(np.full((100, 400), 255, np.uint8))


def candidate_of(*words: tuple[str, float, float]) -> Candidate:
    """A line of words, each with its left edge and its confidence."""
    read = tuple(Word(text, Box(x, 10, x + 80, 30).quad(), sure) for text, x, sure in words)
    quad = Box(0, 10, 400, 30).quad()
    line = Line(read, quad, (Point(0, 30), Point(400, 30)), 12)
    return Candidate(CANVAS, (Zone(ZoneKind.TEXT, quad, (line,)),), 3, ReadsWords())


class ReadsCandidate(ReadsWords):
    """Reads the words of a candidate where they stand on a copy of the canvas of any size."""

    def __init__(self, candidate: Candidate) -> None:
        super().__init__()
        self.candidate = candidate

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        factor = Transform.scale(canvas.width_px / 400, canvas.height_px / 100)
        return tuple(zone.mapped(factor) for zone in self.candidate.zones)


def reread(first: Candidate, again: Candidate) -> StageResult:
    context = ReadContext(ReadsCandidate(again), Deadline.after(60))
    state = PageState(ImageStatistics(CANVAS), ReadOptions(), context, candidate=first)
    return reread_doubtful(state)


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


def test_words_taken_from_a_reading_that_did_not_win_are_reported() -> None:
    first = candidate_of(("T0TAL", 0, 0.5), ("36.00", 200, 0.9))

    result = reread(first, candidate_of(("TOTAL", 0, 0.9), ("86.00", 200, 0.3)))

    assert texts(result.state.best) == ["TOTAL", "36.00"]
    assert result.did == "surer words taken from other readings"


def test_a_reading_without_surer_words_changes_and_reports_nothing() -> None:
    first = candidate_of(("T0TAL", 0, 0.5), ("36.00", 200, 0.9))

    result = reread(first, candidate_of(("I0TAL", 0, 0.45), ("86.00", 200, 0.8)))

    assert texts(result.state.best) == ["T0TAL", "36.00"]
    assert result.did == ""


def test_a_reading_that_wins_is_reported_by_its_name() -> None:
    first = candidate_of(("T0TAL", 0, 0.5), ("36.00", 200, 0.7))

    result = reread(first, candidate_of(("TOTAL", 0, 0.9), ("36.00", 200, 0.9)))

    assert result.did == "read again as one block"
