"""A document as a `DoclingDocument`: headings, texts and tables, with boxes in pixels.

Source: docling-core, JSON schema of DoclingDocument 1.3.0.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

from ocr_server.document.model import Document, Page, Table, hull_of
from ocr_server.document.roles import FURNITURE, Role, Roles
from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph, Tabular, blocks_of
from ocr_server.geometry import Box
from ocr_server.office.plain import PlainBlock
from ocr_server.sources.signatures import media_type_of_file

SCHEMA_VERSION = "1.3.0"
_BODY = {"$ref": "#/body"}
Json: TypeAlias = dict[str, Any]  # as mixed as what docling answers


def docling_document(document: Document, name: str, file: Path) -> Json:
    """The JSON of a document that was read from a file of that name."""
    roles = Roles.of(document.pages)
    items = (
        (block, _place(page, block))
        for page in document.pages
        for block in blocks_of(page, roles, join_lines=True)
    )
    pages = {
        str(page.number): {
            "page_no": page.number,
            "size": {"width": page.width_px, "height": page.height_px},
        }
        for page in document.pages
    }
    return _document(items, pages, name, file, media_type_of_file(file))


def office_document(
    blocks: Iterable[PlainBlock], name: str, file: Path, media_type: str | None
) -> Json:
    """The JSON of a file that has text of its own: it has no pages, and its blocks no places."""
    items: Iterator[tuple[Block, list[Json]]] = (
        (block, []) for plain in blocks for block in plain.blocks()
    )
    return _document(items, {}, name, file, media_type)


def _document(
    items: Iterable[tuple[Block, list[Json]]],
    pages: Json,
    name: str,
    file: Path,
    media_type: str | None,
) -> Json:
    """The JSON of blocks with their places."""
    texts: list[Json] = []
    tables: list[Json] = []
    children: list[Json] = []
    for block, place in items:
        among, group = (tables, "tables") if isinstance(block, Tabular) else (texts, "texts")
        reference = f"#/{group}/{len(among)}"
        children.append({"$ref": reference})
        among.append({"self_ref": reference, "parent": _BODY, **_item(block, place)})
    return {
        "schema_name": "DoclingDocument",
        "version": SCHEMA_VERSION,
        "name": Path(name).stem,
        "origin": {
            "mimetype": media_type or "application/octet-stream",
            "binary_hash": _hash(file),
            "filename": name,
        },
        "furniture": _root("#/furniture", "furniture", []),
        "body": _root("#/body", "body", children),
        "groups": [],
        "texts": texts,
        "pictures": [],
        "tables": tables,
        "key_value_items": [],
        "form_items": [],
        "pages": pages,
    }


def _place(page: Page, block: Block) -> list[Json]:
    length = 0 if isinstance(block, Tabular) else len(block.text)
    box = _bbox(hull_of(block.lines))
    return [{"page_no": page.number, "bbox": box, "charspan": [0, length]}]


def _item(block: Block, place: list[Json]) -> Json:
    item: Json = {"children": [], "content_layer": "body", "prov": place}
    if isinstance(block, Tabular):
        return item | {"label": "table", "captions": [], "references": [], "footnotes": [],
                       "data": _table(block.table, has_places=bool(place))}  # fmt: skip
    item |= {"orig": block.text, "text": block.text}
    match block:
        case Heading(_, level):
            return item | {"label": "section_header", "level": level}
        case ListItem():
            marker = block.bullet or "-"  # numbers stand in the text
            return item | {
                "label": "list_item", "enumerated": block.is_numbered, "marker": marker,
            }  # fmt: skip
        case Paragraph(role=role) if role in FURNITURE:
            label = "page_header" if role is Role.HEADER else "page_footer"
            return item | {"label": label, "content_layer": "furniture"}
        case _:
            return item | {"label": "text"}


def _table(table: Table, *, has_places: bool) -> Json:
    return {
        "num_rows": table.rows,
        "num_cols": table.columns,
        "table_cells": [
            {
                "bbox": _bbox(cell.quad.box) if has_places else None,
                "text": " ".join(cell.text.split()),
                "row_span": cell.row_span,
                "col_span": cell.column_span,
                "column_header": cell.row < table.header_rows,
                "start_row_offset_idx": cell.row,
                "end_row_offset_idx": cell.row + cell.row_span,
                "start_col_offset_idx": cell.column,
                "end_col_offset_idx": cell.column + cell.column_span,
            }
            for cell in table.cells
        ],
    }


def _bbox(box: Box) -> Json:
    return {
        "l": box.left, "t": box.top, "r": box.right, "b": box.bottom, "coord_origin": "TOPLEFT",
    }  # fmt: skip


def _root(reference: str, layer: str, children: list[Json]) -> Json:
    return {
        "self_ref": reference,
        "children": children,
        "content_layer": layer,
        "name": "_root_",
        "label": "unspecified",
    }


def _hash(file: Path) -> int:
    """64 bits that tell files apart."""
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").digest()
    return int.from_bytes(digest[:8], "big")
