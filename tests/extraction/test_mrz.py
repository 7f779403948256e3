from __future__ import annotations

import pytest

from ocr_server.document.model import Field
from ocr_server.extraction.finders import with_fields
from ocr_server.extraction.mrz import NAMES
from ocr_server.job import FieldSpec, ReadOptions
from tests.extraction.pages import page

# The specimens of ICAO Doc 9303, parts 4 to 7.
TD3 = (
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
TD1 = (
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
)
VISA = (
    "V<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L8988901C4XXX4009078F96121096ZE184226B<<<<<<",
)
TOLD = set(NAMES) - {"surname", "names", "lines"}
READING = ReadOptions(finder="mrz", fields=tuple(FieldSpec(name) for name in NAMES))


def fields_of(*lines: str) -> dict[str, Field]:
    return {field.name: field for field in with_fields(page(*lines), READING).fields}


@pytest.mark.parametrize("lines", [TD3, TD2, TD1, VISA])
def test_the_specimens_are_understood(lines: tuple[str, ...]) -> None:
    found = fields_of("UTOPIA", "Passport", *lines)

    assert {name: field.reason for name, field in found.items() if not field.is_valid} == {}
    assert found["surname"].value == "ERIKSSON"
    assert found["names"].value == "ANNA MARIA"
    assert found["country"].value == "UTO"
    assert found["sex"].value == "F"


def test_every_field_of_a_passport_is_told_apart() -> None:
    found = fields_of(*TD3)

    told = {name: field.value for name, field in found.items() if name in TOLD}
    assert told == {
        "kind": "P", "country": "UTO", "number": "L898902C3", "nationality": "UTO",
        "birth_date": "740812", "sex": "F", "expiry_date": "120415", "optional": "ZE184226B",
    }  # fmt: skip


def test_letters_and_digits_are_put_right_where_only_one_kind_may_stand() -> None:
    found = fields_of(
        TD3[0].replace("UTO", "UT0"), TD3[1].replace("UTO74", "UT074").replace("1204", "I2O4")
    )

    assert {name for name, field in found.items() if not field.is_valid} == set()
    assert found["country"].value == "UTO"
    assert found["nationality"].value == "UTO"
    assert found["expiry_date"].value == "120415"


def test_the_check_digit_decides_between_letter_and_digit_in_the_number() -> None:
    found = fields_of(TD3[0], TD3[1].replace("L898902C3", "L8989O2C3"))

    assert (found["number"].value, found["number"].is_valid) == ("L898902C3", True)


@pytest.mark.parametrize(
    ("right", "wrong", "broken"),
    [
        ("L898902C3", "L898902C4", {"number", "lines"}),
        ("740812", "740813", {"birth_date", "lines"}),
        ("120415", "120416", {"expiry_date", "lines"}),
        ("ZE184226B", "ZE184227B", {"optional", "lines"}),
        ("<<<10", "<<<11", {"lines"}),
    ],
)
def test_a_wrong_character_is_told(right: str, wrong: str, broken: set[str]) -> None:
    found = fields_of(TD3[0], TD3[1].replace(right, wrong))

    assert {name for name, field in found.items() if not field.is_valid} == broken


@pytest.mark.parametrize(
    ("told", "number", "optional", "is_valid"),
    [
        ("592078455<1813<<<<<<<<<<<", "592078455181", None, True),
        ("592078455<1813<8507300332", "592078455181", "8507300332", True),
        ("592078455<1814<<<<<<<<<<<", "592078455181", None, False),
        ("592078455<3<<<<<<<<<<<<<<", "592078455", "3", False),
        ("D23145890<<<<<<<<<<<<<<<<", "D23145890", None, False),
        ("D231458907<1813<<<<<<<<<<", "D23145890", "1813", True),
        ("D23145<<<<1813<<<<<<<<<<<", "D23145", "1813", False),
    ],
)
def test_a_number_of_more_than_nine_places_goes_on_in_the_optional_field(
    told: str, number: str, optional: str | None, is_valid: bool
) -> None:
    found = fields_of(f"I<UTO{told}".ljust(30, "<"), *TD1[1:])

    assert (found["number"].value, found["optional"].value) == (number, optional)
    assert found["number"].is_valid == is_valid


def test_a_long_number_of_a_card_of_two_lines() -> None:
    found = fields_of(TD2[0], "592078455<UTO7408122F12041591813<<<6")

    assert (found["number"].value, found["number"].is_valid) == ("592078455181", True)
    assert found["optional"].value is None


def test_a_passport_s_number_goes_on_nowhere() -> None:
    found = fields_of(TD3[0], TD3[1].replace("L898902C36", "592078455<").replace("ZE18", "1813"))

    assert (found["number"].value, found["number"].is_valid) == ("592078455", False)


def test_fillers_that_were_lost_or_doubled_are_no_matter() -> None:
    found = fields_of(TD3[0][:-3], TD3[1].replace("<<<<<10", "<<<<10"))

    assert found["names"].value == "ANNA MARIA"
    assert found["lines"].is_valid


def test_a_page_without_a_zone_says_so() -> None:
    found = fields_of("Nothing of the kind")

    assert {field.reason for field in found.values()} == {"no machine-readable zone was found"}
