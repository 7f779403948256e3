"""Excel: one sheet for each table of a document.

Texts stay texts, so no formula and no address of the document comes alive. Numbers that can be read
in one way only are numbers. Source: ECMA-376.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import xlsxwriter
from xlsxwriter.format import Format as CellFormat
from xlsxwriter.worksheet import Worksheet

from ocr_server.document.model import Document, Table
from ocr_server.export.csv import found_tables
from ocr_server.export.rendering import Rendering
from ocr_server.export.xml import xml_text

_MADE = datetime(1980, 1, 1)  # noqa: DTZ001  # the same document gives the same bytes
# Excel keeps 15 digits. Figures in groups are told by two kinds of marks, or by two groups.
_PLAIN = re.compile(r"-?(?:0|[1-9]\d{0,14})(?:\.\d{1,2}|\.\d{4,8})?")
_ENGLISH = re.compile(r"-?[1-9]\d{0,2}(?:,\d{3})+\.\d{1,4}|-?[1-9]\d{0,2}(?:,\d{3}){2,3}")
_EUROPEAN = re.compile(r"-?[1-9]\d{0,2}(?:\.\d{3})+,\d{1,4}|-?[1-9]\d{0,2}(?:\.\d{3}){2,3}")
_MOST_LETTERS = 32_767  # of a cell


def render_xlsx(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """A workbook of all tables, those that go on upon the next page as one.

    Raises:
        TableMissing: there is none.
    """
    del sources, rendering
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as workbook:
        workbook.set_properties({"created": _MADE})
        plain = workbook.add_format({"text_wrap": True, "valign": "top"})
        head = workbook.add_format({"text_wrap": True, "valign": "top", "bold": True})
        for number, made in enumerate(found_tables(document), start=1):
            _write(workbook.add_worksheet(f"Table {number}"), made.table, plain, head)
            yield b""  # so that the time and the caller are looked after
    yield file.getvalue()


def _write(sheet: Worksheet, table: Table, plain: CellFormat, head: CellFormat) -> None:
    for cell in table.cells:
        style = head if cell.row < table.header_rows else plain
        row, column = cell.row, cell.column
        if cell.row_span > 1 or cell.column_span > 1:
            last = row + cell.row_span - 1, column + cell.column_span - 1
            sheet.merge_range(row, column, *last, "", style)
        number = number_of(cell.text)
        if number is None:
            sheet.write_string(row, column, xml_text(cell.text)[:_MOST_LETTERS], style)
        else:
            sheet.write_number(row, column, number, style)
    if table.header_rows:
        sheet.freeze_panes(table.header_rows, 0)
    sheet.autofit(400)


def number_of(text: str) -> float | None:
    """The number that a text is, if it can be read in one way only, whatever the country."""
    text = text.strip().replace("\u2212", "-")
    if _PLAIN.fullmatch(text):
        return float(text)
    if _ENGLISH.fullmatch(text):
        return float(text.replace(",", ""))
    if _EUROPEAN.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    return None
