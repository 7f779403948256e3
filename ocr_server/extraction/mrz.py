"""The finder `mrz`: lines, fields and check digits of a machine-readable zone.

Source: ICAO Doc 9303, parts 4 (TD3), 5 (TD1), 6 (TD2) and 7 (visas).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ocr_server.document.characters import CODE_LOOK_ALIKES
from ocr_server.document.model import Page
from ocr_server.extraction.check_digits import icao_9303_digit
from ocr_server.extraction.validation import Match, of_words
from ocr_server.job import FieldSpec
from ocr_server.layout.rows import Row, rows_of

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789<"
NAMES = (
    "kind", "country", "number", "nationality", "birth_date", "sex", "expiry_date", "surname",
    "names", "optional", "lines",
)  # fmt: skip
FILLER = "<"
LENGTHS = frozenset({30, 36, 44})
_MAY_BE_EMPTY = {"optional", "sex", "names"}
_DIGIT_OF = {letter: digit for letter, digit in CODE_LOOK_ALIKES if letter in ALPHABET}
_LETTER_OF = {digit: letter for letter, digit in reversed(CODE_LOOK_ALIKES) if letter in ALPHABET}
_FALSE_FILLERS = "KXCELSR4"  # what a filler may be misread as
_SHORTEST = 24


@dataclass(frozen=True, slots=True)
class _Place:
    """The position of a field: line, first character and length, from 0.

    `check` is the position of its check digit in that line, if it has one.
    """

    line: int
    start: int
    length: int
    kind: str = "*"  # A for letters, 9 for digits, * for either; fillers are always allowed
    check: int | None = None


@dataclass(frozen=True, slots=True)
class _Form:
    """A format of the zone: number and length of its lines, positions of its fields.

    `composite` are the ranges (line, start, end) that the composite check digit is computed from,
    and `composite_check` is its line and position.
    """

    lines: int
    length: int
    places: Mapping[str, _Place]
    composite: tuple[tuple[int, int, int], ...]
    composite_check: tuple[int, int] | None


def _two_lines(length: int, optional: _Place, *, is_visa: bool = False) -> _Form:
    last = length - 1
    return _Form(
        lines=2,
        length=length,
        places={
            "kind": _Place(0, 0, 2, "A"),
            "country": _Place(0, 2, 3, "A"),
            "name": _Place(0, 5, length - 5, "A"),
            "number": _Place(1, 0, 9, check=9),
            "nationality": _Place(1, 10, 3, "A"),
            "birth_date": _Place(1, 13, 6, "9", check=19),
            "sex": _Place(1, 20, 1, "A"),
            "expiry_date": _Place(1, 21, 6, "9", check=27),
            "optional": optional,
        },
        composite=() if is_visa else ((1, 0, 10), (1, 13, 20), (1, 21, last)),
        composite_check=None if is_visa else (1, last),
    )


_TD3 = _two_lines(44, _Place(1, 28, 14, check=42))


_TD2 = _two_lines(36, _Place(1, 28, 7))


_VISA_A = _two_lines(44, _Place(1, 28, 16), is_visa=True)


_VISA_B = _two_lines(36, _Place(1, 28, 8), is_visa=True)


_TD1 = _Form(
    lines=3,
    length=30,
    places={
        "kind": _Place(0, 0, 2, "A"),
        "country": _Place(0, 2, 3, "A"),
        "number": _Place(0, 5, 9, check=14),
        "optional": _Place(0, 15, 15),
        "birth_date": _Place(1, 0, 6, "9", check=6),
        "sex": _Place(1, 7, 1, "A"),
        "expiry_date": _Place(1, 8, 6, "9", check=14),
        "nationality": _Place(1, 15, 3, "A"),
        "name": _Place(2, 0, 30, "A"),
    },
    composite=((0, 5, 30), (1, 0, 7), (1, 8, 15), (1, 18, 29)),
    composite_check=(1, 29),
)


def find_in_mrz(page: Page, spec: FieldSpec) -> Match:
    """The field `spec.name`, one of `NAMES`, with an error if its check digit does not agree."""
    rows = [row for row in rows_of(page) if len(_cleaned(row)) >= _SHORTEST]
    form = _form_of([_cleaned(row) for row in rows])
    if form is None:
        return Match("", 0.0, error="no machine-readable zone was found")
    rows = rows[-form.lines :]
    lines = _put_right([_brought_to(form.length, _cleaned(row)) for row in rows], form)
    if spec.name == "lines":
        whole = of_words(word for row in rows for word in row.words)
        return Match(
            "\n".join(row.text for row in rows), whole.confidence, whole.box,
            normalised="\n".join(lines), error=_composite_error(lines, form),
        )  # fmt: skip
    is_name = spec.name in {"surname", "names"}
    place = form.places["name" if is_name else spec.name]
    read = of_words(rows[place.line].words)
    text = lines[place.line][place.start : place.start + place.length]
    check = None if place.check is None else lines[place.line][place.check]
    rest = _rest_of_number(lines, form)
    if is_name:
        surname, given = _names(text)
        text = surname if spec.name == "surname" else given
    elif rest and spec.name == "number":
        text, check = text + rest[:-1], _as("9", rest[-1])
    elif spec.name == "optional":
        text = text[len(rest) :]
    normalised = " ".join(text.replace(FILLER, " ").split())
    error = _error(spec.name, text, check=check, kind=place.kind, normalised=normalised)
    is_empty = spec.name in _MAY_BE_EMPTY and not normalised
    return Match(
        text, read.confidence, read.box, normalised=normalised, error=error, is_blank=is_empty
    )


def _form_of(texts: list[str]) -> _Form | None:
    if len(texts) >= 3 and all(len(text) <= 33 for text in texts[-3:]):
        return _TD1
    if len(texts) < 2:
        return None
    is_long = len(texts[-1]) + len(texts[-2]) > 80
    if texts[-2].startswith("V"):
        return _VISA_A if is_long else _VISA_B
    return _TD3 if is_long else _TD2


def _cleaned(row: Row) -> str:
    return "".join(one for one in row.text.upper() if one in ALPHABET)


def _brought_to(length: int, text: str) -> str:
    """The line with exactly `length` characters: its longest run of fillers is adjusted.

    Fillers are the characters that are most often lost or doubled.
    """
    runs = list(re.finditer(r"<{2,}", text))
    if len(text) != length and runs and not text.endswith(FILLER):
        run = max(runs, key=lambda one: one.end() - one.start())
        room = run.end() - run.start() + length - len(text)
        if room > 0:
            return text[: run.start()] + FILLER * room + text[run.end() :]
    return text[:length].ljust(length, FILLER)


def _put_right(lines: list[str], form: _Form) -> list[str]:
    """Replace characters of the wrong kind for their position by look-alikes."""
    right = [list(line) for line in lines]
    for name, place in form.places.items():
        stop = place.start + place.length
        text = lines[place.line][place.start : stop]
        if name == "name":
            text = _without_false_fillers(text)
        text = "".join(_as(place.kind, one) for one in text)
        right[place.line][place.start : stop] = text
        if place.check is not None:
            check = _as("9", lines[place.line][place.check])
            right[place.line][place.check] = check
            if name == "number":
                right[place.line][place.start : stop] = _agreeing(text, check)
    if form.composite_check:
        line, at = form.composite_check
        right[line][at] = _as("9", lines[line][at])
    return ["".join(line) for line in right]


def _as(kind: str, character: str) -> str:
    return {"9": _DIGIT_OF, "A": _LETTER_OF}.get(kind, {}).get(character, character)


def _agreeing(text: str, check: str) -> str:
    """The text, or, if its check digit is wrong, the only variant with one O for 0 or 0 for O.

    Document numbers mix letters and digits. Trying all look-alikes would sometimes make a wrong
    number seem valid, as one in ten agrees by chance.
    """
    if icao_9303_digit(text) == check:
        return text
    fits = [other for other in _confused(text) if icao_9303_digit(other) == check]
    return fits[0] if len(fits) == 1 else text


def _confused(text: str) -> Iterator[str]:
    for at, character in enumerate(text):
        if character in "O0":
            yield text[:at] + ("0" if character == "O" else "O") + text[at + 1 :]


def _without_false_fillers(text: str) -> str:
    """Replace the end of a name by fillers, if at least half of its characters are fillers."""
    tail = re.search(rf"<[<{_FALSE_FILLERS}]{{3,}}$", text)
    if not tail or tail[0].count(FILLER) * 2 < len(tail[0]):
        return text
    return text[: tail.start()].ljust(len(text), FILLER)


def _names(text: str) -> tuple[str, str]:
    """Surname and given names, which two fillers separate."""
    surname, _, given = text.strip(FILLER).partition(FILLER * 2)
    return surname, given


def _rest_of_number(lines: list[str], form: _Form) -> str:
    """The rest of a document number of more than nine characters, and its check digit.

    They are in the optional field if the position of the check digit has a filler; else empty.

    Source: ICAO Doc 9303, parts 5 and 6.
    """
    number, optional = form.places["number"], form.places["optional"]
    filler = lines[number.line].find(FILLER, number.start)
    if form not in (_TD1, _TD2) or filler != number.check:
        return ""
    rest, *_ = lines[optional.line][optional.start : optional.start + optional.length].split(FILLER)
    return rest if len(rest) > 1 else ""


def _error(name: str, text: str, *, check: str | None, kind: str, normalised: str) -> str | None:
    if check is not None:
        is_empty = not text.strip(FILLER) and check == FILLER  # personal numbers may be left out
        if not is_empty and icao_9303_digit(text) != check:
            return "the check digit does not agree"
    if kind == "9" and not text.isdigit():
        return "is not a date"
    if kind == "A" and name != "sex" and normalised and not normalised.replace(" ", "").isalpha():
        return "takes letters only"
    if name == "sex" and normalised not in {"M", "F", "X", ""}:
        return "is neither M nor F nor unsaid"
    return None


def _composite_error(lines: list[str], form: _Form) -> str | None:
    if form.composite_check is None:
        return None
    line, at = form.composite_check
    text = "".join(lines[one][start:stop] for one, start, stop in form.composite)
    agrees = icao_9303_digit(text) == lines[line][at]
    return None if agrees else "the composite check digit does not agree"
