"""A piece of the page that may be the value of a field."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ocr_server.document.model import Word, hull_of
from ocr_server.geometry import Box


@dataclass(frozen=True, slots=True)
class Match:
    """A text as it was read: `meant` is what who found it takes it for, if that differs.

    `fault` says what is wrong with it already; `says_nothing` that it was read and is empty, as
    it may be. `confidence` is 0 to 1.
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
