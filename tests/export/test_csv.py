from __future__ import annotations

import csv
import io

import pytest

from ocr_server.document.model import Document
from ocr_server.export.csv import defused, render_csv
from ocr_server.export.rendering import Rendering
from tests.export.tables import document_of, table_zone


def rows_of(document: Document) -> list[list[str]]:
    data = b"".join(render_csv(document, (), Rendering())).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(data)))


def test_rows_of_a_table_are_rows() -> None:
    table = table_zone(["Item", "Price"], ["Tea, green", '2 "pots"'])

    assert rows_of(document_of([table])) == [["Item", "Price"], ["Tea, green", '2 "pots"']]


def test_several_tables_have_an_empty_line_between_them() -> None:
    zones = [table_zone(["a", "b"], ["1", "2"]), table_zone(["c", "d"], ["3", "4"], top=300)]

    assert rows_of(document_of(zones)) == [["a", "b"], ["1", "2"], [], ["c", "d"], ["3", "4"]]


@pytest.mark.parametrize("text", ["=1+1", "@SUM(A1)", "+cmd|' /C calc'!A0", "-2+3+cmd", "\t=1"])
def test_formulas_are_defused(text: str) -> None:
    assert defused(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-12.50", "+3,1 %", "-", "2-3", "a=b", ""])
def test_what_is_no_formula_stays_as_it_is(text: str) -> None:
    assert defused(text) == text
