"""HTML: a section for each page, with headings, paragraphs, lists and tables whose cells span.

One file without scripts, styles and links. Source: HTML Living Standard, 4.3 (sections), 4.9
(tables), 3.2.6 (lang and dir).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape
from itertools import groupby
from pathlib import Path

from ocr_server.document.languages import tag_of
from ocr_server.document.model import Cell, Direction, Document
from ocr_server.document.roles import Role, Roles
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
from ocr_server.export.rendering import Rendering
from ocr_server.export.xml import xml_text

# Elements of a section (4.3.8 and 4.3.9).
_RUNNING = {Role.HEADER: "header", Role.FOOTER: "footer", Role.PAGE_NUMBER: "footer"}


def render_html(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """The pages as sections; the lines of prose are joined unless they are to be kept."""
    del sources  # the text is to be read; the picture is not
    tag = tag_of(document.language)
    language = f' lang="{escape(tag)}"' if tag else ""
    yield (
        f'<!DOCTYPE html>\n<html{language}>\n<head>\n<meta charset="utf-8">\n'
        f"<title>{escape(_title_of(document))}</title>\n</head>\n<body>\n"
    ).encode()
    roles = Roles.of(document.pages)
    for page in furnished(document.pages, roles, rendering.furniture):
        blocks = (
            flowing_blocks([page], roles, keep_rows=rendering.keeps_rows)
            if rendering.flows
            else blocks_of(page, roles, join_lines=False)
        )
        inner = elements_of(blocks)
        section = f'<section id="page-{page.number}">\n{inner}\n</section>\n'
        yield section.encode(errors="replace")
    yield b"</body>\n</html>\n"


def _title_of(document: Document) -> str:
    first = next((page.lines[0].text for page in document.pages if page.lines), "")
    return xml_text(first)[:200]


def elements_of(blocks: Iterable[Block]) -> str:
    """Blocks as elements of a page."""
    return "\n".join(_elements(blocks))


def _elements(blocks: Iterable[Block]) -> Iterator[str]:
    for kind, group in groupby(blocks, lambda block: isinstance(block, ListItem)):
        if kind:
            yield from _lists(block for block in group if isinstance(block, ListItem))
        else:
            yield from map(_element, group)


def _lists(items: Iterable[ListItem]) -> Iterator[str]:
    """Lists of bullets; items with numbers keep those as they were read, in a list of its own."""
    for numbered, group in groupby(items, lambda item: item.is_numbered):
        style = ' style="list-style: none"' if numbered else ""
        inner = "\n".join(f"<li{_dir(item.direction)}>{_text(item.text)}</li>" for item in group)
        yield f"<ul{style}>\n{inner}\n</ul>"


def _element(block: Block) -> str:
    match block:
        case Heading(text, level, direction):
            return f"<h{level}{_dir(direction)}>{_text(text)}</h{level}>"
        case Paragraph(text, direction, role=role) if role in _RUNNING:
            return f"<{_RUNNING[role]}{_dir(direction)}>{_text(text)}</{_RUNNING[role]}>"
        case Paragraph(text, direction) | ListItem(text, _, direction):
            return f"<p{_dir(direction)}>{_text(text)}</p>"
        case Tabular():
            return html_table(block)


def html_table(block: Tabular) -> str:
    """A table whose cells span; the rows of its head, where they are sure, are marked as such."""
    table = block.table
    cells = {(cell.row, cell.column): cell for cell in table.cells}
    covered = {
        (row, column)
        for cell in table.cells
        for row in range(cell.row, cell.row + cell.row_span)
        for column in range(cell.column, cell.column + cell.column_span)
        if (row, column) != (cell.row, cell.column)
    }
    shown = []
    for row in range(table.rows):
        tag = "th" if row < table.header_rows else "td"
        places = ((row, column) for column in range(table.columns))
        inner = (_cell(tag, cells.get(place)) for place in places if place not in covered)
        shown.append(f"<tr>{''.join(inner)}</tr>")
    head, body = (
        "".join(some) for some in (shown[: table.header_rows], shown[table.header_rows :])
    )
    parts = (head and f"<thead>{head}</thead>", body and f"<tbody>{body}</tbody>")
    return f"<table>{''.join(parts)}</table>"


def _cell(tag: str, cell: Cell | None) -> str:
    if cell is None:
        return f"<{tag}></{tag}>"
    spans = f' rowspan="{cell.row_span}"' * (cell.row_span > 1)
    spans += f' colspan="{cell.column_span}"' * (cell.column_span > 1)
    return f"<{tag}{spans}>{_text(cell.text)}</{tag}>"


def _dir(direction: Direction) -> str:
    return ' dir="rtl"' if direction is Direction.RIGHT_TO_LEFT else ""


def _text(text: str) -> str:
    return escape(xml_text(text), quote=False).replace("\n", "<br>\n")
