"""Other readings of doubtful words, from dictionaries.

The dictionaries are pyspellchecker's lists of words with their frequencies: under its MIT
licence, counted from OpenSubtitles (opensubtitles.org), for a dozen languages. Its own search is
used one edit deep only; what OCR mistakes for what is known better than by edits. Each list is
loaded when a page first needs it: half a second, and some 40 MB of a worker's memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

from spellchecker import SpellChecker

from ocr_server.document.characters import WORD_LOOK_ALIKES
from ocr_server.document.model import Alternative, Line, Page, Word, Zone
from ocr_server.job import ReadOptions

# Tesseract's names of the languages that have a dictionary, and the dictionary's.
DICTIONARIES: Mapping[str, str] = {
    "ara": "ar", "deu": "de", "eng": "en", "eus": "eu", "fas": "fa", "fra": "fr", "ita": "it",
    "lav": "lv", "nld": "nl", "por": "pt", "rus": "ru", "spa": "es",
}  # fmt: skip
SOURCE = "dictionary"

_DOUBTFUL = 0.76  # words less certain than this get alternatives: all that the pages call doubtful
_CORRECTED = 0.6  # words less certain than this may be corrected
_MOST_ALTERNATIVES = 5
_SHORTEST, _LONGEST = 3, 30  # letters: shorter words are near to everything
_CLEAR = 10  # a correction is so many times as frequent as the next best
_LIKELIER = 100  # a known confusion, compared with any other edit
_SWAPS = tuple({*WORD_LOOK_ALIKES, *((intended, seen) for seen, intended in WORD_LOOK_ALIKES)})
_CORE = re.compile(r"^(\W*?)([\w|!$€][\w|!$€'’-]*?)(\W*)$")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The words of some languages."""

    lists: tuple[SpellChecker, ...]

    def frequency(self, word: str) -> float:
        """How often a word is written, as a share of all words; 0 if it is not known."""
        return max((one.word_usage_frequency(word) for one in self.lists), default=0.0)

    def near(self, word: str) -> dict[str, float]:
        """Known words one edit away or some confusions, with their weights; none if it is known."""
        if self.frequency(word):
            return {}
        edits = {edit for one in self.lists for edit in one.known(one.edit_distance_1(word))}
        found = {edit: self.frequency(edit) for edit in edits}
        return found | {other: weight * _LIKELIER for other, weight in self.confused(word).items()}

    def confused(self, word: str) -> dict[str, float]:
        """Known words that differ by one or two confusions, with their weights."""
        once = set(_swapped(word))
        twice = {other for one in once for other in _swapped(one)} if len(once) < 60 else set()
        return {
            other: weight / (1 if other in once else _CLEAR)
            for other in once | twice
            if (weight := self.frequency(other))
        }


def dictionary_of(languages: Sequence[str]) -> Dictionary | None:
    """The dictionary of the languages that have one, by Tesseract's names; None if none has."""
    codes = tuple(dict.fromkeys(DICTIONARIES[name] for name in languages if name in DICTIONARIES))
    return Dictionary(tuple(_load(code) for code in codes)) if codes else None


def suggest_spellings(page: Page, options: ReadOptions) -> Page:
    """The page with alternatives at its doubtful words, if the reading asks for such.

    With `options.correct`, a word of little confidence becomes what it differs from by known
    confusions alone, if that is clear, and says what it was.
    """
    if not (options.alternatives or options.correct):
        return page
    if not any(word.confidence < _DOUBTFUL for word in page.words):
        return page
    dictionary = dictionary_of(options.languages)
    if dictionary is None:
        return page

    def in_zone(zone: Zone) -> Zone:
        done = replace(zone, lines=tuple(in_line(line) for line in zone.lines))
        return done if done.text == zone.text else done.with_cells_refilled()

    def in_line(line: Line) -> Line:
        words = tuple(_suggested(word, dictionary, correct=options.correct) for word in line.words)
        return replace(line, words=words)

    return replace(page, zones=tuple(in_zone(zone) for zone in page.zones))


def _suggested(word: Word, dictionary: Dictionary, *, correct: bool) -> Word:
    if word.confidence >= _DOUBTFUL or word.checked:
        return word
    match = _CORE.match(word.text)
    if match is None or not _SHORTEST <= len(match[2]) <= _LONGEST:
        return word
    before, core, after = match.groups()
    plain = core.lower().replace("’", "'")
    if plain.isdigit():
        return word
    near = dictionary.near(plain)
    if not near:
        return word
    ranked = sorted(near, key=lambda other: (-near[other], other))
    total = sum(near.values())
    alternatives = tuple(
        Alternative(f"{before}{_dressed(other, core)}{after}", near[other] / total, SOURCE)
        for other in ranked[:_MOST_ALTERNATIVES]
    )
    suggested = replace(word, alternatives=(*word.alternatives, *alternatives))
    best = ranked[0]
    clear = all(near[best] >= _CLEAR * near[other] for other in ranked[1:])
    if (
        not correct
        or word.confidence >= _CORRECTED
        or not clear
        or len(core) <= _SHORTEST
        or best not in dictionary.confused(plain)
    ):
        return suggested
    text = f"{before}{_dressed(best, core)}{after}"
    return replace(suggested, text=text, corrected_from=word.text)


def _swapped(word: str) -> Iterator[str]:
    """The word with one confusion undone."""
    for seen, intended in _SWAPS:
        at = word.find(seen)
        while at >= 0:
            yield word[:at] + intended + word[at + len(seen) :]
            at = word.find(seen, at + 1)


def _dressed(word: str, like: str) -> str:
    """The word in the capitals of another."""
    letters = [letter for letter in like if letter.isalpha()]
    if len(letters) > 1 and all(letter.isupper() for letter in letters):
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


@cache
def _load(code: str) -> SpellChecker:
    return SpellChecker(language=code, distance=1)
