from __future__ import annotations

import csv
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image

from ocr_server.document.model import Document, Zone, ZoneKind
from ocr_server.export.rendering import Rendering
from ocr_server.export.tsv import COLUMNS, render_tsv
from ocr_server.geometry import Box
from tests.export.documents import document, page, two_pages, word, zone


def read_rows(document: Document) -> list[dict[str, str]]:
    text = b"".join(render_tsv(document, (), Rendering())).decode()
    return list(csv.DictReader(text.splitlines(), delimiter="\t", quoting=csv.QUOTE_NONE))


def test_the_rows_of_a_page_are_numbered_as_tesseract_numbers_them() -> None:
    rows = read_rows(two_pages())

    levels = [row["level"] for row in rows[:4]]
    first = next(row for row in rows if row["level"] == "5")
    assert levels == ["1", "2", "3", "4"]
    assert first == {
        "level": "5", "page_num": "1", "block_num": "1", "par_num": "1", "line_num": "1",
        "word_num": "1", "left": "40", "top": "30", "width": "30", "height": "20",
        "conf": "90.000000", "text": "The",
    }  # fmt: skip
    assert {row["conf"] for row in rows if row["level"] != "5"} == {"-1"}
    assert [row["word_num"] for row in rows if row["line_num"] == "2"] == list("01234")


def test_the_words_are_those_of_the_document() -> None:
    document = two_pages()

    words = [row["text"] for row in read_rows(document) if row["level"] == "5"]

    assert words == document.text.split()


def test_a_tab_in_a_word_does_not_add_a_column() -> None:
    tabbed = replace(word("x", 40, 30), text="a\tb\nc")
    line = replace(zone("x").lines[0], words=(tabbed,))
    rows = read_rows(document(page(replace(zone("x"), lines=(line,)))))

    assert rows[-1]["text"] == "a b c"
    assert None not in rows[-1]


def test_a_word_that_a_person_checked_is_certain() -> None:
    checked = replace(word("x", 40, 30, confidence=0.2), checked=True)
    line = replace(zone("x").lines[0], words=(checked,))
    rows = read_rows(document(page(replace(zone("x"), lines=(line,)))))

    assert float(rows[-1]["conf"]) == 100


def test_a_zone_without_words_has_no_row() -> None:
    picture = Zone(ZoneKind.PICTURE, Box(0, 0, 5, 5).quad())

    rows = read_rows(document(page(picture, zone("x"))))

    assert [row["block_num"] for row in rows] == ["0", "1", "1", "1", "1"]


@pytest.mark.tesseract
def test_the_header_is_tesseracts_own(tmp_path: Path) -> None:
    Image.new("L", (60, 40), 255).save(tmp_path / "blank.png")

    answer = subprocess.run(  # noqa: S603  # a fixed command
        ["tesseract", tmp_path / "blank.png", "-", "tsv"],  # noqa: S607
        capture_output=True, text=True, check=True, timeout=60,
    )  # fmt: skip

    assert answer.stdout.splitlines()[0] == "\t".join(COLUMNS)
