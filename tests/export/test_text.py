from __future__ import annotations

from ocr_server.export.text import render_text
from ocr_server.job import LineUse, Rendering
from tests.export.documents import document, page, two_pages, zone


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


def test_a_lone_surrogate_does_not_break_the_answer() -> None:
    text = b"".join(render_text(document(page(zone("a\ud800b"))), (), Rendering()))

    assert text == b"a?b\n"
