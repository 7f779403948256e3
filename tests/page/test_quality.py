from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
import pytest

from ocr_server.document.model import Line, Symbol, Word, Zone, ZoneKind
from ocr_server.engines.engine import Calibration
from ocr_server.engines.rapidocr import RapidocrEngine
from ocr_server.engines.tesseract_cli import CALIBRATION
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.page.quality import (
    ReadingResult,
    assess_quality,
    expected_accuracy,
    measure_edge_px,
    with_shares_right,
)
from tests.words import draw_page


def result(confidence: float, sure_share: float, letters: int) -> ReadingResult:
    share_right = CALIBRATION.share_right(confidence)
    return ReadingResult(confidence, sure_share, letters, CALIBRATION, share_right)


GOOD = result(confidence=0.95, sure_share=0.97, letters=900)
PAGE = draw_page().pixels


def codes(pixels: Pixels, reading: ReadingResult = GOOD) -> set[str]:
    return {
        problem.code
        for problem in assess_quality(ImageStatistics(Canvas(pixels)), reading).problems
    }


def test_a_good_page_has_no_problems_and_a_high_score() -> None:
    quality = assess_quality(ImageStatistics(Canvas(PAGE)), GOOD)

    assert not quality.problems
    assert quality.score > 0.9


@pytest.mark.parametrize(
    ("code", "pixels"),
    [
        ("small-letters", draw_page(size_px=12).pixels),
        ("blurred", cv2.GaussianBlur(PAGE, (0, 0), 5)),
        ("low-contrast", draw_page(paper=200, ink=160).pixels),
        ("uneven-light", (PAGE * np.linspace(1, 0.5, PAGE.shape[1])).astype(np.uint8)),
        ("skewed", draw_page().canvas.rotated(12, fill=255).pixels),
        ("cut-off", PAGE[:, 200:900]),
    ],
)
def test_what_is_wrong_with_a_picture_is_said(code: str, pixels: np.ndarray) -> None:
    assert codes(pixels.astype(np.uint8)) == {code}


def test_the_black_edge_of_a_scan_is_no_shade() -> None:
    edged = cv2.copyMakeBorder(PAGE, 0, 60, 0, 90, cv2.BORDER_CONSTANT, value=0)
    assert ImageStatistics(Canvas(edged.astype(np.uint8))).paper.unevenness > 200

    assert codes(edged.astype(np.uint8)) == set()


def test_light_print_on_a_dark_screen_has_contrast() -> None:
    beside = np.hstack((draw_page(paper=245, ink=40, width_px=500).pixels, 255 - PAGE))

    assert codes(255 - PAGE) == set()
    assert "low-contrast" not in codes(beside)
    assert codes(draw_page(paper=50, ink=90).pixels) == {"low-contrast"}


def test_the_height_of_small_letters_is_told_in_pixels() -> None:
    problems = assess_quality(ImageStatistics(draw_page(size_px=12).canvas), GOOD).problems

    assert problems[0].message == "The letters are 8 px high."
    assert "300 dpi" in problems[0].advice


def test_a_page_of_which_nothing_was_read_has_no_text() -> None:
    nothing = result(confidence=0, sure_share=0, letters=0)

    assert codes(np.full((800, 600), 255, np.uint8), nothing) == {"no-text"}
    assert assess_quality(ImageStatistics(Canvas(PAGE)), nothing).score == 0


def test_doubtful_print_is_a_poor_reading() -> None:
    assert codes(PAGE, result(confidence=0.4, sure_share=0.1, letters=500)) == {"poor-reading"}


def test_doubtful_signs_without_lines_are_handwriting() -> None:
    drawn = np.full((900, 900), 255, np.uint8)
    random = np.random.default_rng(5)
    for x, y in random.integers(60, 820, (260, 2)):  # strokes that keep to no line
        bend = random.integers(-9, 9, (4, 2)) + np.array([[0, 0], [9, 14], [14, 4], [22, 18]])
        cv2.polylines(drawn, [(bend + np.array([x, y])).astype(np.int32)], False, 0, 2)

    assert "handwriting" in codes(drawn, result(confidence=0.3, sure_share=0.05, letters=300))


@pytest.mark.parametrize(
    ("confidence", "expected"), [(0.9, set()), (0.75, {"poor-reading"}), (0.5, {"handwriting"})]
)
def test_of_handwriting_only_what_is_doubtful_is_a_problem(
    confidence: float, expected: set[str]
) -> None:
    reading = result(confidence=confidence, sure_share=0.3, letters=300)

    quality = assess_quality(ImageStatistics(Canvas(PAGE)), reading, handwritten=True)

    assert {problem.code for problem in quality.problems} == expected


def test_the_score_grows_with_confidence_and_with_sure_words() -> None:
    scores = [
        expected_accuracy(result(confidence=c, sure_share=s, letters=100))
        for c, s in ((0.2, 0.0), (0.5, 0.3), (0.8, 0.6), (0.95, 0.98))
    ]

    assert scores == sorted(scores)
    assert scores[0] < 0.15
    assert scores[-1] > 0.85


def test_blur_widens_edges() -> None:
    sharp, soft = (
        measure_edge_px(ImageStatistics(Canvas(pixels)))
        for pixels in (PAGE, cv2.GaussianBlur(PAGE, (0, 0), 3).astype(np.uint8))
    )

    assert sharp == pytest.approx(2, abs=0.7)
    assert soft > 2 * sharp


def test_a_confidence_becomes_the_share_of_such_words_that_are_right() -> None:
    calibration = RapidocrEngine.calibration
    quad = Box(0, 0, 10, 10).quad()
    word = Word("a", quad, 0.95, symbols=(Symbol("a", quad, 0.9),))
    zone = Zone(ZoneKind.TEXT, quad, (Line((word,), quad, (), 5.0),))

    (told,) = with_shares_right(zone, calibration).words

    assert (told.confidence, told.symbols[0].confidence) == (0.75, 0.6)


@pytest.mark.parametrize("calibration", [CALIBRATION, RapidocrEngine.calibration])
def test_the_surer_word_stays_the_surer_one(calibration: Calibration) -> None:
    shares = [calibration.share_right(part / 100) for part in range(101)]

    assert shares[0] < 0.1  # as little as no field trusts
    assert shares[100] >= 0.98
    assert all(one < other for one, other in pairwise(shares))
