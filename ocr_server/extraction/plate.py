"""The number plate of a vehicle, among whatever else a photograph says."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ocr_server.document.model import Line, Page
from ocr_server.extraction.validation import Match, of_words, validate_field
from ocr_server.job import FieldSpec

NAMES = ("value",)

_SHORTEST, _LONGEST = 4, 9  # letters and digits


def find_plate(page: Page, spec: FieldSpec) -> Match:
    """The line that looks most like a plate: it keeps the field's rules, and is large and sure.

    Blanks, dots, hyphens and emblems between letters and digits do not count.
    """
    found = [
        (
            validate_field(spec, candidate).is_valid,
            line.box.height * candidate.confidence,
            candidate,
        )
        for line, candidate in _plates(page)
    ]
    if not found:
        return Match("", 0.0, error="nothing looks like a number plate")
    return max(found, key=lambda one: one[:2])[2]


def _plates(page: Page) -> Iterator[tuple[Line, Match]]:
    """Lines of letters and digits, both; names of makes have no digits, dates no letters."""
    for line in page.lines:
        code = "".join(one for one in line.text if one.isascii() and one.isalnum())
        is_of_both = any(map(str.isdigit, code)) and any(map(str.isalpha, code))
        if is_of_both and code.isupper() and _SHORTEST <= len(code) <= _LONGEST:
            yield line, replace(of_words(line.words), normalised=code)
