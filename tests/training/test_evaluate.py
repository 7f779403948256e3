"""What networks read wrongly, told alone and with a model of words."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from scripts.training.evaluate import error_rates, with_words
from scripts.training.sets import Line

LETTERS = ["", *"acdegimnorsu", " "]


@pytest.fixture
def line(tmp_path: Path) -> Line:
    picture = tmp_path / "line.png"
    cv2.imwrite(str(picture), np.full((64, 300), 230, np.uint8))
    return Line(picture, "grande maison", (), "ours")


def read_doubtfully(pictures: np.ndarray) -> np.ndarray:
    """`grande mcison`, an a being nearly as likely as the c; (1, columns, classes)."""
    text = "grande mcison"
    likely = np.full((len(pictures), 2 * len(text), len(LETTERS)), 1e-5, np.float32)
    likely[:, 1::2, 0] = 1.0
    for at, letter in enumerate(text):
        likely[:, 2 * at, LETTERS.index(letter)] = 1.0
    doubtful = 2 * text.index("c")
    likely[:, doubtful, LETTERS.index("c")], likely[:, doubtful, LETTERS.index("a")] = 0.55, 0.45
    return likely


def test_edits_are_told_by_letters_and_by_words(line: Line) -> None:
    assert error_rates(read_doubtfully, LETTERS, [line]) == (1 / 13, 1 / 2)


def test_a_model_of_words_mends_what_is_in_doubt(line: Line) -> None:
    rates = error_rates(read_doubtfully, LETTERS, [line], with_words("fra", LETTERS))

    assert rates == (0, 0)


def test_a_language_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="no list of words of jpn"):
        with_words("jpn", LETTERS)
