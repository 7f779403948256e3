"""Whether the letters of a font look like what the PDF calls them.

A font's map may name other letters than those it draws. Which letters are tall, which reach below
the baseline, which are wide and of how many closed outlines they consist is alike in nearly all
typefaces: no word has to be read, and codes, names and numbers are judged as prose is.
"""

from __future__ import annotations

import ctypes
import math
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from statistics import median
from typing import NamedTuple

import numpy as np
import pypdfium2
from pypdfium2 import raw

from ocr_server.pdf.letters import Letter
from ocr_server.pdf.vertical_lines import is_wide

_SHORT = frozenset("acemnorsuvwxz")
_TALL = frozenset("bdhklABCDEFGHIKLMNOPRSTUVWXYZ0123456789")
_DEEP = frozenset("gpqyµ")
_ON_BASELINE = frozenset("it")
# Signs that stand low, in the middle or high: the least bottom and the greatest top, in sizes.
_PLACES: Mapping[str, tuple[float, float]] = {
    sign: place
    for signs, place in (
        (".,…", (-math.inf, 0.35)), (":;", (-math.inf, 0.65)), ("-–—", (0.05, 0.65)),
        ("'\"’‘“”´`^¨°²³¹", (0.15, math.inf)),  # noqa: RUF001
    )
    for sign in signs
}  # fmt: skip
# Advance widths in thousandths of the size. Source: Adobe, Helvetica AFM.
_WIDTHS: Mapping[str, int] = {
    letter: width
    for width, letters in {
        222: "ijl", 278: "ftI", 333: "r", 500: "cksvxyzJ", 556: "abdeghnopquL0123456789",
        611: "FTZ", 667: "ABEKPSVXY", 722: "wCDHNRU", 778: "GOQ", 833: "mM", 944: "W",
    }.items()
    for letter in letters
}  # fmt: skip
_SAMPLED = _WIDTHS.keys() | _PLACES.keys() | _DEEP

# Closed outlines of a letter: an o has two, an i has two, a B three. Some differ by typeface.
_OUTLINES: Mapping[str, frozenset[int]] = {
    letter: frozenset(counts)
    for counts, letters in {
        (1,): "CEFGHIJKLMNSTUVWXYZcfhklmnrstuvwxyz12357"
        "ГЕЖЗИКЛМНПСТУХЦЧШЩЭгжзиклмнпстухцчшщэΓΕΖΗΙΚΛΜΝΠΣΤΥΧΨΩεζηικλμνξπςτυχψω",
        (2,): "ADOPRabdeijopq69АБДОРЪЬЮЯабдеоръьюяΑΔΟΡαδορσ",  # noqa: RUF001
        (3,): "B8ВФЫвфыΒΘΞΦθ©÷", (1, 2): "4γ", (2, 3): "Qg0βφ&", (4,): "®", (4, 5): "%",  # noqa: RUF001
    }.items()
    for letter in letters
}  # fmt: skip
_OUTLINES_OF_MARKS = {
    "\u0300": 1, "\u0301": 1, "\u0302": 1, "\u0303": 1, "\u0304": 1, "\u0306": 1, "\u0307": 1,
    "\u0308": 2, "\u030a": 2, "\u030b": 2, "\u030c": 1,
}  # fmt: skip
_MOST_LETTERS = 12  # of a font whose outlines are counted: a letter takes 0.2 ms
_FEW_FITTING = 0.6  # share of few letters whose outlines fit, two of which do not

_BELOW_BASELINE = -0.1  # of the size: round letters reach 0.02 below it, g and p 0.2
_LEAST_ASCENT = 0.25  # of y and other letters that reach below the baseline
_SAME_HEIGHT = 0.15  # by which the tops of tall letters differ, figures of old style apart
_LOWEST_CAPITAL = 0.85  # of the height of 6 and 8, which are high in all styles
_FEWEST, _FEWEST_WIDTHS = 5, 8  # different letters from which on shapes, and widths, are told
_MISFIT = 0.75  # share of the letters that fit; good fonts have 0.9 and more, shifted ones 0.65
_FEWEST_MISFITS, _MISFIT_OF_FEW = 2, 0.5  # of fewer letters
# Tops and bottoms of one wide letter differ by less; how many, and which share, differ by more
# where one name is given to several letters.
_SAME_LETTER, _FEWEST_UNLIKE, _MOST_UNLIKE = 0.002, 3, 0.3
_MOST_REPEATED = 20  # of a font that are compared
# Correlation of widths; good fonts have 0.7 and more, shifted ones 0.3.
_UNLIKE, _ALIKE = 0.5, 0.9


class FontFit(NamedTuple):
    """How many different letters of a font were looked at and fit, and how their widths do.

    `outlines` are those whose outlines were counted, `fitting_outlines` those with the usual count;
    `repeated` are wide letters that the page has again, `unlike` those that then look otherwise.
    """

    letters: int
    fitting: int
    width_correlation: float | None = None
    outlines: int = 0
    fitting_outlines: int = 0
    repeated: int = 0
    unlike: int = 0

    @property
    def share(self) -> float:
        """The letters that fit, from 0 to 1; a few letters count for little."""
        fitting, letters = self.fitting + self.fitting_outlines, self.letters + self.outlines
        return (fitting + 9.9) / (letters + 10)

    @property
    def is_doubtful(self) -> bool:
        """Whether the font may draw other letters than it names."""
        misfits = self.letters - self.fitting
        if self.letters >= _FEWEST and self.fitting < _MISFIT * self.letters:
            return True
        if misfits >= _FEWEST_MISFITS and self.fitting <= _MISFIT_OF_FEW * self.letters:
            return True
        if self.unlike >= max(_FEWEST_UNLIKE, _MOST_UNLIKE * self.repeated):
            return True
        # PDFium looks some glyphs up by another way than it draws them.
        is_alike = self.width_correlation is not None and self.width_correlation > _ALIKE
        if self.outlines - self.fitting_outlines > 1 and not is_alike:
            least = _MISFIT if self.outlines >= _FEWEST else _FEW_FITTING
            if self.fitting_outlines < least * self.outlines:
                return True
        return self.width_correlation is not None and self.width_correlation < _UNLIKE


class _Shape(NamedTuple):
    """Highest and lowest point and advance of a letter, in sizes of its font."""

    top: float
    bottom: float
    width: float


def measure_fonts(text: pypdfium2.PdfTextPage, letters: Iterable[Letter]) -> dict[int, FontFit]:
    """How each font fits the letters that it is said to draw: Latin, Cyrillic and Greek ones."""
    samples: dict[int, dict[str, Letter]] = defaultdict(dict)
    outlined: dict[int, dict[str, Letter]] = defaultdict(dict)
    wide: dict[int, dict[str, list[Letter]]] = defaultdict(lambda: defaultdict(list))
    for letter in letters:
        font = letter.piece.font
        is_level = abs(letter.piece.angle) < 0.01 and letter.piece.size_pt > 0
        if letter.text in _SAMPLED and is_level:
            samples[font].setdefault(letter.text, letter)
        elif is_wide(letter) and is_level and len(wide[font]) < _MOST_REPEATED:
            wide[font][letter.text].append(letter)
        if len(outlined[font]) < _MOST_LETTERS and _outlines_of(letter.text):
            outlined[font].setdefault(letter.text, letter)
    return {
        font: _measure(
            {name: _shape(text, letter) for name, letter in samples[font].items()},
            [(name, _count_outlines(text, letter)) for name, letter in outlined[font].items()],
            _compare_repeated(text, wide[font].values()),
        )
        for font in samples.keys() | outlined.keys() | wide.keys()
    }


def _compare_repeated(
    text: pypdfium2.PdfTextPage, groups: Iterable[Sequence[Letter]]
) -> tuple[int, int]:
    """How many letters were there before, and how many of them look otherwise than then."""
    repeated = unlike = 0
    for first, *others in groups:
        again = others[: _MOST_REPEATED - repeated]
        if not again:
            continue
        shape = _shape(text, first)
        repeated += len(again)
        unlike += sum(
            max(abs(one.top - shape.top), abs(one.bottom - shape.bottom)) > _SAME_LETTER
            for one in (_shape(text, letter) for letter in again)
        )
    return repeated, unlike


@cache
def _outlines_of(letter: str) -> frozenset[int]:
    """How many outlines a letter may have; none where that is not known."""
    base, *marks = list(unicodedata.normalize("NFD", letter))
    more = sum(_OUTLINES_OF_MARKS.get(mark, math.inf) for mark in marks)
    if more == math.inf:
        return frozenset()
    dot = 1 if marks and base in "ij" else 0
    return frozenset(int(count + more) - dot for count in _OUTLINES.get(base, ()))


def _count_outlines(text: pypdfium2.PdfTextPage, letter: Letter) -> int:
    """How many closed outlines a letter is drawn with; 0 where the font has none."""
    shown = raw.FPDFText_GetTextObject(text, letter.position)
    font = raw.FPDFTextObj_GetFont(shown)
    path = raw.FPDFFont_GetGlyphPath(font, ord(letter.text), 1.0)
    if not path:
        return 0
    segments = (
        raw.FPDFGlyphPath_GetGlyphPathSegment(path, number)
        for number in range(raw.FPDFGlyphPath_CountGlyphSegments(path))
    )
    return sum(raw.FPDFPathSegment_GetType(one) == raw.FPDF_SEGMENT_MOVETO for one in segments)


def _shape(text: pypdfium2.PdfTextPage, letter: Letter) -> _Shape:
    _, bottom, _, top = text.get_charbox(letter.position)
    left, _, right, _ = text.get_charbox(letter.position, loose=True)
    _, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text, letter.position, _, y)
    size = letter.piece.size_pt
    return _Shape((top - y.value) / size, (bottom - y.value) / size, (right - left) / size)


def _measure(
    shapes: Mapping[str, _Shape], outlines: Sequence[tuple[str, int]], repeated: tuple[int, int]
) -> FontFit:
    tall = [shape.top for letter, shape in shapes.items() if letter in _TALL]
    short = [shape.top for letter, shape in shapes.items() if letter in _SHORT]
    high, low = median(tall or [0.0]), median(short or [0.0])
    is_two_sizes = bool(tall and short) and low < 0.9 * high
    figure = max((shapes[letter].top for letter in "68" if letter in shapes), default=0.0)
    looked_at = fitting = 0
    for letter, shape in shapes.items():
        if letter in _PLACES:
            lowest, highest = _PLACES[letter]
            looked_at += 1
            fitting += shape.bottom >= lowest and shape.top <= highest
            continue
        if letter in _TALL:
            fits = shape.top > (high + low) / 2 if is_two_sizes else _is_near(shape.top, high)
            fits = fits and (shape.top > _LOWEST_CAPITAL * figure or not letter.isupper())
        elif letter in _SHORT:
            fits = shape.top < (high + low) / 2 if is_two_sizes else _is_near(shape.top, low)
        elif letter in _DEEP:
            fits = shape.top > _LEAST_ASCENT
        elif letter in _ON_BASELINE:
            fits = True
        else:
            continue
        looked_at += 1
        fitting += fits and (shape.bottom < _BELOW_BASELINE) == (letter in _DEEP)
    counted = [(name, count) for name, count in outlines if count]
    # Small capitals are capitals for what they are called.
    fitting_outlines = max(
        sum(count in _outlines_of(case(name)) for name, count in counted)
        for case in (str, str.upper)
    )
    correlation = _width_correlation(shapes)
    return FontFit(looked_at, fitting, correlation, len(counted), fitting_outlines, *repeated)


def _is_near(top: float, usual: float) -> bool:
    return abs(top - usual) <= _SAME_HEIGHT * abs(usual)


def _width_correlation(shapes: Mapping[str, _Shape]) -> float | None:
    """None where there are too few letters, or all are as wide as each other."""
    letters = [letter for letter in shapes if letter in _WIDTHS and not letter.isdigit()]
    if len(letters) < _FEWEST_WIDTHS:
        return None
    drawn = [shapes[letter].width for letter in letters]
    usual = [float(_WIDTHS[letter]) for letter in letters]
    if _spread(drawn) < 0.1 or _spread(usual) < 0.1:
        return None
    correlation = float(np.corrcoef(drawn, usual)[0, 1])
    return None if math.isnan(correlation) else correlation


def _spread(values: Sequence[float]) -> float:
    mean = float(np.mean(values))
    return float(np.std(values)) / mean if mean > 0 else 0.0
