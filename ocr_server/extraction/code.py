"""The finder `code`: the value of a bar code or matrix code."""

from __future__ import annotations

from ocr_server.document.model import Code, Page
from ocr_server.extraction.validation import Match, validate_field
from ocr_server.job import FieldSpec

_CERTAIN = 1.0  # of a code that was read: a wrong one is rejected by its check


def find_code(page: Page, spec: FieldSpec) -> Match:
    """The first code, from top to bottom, that keeps the field's rules, else the first of all.

    With `zone` in the field only those in the zone of that name count.
    """
    matches = [
        Match(code.value, _CERTAIN, box=code.quad.box)
        for code in page.codes
        if _is_in_zone(page, code, spec.zone)
    ]
    if not matches:
        return Match("", 0.0, error="no code was read")
    valid = (match for match in matches if validate_field(spec, match).is_valid)
    return next(valid, matches[0])


def _is_in_zone(page: Page, code: Code, name: str | None) -> bool:
    if name is None:
        return True
    middle = code.quad.box.middle
    return any(zone.name == name and zone.box.contains(middle) for zone in page.zones)
