"""What somebody asks of fields, as plain values of JSON or TOML, made into `FieldSpec`s."""

from __future__ import annotations

import re

from ocr_server.document.cursor import Cursor
from ocr_server.extraction.checks import CHECKS
from ocr_server.extraction.masks import USUAL_CONFUSIONS, parse_mask
from ocr_server.job import FieldSpec

MOST_FIELDS, MOST_WORDS, MOST_CONFUSIONS, LONGEST_NAME = 100, 20, 40, 64
USUAL = "usual"
_MEMBERS = ("zone", "after", "mask", "map", "check", "min_confidence")


def read_fields(at: Cursor, *, may_have_patterns: bool) -> tuple[FieldSpec, ...]:
    """The fields of an object, by name; faults go to the cursor's list."""
    if not isinstance(at.value, dict) or len(at.value) > MOST_FIELDS:
        at.fault(f"takes an object of at most {MOST_FIELDS} fields by name")
        return ()
    return tuple(
        _field(str(name), at.member(str(name)), may_have_patterns=may_have_patterns)
        for name in at.value
    )


def _field(name: str, at: Cursor, *, may_have_patterns: bool) -> FieldSpec:
    if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
        at.fault(f"needs a name of at most {LONGEST_NAME} printable characters")
    at.only(*_MEMBERS, *(("pattern",) if may_have_patterns else ()))
    zone, check, floor = at.member("zone"), at.member("check"), at.member("min_confidence")
    return FieldSpec(
        name=name,
        zone=zone.text() if zone else None,
        after=_words(at.member("after")),
        mask=_mask(at.member("mask")),
        character_map=_map(at.member("map")),
        check=_check(check) if check else None,
        pattern=_pattern(at.member("pattern")) if may_have_patterns else None,
        min_confidence=floor.number(0, 1) if floor else 0.0,
    )


def _check(at: Cursor) -> str:
    name = at.text()
    if name not in CHECKS:
        at.fault(f"is {name!r}; use one of {', '.join(CHECKS)}")
    return name


def _words(at: Cursor) -> tuple[str, ...]:
    if not at:
        return ()
    words = tuple(word.text() for word in at.items())
    if len(words) > MOST_WORDS or not all(any(map(str.isalnum, word)) for word in words):
        at.fault(f"takes at most {MOST_WORDS} words, each with a letter or digit")
    return words


def _mask(at: Cursor) -> str | None:
    if not at:
        return None
    text = at.text()
    if isinstance(at.value, str):
        try:
            parse_mask(text)
        except ValueError as error:
            at.fault(str(error))
    return text


def _map(at: Cursor) -> tuple[tuple[str, str], ...]:
    if not at:
        return ()
    if at.value == USUAL:
        return USUAL_CONFUSIONS
    pairs = at.value.items() if isinstance(at.value, dict) else ()
    confusions = tuple((one, other) for one, other in pairs if _is_confusion(one, other))
    if not confusions or len(confusions) < len(pairs) or len(pairs) > MOST_CONFUSIONS:
        at.fault(f'takes "{USUAL}", or letters and the digits they are mistaken for: {{"O": "0"}}')
    return confusions


def _is_confusion(letter: object, digit: object) -> bool:
    return (
        isinstance(letter, str) and len(letter) == 1 and not letter.isdigit()
        and isinstance(digit, str) and len(digit) == 1 and digit.isascii() and digit.isdigit()
    )  # fmt: skip


def _pattern(at: Cursor) -> str | None:
    if not at:
        return None
    text = at.text()
    try:
        re.compile(text)
    except re.error as error:
        at.fault(f"is no regular expression: {error}")
    return text
