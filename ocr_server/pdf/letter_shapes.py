"""Whether the letters of a font look like what the PDF calls them.

A font's map may name other letters than those it draws. Which letters are tall, which reach below
the baseline and which are wide is alike in all typefaces, so that the outlines tell: no word has
to be read, and codes, names and numbers are judged as prose is.
"""

from __future__ import annotations

import ctypes
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from statistics import median
from typing import NamedTuple

import numpy as np
import pypdfium2
from pypdfium2 import raw

from ocr_server.pdf.letters import Letter

_SHORT = frozenset("acemnorsuvwxz")
_TALL = frozenset("bdhklABCDEFGHIKLMNOPRSTUVWXYZ0123456789")
_DEEP = frozenset("gpqy")
# Advance widths in thousandths of the size. Source: Adobe, Helvetica AFM.
_WIDTHS: Mapping[str, int] = {
    letter: width
    for width, letters in {
        222: "ijl", 278: "ftI", 333: "r", 500: "cksvxyzJ", 556: "abdeghnopquL0123456789",
        611: "FTZ", 667: "ABEKPSVXY", 722: "wCDHNRU", 778: "GOQ", 833: "mM", 944: "W",
    }.items()
    for letter in letters
}  # fmt: skip

_BELOW_BASELINE = -0.1  # of the size: round letters reach 0.02 below it, g and p 0.2
_SAME_HEIGHT = 0.15  # by which the tops of tall letters differ, figures of old style apart
_FEWEST, _FEWEST_WIDTHS = 5, 8  # different letters from which on shapes, and widths, are told
_MISFIT = 0.75  # share of the letters that fit; good fonts have 0.9 and more, shifted ones 0.65
_UNLIKE = 0.5  # correlation of widths; good fonts have 0.7 and more, shifted ones 0.3


class FontFit(NamedTuple):
    """How many different letters of a font were looked at and fit, and how their widths do."""

    letters: int
    fitting: int
    width_correlation: float | None = None

    @property
    def share(self) -> float:
        """The letters that fit, from 0 to 1; a few letters count for little."""
        return (self.fitting + 9.9) / (self.letters + 10)

    @property
    def is_doubtful(self) -> bool:
        """Whether the font may draw other letters than it names."""
        if self.letters >= _FEWEST and self.fitting < _MISFIT * self.letters:
            return True
        return self.width_correlation is not None and self.width_correlation < _UNLIKE


class _Shape(NamedTuple):
    """Highest and lowest point and advance of a letter, in sizes of its font."""

    top: float
    bottom: float
    width: float


def measure_fonts(text: pypdfium2.PdfTextPage, letters: Iterable[Letter]) -> dict[int, FontFit]:
    """How each font fits the letters that it is said to draw, as far as they are Latin."""
    samples: dict[int, dict[str, Letter]] = defaultdict(dict)
    for letter in letters:
        if letter.text in _WIDTHS and abs(letter.piece.angle) < 0.01 and letter.piece.size_pt > 0:
            samples[letter.piece.font].setdefault(letter.text, letter)
    return {
        font: _measure({name: _shape(text, letter) for name, letter in some.items()})
        for font, some in samples.items()
    }


def _shape(text: pypdfium2.PdfTextPage, letter: Letter) -> _Shape:
    _, bottom, _, top = text.get_charbox(letter.position)
    left, _, right, _ = text.get_charbox(letter.position, loose=True)
    _, y = ctypes.c_double(), ctypes.c_double()
    raw.FPDFText_GetCharOrigin(text, letter.position, _, y)
    size = letter.piece.size_pt
    return _Shape((top - y.value) / size, (bottom - y.value) / size, (right - left) / size)


def _measure(shapes: Mapping[str, _Shape]) -> FontFit:
    tall = [shape.top for letter, shape in shapes.items() if letter in _TALL]
    short = [shape.top for letter, shape in shapes.items() if letter in _SHORT]
    high, low = median(tall or [0.0]), median(short or [0.0])
    is_two_sizes = bool(tall and short) and low < 0.9 * high
    looked_at = fitting = 0
    for letter, shape in shapes.items():
        if letter in _TALL:
            fits = shape.top > (high + low) / 2 if is_two_sizes else _is_near(shape.top, high)
        elif letter in _SHORT:
            fits = shape.top < (high + low) / 2 if is_two_sizes else _is_near(shape.top, low)
        elif letter in _DEEP:
            fits = True
        else:
            continue
        looked_at += 1
        fitting += fits and (shape.bottom < _BELOW_BASELINE) == (letter in _DEEP)
    return FontFit(looked_at, fitting, _width_correlation(shapes))


def _is_near(top: float, usual: float) -> bool:
    return abs(top - usual) <= _SAME_HEIGHT * abs(usual)


def _width_correlation(shapes: Mapping[str, _Shape]) -> float | None:
    """None where there are too few letters, or all are as wide as each other."""
    letters = [letter for letter in shapes if not letter.isdigit()]
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
