"""The finder `plate`: the number plate of a vehicle among other text of a photograph."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from ocr_server.document.model import Line, Page
from ocr_server.extraction.validation import Match, of_words, validate_field
from ocr_server.job import FieldSpec

NAMES = ("value",)

_SHORTEST, _LONGEST = 4, 9  # letters and digits


def find_plate(page: Page, spec: FieldSpec) -> Match:
    """The line that is most likely a plate: it keeps the field's rules, is large and confident.

    `Match.normalised` has its letters and digits only, without blanks, dots and hyphens.
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
    """Lines with both letters and digits; names of makes have no digits, and dates no letters."""
    for line in page.lines:
        code = "".join(one for one in line.text if one.isascii() and one.isalnum())
        is_of_both = any(map(str.isdigit, code)) and any(map(str.isalpha, code))
        if is_of_both and code.isupper() and _SHORTEST <= len(code) <= _LONGEST:
            yield line, replace(of_words(line.words), normalised=code)
