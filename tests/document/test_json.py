from __future__ import annotations

import copy
import gc
import json
import tracemalloc
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.document.json_reader import document_from_json
from ocr_server.document.model import (
    Failure,
    Field,
    Zone,
    ZoneKind,
)
from ocr_server.errors import DamagedPicture, InvalidOptions
from ocr_server.export.json import render_json
from ocr_server.export.rendering import Rendering
from ocr_server.geometry import Box
from ocr_server.job import Detail
from tests.export.documents import (
    document,
    everything,
    json_of,
    numbered_pages,
    page,
    table_of,
    turned,
    two_pages,
    word,
    zone,
)


def faults_of(value: object) -> dict[str, str]:
    with pytest.raises(InvalidOptions) as caught:
        document_from_json(value)
    faults = caught.value.extra["faults"]
    assert isinstance(faults, list)
    return {fault["field"]: fault["message"] for fault in faults if isinstance(fault, dict)}


def test_what_is_written_is_read_back_the_same() -> None:
    for one in (two_pages(), everything()):
        assert document_from_json(json_of(one, Detail.SYMBOL)) == one


@given(st.text(), st.floats(0, 1), st.floats(0, 1e6))
def test_any_text_confidence_and_place_come_back(text: str, confidence: float, x: float) -> None:
    odd = replace(word("x", 1, 1), text=text, confidence=confidence, quad=Box(x, 0, x, 1).quad())
    one = replace(zone("x"), lines=(replace(zone("x").lines[0], words=(odd,)),))

    back = document_from_json(json_of(document(page(one)))).pages[0].words[0]

    assert back.text == text
    assert back.confidence == pytest.approx(confidence, abs=1e-4)  # four places are written
    assert back.box.left == pytest.approx(x, abs=0.01)  # a hundredth of a pixel


@pytest.mark.parametrize(
    ("detail", "deepest"),
    [
        (Detail.PAGE, "pages"),
        (Detail.ZONE, "zones"),
        (Detail.LINE, "lines"),
        (Detail.WORD, "words"),
        (Detail.SYMBOL, "symbols"),
    ],
)
def test_the_detail_says_how_deep_the_json_goes(detail: Detail, deepest: str) -> None:
    text = json.dumps(json_of(two_pages(), detail))

    levels = ["pages", "zones", "lines", "words", "symbols"]
    present = [level for level in levels if f'"{level}"' in text]
    assert present == levels[: levels.index(deepest) + 1]


def test_text_stands_on_every_level() -> None:
    shown = json_of(two_pages())

    assert shown["text"] == two_pages().text
    assert shown["pages"][0]["text"] == two_pages().pages[0].text
    assert shown["pages"][0]["zones"][0]["lines"][0]["text"] == "The quick brown fox jum-"


def test_a_zone_without_words_has_a_text_unless_it_is_a_picture_or_a_rule() -> None:
    zones = [Zone(kind, Box(0, 0, 9, 9).quad()) for kind in ZoneKind]
    empty = document(page(*zones))
    shown = json_of(empty)["pages"][0]["zones"]

    assert {
        zone["kind"]: (zone["text"], zone["confidence"]) for zone in shown if "text" in zone
    } == {
        "text": ("", 0.0),
        "table": ("", 0.0),
    }
    assert document_from_json(json_of(empty)) == empty


def test_a_field_of_a_document_is_the_first_valid_one_of_its_pages() -> None:
    unread, read = Field("a", None, "", 0.0, reason="nothing"), Field("a", "1", "1", 0.9)
    pages = [
        replace(page(zone("x"), number=number), fields=(field,))
        for number, field in enumerate((unread, read, replace(read, value="2")), 1)
    ]

    assert document(*pages).fields == ((2, read),)
    shown = json_of(document(*pages))["fields"]["a"]
    assert (shown["value"], shown["page"]) == ("1", 2)


def test_a_failed_page_is_told_with_its_numbers() -> None:
    failed = replace(two_pages(), problems=(Failure(3, DamagedPicture("Broken.", bytes=7)),))

    assert json_of(failed)["problems"] == [
        {
            "page": 3,
            "code": "damaged-picture",
            "title": "The picture is damaged",
            "detail": "Broken.",
            "bytes": 7,
        }
    ]


def test_the_pieces_are_one_json_text() -> None:
    pieces = list(render_json(two_pages(), (), Rendering()))

    assert len(pieces) > len(two_pages().pages)
    assert json.loads(b"".join(pieces)) == json_of(two_pages(), Detail.WORD)


def test_all_faults_are_told_at_once_with_their_paths() -> None:
    broken = json_of(two_pages())
    first, second = broken["pages"]
    first["width_px"] = "wide"
    first["zones"][0]["kind"] = "poem"
    first["zones"][0]["lines"][0]["words"][1]["confidence"] = 1.5
    first["zones"][0]["lines"][1]["words"][0]["colour"] = "red"
    first["zones"][1]["lines"][0]["words"][0]["quad"] = [[0, 0], [1, 1]]
    del second["zones"][0]["lines"][0]["words"][2]["text"]

    faults = faults_of(broken)

    assert faults["pages[0].width_px"].startswith("is 'wide'; a whole number")
    assert faults["pages[0].zones[0].kind"] == (
        "is 'poem'; one of text, picture, rule, table is expected"
    )
    assert faults["pages[0].zones[0].lines[0].words[1].confidence"] == (
        "is 1.5; a number from 0 to 1 is expected"
    )
    assert "is not known here" in faults["pages[0].zones[0].lines[1].words[0].colour"]
    assert "4 are needed" in faults["pages[0].zones[1].lines[0].words[0].quad"]
    assert faults["pages[1].zones[0].lines[0].words[2].text"] == "is missing; a text is expected"
    assert len(faults) == 6


@pytest.mark.parametrize(
    ("value", "path", "message"),
    [
        ([], "", "is []; an object is expected"),
        ({}, "pages", "is missing; a list is expected"),
        ({"pages": []}, "pages", "has 0 items; 1 or more are needed"),
        ({"pages": [7]}, "pages[0]", "is 7; an object is expected"),
        ({"pages": [{"number": 1, "width_px": 9, "height_px": 9}]}, "pages[0].zones",
         "are missing; ask for detail=word and send that"),
    ],
)  # fmt: skip
def test_what_is_no_document_is_told(value: object, path: str, message: str) -> None:
    assert faults_of(value)[path] == message


@pytest.mark.parametrize("number", [float("nan"), float("inf"), 10**400, True, "1"])
def test_a_number_that_is_none_is_a_fault(number: object) -> None:
    broken = json_of(two_pages())
    broken["pages"][0]["zones"][0]["quad"][0][0] = number

    assert list(faults_of(broken)) == ["pages[0].zones[0].quad[0][0]"]


def test_pages_keep_the_order_that_they_come_in() -> None:
    turned = json_of(two_pages())
    turned["pages"].reverse()

    assert [page.number for page in document_from_json(turned).pages] == [2, 1]


def test_a_page_is_there_once() -> None:
    broken = json_of(two_pages())
    broken["pages"].append(broken["pages"][0])

    assert "twice" in faults_of(broken)["pages"]


def test_the_rest_of_very_many_faults_is_only_counted() -> None:
    broken = {"pages": [7] * 100_000}

    with pytest.raises(InvalidOptions, match="faults") as caught:
        document_from_json(broken)

    faults = caught.value.extra["faults"]
    assert isinstance(faults, list)
    assert len(faults) <= 200


def test_a_document_made_by_hand_needs_little() -> None:
    words = [{"text": "Hello", "box": [1, 2, 30, 12], "confidence": 1}]
    by_hand = {
        "pages": [
            {"number": 1, "width_px": 99, "height_px": 50, "zones": [{"lines": [{"words": words}]}]}
        ]
    }

    made = document_from_json(by_hand)

    assert made.text == "Hello"
    assert made.pages[0].zones[0].box == Box(1, 2, 30, 12)


def test_a_single_fault_is_one() -> None:
    with pytest.raises(InvalidOptions, match=r"has 1 fault\. The first: pages is missing"):
        document_from_json({})


def test_a_word_corrected_by_hand_counts_as_checked() -> None:
    given_back = json_of(two_pages())
    mended = given_back["pages"][0]["zones"][0]["lines"][0]["words"][0]
    mended |= {"text": "This", "corrected_from": "The"}
    by_dictionary = copy.deepcopy(given_back)
    by_dictionary["pages"][0]["zones"][0]["lines"][0]["words"][0]["checked"] = False

    assert document_from_json(given_back).pages[0].words[0].checked
    assert not document_from_json(by_dictionary).pages[0].words[0].checked


@pytest.mark.parametrize(
    ("table", "path"),
    [
        ({"rows": 1_000_000, "columns": 1_000_000, "cells": []}, "table"),
        ({"rows": 101, "columns": 100, "cells": []}, "table"),
        ({"rows": 1, "columns": 1, "cells": [{}] * 10_001}, "table.cells"),
    ],
)
def test_a_table_of_absurd_size_is_a_fault(table: dict[str, Any], path: str) -> None:
    value = json_of(everything())
    value["pages"][0]["zones"][1]["table"] = table

    faults = faults_of(value)

    assert faults.keys() == {f"pages[0].zones[1].{path}"}
    assert "10000 are the most" in faults.popitem()[1]


def test_the_largest_table_is_read() -> None:
    value = json_of(everything())
    value["pages"][0]["zones"][1]["table"] |= {"rows": 100, "columns": 100}

    table = document_from_json(value).pages[0].zones[1].table

    assert table
    assert (table.rows, table.columns) == (100, 100)


def test_many_large_tables_are_a_fault_together() -> None:
    value = json_of(everything())
    zones = value["pages"][0]["zones"]
    zones[1]["table"] |= {"rows": 100, "columns": 100}
    zones[1:] = zones[1:] * 21

    assert faults_of(value) == {"pages": "have 210000 cells in their tables; 200000 are the most"}


@pytest.mark.parametrize("path", ["pages", "words", "stages"])
def test_very_many_faults_take_little_memory(path: str) -> None:
    many: list[Any] = [7] * 60_000
    page = {"number": 1, "width_px": 9, "height_px": 9, "zones": []}
    value = {
        "pages": {"pages": many},
        "words": {"pages": [page | {"zones": [{"lines": [{"words": many}]}]}]},
        "stages": {"pages": [page | {"stages": many}]},
    }[path]
    tracemalloc.start()

    with pytest.raises(InvalidOptions, match="200 faults or more"):
        document_from_json(value)

    assert tracemalloc.get_traced_memory()[1] < 6_000_000  # each fault kept takes 250 bytes
    tracemalloc.stop()


def test_an_object_of_absurdly_many_members_is_a_fault() -> None:
    value = {"pages": [{f"x{number}": number for number in range(1000)}]}

    assert faults_of(value) == {"pages[0]": "has 1000 members; 50 are the most"}


def test_a_fault_is_told_in_few_letters() -> None:
    broken = json_of(two_pages())
    broken["pages"][0]["number"] = "x" * 100_000
    broken["pages"][1]["x" * 100_000] = 1

    assert all(len(path) < 100 for path in faults_of(broken))
    assert len(faults_of(broken)["pages[0].number"]) < 120


def test_null_counts_as_left_out() -> None:
    value = json_of(two_pages())
    page = value["pages"][0]
    page |= {"stages": None, "source": None, "dpi": None}
    page["zones"][0] |= {"kind": None, "table": None, "name": None}
    page["zones"][0]["lines"][0] |= {"baseline": None, "direction": None, "language": None}
    page["zones"][0]["lines"][0]["words"][0] |= {"quad": None, "corrected_from": None}

    read = document_from_json(value)

    assert read.text == two_pages().text
    assert read.pages[0].words[0].quad == two_pages().pages[0].words[0].quad


def test_handwriting_is_told_and_read_back() -> None:
    value = json_of(two_pages())
    assert "handwritten" not in value["pages"][0]["zones"][0]
    for line in value["pages"][0]["zones"][0]["lines"]:
        line["handwritten"] = True

    again = json_of(document_from_json(value))

    zone = again["pages"][0]["zones"][0]
    assert zone["handwritten"] is True
    assert all(line["handwritten"] is True for line in zone["lines"])


def test_older_answers_are_read() -> None:
    value = json_of(two_pages())
    for one in value["pages"]:
        del one["source"]
        for stage in one["stages"]:
            del stage["outcome"]

    assert document_from_json(value) == document_from_json(json_of(two_pages()))


@pytest.mark.parametrize(
    ("member", "value", "message"),
    [
        ("box", [9, 0, 0, 9], "is no box: left, top, right and bottom are needed"),
        ("box", None, "is missing; a box (left, top, right, bottom) or a quad is needed"),
        ("box", [1, 2], "has 2 items; 4 are needed: left, top, right, bottom"),
        ("text", None, "is None; a text is expected"),
        ("confidence", 2, "is 2; a number from 0 to 1 is expected"),
    ],
)
def test_a_faulty_word_is_told(member: str, value: object, message: str) -> None:
    broken = json_of(two_pages())
    word = broken["pages"][1]["zones"][0]["lines"][0]["words"][0]
    del word["quad"]
    word[member] = value

    (fault,) = faults_of(broken).items()

    assert fault[0] == f"pages[1].zones[0].lines[0].words[0].{member}"
    assert fault[1].startswith(message)


def test_cells_stand_within_their_table() -> None:
    value = json_of(everything())
    value["pages"][0]["zones"][1]["table"]["cells"][0] |= {"row": 2, "column": 3}

    assert faults_of(value) == {
        f"pages[0].zones[1].table.cells[0].{name}": message
        for name, message in (
            ("row", "is 2; a whole number from 0 to 1 is expected"),
            ("column", "is 3; a whole number from 0 to 2 is expected"),
        )
    }


def test_a_field_that_is_not_valid_says_why() -> None:
    value = json_of(everything())
    del value["pages"][0]["fields"]["date"]["reason"]

    assert faults_of(value) == {"pages[0].fields.date.reason": "is missing; a text is expected"}


def test_reading_leaves_the_garbage_collector_on() -> None:
    document_from_json(json_of(two_pages()))
    faults_of({})

    assert gc.isenabled()


def test_paragraphs_have_roles_and_parted_words_whole() -> None:
    first, *_ = json_of(numbered_pages())["pages"]
    parted = json_of(two_pages())["pages"][0]["zones"][0]

    roles = [one["role"] for zone in first["zones"] for one in zone["paragraphs"]]
    assert roles == ["header", "text", "footer", "page-number"]
    assert parted["paragraphs"][0]["text"] == "The quick brown fox jumped over & under"
    assert [one["line_count"] for one in parted["paragraphs"]] == [2, 1]
    assert [line.get("hyphenated", False) for line in parted["lines"]] == [True, False, False]


def test_a_cell_has_the_confidence_of_its_words() -> None:
    table = table_of(word("1", 0, -8, 0.5), word("2", 0, -8, 0.7))

    (shown,) = json_of(document(page(table)))["pages"][0]["zones"]

    assert shown["table"]["cells"][0]["confidence"] == 0.6


def test_a_page_says_how_its_lines_are_turned() -> None:
    assert json_of(two_pages())["pages"][0]["angle_deg"] == 0
    assert json_of(turned(two_pages(), 1))["pages"][0]["angle_deg"] == 90
