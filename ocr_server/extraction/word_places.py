"""Which words of a text are which of the pages: each takes a place, beside those of its neighbours.

Words are compared by their forms, strings that are equal or not; an empty one is equal to none.
Forms that stand once in both are sure. From each such word the same ones are followed on both
sides, and what is left takes the nearest place.

Source: Bram Cohen's patience diff, without its condition that the order be the same.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence

_MOST_STARTS = 8  # places of a form on each side at which a run is looked for
# Runs are looked for at so many places in all, which takes a second or two; a letter costs as much
# as an eighth of a place. Runs have at most so many letters.
_MOST_PLACES, _LONGEST_RUN = 1_000_000, 200


class WordPlaces:
    """The places that the words of a text have; a place is the number of a word of the pages.

    `of` has a range of places for each word of the text, or None.
    """

    def __init__(self, words: int, places: int) -> None:
        self.of: list[range | None] = [None] * words
        self._is_free = [True] * places

    def take(self, words: Sequence[str], places: Sequence[str]) -> list[int]:
        """Give words that have no place a free one of the same form; the numbers of those words."""
        free = _numbers_by_form(places, self._is_free)
        needy = _numbers_by_form(words, [place is None for place in self.of])
        given: list[int] = []

        def give(word: int, place: int) -> None:
            for step in (1, -1):  # onwards from the word, and back from the one before it
                at, there = (word, place) if step == 1 else (word - 1, place - 1)
                while self._may_take(at, there) and words[at] == places[there] != "":
                    self.give(range(at, at + 1), range(there, there + 1))
                    of_form = free[places[there]]
                    del of_form[bisect_left(of_form, there)]
                    given.append(at)
                    at, there = at + step, there + step

        for form, numbers in needy.items():
            if len(numbers) == len(free.get(form, ())) == 1:
                give(numbers[0], free[form][0])
        known = next((word for word, place in enumerate(self.of) if place), 0)
        for word, form in enumerate(words):
            if self.of[word]:
                known = word
            elif choice := free.get(form):
                near = self.of[known]
                expected = word - known + (near[-1] if near else known)
                at = bisect_left(choice, expected)
                nearest = min(choice[max(0, at - 1) : at + 1], key=lambda one: abs(one - expected))
                give(word, nearest)
                known = word
        return given

    def give(self, words: range, places: range) -> None:
        """Give words together some places, which are free no longer."""
        for word in words:
            self.of[word] = places
        for place in places:
            self._is_free[place] = False

    def _may_take(self, word: int, place: int) -> bool:
        return (
            0 <= word < len(self.of)
            and 0 <= place < len(self._is_free)
            and self.of[word] is None
            and self._is_free[place]
        )

    def runs(self, letters: str, starts: RunStarts, near: int) -> Iterator[range]:
        """Runs of free places whose forms are these letters together, the nearest first."""
        for place in starts.of(letters, near):
            at, there = 0, place
            while (
                at < len(letters)
                and there < len(self._is_free)
                and self._is_free[there]
                and letters.startswith(starts.forms[there], at)
            ):
                at, there = at + len(starts.forms[there]), there + 1
            if at == len(letters):
                yield range(place, there)

    def in_order(self) -> list[bool]:
        """Whether each word stands behind those before it in the text; as many as can be do.

        Words without a place are in order. Source: Fredman, On computing the length of longest
        increasing subsequences (1975).
        """
        ends: list[int] = []  # the least place at which as many words in order end
        last: list[int] = []  # the word there
        before: dict[int, int | None] = {}
        for word, places in enumerate(self.of):
            if places:
                at = bisect_right(ends, places[0])
                before[word] = last[at - 1] if at else None
                ends[at : at + 1], last[at : at + 1] = [places[0]], [word]
        ordered = [places is None for places in self.of]
        word_ = last[-1] if last else None
        while word_ is not None:
            ordered[word_] = True
            word_ = before[word_]
        return ordered


class RunStarts:
    """The words of the pages by their forms, to find runs of them."""

    def __init__(self, forms: Sequence[str]) -> None:
        self.forms = forms
        self._places = _numbers_by_form(forms, [True] * len(forms))
        self._longest = max(map(len, self._places), default=0)
        self._left = _MOST_PLACES

    def of(self, letters: str, near: int) -> list[int]:
        """The places of words with which the letters begin, the nearest first."""
        places: list[int] = []
        if self._left <= 0 or len(letters) > _LONGEST_RUN:
            return places
        longest = min(len(letters), self._longest)
        for end in range(1, longest + 1):
            if some := self._places.get(letters[:end]):
                at = bisect_left(some, near)
                places += some[max(0, at - _MOST_STARTS) : at + _MOST_STARTS]
        self._left -= longest // 8 + len(places)
        return sorted(places, key=lambda place: abs(place - near))


def _numbers_by_form(forms: Sequence[str], counted: Iterable[bool]) -> dict[str, list[int]]:
    numbers: dict[str, list[int]] = {}
    for number, (form, counts) in enumerate(zip(forms, counted, strict=True)):
        if form and counts:
            numbers.setdefault(form, []).append(number)
    return numbers
