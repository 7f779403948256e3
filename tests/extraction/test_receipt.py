from __future__ import annotations

import time

import pytest

from ocr_server.document.model import Field, Line, Page
from ocr_server.extraction.finders import with_fields
from ocr_server.geometry import Transform
from ocr_server.job import FieldSpec, ReadOptions
from tests.extraction.pages import line, page, page_of

READING = ReadOptions(finder="receipt", fields=tuple(map(FieldSpec, ("total", "date", "company"))))


def fields_of(where: Page) -> dict[str, Field]:
    return {field.name: field for field in with_fields(where, READING).fields}


def total_of(*rows: str) -> str | None:
    return fields_of(page(*rows))["total"].value


def test_a_plain_receipt() -> None:
    found = fields_of(
        page(
            "NORTH STREET CAFE LTD (123456-X)", "12 NORTH STREET", "DATE: 05/03/2018 12:30",
            "TEA 2.50", "CAKE 4.00", "SUBTOTAL 6.50", "TAX 6% 0.39", "TOTAL 6.89",
            "CASH 10.00", "CHANGE 3.11",
        )
    )  # fmt: skip

    assert {name: field.value for name, field in found.items()} == {
        "total": "6.89", "date": "05/03/2018", "company": "NORTH STREET CAFE LTD",
    }  # fmt: skip
    assert found["total"].box is not None
    assert found["company"].raw == "NORTH STREET CAFE LTD (123456-X)"


@pytest.mark.parametrize(
    ("rows", "total"),
    [
        (["SUB TOTAL 8.00", "NET TOTAL : 8.10"], "8.10"),
        (["TOTAL SALES(INCL GST 6%) 64.13", "ROUNDING ADJUSTMENT 0.02", "TOTAL RM 64.15"], "64.15"),
        (["A 1", "B 2", "TOTAL 47.70", "GST SUMMARY", "TOTAL 45.00 2.70"], "47.70"),
        (["TOTAL QTY: 6", "TOTAL (EXCLUDING GST) 7.36", "TOTAL (INCLUSIVE OF GST) 7.80"], "7.80"),
        (["Total", "12.00", "Cash 20.00"], "12.00"),
        (["TOTAL 1,234.50"], "1234.50"),
        (["TOTAL 64 . 15"], "64.15"),
        (["TOTAL 6.00 % 12.00"], "12.00"),
        (["TOTAL 12.03.2024"], None),
        (["TOTAL TO BE TOLD", "NOTHING"], None),
    ],
)
def test_the_total_among_other_amounts(rows: list[str], total: str | None) -> None:
    assert total_of(*rows) == total


@pytest.mark.parametrize(
    ("amount", "total"),
    [
        ("1,00,000.00", "100000.00"), ("Rs. 12,34,567.89", "1234567.89"), ("1'234.50", "1234.50"),
        ("1’234’567.50", "1234567.50"), ("1.234,56", "1234.56"), ("1.234.567,89", "1234567.89"),
        ("1 234,56", "1234.56"), ("12,50", "12.50"), ("2 123,456.00", "123456.00"),
        ("1.234.56", None), ("1.00,000.00", None), ("1,2345.00", None), ("10.005", None),
    ],
)  # fmt: skip
def test_an_amount_is_the_whole_of_a_number(amount: str, total: str | None) -> None:
    assert total_of(f"TOTAL {amount}") == total


@pytest.mark.parametrize(
    ("amount", "total"),
    [
        ("-5.00", "-5.00"), ("\u22125.00", "-5.00"), ("-$5.00", "-5.00"), ("€-5.00", "-5.00"),
        ("RM-5.00", "-5.00"), ("-RM5.00", "-5.00"), ("- 5.00", "5.00"), ("DUE-5.00", "5.00"),
    ],
)  # fmt: skip
def test_a_sign_stands_at_the_number_and_behind_no_word(amount: str, total: str) -> None:
    assert total_of(f"TOTAL {amount}") == total


@pytest.mark.parametrize("piece", ["1 ", "123 ", "123,", "12,", "123.", "1", "-", "$-", " "])
def test_no_row_takes_long(piece: str) -> None:
    began = time.process_time()

    assert total_of("TOTAL 1" + piece * 20_000 + "x") is None
    assert time.process_time() - began < 5  # seconds: it is one, or a minute


@pytest.mark.parametrize("change", ["8.00", "-8.00"])
def test_what_was_paid_and_given_back_decides_between_two(change: str) -> None:
    rows = ("TOTAL 12.00", "TOTAL 13.00", "CASH 20.00", f"CHANGE {change}")

    assert total_of(*rows) == "12.00"


@pytest.mark.parametrize(
    ("rows", "company"),
    [
        (["THE TEA ROOM", "& CAKE (M) SDN. BHD.", "NO 7"], "THE TEA ROOM & CAKE (M) SDN. BHD."),
        (
            ["GOOD IRON", "ENTERPRISE (WEST", "SIDE) SDN BHD"],
            "GOOD IRON ENTERPRISE (WEST SIDE) SDN BHD",
        ),
        (["WELCOME", "CORNER SHOP", "TEL 1"], "CORNER SHOP"),
        (["ANNA", "1 HIGH STREET"], "ANNA"),
        (["12", "34"], None),
    ],
)
def test_the_company_stands_at_the_top(rows: list[str], company: str | None) -> None:
    assert fields_of(page(*rows))["company"].value == company


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("24-01-18", "24-01-18"), ("10 OCT 2017 TUE", "10 OCT 2017"), ("2018-04-08", "2018-04-08"),
        ("05-Aug-2017", "05-AUG-2017"), ("Date 5.3.2018", "5.3.2018"), ("99/99/9999", None),
        ("019 1-03 22", None), ("10 oct 2017", "10 OCT 2017"),
    ],
)  # fmt: skip
def test_dates_in_many_forms(text: str, date: str | None) -> None:
    assert fields_of(page("SHOP", text))["date"].value == date


def test_a_date_s_place_is_its_own_whatever_stands_before_it() -> None:
    """Letters of which two are made where they become capitals move nothing."""
    plain = fields_of(page("SHOP", "Grossstrasse 5 12.03.2024 14:55"))["date"]
    sharp = fields_of(page("SHOP", "Großstraßeße 5 12.03.2024 14:55"))["date"]

    assert sharp.value == plain.value == "12.03.2024"
    assert sharp.box == plain.box


def test_the_amount_stands_on_the_row_however_the_page_slants() -> None:
    slope = 0.05
    lines = []
    told = [("SUBTOTAL ITEMS", "8.00"), ("TOTAL TO PAY", "8.48"), ("CASH GIVEN", "10.00")]
    for row, (name, amount) in enumerate(told):
        for text, left in ((name, 0), (amount, 600)):
            flat = line(text, left=left, top=40 + row * 22)
            lines.append(slanted(flat, slope))

    assert fields_of(page_of(*lines))["total"].value == "8.48"


def slanted(flat: Line, slope: float) -> Line:
    return flat.mapped(Transform((1, 0, 0, slope, 1, 0, 0, 0, 1)))


def test_the_total_of_the_tax_is_no_total() -> None:
    assert total_of("TEA 2.50", "TOTAL 6.89", "CASH 10.00", "TAX TOTAL 0.39") == "6.89"
    assert total_of("TEA 2.50", "CAKE 4.00", "TAX TOTAL 0.39") is None


@pytest.mark.parametrize("before", ["TEL: 03-12-2018", "FAX 01.02.1999", "Telephone 12 05 20"])
def test_a_telephone_number_is_no_date(before: str) -> None:
    assert fields_of(page("A CAFE", before, "TOTAL 6.89"))["date"].value is None
    assert fields_of(page("A CAFE", before, "05/03/2018"))["date"].value == "05/03/2018"
