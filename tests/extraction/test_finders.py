from __future__ import annotations

from dataclasses import replace

from ocr_server.document.model import Code, CodeKind
from ocr_server.extraction.finders import find_code
from ocr_server.geometry import Box
from ocr_server.job import FieldSpec
from tests.export.documents import page, zone

CODES = (
    Code(CodeKind.QR, "https://example.org", Box(10, 40, 60, 90).quad()),
    Code(CodeKind.CODE_128, "QX-7741", Box(10, 200, 160, 240).quad()),
)
LABEL = replace(page(replace(zone("foot", top=190), name="foot")), codes=CODES)


def test_the_first_code_that_keeps_the_rules_is_the_value() -> None:
    assert find_code(LABEL, FieldSpec("value")).raw == "https://example.org"
    found = find_code(LABEL, FieldSpec("part", mask="AA-9999"))

    assert (found.raw, found.box) == ("QX-7741", Box(10, 200, 160, 240))


def test_a_zone_bounds_where_the_code_is() -> None:
    wide = replace(LABEL.zones[0], quad=Box(0, 180, 600, 260).quad())
    label = replace(LABEL, zones=(wide,))

    assert find_code(label, FieldSpec("value", zone="foot")).raw == "QX-7741"


def test_without_codes_the_field_says_so() -> None:
    assert find_code(page(zone("x")), FieldSpec("value")).error == "no code was read"
