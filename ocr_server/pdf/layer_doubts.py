"""Why the letters of a text layer may not be those that the page shows."""

from __future__ import annotations

import math
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from enum import StrEnum
from functools import cache
from itertools import groupby, pairwise
from statistics import median

from ocr_server.document.model import Line
from ocr_server.geometry import Box, hull
from ocr_server.pdf.letter_shapes import FontFit
from ocr_server.pdf.letters import Letter
from ocr_server.pdf.vertical_lines import is_wide

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
# Of neighbouring letters that are of two scripts: Greek in formulas has less. Of few letters, more.
_MOST_MIXED, _MOST_MIXED_OF_FEW, _FEWEST_PAIRS = 0.2, 0.5, 3
# Blocks in which numbers of glyphs fall: Latin Extended-B and phonetics, Greek letters that are no
# longer written, Ogham to Tagbanwa, Limbu to Vedic, Vai to Rejang, Javanese to Cherokee.
_RARE = (
    ("\u0180", "\u02ff"), ("\u03d7", "\u03ff"), ("\u1680", "\u177f"), ("\u1900", "\u1cff"),
    ("\ua500", "\ua95f"), ("\ua980", "\uabbf"),
)  # fmt: skip
# Of Latin Extended-B and phonetics, what Romanian, Vietnamese, Azerbaijani and Pinyin write; how
# many of the rest, and of Greek letters that are no longer written, a page may have.
_USED_OF_EXTENDED = frozenset("ȘșȚțƠơƯưƏəǍǎǏǐǑǒǓǔǙǚǛǜ")
_MOST_RARE, _FEWEST_RARE = 0.3, 2
# Signs that stand between letters where an encoding was taken for another: of "ä" and "é" in that
# of a Macintosh, or in UTF-8.
_ODD_SIGNS = frozenset("‰¸ˆ¬®¢£§¶•¿¡Ÿ½¼¾¤¦¨©±°÷×™†‡")  # noqa: RUF001
_LEAST_ODD, _FEWEST_ODD = 0.02, 2  # of the words
# The commoner characters of GB 2312, Big5 and Shift JIS: greatest lead byte, by encoding. Of names
# and of prose nearly all are among those of one; of numbers of glyphs that pass for such, few.
_COMMON_LEADS = {"gb2312": 0xD7, "big5": 0xC6, "shift_jis": 0x98}
_LEAST_COMMON = 0.75
_NARROWEST_WIDE = 0.75  # of a size: letters of Chinese, Japanese and Korean are nearly square
# Of letters that one glyph stands for, the least width of each in sizes of the font: those of
# ligatures have 0.2 and more. Pairs are fractions and the like.
_NARROWEST, _FEWEST_OF_GLYPH = 0.13, 3
# Numbers of glyphs are 29 less than those of the letters; what A to G and J become.
_CAPITALS_SHIFTED, _OF_NUMBERS = frozenset("$%&'*#\""), frozenset("$%*#")
_FEWEST_OF_CAPITALS = 6
# Programs that write what they recognised as text that can be seen.
_RECOGNISERS = ("paper capture", "finereader", "omnipage", "readiris", "i.r.i.s.", "cvision")
_LEADERS = frozenset(".…_-–—·•*=|")


class Doubt(StrEnum):
    """Why a text layer may not say what the page shows."""

    HIDDEN = "the text is invisible and lies over a picture, as after an earlier recognition"
    PRODUCER = "a program that recognises text wrote it"
    SHAPES = "letters do not look like what the font calls them"
    SIGNS = "signs and letters that hardly make words"
    ODD_WORDS = "signs within words that hardly stand there"


def word_confidence(word: Sequence[Letter], fits: Mapping[int, FontFit]) -> float:
    """How sure a word is: the least of what its fonts are worth, and the share that has a name.

    Signs that hardly stand in words have none.
    """
    fonts = {letter.piece.font for letter in word}
    worth = min((fits[font].share for font in fonts if font in fits), default=0.99)
    named = sum(not _is_nameless(letter.text) for letter in word) - len(_odd_in(word))
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
    visible: Sequence[Letter],
    hidden: Sequence[Letter],
    fits: Mapping[int, FontFit],
    programs: str,
) -> Iterator[Doubt]:
    """The reasons to doubt the letters of a page; `fits` has how each font's letters look.

    `programs`: what the file calls its creator and producer.
    """
    signs = [letter for letter in visible if letter.quad and not letter.text.isspace()]
    if signs and any(name in programs.casefold() for name in _RECOGNISERS):
        yield Doubt.PRODUCER
    if any(letter.quad and not letter.text.isspace() for letter in hidden):
        yield Doubt.HIDDEN
    of_font: dict[int, Counter[str]] = defaultdict(Counter)
    for letter in signs:
        of_font[letter.piece.font][letter.text] += 1
    doubtful = sum(
        shown.total()
        for font, shown in of_font.items()
        if (font in fits and fits[font].is_doubtful) or _lacks_letters(shown)
    )
    crammed = sum(map(len, _crammed(signs)))
    if doubtful >= max(min(_FEWEST_OF_FONT, len(signs)), _LEAST_OF_PAGE * len(signs), 1) or (
        crammed >= max(_FEWEST_OF_GLYPH, _LEAST_OF_PAGE * len(signs))
    ):
        yield Doubt.SHAPES
    if _are_narrow([letter for letter in signs if is_wide(letter)], len(signs)):
        yield Doubt.SHAPES
    told = [letter.text for letter in signs if letter.text not in _LEADERS]
    if len(told) >= _FEWEST_SIGNS:
        alphanumeric = sum(text.isalnum() for text in told)
        rare = sum(_script(text) == "RARE" for text in told)
        if (
            alphanumeric < _LEAST_ALPHANUMERIC * len(told)
            or rare >= max(_FEWEST_RARE, _MOST_RARE * len(told))
            or _mixes_scripts(signs)
            or _are_uncommon([text for text in told if _script(text) == "CJK"])
        ):
            yield Doubt.SIGNS
    elif told and not any(text.isalnum() for text in told):
        known = sum(fits[font].fitting_outlines for font in of_font if font in fits)
        if known < len(set(told)):  # the others do not look like signs of that name
            yield Doubt.SIGNS
    if _has_odd_words(visible):
        yield Doubt.ODD_WORDS


def _lacks_letters(shown: Counter[str]) -> bool:
    """Whether a font shows figures and signs that make no numbers, as capitals 29 places on do."""
    if shown.total() < _FEWEST_OF_CAPITALS or any(map(_is_latin, shown)):
        return False
    signs = _CAPITALS_SHIFTED & set(shown)
    return len(signs) > 1 and not signs <= _OF_NUMBERS


def _is_latin(letter: str) -> bool:
    return letter.isascii() and letter.isalpha()


def _are_narrow(wide: Sequence[Letter], count: int) -> bool:
    """Whether letters that are as wide as high are drawn narrower, as others in their place are."""
    widths = [
        math.dist(letter.quad.top_left, letter.quad.top_right) / letter.size_px
        for letter in wide
        if letter.quad
    ]
    is_much = len(widths) >= max(_FEWEST_SIGNS, _LEAST_OF_PAGE * count)
    return is_much and median(widths) < _NARROWEST_WIDE


def _are_uncommon(ideographs: Sequence[str]) -> bool:
    """Whether no country's common characters are most of those of a page."""
    if len(ideographs) < _FEWEST_SIGNS:
        return False
    most = max(sum(_is_common(one, encoding) for one in ideographs) for encoding in _COMMON_LEADS)
    return most <= _LEAST_COMMON * len(ideographs)


@cache
def _is_common(ideograph: str, encoding: str) -> bool:
    encoded = ideograph.encode(encoding, errors="ignore")
    return bool(encoded) and encoded[0] <= _COMMON_LEADS[encoding]


def _has_odd_words(letters: Sequence[Letter]) -> bool:
    words = odd = 0
    for is_blank, group in groupby(letters, key=lambda one: one.quad is None or one.text.isspace()):
        if is_blank:
            continue
        word = list(group)
        words += 1
        odd += _FEWEST_ODD if _begins_with_vowel_sign(word) else bool(_odd_in(word))
    return odd > 0 and odd >= max(min(_FEWEST_ODD, words), _LEAST_ODD * words)


def _begins_with_vowel_sign(word: Sequence[Letter]) -> bool:
    """Whether an Indian vowel sign is said before its letter, as some are drawn."""
    return unicodedata.category(word[0].text[0]) == "Mc"


def _odd_in(word: Sequence[Letter]) -> list[Letter]:
    """Signs between letters that hardly stand there, and capitals with an accent."""
    return [
        letter
        for before, letter, after in zip(word, word[1:], word[2:], strict=False)
        if before.text.isalpha()
        and after.text.isalpha()
        and (
            letter.text in _ODD_SIGNS
            or (
                letter.text.isupper()
                and not letter.text.isascii()
                and before.text.islower()
                and after.text.islower()
            )
        )
    ]


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
    if pairs < _FEWEST_OF_FONT:
        return pairs >= _FEWEST_PAIRS and told >= _MOST_MIXED_OF_FEW * pairs
    return told > _MOST_MIXED * pairs


@cache
def _script(letter: str) -> str:
    """The script of a letter, or a part of one that is hardly ever mixed with the rest of it."""
    is_rare = any(first <= letter[0] <= last for first, last in _RARE)
    if is_rare and letter not in _USED_OF_EXTENDED:
        return "RARE"
    name = unicodedata.name(letter[0], "NONE").split()[0]
    return "CJK" if name in {"HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA"} else name


def limited_to(line: Line, confidence: float) -> Line:
    """The line with no word of more than that confidence, from 0 to 1."""
    words = (replace(word, confidence=min(word.confidence, confidence)) for word in line.words)
    return replace(line, words=tuple(words))
