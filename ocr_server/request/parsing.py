"""Options as text: how each kind is parsed, written, and described as a JSON schema.

A parser raises ValueError with a sentence on what it takes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

from ocr_server.bounds import Bounds, with_closest
from ocr_server.document.json_schema import Schema
from ocr_server.document.languages import AUTO, MOST_LANGUAGES
from ocr_server.errors import SettingsError
from ocr_server.job import PSM_OF_LAYOUT, Layout, PageSegmentation, PageSelection

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

MOST_RANGES = 100
MOST_LETTERS = 256
MOST_WORDS, LONGEST_WORD = 50_000, 64
_LONGEST_SHOWN = 60  # characters of a client's text that a message repeats
_RANGE = re.compile(r"(\d{1,6})(?:-(\d{1,6}))?")
_PSMS = {str(mode.value) for mode in PageSegmentation}
_SEPARATORS = re.compile(r"[+,\s]+")
_WORD_SEPARATORS = re.compile(r"[,;\s]+")


class ValueKind(Protocol[T_co]):
    """How the values of an option are written; `example` is one that is not its default."""

    @property
    def example(self) -> str:
        """A text that is taken."""

    @property
    def schema(self) -> Schema:
        """The values as a JSON schema."""

    def parse(self, text: str) -> T_co:
        """The value that the text stands for.

        Raises:
            ValueError: it stands for none; the message says what is taken.
        """

    def write(self, value: Any) -> str:  # noqa: ANN401  # each kind has values of its own type
        """The text of a value."""


@dataclass(frozen=True, slots=True)
class Number:
    """A number within bounds."""

    least: float
    most: float

    @property
    def example(self) -> str:
        """The largest one."""
        return f"{self.most:g}"

    @property
    def schema(self) -> Schema:
        """With its bounds."""
        return {"type": "number", "minimum": self.least, "maximum": self.most}

    def parse(self, text: str) -> float:
        """See `ValueKind.parse`."""
        return Bounds(self.least, self.most).parse(text)

    def write(self, value: float) -> str:
        """See `ValueKind.write`."""
        return f"{value:g}"


@dataclass(frozen=True, slots=True)
class Choice(Generic[T]):
    """One of some words; the last is the example, so it must not be the default."""

    values: Mapping[str, T]

    @property
    def example(self) -> str:
        """The last word."""
        return list(self.values)[-1]

    @property
    def schema(self) -> Schema:
        """With all the words."""
        return {"type": "string", "enum": list(self.values)}

    def parse(self, text: str) -> T:
        """See `ValueKind.parse`."""
        if text.lower() not in self.values:
            how = f"use {listed(self.values)}"
            raise ValueError(with_closest(how, [text], self.values))
        return self.values[text.lower()]

    def write(self, value: T) -> str:
        """See `ValueKind.write`."""
        return next(word for word, one in self.values.items() if one == value)


@dataclass(frozen=True, slots=True)
class Several:
    """Some words, joined by commas; each counts once."""

    words: tuple[str, ...]
    example: str
    refused: Mapping[str, str] = field(default_factory=dict)
    """why a word that a client may expect is not taken"""

    @property
    def schema(self) -> Schema:
        """Text, as the words are joined."""
        return {"type": "string", "example": self.example}

    def parse(self, text: str) -> tuple[str, ...]:
        """See `ValueKind.parse`."""
        names = split(text.lower())
        wrong = [name for name in names if name not in self.words]
        if wrong or not names:
            reasons = [self.refused[name] for name in wrong if name in self.refused]
            unknown = [name for name in wrong if name not in self.refused]
            how = f"use {listed(self.words)}, or several joined by commas"
            raise ValueError("; ".join([*reasons, *_unknown(unknown, self.words), how]))
        return names

    def write(self, value: tuple[str, ...]) -> str:
        """See `ValueKind.write`."""
        return ",".join(value)


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false, as forms, queries and JSON write them."""

    example: str = "true"

    @property
    def schema(self) -> Schema:
        """A boolean."""
        return {"type": "boolean"}

    def parse(self, text: str) -> bool:
        """See `ValueKind.parse`."""
        if text.lower() in {"true", "1", "yes", "on"}:
            return True
        if text.lower() in {"false", "0", "no", "off"}:
            return False
        raise ValueError("use true or false")

    def write(self, value: bool) -> str:  # noqa: FBT001  # the value itself
        """See `ValueKind.write`."""
        return str(value).lower()


@dataclass(frozen=True, slots=True)
class Text(Generic[T]):
    """Text with a grammar of its own; `more` stands in its schema."""

    parse: Callable[[str], T]
    example: str
    write: Callable[[Any], str] = str  # each grammar has values of its own type
    more: Schema = field(default_factory=dict)

    @property
    def schema(self) -> Schema:
        """Text."""
        return {"type": "string", **(self.more or {"example": self.example})}


def parse_languages(text: str) -> tuple[str, ...]:
    """Names, joined by + or commas, `auto` in any case; `check_installed` looks for them."""
    names = tuple(AUTO if name.lower() == AUTO else name for name in split(text))
    if not names:
        raise ValueError(f"name at least one language, such as eng, or {AUTO}")
    if len(names) > MOST_LANGUAGES:
        raise ValueError(f"name at most {MOST_LANGUAGES} languages")
    return names


def parse_layout(text: str) -> int:
    """The page segmentation mode of a layout’s name, or of its number."""
    if text in _PSMS:
        return int(text)
    try:
        return PSM_OF_LAYOUT[Layout(text.lower())]
    except ValueError:
        how = f"use {listed(Layout)}, or one of Tesseract's modes 1 and 3 to 13"
        raise ValueError(with_closest(how, [text], Layout)) from None


def write_layout(psm: int) -> str:
    """The layout’s name for a page segmentation mode; its number where it has none."""
    words = (layout.value for layout, mode in PSM_OF_LAYOUT.items() if mode == psm)
    return next(words, str(psm))


def parse_pages(text: str) -> PageSelection:
    """Ranges of page numbers, such as 1-3,7."""
    ranges: list[tuple[int, int]] = []
    for part in text.replace(" ", "").split(","):
        match = _RANGE.fullmatch(part)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
        if not 1 <= first <= last or len(ranges) >= MOST_RANGES:
            raise ValueError("use page numbers and ranges such as 1-3,7")
        ranges.append((first, last))
    return PageSelection(tuple(ranges))


def parse_alphabet(text: str) -> str:
    """The characters that may be read."""
    if len(text) > MOST_LETTERS or not text.isprintable() or " " in text:
        raise ValueError(f"use at most {MOST_LETTERS} printable characters, without blanks")
    return text


def parse_words(text: str) -> str:
    """Words, separated by white space, commas or semicolons: one a line, each once."""
    words = tuple(dict.fromkeys(word for word in _WORD_SEPARATORS.split(text) if word))
    if not words or len(words) > MOST_WORDS or max(map(len, words)) > LONGEST_WORD:
        raise ValueError(f"use 1 to {MOST_WORDS} words of at most {LONGEST_WORD} characters")
    return "\n".join(words)


def read_words(file: str) -> str:
    """The words of the file that `OCR_WORDS` names, as `parse_words` returns them.

    Raises:
        SettingsError: the file cannot be read or understood.
    """
    try:
        return parse_words(Path(file).read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise SettingsError(f"OCR_WORDS={file!r} cannot be used: {error}.") from error


def parse_alternatives(text: str) -> tuple[str, ...]:
    """Sources of alternatives, joined by commas; none for `none`."""
    names = split(text.lower())
    if names == ("none",):
        return ()
    known = ("dictionary", "engine")
    unknown = [name for name in names if name not in known]
    if unknown or not names:
        how = "use dictionary, engine, both joined by a comma, or none"
        raise ValueError("; ".join([*_unknown(unknown, known), how]))
    return names


def split(text: str) -> tuple[str, ...]:
    """The words of a list that is joined by commas, + or blanks; each once."""
    return tuple(dict.fromkeys(word for word in _SEPARATORS.split(text) if word))


def _unknown(names: Sequence[str], known: Iterable[str]) -> Iterator[str]:
    """The names that are not known, in at most `_LONGEST_SHOWN` characters."""
    if names:
        shown = ", ".join(names)
        cut = f"{shown[:_LONGEST_SHOWN]}…" if len(shown) > _LONGEST_SHOWN else shown
        told = f"{cut} is not known" if len(names) == 1 else f"{cut} are not known"
        yield with_closest(told, names[:1], known)


def listed(words: Iterable[object]) -> str:
    """The words with “or” before the last."""
    *most, last = map(str, words)
    return f"{', '.join(most)} or {last}"
