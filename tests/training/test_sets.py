from __future__ import annotations

import json
from pathlib import Path

import pytest

from scripts.training.letters import fold, letters_kept, spell
from scripts.training.sets import CONSENT, clean, kept_for, read_sets


def test_classes_of_western_letters_are_kept_in_their_order() -> None:
    numbers, letters = letters_kept("中\nb\nà\na\nŁ\n")

    assert numbers == [0, 2, 3, 4, 6]
    assert letters == ["", "b", "à", "a", " "]


def test_what_a_network_of_our_own_lists_is_kept_as_it_is() -> None:
    _, letters = letters_kept("中\nb\nà\na\nŁ")

    numbers, again = letters_kept("\n".join(letters[1:-1]))

    assert again == letters
    assert numbers == list(range(len(letters)))


def test_repeated_columns_are_one_letter_unless_none_stands_between() -> None:
    assert spell([0, 1, 1, 0, 1, 3, 2, 2], ["", "n", "o", " "]) == "nn o"


def test_marks_that_look_alike_are_one() -> None:
    assert fold("  «\u00a0Ce n’est\u202frien…\u00a0»  \n") == '" Ce n\'est rien... "'


@pytest.mark.parametrize(
    ("page", "test"),
    [
        ("Copiste-d-un-jour/alto/imp_wikitexte_0138_2", "modern hands"),
        ("Copiste-d-un-jour/alto/wikitexte_0139", None),
        ("Some-Catalogue/TestamentsDePoilus_will_AN_0183-0", "wills 1914-18"),
        ("CREMMA-AN-TestamentsDePoilus/data/TestamentsDePoilus_will_AN_0184-0", None),
        ("CREMMA-MSS-19/data/manuscrit-sand-fadette/f1", "a manuscript of Sand"),
        ("CREMMA-MSS-20/data/any", "two hands of the 20th century"),
        ("peraire-ground-truth/data/train/any", "one hand 1928-90"),
        ("our-own/page-1", None),
    ],
)
def test_pages_of_kept_hands_are_known_by_their_names(page: str, test: str | None) -> None:
    assert kept_for(page) == test


@pytest.mark.parametrize(
    ("text", "learnt"),
    [
        ("le ^{2e} <jour> de mai", "le 2e jour de mai"),
        ("le >< de mai", None),
        ("un ¥ de trop", None),
        ("imp wikitexte 0022", None),
        (CONSENT[40:90], None),
        ("sous", "sous"),
        ("non loin de là", "non loin de là"),
    ],
)
def test_lines_that_teach_nothing_are_left_out(text: str, learnt: str | None) -> None:
    assert clean(text) == learnt


def test_what_is_tested_is_not_learnt(tmp_path: Path) -> None:
    folder = tmp_path / "Copiste-d-un-jour"
    folder.mkdir()
    rows = [
        {"picture": f"{page}.jpg", "page": f"alto/wikitexte_{page}", "text": f"page {page}",
         "outline": [[0, 0], [9, 0], [9, 9]]}
        for page in ("0001", "0002", "0003", "0005")
    ]  # fmt: skip
    (folder / "lines.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf8")

    learnt, tested = read_sets(tmp_path)

    assert {line.text for line in learnt} == {"page 0001", "page 0003"}
    assert {line.text for line in tested["modern hands"]} == {"page 0002", "page 0005"}
    assert {line.set for line in learnt} == {"Copiste-d-un-jour"}
