from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.document.model import Cell, Page, Table, Word
from ocr_server.geometry import Box, Transform
from ocr_server.job import ReadOptions
from ocr_server.page.spelling import SOURCE, suggest_spellings
from tests.export.documents import line, page, word, zone

OFFER = ReadOptions(alternatives=True)
CORRECT = ReadOptions(correct=True)


def page_of(text: str, confidence: float) -> Page:
    one = replace(word("x", 40, 30, confidence=confidence), text=text)
    return page(replace(zone("x"), lines=(replace(line("x", 30), words=(one,)),)))


def suggested(text: str, *, confidence: float = 0.4, options: ReadOptions = CORRECT) -> Word:
    return suggest_spellings(page_of(text, confidence), options).words[0]


def test_a_doubtful_word_gets_words_near_to_it() -> None:
    offered = suggested("tbe,", options=OFFER)

    assert offered.text == "tbe,"
    assert offered.corrected_from is None
    assert offered.alternatives[0].text == "the,"
    assert {other.source for other in offered.alternatives} == {SOURCE}
    assert sum(other.confidence for other in offered.alternatives) <= 1


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("recogniti0n", "recognition"),
        ("rnountain", "mountain"),
        ("(govemment)", "(government)"),
        ("Hcllo,", "Hello,"),
        ("WB1CH", "WHICH"),
    ],
)
def test_a_clear_confusion_is_corrected_and_says_what_it_was(read: str, meant: str) -> None:
    corrected = suggested(read)

    assert (corrected.text, corrected.corrected_from) == (meant, read)
    assert not corrected.checked
    assert corrected.confidence == 0.4


def test_the_cells_of_a_turned_table_say_what_its_words_were_corrected_to() -> None:
    way = Transform.rotation(8)
    places = [(row, column) for row in range(3) for column in range(2)]
    boxes = [Box(400 * x, 40 * y, 400 * x + 400, 40 * y + 40).quad().mapped(way) for y, x in places]
    before = ["alpha", "beta", "gamma", "delta", "recogniti0n", "sigma"]
    words = [
        replace(word(text, 0, 0, confidence=0.4 if "0" in text else 0.9), quad=quad)
        for text, quad in zip(before, boxes, strict=True)
    ]
    cells = [
        Cell(*at, *one) for at, one in zip(places, zip(boxes, before, strict=True), strict=True)
    ]
    lines = (replace(line("x", 30), words=tuple(words)),)
    table = replace(zone("x"), lines=lines, table=Table(3, 2, tuple(cells)))

    after = suggest_spellings(page(table), CORRECT).zones[0].table

    assert after is not None
    assert [cell.text for cell in after.cells] == [*before[:4], "recognition", before[5]]


@pytest.mark.parametrize("text", ["1234", "A1B2", "modem", "hauc", "Tesseract", "xqzv", "l0", "cf"])
def test_what_is_known_or_unclear_stays(text: str) -> None:
    assert suggested(text).text == text


def test_a_word_that_is_certain_enough_stays() -> None:
    assert suggested("recogniti0n", confidence=0.65).text == "recogniti0n"
    assert suggested("recogniti0n", confidence=0.65).alternatives
    assert not suggested("recogniti0n", confidence=0.9).alternatives


def test_a_word_that_a_person_checked_stays() -> None:
    checked = page_of("recogniti0n", 0.2)
    words = (replace(checked.words[0], checked=True),)
    one = replace(checked.zones[0], lines=(replace(checked.zones[0].lines[0], words=words),))

    assert suggest_spellings(replace(checked, zones=(one,)), CORRECT).words == words


def test_nothing_happens_unasked_or_without_a_dictionary() -> None:
    doubtful = page_of("tbe", 0.1)

    assert suggest_spellings(doubtful, ReadOptions()) is doubtful
    assert suggest_spellings(doubtful, replace(CORRECT, languages=("jpn",))) is doubtful


def test_several_languages_know_the_words_of_each() -> None:
    both = replace(CORRECT, languages=("eng", "jpn", "deu"))

    assert suggested("zwei", options=both).alternatives == ()
    assert suggested("zwei", options=OFFER).alternatives
