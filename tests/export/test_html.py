from __future__ import annotations

from dataclasses import replace
from xml.etree import ElementTree

from ocr_server.document.model import Direction, Document
from ocr_server.export.html import render_html
from ocr_server.export.rendering import Rendering
from tests.export.documents import document, line, numbered_pages, page, two_pages, zone
from tests.export.tables import document_of, table_zone


def body_of(document: Document) -> ElementTree.Element:
    data = b"".join(render_html(document, (), Rendering()))
    body = data[data.index(b"<body>") : -len(b"</html>\n")]
    return ElementTree.fromstring(body)  # noqa: S314  # our own


def test_each_page_is_a_section() -> None:
    sections = body_of(two_pages()).findall("section")

    assert [section.get("id") for section in sections] == ["page-1", "page-2"]
    assert sections[0].findtext("p") == "The quick brown fox jumped over & under"


def test_nothing_of_the_text_is_markup() -> None:
    assert b"<b>Tom</b>" not in b"".join(render_html(two_pages(), (), Rendering()))


def test_a_table_has_its_head_and_spans() -> None:
    made = table_zone(["Half year", ""], ["1", "2"], header_rows=1)
    assert made.table
    wide, _, *rest = made.table.cells
    table = replace(made.table, cells=(replace(wide, column_span=2), *rest))

    (shown,) = body_of(document_of([replace(made, table=table)])).iter("table")

    assert [(th.text, th.get("colspan")) for th in shown.iter("th")] == [("Half year", "2")]
    assert [td.text for td in shown.iter("td")] == ["1", "2"]


def test_bullets_are_a_list() -> None:
    body = body_of(document(page(zone("• one thing\n• another"))))

    assert [item.text for item in body.iter("li")] == ["one thing", "another"]


def test_language_and_direction_are_told() -> None:
    arabic = replace(zone("x"), lines=(line("ab cd", 30, direction=Direction.RIGHT_TO_LEFT),))
    data = b"".join(render_html(document(page(arabic)), (), Rendering()))

    assert b'<html lang="en">' in data
    assert b'<p dir="rtl">' in data


def test_heads_and_feet_of_pages_are_told_as_such() -> None:
    body = body_of(numbered_pages())

    assert [head.text for head in body.iter("header")] == ["Annual report"] * 3
    assert [foot.text for foot in body.iter("footer")][:2] == ["Confidential", "Page 17"]
