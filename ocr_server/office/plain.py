"""Blocks as plain values of one type, as they cross from a worker process to the server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph, Tabular
from ocr_server.office.html import table_of


class PlainKind(StrEnum):
    """What a plain block is."""

    HEADING = "heading"
    PARAGRAPH = "paragraph"
    ITEM = "item"
    TABLE = "table"


@dataclass(frozen=True, slots=True)
class PlainBlock:
    """A block without its lines: a table has `rows` and no text, a heading its `level`."""

    kind: PlainKind
    text: str = ""
    level: int = 1
    bullet: str = ""  # of an item; empty if its number is in the text
    rows: tuple[tuple[str, ...], ...] = ()

    @classmethod
    def of(cls, block: Block) -> PlainBlock:
        """What is plain of a block."""
        match block:
            case Heading(text, level):
                return cls(PlainKind.HEADING, text, level=level)
            case ListItem(text, bullet=bullet):
                return cls(PlainKind.ITEM, text, bullet=bullet)
            case Tabular():
                return cls(PlainKind.TABLE, rows=block.rows)
            case Paragraph(text):
                return cls(PlainKind.PARAGRAPH, text)

    @property
    def size(self) -> int:
        """The number of its letters."""
        return len(self.text) + sum(len(text) for row in self.rows for text in row)

    def blocks(self) -> Iterator[Block]:
        """The block, without lines and places; none of a table without cells."""
        match self.kind:
            case PlainKind.HEADING:
                yield Heading(self.text, self.level)
            case PlainKind.ITEM:
                yield ListItem(self.text, is_numbered=not self.bullet, bullet=self.bullet)
            case PlainKind.TABLE:
                yield from table_of([list(row) for row in self.rows])
            case PlainKind.PARAGRAPH:
                yield Paragraph(self.text)
