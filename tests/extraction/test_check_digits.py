from __future__ import annotations

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.extraction.check_digits import CHECKS, agrees, icao_9303_digit

# Published examples: ICAO 9303-3 appendix A, ISO/IEC 7812, ISO/IEC 7064, GS1.
RIGHT = {
    "icao9303": ["L898902C36", "7408122", "1204159", "AB2134<<<5"],
    "luhn": ["79927398713", "4539 1488 0343 6467"],
    "iso7064-mod11-10": ["07945", "86095742719"],
    "iso7064-mod97-10": ["79444", "3214282912345698765432161182"],
    "ean": ["4006381333931", "73513537", "036000291452"],
}
# Rules that find every single wrong character, by their standards.
FINDS_ALL = ("luhn", "iso7064-mod11-10", "iso7064-mod97-10", "ean")


@pytest.mark.parametrize(
    ("check", "text"), [(c, text) for c, texts in RIGHT.items() for text in texts]
)
def test_published_examples_agree(check: str, text: str) -> None:
    assert agrees(check, text)


@given(st.data())
def test_one_wrong_digit_is_found(data: st.DataObject) -> None:
    check = data.draw(st.sampled_from(FINDS_ALL))
    text = data.draw(st.sampled_from([one for one in RIGHT[check] if one.isdigit()]))
    at = data.draw(st.integers(0, len(text) - 1))
    other = data.draw(st.sampled_from(string.digits.replace(text[at], "")))

    assert not agrees(check, text[:at] + other + text[at + 1 :])


@given(st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<", min_size=1, max_size=50))
def test_a_text_with_its_icao_digit_agrees(text: str) -> None:
    digit = icao_9303_digit(text)

    assert digit is not None
    assert agrees("icao9303", text + digit)


@given(st.sampled_from(sorted(CHECKS)), st.text(max_size=40))
def test_any_text_has_an_answer(check: str, text: str) -> None:
    assert agrees(check, text) in {True, False}


@pytest.mark.parametrize("check", CHECKS)
@pytest.mark.parametrize("text", ["", "1", "²³", "٣٣٣٣٣٣٣٣", "ÄÖ", "-- ."])
def test_what_is_no_code_does_not_agree(check: str, text: str) -> None:
    assert not agrees(check, text)


def test_a_code_may_be_longer_than_python_s_longest_number() -> None:
    assert agrees("iso7064-mod97-10", "0" * 5000 + "79444")
    assert not agrees("iso7064-mod97-10", "A" * 2200 + "00")
