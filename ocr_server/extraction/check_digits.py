"""Check digits, by the names that a field may ask for."""

from __future__ import annotations

from collections.abc import Callable, Mapping

_ICAO_VALUES = {character: value for value, character in enumerate("0123456789")} | {
    character: value for value, character in enumerate("ABCDEFGHIJKLMNOPQRSTUVWXYZ", 10)
} | {"<": 0}  # fmt: skip


def icao_9303_digit(text: str) -> str | None:
    """The check digit of the text; None if it has other characters than `A-Z`, `0-9` and `<`.

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
    """Whether the last digit is the Luhn check digit of the others.

    Source: ISO/IEC 7812-1, annex B.
    """
    if not _is_number(text):
        return False
    digits = [int(character) for character in reversed(text)]
    doubled = [2 * digit - 9 * (digit > 4) for digit in digits[1::2]]
    return (sum(digits[::2]) + sum(doubled)) % 10 == 0


def mod_11_10(text: str) -> bool:
    """Whether the last digit is the check digit of the others by MOD 11,10.

    Source: ISO/IEC 7064, clause 9.2: hybrid systems.
    """
    if not _is_number(text):
        return False
    rest = 10
    for character in text[:-1]:
        rest = (rest + int(character)) % 10 or 10
        rest = rest * 2 % 11
    return (rest + int(text[-1])) % 10 == 1


def mod_97_10(text: str) -> bool:
    """Whether the text is 1 modulo 97 as a number, with A = 10 to Z = 35, and ends with two digits.

    Source: ISO/IEC 7064, clause 7: pure systems with two check digits (MOD 97-10).
    """
    if len(text) < 3 or not (text.isascii() and text.isalnum() and text.upper() == text):
        return False
    rest = 0
    for character in text:
        value = int(character, 36)
        rest = (rest * (100 if value > 9 else 10) + value) % 97
    return text[-2:].isdigit() and rest == 1


def ean(text: str) -> bool:
    """Whether a number of 8, 12, 13, 14 or 18 digits ends with its GS1 check digit.

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
    """Whether the text is valid by a rule of `CHECKS`; blanks, dots and hyphens are ignored."""
    return CHECKS[check]("".join(one for one in text if one not in " .-"))


def _is_number(text: str) -> bool:
    return len(text) > 1 and text.isascii() and text.isdigit()
