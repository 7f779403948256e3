"""The blocks of a document: headings, paragraphs, items of lists, and tables.

`blocks_of` has those of a page; `flowing_blocks` those of a document whose paragraphs and tables go
on over lines, columns and pages, with the heads and feet of its pages told once.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from statistics import median
from typing import TypeAlias

from ocr_server.document.characters import has_blank
from ocr_server.document.continued_tables import repeated_rows, with_continued_tables
from ocr_server.document.model import Direction, Document, Line, Page, Table, Zone

# A hyphen at the end of a line: hyphen-minus, soft hyphen or hyphen after a letter.
_PARTED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
# A dash between figures, as in 1914-1918.
_RANGE = re.compile(r"(?<=\d)[-\u2010\u2013]$")
# What goes on after a word of which only the first half stands there: "Vor- und Nachteile".
_CONJUNCTION = re.compile(r"(?:and|or|und|oder|bis|et|ou)\b|bzw\.")
# Type half as large again as the body's is a heading's, and twice as large a title's.
_HEADINGS = ((2.0, 1), (1.5, 2))
_LONGEST_HEADING = 3  # lines; more of large type is a poster's body
_LONGEST_PARAGRAPH = 500  # lines; ten pages without the end of a sentence are no paragraph
_SENTENCE_END = re.compile(r"[.!?:;\u2026\u3002][\"'\u2019\u201d\u00bb)\]]*$")
_BULLET = re.compile(r"[\u2022\u2023\u25aa\u25cf\u25e6\u2219\u00b7*\u2013\u2014-]\s+(?=\S)")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]{2,4})[.)]\s+(?=\S)")
# The line before goes on to the next paragraph if it ends so near to the right side of its zone, as
# a share of the zone's width; the next begins no further from the left side than an indent.
_FULL, _INDENT = 0.12, 0.03
_SAME_SIZE = 0.15
_AROUND_NUMBERS = "0-\u2013\u2014.|"
_EDGE = 0.12  # of a page's height: where its head and foot are


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
class ListItem:
    """An item of a list; `text` is without the bullet, but has the number if it `is_numbered`."""

    text: str
    is_numbered: bool
    direction: Direction = Direction.LEFT_TO_RIGHT


@dataclass(frozen=True, slots=True)
class Tabular:
    """A table; its cells have the texts of their words."""

    table: Table
    lines: tuple[Line, ...] = field(default=(), compare=False, repr=False)

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """Rows of as many texts each; that of a cell that spans others is where it begins."""
        texts = {(cell.row, cell.column): cell.text for cell in self.table.cells}
        return tuple(
            tuple(texts.get((row, column), "") for column in range(self.table.columns))
            for row in range(self.table.rows)
        )


Block: TypeAlias = Heading | Paragraph | Tabular
Flowing: TypeAlias = Block | ListItem


def body_height_px(document: Document) -> float:
    """The x-height that most words of a document have; 0 without words."""
    heights = [
        line.x_height_px for page in document.pages for line in page.lines for _ in line.words
    ]
    return median(heights) if heights else 0.0


def blocks_of(page: Page, *, body_px: float, join_lines: bool) -> Iterator[Block]:
    """The blocks of a page, with their lines; `body_px` is the x-height of its ordinary text.

    There are no items of lists among them; those are told by `flowing_blocks`.
    """
    for zone in page.zones:
        if zone.table and zone.table.cells:
            yield _tabular(zone, zone.table)
            continue
        for lines in zone.paragraphs():
            level = heading_level(lines, body_px)
            direction = lines[0].direction
            if level:
                yield Heading(joined(line.text for line in lines), level, direction, lines)
            else:
                text = paragraph_text(lines, join_lines=join_lines)
                yield Paragraph(text, direction, lines)


def tables_of(document: Document) -> Iterator[Tabular]:
    """The tables of a document; one that goes on upon the next page is one."""
    return (block for block in flowing_blocks(document) if isinstance(block, Tabular))


def flowing_blocks(document: Document, *, body_px: float | None = None) -> Iterator[Flowing]:
    """The blocks of a document, joined over lines, columns and pages.

    A head or foot that pages share stands where it comes first; numbers of pages are left out.
    `body_px` is the x-height of its ordinary text.
    """
    if body_px is None:
        body_px = body_height_px(document)
    running = _running_lines(document)
    told: set[str] = set()
    held: _Open | None = None
    waiting: list[_Open] = []
    for page in with_continued_tables(document.pages):
        furniture, zones = _parted(page, running)
        for line in furniture:
            if running_key(line) not in told and running_key(line).strip(_AROUND_NUMBERS):
                told.add(running_key(line))
                yield Paragraph(line.text, line.direction)
        for zone in zones:
            for piece in _pieces(zone, body_px):
                is_edge = all(_is_at_edge(line, page) for line in piece.lines)
                if held and held.tabular and not piece.tabular and is_edge:
                    waiting.append(piece)  # the table may go on after it
                    continue
                further = held.with_next(piece) if held else None
                if further is None and held:
                    for done in (held, *waiting):
                        yield from done.blocks()
                    waiting = []
                held = further or piece
    for done in (held, *waiting) if held else ():
        yield from done.blocks()


@dataclass(frozen=True, slots=True)
class _Open:
    """A block that may go on: lines of a paragraph, with the zones of its ends, or a table."""

    lines: tuple[Line, ...] = ()
    level: int = 0
    first: Zone | None = None
    last: Zone | None = None
    marker: str = ""  # that of an item of a list, as read
    tabular: Tabular | None = None

    def with_next(self, other: _Open) -> _Open | None:
        """This block with the next, which goes on from it; None if it does not."""
        if self.tabular and other.tabular:
            longer = _with_table(self.tabular, other.tabular)
            return replace(self, tabular=longer) if longer else None
        if self.tabular or other.tabular or self.level != other.level or other.marker:
            return None
        if self.level or not self._goes_on(other):
            return None
        return replace(self, lines=(*self.lines, *other.lines), last=other.last)

    def _goes_on(self, other: _Open) -> bool:
        """Whether a paragraph goes on in the next: its sentence does, and its last line is full."""
        above, below = self.lines[-1], other.lines[0]
        if self.last is None or other.first is None or len(self.lines) > _LONGEST_PARAGRAPH:
            return False
        if above.direction is not below.direction or not above.text or not below.text:
            return False
        sizes = sorted((above.x_height_px, below.x_height_px))
        if sizes[1] > (1 + _SAME_SIZE) * sizes[0]:
            return False
        if _SENTENCE_END.search(above.text):
            return False
        if below.text[0].islower() or _PARTED.search(above.text):
            return True
        box, zone, next_zone = above.box, self.last.box, other.first.box
        room = zone.right - box.right
        indent = below.box.left - next_zone.left
        if above.direction is Direction.RIGHT_TO_LEFT:
            room, indent = box.left - zone.left, next_zone.right - below.box.right
        is_prose = len(self.lines) > 1 or len(above.words) >= 6
        is_flush = indent <= _INDENT * next_zone.width
        return is_prose and room <= _FULL * zone.width and is_flush and below.text[0].isalpha()

    def blocks(self) -> Iterator[Flowing]:
        """The finished blocks."""
        if self.tabular:
            yield self.tabular
            return
        text, direction = joined(line.text for line in self.lines), self.lines[0].direction
        if self.level:
            yield Heading(text, self.level, direction)
        elif self.marker:
            bullet = _BULLET.match(text)
            yield ListItem(text[bullet.end() :] if bullet else text, bullet is None, direction)
        else:
            yield Paragraph(text, direction)


def _pieces(zone: Zone, body_px: float) -> Iterator[_Open]:
    """The paragraphs, items of lists or the table of a zone."""
    if zone.table and zone.table.cells:
        yield _Open(tabular=_tabular(zone, zone.table))
        return
    for lines in zone.paragraphs():
        level = heading_level(lines, body_px)
        for group in [lines] if level else _items(lines):
            marker = _marker(group[0].text) if not level else ""
            yield _Open(tuple(group), level, zone, zone, marker)


def _items(lines: Sequence[Line]) -> list[list[Line]]:
    """The lines of a paragraph, divided where an item of a list begins.

    A number begins one only in a paragraph that begins with one, or after the end of a sentence.
    """
    groups: list[list[Line]] = [[lines[0]]]
    begins = _marker(lines[0].text)
    for line in lines[1:]:
        marker = _marker(line.text)
        is_item = bool(_BULLET.match(line.text)) or (
            bool(marker) and (bool(begins) or bool(_SENTENCE_END.search(groups[-1][-1].text)))
        )
        if is_item:
            groups.append([line])
        else:
            groups[-1].append(line)
    return groups


def _with_table(above: Tabular, below: Tabular) -> Tabular | None:
    """A table with the rows of the next, less a repeated head; None if it does not go on."""
    if not below.table.continues:
        return None
    dropped = repeated_rows(above.table, below.table)
    shift = above.table.rows - dropped
    cells = [
        replace(cell, row=cell.row + shift) for cell in below.table.cells if cell.row >= dropped
    ]
    longer = replace(above.table, rows=shift + below.table.rows, cells=(*above.table.cells, *cells))
    return Tabular(longer, (*above.lines, *below.lines))


def _marker(text: str) -> str:
    found = _BULLET.match(text) or _NUMBERED.match(text)
    return found[0].strip() if found else ""


def _tabular(zone: Zone, table: Table) -> Tabular:
    """The table with the words in its cells, which may have been corrected since.

    A word outside all cells goes into the nearest.
    """
    texts: list[list[str]] = [[] for _ in table.cells]
    words = zone.words
    places = table.nearest_cells([word.box.middle for word in words])
    for word, place in zip(words, places, strict=True):
        texts[place].append(word.text)
    cells = tuple(
        replace(cell, text=" ".join(some)) for cell, some in zip(table.cells, texts, strict=True)
    )
    return Tabular(replace(table, cells=cells), zone.lines)


def heading_level(lines: Sequence[Line], body_px: float) -> int:
    """1 or 2 for a heading, 0 for other text."""
    if not body_px or len(lines) > _LONGEST_HEADING:
        return 0
    size = median(line.x_height_px for line in lines) / body_px
    return next((level for least, level in _HEADINGS if size >= least), 0)


def running_key(line: Line) -> str:
    """What the heads and feet of pages have in common: their text, with all figures alike."""
    return re.sub(r"\d+", "0", "".join(line.text.split())).casefold()


def _running_lines(document: Document) -> frozenset[str]:
    """The keys of lines at the edges of a third of the pages, at least two; of numbers, of two."""
    counts: Counter[str] = Counter()
    for page in document.pages:
        counts.update({running_key(line) for line in page.lines if _is_at_edge(line, page)})
    least = max(2, len(document.pages) / 3)
    return frozenset(
        key
        for key, count in counts.items()
        if count >= (2 if not key.strip(_AROUND_NUMBERS) else least)
    )


def _is_at_edge(line: Line, page: Page) -> bool:
    middle = line.box.middle.y
    return not _EDGE * page.height_px < middle < (1 - _EDGE) * page.height_px


def _parted(page: Page, running: frozenset[str]) -> tuple[list[Line], list[Zone]]:
    """The head and foot of a page, and its zones without them."""
    furniture: list[Line] = []
    zones: list[Zone] = []
    for zone in page.zones:
        if zone.table:
            zones.append(zone)
            continue
        kept: list[Line] = []
        for line in zone.lines:
            is_running = _is_at_edge(line, page) and running_key(line) in running
            (furniture if is_running else kept).append(line)
        if kept:
            zones.append(replace(zone, lines=tuple(kept)))
    return furniture, zones


def paragraph_text(lines: Iterable[Line], *, join_lines: bool) -> str:
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
