"""Tables that go on upon the next page: found, and the head that is repeated there told.

The last table of a page goes on if nothing but a foot stands below it, and nothing but a head above
the first table of the next page, if both have the same columns, and the second no other head.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from statistics import median

from ocr_server.document.model import Page, Table

# Shares of the page's height: text beyond is its head or foot; a table that goes on ends below, and
# begins above.
_HEAD, _FOOT = 0.12, 0.88
_LOWEST_END, _HIGHEST_START = 0.6, 0.4
# Shares of the page's width that sides of columns differ by: at most, and in the mean.
_MOST_APART, _MEAN_APART = 0.06, 0.03
_ALIKE = 0.8  # of two texts of heads
_TOTAL = re.compile(
    r"(grand )?total\b|sum\b|summe\b|gesamt|somme\b|totale?s?\b|suma\b", re.IGNORECASE
)
_FIGURE = re.compile(r"[^A-Za-z]*\d[^A-Za-z]*")


def with_continued_tables(pages: Iterable[Page]) -> Iterator[Page]:
    """The pages, with `continues` on tables that go on one of the page before."""
    before: Page | None = None
    for page in pages:
        marked = _marked(before, page) if before else page
        yield marked
        before = marked


def repeated_rows(before: Table, table: Table) -> int:
    """How many rows at the top of a table are the head of the one that it goes on."""
    for count in {before.header_rows, table.header_rows, 1} - {0}:
        if count < min(before.rows, table.rows) and _are_alike(before, table, count):
            return count
    return 0


def _marked(before: Page, page: Page) -> Page:
    last, (index, first) = _last_table(before), _first_table(page)
    if last is None or first is None or first.continues:
        return page
    if not _goes_on(before, last, page, first):
        return page
    marked = replace(page.zones[index], table=replace(first, continues=True))
    return replace(page, zones=(*page.zones[:index], marked, *page.zones[index + 1 :]))


def _last_table(page: Page) -> Table | None:
    """The table at the end of a page, with nothing but its foot below."""
    for zone in reversed(page.zones):
        if zone.table:
            return zone.table if zone.box.bottom > _LOWEST_END * page.height_px else None
        if zone.lines and zone.box.top < _FOOT * page.height_px:
            return None
    return None


def _first_table(page: Page) -> tuple[int, Table | None]:
    """Index of its zone and the table that begins a page, with nothing but its head above."""
    for index, zone in enumerate(page.zones):
        if zone.table:
            return index, zone.table if zone.box.top < _HIGHEST_START * page.height_px else None
        if zone.lines and zone.box.bottom > _HEAD * page.height_px:
            return 0, None
    return 0, None


def _goes_on(before: Page, table: Table, page: Page, further: Table) -> bool:
    if table.columns != further.columns:
        return False
    apart = [
        abs(one / before.width_px - other / page.width_px)
        for one, other in zip(_sides(table), _sides(further), strict=True)
    ]
    if max(apart) > _MOST_APART or sum(apart) > _MEAN_APART * len(apart):
        return False
    closing = min(
        (cell for cell in table.cells if cell.row == table.rows - 1 and cell.text.strip()),
        key=lambda cell: cell.column,
        default=None,
    )
    if closing and _TOTAL.match(closing.text.strip()):
        return False
    return bool(repeated_rows(table, further)) or not _has_own_head(table, further)


def _sides(table: Table) -> list[float]:
    """The x of the left side of each column, and of the right side of the last."""
    lefts: list[list[float]] = [[] for _ in range(table.columns)]
    for cell in table.cells:
        if cell.column_span == 1:
            lefts[cell.column].append(cell.quad.box.left)
    box = table.box
    return [*(median(xs) if xs else box.left for xs in lefts), box.right]


def _has_own_head(before: Table, table: Table) -> bool:
    """Whether the first row has words in place of all numbers of the table before."""
    if table.header_rows:
        return True
    figures = {
        column
        for column in range(before.columns)
        if sum(_is_figure(before, row, column) for row in range(before.rows)) > before.rows / 2
    }
    return bool(figures) and not any(_is_figure(table, 0, column) for column in figures)


def _is_figure(table: Table, row: int, column: int) -> bool:
    return any(
        cell.row == row and cell.column == column and _FIGURE.fullmatch(cell.text.strip())
        for cell in table.cells
    )


def _are_alike(before: Table, table: Table, count: int) -> bool:
    """Whether the first rows of two tables have the same texts, at least two of them."""
    one, other = (
        {
            (cell.row, cell.column): "".join(cell.text.split()).casefold()
            for cell in some.cells
            if cell.row < count and cell.text.strip()
        }
        for some in (before, table)
    )
    return (
        len(one) >= 2
        and one.keys() == other.keys()
        and all(SequenceMatcher(None, one[at], other[at]).ratio() >= _ALIKE for at in one)
    )
