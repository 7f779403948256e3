from __future__ import annotations

import time

import pytest

from ocr_server.extraction.verification import MOST_WORDS, WordVerdict, verify
from tests.export.documents import document, page, zone

PAGES = document(page(zone("Total: 12.50 EUR\n(Café) B0X 7 7")), page(zone("End."), number=2))


def verdicts(text: str) -> list[tuple[str, str]]:
    return [(word.text, str(word.verdict)) for word in verify(text, PAGES)]


def test_words_are_found_without_case_and_punctuation() -> None:
    assert verdicts("“TOTAL” 12.50, cafe\u0301 end!") == [
        ("“TOTAL”", "found"), ("12.50,", "found"), ("cafe\u0301", "found"), ("end!", "found"),
    ]  # fmt: skip


def test_figures_that_differ_are_missing() -> None:
    assert verdicts("12.60 1250") == [("12.60", "missing"), ("1250", "missing")]


def test_look_alikes_are_similar_and_say_what_stands_there() -> None:
    (word,) = verify("BOX", PAGES)

    assert (word.verdict, word.read, word.page) == (WordVerdict.SIMILAR, "B0X", 1)
    assert word.box is not None


def test_a_word_stands_for_one_of_the_text() -> None:
    assert [verdict for _, verdict in verdicts("7 7 7")] == ["found", "found", "missing"]


def test_places_are_taken_in_reading_order() -> None:
    first, second = verify("7 7", PAGES)

    assert first.box is not None
    assert second.box is not None
    assert first.box.left < second.box.left


@pytest.mark.parametrize("text", ["", "  ", "– … !"])
def test_a_text_without_words_has_none(text: str) -> None:
    assert verify(text, PAGES) == ()


def test_figures_are_told_from_words() -> None:
    assert [word.is_figure for word in verify("B0X EUR", PAGES)] == [True, False]


def test_a_word_that_stands_there_often_takes_no_longer_to_find() -> None:
    crowded = document(page(zone("a " * 10_000)))
    began = time.process_time()

    checked = verify("a " * MOST_WORDS, crowded)

    assert sum(word.verdict is WordVerdict.FOUND for word in checked) == 10_000
    assert time.process_time() - began < 5  # seconds: looked at one by one, they take 20
