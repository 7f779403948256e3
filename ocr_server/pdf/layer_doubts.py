"""Why the letters of a text layer may not be those that the page shows."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from itertools import groupby, pairwise

from ocr_server.document.model import Line
from ocr_server.geometry import Box, hull
from ocr_server.pdf.letter_shapes import FontFit
from ocr_server.pdf.letters import Letter

# Letters without a meaning are not mapped, or mapped into private use. A few are bullets; with
# more, what is copied from the page would be nonsense, and reading it is better.
_MOST_UNMAPPED = 0.1
# Fonts that draw less of the page's letters do not put it in doubt: symbols of mathematics.
_LEAST_OF_PAGE, _FEWEST_OF_FONT = 0.05, 20
# Of signs that are no blanks, so many are letters or figures even in tables and formulas; leaders
# are not counted.
_LEAST_ALPHANUMERIC = 0.4
_FEWEST_SIGNS = 4
_WORD_OF_NAMELESS = 3  # letters without a name one after the other
_MOST_MIXED = 0.2  # of neighbouring letters that are of two scripts: Greek in formulas has less
# Of Latin Extended-B and phonetics, what Romanian, Vietnamese, Azerbaijani and Pinyin write.
_USED_OF_EXTENDED = frozenset("ȘșȚțƠơƯưƏəǍǎǏǐǑǒǓǔǙǚǛǜ")
# Of letters that one glyph stands for, the least width of each in sizes of the font: those of
# ligatures have 0.2 and more. Pairs are fractions and the like.
_NARROWEST, _FEWEST_OF_GLYPH = 0.13, 3
_LEADERS = frozenset(".…_-–—·•*=|")


class Doubt(StrEnum):
    """Why a text layer may not say what the page shows."""

    HIDDEN = "the text is invisible and lies over a picture, as after an earlier recognition"
    SHAPES = "letters do not look like what the font calls them"
    SIGNS = "hardly any letters or figures among the signs"


def word_confidence(word: Sequence[Letter], fits: Mapping[int, FontFit]) -> float:
    """How sure a word is: the least of what its fonts are worth, and the share that has a name."""
    fonts = {letter.piece.font for letter in word}
    worth = min((fits[font].share for font in fonts if font in fits), default=0.99)
    named = sum(not _is_nameless(letter.text) for letter in word)
    crammed = sum(map(len, _crammed(word)))
    return min(0.99, worth) * max(0, named - crammed) / max(1, len(word))


def _is_nameless(letter: str) -> bool:
    return letter == "\ufffd" or "\ue000" <= letter <= "\uf8ff"


def has_meaning(letters: Sequence[Letter]) -> bool:
    """Whether nearly all letters are mapped to characters; also true of no letters at all."""
    placed = [letter.text for letter in letters if letter.quad and not letter.text.isspace()]
    return sum(map(_is_nameless, placed)) <= _MOST_UNMAPPED * len(placed)


def split_named(letters: Sequence[Letter]) -> tuple[list[Letter], list[Box]]:
    """The letters without signs that have no name, and where such signs make words.

    Signs of mathematics have none. A nameless one within a word stays, to show that one is missing.
    """
    kept: list[Letter] = []
    words: list[Box] = []
    for is_nameless, group in groupby(letters, key=lambda letter: letter.text == "\ufffd"):
        some = list(group)
        if not is_nameless:
            kept += some
        elif len(some) >= _WORD_OF_NAMELESS:
            words.append(hull(point for letter in some if letter.quad for point in letter.quad))
        elif kept and kept[-1].text.isalpha() and kept[-1].piece.font == some[0].piece.font:
            kept += some
    return kept, words


def find_doubts(
    visible: Sequence[Letter], hidden: Sequence[Letter], fits: Mapping[int, FontFit]
) -> Iterator[Doubt]:
    """The reasons to doubt the letters of a page; `fits` has how each font's letters look."""
    signs = [letter for letter in visible if letter.quad and not letter.text.isspace()]
    if any(letter.quad and not letter.text.isspace() for letter in hidden):
        yield Doubt.HIDDEN
    of_font = Counter(letter.piece.font for letter in signs)
    for font, count in of_font.items():
        is_much = count >= min(_FEWEST_OF_FONT, len(signs)) and count >= _LEAST_OF_PAGE * len(signs)
        if is_much and font in fits and fits[font].is_doubtful:
            yield Doubt.SHAPES
            break
    else:
        crammed = sum(map(len, _crammed(signs)))
        if crammed >= max(_FEWEST_OF_GLYPH, _LEAST_OF_PAGE * len(signs)):
            yield Doubt.SHAPES
    told = [letter.text for letter in signs if letter.text not in _LEADERS]
    if len(told) >= _FEWEST_SIGNS:
        alphanumeric = sum(text.isalnum() for text in told)
        if alphanumeric < _LEAST_ALPHANUMERIC * len(told) or _mixes_scripts(signs):
            yield Doubt.SIGNS


def _crammed(letters: Sequence[Letter]) -> Iterator[list[Letter]]:
    """Latin letters that one glyph is said to stand for, though there is no room for them."""
    for _, group in groupby(letters, key=lambda letter: (letter.quad, letter.piece.number)):
        some = list(group)
        quad = some[0].quad
        if len(some) < _FEWEST_OF_GLYPH or quad is None or not some[0].text.isascii():
            continue
        width_px = math.dist(quad.top_left, quad.top_right)
        if width_px < _NARROWEST * some[0].piece.size_px * len(some):
            yield some


def _mixes_scripts(letters: Sequence[Letter]) -> bool:
    """Whether letters of two scripts follow each other within words, as numbers of glyphs do."""
    told = pairs = 0
    if sum(not letter.text.isascii() for letter in letters) < _MOST_MIXED / 2 * len(letters):
        return False
    for one, other in pairwise(letters):
        if one.piece is not other.piece or not (one.text.isalpha() and other.text.isalpha()):
            continue
        pairs += 1
        if not (one.text.isascii() and other.text.isascii()):
            told += _script(one.text) != _script(other.text)
    return pairs >= _FEWEST_OF_FONT and told > _MOST_MIXED * pairs


@cache
def _script(letter: str) -> str:
    """The script of a letter, or a part of one that is hardly ever mixed with the rest of it."""
    if "\u0180" <= letter[0] <= "\u02ff" and letter not in _USED_OF_EXTENDED:
        return "RARE"
    name = unicodedata.name(letter[0], "NONE").split()[0]
    return "CJK" if name in {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else name


def limited_to(line: Line, confidence: float) -> Line:
    """The line with no word of more than that confidence, from 0 to 1."""
    words = (replace(word, confidence=min(word.confidence, confidence)) for word in line.words)
    return replace(line, words=tuple(words))
