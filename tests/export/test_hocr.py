from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree

from ocr_server.document.model import Document
from ocr_server.export.hocr import render_hocr
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Point, Quad, Transform
from ocr_server.job import Detail
from tests.export.documents import document, line, page, turned, two_pages, word, zone
from tests.export.hocr_rules import hocr_faults


def parse(document: Document, detail: Detail = Detail.WORD) -> ElementTree.Element:
    hocr = b"".join(render_hocr(document, (), Rendering(detail)))
    assert hocr_faults(hocr) == []
    return ElementTree.fromstring(hocr)  # noqa: S314  # our own


def by_class(root: ElementTree.Element, name: str) -> list[ElementTree.Element]:
    return [element for element in root.iter() if element.get("class") == name]


def properties(element: ElementTree.Element) -> dict[str, list[float]]:
    parts = (part.split() for part in element.get("title", "").split(";"))
    return {name: [float(value) for value in values] for name, *values in parts}


def test_pages_hold_zones_paragraphs_lines_and_words() -> None:
    document = two_pages()

    root = parse(document)

    counts = [
        len(by_class(root, name))
        for name in ("ocr_page", "ocr_carea", "ocr_par", "ocr_line", "ocrx_word")
    ]
    assert counts == [2, 3, 4, 5, len(document.text.split())]
    identities = [element.get("id") for element in root.iter() if element.get("id")]
    assert len(set(identities)) == len(identities)


def test_the_words_are_those_of_the_document_with_place_and_confidence() -> None:
    document = two_pages()

    words = by_class(parse(document), "ocrx_word")

    assert ["".join(word.itertext()) for word in words] == document.text.split()
    assert properties(words[0]) == {"bbox": [40, 30, 70, 50], "x_wconf": [90]}


def test_every_property_and_class_that_is_used_is_declared() -> None:
    root = parse(two_pages(), Detail.SYMBOL)

    declared = next(
        meta.get("content", "") for meta in root.iter() if meta.get("name") == "ocr-capabilities"
    ).split()
    used = {element.get("class") for element in root.iter()} - {None}
    assert used <= set(declared)


def test_symbols_are_there_only_when_asked_for() -> None:
    plain, deep = parse(two_pages()), parse(two_pages(), Detail.SYMBOL)

    assert not by_class(plain, "ocrx_cinfo")
    assert "".join(s.text or "" for s in by_class(deep, "ocrx_cinfo")) == "".join(
        two_pages().text.split()
    )


def test_the_baseline_counts_from_the_bottom_left_of_the_line() -> None:
    sloped = replace(line("level", 30), baseline=(Point(40, 45), Point(90, 46)))
    root = parse(document(page(replace(zone("level"), lines=(sloped,)))))

    assert properties(by_class(root, "ocr_line")[0])["baseline"] == [0.02, -5]


def test_a_turned_line_says_its_angle_against_the_clock() -> None:
    angles = [
        properties(by_class(parse(turned(two_pages(), quarters)), "ocr_line")[0]).get("textangle")
        for quarters in range(4)
    ]

    assert angles == [None, [270], [180], [90]]


def test_a_skewed_word_has_its_corners() -> None:
    skewed = zone("askew").mapped(Transform.rotation(5))
    root = parse(document(page(skewed)))

    corners = properties(by_class(root, "ocrx_word")[0])["poly"]
    quad = Quad(*(Point(*corners[i : i + 2]) for i in range(0, 8, 2)))
    assert 4 < quad.angle_deg < 6


def test_control_characters_and_markup_do_no_harm() -> None:
    evil = replace(word("x", 40, 30), text='a\x00\x0b<script>&"\ud800\ufffe')
    one = replace(zone("x").lines[0], words=(evil,))

    root = parse(document(page(replace(zone("x"), lines=(one,)))))

    assert by_class(root, "ocrx_word")[0].text == 'a<script>&"'


def test_a_corrected_word_shows_its_new_text_and_is_certain() -> None:
    corrected = replace(
        word("c0rn", 40, 30, confidence=0.3), text="corn", corrected_from="c0rn", checked=True
    )
    one = replace(zone("c0rn").lines[0], words=(corrected,))

    root = parse(document(page(replace(zone("c0rn"), lines=(one,)))), Detail.SYMBOL)

    shown = by_class(root, "ocrx_word")[0]
    assert "".join(shown.itertext()) == "corn"
    assert properties(shown)["x_wconf"] == [100]
    assert not by_class(root, "ocrx_cinfo")


def test_the_page_says_its_size_and_resolution() -> None:
    title = by_class(parse(two_pages()), "ocr_page")[1].get("title", "")

    assert re.fullmatch("bbox 0 0 600 400; ppageno 1; scan_res 100 100", title)
