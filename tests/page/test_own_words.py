from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.document.model import Alternative
from ocr_server.job import ReadOptions
from ocr_server.page.own_words import own_words
from ocr_server.page.spelling import suggest_spellings
from tests.page.test_spelling import page_of, suggested

NAMES = "Kowalczyk\nVarnenko\nSchmeling\nZoubert\nQX-7741\nBrühl\ndriver"


def mended(text: str, confidence: float = 0.6, names: str = NAMES) -> str:
    return suggested(text, confidence=confidence, options=ReadOptions(words=names)).text


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("Kowa1czyk,", "Kowalczyk,"),  # characters that look alike
        ("Vamenko", "Varnenko"),  # letters that look like one
        ("Schmelinq", "Schmeling"),  # any letter of a long word
        ("Scheling", "Schmeling"),  # one that was lost
        ("Zoubbert", "Zoubert"),  # one too many
        ("SCHMELINQ", "SCHMELING"),  # in capitals as on the page
        ("(0X-7741)", "(0X-7741)"),  # Q is not read as 0 of a code
        ("QX-774I", "QX-7741"),
        ("Bruhl", "Brühl"),  # an accent that was lost
    ],
)
def test_a_doubtful_word_becomes_the_one_it_looks_like(read: str, meant: str) -> None:
    assert mended(read) == meant


@pytest.mark.parametrize(
    "text",
    [
        "Kowalczyk",  # known as it is
        "7741",  # a figure
        "QX-7742",  # another part: no digit is taken for another one
        "drives",  # a word of the language
        "Kaufmann",  # like none
        "Br",
    ],
)
def test_other_words_stay(text: str) -> None:
    assert mended(text) == text


def test_a_sure_word_stays() -> None:
    assert mended("Schmelinq", confidence=0.95) == "Schmelinq"


def test_a_word_that_looks_like_two_stays() -> None:
    assert mended("Schmelimg", names="Schmelipg\nSchmelizg") == "Schmelimg"


def test_what_was_read_is_told() -> None:
    word = suggested("Schmelinq", options=ReadOptions(words=NAMES, alternatives=True))

    assert (word.text, word.corrected_from, word.checked) == ("Schmeling", "Schmelinq", False)


def test_the_dictionary_leaves_own_words_alone() -> None:
    options = ReadOptions(words="Hcllo", correct=True, alternatives=True)

    assert suggested("Hcllo", options=options).text == "Hcllo"
    assert suggested("Hcllo", options=replace(options, words="Kowalczyk")).text == "Hello"


def test_what_the_engine_took_for_possible_comes_first() -> None:
    page = page_of("Xaubrrt", 0.4)
    doubtful = replace(page.words[0], alternatives=(Alternative("Zoubert", 0.3, "engine"),))
    (zone,) = page.zones
    page = replace(page, zones=(replace(zone, lines=(replace(zone.lines[0], words=(doubtful,)),)),))

    assert suggest_spellings(page, ReadOptions(words=NAMES)).words[0].text == "Zoubert"


def test_a_language_without_dictionary_has_own_words() -> None:
    options = ReadOptions(languages=("pol",), words=NAMES)

    assert suggested("Kowa1czyk", options=options).text == "Kowalczyk"


def test_of_many_words_few_are_compared() -> None:
    many = own_words("\n".join(f"{first}{last}" for first in SYLLABLES for last in SYLLABLES))

    assert many.nearest("bakoludine") is None
    assert many.nearest("bakolubarnuki") == "bakolubamuki"


SYLLABLES = tuple(
    a + b + c
    for a in ("ba", "ko", "lu", "di", "ne")
    for b in ("ko", "mu", "ta", "re")
    for c in ("lu", "ki", "so")
)
