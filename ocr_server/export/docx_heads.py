"""Heads and feet of a document for word processors: those of its pages, as Word's own.

Source: ECMA-376, 17.10 (headers and footers), 17.16 (fields).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import TYPE_CHECKING

from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml import OxmlElement
from docx.oxml.ns import qn

from ocr_server.document.model import Direction, Line, Page
from ocr_server.document.roles import Role, Roles
from ocr_server.export.xml import xml_text

if TYPE_CHECKING:
    from docx.document import Document as WordDocument
    from docx.section import Section, _Footer, _Header
    from docx.text.paragraph import Paragraph as WordParagraph

_NUMBER = re.compile(r"\d+")
_ODD, _EVEN = 1, 0


@dataclass(slots=True)
class _Group:
    """Lines that are alike on several pages: texts, pages, and shares of the page's sides."""

    role: Role
    direction: Direction
    texts: Counter[str] = field(default_factory=Counter)
    pages: set[int] = field(default_factory=set)
    across: list[float] = field(default_factory=list)
    down: list[float] = field(default_factory=list)
    offsets: Counter[int] = field(default_factory=Counter)  # of printed numbers from those of pages

    @property
    def is_head(self) -> bool:
        return median(self.down) < 0.5

    @property
    def text(self) -> str:
        """What most pages say; recognition errs on single ones."""
        return self.texts.most_common(1)[0][0]

    @property
    def offset(self) -> int:
        return self.offsets.most_common(1)[0][0] if self.offsets else 0

    @property
    def alignment(self) -> WD_ALIGN_PARAGRAPH:
        across = median(self.across)
        if across < 0.4:
            return WD_ALIGN_PARAGRAPH.LEFT
        return WD_ALIGN_PARAGRAPH.RIGHT if across > 0.6 else WD_ALIGN_PARAGRAPH.CENTER


def add_heads(made: WordDocument, pages: Sequence[Page], roles: Roles) -> frozenset[int]:
    """Write heads and feet that most pages have, and the number of the page as a field.

    Those of left and right pages may differ. The numbers of the groups of `roles` that were
    written are returned; others, such as heads of chapters, are left for the text.
    """
    if not roles.running:
        return frozenset()
    groups = _groups(pages, roles)
    counts = Counter(page.number % 2 for page in pages)
    told = {
        parity: {
            number
            for number, group in groups.items()
            if sum(page % 2 == parity for page in group.pages) * 2 >= count
        }
        for parity, count in counts.items()
    }
    section = made.sections[0]
    odd, even = told[_ODD if _ODD in told else _EVEN], told.get(_EVEN, told.get(_ODD, set()))
    _write(section.header, section.footer, [groups[number] for number in odd])
    if 0 in odd | even:
        _count_from(section, pages[0].number + groups[0].offset)
    if odd != even:
        made.settings.odd_and_even_pages_header_footer = True
        _write(
            section.even_page_header,
            section.even_page_footer,
            [groups[number] for number in even],
        )
    return frozenset(odd | even)


def _groups(pages: Iterable[Page], roles: Roles) -> Mapping[int, _Group]:
    groups: dict[int, _Group] = {}
    for page in pages:
        for line in page.lines:
            running = roles.running_line(page, line)
            if running is not None:
                group = groups.setdefault(running.group, _Group(running.role, line.direction))
                _add(group, page, line)
    return groups


def _add(group: _Group, page: Page, line: Line) -> None:
    number = _NUMBER.search(line.text) if group.role is Role.PAGE_NUMBER else None
    if number:
        group.offsets[int(number[0]) - page.number] += 1
    group.texts[_NUMBER.sub("0", line.text, count=1) if number else line.text] += 1
    group.pages.add(page.number)
    group.across.append(line.box.middle.x / page.width_px)
    group.down.append(line.box.middle.y / page.height_px)


def _write(header: _Header, footer: _Footer, groups: Sequence[_Group]) -> None:
    for place, is_head in ((header, True), (footer, False)):
        shown = sorted(
            (group for group in groups if group.is_head is is_head),
            key=lambda group: (round(median(group.down), 2), median(group.across)),
        )
        for index, group in enumerate(shown):
            paragraph = place.add_paragraph() if index else place.paragraphs[0]
            paragraph.alignment = group.alignment
            if group.role is Role.PAGE_NUMBER:
                before, _, after = group.text.partition("0")
                whole = "0" in group.text  # else a Roman number, which the field is in place of
                paragraph.add_run(xml_text(before) if whole else "")
                _add_field(paragraph, "PAGE")
                paragraph.add_run(xml_text(after))
            else:
                paragraph.add_run(xml_text(group.text))
            directed(paragraph, group.direction)


def _count_from(section: Section, first: int) -> None:
    """Number the pages from that of the first one (17.6.12)."""
    if first >= 0:
        count = OxmlElement("w:pgNumType")
        count.set(qn("w:start"), str(first))
        section._sectPr.append(count)  # no public way


def _add_field(paragraph: WordParagraph, name: str) -> None:
    """A field that Word fills in (17.16.19)."""
    simple = OxmlElement("w:fldSimple")
    simple.set(qn("w:instr"), name)
    paragraph._p.append(simple)  # no public way


def directed(paragraph: WordParagraph, direction: Direction) -> None:
    """Mark a paragraph that is read from right to left (17.3.1.6 and 17.3.2.30)."""
    if direction is not Direction.RIGHT_TO_LEFT:
        return
    paragraph._p.get_or_add_pPr().append(OxmlElement("w:bidi"))  # no public way
    for run in paragraph.runs:
        run.font.rtl = True
