"""Suggest and correct spellings of doubtful words, by the request's own words and by dictionaries.

The dictionaries are pyspellchecker's word lists with frequencies for a dozen languages, counted
from OpenSubtitles (opensubtitles.org), under the MIT licence. Its own search is used at an edit
distance of 1 only; beyond that, letters that OCR confuses are exchanged. A list is loaded when a
page first needs it, which takes half a second and some 40 MB of a worker's memory.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache

from spellchecker import SpellChecker

from ocr_server.document.characters import WORD_LOOK_ALIKES
from ocr_server.document.languages import DICTIONARIES
from ocr_server.document.model import Alternative, Page, Word
from ocr_server.job import ReadOptions
from ocr_server.page.own_words import OwnWords, own_words

SOURCE = "dictionary"

_DOUBTFUL = 0.76  # words of less confidence get alternatives: all that the pages call doubtful
_CORRECTED = 0.6  # words of less confidence may be corrected
# Words of less confidence may be own words, misread: of 12,606 words read rightly on 73 pages, none
# was taken for one of 50,000 names, and of 185 misread names 91 were mended, with .76 about 60.
_SURE_OF_OWN = 0.9
_MOST_ALTERNATIVES = 5
_SHORTEST, _LONGEST = 3, 30  # letters; most shorter words are one edit from many others
_CLEAR = 10  # how many times as frequent as the next best a correction must be
_LIKELIER = 100  # weight of a known confusion, where any other edit has 1
_SWAPS = tuple({*WORD_LOOK_ALIKES, *((intended, seen) for seen, intended in WORD_LOOK_ALIKES)})
_CORE = re.compile(r"^(\W*?)([\w|!$€][\w|!$€'’-]*?)(\W*)$")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """The word lists of one or more languages."""

    lists: tuple[SpellChecker, ...]

    def frequency(self, word: str) -> float:
        """Frequency of a word as a share of all words, from 0 to 1; 0 if it is unknown."""
        return max((one.word_usage_frequency(word) for one in self.lists), default=0.0)

    def near(self, word: str) -> dict[str, float]:
        """Known words one edit or up to two confusions away, with weights; none for a known word.

        A weight is the word's frequency, 100 times as high if confusions lead to it.
        """
        if self.frequency(word):
            return {}
        edits = {edit for one in self.lists for edit in one.known(one.edit_distance_1(word))}
        found = {edit: self.frequency(edit) for edit in edits}
        return found | {other: weight * _LIKELIER for other, weight in self.confused(word).items()}

    def confused(self, word: str) -> dict[str, float]:
        """Known words one or two confusions away, with weights; two count a tenth of one."""
        once = set(_swapped(word))
        twice = {other for one in once for other in _swapped(one)} if len(once) < 60 else set()
        return {
            other: weight / (1 if other in once else _CLEAR)
            for other in once | twice
            if (weight := self.frequency(other))
        }


def dictionary_of(languages: Sequence[str]) -> Dictionary | None:
    """The dictionary of those languages, by Tesseract's names, that have one; None if none has."""
    codes = tuple(dict.fromkeys(DICTIONARIES[name] for name in languages if name in DICTIONARIES))
    return Dictionary(tuple(_load(code) for code in codes)) if codes else None


def suggest_spellings(page: Page, options: ReadOptions) -> Page:
    """Correct misread words of `options.words`, and add alternatives to other doubtful words.

    A word with a confidence under 0.9 that no dictionary knows becomes the only word of the list
    that looks like it. With `options.correct`, a word with a confidence under 0.6 is replaced by
    its best alternative if only known confusions lead to it and it is ten times as frequent as any
    other. What was read is kept in `Word.corrected_from`.
    """
    if not (options.alternatives or options.correct or options.words):
        return page
    sure = _SURE_OF_OWN if options.words else _DOUBTFUL
    if not any(word.confidence < sure for word in page.words):
        return page
    dictionary = dictionary_of(page.language.codes if page.language else options.languages)
    own = own_words(options.words) if options.words else None
    if dictionary is None and own is None:
        return page

    def in_word(word: Word) -> Word:
        match = _CORE.match(word.text)
        if word.confidence >= sure or word.checked or match is None:
            return word
        before, core, after = match.groups()
        if not _SHORTEST <= len(core) <= _LONGEST or core.isdigit() or (own and core in own):
            return word
        meant = _own_word(word, core, own, dictionary) if own else None
        if meant:
            return replace(word, text=f"{before}{meant}{after}", corrected_from=word.text)
        if dictionary and (options.alternatives or options.correct):
            return _suggested(word, (before, core, after), dictionary, correct=options.correct)
        return word

    return replace(page, zones=tuple(zone.with_each_word(in_word) for zone in page.zones))


def _own_word(word: Word, core: str, own: OwnWords, dictionary: Dictionary | None) -> str | None:
    """The own word that was misread, as it is written in the list, or in capitals as on the page.

    One that the engine took for possible comes before others that look alike.
    """
    if dictionary and dictionary.frequency(core.lower().replace("’", "'")):
        return None
    others = (_CORE.match(other.text) for other in word.alternatives)
    meant = next((match[2] for match in others if match and match[2] in own), None)
    meant = meant or own.nearest(core)
    return meant.upper() if meant and core.isupper() else meant


def _suggested(
    word: Word, parts: tuple[str, str, str], dictionary: Dictionary, *, correct: bool
) -> Word:
    before, core, after = parts
    plain = core.lower().replace("’", "'")
    near = dictionary.near(plain) if word.confidence < _DOUBTFUL else {}
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
    """The word with one confusion undone, in every way."""
    for seen, intended in _SWAPS:
        at = word.find(seen)
        while at >= 0:
            yield word[:at] + intended + word[at + len(seen) :]
            at = word.find(seen, at + 1)


def _dressed(word: str, like: str) -> str:
    """The word in capitals, with a capital initial or as it is, as `like` is written."""
    letters = [letter for letter in like if letter.isalpha()]
    if len(letters) > 1 and all(letter.isupper() for letter in letters):
        return word.upper()
    return word[:1].upper() + word[1:] if like[:1].isupper() else word


@cache
def _load(code: str) -> SpellChecker:
    return SpellChecker(language=code, distance=1)
