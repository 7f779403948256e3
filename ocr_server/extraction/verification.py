"""A text held against pages: which of its words and figures stand there, and which do not.

The text is another program's, a language model's perhaps. Words are compared without case,
accents' encoding, the shapes of quotes and dashes, and punctuation around them; those that are
parted or joined there are looked for together. Each word of a page stands for one of the text.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from ocr_server.document.characters import has_blank, skeleton
from ocr_server.document.model import Document, Word, hull_of
from ocr_server.extraction.word_places import RunStarts, WordPlaces
from ocr_server.geometry import Box

MOST_WORDS = 20_000  # of the text; as many as a page may have by default
_MOST_JOINED = 4  # words of the text that are parted otherwise on the page
_MOST_SKIPPED = 5  # words of the page between two of the text; more are another passage
_WORDS = re.compile(r"[^\s\u3001\u3002\uff01\uff0c\uff1a\uff1b\uff1f]+")
# Quotes and dashes that are one to the reader, and the soft hyphen, which is none of a word's.
_SHAPES = str.maketrans(
    dict.fromkeys("\u2018\u2019\u201a\u201b\u02bc\u2032`", "'")
    | dict.fromkeys("\u201c\u201d\u201e\u201f\xab\xbb", '"')
    | dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-")
    | {"\xad": ""}
)
_KEPT = "%‰°"  # of figures, beside currencies
_ENDS_IN_FIGURE = re.compile(r"\d[.,]?$")
_BETWEEN_FIGURES = re.compile(r"(?<=\d)[^\w\s](?=\d)")


class WordVerdict(StrEnum):
    """Whether a word stands on a page.

    `similar` is one that differs by look-alikes, by punctuation inside, or by blanks between
    letters or figures.
    """

    FOUND = "found"
    SIMILAR = "similar"
    MISSING = "missing"


@dataclass(frozen=True, slots=True)
class CheckedWord:
    """A word of the text; page, box in page pixels, reading and confidence of where it stands.

    `in_order` is false where it stands elsewhere than its neighbours' order in the text says.
    `skipped` are the few words of the page between it and the word before it in the text.
    """

    text: str
    verdict: WordVerdict
    page: int | None = None
    box: Box | None = None
    read: str | None = None
    confidence: float | None = None
    in_order: bool = True
    skipped: tuple[str, ...] = ()

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
    places = [
        _Place(page.number, word)
        for page in document.pages
        for word in page.words
        if _plain(word.text)
    ]
    texts = [one for one in _WORDS.findall(text) if _plain(one)][:MOST_WORDS]
    read = [place.word.text for place in places]
    chosen = WordPlaces(len(texts), len(read))
    chosen.take([*map(_plain, texts)], [*map(_plain, read)])
    similar = set(_take_runs(texts, places, chosen))
    similar.update(chosen.take([*map(_skeleton, texts)], [*map(_skeleton, read)]))
    return tuple(_checked(texts, places, chosen, similar))


def _take_runs(texts: Sequence[str], places: Sequence[_Place], chosen: WordPlaces) -> Iterator[int]:
    """Give words that are parted or joined otherwise on a page their places; who is but similar."""
    starts = RunStarts([_letters(place.word.text) for place in places])
    letters = [*map(_letters, texts)]
    near = 0
    for first in range(len(texts)):
        for end in range(first + 1, min(first + _MOST_JOINED, len(texts)) + 1):
            if chosen.of[end - 1]:
                break
            words = texts[first:end]
            runs = chosen.runs("".join(letters[first:end]), starts, near)
            run = _run(words, places, runs)
            if run:
                chosen.give(range(first, end), run)
                read = [places[at].word.text for at in run]
                if len(read) == len(words) or not (_may_be_joined(words) and _may_be_joined(read)):
                    yield from range(first, end)
        if there := chosen.of[first]:
            near = there[-1] + 1


def _run(words: Sequence[str], places: Sequence[_Place], runs: Iterable[range]) -> range | None:
    """The first run that is on one page and has the same between its figures."""
    for run in runs:
        read = "".join(places[at].word.text for at in run)
        if places[run[0]].page != places[run[-1]].page:
            continue
        if _between_figures(read) == _between_figures("".join(words)):
            return run
    return None


def _checked(
    texts: Sequence[str], places: Sequence[_Place], chosen: WordPlaces, similar: set[int]
) -> Iterator[CheckedWord]:
    in_order = chosen.in_order()
    before: range | None = None
    for number, (text, at) in enumerate(zip(texts, chosen.of, strict=True)):
        if at is None:
            yield CheckedWord(text, WordVerdict.MISSING)
            before = None
            continue
        there = [places[place] for place in at]
        words = [place.word for place in there]
        gap = range(before[-1] + 1, at[0]) if before and in_order[number] else range(0)
        yield CheckedWord(
            text,
            WordVerdict.SIMILAR if number in similar else WordVerdict.FOUND,
            there[0].page,
            hull_of(words),
            " ".join(word.text for word in words),
            min(word.confidence for word in words),
            in_order[number],
            tuple(places[one].word.text for one in gap) if len(gap) <= _MOST_SKIPPED else (),
        )
        before = at if in_order[number] else None


def _may_be_joined(words: Iterable[str]) -> bool:
    """Whether no letters and no figures of two words would come together."""
    return not any(
        (before[-1].isalpha() and after[0].isalpha() and has_blank(before, after))
        or (after[0].isdigit() and _ENDS_IN_FIGURE.search(before))
        for before, after in pairwise(words)
    )


def _plain(text: str) -> str:
    """A word without case and what stands around it; signs, % and currencies of figures remain."""
    text = _shaped(text)
    begin, end = 0, len(text)
    while begin < end and not _belongs(text[begin]):
        begin += 1
    while end > begin and not _belongs(text[end - 1]):
        end -= 1
    is_signed = text[begin : begin + 1].isdigit() and text[begin - 1 : begin] == "-"
    return text[begin - is_signed : end]


def _shaped(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold().translate(_SHAPES)


def _belongs(letter: str) -> bool:
    """Whether a character is part of a word also at its ends."""
    category = unicodedata.category(letter)
    return letter in _KEPT or category == "Sc" or category[0] in "LNM"


def _letters(text: str) -> str:
    return "".join(filter(_belongs, _shaped(text)))


def _between_figures(text: str) -> list[str]:
    """The marks between figures, by which 12.50 differs from 1250."""
    return _BETWEEN_FIGURES.findall(_shaped(text))


def _skeleton(text: str) -> str:
    return skeleton(_plain(text))
