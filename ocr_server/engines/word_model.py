"""Read a line with a model of the words of its languages: a beam search over a network's columns.

The model tells how likely a letter is after up to five others of its word. It is counted from the
word lists of pyspellchecker (`document.languages.DICTIONARIES`): this takes half a second for a
language, of which 4 MB stay.

Source: Graves et al., "Connectionist temporal classification", ICML 2006 (columns to letters);
Witten and Bell, "The zero-frequency problem", IEEE Transactions on Information Theory, 1991.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray
from spellchecker import SpellChecker

from ocr_server.document.languages import DICTIONARIES

_ORDER = 6  # letters: one and those before it
_MOST_WORDS = 60_000  # of a language; those after them are proper names and slips
_NEVER = 1e-3  # probability of a letter of which nothing is known
_BITS = 6  # of the number of a letter, from 1; a piece of a word is a number of up to 36 bits
_MOST_KEPT = 50_000  # answers
_SHORTEST = 3  # letters of a word that tells whether a text is one

# How much the model counts beside the network, and how much likelier each letter is made, as the
# model alone would prefer short texts. Logarithms, fitted on 300 lines of five sets of hands: on
# 470 others CER fell by .005 from that of .3, .35 and 12 texts. Tried, and left out: 48 texts (CER
# less .002 in twice the time), pieces of 8 letters (less .002 in twice the memory), words with a
# capital (names: CER of modern hands more .009), and to read each line in up to six views, slanted
# and stretched (less .003 in six times the time).
_WEIGHT, _PER_LETTER = 0.45, 1.0
_SIGN = -4.5  # of a figure or a sign, of which the lists know nothing
_SIGN_FACTOR = math.exp(_WEIGHT * _SIGN + _PER_LETTER)
_MOST_TEXTS, _LEAST_OF_BEST, _LEAST_LETTER, _SURE = 16, 1e-3, 2e-3, 0.99


@dataclass(frozen=True, slots=True)
class LetterModel:
    """Logarithms of the probabilities of letters in words, looked up by numbers of pieces.

    `pieces` are sorted, with the logarithm of the probability of the last letter after the others;
    so are `pasts`, with the logarithm of what is left for letters that never came after them.
    """

    numbers: Mapping[str, int]
    pieces: NDArray[np.int64]
    of_pieces: NDArray[np.float32]
    pasts: NDArray[np.int64]
    of_pasts: NDArray[np.float32]
    _kept: dict[str, float] = field(default_factory=dict, repr=False)

    @classmethod
    def of(cls, frequencies: Mapping[str, float]) -> LetterModel:
        """The model of words with their frequencies; roots of these are counted, for rare words."""
        words = sorted(sorted(frequencies), key=frequencies.__getitem__, reverse=True)[:_MOST_WORDS]
        text = "".join(f" {word}" for word in words) + " "
        numbers = {letter: at for at, letter in enumerate(sorted(set(text))[: 2**_BITS - 1], 1)}
        coded = np.array([numbers.get(letter, 0) for letter in text], np.int64)
        lengths = np.array([len(word) + 1 for word in words])
        weights = np.repeat(np.sqrt([frequencies[word] for word in words]), lengths)
        # Of letters, and of the blank after a word, the place in the word; the blank before is 0.
        places = np.arange(1, len(text)) - np.repeat(lengths.cumsum() - lengths, lengths)
        # The letter, the one before it and so on. Sorted once from the last letter back, pieces of
        # any length stand side by side, and the past of one is a piece that ends a letter sooner.
        letters = np.array([np.roll(coded, back)[1:] for back in range(_ORDER)])
        shifts = _BITS * np.arange(_ORDER)[:, None]
        backwards = (letters << shifts[::-1]).sum(axis=0)
        codes = (letters << shifts).cumsum(axis=0)
        in_order = np.argsort(backwards)
        of_piece = np.zeros(len(places), np.int64)
        pieces, mixed = np.zeros(1, np.int64), np.array([_NEVER])
        tables = []
        for back in range(_ORDER):
            there = in_order[places[in_order] >= back]
            first = np.flatnonzero(np.diff(backwards[there] >> shifts[-1 - back], prepend=-1))
            one = there[first]  # a place of each piece
            counts = np.add.reduceat(weights[there], first)
            past = np.roll(of_piece, 1)[one]
            totals = np.bincount(past, counts, len(pieces))
            kinds = np.bincount(past, minlength=len(pieces))
            is_past = kinds > 0
            trust = totals / (totals + np.maximum(kinds, 1) / 2)
            trusted = trust[past]
            mixed = trusted * counts / totals[past] + (1 - trusted) * mixed[of_piece[one]]
            told = pieces[is_past], np.log1p(-trust[is_past])
            pieces = codes[back][one]
            of_piece[there] = np.repeat(np.arange(len(one)), np.diff(first, append=len(there)))
            tables.append((pieces, np.log(mixed), *told))
        pieces, of_pieces, pasts, of_pasts = map(np.concatenate, zip(*tables, strict=True))
        by_piece, by_past = np.argsort(pieces), np.argsort(pasts)
        return cls(
            numbers,
            pieces[by_piece], of_pieces[by_piece].astype(np.float32),
            pasts[by_past], of_pasts[by_past].astype(np.float32),
        )  # fmt: skip

    def logarithm(self, piece: str) -> float:
        """Logarithm of the probability of the last letter of a piece of a word after the others.

        Letters are small ones; a blank is before and after a word.
        """
        found = self._kept.get(piece)
        if found is None:
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[piece] = self._look_up(piece)
        return found

    def likeness(self, words: Iterable[str]) -> float | None:
        """How alike to words of the list they are: the mean logarithm of their letters.

        Only words of letters count, from three on; None if there is none.
        """
        logarithms = [
            self.logarithm(f" {word} "[max(0, end - _ORDER) : end])
            for word in map(str.lower, words)
            if word.isalpha() and len(word) >= _SHORTEST
            for end in range(2, len(word) + 2)
        ]
        return sum(logarithms) / len(logarithms) if logarithms else None

    def _look_up(self, piece: str) -> float:
        numbers = [self.numbers.get(letter, 0) for letter in piece[-_ORDER:]]
        if not numbers[-1]:
            return _SIGN
        left = 0.0
        for first in range(len(numbers)):
            past = 0
            for number in numbers[first:-1]:
                past = (past << _BITS) + number
            whole = _found(self.pieces, self.of_pieces, (past << _BITS) + numbers[-1])
            if whole is not None:
                return left + whole
            left += _found(self.pasts, self.of_pasts, past) or 0.0
        return left + math.log(_NEVER)


def letter_model(languages: Sequence[str]) -> LetterModel | None:
    """The model of those languages, by Tesseract's names, that have a list; None if none has."""
    codes = dict.fromkeys(DICTIONARIES[name] for name in languages if name in DICTIONARIES)
    return _model_of(tuple(codes)) if codes else None


def likeliest_path(
    likely: NDArray[np.float32], letters: Sequence[str], model: LetterModel
) -> NDArray[np.int64]:
    """The class of each column on the way to the likeliest text.

    `likely` has the probabilities, (columns, classes), class 0 being none; `letters` the letter of
    each class. Words with a capital or a figure are left as the columns alone have them: names and
    numbers are in no list.
    """
    classes = likely.argmax(axis=1)
    fixed = np.zeros(len(classes), bool)
    for columns in _words(classes, letters):
        word = "".join(letters[number] for number in classes[columns] if number)
        fixed[columns] = any(letter.isalnum() and not letter.islower() for letter in word)
    wanted = np.where(fixed[:, None], np.eye(likely.shape[1], dtype=np.float32)[classes], likely)
    return _aligned(wanted, _search(wanted, letters, model))


# A text that is followed: its probabilities by the network, of the ways whose last column is none
# and of those whose last is its last letter; its worth by the model; the end of its last word,
# after a blank.
_Text = tuple[float, float, float, str]


def _search(likely: NDArray[np.float32], letters: Sequence[str], model: LetterModel) -> list[int]:
    """The classes of the letters of the likeliest text.

    While they are sought, texts are strings that have a character of the class's number for each
    letter: tuples of numbers take longer to look up.
    """
    texts: dict[str, _Text] = {"": (1.0, 0.0, 1.0, " ")}
    worths: dict[tuple[str, str], tuple[float, str]] = {}
    for column in likely:
        none = float(column[0])
        if none >= _SURE:
            texts = {
                text: (ended + lasts, 0.0, worth, tail)
                for text, (ended, lasts, worth, tail) in texts.items()
            }
            continue
        numbers = np.flatnonzero(column > _LEAST_LETTER)
        pairs = zip(numbers.tolist(), column[numbers].tolist(), strict=True)
        tried = [(chr(number), probability) for number, probability in pairs if number]
        after: dict[str, _Text] = {}
        for text, (ended, lasts, worth, tail) in texts.items():
            both, begun = ended + lasts, after.get(text)
            again = begun[1] if begun else 0.0
            for letter, probability in tried:
                begins = both
                if letter == text[-1:]:
                    again += lasts * probability
                    begins = ended  # a letter twice needs a column of none between
                if not begins:
                    continue
                longer = text + letter
                if longer in after:
                    known = after[longer]
                    after[longer] = (known[0], known[1] + begins * probability, *known[2:])
                    continue
                if (tail, letter) not in worths:
                    worths[tail, letter] = _worth_of(letters[ord(letter)], tail, model)
                factor, end = worths[tail, letter]
                after[longer] = (0.0, begins * probability, worth * factor, end)
            after[text] = (both * none, again, worth, tail)
        texts = _best_of(after)
    return [ord(letter) for letter in next(iter(texts))]


def _worth_of(letter: str, tail: str, model: LetterModel) -> tuple[float, str]:
    """What the model makes of a letter after the end of a word, and the end that it leaves."""
    if letter == " " and tail == " ":
        return 1.0, " "
    if letter != " " and not letter.isalpha():
        return _SIGN_FACTOR, " "
    piece = (tail + letter.lower())[-_ORDER:]
    factor = math.exp(_WEIGHT * model.logarithm(piece) + _PER_LETTER)
    return factor, piece if letter != " " else " "


def _best_of(texts: dict[str, _Text]) -> dict[str, _Text]:
    """The best texts, the very best first, their figures scaled so that none runs out of range."""
    worthy = {text: (ended + lasts) * worth for text, (ended, lasts, worth, _) in texts.items()}
    ranked = sorted(worthy, key=worthy.__getitem__, reverse=True)[:_MOST_TEXTS]
    least = worthy[ranked[0]] * _LEAST_OF_BEST
    best = {text: texts[text] for text in ranked if worthy[text] >= least}
    likely = max(ended + lasts for ended, lasts, _, _ in best.values())
    highest = max(worth for _, _, worth, _ in best.values())
    return {
        text: (ended / likely, lasts / likely, worth / highest, tail)
        for text, (ended, lasts, worth, tail) in best.items()
    }


def _words(classes: NDArray[np.int64], letters: Sequence[str]) -> Iterator[slice]:
    """The columns of each word, from its first letter to its last."""
    inked = [at for at in np.flatnonzero(classes).tolist() if letters[classes[at]] != " "]
    blanks = np.array([letters[number] == " " for number in classes]).cumsum()
    for _, word in groupby(inked, key=lambda at: blanks[at]):
        columns = list(word)
        yield slice(columns[0], columns[-1] + 1)


def _aligned(likely: NDArray[np.float32], classes: Sequence[int]) -> NDArray[np.int64]:
    """The likeliest class of each column that spells these classes."""
    states = np.zeros(2 * len(classes) + 1, np.int64)
    states[1::2] = classes
    logs = np.log(likely[:, states] + 1e-9)
    leaps = np.zeros(len(states), bool)  # from a letter to another one without none between
    leaps[3::2] = states[3::2] != states[1:-2:2]
    score = np.full(len(states), -np.inf)
    score[:2] = logs[0, :2]
    steps = np.zeros(logs.shape, np.int64)
    for at in range(1, len(logs)):
        ways = np.full((3, len(states)), -np.inf)
        ways[0] = score
        ways[1, 1:] = score[:-1]
        ways[2, 2:] = np.where(leaps[2:], score[:-2], -np.inf)
        steps[at] = ways.argmax(axis=0)
        score = ways.max(axis=0) + logs[at]
    state = len(states) - 1 - int(len(states) > 1 and score[-2] > score[-1])
    path = np.zeros(len(logs), np.int64)
    for at in range(len(logs) - 1, -1, -1):
        path[at] = states[state]
        state -= steps[at, state]
    return path


@lru_cache(maxsize=4)
def _model_of(codes: tuple[str, ...]) -> LetterModel:
    frequencies: dict[str, float] = {}
    for code in codes:
        words = SpellChecker(language=code).word_frequency
        for word, count in words.dictionary.items():
            frequencies[word] = max(frequencies.get(word, 0.0), count * 1e6 / words.total_words)
    return LetterModel.of(frequencies)


def _found(
    sorted_numbers: NDArray[np.int64], values: NDArray[np.float32], number: int
) -> float | None:
    at = int(np.searchsorted(sorted_numbers, number))
    there = at < len(sorted_numbers) and sorted_numbers[at] == number
    return float(values[at]) if there else None
