from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.document.model import Page, Zone, ZoneKind
from ocr_server.extraction.form import FormSearch
from ocr_server.extraction.form_page import TICKED, UNTICKED
from ocr_server.extraction.validation import validate_field
from ocr_server.geometry import Box, Transform
from ocr_server.job import FieldSpec
from tests.extraction.pages import line

PRINT = (
    line("Surname", left=20, top=40),
    line("First name", left=400, top=40),
    line("Town:", left=20, top=140),
    line("Phone", left=400, top=140),
)


def zone(*texts: str, left: float, top: float, width: float = 200) -> Zone:
    """A place to fill in, 24 px high, with what is written there."""
    box = Box(left, top, left + width, top + 24)
    lines = tuple(replace(line(text, left=left, top=top), handwritten=True) for text in texts)
    return Zone(ZoneKind.TEXT, box.quad(), lines)


FORM = Page(
    1, 800, 400, None,
    (
        *(Zone(ZoneKind.TEXT, one.quad, (one,)) for one in PRINT),
        zone("MILLER", left=20, top=66), zone("ANNA", left=400, top=66),
        zone("Leeds", left=90, top=138), zone(left=470, top=138),
    ),
)  # fmt: skip


def value_of(page: Page, **rules: object) -> tuple[str | None, str | None]:
    spec = FieldSpec("wanted", **rules)  # type: ignore[arg-type]  # rules of each test
    field = validate_field(spec, FormSearch(page).find(spec))
    return field.value, field.reason


@pytest.mark.parametrize(
    ("label", "value"), [("SURNAME", "MILLER"), ("FIRST NAME", "ANNA"), ("Town", "Leeds")]
)
def test_a_value_stands_below_its_label_or_to_the_right(label: str, value: str) -> None:
    assert value_of(FORM, after=(label,)) == (value, None)


def test_an_empty_place_is_a_blank_value() -> None:
    assert value_of(FORM, after=("PHONE",)) == (None, None)


def test_a_turned_form_is_read_likewise() -> None:
    turned = replace(FORM, zones=tuple(one.mapped(Transform.rotation(3)) for one in FORM.zones))

    assert value_of(turned, after=("FIRST NAME",)) == ("ANNA", None)
    assert value_of(turned, after=("TOWN",)) == ("Leeds", None)


def test_a_label_that_is_not_there_is_a_fault() -> None:
    assert value_of(FORM, after=("EMAIL",)) == (None, "none of EMAIL was read")


def test_a_value_that_fits_no_mask_is_told() -> None:
    value, reason = value_of(FORM, after=("TOWN",), mask="99999")

    assert value == "Leeds"
    assert reason == "does not fit the mask 99999"


def ticks(*marks: str, first_px: float = 20, label: str = "I agree") -> Page:
    """Three choices in a row, each behind its box, and a sentence with its own below."""
    printed = line("single        married       widowed", left=50, top=40)
    below = line(label, left=50, top=80)
    boxes = [
        zone(mark, left=first_px + 140 * at, top=36, width=20) for at, mark in enumerate(marks)
    ]
    zones = (Zone(ZoneKind.TEXT, one.quad, (one,)) for one in (printed, below))
    return Page(1, 800, 400, None, (*zones, *boxes, zone(TICKED, left=20, top=76, width=20)))


STATUS = ("single", "married", "widowed")


def test_the_ticked_one_of_several_values_is_the_value() -> None:
    assert value_of(ticks(UNTICKED, TICKED, UNTICKED), one_of=STATUS) == ("married", None)


def test_without_a_tick_the_value_is_blank() -> None:
    assert value_of(ticks(UNTICKED, UNTICKED, UNTICKED), one_of=STATUS) == (None, None)


def test_two_ticks_are_a_fault() -> None:
    value, reason = value_of(ticks(TICKED, UNTICKED, TICKED), one_of=STATUS)

    assert value == "single, widowed"
    assert reason == "more than one box is ticked"


@pytest.mark.parametrize("label", ["I agree", "| agree", "l agree"])
def test_a_sentence_with_a_box_is_ticked_though_its_i_is_misread(label: str) -> None:
    page = ticks(UNTICKED, UNTICKED, UNTICKED, label=label)

    assert value_of(page, one_of=("I agree",)) == ("I agree", None)
