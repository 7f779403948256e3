"""Position masks: what kind of character stands at each place of a code.

`A` is a letter, `9` a digit, `*` either; any other character stands for itself, and so do these
three and `|` after a backslash. `|` separates alternatives: `AAA-9999|AAA-9A99`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

MOST_PLACES, MOST_ALTERNATIVES = 64, 32


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
