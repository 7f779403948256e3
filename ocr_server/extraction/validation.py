"""From a text on the page to the value of a field: mask, check rule, pattern and confidence.

The rules are applied in that order. Only the mask's character map changes characters, and only
where the mask wants the other kind; what breaks a rule stays as it was read, with the reason.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ocr_server.document.model import Field, Word, hull_of
from ocr_server.extraction.masks import Fit, parse_mask
from ocr_server.geometry import Box
from ocr_server.job import FieldSpec

_ICAO_VALUES = {character: value for value, character in enumerate("0123456789")} | {
    character: value for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)
} | {"<": 0}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Match:
    """A text that may be the value of a field: `raw` as it was read.

    `normalised` is what the finder takes it for, if that differs; `error` what the finder found
    wrong with it. `is_blank`: the place was read and is empty, as it may be.
    """

    raw: str
    confidence: float
    box: Box | None = None
    normalised: str | None = None
    error: str | None = None
    is_blank: bool = False

    @property
    def text(self) -> str:
        """What it is taken for."""
        return self.raw if self.normalised is None else self.normalised


NOTHING = Match("", 0.0, error="nothing was read")


def of_words(words: Iterable[Word], text: str | None = None) -> Match:
    """The words as one candidate, as certain as the least certain of them."""
    read = tuple(words)
    if not read:
        return NOTHING
    return Match(
        raw=" ".join(word.text for word in read) if text is None else text,
        confidence=min(word.confidence for word in read),
        box=hull_of(read),
    )


def validate_field(spec: FieldSpec, candidate: Match) -> Field:
    """The field that the candidate makes, valid or not."""
    text = candidate.text.strip()
    fitted = fit(spec, text)
    value = fitted.text if fitted else text
    return Field(
        name=spec.name,
        value=value or None,
        raw=candidate.raw.strip(),
        confidence=candidate.confidence if value or candidate.is_blank else 0.0,
        reason=next(_errors(spec, candidate, value, does_fit=fitted is not None), None),
        box=candidate.box,
    )


def fit(spec: FieldSpec, text: str) -> Fit | None:
    """The text as the field's mask wants it; without a mask every text fits."""
    if spec.mask is None:
        return Fit(text, 0)
    mask = parse_mask(spec.mask)
    if not mask.has_blanks:
        text = "".join(text.split())
    return mask.fit(text, dict(spec.character_map))


def icao_9303_digit(text: str) -> str | None:
    """The check digit of the text; None where a character is not of the machine-readable zone.

    Source: ICAO Doc 9303, part 3, clause 4.9: weights 7, 3, 1 repeating, modulo 10.
    """
    if not text or not _ICAO_VALUES.keys() >= set(text):
        return None
    total = sum(
        _ICAO_VALUES[character] * (7, 3, 1)[position % 3] for position, character in enumerate(text)
    )
    return str(total % 10)


def icao_9303(text: str) -> bool:
    """Whether the last character is the check digit of those before it."""
    return len(text) > 1 and icao_9303_digit(text[:-1]) == text[-1]


def luhn(text: str) -> bool:
    """Whether the digits agree with the last of them.

    Source: ISO/IEC 7812-1, annex B.
    """
    if not _is_number(text):
        return False
    digits = [int(character) for character in reversed(text)]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def mod_11_10(text: str) -> bool:
    """Whether the digits agree with the last of them.

    Source: ISO/IEC 7064, clause 9.2: a hybrid system of modulus 11 and 10.
    """
    if not _is_number(text):
        return False
    rest = 10
    for character in text[:-1]:
        rest = (rest + int(character)) % 10 or 10
        rest = rest * 2 % 11
    return (rest + int(text[-1])) % 10 == 1


def mod_97_10(text: str) -> bool:
    """Whether the number, letters counting from A = 10 to Z = 35, leaves 1 when divided by 97.

    Source: ISO/IEC 7064, clause 7: the pure system of modulus 97 with two check digits.
    """
    if len(text) < 3 or not (text.isascii() and text.isalnum() and text.upper() == text):
        return False
    rest = 0
    for character in text:
        value = int(character, 36)
        rest = (rest * (100 if value > 9 else 10) + value) % 97
    return text[-2:].isdigit() and rest == 1


def ean(text: str) -> bool:
    """Whether a number of 8, 12, 13, 14 or 18 digits agrees with its last.

    Source: GS1 General Specifications, section 7.9: weights 3 and 1 from the right.
    """
    if len(text) not in {8, 12, 13, 14, 18} or not _is_number(text):
        return False
    digits = [int(character) for character in reversed(text)]
    return (sum(digits[::2]) + 3 * sum(digits[1::2])) % 10 == 0


CHECKS: Mapping[str, Callable[[str], bool]] = {
    "icao9303": icao_9303,
    "luhn": luhn,
    "iso7064-mod11-10": mod_11_10,
    "iso7064-mod97-10": mod_97_10,
    "ean": ean,
}


def agrees(check: str, text: str) -> bool:
    """Whether the text keeps a check rule; blanks, dots and hyphens between groups do not count."""
    return CHECKS[check]("".join(one for one in text if one not in " .-"))


def _errors(spec: FieldSpec, candidate: Match, value: str, *, does_fit: bool) -> Iterator[str]:
    if candidate.error is not None:
        yield candidate.error
    if candidate.is_blank:
        return
    if not value:
        yield "nothing was read"
    if not does_fit:
        yield f"does not fit the mask {spec.mask}"
    if spec.check is not None and not agrees(spec.check, value):
        yield f"the check digit does not agree ({spec.check})"
    if spec.pattern is not None and not re.fullmatch(spec.pattern, value):
        yield f"does not match the pattern {spec.pattern}"
    if candidate.confidence < spec.min_confidence:
        yield f"confidence {candidate.confidence:.2f} is under {spec.min_confidence:.2f}"


def _is_number(text: str) -> bool:
    return len(text) > 1 and text.isascii() and text.isdigit()
