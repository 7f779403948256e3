"""The finder `title-page`: chapter and title on a page of a book, by size and position."""

from __future__ import annotations

import re
import statistics

from ocr_server.document.model import Line, Page
from ocr_server.extraction.validation import NOTHING, Match, of_words
from ocr_server.job import FieldSpec

NAMES = ("chapter", "title")

_CHAPTER = re.compile(
    r"^\W*((?:CHAPTER|CHAP\.?|BOOK|PART|SECTION|ACT|KAPITEL|TEIL|CHAPITRE|CAP[IÍ]TULO|CAPITOLO)"
    r"\s+[\dIVXLC]+|[IVXLC]+|\d{1,3})\b[.:]?\W*$",
    re.IGNORECASE,
)
_LARGE = 1.12  # relative to the median line of the page; capitals of small type have up to 1.1
_SIMILAR = 0.85  # lines of one title are set in one size; this is the tolerance of measuring
_UPPER = 0.7  # share of the page's height; a title is above it


def find_on_title_page(page: Page, spec: FieldSpec) -> Match:
    """The field `spec.name`, one of `NAMES`."""
    lines = sorted(
        (
            line
            for line in page.lines
            if any(map(str.isalnum, line.text)) and line.box.top < _UPPER * page.height_px
        ),
        key=lambda line: line.box.top,
    )
    chapter = next((line for line in lines if _CHAPTER.match(line.text)), None)
    if spec.name == "chapter":
        return of_words(chapter.words) if chapter else NOTHING
    rest = [line for line in lines if line is not chapter and sum(map(str.isalpha, line.text)) >= 2]
    return _title(rest)


def _title(lines: list[Line]) -> Match:
    """The uppermost lines with letters nearly as large as the largest, one below the other."""
    if not lines:
        return NOTHING
    sizes = {id(line): _size_px(line) for line in lines}
    largest, usual = max(sizes.values()), statistics.median(sizes.values())
    if largest < _LARGE * usual and len(lines) > 3:
        return NOTHING
    chosen: list[Line] = []
    for line in lines:
        is_large = sizes[id(line)] >= _SIMILAR * largest
        if chosen and (not is_large or line.box.top - chosen[-1].box.bottom > 1.5 * largest):
            break
        if is_large:
            chosen.append(line)
    return of_words(word for line in chosen for word in line.words)


def _size_px(line: Line) -> float:
    """The median height of its words in pixels, on which single flourishes have no effect."""
    return statistics.median(word.box.height for word in line.words)
