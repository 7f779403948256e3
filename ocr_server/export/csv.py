"""CSV: the tables of a document, one after the other with an empty line between them.

With a byte order mark, without which spreadsheets take the text for that of an older encoding. A
text that a spreadsheet would run as a formula gets an apostrophe before it, signed numbers not.

Source: RFC 4180; OWASP, "CSV Injection".
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from ocr_server.document.model import Document
from ocr_server.errors import TableMissing
from ocr_server.export.blocks import Tabular, tables_of
from ocr_server.export.rendering import Rendering

_FORMULA = re.compile(r"[=+\-@\t\r]")
_SIGNED = re.compile(r"[+-][\d.,\s]*\d\s*%?|[+-]+")


def render_csv(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """All tables, those that go on upon the next page as one.

    Raises:
        TableMissing: there is none.
    """
    del sources, rendering  # cells are all that a table of texts has
    for position, table in enumerate(found_tables(document)):
        rows = io.StringIO()
        writer = csv.writer(rows)
        if position:
            writer.writerow(())
        writer.writerows(map(defused, row) for row in table.rows)
        mark = "" if position else "\ufeff"
        yield f"{mark}{rows.getvalue()}".encode(errors="replace")


def found_tables(document: Document) -> Iterator[Tabular]:
    """The tables of a document, at least one.

    Raises:
        TableMissing: there is none.
    """
    has_any = False
    for table in tables_of(document):
        has_any = True
        yield table
    if not has_any:
        raise TableMissing(
            "No table was found in the document. Ask for docx, text or json, which need none."
        )


def defused(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    is_formula = _FORMULA.match(text) and not _SIGNED.fullmatch(text)
    return f"'{text}" if is_formula else text
