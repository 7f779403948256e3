"""Plain text in reading order, and its headings, paragraphs and tables.

`render_text` is the format; `blocks_of` gives the blocks that Markdown and Word are made of.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import TypeAlias

from ocr_server.document.characters import has_blank
from ocr_server.document.model import Direction, Document, Line, Page, Table, Word
from ocr_server.export.layout_text import layout_text
from ocr_server.job import LineUse, Rendering

# A hyphen at the end of a line: hyphen-minus, soft hyphen or hyphen after a letter.
_PARTED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
# A dash between figures, as in 1914-1918.
_RANGE = re.compile(r"(?<=\d)[-\u2010\u2013]$")
# What goes on after a word of which only the first half stands there: "Vor- und Nachteile".
_CONJUNCTION = re.compile(r"(?:and|or|und|oder|bis|et|ou)\b|bzw\.")
# Type half as large again as the body's is a heading's, and twice as large a title's.
_HEADINGS = ((2.0, 1), (1.5, 2))
_LONGEST_HEADING = 3  # lines; more of large type is a poster's body


def render_text(
    document: Document, sources: tuple[Path, ...], rendering: Rendering
) -> Iterator[bytes]:
    """Lines, an empty line between paragraphs and zones, a form feed between pages.

    With `LineUse.LAYOUT` they stand as on the page (`layout_text`).
    """
    del sources  # plain text shows no picture
    for position, page in enumerate(document.pages):
        if position:
            yield b"\f"
        yield page_text(page, rendering.lines).encode(errors="replace")
    yield b"\n"


def page_text(page: Page, lines: LineUse) -> str:
    """The page's text; where lines are kept it is the page's own."""
    match lines:
        case LineUse.KEEP:
            return page.text
        case LineUse.LAYOUT:
            return layout_text(page)
        case LineUse.JOIN:
            paragraphs = (lines for zone in page.zones for lines in zone.paragraphs())
            return "\n\n".join(joined(line.text for line in lines) for lines in paragraphs)


def paragraph_text(lines: tuple[Line, ...], *, join_lines: bool) -> str:
    """The text of a paragraph, its lines kept or joined."""
    texts = (line.text for line in lines)
    return joined(texts) if join_lines else "\n".join(texts)


def joined(lines: Iterable[str]) -> str:
    """Lines as one: a parted word whole again, and no blank where the script has none."""
    text = ""
    for line in lines:
        is_parted = line[:1].isalnum() and _PARTED.search(text[-2:])
        if is_parted and not _CONJUNCTION.match(line):
            # A small letter says that the word goes on, unless it has hyphens of its own.
            is_one_word = line[0].islower() and "-" not in text[:-1].rpartition(" ")[2]
            text = (text[:-1] if is_one_word or text[-1] == "\u00ad" else text) + line
        elif line[:1].isdigit() and _RANGE.search(text[-2:]):
            text += line
        else:
            text += f" {line}" if has_blank(text, line) else line
    return text


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 or 2, on one line."""

    text: str
    level: int
    direction: Direction = Direction.LEFT_TO_RIGHT
    lines: tuple[Line, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph; its lines are parted by line breaks unless they were joined."""

    text: str
    direction: Direction = Direction.LEFT_TO_RIGHT
    lines: tuple[Line, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Tabular:
    """A table: rows of as many cells each."""

    rows: tuple[tuple[str, ...], ...]
    lines: tuple[Line, ...] = field(default=(), compare=False, repr=False)
    table: Table | None = field(default=None, compare=False, repr=False)


Block: TypeAlias = Heading | Paragraph | Tabular


def body_height_px(document: Document) -> float:
    """The x-height that most words of a document have; 0 without words."""
    heights = [
        line.x_height_px for page in document.pages for line in page.lines for _ in line.words
    ]
    return median(heights) if heights else 0.0


def blocks_of(page: Page, *, body_px: float, join_lines: bool) -> Iterator[Block]:
    """The blocks of a page, with their lines; `body_px` is the x-height of its ordinary text."""
    for zone in page.zones:
        rows = _rows(zone.table, zone.words) if zone.table else None
        if rows:
            yield Tabular(rows, zone.lines, zone.table)
            continue
        for lines in zone.paragraphs():
            level = heading_level(lines, body_px)
            direction = lines[0].direction
            if level:
                yield Heading(joined(line.text for line in lines), level, direction, lines)
            else:
                text = paragraph_text(lines, join_lines=join_lines)
                yield Paragraph(text, direction, lines)


def heading_level(lines: tuple[Line, ...], body_px: float) -> int:
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
