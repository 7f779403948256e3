"""A document for word processors: headings, paragraphs and tables in one column.

python-docx writes it: the file's many parts and their relations are its business. Nothing in it
points outside: no linked pictures, no hyperlinks, no attached template.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import docx
from docx.document import Document as WordDocument
from docx.enum.section import WD_ORIENT
from docx.enum.text import WD_BREAK
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.shared import Inches, Mm

from ocr_server.document.languages import tag_of
from ocr_server.document.model import Document, Page, Table
from ocr_server.document.roles import Roles
from ocr_server.export.blocks import (
    Block,
    Heading,
    ListItem,
    Paragraph,
    Tabular,
    blocks_of,
    flowing_blocks,
    furnished,
)
from ocr_server.export.docx_heads import add_heads, directed
from ocr_server.export.rendering import FurnitureUse, Rendering
from ocr_server.export.xml import xml_text

_PAPERS = ((Mm(210), Mm(297)), (Inches(8.5), Inches(11)))
_MADE = datetime(1980, 1, 1, tzinfo=UTC)  # the same document gives the same bytes


def render_docx(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The text, flowing over the ends of lines and pages, which have heads and feet of Word's own.

    Where lines are to be kept, each page begins on a new one.
    """
    del sources  # the text is to be worked on; the picture is not
    made = docx.Document()
    properties = made.core_properties
    properties.author, properties.comments, properties.title = "", "", ""
    properties.created = properties.modified = _MADE
    _name_language(made, tag_of(document.language))
    if document.pages:
        _cut_paper(made, document.pages[0])
    roles, furniture = Roles.of(document.pages), rendering.furniture
    told: frozenset[int] = frozenset()
    if furniture is FurnitureUse.AUTO:
        told, furniture = add_heads(made, document.pages, roles), FurnitureUse.ONCE
    pages = furnished(document.pages, roles, furniture, told_before=told)
    if rendering.flows:
        for block in flowing_blocks(pages, roles, keep_rows=rendering.keeps_rows):
            _add_block(made, block)
            yield b""  # so that the time and the caller are looked after
    else:
        for position, page in enumerate(pages):
            if position:
                made.add_paragraph().add_run().add_break(WD_BREAK.PAGE)
            for block in blocks_of(page, roles, join_lines=False):
                _add_block(made, block)
                yield b""
    file = io.BytesIO()
    made.save(file)
    yield _without_clock(file)


def _name_language(made: WordDocument, tag: str | None) -> None:
    """The language that spelling is checked in, whatever the script (ECMA-376, 17.3.2.20)."""
    (language,) = made.styles.element.xpath("w:docDefaults//w:lang")
    language.attrib.clear()  # python-docx says American English
    if tag:
        language.attrib.update({qn(f"w:{script}"): tag for script in ("val", "eastAsia", "bidi")})


def _cut_paper(made: WordDocument, page: Page) -> None:
    """A4 or Letter, whichever is nearer in shape to the page that was read, and as it lies."""
    shorter, longer = sorted((page.width_px, page.height_px))
    paper = min(_PAPERS, key=lambda sides: abs(longer / shorter - sides[1] / sides[0]))
    section = made.sections[0]
    if page.width_px > page.height_px:
        paper = paper[::-1]
        section.orientation = WD_ORIENT.LANDSCAPE
    section.page_width, section.page_height = paper


def _without_clock(file: io.BytesIO) -> bytes:
    """The same archive; python-docx dates its parts by the clock."""
    dated_anew = io.BytesIO()
    with ZipFile(file) as written, ZipFile(dated_anew, "w", ZIP_DEFLATED) as archive:
        for part in written.infolist():
            part.date_time = _MADE.timetuple()[:6]
            archive.writestr(part, written.read(part))
    return dated_anew.getvalue()


def _add_block(made: WordDocument, block: Block) -> None:
    match block:
        case Heading(text, level, direction):
            directed(made.add_heading(xml_text(text), level), direction)
        case ListItem(text, is_numbered, direction):
            style = "List Paragraph" if is_numbered else "List Bullet"
            directed(made.add_paragraph(xml_text(text), style), direction)
        case Paragraph(text, direction):
            directed(made.add_paragraph(xml_text(text)), direction)
        case Tabular():
            _add_table(made, block.table)


def _add_table(made: WordDocument, read: Table) -> None:
    table = made.add_table(read.rows, read.columns, style="Table Grid")
    rows = [row.cells for row in table.rows]  # each access looks through the whole table
    for cell in read.cells:
        shown = rows[cell.row][cell.column]
        if cell.row_span > 1 or cell.column_span > 1:
            last = rows[cell.row + cell.row_span - 1][cell.column + cell.column_span - 1]
            shown = shown.merge(last)
        shown.text = xml_text(cell.text)
        if cell.row < read.header_rows:
            for run in shown.paragraphs[0].runs:
                run.bold = True
    for row in table.rows[: read.header_rows]:  # repeated on each page (ECMA-376, 17.4.78)
        row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # no public way
