"""Pages that are turned, and text from right to left, as the cloud services tell them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from ocr_server.document.model import Direction, Document, Word
from ocr_server.geometry import Point
from ocr_server.web.compat.azure_result import CODE_POINTS, ResultOptions, result_of
from ocr_server.web.compat.google_text import picture_annotations
from ocr_server.web.compat.textract_blocks import document_blocks
from tests.export.documents import document, line, page, turned, zone

QUARTERS = (0, 1, 2, 3)
OPTIONS = ResultOptions("prebuilt-layout", "2024-11-30", CODE_POINTS, is_layout=True)


def shown(quarters: int) -> Document:
    """Two lines, one of them Hebrew, whose first word is the rightmost."""
    hebrew = line("שלום עולם", 90, direction=Direction.RIGHT_TO_LEFT)
    both = replace(zone("x"), lines=(line("Hello there", 30), hebrew))
    return turned(document(page(both)), quarters)


def words_of(read: Document) -> tuple[Word, ...]:
    return read.pages[0].words


def with_breaks(told: dict[str, Any]) -> Iterator[str]:
    """The symbols and breaks of Google's page, written out."""
    for block in told["pages"][0]["blocks"]:
        for paragraph in block["paragraphs"]:
            for one in paragraph["words"]:
                for symbol in one["symbols"]:
                    yield symbol["text"]
                    kind = symbol.get("property", {}).get("detectedBreak", {}).get("type", "")
                    yield {"": "", "SPACE": " ", "EOL_SURE_SPACE": "\n"}[kind]


@pytest.mark.parametrize("quarters", QUARTERS)
def test_azure_has_quads_on_the_words_and_spans_under_them(quarters: int) -> None:
    read = shown(quarters)

    made = json.loads(result_of(read, OPTIONS))

    told = made["pages"][0]
    assert told["angle"] == read.pages[0].angle_deg
    for one, word in zip(told["words"], words_of(read), strict=True):
        begin, length = one["span"]["offset"], one["span"]["length"]
        assert made["content"][begin : begin + length] == one["content"] == word.text
        assert one["polygon"] == [side for point in word.quad for side in point]


@pytest.mark.parametrize("quarters", QUARTERS)
def test_google_has_quads_on_the_words_and_its_text_of_their_symbols(quarters: int) -> None:
    read = shown(quarters)

    made = json.loads(msgspec.json.encode(picture_annotations(read.pages[0])))

    full = made["fullTextAnnotation"]
    assert full["text"] == "".join(with_breaks(full))
    for one, word in zip(made["textAnnotations"][1:], words_of(read), strict=True):
        assert one["description"] == word.text
        corners = [Point(point["x"], point["y"]) for point in one["boundingPoly"]["vertices"]]
        assert corners == list(word.quad)


def test_letters_that_the_engine_does_not_tell_run_as_the_text_does() -> None:
    read = shown(0)
    plain = [
        replace(one, words=tuple(replace(word, symbols=()) for word in one.words))
        for one in read.pages[0].lines
    ]
    bare = replace(read.pages[0], zones=(replace(read.pages[0].zones[0], lines=tuple(plain)),))

    made = json.loads(msgspec.json.encode(picture_annotations(bare)))

    paragraph = made["fullTextAnnotation"]["pages"][0]["blocks"][0]["paragraphs"][0]
    lefts = [
        [symbol["boundingBox"]["vertices"][0]["x"] for symbol in word["symbols"]]
        for word in paragraph["words"]
    ]
    assert lefts[0] == sorted(lefts[0])
    assert lefts[-1] == sorted(lefts[-1], reverse=True)


@pytest.mark.parametrize("quarters", QUARTERS)
def test_textract_has_polygons_on_the_words(quarters: int) -> None:
    read = shown(quarters)
    sheet = read.pages[0]

    told = [one for one in document_blocks(read) if one["BlockType"] == "WORD"]

    for one, word in zip(told, words_of(read), strict=True):
        assert one["Text"] == word.text
        corners = [
            (point["X"] * sheet.width_px, point["Y"] * sheet.height_px)
            for point in one["Geometry"]["Polygon"]
        ]
        for corner, point in zip(corners, word.quad, strict=True):
            assert corner == pytest.approx(point, abs=0.01)
