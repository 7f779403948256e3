"""Validate the text of a field: mask, list of values, check digit, pattern and confidence.

The rules are applied in that order; the last one always, others if the field has them. The
character map changes characters: a letter becomes a digit, or a digit a letter, where the mask
requires it. A text that looks like exactly one of the listed values becomes it. A text that breaks
a rule is kept as it was read, with the reason.

A mask has one character for each position of a code: `A` for a letter, `9` for a digit, `*` for
either; any other character stands for itself, as do these and `|` after a backslash. `|` separates
alternatives: `AAA-9999|AAA-9A99`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache

from ocr_server.document.model import Field, Word, hull_of
from ocr_server.extraction.check_digits import agrees
from ocr_server.geometry import Box
from ocr_server.job import FieldSpec
from ocr_server.page.own_words import index_words

MOST_PLACES, MOST_ALTERNATIVES = 64, 32
# Of words with less, one in eight is right: 71 on receipts, by Tesseract.
_LEAST_TRUSTED = 0.1


@dataclass(frozen=True, slots=True)
class Match:
    """A text that may be the value of a field.

    `raw` is the text as read, with its confidence from 0 to 1 and its box in page pixels;
    `normalised` is the finder's interpretation, if that differs; `error` says what the finder
    found wrong. `is_blank`: the position was read and is empty, which is allowed.
    """

    raw: str
    confidence: float
    box: Box | None = None
    normalised: str | None = None
    error: str | None = None
    is_blank: bool = False

    @property
    def text(self) -> str:
        """The normalised text if there is one, else the raw text."""
        return self.raw if self.normalised is None else self.normalised


NOTHING = Match("", 0.0, error="nothing was read")


def of_words(words: Iterable[Word], text: str | None = None) -> Match:
    """The words as one match with the confidence of the least confident; `text` replaces theirs."""
    read = tuple(words)
    if not read:
        return NOTHING
    return Match(
        raw=" ".join(word.text for word in read) if text is None else text,
        confidence=min(word.certainty for word in read),
        box=hull_of(read),
    )


def validate_field(spec: FieldSpec, candidate: Match) -> Field:
    """The field with the candidate as its value; its reason says which rule it breaks first."""
    text = candidate.text.strip()
    fitted = fit(spec, text)
    value = fitted.text if fitted else text
    if spec.one_of and value and fitted:
        value = listed_value(spec.one_of, value) or value
    return Field(
        name=spec.name,
        value=value or None,
        raw=candidate.raw.strip(),
        confidence=candidate.confidence if value or candidate.is_blank else 0.0,
        reason=next(_errors(spec, candidate, value, does_fit=fitted is not None), None),
        box=candidate.box,
    )


def is_valid(spec: FieldSpec, value: str, confidence: float) -> bool:
    """Whether a text that fits the field's mask, read with that confidence, keeps all rules."""
    value = listed_value(spec.one_of, value) or value
    return not any(_errors(spec, Match(value, confidence), value, does_fit=True))


def fit(spec: FieldSpec, text: str) -> Fit | None:
    """The text fitted to the field's mask, or None; without a mask every text fits."""
    if spec.mask is None:
        return Fit(text, 0)
    mask = parse_mask(spec.mask)
    if not mask.has_blanks:
        text = "".join(text.split())
    return mask.fit(text, dict(spec.character_map))


def listed_value(values: tuple[str, ...], text: str) -> str | None:
    """The value that is the text, in capitals or small letters, or looks like it; None if none."""
    if not values:  # asked of very many texts
        return None
    same = (value for value in values if value.lower() == text.lower())
    return next(same, None) or index_words(values).nearest(text)


@dataclass(frozen=True, slots=True)
class Place:
    """One position of a mask: a kind (`A`, `9` or `*`), or a required character (`is_literal`)."""

    kind: str
    is_literal: bool = False

    @property
    def pattern(self) -> str:
        """The characters that it accepts of ASCII, as a regular expression."""
        if self.is_literal:
            return re.escape(self.kind)
        return {"9": "[0-9]", "A": "[A-Za-z]", "*": "[0-9A-Za-z]"}[self.kind]

    def accepts(self, character: str) -> bool:
        """Whether the mask allows the character at this position."""
        if self.is_literal:
            return character == self.kind
        is_digit = character.isascii() and character.isdigit()
        if self.kind == "9":
            return is_digit
        return character.isalpha() or (self.kind == "*" and is_digit)


@dataclass(frozen=True, slots=True)
class Fit:
    """A text that fits a mask after `repairs` characters were exchanged by the character map."""

    text: str
    repairs: int


@dataclass(frozen=True)
class Mask:
    """A parsed mask: at least one alternative, none of them empty."""

    alternatives: tuple[tuple[Place, ...], ...]

    @cached_property
    def has_blanks(self) -> bool:
        """Whether it has a blank; if it has none, blanks in a text are ignored."""
        return any(place.kind == " " for places in self.alternatives for place in places)

    @cached_property
    def by_length(self) -> Mapping[int, tuple[tuple[Place, ...], ...]]:
        """The alternatives by the length of the text that fits them, in their order."""
        lengths = dict.fromkeys(map(len, self.alternatives))
        return {
            length: tuple(places for places in self.alternatives if len(places) == length)
            for length in lengths
        }

    @cached_property
    def _patterns(self) -> Mapping[int, re.Pattern[str]]:
        """What texts that fit without repairs look like, by their length."""
        return {
            length: re.compile(
                "|".join("".join(place.pattern for place in places) for places in alternatives)
            )
            for length, alternatives in self.by_length.items()
        }

    def fit(self, text: str, character_map: Mapping[str, str]) -> Fit | None:
        """The text fitted to the mask with the fewest repairs; None if it does not fit.

        `character_map` maps letters to digits that they are mistaken for. Letters become digits
        where the mask requires digits, and digits letters where it requires letters.
        """
        pattern = self._patterns.get(len(text))
        if pattern is None:
            return None
        if text.isascii():  # then a letter is the same in the pattern as in `Place.accepts`
            if pattern.fullmatch(text):
                return Fit(text, 0)
            if not character_map:
                return None
        letter_of = {digit: letter for letter, digit in reversed(list(character_map.items()))}
        fits = [
            fit
            for places in self.by_length.get(len(text), ())
            if (fit := _fit(text, places, character_map, letter_of)) is not None
        ]
        return min(fits, key=lambda fit: fit.repairs, default=None)


@lru_cache(maxsize=256)  # a request has at most a hundred fields
def parse_mask(text: str) -> Mask:
    """The mask that the text describes.

    Raises:
        ValueError: an alternative is empty, or it is too long; the message says what is allowed.
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
    if spec.one_of and value and value not in spec.one_of:
        yield "is none of the listed values"
    if spec.check is not None and not agrees(spec.check, value):
        yield f"the check digit does not agree ({spec.check})"
    if spec.pattern is not None and not re.fullmatch(spec.pattern, value):
        yield f"does not match the pattern {spec.pattern}"
    least = max(spec.min_confidence, _LEAST_TRUSTED)
    if candidate.confidence < least:
        yield f"confidence {candidate.confidence:.2f} is under {least:.2f}"


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
    """The fitted characters, up to the first that the mask does not allow."""
    for place, character in zip(places, text, strict=True):
        if place.accepts(character):
            yield character
            continue
        confused = {"9": digit_of, "A": letter_of}.get("" if place.is_literal else place.kind, {})
        other = confused.get(character)
        if other is None or not place.accepts(other):
            return
        yield other
