from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from ocr_server.document.model import Cell, Document, Table, ZoneKind
from ocr_server.export.markdown import escaped, render_markdown
from ocr_server.export.rendering import LineUse, Rendering
from ocr_server.geometry import Box
from tests.export.documents import document, line, page, two_pages, word, zone


def markdown(document: Document, lines: LineUse = LineUse.KEEP) -> str:
    return b"".join(render_markdown(document, (), Rendering(lines=lines))).decode()


def parse(text: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False}).parse(text)


def shown_text(text: str) -> str:
    """What a reader of the rendered Markdown sees."""
    seen = []
    for token in parse(text):
        for child in token.children or ():
            seen.append("\n" if child.type in {"softbreak", "hardbreak"} else child.content)
        seen.append("\n")
    return "".join(seen)


def test_paragraphs_and_pages_are_parted() -> None:
    kinds = [token.type for token in parse(markdown(two_pages())) if token.type != "inline"]

    assert kinds.count("paragraph_open") == 4
    assert kinds.count("hr") == 1


def test_the_text_is_that_of_the_document() -> None:
    assert shown_text(markdown(two_pages())).split() == two_pages().text.split()


@pytest.mark.parametrize(
    "text",
    [
        "# no heading", "* no list", "1. no list", "- no list", "+ no list", "12) no", "> no quote",
        "no\n===", "no\n---", "    no code", "`no` code", "~~no~~", "[no](link)", "<i>no</i>",
        "![no](picture)", "&amp; &#65;", "a_b_c *d* **e**", "| no | table |\n| --- | --- |",
        "\\* backslash", "```\nno\n```", "https://no.link", "***", "__", "[x]: /reference",
    ],
)  # fmt: skip
def test_nothing_in_the_text_is_taken_for_markup(text: str) -> None:
    tokens = parse(escaped(text))

    assert [token.type for token in tokens] == ["paragraph_open", "inline", "paragraph_close"]
    children = {child.type for token in tokens for child in token.children or ()}
    assert children <= {"text", "softbreak", "text_special"}
    assert shown_text(escaped(text)).split() == text.split()


@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_any_text_comes_back(text: str) -> None:
    assert shown_text(escaped(text)).strip() == text


def test_large_type_makes_headings() -> None:
    title, chapter = zone("The title"), zone("A chapter", top=90)
    title = replace(title, lines=(replace(title.lines[0], x_height_px=24),))
    chapter = replace(chapter, lines=(replace(chapter.lines[0], x_height_px=15),))
    body = zone("Plain words that are\nmore than those above", top=150)

    text = markdown(document(page(title, chapter, body)))

    assert text.startswith("# The title\n\n## A chapter\n\nPlain words")


def test_joined_lines_are_one_line() -> None:
    assert "jumped over" in markdown(two_pages(), LineUse.JOIN)


def test_a_page_as_it_stands_is_a_block_of_code() -> None:
    code = zone("if quick:", "```jump()```")

    text = markdown(document(page(code)), LineUse.LAYOUT)

    (token,) = parse(text)
    assert token.type == "fence"
    assert token.content == "if quick:\n```jump()```\n"


def test_a_page_without_text_is_no_block_of_code() -> None:
    assert markdown(document(page()), LineUse.LAYOUT) == ""


def tabled(*, outside: bool = False) -> Document:
    """A table of two rows and columns; with `outside`, a word stands beside it."""
    top, left = 100, 40
    lines = [line("Item Price", top), line("Tea 2|50", top + 30)]
    boxes = ((0, 0, 0, 0), (0, 1, 50, 0), (1, 0, 0, 30), (1, 1, 40, 30))
    cells = tuple(
        Cell(row, column, Box(left + x, top + y, left + x + 60, top + y + 20).quad(), "stale")
        for row, column, x, y in boxes
    )
    if outside:
        lines.append(line("Beside", top, left=400))
    made = replace(zone("x"), kind=ZoneKind.TABLE, lines=tuple(lines), table=Table(2, 2, cells))
    return document(page(made))


def test_a_table_is_made_of_the_words_in_its_cells() -> None:
    text = markdown(tabled())

    assert text == "| Item | Price |\n| --- | --- |\n| Tea | 2\\|50 |\n\n"
    assert "table_open" in [token.type for token in parse(text)]


def test_no_word_beside_a_table_is_lost() -> None:
    assert "Beside" in markdown(tabled(outside=True))


def test_a_large_table_of_many_words_does_not_take_long() -> None:
    places = [(row, column) for row in range(100) for column in range(100)]
    cells = tuple(
        Cell(row, column, Box(20 * column, 30 * row, 20 * column + 20, 30 * row + 30).quad(), "")
        for row, column in places
    )
    words = tuple(word("x", 20 * column + 5, 30 * row + 5) for row, column in places[-2500:])
    lines = (replace(line("x", 0), words=words),)
    large = replace(zone("x"), kind=ZoneKind.TABLE, lines=lines, table=Table(100, 100, cells))

    begun = time.process_time()
    rows = markdown(document(page(large))).splitlines()

    assert [row.count("x") for row in rows if "x" in row] == [100] * 25
    assert time.process_time() - begun < 8  # seconds: cell after cell would take a minute
