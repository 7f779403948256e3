"""Kinds of options: how a value is written, read, and described as a JSON schema."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from ocr_server.bounds import Bounds
from ocr_server.document.json_schema import Schema

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

_SEPARATORS = re.compile(r"[+,\s]+")


class Kind(Protocol[T_co]):
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
        """See `Kind.parse`."""
        return Bounds(self.least, self.most).parse(text)

    def write(self, value: float) -> str:
        """See `Kind.write`."""
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
        """See `Kind.parse`."""
        if text.lower() not in self.values:
            raise ValueError(f"use {listed(self.values)}")
        return self.values[text.lower()]

    def write(self, value: T) -> str:
        """See `Kind.write`."""
        return next(word for word, one in self.values.items() if one == value)


@dataclass(frozen=True, slots=True)
class Several:
    """Some words, joined by commas; each counts once."""

    words: tuple[str, ...]
    example: str

    @property
    def schema(self) -> Schema:
        """Text, as the words are joined."""
        return {"type": "string", "example": self.example}

    def parse(self, text: str) -> tuple[str, ...]:
        """See `Kind.parse`."""
        names = split(text.lower())
        if not names or not set(self.words) >= set(names):
            raise ValueError(f"use {listed(self.words)}, or several joined by commas")
        return names

    def write(self, value: tuple[str, ...]) -> str:
        """See `Kind.write`."""
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
        """See `Kind.parse`."""
        if text.lower() in {"true", "1", "yes", "on"}:
            return True
        if text.lower() in {"false", "0", "no", "off"}:
            return False
        raise ValueError("use true or false")

    def write(self, value: bool) -> str:  # noqa: FBT001  # the value itself
        """See `Kind.write`."""
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


def split(text: str) -> tuple[str, ...]:
    """The words of a list that is joined by commas, + or blanks; each once."""
    return tuple(dict.fromkeys(word for word in _SEPARATORS.split(text) if word))


def listed(words: Iterable[object]) -> str:
    """The words with “or” before the last."""
    *most, last = map(str, words)
    return f"{', '.join(most)} or {last}"
