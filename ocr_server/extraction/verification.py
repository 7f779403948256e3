"""A text held against a page: which of its words and figures stand there, and which do not.

The text is another program's, a language model's perhaps. Words are compared without case,
accents' encoding and punctuation around them; each word of a page stands for one of the text, the
next one in reading order first.
"""

from __future__ import annotations

import unicodedata
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from ocr_server.document.characters import skeleton
from ocr_server.document.model import Document, Word
from ocr_server.geometry import Box

MOST_WORDS = 20_000  # of the text; as many as a page may have by default


class WordVerdict(StrEnum):
    """Whether a word stands on a page: `similar` is one that differs by look-alikes only."""

    FOUND = "found"
    SIMILAR = "similar"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CheckedWord:
    """A word of the text; page, box in page pixels, reading and confidence of where it stands."""

    text: str
    verdict: WordVerdict
    page: int | None = None
    box: Box | None = None
    read: str | None = None
    confidence: float | None = None

    @property
    def is_figure(self) -> bool:
        """Whether it has digits: an amount, a date, a number."""
        return any(letter.isdigit() for letter in self.text)


@dataclass(frozen=True, slots=True)
class _Place:
    page: int
    word: Word


def verify(text: str, document: Document) -> tuple[CheckedWord, ...]:
    """The words of the text in their order, each with where it stands; punctuation is no word."""
    places = [_Place(page.number, word) for page in document.pages for word in page.words]
    texts = [one for one in text.split() if _plain(one)][:MOST_WORDS]
    exact = _Index((_plain(place.word.text), at) for at, place in enumerate(places))
    found: list[int | None] = []
    last = -1
    for one in texts:  # before look-alikes, which must not take the place of another's own word
        at = exact.take(_plain(one), last)
        found.append(at)
        last = last if at is None else at
    taken = set(found)
    alike = _Index(
        (skeleton(_plain(place.word.text)), at)
        for at, place in enumerate(places)
        if at not in taken
    )
    return tuple(_checked(texts, found, places, alike))


def _checked(
    texts: Sequence[str], found: Sequence[int | None], places: Sequence[_Place], alike: _Index
) -> Iterator[CheckedWord]:
    last = -1
    for text, own in zip(texts, found, strict=True):
        at, verdict = own, WordVerdict.FOUND
        if at is None:
            at, verdict = alike.take(skeleton(_plain(text)), last), WordVerdict.SIMILAR
        if at is None:
            yield CheckedWord(text, WordVerdict.MISSING)
            continue
        last = at
        place = places[at]
        word = place.word
        yield CheckedWord(text, verdict, place.page, word.box, word.text, word.confidence)


class _Index:
    """The free places of words by their forms, in reading order."""

    def __init__(self, forms: Iterable[tuple[str, int]]) -> None:
        self._places: dict[str, list[int]] = {}
        for form, at in forms:
            self._places.setdefault(form, []).append(at)

    def take(self, form: str, last: int) -> int | None:
        """Take the first free place of a form behind `last`, else the first; None if none."""
        places = self._places.get(form) if form else None
        if not places:
            return None
        at = bisect_left(places, last + 1)
        return places.pop(at if at < len(places) else 0)


def _plain(text: str) -> str:
    """A word without case and what stands around it; symbols of figures such as % and € remain."""
    text = unicodedata.normalize("NFKC", text).casefold()
    begin, end = 0, len(text)
    while begin < end and unicodedata.category(text[begin])[0] == "P":
        begin += 1
    while end > begin and unicodedata.category(text[end - 1])[0] == "P":
        end -= 1
    return text[begin:end]
