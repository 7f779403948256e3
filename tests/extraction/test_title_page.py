from __future__ import annotations

import pytest

from ocr_server.document.model import Page
from ocr_server.extraction.finders import with_fields
from ocr_server.job import FieldSpec, ReadOptions
from tests.extraction.pages import line, page_of

READING = ReadOptions(finder="title-page", fields=(FieldSpec("chapter"), FieldSpec("title")))
BODY = [line("and so it went on for a long while", top=300 + row * 30) for row in range(12)]


def fields_of(where: Page) -> dict[str, str | None]:
    return {field.name: field.value for field in with_fields(where, READING).fields}


def test_the_chapter_and_the_large_lines_below_it() -> None:
    head = [
        line("CHAPTER IV", top=60, height=20),
        line("The River", top=120, height=40),
        line("in Winter", top=170, height=38),
    ]

    assert fields_of(page_of(*head, *BODY)) == {
        "chapter": "CHAPTER IV", "title": "The River in Winter",
    }  # fmt: skip


def test_a_page_of_one_size_has_no_title() -> None:
    assert fields_of(page_of(*BODY)) == {"chapter": None, "title": None}


def test_a_large_initial_far_below_is_no_title() -> None:
    head = [line("Evening", top=60, height=40)]
    foot = [line("LARGE", top=200 + 30 * 20, height=44)]

    assert fields_of(page_of(*head, *BODY, *foot))["title"] == "Evening"


def test_the_number_of_the_page_is_no_chapter() -> None:
    head = [
        line("361", left=700, top=20, height=20),
        line("CHAPTER 7", top=60, height=20),
        line("The River", top=120, height=40),
    ]

    assert fields_of(page_of(*head, *BODY))["chapter"] == "CHAPTER 7"
    assert fields_of(page_of(head[0], head[2], *BODY))["chapter"] is None


def test_a_number_close_above_the_title_is_the_chapter() -> None:
    head = [line("VII", left=40, top=70, height=20), line("The River", top=120, height=40)]

    assert fields_of(page_of(*head, *BODY)) == {"chapter": "VII", "title": "The River"}


@pytest.mark.parametrize(
    ("text", "chapter"),
    [
        ("Chapter 3: The River", "Chapter 3"),
        ("3 The River", "3"),
        ("Chapter | The River", "Chapter |"),
    ],
)
def test_chapter_and_title_may_stand_in_one_line(text: str, chapter: str) -> None:
    head = [line(text, top=120, height=40)]

    assert fields_of(page_of(*head, *BODY)) == {"chapter": chapter, "title": "The River"}
