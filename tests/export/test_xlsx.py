from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from xml.etree import ElementTree

import pytest

from ocr_server.document.model import Document
from ocr_server.export.rendering import Rendering
from ocr_server.export.xlsx import number_of, render_xlsx
from tests.export.tables import document_of, table_zone

SPREADSHEET = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def made_of(document: Document) -> bytes:
    return b"".join(render_xlsx(document, (), Rendering()))


def sheet_of(document: Document, number: int = 1) -> ElementTree.Element:
    with zipfile.ZipFile(io.BytesIO(made_of(document))) as archive:
        return ElementTree.fromstring(archive.read(f"xl/worksheets/sheet{number}.xml"))  # noqa: S314  # our own


def test_each_table_is_a_sheet() -> None:
    zones = [table_zone(["a", "b"]), table_zone(["c", "d"], top=300)]

    with zipfile.ZipFile(io.BytesIO(made_of(document_of(zones)))) as archive:
        workbook = ElementTree.fromstring(archive.read("xl/workbook.xml"))  # noqa: S314
    assert [s.get("name") for s in workbook.iter(f"{SPREADSHEET}sheet")] == ["Table 1", "Table 2"]


def test_formulas_and_addresses_stay_texts() -> None:
    sheet = sheet_of(document_of([table_zone(["=1+1", "https://example.org"], ["@A1", "x"])]))

    assert not list(sheet.iter(f"{SPREADSHEET}f"))
    assert not list(sheet.iter(f"{SPREADSHEET}hyperlink"))
    assert {cell.get("t") for cell in sheet.iter(f"{SPREADSHEET}c")} == {"s"}


def test_cells_that_span_are_merged() -> None:
    zone = table_zone(["wide", ""], ["1", "2"])
    assert zone.table
    first, second, *rest = zone.table.cells
    wide = replace(first, column_span=2, quad=first.quad._replace(
        top_right=second.quad.top_right, bottom_right=second.quad.bottom_right
    ))  # fmt: skip
    spanning = replace(zone, table=replace(zone.table, cells=(wide, *rest)))

    sheet = sheet_of(document_of([spanning]))

    assert [one.get("ref") for one in sheet.iter(f"{SPREADSHEET}mergeCell")] == ["A1:B1"]


def test_the_same_document_gives_the_same_bytes() -> None:
    document = document_of([table_zone(["a", "1"])])

    assert made_of(document) == made_of(document)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("12", 12), ("-3.50", -3.5), ("1,234.50", 1234.5), ("1.234,50", 1234.5),
        ("1,234,567", 1234567), ("\u22127", -7),
        ("1,234", None), ("1.234", None), ("007", None), ("12.05.2024", None), ("3 %", None),
    ],
)  # fmt: skip
def test_only_what_can_be_read_in_one_way_is_a_number(text: str, number: float | None) -> None:
    assert number_of(text) == number
