from __future__ import annotations

import pytest

from ocr_server.export.format import Rendering
from ocr_server.export.text import joined, render_text
from tests.export.documents import document, page, two_pages, zone


def test_the_text_is_the_documents_own_with_pages_parted_by_form_feeds() -> None:
    document = two_pages()

    text = b"".join(render_text(document, (), Rendering())).decode()

    assert text == document.text + "\n"
    assert text.startswith("The quick brown fox jum-\nped over & under\n\n<b>Tom</b>")
    assert text.count("\f") == 1


def test_joined_lines_make_one_line_of_each_paragraph() -> None:
    text = b"".join(render_text(two_pages(), (), Rendering(join_lines=True))).decode()

    assert text == (
        "The quick brown fox jumped over & under\n\n<b>Tom</b> *said* 3 < 4\n\n"
        "Another zone; R&D_dept\fPage two, fin\n"
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["a well-", "known fact"], "a wellknown fact"),
        (["Anglo-", "Saxon"], "Anglo-Saxon"),
        (["soft\u00ad", "Hyphen"], "softHyphen"),
        (["COVID-", "19"], "COVID-19"),
        (["mother-in-", "law"], "mother-in-law"),
        (["Vor-", "und Nachteile"], "Vor- und Nachteile"),
        (["sand-", "oder"], "sand- oder"),
        (["recon-", "orders"], "reconorders"),
        (["word-", "(so)"], "word- (so)"),
        (["pages 10-", "12"], "pages 10-12"),
        (["1914\u2013", "1918"], "1914\u20131918"),
        (["he said -", "and left"], "he said - and left"),
        (["漢字", "仮名"], "漢字仮名"),
        (["한국어", "문장"], "한국어 문장"),
        (["", "only"], "only"),
    ],
)
def test_only_a_parted_word_is_made_whole(lines: list[str], expected: str) -> None:
    assert joined(lines) == expected


def test_a_lone_surrogate_does_not_break_the_answer() -> None:
    text = b"".join(render_text(document(page(zone("a\ud800b"))), (), Rendering()))

    assert text == b"a?b\n"
