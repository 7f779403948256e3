from __future__ import annotations

from collections.abc import Mapping

import pytest

from ocr_server.document.characters import CODE_LOOK_ALIKES
from ocr_server.document.model import Field, Page
from ocr_server.extraction.finders import with_fields
from ocr_server.extraction.validation import Fit, Mask
from ocr_server.job import FieldSpec, ReadOptions
from tests.extraction.pages import HEIGHT_PX, LETTER_PX, line, page, page_of

LABEL = page("ACME FOODS", "LOT: A12B4   LINE 3", "EXP 12/O4/2027", "SERIAL NO", "SN-00 17")


def find(where: Page, asked: FieldSpec) -> Field:
    (found,) = with_fields(where, ReadOptions(fields=(asked,))).fields
    return found


def test_a_mask_finds_its_text_among_others() -> None:
    found = find(LABEL, FieldSpec("expiry", mask="99/99/9999", character_map=CODE_LOOK_ALIKES))

    assert (found.value, found.raw, found.is_valid) == ("12/04/2027", "12/O4/2027", True)
    assert found.box is not None
    assert found.box.left == 4 * LETTER_PX


def test_without_a_map_it_is_not_put_right() -> None:
    found = find(LABEL, FieldSpec("expiry", mask="99/99/9999"))

    assert (found.value, found.is_valid) == (None, False)
    assert found.reason == "nothing fits the mask 99/99/9999"


def test_behind_a_word_stands_its_value_up_to_the_gap() -> None:
    found = find(LABEL, FieldSpec("lot", after=("BATCH", "LOT")))

    assert (found.value, found.is_valid) == ("A12B4", True)


def test_below_a_word_at_the_end_of_its_row_stands_its_value() -> None:
    assert find(LABEL, FieldSpec("serial", after=("SERIAL NO",))).value == "SN-00 17"


def test_what_does_not_fit_stays_as_it_was_read_and_says_why() -> None:
    found = find(LABEL, FieldSpec("lot", after=("LOT",), mask="9999"))

    assert (found.value, found.is_valid) == ("A12B4", False)
    assert found.reason == "does not fit the mask 9999"


def test_a_word_inside_another_is_not_the_word() -> None:
    found = find(page("PILOT 123"), FieldSpec("lot", after=("LOT",)))

    assert (found.value, found.reason) == (None, "none of LOT was read")


@pytest.mark.parametrize("text", ["EXP2027", "Exp. 2027", "exp:2027", "EXP : 2027"])
def test_a_word_is_found_however_it_is_set(text: str) -> None:
    assert find(page(text), FieldSpec("expiry", after=("EXP",), mask="9999")).value == "2027"


def test_of_several_that_fit_the_one_that_keeps_the_check_is_taken() -> None:
    two = page("4006381333932 4006381333931")

    assert find(two, FieldSpec("ean", mask="9" * 13, check="ean")).value == "4006381333931"


def test_a_code_that_was_read_in_two_words_is_one() -> None:
    found = find(page("No ABC -1234 end"), FieldSpec("plate", mask="AAA-9999"))

    assert (found.value, found.raw) == ("ABC-1234", "ABC-1234")


def test_part_of_a_longer_number_is_not_taken() -> None:
    assert find(page("No 123456"), FieldSpec("code", mask="9999")).value is None


def test_a_field_is_looked_for_in_the_zone_of_its_name() -> None:
    zone = page_of(line("1234"), name="code").zones
    other = page_of(line("9999", top=5 * HEIGHT_PX), name="other").zones
    both = Page(1, 100, 100, None, other + zone)

    assert find(both, FieldSpec("code")).value == "1234"
    assert find(both, FieldSpec("any", zone="other")).value == "9999"
    assert find(both, FieldSpec("any", zone="none")).reason == "there is no zone none"


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (FieldSpec("code", check="luhn"), "the check digit does not agree (luhn)"),
        (FieldSpec("code", pattern=r"\d{3}"), r"does not match the pattern \d{3}"),
        (FieldSpec("code", min_confidence=0.95), "confidence 0.90 is under 0.95"),
        (FieldSpec("code", check="luhn", mask="AAAA"), "does not fit the mask AAAA"),
    ],
)
def test_the_first_rule_that_is_broken_is_the_reason(asked: FieldSpec, reason: str) -> None:
    found = find(page_of(line("1234"), name="code"), asked)

    assert (found.value, found.reason, found.is_valid) == ("1234", reason, False)


def test_an_empty_zone_is_not_valid() -> None:
    empty = page_of(line("1"), name="other")

    assert (
        find(empty, FieldSpec("code", zone="other", mask="99")).reason == "does not fit the mask 99"
    )
    assert (
        with_fields(Page(1, 9, 9, None, ()), ReadOptions(fields=(FieldSpec("x"),))).fields[0].reason
        == "nothing was read"
    )


def test_many_masks_on_a_full_page_are_tried_once_for_each_place(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """100 fields of 31 alternatives took a minute on a page of 3,000 words."""
    tried = []
    plain = Mask.fit

    def counted(mask: Mask, text: str, character_map: Mapping[str, str]) -> Fit | None:
        tried.append(text)
        return plain(mask, text, character_map)

    monkeypatch.setattr(Mask, "fit", counted)
    full = page(*(" ".join(f"word{row}{column}" for column in range(10)) for row in range(30)))
    mask = "|".join("*" * length for length in range(1, 32))

    found = find(full, FieldSpec("any", mask=mask))
    without = find(full, FieldSpec("luhn", mask=mask, check="luhn"))

    assert found.value == "word00"
    assert not without.is_valid
    assert len(tried) < 5 * 300  # a word ends in few of the places that the lengths reach
