"""From a text on the page to the value of a field: mask, check rule, pattern and confidence.

The rules are applied in that order. Only the mask's character map changes characters, and only
where the mask wants the other kind; what breaks a rule stays as it was read, with the reason.

A position mask says what kind of character stands at each place of a code: `A` is a letter, `9` a
digit, `*` either; any other character stands for itself, and so do these three and `|` after a
backslash. `|` separates alternatives: `AAA-9999|AAA-9A99`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from ocr_server.document.model import Field, Word, hull_of
from ocr_server.geometry import Box
from ocr_server.job import FieldSpec

_ICAO_VALUES = {character: value for value, character in enumerate("0123456789")} | {
    character: value for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)
} | {"<": 0}  # fmt: skip
MOST_PLACES, MOST_ALTERNATIVES = 64, 32


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


@dataclass(frozen=True, slots=True)
class Place:
    """One place of a mask: a kind (`A`, `9` or `*`), or the character that has to stand there."""

    kind: str
    is_literal: bool = False

    def accepts(self, character: str) -> bool:
        """Whether the character may stand here."""
        if self.is_literal:
            return character == self.kind
        is_digit = character.isascii() and character.isdigit()
        if self.kind == "9":
            return is_digit
        return character.isalpha() or (self.kind == "*" and is_digit)


@dataclass(frozen=True, slots=True)
class Fit:
    """A text that fits a mask after `repairs` characters were exchanged by the map."""

    text: str
    repairs: int


@dataclass(frozen=True, slots=True)
class Mask:
    """A parsed mask: at least one alternative, none of them empty."""

    alternatives: tuple[tuple[Place, ...], ...]

    @property
    def has_blanks(self) -> bool:
        """Whether a blank stands somewhere in it; if none does, blanks in a text do not count."""
        return any(place.kind == " " for places in self.alternatives for place in places)

    @property
    def lengths(self) -> tuple[int, ...]:
        """The lengths a text can have, each once."""
        return tuple(dict.fromkeys(map(len, self.alternatives)))

    def fit(self, text: str, character_map: Mapping[str, str]) -> Fit | None:
        """The text as the mask wants it, with the fewest repairs; None where it cannot be.

        The map has letters and the digits they are mistaken for. It is used only where the mask
        wants the other kind, in either direction.
        """
        letter_of = {digit: letter for letter, digit in reversed(list(character_map.items()))}
        fits = [
            fit
            for places in self.alternatives
            if len(places) == len(text)
            and (fit := _fit(text, places, character_map, letter_of)) is not None
        ]
        return min(fits, key=lambda fit: fit.repairs, default=None)


def parse_mask(text: str) -> Mask:
    """The mask that the text describes.

    Raises:
        ValueError: it is empty somewhere, or too long; the message says what is wanted.
    """
    alternatives: list[tuple[Place, ...]] = []
    places: list[Place] = []
    characters = iter(text)
    for character in characters:
        if character == "|":
            alternatives.append(tuple(places))
            places = []
        elif character == "\\":
            escaped = next(characters, None)
            if escaped is None:
                raise ValueError("a backslash stands before the character it is for")
            places.append(Place(escaped, is_literal=True))
        else:
            places.append(Place(character, is_literal=character not in "A9*"))
    alternatives.append(tuple(places))
    longest = max(map(len, alternatives))
    if not all(alternatives) or longest > MOST_PLACES or len(alternatives) > MOST_ALTERNATIVES:
        raise ValueError(
            f"use A for a letter, 9 for a digit, * for either, and | between at most "
            f"{MOST_ALTERNATIVES} alternatives of at most {MOST_PLACES} places, none of them empty"
        )
    return Mask(tuple(alternatives))


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


def _fit(
    text: str,
    places: tuple[Place, ...],
    digit_of: Mapping[str, str],
    letter_of: Mapping[str, str],
) -> Fit | None:
    taken = list(_taken(text, places, digit_of, letter_of))
    if len(taken) < len(text):
        return None
    repairs = sum(one != other for one, other in zip(taken, text, strict=True))
    return Fit("".join(taken), repairs)


def _taken(
    text: str,
    places: tuple[Place, ...],
    digit_of: Mapping[str, str],
    letter_of: Mapping[str, str],
) -> Iterator[str]:
    """What stands at each place, up to the first that cannot be put right."""
    for place, character in zip(places, text, strict=True):
        if place.accepts(character):
            yield character
            continue
        confused = {"9": digit_of, "A": letter_of}.get("" if place.is_literal else place.kind, {})
        other = confused.get(character)
        if other is None or not place.accepts(other):
            return
        yield other
