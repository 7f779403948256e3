"""Characters that OCR confuses, and scripts that are written without blanks.

All pairs of look-alikes are in this module. Masks of codes exchange capitals and digits,
dictionaries exchange small letters, and the pages suggest words of the document that differ by any
pair.
"""

from __future__ import annotations

import unicodedata
from itertools import combinations

# Each digit, letters in codes that look like it, and letters in words that do. In codes, the digit
# is replaced by the first of its letters.
_DIGITS = (
    ("0", "OQD", "o"),
    ("1", "Il|", "li"),
    ("2", "Z", "z"),
    ("5", "S", "s"),
    ("6", "G", "b"),
    ("8", "B", "b"),
    ("9", "", "g"),
)
# Other characters in words: what is read, and what it may be.
_LETTERS = (
    ("|", "l"), ("|", "i"), ("!", "l"), ("!", "i"), ("$", "s"), ("€", "e"),
    ("rn", "m"), ("cl", "d"), ("vv", "w"), ("ii", "u"), ("li", "h"), ("nn", "m"), ("tt", "u"),
    ("i", "l"), ("l", "t"), ("f", "t"), ("c", "e"), ("b", "h"), ("u", "n"), ("e", "o"),
    ("a", "o"), ("v", "y"), ("g", "q"), ("ß", "b"), ("ö", "o"), ("ü", "u"), ("ä", "a"),
    ("é", "e"), ("è", "e"), ("ê", "e"),
)  # fmt: skip

# In codes: a letter and its digit.
CODE_LOOK_ALIKES: tuple[tuple[str, str], ...] = tuple(
    (letter, digit) for digit, letters, _ in _DIGITS for letter in letters
)
# In words, in small letters; each pair holds in both directions.
WORD_LOOK_ALIKES: tuple[tuple[str, str], ...] = (
    *((digit, letter) for digit, _, letters in _DIGITS for letter in letters),
    *_LETTERS,
)
# All pairs, and pairs of letters that look like one digit.
LOOK_ALIKES: tuple[tuple[str, str], ...] = tuple(
    sorted(
        {
            *CODE_LOOK_ALIKES,
            *WORD_LOOK_ALIKES,
            *(pair for _, letters, _ in _DIGITS for pair in combinations(letters, 2)),
        }
    )
)
# For skeletons: letters that are read as one, then characters that are read as another.
_MERGED = (("rn", "m"), ("vv", "w"), ("cl", "d"), ("ii", "u"))
_ALIKE = str.maketrans(
    {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "2": "z", "5": "s", "$": "s", "6": "g",
     "8": "b", "€": "e", "’": "'"}
)  # fmt: skip


def skeleton(word: str) -> str:
    """What is left of a word when look-alikes are one: two words of one skeleton look the same.

    In small letters, without accents. Different digits remain different.
    """
    plain = "".join(
        letter
        for letter in unicodedata.normalize("NFD", word.lower())
        if not unicodedata.combining(letter)
    )
    for letters, letter in _MERGED:
        plain = plain.replace(letters, letter)
    return plain.translate(_ALIKE)


def has_blank(before: str, after: str) -> bool:
    """Whether a blank is written between two words of a line, by their adjacent characters.

    There is none between ideographs, kana and full-width forms (U+3000, U+FF00 to U+FFEF).
    """
    if not (before and after):
        return False
    last, first = before[-1], after[0]
    if last < "\u2e80" or first < "\u2e80":
        return True
    return not all(
        is_ideograph(end) or end == "\u3000" or "\uff00" <= end <= "\uffef" for end in (last, first)
    )


def is_ideograph(character: str) -> bool:
    """Whether a character is a CJK ideograph, kana or CJK symbol; Hangul is not.

    Source: Unicode 16, blocks U+2E80 to U+9FFF, U+F900 to U+FAFF, and planes 2 and 3.
    """
    return not character.isspace() and (
        "\u2e80" <= character <= "\u9fff"
        or "\uf900" <= character <= "\ufaff"
        or "\U00020000" <= character <= "\U0003ffff"
    )
