"""Text of a client as values; a parser raises ValueError with a sentence on what it takes."""

from __future__ import annotations

import re

from ocr_server.imaging import operations
from ocr_server.job import PSM_OF_LAYOUT, Layout, PageSegmentation, PageSelection
from ocr_server.request.kinds import listed, split

MOST_RANGES = 100
MOST_STEPS = 20
MOST_LETTERS = 256
_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_PSMS = {str(mode.value) for mode in PageSegmentation}


def parse_languages(text: str) -> tuple[str, ...]:
    """Names, joined by + or commas; whether they are installed is asked later."""
    names = split(text)
    if not names:
        raise ValueError("name at least one language, such as eng")
    return names


def parse_layout(text: str) -> int:
    """A word of ours or a page segmentation mode, as such a mode."""
    if text in _PSMS:
        return int(text)
    try:
        return PSM_OF_LAYOUT[Layout(text.lower())]
    except ValueError:
        raise ValueError(
            f"use {listed(Layout)}, or one of Tesseract's modes 1 and 3 to 13"
        ) from None


def write_layout(psm: int) -> str:
    """Our word for a page segmentation mode; its number where there is none."""
    words = (layout.value for layout, mode in PSM_OF_LAYOUT.items() if mode == psm)
    return next(words, str(psm))


def parse_pages(text: str) -> PageSelection:
    """Ranges of page numbers, such as 1-3,7."""
    ranges: list[tuple[int, int]] = []
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last or len(ranges) >= MOST_RANGES:
            raise ValueError("use page numbers and ranges such as 1-3,7")
        ranges.append((first, last))
    return PageSelection(tuple(ranges))


def parse_steps(text: str) -> tuple[str, ...]:
    """`auto`, `none`, or steps in order; `imaging.operations` knows them."""
    names = operations.parse_operations(text)
    if len(names) > MOST_STEPS:
        raise ValueError(f"use at most {MOST_STEPS} steps")
    return names


def parse_alphabet(text: str) -> str:
    """The characters that may be read."""
    if len(text) > MOST_LETTERS or not text.isprintable() or " " in text:
        raise ValueError(f"use at most {MOST_LETTERS} printable characters, without blanks")
    return text


def parse_alternatives(text: str) -> tuple[str, ...]:
    """Sources of alternatives, joined by commas; none for `none`."""
    names = split(text.lower())
    if names == ("none",):
        return ()
    if not names or not {"dictionary", "engine"} >= set(names):
        raise ValueError("use dictionary, engine, both joined by a comma, or none")
    return names
