"""The blocks of a document: headings, paragraphs, items of lists, and tables.

`blocks_of` has those of a page; `flowing_blocks` those of a document whose paragraphs and tables go
on over lines, columns and pages; `furnished` leaves the heads and feet of pages in or out.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ocr_server.document.continued_tables import repeated_rows, with_continued_tables
from ocr_server.document.line_ends import PARTED, are_rows, is_of_figures, is_prose, joined
from ocr_server.document.model import Direction, Document, Line, Page, Table, Zone
from ocr_server.document.roles import (
    FURNITURE,
    Passage,
    Role,
    Roles,
    Running,
    ends_sentence,
    is_at_edge,
    without_bullet,
)
from ocr_server.export.rendering import FurnitureUse

_LONGEST_PARAGRAPH = 500  # lines; ten pages without the end of a sentence are no paragraph
# The line before goes on to the next paragraph if it ends so near to the right side of its zone, as
# a share of the zone's width; the next begins no further from the left side than an indent.
_FULL, _INDENT = 0.12, 0.03
_SAME_SIZE = 0.15
_LEVELS = {Role.TITLE: 1, Role.HEADING: 2}


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading of level 1 or 2, on one line."""

    text: str
    level: int
    direction: Direction = Direction.LEFT_TO_RIGHT
    lines: tuple[Line, ...] = field(default=(), compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A paragraph, or a head, foot or number of a page.

    Its lines are parted by line breaks unless they were joined.
    """

    text: str
    direction: Direction = Direction.LEFT_TO_RIGHT
    lines: tuple[Line, ...] = field(default=(), compare=False, repr=False)
    role: Role = Role.TEXT


@dataclass(frozen=True, slots=True)
class ListItem:
    """An item of a list; `text` is without the bullet, but has the number if it `is_numbered`."""

    text: str
    is_numbered: bool
    direction: Direction = Direction.LEFT_TO_RIGHT
    lines: tuple[Line, ...] = field(default=(), compare=False, repr=False)
    bullet: str = field(default="", compare=False)

    @property
    def whole(self) -> str:
        """The text with its bullet or number."""
        return f"{self.bullet} {self.text}" if self.bullet else self.text


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


Block: TypeAlias = Heading | Paragraph | ListItem | Tabular


def blocks_of(page: Page, roles: Roles, *, join_lines: bool) -> Iterator[Block]:
    """The blocks of a page, with their lines."""
    for zone in page.zones:
        if zone.table and zone.table.cells:
            yield _tabular(zone, zone.table)
            continue
        for passage in roles.passages(page, zone):
            yield _block(passage, join_lines=join_lines)


def tables_of(document: Document) -> Iterator[Tabular]:
    """The tables of a document; one that goes on upon the next page is one."""
    blocks = flowing_blocks(document.pages, Roles())
    return (block for block in blocks if isinstance(block, Tabular))


def furnished(
    pages: Iterable[Page], roles: Roles, use: FurnitureUse, *, told_before: Iterable[int] = ()
) -> Iterator[Page]:
    """The pages with their heads, feet and numbers kept, dropped, or told once.

    Told once, a head or foot stands where it comes first, unless its group was `told_before`;
    numbers of pages are left out.
    """
    told = set(told_before)
    for page in pages:
        match use:
            case FurnitureUse.DROP:
                yield roles.filtered(page, lambda _: False)
            case FurnitureUse.ONCE:
                before = frozenset(told)

                def is_new(running: Running, before: frozenset[int] = before) -> bool:
                    told.add(running.group)
                    return running.role is not Role.PAGE_NUMBER and running.group not in before

                yield roles.filtered(page, is_new)
            case _:
                yield page


def flowing_blocks(
    pages: Iterable[Page], roles: Roles, *, keep_rows: bool = False
) -> Iterator[Block]:
    """The blocks of pages, joined over lines, columns and pages.

    A paragraph or table that goes on behind the foot of a page stands before it. With `keep_rows`
    lines that are no prose keep their ends, as those of receipts do.
    """
    held: _Open | None = None
    waiting: list[_Open] = []
    for page in with_continued_tables(pages):
        no_table = [line for zone in page.zones if not zone.table for line in zone.lines]
        on_receipt = keep_rows and is_of_figures(no_table)
        for zone in page.zones:
            for piece in _pieces(page, zone, roles, keep_rows=keep_rows, on_receipt=on_receipt):
                is_edge = all(is_at_edge(line, page) for line in piece.lines)
                is_beside = piece.role in FURNITURE or (
                    held is not None and held.tabular and not piece.tabular and is_edge
                )
                if held and is_beside:
                    waiting.append(piece)  # what is held may go on after it
                    continue
                further = held.with_next(piece) if held else None
                if further is None and held:
                    for done in (held, *waiting):
                        yield done.block()
                    waiting = []
                held = further or piece
    for done in (held, *waiting) if held else ():
        yield done.block()


@dataclass(frozen=True, slots=True)
class _Open:
    """A block that may go on: lines of a paragraph, with the zones of its ends, or a table."""

    lines: tuple[Line, ...] = ()
    role: Role = Role.TEXT
    first: Zone | None = None
    last: Zone | None = None
    marker: str = ""
    tabular: Tabular | None = None
    has_rows: bool = False

    def with_next(self, other: _Open) -> _Open | None:
        """This block with the next, which goes on from it; None if it does not."""
        if self.tabular and other.tabular:
            longer = _with_table(self.tabular, other.tabular)
            return replace(self, tabular=longer) if longer else None
        if self.tabular or other.tabular or other.role is not Role.TEXT:
            return None
        if self.role not in {Role.TEXT, Role.LIST_ITEM} or self.has_rows or other.has_rows:
            return None
        if not self._goes_on(other):
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
        if ends_sentence(above.text):
            return False
        if below.text[0].islower() or PARTED.search(above.text):
            return True
        box, zone, next_zone = above.box, self.last.box, other.first.box
        room = zone.right - box.right
        indent = below.box.left - next_zone.left
        if above.direction is Direction.RIGHT_TO_LEFT:
            room, indent = box.left - zone.left, next_zone.right - below.box.right
        is_prose = len(self.lines) > 1 or len(above.words) >= 6
        is_flush = indent <= _INDENT * next_zone.width
        return is_prose and room <= _FULL * zone.width and is_flush and below.text[0].isalpha()

    def block(self) -> Block:
        """The finished block."""
        if self.tabular:
            return self.tabular
        passage = Passage(self.role, self.lines, self.marker)
        return _block(passage, join_lines=not self.has_rows)


def _pieces(
    page: Page, zone: Zone, roles: Roles, *, keep_rows: bool, on_receipt: bool
) -> Iterator[_Open]:
    """The paragraphs, items of lists or the table of a zone."""
    if zone.table and zone.table.cells:
        yield _Open(tabular=_tabular(zone, zone.table))
        return
    for passage in roles.passages(page, zone):
        role, lines = passage.role, passage.lines
        if on_receipt and len(lines) > 1 and role in _LEVELS and not is_prose(lines):
            role = Role.TEXT  # rows in large print
        has_rows = (
            keep_rows
            and role is Role.TEXT
            and (are_rows(lines) or (on_receipt and not is_prose(lines)))
        )
        yield _Open(lines, role, zone, zone, passage.marker, has_rows=has_rows)


def _block(passage: Passage, *, join_lines: bool) -> Heading | Paragraph | ListItem:
    lines, direction = passage.lines, passage.lines[0].direction
    text = paragraph_text(lines, join_lines=join_lines)
    if level := _LEVELS.get(passage.role):
        return Heading(joined(line.text for line in lines), level, direction, lines)
    if passage.role is Role.LIST_ITEM:
        plain = without_bullet(text)
        is_numbered = plain == text
        return ListItem(plain, is_numbered, direction, lines, "" if is_numbered else passage.marker)
    return Paragraph(text, direction, lines, passage.role)


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


def paragraph_text(lines: Iterable[Line], *, join_lines: bool) -> str:
    """The text of a paragraph, its lines kept or joined."""
    texts = (line.text for line in lines)
    return joined(texts) if join_lines else "\n".join(texts)
