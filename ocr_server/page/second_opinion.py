"""A second opinion on pages whose first reading is doubtful: they are read by another engine too.

Both readings are judged by the F1 that such a reading had on pages whose text is known
(`page.quality`), so that they can be compared although the confidences of engines mean different
things. The limits were chosen by `python -m benchmarks.second_reader`: of 116 pictures under 0.91
the second engine was as good or better on 111. On white paper 0.88 has to do, as one clean scan in
ten lies between, which it reads little better at three to four times the cost; of photographs it
still reads more.

Tried, and left out as they lost, in mean CER: its lines in the order of the first reader's layout
instead of its own blocks (photographs .29 to .25, receipts .14 to .12, typewriting .42 to .26), and
Tesseract reading the lines that it found (photographs .27 to .21, receipts .20 to .15, letters .43
to .29, and no plate of four). No better, in mean F1: Tesseract's words in its lines where they are
surer (.002 either way), the page before it was evened out and scaled (photographs .817 to .871, one
plate more), doubtful lines read again taller, narrower or wider (typewriting .867 to .877, letters
.444 to .415, cursive .066 to .074), larger or smaller copies to find lines on, lines cut out of the
page before it was shrunk (letters .433 to .429, Spanish print .847 to .864), slanting letters put
upright (letters .393 to .418), three slants of a line averaged at three times the cost (letters
.455 to .431), the likeliest text of a line instead of its likeliest columns (.001 either way), and
only the doubtful lines of pages that are not doubtful (two columns .934 to .938). Cursive pages
keep a CER of .63, whatever is tried: at five sizes, narrower, wider, lighter, darker, with less
weight for no letter, or as the mean over such copies (.626 at best).
"""

from __future__ import annotations

from dataclasses import replace

from ocr_server.page.postprocessing import drop_noise
from ocr_server.page.quality import ReadingResult, expected_accuracy
from ocr_server.page.state import PageState, StageResult

# Expected F1 of the words, and the level of paper that is white; that of scans of old paper was 232
# at most, that of clean scans 241 and more. Paper that was evened out is as bright in photographs,
# but had differed by 20 grey levels at least; that around a coloured figure by 8.
_DOUBTFUL_ON_WHITE, _DOUBTFUL, _WHITE, _SHADED = 0.88, 0.91, 235.0, 15.0
# The second reader has the benefit of the doubt: a few letters more in the first reading are mostly
# specks. From 0.75 to 0.95 the choice differs on one picture, a letter by hand, for 0.8 the better.
_BENEFIT = 0.8


def ask_second_opinion(state: PageState) -> StageResult:
    """Have the second engine, where there is one, read a page that is doubtful.

    The reading that is expected to have more letters right is kept.
    """
    second, first = state.context.second_engine, state.best
    if second is None:
        return StageResult(state, "one reader was asked for")
    result = ReadingResult.of(first.words, first.engine.calibration)
    found = f"read with an expected accuracy of {expected_accuracy(result):.0%}"
    if expected_accuracy(result) >= limit_of(state):
        return StageResult(state, found)
    if not set(state.options.languages) <= set(second.describe().languages):
        return StageResult(state, f"{found}; the second reader does not know the language")
    if state.options.alphabet:
        return StageResult(state, f"{found}; the second reader keeps to no alphabet")
    other = state.read(first.canvas, psm=first.psm, engine=second)
    # A photograph's texture makes many letters, all guesses.
    sure_letters = drop_noise(state).state.best.letters
    is_kept = is_better(
        ReadingResult.of(other.words, second.calibration), replace(result, letters=sure_letters)
    )
    if not is_kept:
        return StageResult(state, found)
    return StageResult(state.with_candidate(other), found, "read again by the second reader")


def limit_of(state: PageState) -> float:
    """Expected accuracy under which the page is worth a second reading."""
    is_white = state.shade < _SHADED and state.statistics.paper.level >= _WHITE
    return _DOUBTFUL_ON_WHITE if is_white else _DOUBTFUL


def is_better(second: ReadingResult, first: ReadingResult) -> bool:
    """Whether the second reading is kept: by the letters expected to be right, with a benefit."""
    right, against = (expected_accuracy(one) * one.letters for one in (second, first))
    return right > _BENEFIT * against
