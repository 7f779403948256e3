"""The ends of lines: words that are parted there, and lines joined to a paragraph."""

from __future__ import annotations

import re
from collections.abc import Iterable

from ocr_server.document.characters import has_blank

# A hyphen at the end of a line: hyphen-minus, soft hyphen or hyphen after a letter.
PARTED = re.compile(r"(?<=[^\W\d_])[-\u00ad\u2010]$")
# A dash between figures, as in 1914-1918.
_RANGE = re.compile(r"(?<=\d)[-\u2010\u2013]$")
# What goes on after a word of which only the first half stands there: "Vor- und Nachteile".
_CONJUNCTION = re.compile(r"(?:and|or|und|oder|bis|et|ou)\b|bzw\.")


def is_hyphenated(line: str, following: str) -> bool:
    """Whether the last word of a line goes on in the following one, and the hyphen is no part.

    A small letter says that the word goes on, unless it has hyphens of its own.
    """
    if not _goes_on(line, following):
        return False
    last_word = line[:-1].rpartition(" ")[2]
    return line[-1] == "\u00ad" or (following[0].islower() and "-" not in last_word)


def joined(lines: Iterable[str]) -> str:
    """Lines as one: a parted word whole again, and no blank where the script has none."""
    text = ""
    for line in lines:
        if _goes_on(text, line):
            text = (text[:-1] if is_hyphenated(text, line) else text) + line
        elif line[:1].isdigit() and _RANGE.search(text[-2:]):
            text += line
        else:
            text += f" {line}" if has_blank(text, line) else line
    return text


def _goes_on(line: str, following: str) -> bool:
    """Whether a line ends with a hyphen after which the word goes on."""
    is_parted = following[:1].isalnum() and PARTED.search(line[-2:])
    return bool(is_parted) and not _CONJUNCTION.match(following)
