from __future__ import annotations

import numpy as np
import pytest

from ocr_server.deadline import Deadline
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.page.long_s import is_printed_with_long_s, with_s
from ocr_server.page.reading import read_page
from ocr_server.page.spelling import dictionary_of
from ocr_server.page.state import ReadContext
from tests.drawing import draw_lines
from tests.fakes import ReadsWords

OLD = (
    "The", "firft", "fhip", "of", "the", "fleet", "was", "loft", "in", "a", "ftorm", "off", "the",
    "weft", "coaft", "where", "moft", "of", "the", "paffengers", "flept", "and", "reft",
)  # fmt: skip
MENDED = (
    "The first ship of the fleet was lost in a storm off the west coast where most of the "
    "passengers slept and rest"
)


def read(*words: str, without: tuple[str, ...] = ()) -> list[tuple[str, str | None]]:
    page = read_page(
        Canvas(np.asarray(draw_lines("Some words of a page"))),
        number=1,
        options=ReadOptions(skip_stages=("missed", *without)),
        context=ReadContext(ReadsWords(*words), Deadline.after(60)),
    )
    return [(word.text, word.corrected_from) for word in page.words]


def test_words_of_a_page_with_long_s_are_mended_and_say_what_was_read() -> None:
    words = read(*OLD)

    assert " ".join(text for text, _ in words) == MENDED
    assert words[1] == ("first", "firft")
    assert words[5] == ("fleet", None)


def test_they_stay_as_they_were_read_if_that_is_asked() -> None:
    assert [text for text, _ in read(*OLD, without=("long-s",))] == list(OLD)


def test_a_page_of_today_is_no_page_with_long_s() -> None:
    today = "After the first draft most left the shift; soft rest, lofty gifts and rafts last."

    assert not is_printed_with_long_s((today + " The list of tests stops here.").split())
    assert is_printed_with_long_s(OLD)


@pytest.mark.parametrize(
    ("read", "meant"),
    [
        ("eft", "est"), ("poffit", "possit"), ("effe", "esse"), ("fenfus", "sensus"),
        ("Caufa", "Causa"), ("fignificat", "significat"), ("fub", "sub"), ("ipfe", "ipse"),
        ("univerfum", "universum"), ("nobiliffimum", "nobilissimum"),
        ("facere", "facere"), ("officium", "officium"), ("effectus", "effectus"), ("fit", "fit"),
        ("perfectus", "perfectus"), ("aufero", "aufero"), ("confero", "confero"),
        ("differt", "differt"), ("fructus", "fructus"), ("infero", "infero"),
    ],
)  # fmt: skip
def test_latin_has_s_where_no_f_can_be(read: str, meant: str) -> None:
    assert with_s(read, None, is_latin=True) == meant


def test_of_two_words_the_commoner_is_taken() -> None:
    english = dictionary_of(["eng"])

    assert [with_s(word, english, is_latin=False) for word in ("fame", "for", "Found", "of")] == [
        "same", "for", "Found", "of",
    ]  # fmt: skip
