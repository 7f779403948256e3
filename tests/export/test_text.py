from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.export.rendering import FurnitureUse, LineUse, Rendering
from ocr_server.export.text import render_text
from tests.export.documents import document, numbered_pages, page, two_pages, zone
from tests.export.tables import table_zone


def test_the_text_is_the_documents_own_with_pages_parted_by_form_feeds() -> None:
    document = two_pages()

    text = b"".join(render_text(document, (), Rendering())).decode()

    assert text == document.text + "\n"
    assert text.startswith("The quick brown fox jum-\nped over & under\n\n<b>Tom</b>")
    assert text.count("\f") == 1


def test_joined_lines_make_one_line_of_each_paragraph() -> None:
    text = b"".join(render_text(two_pages(), (), Rendering(lines=LineUse.JOIN))).decode()

    assert text == (
        "The quick brown fox jumped over & under\n\n<b>Tom</b> *said* 3 < 4\n\n"
        "Another zone; R&D_dept\fPage two, fin\n"
    )


@pytest.mark.parametrize("lines", [LineUse.KEEP, LineUse.JOIN])
def test_rows_of_a_table_follow_each_other(lines: LineUse) -> None:
    table = table_zone(("Nuts", "1"), ("Bolts", "2"))
    apart = tuple(replace(row, paragraph=n) for n, row in enumerate(table.lines))

    pages = document(page(replace(table, lines=apart)))
    text = b"".join(render_text(pages, (), Rendering(lines=lines)))

    assert text == b"Nuts\n1\nBolts\n2\n"


def test_a_lone_surrogate_does_not_break_the_answer() -> None:
    text = b"".join(render_text(document(page(zone("a\ud800b"))), (), Rendering()))

    assert text == b"a?b\n"


@pytest.mark.parametrize(
    ("use", "heads", "feet", "numbers"),
    [
        (FurnitureUse.AUTO, 3, 3, 3),
        (FurnitureUse.KEEP, 3, 3, 3),
        (FurnitureUse.DROP, 0, 0, 0),
        (FurnitureUse.ONCE, 1, 1, 0),
    ],
)
def test_heads_feet_and_numbers_are_kept_dropped_or_told_once(
    use: FurnitureUse, heads: int, feet: int, numbers: int
) -> None:
    text = b"".join(render_text(numbered_pages(), (), Rendering(furniture=use))).decode()

    assert text.count("Annual report") == heads
    assert text.count("Confidential") == feet
    assert text.count("Page") == numbers
    assert text.count("Plain words") == 3
    assert text.count("\f") == 2
