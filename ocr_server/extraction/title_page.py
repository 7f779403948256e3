"""The finder `title-page`: chapter and title on a page of a book, by size and position."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence

from ocr_server.document.model import Line, Page, Word
from ocr_server.extraction.validation import Match, of_words
from ocr_server.job import FieldSpec

NAMES = ("chapter", "title")

# "Chapter 3", or "Chapter 3: The River"; a bare number may be that of the page.
_NAMED = re.compile(
    r"^\W*(?:CHAPTER|CHAP\.?|BOOK|PART|SECTION|ACT|UNIT|LESSON|KAPITEL|TEIL|CHAPITRE|CAP[IÍ]TULO"
    r"|CAPITOLO)\s+(?:\d+|[IVXLC|]+)(?!\w)[.:]?",
    re.IGNORECASE,
)
_BARE = re.compile(r"^\W*(?:[IVXLC]+|\d{1,3})[.:]?\W*$", re.IGNORECASE)
_LARGE = 1.12  # relative to the median line of the page; capitals of small type have up to 1.1
_SIMILAR = 0.85  # lines of one title are set in one size; this is the tolerance of measuring
_NEAR = 3.0  # of the title's size, within which the number of its chapter is above it
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
    chapter, title = _head(lines)
    if spec.name == "title":
        return of_words(title)
    return of_words(chapter, " ".join(word.text for word in chapter).rstrip(".:"))


def _head(lines: list[Line]) -> tuple[Sequence[Word], Sequence[Word]]:
    """The words of the chapter, and those of the title."""
    named = next((line for line in lines if _NAMED.match(line.text)), None)
    chapter = named.words[: _words_in(_NAMED, named)] if named else ()
    alone = named if named and len(chapter) == len(named.words) else None
    rest = [line for line in lines if line is not alone and sum(map(str.isalpha, line.text)) >= 2]
    large = _title([line for line in rest if not _BARE.match(line.text)])
    title = [word for line in large for word in line.words]
    if named in large:
        return chapter, [word for word in title if word not in chapter]
    if named:
        return chapter, title
    if len(title) > 1 and _BARE.match(title[0].text):
        return title[:1], title[1:]
    above = (line for line in lines if _BARE.match(line.text) and _heads(line, large))
    return next((line.words for line in above), ()), title


def _words_in(pattern: re.Pattern[str], line: Line) -> int:
    found = pattern.match(line.text)
    return len(found[0].split()) if found else 0


def _heads(line: Line, title: Sequence[Line]) -> bool:
    """Whether a line stands close above the title, where no page has its number."""
    if not title:
        return False
    box, size = title[0].box, _size_px(title[0])
    is_over = min(line.box.right, box.right) > max(line.box.left, box.left)
    return is_over and 0 <= box.top - line.box.bottom <= _NEAR * size


def _title(lines: list[Line]) -> list[Line]:
    """The uppermost lines with letters nearly as large as the largest, one below the other."""
    if not lines:
        return []
    sizes = {id(line): _size_px(line) for line in lines}
    largest, usual = max(sizes.values()), statistics.median(sizes.values())
    if largest < _LARGE * usual and len(lines) > 3:
        return []
    chosen: list[Line] = []
    for line in lines:
        is_large = sizes[id(line)] >= _SIMILAR * largest
        if chosen and (not is_large or line.box.top - chosen[-1].box.bottom > 1.5 * largest):
            break
        if is_large:
            chosen.append(line)
    return chosen


def _size_px(line: Line) -> float:
    """The median height of its words in pixels, on which single flourishes have no effect."""
    return statistics.median(word.box.height for word in line.words)
