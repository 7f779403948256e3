"""Which lines are titles and headings: by the size of their type, and by the numbers of sections.

Formulas, axes of charts and references have large type, too, or what is measured as such. A heading
is made of words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from statistics import median

from ocr_server.document.characters import is_ideograph
from ocr_server.document.lines import Line

# Shares of the body's type: a title is twice as large, a heading half as large again; and a
# quarter if it does not read as a part of a sentence.
_TITLE, _HEADING, _SMALL_HEADING = 2.0, 1.5, 1.25
# With the number of a section a heading is hardly larger than the body, and in capitals smaller.
_NUMBERED_HEADING, _CAPITALS_HEADING = 1.12, 0.7
_LONGEST = 3  # lines; more of large type is a poster's body
_MOST_CHARS = 100  # with the number of a section
_SECTION = re.compile(r"(?:([1-9]\d?)|([IVX]{1,5}))((?:\.[1-9]\d?){1,3}[.,]?|[.,]?)\s+(?=[^\W\d_])")
_SENTENCE_END = re.compile(r"[.!?:;,\u2026\u3002][\"'\u2019\u201d\u00bb)\]]*$")
_ROMAN = re.compile(r"[IVXLC]{2,}|[IV]")
_INNER = re.compile(r"\w(?:\S*\w)?")  # a word without what stands around it
_WORD_LETTERS = 3  # at least, of one word; variables of formulas have fewer


def heading_size(lines: Sequence[Line], body_px: float) -> float:
    """How large the type of a title or heading is, as a share of the body's; 0 if it is none."""
    if not body_px or len(lines) > _LONGEST:
        return 0.0
    size = median(line.x_height_px for line in lines) / body_px
    text = " ".join(line.text for line in lines)
    if not _is_worded(text):
        return 0.0
    if size >= _HEADING:
        return size
    begins = text[:1].isupper() or is_ideograph(text[:1] or " ")
    if size >= _SMALL_HEADING and begins and not _SENTENCE_END.search(text):
        return size
    return size if is_numbered_heading(text, size) else 0.0


def title_of(paragraphs: Iterable[Sequence[Line]], body_px: float) -> Line | None:
    """The first line of the title of a document, of whose first page the paragraphs are.

    It is the first of the headings there, and none is larger; None with fewer than two.
    """
    headings = [(size, lines) for lines in paragraphs if (size := heading_size(lines, body_px))]
    if len(headings) < 2:
        return None
    size, lines = headings[0]
    is_largest = size >= max(other for other, _ in headings)
    return lines[0] if is_largest and not _SECTION.match(lines[0].text) else None


def is_title(size: float) -> bool:
    """Whether type of that size, as a share of the body's, is a title's."""
    return size >= _TITLE


def is_numbered_heading(text: str, size: float) -> bool:
    """Whether a text is the heading of a section, by its number, such as "3.1 Method"."""
    number = _SECTION.match(text)
    if not number or len(text) > _MOST_CHARS or _SENTENCE_END.search(text):
        return False
    words = text[number.end() :]
    if not words[0].isupper() or not _is_worded(words):
        return False
    if words.isupper():
        return size >= _CAPITALS_HEADING
    has_levels = bool(number[1]) and len(number[3]) > 1
    least = 1 - (_NUMBERED_HEADING - 1) if has_levels else _NUMBERED_HEADING
    return size >= least and not any(map(str.isdigit, words))


def _is_worded(text: str) -> bool:
    """Whether at least half of the text is words, without signs of a formula, reference or unit."""
    if any(letter in "[]" or _is_operator(letter) for letter in text):
        return False
    parts = _INNER.findall(text)
    words = [part for part in parts if _is_word(part)]
    longest = max((len(word) for word in words), default=0)
    has_word = longest >= _WORD_LETTERS or any(
        _ROMAN.fullmatch(word) or any(map(is_ideograph, word)) for word in words
    )
    return has_word and 2 * len(words) >= len(parts)


def _is_operator(letter: str) -> bool:
    return unicodedata.category(letter) == "Sm" and letter not in "+|~"


def _is_word(part: str) -> bool:
    """Whether it is letters, marks, hyphens and apostrophes only."""
    return all(
        unicodedata.category(letter)[0] in "LM" or letter in "-'\u2019\u2010&" for letter in part
    )
