from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.document.characters import CODE_LOOK_ALIKES
from ocr_server.document.model import Field, Word
from ocr_server.extraction.validation import (
    MOST_PLACES,
    Match,
    of_words,
    parse_mask,
    validate_field,
)
from ocr_server.geometry import Box
from ocr_server.job import FieldSpec

USUAL = dict(CODE_LOOK_ALIKES)
KINDS = {"A": string.ascii_letters, "9": string.digits, "*": string.ascii_letters + string.digits}
mask_texts = st.text("A9*-/.: ", min_size=1, max_size=12)


def text_for(mask: str, draw: st.DrawFn) -> str:
    return "".join(draw(st.sampled_from(KINDS.get(place, place))) for place in mask)


@st.composite
def masks_and_texts(draw: st.DrawFn) -> tuple[str, str]:
    mask = draw(mask_texts)
    return mask, text_for(mask, draw)


@given(masks_and_texts())
def test_what_a_mask_describes_fits_it_as_it_is(pair: tuple[str, str]) -> None:
    mask, text = pair
    fit = parse_mask(mask).fit(text, USUAL)

    assert fit is not None
    assert (fit.text, fit.repairs) == (text, 0)


@given(masks_and_texts(), st.data())
def test_whatever_is_confused_is_put_right_so_that_it_fits(
    pair: tuple[str, str], data: st.DataObject
) -> None:
    mask, text = pair
    at = data.draw(st.integers(0, len(text) - 1))
    confused = {digit: letter for letter, digit in USUAL.items()} | USUAL
    is_kind = mask[at] in "A9"
    other = confused.get(text[at], text[at]) if is_kind else text[at]

    fit = parse_mask(mask).fit(text[:at] + other + text[at + 1 :], USUAL)

    assert fit is not None
    assert fit.repairs == (other != text[at])
    again = parse_mask(mask).fit(fit.text, {})
    assert again is not None
    assert again.text == fit.text


@given(mask_texts, st.text(string.ascii_uppercase + string.digits, max_size=12))
def test_without_a_map_nothing_is_changed(mask: str, text: str) -> None:
    fit = parse_mask(mask).fit(text, {})

    assert fit is None or fit.text == text


@pytest.mark.parametrize(
    ("mask", "read", "value"),
    [
        ("AAA-9999", "ABC-1Z34", "ABC-1234"),
        ("AAA-9999", "A8C-1234", "ABC-1234"),
        ("AAA-9999|AAA-9A99", "ABC-1D23", "ABC-1D23"),
        ("9999", "O123", "0123"),
        ("AA", "00", "OO"),
        ("***", "O0Q", "O0Q"),
        (r"\A9\|9", "A1|2", "A1|2"),
    ],
)
def test_the_map_is_used_only_where_the_mask_wants_the_other_kind(
    mask: str, read: str, value: str
) -> None:
    fit = parse_mask(mask).fit(read, USUAL)

    assert fit is not None
    assert fit.text == value


@pytest.mark.parametrize(
    ("mask", "read"),
    [
        ("AAA-9999", "ABC/1234"),
        ("9999", "123"),
        ("9999", "12345"),
        ("9", "X"),
        ("A", "7"),
        ("9", "٣"),
    ],
)
def test_what_the_map_does_not_say_is_not_put_right(mask: str, read: str) -> None:
    assert parse_mask(mask).fit(read, USUAL) is None


@pytest.mark.parametrize("mask", ["", "A|", "|A", "A||9", "A\\", "9" * (MOST_PLACES + 1)])
def test_a_mask_that_describes_nothing_is_refused(mask: str) -> None:
    with pytest.raises(ValueError, match=r"alternatives|backslash"):
        parse_mask(mask)


def validated(text: str, *values: str) -> Field:
    return validate_field(FieldSpec("size", one_of=values), Match(text, 0.9))


@pytest.mark.parametrize(
    ("read", "value"),
    [("Medium", "Medium"), ("MEDIUM", "Medium"), ("Mediurn", "Medium"), ("X1", "Xl"), ("1O", "10")],
)
def test_a_text_that_looks_like_a_listed_value_is_it(read: str, value: str) -> None:
    field = validated(read, "Small", "Medium", "Xl", "10")

    assert (field.value, field.raw, field.is_valid) == (value, read, True)


@pytest.mark.parametrize("read", ["Huge", "11", "Modium or so"])
def test_a_text_like_no_listed_value_stays_as_it_was_read(read: str) -> None:
    field = validated(read, "Small", "Medium", "Xl", "10")

    assert (field.value, field.reason) == (read, "is none of the listed values")


@pytest.mark.parametrize(
    ("confidence", "checked", "is_valid"),
    [(0.0, False, False), (0.09, False, False), (0.1, False, True), (0.0, True, True)],
)
def test_what_was_only_guessed_is_never_valid_unless_a_person_checked_it(
    confidence: float, checked: bool, is_valid: bool
) -> None:
    sure = Word("12", Box(0, 0, 20, 10).quad(), 0.9)
    guessed = Word("34", Box(30, 0, 50, 10).quad(), confidence, checked=checked)

    field = validate_field(FieldSpec("number"), of_words([sure, guessed]))

    assert (field.value, field.is_valid) == ("12 34", is_valid)
