"""A document as Amazon Textract's blocks: places in shares of the page, confidences to 100.

Order: of each page its PAGE, LINEs and WORDs, then tables with their cells, then the layout.
Source: Amazon Textract Developer Guide, "Text Detection and Document Analysis Response Objects".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count, groupby
from typing import Any, TypeAlias

from ocr_server.document.model import (
    Document,
    Line,
    Page,
    Word,
    Zone,
    ZoneKind,
    confidence_of,
    mean_confidence,
)
from ocr_server.document.roles import Role, Roles
from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph, Tabular, blocks_of
from ocr_server.geometry import Box, Quad

TABLES, LAYOUT = "TABLES", "LAYOUT"
_HEADINGS = {1: "LAYOUT_TITLE", 2: "LAYOUT_SECTION_HEADER"}
_RUNNING = {
    Role.HEADER: "LAYOUT_HEADER",
    Role.FOOTER: "LAYOUT_FOOTER",
    Role.PAGE_NUMBER: "LAYOUT_PAGE_NUMBER",
}

Json: TypeAlias = dict[str, Any]  # as mixed as what Textract answers


def document_blocks(document: Document, features: Sequence[str] = ()) -> Iterator[Json]:
    """The blocks of all pages; tables and layout where the features name them."""
    numbers = map(str, count(1))
    roles = Roles.of(document.pages) if LAYOUT in features else Roles()
    for page in document.pages:
        page_id = next(numbers)
        blocks = list(_blocks(page, numbers, features, roles))
        on_page = [one["Id"] for one in blocks if one["BlockType"] not in {"WORD", "CELL"}]
        whole = Box(0, 0, page.width_px, page.height_px).quad()
        yield {
            "BlockType": "PAGE",
            "Id": page_id,
            **_place(page, whole),
            **_children(on_page),
        }
        yield from blocks


def _blocks(
    page: Page, ids: Iterator[str], features: Sequence[str], roles: Roles
) -> Iterator[Json]:
    lines = page.lines
    line_ids = [next(ids) for _ in lines]
    word_ids = [[next(ids) for _ in line.words] for line in lines]
    for line, id_, words in zip(lines, line_ids, word_ids, strict=True):
        yield _text("LINE", id_, page, line.text, line) | _children(words)
    for line, words in zip(lines, word_ids, strict=True):
        kind = "HANDWRITING" if line.handwritten else "PRINTED"
        for word, id_ in zip(line.words, words, strict=True):
            yield _text("WORD", id_, page, word.text, word) | {"TextType": kind}
    first = 0
    for zone in page.zones:
        of_zone = [id_ for some in word_ids[first : first + len(zone.lines)] for id_ in some]
        first += len(zone.lines)
        if zone.table and TABLES in features:
            yield from _table(page, zone, of_zone, ids)
    if LAYOUT in features:
        yield from _layout(page, line_ids, ids, roles)


def _table(page: Page, zone: Zone, word_ids: Sequence[str], ids: Iterator[str]) -> Iterator[Json]:
    assert zone.table is not None  # noqa: S101  # as the caller has seen
    words_of: dict[int | None, list[int]] = {}
    for index, cell in enumerate(zone.table.cells_at(word.box.middle for word in zone.words)):
        words_of.setdefault(cell, []).append(index)
    heads = zone.table.header_rows
    cells = [
        {
            "BlockType": "CELL",
            "Id": next(ids),
            "RowIndex": cell.row + 1,
            "ColumnIndex": cell.column + 1,
            "RowSpan": cell.row_span,
            "ColumnSpan": cell.column_span,
            "Confidence": _percent(
                mean_confidence(tuple(zone.words[at] for at in words_of.get(index, ())))
            ),
            **({"EntityTypes": ["COLUMN_HEADER"]} if cell.row < heads else {}),
            **_place(page, cell.quad),
            **_children([word_ids[at] for at in words_of.get(index, ())]),
        }
        for index, cell in enumerate(zone.table.cells)
    ]
    yield {
        "BlockType": "TABLE",
        "Id": next(ids),
        "EntityTypes": ["STRUCTURED_TABLE"],
        "Confidence": _percent(zone.confidence),
        **_place(page, zone.quad),
        **_children([cell["Id"] for cell in cells]),
    }
    yield from cells


def _layout(
    page: Page, line_ids: Sequence[str], ids: Iterator[str], roles: Roles
) -> Iterator[Json]:
    """The layout in reading order; items of lists are the children of a list."""
    left = iter(line_ids)
    blocks = blocks_of(page, roles, join_lines=False)
    for is_list, some in groupby(blocks, lambda block: isinstance(block, ListItem)):
        group = list(some)
        shown = [
            _layout_block(page, block, next(ids), [next(left) for _ in block.lines])
            for block in group
        ]
        if is_list:
            lines = tuple(line for block in group for line in block.lines)
            children = [block["Id"] for block in shown]
            yield _around(page, "LAYOUT_LIST", lines, next(ids), children)
        yield from shown
    for zone in page.zones:
        if zone.kind is ZoneKind.PICTURE:
            place = _place(page, zone.quad)
            yield {"BlockType": "LAYOUT_FIGURE", "Id": next(ids), "Confidence": 100.0, **place}


def _layout_block(page: Page, block: Block, id_: str, children: Sequence[str]) -> Json:
    match block:
        case Heading(_, level):
            kind = _HEADINGS[level]
        case Tabular():
            kind = "LAYOUT_TABLE"
        case Paragraph(role=role):
            kind = _RUNNING.get(role, "LAYOUT_TEXT")
        case _:
            kind = "LAYOUT_TEXT"
    return _around(page, kind, block.lines, id_, children)


def _around(
    page: Page, kind: str, lines: Sequence[Line], id_: str, children: Sequence[str]
) -> Json:
    return {
        "BlockType": kind,
        "Id": id_,
        "Confidence": _percent(confidence_of(lines)),
        **_place(page, Line.joined(lines).quad),
        **_children(children),
    }


def _text(kind: str, id_: str, page: Page, text: str, shown: Line | Word) -> Json:
    return {
        "BlockType": kind,
        "Id": id_,
        "Text": text,
        "Confidence": _percent(shown.confidence),
        **_place(page, shown.quad),
    }


def _children(ids: Sequence[str]) -> Json:
    """The relationship of a block to others; a block without children has none."""
    return {"Relationships": [{"Type": "CHILD", "Ids": ids}]} if ids else {}


def _place(page: Page, quad: Quad) -> Json:
    box = quad.box
    width_px, height_px = page.width_px, page.height_px
    return {
        "Page": page.number,
        "Geometry": {
            "BoundingBox": {
                "Left": round(box.left / width_px, 6),
                "Top": round(box.top / height_px, 6),
                "Width": round(box.width / width_px, 6),
                "Height": round(box.height / height_px, 6),
            },
            "Polygon": [
                {"X": round(point.x / width_px, 6), "Y": round(point.y / height_px, 6)}
                for point in quad
            ],
        },
    }


def _percent(share: float) -> float:
    return round(100 * share, 3)
