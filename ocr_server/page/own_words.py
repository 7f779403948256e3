"""Find the word of a request's own list that a doubtful word was meant to be.

The list holds names and part numbers that neither dictionary nor language model knows. Words are
compared by their skeletons (`document.characters.skeleton`), in which characters that OCR confuses
are one, such as the digit 0 and the letter O. Skeletons of some length may also differ by one edit:
both are then the same with one letter deleted, or one is the other with one letter deleted, so an
index of all such deletions finds them without comparing every word.

Source: Garbe, SymSpell (2012), symmetric delete spelling correction.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np
import numpy.typing as npt

from ocr_server.document.characters import skeleton

_SHORTEST_EDITED = 6  # letters of a skeleton; too many others are one edit from a shorter one


@dataclass(frozen=True, slots=True)
class OwnWords:
    """A list of words, indexed by what they look like."""

    _known: frozenset[str]  # in small letters
    _by_skeleton: dict[str, tuple[str, ...]] = field(repr=False)
    _skeletons: tuple[str, ...] = field(repr=False)
    # Hashes of all skeletons with a letter deleted, in order, and the positions of the skeletons.
    _hashes: npt.NDArray[np.int64] = field(repr=False)
    _positions: npt.NDArray[np.int32] = field(repr=False)

    def __contains__(self, word: str) -> bool:
        """Whether the word is in the list, in capitals or small letters."""
        return word.lower() in self._known

    def nearest(self, word: str) -> str | None:
        """The word of the list that looks most like `word`; None if none does, or several do."""
        seen = skeleton(word)
        found = self._by_skeleton.get(seen) or tuple(self._one_edit_from(seen))
        ranked = sorted((_distance(word.lower(), other.lower()), other) for other in found)
        if not ranked or (len(ranked) > 1 and ranked[0][0] == ranked[1][0]):
            return None
        return ranked[0][1]

    def _one_edit_from(self, seen: str) -> Iterator[str]:
        if not _may_differ(seen):
            return
        hashes = np.array([hash(form) for form in (seen, *_deletions(seen))], np.int64)
        first = np.searchsorted(self._hashes, hashes, "left")
        last = np.searchsorted(self._hashes, hashes, "right")
        near = {
            self._skeletons[position]
            for start, end in zip(first, last, strict=True)
            for position in self._positions[start:end]
        }
        for form in near:
            if _distance(seen, form) == 1:
                yield from self._by_skeleton[form]


@lru_cache(maxsize=2)
def own_words(text: str) -> OwnWords:
    """The words of a text, one a line; the last lists are kept.

    Indexing 50,000 words takes half a second and 30 MB.
    """
    return index_words(tuple(text.split("\n")))


@lru_cache(maxsize=4)
def index_words(words: tuple[str, ...]) -> OwnWords:
    """The index of these words."""
    by_skeleton: dict[str, tuple[str, ...]] = {}
    for word in words:
        form = skeleton(word)
        by_skeleton[form] = (*by_skeleton.get(form, ()), word)
    skeletons = tuple(by_skeleton)
    deleted = [
        (hash(form), position)
        for position, whole in enumerate(skeletons)
        if _may_differ(whole)
        for form in (whole, *_deletions(whole))
    ]
    hashes = np.array([one for one, _ in deleted], np.int64)
    order = np.argsort(hashes)
    return OwnWords(
        frozenset(word.lower() for word in words),
        by_skeleton,
        skeletons,
        hashes[order],
        np.array([position for _, position in deleted], np.int32)[order],
    )


def _may_differ(form: str) -> bool:
    """Whether an edit is allowed: figures are no letters that could be misread."""
    return len(form) >= _SHORTEST_EDITED and not any(map(str.isdigit, form))


def _deletions(form: str) -> Iterator[str]:
    """The text with one letter deleted, in every way."""
    for at in range(len(form)):
        yield form[:at] + form[at + 1 :]


def _distance(one: str, other: str) -> int:
    """The Levenshtein distance: the fewest letters to change, insert or remove."""
    row = list(range(len(other) + 1))
    for at, letter in enumerate(one, 1):
        diagonal, row[0] = row[0], at
        for position, second in enumerate(other, 1):
            best = min(row[position] + 1, row[position - 1] + 1, diagonal + (letter != second))
            diagonal, row[position] = row[position], best
    return row[-1]
