from __future__ import annotations

from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from lxml import etree
from xmlschema import XMLSchema

from ocr_server.document.model import Alternative, Direction, Document, Line, Table, Zone, ZoneKind
from ocr_server.export.alto import render_alto
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box, Transform
from ocr_server.job import Detail
from tests.export.documents import document, line, page, two_pages, word, zone

NAMESPACE = {"a": "http://www.loc.gov/standards/alto/ns-v4#"}
DATA = Path(__file__).parent.parent / "data"


@cache
def schema() -> XMLSchema:
    return XMLSchema(
        DATA / "alto-4-4.xsd",
        locations={"http://www.w3.org/1999/xlink": str(DATA / "xlink.xsd")},
        allow="local",
    )


def parse(document: Document, detail: Detail = Detail.WORD) -> etree._Element:
    root = etree.fromstring(b"".join(render_alto(document, (), Rendering(detail))))
    schema().validate(root)
    return root


def find(root: etree._Element, name: str) -> list[etree._Element]:
    found: list[etree._Element] = root.findall(f".//a:{name}", NAMESPACE)
    return found


def one_line(of: Line) -> Document:
    return document(page(replace(zone("x"), lines=(of,))))


def test_all_kinds_of_zones_are_valid() -> None:
    box = Box(0, 0, 9, 9).quad()
    askew = Transform.rotation(4)
    zones = (
        zone("Askew words").mapped(askew),
        Zone(ZoneKind.PICTURE, box),
        Zone(ZoneKind.RULE, box.mapped(askew)),
        Zone(ZoneKind.TABLE, box, table=Table(1, 2, ())),
        Zone(ZoneKind.TEXT, box),
    )

    root = parse(document(page(*zones), page(number=3)), Detail.SYMBOL)

    assert len(find(root, "Illustration")) == 1
    assert len(find(root, "GraphicalElement")) == 1
    assert [block.get("TYPE") for block in find(root, "ComposedBlock")] == ["text", "table", "text"]


def test_the_words_are_those_of_the_document_with_place_and_confidence() -> None:
    words = find(parse(two_pages()), "String")

    assert [word.get("CONTENT") for word in words] == two_pages().text.split()
    assert {name: words[0].get(name) for name in ("HPOS", "VPOS", "WIDTH", "HEIGHT", "WC")} == {
        "HPOS": "40", "VPOS": "30", "WIDTH": "30", "HEIGHT": "20", "WC": "0.9",
    }  # fmt: skip


def test_paragraphs_and_baselines_are_kept() -> None:
    root = parse(two_pages())

    assert len(find(root, "TextBlock")) == 4
    assert find(root, "TextLine")[0].get("BASELINE") == "40,45 280,45"


def test_the_stages_of_each_page_are_told_as_its_processing() -> None:
    root = parse(two_pages())

    first = find(root, "Processing")[0]
    said = [step.text for step in find(first, "processingStepDescription")]
    assert said == ["deskew: 0.3° clockwise → turned back"]
    assert find(root, "Page")[1].get("PROCESSINGREFS") == "processing_2"
    assert "tesseract 5.3.0" in (find(first, "applicationDescription")[0].text or "")


def test_a_skewed_word_has_its_corners() -> None:
    root = parse(document(page(zone("askew").mapped(Transform.rotation(5)))))

    assert find(root, "String")[0].find("a:Shape/a:Polygon", NAMESPACE) is not None
    assert not find(parse(two_pages()), "Shape")


def test_a_corrected_word_is_certain_and_keeps_what_was_read() -> None:
    mended = replace(
        word("c0rn", 40, 30, confidence=0.3),
        text="corn",
        corrected_from="c0rn",
        checked=True,
        alternatives=(Alternative("com", 0.2, "dictionary"),),
    )
    root = parse(one_line(replace(line("x", 30), words=(mended,))), Detail.SYMBOL)

    shown = find(root, "String")[0]
    assert (shown.get("CONTENT"), shown.get("WC"), shown.get("CS")) == ("corn", "1", "true")
    others = [(other.get("PURPOSE"), other.text) for other in find(root, "ALTERNATIVE")]
    assert others == [("as recognised", "c0rn"), ("dictionary", "com")]
    assert not find(root, "Glyph")


def test_symbols_are_there_only_when_asked_for() -> None:
    assert not find(parse(two_pages()), "Glyph")
    glyphs = find(parse(two_pages(), Detail.SYMBOL), "Glyph")
    assert "".join(glyph.get("CONTENT", "") for glyph in glyphs) == "".join(
        two_pages().text.split()
    )


@pytest.mark.parametrize(
    ("language", "expected"), [("chi_sim", "chi-sim"), ("script/Latin", None), ("eng", "eng")]
)
def test_a_language_that_the_schema_does_not_know_is_left_out(
    language: str, expected: str | None
) -> None:
    root = parse(one_line(replace(line("x", 30), language=language)))

    assert find(root, "TextLine")[0].get("LANG") == expected


def test_the_direction_is_told() -> None:
    root = parse(one_line(line("שלום עולם", 30, direction=Direction.RIGHT_TO_LEFT)))

    assert find(root, "TextLine")[0].get("BASEDIRECTION") == "rtl"


def test_control_characters_and_markup_do_no_harm() -> None:
    evil = replace(word("x", 40, 30), text='a\x00<b>&"\ud800')

    root = parse(one_line(replace(line("x", 30), words=(evil,))))

    assert find(root, "String")[0].get("CONTENT") == 'a<b>&"'
