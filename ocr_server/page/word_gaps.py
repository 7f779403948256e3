"""The stages `gaps` and `stops`: parts words that were joined, and joins stops that stand apart.

Tesseract takes "9268 19" for one word now and then, and "Ln 6, Col 14" in small print. A word is
parted beside a figure or after a stop only: between two letters the dictionary of Tesseract's model
knows the words.

Old print has a blank before a comma, which transcribers and whoever searches leave out: F1 of Latin
print rises from .765 to .873, of Spanish from .848 to .869, of lines of Fraktur from .828 to .856.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

import cv2
import numpy as np

from ocr_server.document.model import Direction, Line, Word
from ocr_server.geometry import Box, Quad
from ocr_server.imaging.canvas import Pixels
from ocr_server.page.postprocessing import with_each_line
from ocr_server.page.state import PageState, StageResult

_FEWEST_GAPS = 2  # between the words of a line, whose lower median tells how wide a blank is
_LEAST_OF_BLANK = 0.85  # share of such a gap that a gap inside a word needs, to be one
_LEAST_OF_X_HEIGHT = 0.4  # and of the x-height: a blank of print is 0.5 to 0.7 wide
_MOST_OF_REST = 0.6  # share of the narrowest blank that all other gaps of the word may have
# Most fonts have figures of one width, so that a 1 stands alone without a blank: how much farther
# apart than is usual in the word the middles of two must be, as a share of a blank.
_LEAST_APART = 0.3
_STOPS = frozenset(",;:")

# What never stands apart but in French. Colons do on receipts, between a label and its value.
_CLOSED_UP, _FRENCH = frozenset(",;?"), frozenset({"fra", "frm"})
_WIDEST_BLANK = 1.0  # before a stop, in heights of the word before


def part_words(state: PageState) -> StageResult:
    """Part the words of level lines at gaps as wide as a blank, at a figure or after a stop.

    Lines that run leftwards are left alone, as their ink is not in the order of their letters.
    """
    candidate = state.best
    ink = candidate.canvas.grey().pixels
    after = replace(
        candidate, zones=tuple(with_each_line(candidate.zones, lambda line: parted(line, ink)))
    )
    more = len(after.words) - len(candidate.words)
    if not more:
        return StageResult(state, "no blank inside a word")
    return StageResult(state.with_candidate(after), f"{more} blanks inside words", "words parted")


def close_up_stops(state: PageState) -> StageResult:
    """Join commas, semicolons and question marks that stand apart with the words before them."""
    candidate = state.best
    if not _FRENCH.isdisjoint(state.options.languages):
        return StageResult(state, "French, which has blanks before stops")
    after = replace(candidate, zones=tuple(with_each_line(candidate.zones, closed_up)))
    apart = len(candidate.words) - len(after.words)
    if not apart:
        return StageResult(state, "no stop stands apart")
    return StageResult(state.with_candidate(after), f"{apart} stops stand apart", "closed up")


def closed_up(line: Line) -> Line:
    """The line with its stops joined with the words before them, if these are near."""
    if line.direction is not Direction.LEFT_TO_RIGHT:
        return line
    words: list[Word] = []
    for word in line.words:
        if words and word.text in _CLOSED_UP and _is_next(words[-1], word):
            words[-1] = _with_stop(words[-1], word)
        else:
            words.append(word)
    return line if len(words) == len(line.words) else replace(line, words=tuple(words))


def _is_next(word: Word, stop: Word) -> bool:
    """Whether the stop follows a word that has letters, within a blank."""
    widest_px = _WIDEST_BLANK * math.dist(word.quad.top_right, word.quad.bottom_right)
    reach_px = math.dist(word.quad.bottom_right, stop.quad.bottom_left)
    return word.letter_count > 0 and word.text[-1] not in _CLOSED_UP and reach_px <= widest_px


def _with_stop(word: Word, stop: Word) -> Word:
    """Both as one word, as sure as the word."""
    before = word.corrected_from
    return replace(
        word,
        text=word.text + stop.text,
        quad=Quad(word.quad.top_left, stop.quad.top_right, stop.quad.bottom_right,
                  word.quad.bottom_left),
        symbols=(*word.symbols, *stop.symbols),
        alternatives=(),
        corrected_from=before and before + stop.text,
    )  # fmt: skip


def parted(line: Line, grey: Pixels) -> Line:
    """The line with its words parted; `grey` are the pixels that it was read from."""
    boxes = sorted((word.box for word in line.words), key=lambda box: box.left)
    gaps = [right.left - left.right for left, right in pairwise(boxes)]
    doubtful = [word for word in line.words if any(map(_may_end, word.text, word.text[1:]))]
    is_level = line.direction is Direction.LEFT_TO_RIGHT and not line.quad.angle_deg
    if len(gaps) < _FEWEST_GAPS or not doubtful or not is_level:
        return line
    blank_px = max(_LEAST_OF_BLANK * _middle(gaps), _LEAST_OF_X_HEIGHT * line.x_height_px)
    words = (
        part
        for word in line.words
        for part in (_parts(word, grey, blank_px) if word in doubtful else (word,))
    )
    return replace(line, words=tuple(words))


def _may_end(before: str, after: str) -> bool:
    """Whether a word may end between two characters."""
    if before in _STOPS:
        return after.isalpha()
    return before.isalnum() and after.isalnum() and (before.isdecimal() or after.isdecimal())


def _parts(word: Word, grey: Pixels, blank_px: float) -> Iterator[Word]:
    """A word's parts; the word itself if there is one only, or its letters are not told apart."""
    left, top, right, bottom = (max(0, edge) for edge in word.box.rounded())
    runs = _runs(grey[top:bottom, left:right])
    ends = _ends(word.text, runs, blank_px) if len(runs) == len(word.text) else ()
    if not ends:
        yield word
        return
    for start, end in pairwise((0, *ends, len(runs))):
        box = Box(left + runs[start][0], word.box.top, left + runs[end - 1][1], word.box.bottom)
        symbols = word.symbols[start:end] if len(word.symbols) == len(runs) else ()
        yield replace(
            word, text=word.text[start:end], quad=box.quad(), symbols=symbols, alternatives=()
        )


def _ends(text: str, runs: Sequence[tuple[int, int]], blank_px: float) -> tuple[int, ...]:
    """Before which characters there is a blank; `runs` are the columns of each character's ink."""
    pairs = [
        (end, *around, after[0] - before[1], (sum(after) - sum(before)) / 2)
        for end, (around, (before, after)) in enumerate(
            zip(pairwise(text), pairwise(runs), strict=True), start=1
        )
    ]
    pitches = [pitch for _, before, after, _, pitch in pairs if (before + after).isdecimal()]
    least_pitch = _middle(pitches) + _LEAST_APART * blank_px if pitches else 0.0
    blanks, others = {}, [0]
    for end, before, after, gap, pitch in pairs:
        are_figures = (before + after).isdecimal()
        if gap >= blank_px and (pitch >= least_pitch or not are_figures):
            blanks[end] = gap
        elif not are_figures:
            others.append(gap)
    is_clear = max(others) <= _MOST_OF_REST * min(blanks.values(), default=0)
    may_end = all(_may_end(text[end - 1], text[end]) for end in blanks)
    return tuple(blanks) if is_clear and may_end else ()


def _middle(lengths: Iterable[float]) -> float:
    """The lower median of lengths, of which there is one at least."""
    ordered = sorted(lengths)
    return ordered[(len(ordered) - 1) // 2]


def _runs(grey: Pixels) -> list[tuple[int, int]]:
    """The columns with ink, as the first one and the one after the last of each run.

    Ink is what there is less of: cut-out lines may be bright on a dark ground.
    """
    if not grey.size:
        return []
    _, ink = cv2.threshold(grey, 0, 1, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    if ink.mean() > 0.5:
        ink = 1 - ink
    columns = np.concatenate(([0], ink.any(axis=0).astype(np.int8), [0]))
    edges = np.flatnonzero(np.diff(columns))
    return [(int(first), int(last)) for first, last in edges.reshape(-1, 2)]
