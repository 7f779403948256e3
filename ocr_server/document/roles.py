"""Roles of paragraphs: titles, headings, items of lists, and what runs over pages.

Titles and headings are told by the size of their type beside the document's ordinary text, items of
lists by their bullets and numbers. Heads and feet stand at the edges of pages, at the same height
and with like texts; a page's number goes up with the pages.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import SequenceMatcher
from enum import StrEnum
from itertools import groupby
from statistics import median
from typing import NamedTuple

from ocr_server.document.headings import heading_size, is_numbered_heading, is_title, title_of
from ocr_server.document.model import Line, Page, Zone, confidence_of
from ocr_server.geometry import Quad


class Role(StrEnum):
    """What a paragraph is to its document."""

    TEXT = "text"
    TITLE = "title"
    HEADING = "heading"
    LIST_ITEM = "list-item"
    HEADER = "header"
    FOOTER = "footer"
    PAGE_NUMBER = "page-number"


FURNITURE = frozenset({Role.HEADER, Role.FOOTER, Role.PAGE_NUMBER})

_SENTENCE_END = re.compile(r"[.!?:;\u2026\u3002][\"'\u2019\u201d\u00bb)\]]*$")
_SHORT = 0.9  # of the width of a full line
_BULLET = re.compile(r"[\u2022\u2023\u25aa\u25cf\u25e6\u2219\u00b7*\u2013\u2014-]\s+(?=\S)")
_NUMBERED = re.compile(r"\(?(?:\d{1,3}|[a-z]|[ivx]{2,4})[.)]\s+(?=\S)")
# Shares of a page's height: where its head and foot are, and how far the heights of those that are
# alike differ from page to page.
_EDGE, _SAME_HEIGHT = 0.12, 0.02
_ALIKE = 0.8  # of two texts, the figures left out of account: recognition errs
_LARGE = 1.5  # times the body's type
_ALIKE_LARGE = 0.9  # of headings' type, and with the same figures, as chapters may begin alike
# A head or foot stands on a third of the pages, at least two; on that many it does in any case, as
# the heads of chapters do.
_LEAST, _ENOUGH = 2, 4
_LOOKED_BACK = 4  # pages: left and right ones differ, and a plate may come between
_MOST_LETTERS = 12  # beside the number of a page: "Seite 3 von 12"
_NUMBER = re.compile(r"\d{1,4}")
_ROMAN = re.compile(r"[ivxlc]{1,7}")
_ROMAN_VALUES = {"i": 1, "v": 5, "x": 10, "l": 50, "c": 100}


@dataclass(frozen=True, slots=True)
class Passage:
    """Consecutive lines of a zone, at least one, with one role: a paragraph, or an item of a list.

    `marker` is the bullet or number of an item, as it was read.
    """

    role: Role
    lines: tuple[Line, ...]
    marker: str = ""

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, weighted by their letters and digits, from 0 to 1."""
        return confidence_of(self.lines)


class Running(NamedTuple):
    """A line that runs over pages: its role, and the number of the group of lines like it."""

    role: Role
    group: int


@dataclass(frozen=True, slots=True)
class Roles:
    """What the roles of a document's paragraphs follow from.

    `body_px` is the x-height that most words have, 0 without words; `running` has the heads, feet
    and numbers of pages, by the page's number and the line's quad; `title` is the first line of the
    document's title in the same way.
    """

    body_px: float = 0.0
    running: Mapping[tuple[int, Quad], Running] = field(default_factory=dict)
    title: tuple[int, Quad] | None = None

    @classmethod
    def of(cls, pages: Sequence[Page]) -> Roles:
        """The roles of the pages of a document; all pages are gone through."""
        heights: list[float] = []
        edges: list[_EdgeLine] = []
        for position, page in enumerate(pages):
            heights += [line.x_height_px for line in page.lines for _ in line.words]
            edges += _edge_lines(page, position)
        body_px = median(heights) if heights else 0.0
        edges = [replace(one, is_large=0 < _LARGE * body_px <= one.x_height_px) for one in edges]
        running = _running(edges, len(pages)) if len(pages) > 1 else {}
        return cls(body_px, running, _title(pages[0], body_px, running) if pages else None)

    def running_line(self, page: Page, line: Line) -> Running | None:
        """What a line is as a head, foot or number of a page; None if it is none of these."""
        return self.running.get((page.number, line.quad))

    def passages(self, page: Page, zone: Zone) -> Iterator[Passage]:
        """The paragraphs and items of lists of a zone, with their roles, in order."""
        for paragraph in zone.paragraphs():
            for running, group in groupby(paragraph, lambda line: self.running_line(page, line)):
                lines = tuple(group)
                if running is not None:
                    yield Passage(running.role, lines)
                else:
                    yield from self._parts(page, lines)

    def _parts(self, page: Page, lines: tuple[Line, ...]) -> Iterator[Passage]:
        """A paragraph as a heading or items, and what stands beside headings of sections in it."""
        if size := heading_size(lines, self.body_px):
            is_largest = is_title(size) or (page.number, lines[0].quad) == self.title
            yield Passage(Role.TITLE if is_largest else Role.HEADING, lines)
            return
        begun = 0
        for at in range(len(lines) - 1):
            is_at_begin = at == begun or ends_sentence(lines[at - 1].text)
            if is_at_begin and self._is_section(lines[at], lines[at + 1]):
                if at > begun:
                    yield from _items(lines[begun:at])
                yield Passage(Role.HEADING, lines[at : at + 1])
                begun = at + 1
        yield from _items(lines[begun:])

    def _is_section(self, line: Line, following: Line) -> bool:
        """Whether a line is the heading of a section, and the next does not go on with it."""
        return (
            self.body_px > 0
            and is_numbered_heading(line.text, line.x_height_px / self.body_px)
            and line.box.width < _SHORT * following.box.width
            and following.text[:1].isupper()
        )

    def filtered(self, page: Page, is_kept: Callable[[Running], bool]) -> Page:
        """The page with only those of its heads, feet and numbers that `is_kept` accepts."""

        def stays(line: Line) -> bool:
            running = self.running_line(page, line)
            return running is None or is_kept(running)

        zones = []
        for zone in page.zones:
            lines = tuple(filter(stays, zone.lines))
            if len(lines) == len(zone.lines):
                zones.append(zone)
            elif lines:
                zones.append(replace(zone, lines=lines))
        return replace(page, zones=tuple(zones))


def is_at_edge(line: Line, page: Page) -> bool:
    """Whether a line stands where pages have their heads and feet."""
    middle = line.box.middle.y
    return not _EDGE * page.height_px < middle < (1 - _EDGE) * page.height_px


def ends_sentence(text: str) -> bool:
    """Whether a text ends as a sentence does."""
    return bool(_SENTENCE_END.search(text))


def without_bullet(text: str) -> str:
    """The text of an item of a list; a number is left before it."""
    bullet = _BULLET.match(text)
    return text[bullet.end() :] if bullet else text


def _title(
    page: Page, body_px: float, running: Mapping[tuple[int, Quad], Running]
) -> tuple[int, Quad] | None:
    paragraphs = (lines for zone in page.zones if not zone.table for lines in zone.paragraphs())
    own = (lines for lines in paragraphs if (page.number, lines[0].quad) not in running)
    line = title_of(own, body_px)
    return (page.number, line.quad) if line else None


def _items(lines: tuple[Line, ...]) -> Iterator[Passage]:
    """The lines of a paragraph, divided where an item of a list begins.

    A number begins one only in a paragraph that begins with one, or after the end of a sentence.
    """
    groups: list[list[Line]] = [[lines[0]]]
    begins = _marker(lines[0].text)
    for line in lines[1:]:
        marker = _marker(line.text)
        is_item = bool(_BULLET.match(line.text)) or (
            bool(marker) and (bool(begins) or ends_sentence(groups[-1][-1].text))
        )
        if is_item:
            groups.append([line])
        else:
            groups[-1].append(line)
    for group in groups:
        marker = _marker(group[0].text)
        yield Passage(Role.LIST_ITEM if marker else Role.TEXT, tuple(group), marker)


def _marker(text: str) -> str:
    found = _BULLET.match(text) or _NUMBERED.match(text)
    return found[0].strip() if found else ""


@dataclass(frozen=True, slots=True)
class _EdgeLine:
    """A line at the edge of a page: where it is, and its text with all figures alike."""

    position: int  # of its page among the others
    page: int
    quad: Quad
    is_head: bool
    height: float  # of its middle, as a share of the page's
    key: str
    numbers: tuple[int, ...]
    x_height_px: float
    is_large: bool = False  # whether its type is that of a heading

    @property
    def letters(self) -> int:
        return sum(map(str.isalpha, self.key))

    @property
    def is_roman(self) -> bool:
        """Whether it is a Roman number, without a figure."""
        return bool(self.numbers) and "0" not in self.key

    def is_level_with(self, other: _EdgeLine) -> bool:
        return self.is_head == other.is_head and abs(self.height - other.height) <= _SAME_HEIGHT

    def is_like(self, other: _EdgeLine) -> bool:
        if not self.is_level_with(other):
            return False
        if self.is_large and self.numbers != other.numbers:
            return False
        least = _ALIKE_LARGE if self.is_large else _ALIKE
        if self.key == other.key:
            return True
        matcher = SequenceMatcher(None, self.key, other.key, autojunk=False)
        return matcher.real_quick_ratio() >= least and matcher.ratio() >= least


def _edge_lines(page: Page, position: int) -> Iterator[_EdgeLine]:
    """The lines at the edges of a page that has others, too."""
    if all(is_at_edge(line, page) for line in page.lines):
        return
    for zone in page.zones:
        for line in () if zone.table else zone.lines:
            if is_at_edge(line, page) and line.text:
                text = "".join(line.text.split()).casefold()
                height = line.box.middle.y / page.height_px
                yield _EdgeLine(
                    position, page.number, line.quad, height < 0.5, height,
                    re.sub(r"\d+", "0", text), tuple(_numbers(text)), line.x_height_px,
                )  # fmt: skip


def _numbers(text: str) -> Iterator[int]:
    """The numbers in a text; a Roman one if it is all of it."""
    roman = text.strip("-\u2013\u2014.|")
    if _ROMAN.fullmatch(roman):
        values = [_ROMAN_VALUES[letter] for letter in roman]
        yield sum(-value if value < max(values[at:]) else value for at, value in enumerate(values))
    yield from map(int, _NUMBER.findall(text))


def _running(edges: Sequence[_EdgeLine], pages: int) -> dict[tuple[int, Quad], Running]:
    number = Running(Role.PAGE_NUMBER, 0)
    running = {(line.page, line.quad): number for line in _page_numbers(edges)}
    others = (line for line in edges if (line.page, line.quad) not in running)
    least = max(_LEAST, min(pages / 3, _ENOUGH))
    for index, group in enumerate(_alike(others), start=1):
        if len({line.position for line in group}) >= least:
            told = Running(Role.HEADER if group[0].is_head else Role.FOOTER, index)
            running |= {(line.page, line.quad): told for line in group}
    return running


def _page_numbers(edges: Sequence[_EdgeLine]) -> list[_EdgeLine]:
    """Short lines whose number goes up with the pages, and numbers at the height of those."""
    in_step: dict[tuple[bool, int], list[_EdgeLine]] = defaultdict(list)
    for line in edges:
        if not line.letters or (line.letters <= _MOST_LETTERS and not line.is_large):
            for number in set(line.numbers):
                in_step[line.is_head, number - line.page].append(line)
    found = [line for group in in_step.values() for line in group if _has_like(line, group)]
    places = {(line.is_head, round(line.height / _SAME_HEIGHT)): line for line in found}
    misread = [
        line
        for line in edges
        if not line.letters
        and line.numbers
        and any(line.is_level_with(other) for other in places.values())
    ]
    return [*found, *misread]


def _has_like(line: _EdgeLine, group: Sequence[_EdgeLine]) -> bool:
    """Whether another page has a line at the same height, with the same words if it has any."""
    return any(
        line.position != other.position
        and (
            line.is_like(other) if line.letters and not line.is_roman else line.is_level_with(other)
        )
        for other in group
    )


def _alike(lines: Iterable[_EdgeLine]) -> list[list[_EdgeLine]]:
    """Lines in groups of like ones; each is compared with those of the last pages."""
    groups: list[list[_EdgeLine]] = []
    recent: list[list[_EdgeLine]] = []
    for position, on_page in groupby(lines, lambda line: line.position):
        recent = [group for group in recent if group[-1].position >= position - _LOOKED_BACK]
        for line in on_page:
            # The first may have been read well where the last was not.
            group = next(
                (some for some in recent if line.is_like(some[0]) or line.is_like(some[-1])), None
            )
            if group is None:
                groups.append([line])
                recent.append(groups[-1])
            else:
                group.append(line)
    return groups
