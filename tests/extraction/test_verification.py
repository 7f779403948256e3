from __future__ import annotations

import time

import pytest

from ocr_server.extraction import word_places
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


@pytest.mark.parametrize(
    ("text", "there", "verdict"),
    [
        ("according", "accor-\nding", "found"),  # parted at the end of a line
        ("accor- ding", "according", "found"),
        ("SALES(NET)", "SALES (NET)", "found"),
        ("RM 12.50", "RM12.50", "found"),
        ("12.50", "12 .50", "found"),
        ("12.50", "12. 50", "similar"),  # as figures of two words do that are beside each other
        ("212.50", "2 12.50", "similar"),
        ("notable", "not able", "similar"),
        ("dont", "don't", "similar"),
        ("1250", "12 .50", "missing"),
        ("don\u2019t", "don't", "found"),
        ("1914\u20131918", "1914-1918", "found"),
        ("-12.50", "12.50", "similar"),
        ("12.50", "-12.50", "similar"),
        ("\u221212.50", "-12.50", "found"),
        ("6%", "6", "missing"),
        ("6%", "6 %", "found"),
        ("\u6771\u4eac\u90fd\u3001\u5927\u962a", "\u6771 \u4eac\u90fd \u5927\u962a", "found"),
        ("caf\xe9", "cafe", "similar"),
    ],
)
def test_words_that_are_written_otherwise(text: str, there: str, verdict: str) -> None:
    checked = verify(text, document(page(zone(there))))

    assert {str(word.verdict) for word in checked} == {verdict}


def test_a_word_that_is_parted_says_what_stands_there() -> None:
    (word,) = verify("according", document(page(zone("is accor-\nding to"))))

    assert (word.read, word.in_order) == ("accor- ding", True)


@pytest.mark.parametrize("text", ["| --- | Total |", "\u2756 Total", "# **Total:**"])
def test_marks_are_no_words(text: str) -> None:
    assert [verdict for _, verdict in verdicts(text)] == ["found"]


RECEIPT = document(page(zone("Net 10.00\nTax 2.50\nTotal 12.50\nThis is not due before May")))


def elsewhere(text: str) -> list[str]:
    return [word.text for word in verify(text, RECEIPT) if not word.in_order]


def test_figures_that_changed_places_stand_elsewhere() -> None:
    assert elsewhere("Net 12.50 Tax 2.50 Total 10.00") == ["12.50", "10.00"]
    assert elsewhere("Net 10.00 Total 12.50") == []


def test_a_word_of_another_place_stands_elsewhere() -> None:
    assert elsewhere("Net not 10.00 Tax") == ["not"]


def test_words_that_were_left_out_between_two_are_told() -> None:
    skipped = {word.text: word.skipped for word in verify("This is due. Net 10.00", RECEIPT)}

    assert skipped == {"This": (), "is": (), "due.": ("not",), "Net": (), "10.00": ()}


def test_a_passage_stands_where_all_of_it_does() -> None:
    crowded = document(page(zone("a b a c a d a e")))

    places = [word.box.left for word in verify("a d a", crowded) if word.box]
    assert places == [word.box.left for word in crowded.pages[0].words[4:7]]


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


def test_runs_are_looked_for_at_so_many_places_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(word_places, "_MOST_PLACES", 5_000)
    looked_at: list[int] = []
    find = word_places.RunStarts.of

    def count(starts: word_places.RunStarts, letters: str, near: int) -> list[int]:
        places = find(starts, letters, near)
        looked_at.append(len(places))
        return places

    monkeypatch.setattr(word_places.RunStarts, "of", count)
    alike = document(page(zone(" ".join("a" * (1 + i % 40) for i in range(400)))))

    checked = verify(f"{'a' * 91} " * 1_000, alike)

    assert checked[-1].verdict is WordVerdict.MISSING
    assert 5_000 <= sum(looked_at) < 6_000
