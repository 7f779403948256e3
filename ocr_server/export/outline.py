"""Pages as a word processor sees them: headings, paragraphs and tables in reading order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeAlias

from ocr_server.document.model import Direction, Document, Line, Page, Table, Word
from ocr_server.export.text import joined, paragraph_text

# Type half as large again as the body's is a heading's, and twice as large a title's.
_HEADINGS = ((2.0, 1), (1.5, 2))
_LONGEST_HEADING = 3  # lines; more of large type is a poster's body


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 or 2, on one line."""

    text: str
    level: int
    direction: Direction = Direction.LEFT_TO_RIGHT


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; its lines are parted by line breaks unless they were joined."""

    text: str
    direction: Direction = Direction.LEFT_TO_RIGHT


@dataclass(frozen=True, slots=True)
class Tabular:
    """A table: rows of as many cells each."""

    rows: tuple[tuple[str, ...], ...]


Block: TypeAlias = Heading | Paragraph | Tabular


def body_height_px(document: Document) -> float:
    """The x-height that most words of a document have; 0 without words."""
    heights = [
        line.x_height_px for page in document.pages for line in page.lines for _ in line.words
    ]
    return median(heights) if heights else 0.0


def blocks_of(page: Page, *, body_px: float, join_lines: bool) -> Iterator[Block]:
    """The blocks of a page; `body_px` is the x-height of its ordinary text."""
    for zone in page.zones:
        rows = _rows(zone.table, zone.words) if zone.table else None
        if rows:
            yield Tabular(rows)
            continue
        for lines in zone.paragraphs():
            level = _level(lines, body_px)
            direction = lines[0].direction
            if level:
                yield Heading(joined(line.text for line in lines), level, direction)
            else:
                yield Paragraph(paragraph_text(lines, join_lines=join_lines), direction)


def _level(lines: tuple[Line, ...], body_px: float) -> int:
    """1 or 2 for a heading, 0 for other text."""
    if not body_px or len(lines) > _LONGEST_HEADING:
        return 0
    size = median(line.x_height_px for line in lines) / body_px
    return next((level for least, level in _HEADINGS if size >= least), 0)


def _rows(table: Table, words: Sequence[Word]) -> tuple[tuple[str, ...], ...] | None:
    """The texts of a table's cells, from the words, which may have been corrected since.

    None where a word stands outside all cells: as a table it would be lost.
    """
    texts: dict[tuple[int, int], list[str]] = {(cell.row, cell.column): [] for cell in table.cells}
    for word, place in zip(words, table.cells_at(word.box.middle for word in words), strict=True):
        if place is None:
            return None
        cell = table.cells[place]
        texts[cell.row, cell.column].append(word.text)
    return tuple(
        tuple(" ".join(texts.get((row, column), ())) for column in range(table.columns))
        for row in range(table.rows)
    )
