"""A beam search with a model of words: what it mends, and what it leaves alone."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from ocr_server.engines.word_model import LetterModel, letter_model, likeliest_path

LETTERS = ("", *"abcdefghijklmnopqrstuvwxyzAHQ0123456789", " ")
WORDS = {"house": 900.0, "horse": 500.0, "hose": 20.0, "the": 5000.0, "then": 400.0, "mouse": 80.0}


@pytest.fixture(scope="module")
def model() -> LetterModel:
    return LetterModel.of(WORDS)


def columns(text: str, doubts: dict[int, tuple[str, float]] | None = None) -> NDArray[np.float32]:
    """A column for each letter and one of none after it; a doubted letter shares its column."""
    likely = np.full((2 * len(text), len(LETTERS)), 1e-5, np.float32)
    likely[1::2, 0] = 1.0
    for at, letter in enumerate(text):
        other, share = (doubts or {}).get(at, (letter, 0.0))
        likely[2 * at, LETTERS.index(other)] = share
        likely[2 * at, LETTERS.index(letter)] = 1 - share
    return likely


def text_of(path: NDArray[np.int64]) -> str:
    changes = np.flatnonzero(np.diff(path, prepend=0) * path)
    return "".join(LETTERS[number] for number in path[changes])


def test_a_letter_is_likelier_after_those_it_followed_in_the_list(model: LetterModel) -> None:
    assert model.logarithm(" h") > model.logarithm(" q")
    assert model.logarithm("hous") > model.logarithm("houn")
    assert model.logarithm("house ") > model.logarithm("hous ")


def test_the_probabilities_of_all_letters_after_a_piece_are_one(model: LetterModel) -> None:
    for piece in ("hous", "", " ", "xy"):
        total = sum(np.exp(model.logarithm(piece + letter)) for letter in model.numbers)

        # A letter that was never counted has .001, which comes on top.
        assert 0.95 < total < 1.05


def test_a_doubtful_letter_becomes_that_of_a_word(model: LetterModel) -> None:
    likely = columns("the hcuse", {5: ("o", 0.4)})

    assert text_of(likely.argmax(axis=1)) == "the hcuse"
    assert text_of(likeliest_path(likely, LETTERS, model)) == "the house"


def test_what_is_sure_stays_though_no_word_has_it(model: LetterModel) -> None:
    assert text_of(likeliest_path(columns("the hcuse"), LETTERS, model)) == "the hcuse"


@pytest.mark.parametrize("text", ["Hcuse", "h0use", "1904"])
def test_names_and_figures_are_left_alone(model: LetterModel, text: str) -> None:
    likely = columns(text, {1: ("o", 0.45)})

    assert text_of(likeliest_path(likely, LETTERS, model)) == text


def test_a_letter_twice_needs_a_column_of_none_between(model: LetterModel) -> None:
    likely = np.repeat(columns("see"), 2, axis=0)

    assert text_of(likeliest_path(likely, LETTERS, model)) == "see"


def test_a_line_of_nothing_is_empty(model: LetterModel) -> None:
    likely = np.zeros((6, len(LETTERS)), np.float32)
    likely[:, 0] = 1.0

    assert not likeliest_path(likely, LETTERS, model).any()


def test_only_languages_with_a_list_have_a_model() -> None:
    assert letter_model(("lat", "swe")) is None
    assert letter_model(("eng",)) is letter_model(("eng", "lat"))
