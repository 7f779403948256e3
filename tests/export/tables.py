"""Documents with tables, made by hand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ocr_server.document.model import Cell, Document, Table, Zone, ZoneKind
from ocr_server.geometry import Box
from tests.export.documents import LEFT_PX, document, line, page, zone

COLUMN_PX, ROW_PX = 200, 30


def table_zone(*rows: Sequence[str], top: float = 40, header_rows: int = 0) -> Zone:
    """A table whose cells are 200 × 30 pixels."""
    lines, cells = [], []
    for row, texts in enumerate(rows):
        for column, text in enumerate(texts):
            x, y = LEFT_PX + COLUMN_PX * column, top + ROW_PX * row
            cells.append(Cell(row, column, Box(x, y, x + COLUMN_PX, y + ROW_PX).quad(), text))
            if text:
                lines.append(line(text, y + 5, left=x + 5))
    table = Table(len(rows), len(rows[0]), tuple(cells), header_rows)
    return replace(
        zone("x"), kind=ZoneKind.TABLE, lines=tuple(lines), table=table, quad=table.box.quad()
    )


def document_of(*pages: Sequence[Zone]) -> Document:
    """Pages of 800 × 1000 pixels with those zones."""
    return document(
        *(
            page(*zones, number=number, width_px=800, height_px=1000)
            for number, zones in enumerate(pages, start=1)
        )
    )
