"""Text and blocks of a file as plain values, as they cross from a worker process to the server."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal, TypeAlias

from ocr_server.errors import AnswerTooLarge
from ocr_server.export.blocks import Block, Heading, ListItem, Paragraph, Tabular
from ocr_server.export.html import elements_of
from ocr_server.export.markdown import markdown_of
from ocr_server.export.text import blocks_text
from ocr_server.office.html import table_of

OfficeForm: TypeAlias = Literal["text", "markdown", "html"]
_FORMS: Mapping[OfficeForm, Callable[[Iterable[Block]], str]] = {
    "text": blocks_text,
    "markdown": markdown_of,
    "html": elements_of,
}


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


@dataclass(frozen=True, slots=True)
class OfficeText:
    """The text of a file in some forms, its blocks, and what pictures could not be read for."""

    texts: dict[OfficeForm, str]
    blocks: tuple[PlainBlock, ...] = ()
    problems: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        blocks: Sequence[Block],
        forms: Iterable[OfficeForm],
        *,
        wants_blocks: bool,
        most_bytes: int,
    ) -> OfficeText:
        """The blocks in each of the forms.

        Raises:
            AnswerTooLarge: it has more bytes than the limit.
        """
        texts = {form: _FORMS[form](blocks) for form in forms}
        plain = tuple(map(PlainBlock.of, blocks)) if wants_blocks else ()
        if sum(map(len, texts.values())) + sum(block.size for block in plain) > most_bytes:
            raise AnswerTooLarge.of(most_bytes)
        return cls(texts, plain)
