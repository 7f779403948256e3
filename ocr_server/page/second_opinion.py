"""Second opinion: a page whose first reading is doubtful is read by a second engine, too.

Confidences of different engines mean different things. So the readings are compared by their
expected F1, estimated from pages whose text is known (`page.quality`). The limits were chosen by
`python -m benchmarks.second_reader`: of 47 pictures under them, F1 of the second engine is less by
more than .02 on five. On white paper the limit is 0.88: one clean scan in ten lies between the two,
and the second engine reads it little better, whereas it still reads photographs better.

The second engine is asked before Tesseract tries again (dewarping, other modes, missing text): on
doubtful receipts this costs two thirds of the first reading and is overridden (CER .106, of the
first reading with all tries .156). And of a page that is cut in parts the others are not read by
Tesseract if the first is hopeless.

Tried, and left out as they were worse. Figures are mean CER, of the variant and of what is done
now: lines of the second engine in the order of the first engine's layout instead of its own blocks
(photographs .29 to .25, receipts .14 to .12, typewriting .42 to .26); Tesseract reading the lines
that the second engine found (photographs .27 to .21, receipts .20 to .15, letters .43 to .29, and
none of four plates).

Tried, and left out as they were no better. Figures are mean F1, of the variant and of what is done
now: Tesseract's words in lines of the second engine if they are surer (.002 either way); the page
before it was flattened and scaled (photographs .817 to .871, one plate more); doubtful lines read
again taller, narrower or wider (typewriting .867 to .877, letters .444 to .415, cursive .066 to
.074); larger or smaller copies to find lines on; lines cut out of the page before it was shrunk
(letters .433 to .429, Spanish print .847 to .864); slanted letters sheared upright (letters .393 to
.418); three slants of a line averaged at three times the cost (letters .455 to .431); the likeliest
text of a line instead of its likeliest columns (.001 either way); only the doubtful lines of pages
that are not doubtful (two columns .934 to .938).

Cursive pages keep a CER of .63 whatever is tried: at five sizes, narrower, wider, lighter, darker,
with a lower weight of the CTC blank, or as the mean over such copies (.626 at best).
"""

from __future__ import annotations

from dataclasses import replace

from ocr_server.document.languages import script_of_language
from ocr_server.layout.split import PAGES, join_parts
from ocr_server.page.first_reading import read_text
from ocr_server.page.language_band import is_vertical
from ocr_server.page.postprocessing import count_missing, drop_noise
from ocr_server.page.quality import ReadingResult, expected_accuracy
from ocr_server.page.state import Candidate, PageState, StageResult

# Expected F1 of the words, on white paper and on other.
_DOUBTFUL_ON_WHITE, _DOUBTFUL = 0.88, 0.91
# Grey levels. Paper is white from 235 on: scans of old paper have 232 at most, clean scans 241 and
# more. Flattened photographs are as bright; their unevenness before was 20 at least, that of scans
# with a coloured figure 8.
_WHITE, _SHADED = 235.0, 15.0
# Of vertical writing, whose stops and dashes the second engine often leaves out: of ten drawn pages
# Tesseract reads those above it as well or better, those below worse, and four comics not at all.
_DOUBTFUL_VERTICAL = 0.75
# What is added to the limit if more than this share of the glyphs was left out, as fractions are.
_LEFT_OUT, _STRICTER = 0.1, 0.04
# A first part with so many letters is hopeless if the accuracy expected of it is so far below the
# limit of doubt: of 32 pages in parts all eight receipts and typewritten pages under it were to be
# read again, and two that were not to be were above it by .02.
_ENOUGH_LETTERS, _HOPELESS = 100, 0.06
# Pages of fewer glyphs than are else cut, as receipts and pages in running hands have: of those,
# too, only the first part is read if it is hopeless.
_CUTTING = PAGES._replace(fewest_glyphs=100)
# Share of the first reading's correct letters that suffices for the second to be kept: a few more
# letters in the first are mostly specks. From 0.75 to 0.95 the choice differs on one picture, a
# handwritten letter, on which 0.8 chooses the better reading.
_SECOND_NEEDS_SHARE = 0.8
_WITHOUT_BLANKS = frozenset({"Han", "Japanese"})


def read_for_the_first_time(state: PageState) -> StageResult:
    """Read the page; if it is cut in parts and the first is hopeless, the others are left out.

    They are read if the second reading is not kept (`ask_second_opinion`).
    """
    second, options = state.context.second_engine, state.options
    is_asked = (
        second is not None
        and "second-reader" not in options.skip_stages
        and not (options.alphabet or options.auto_language)
        and set(options.languages) <= set(second.describe().languages)
    )
    if not is_asked:
        return read_text(state)
    limit = limit_of(state) - _HOPELESS

    def is_hopeless(first: Candidate) -> bool:
        result = ReadingResult.of(first.words, first.engine.calibration)
        return result.letters >= _ENOUGH_LETTERS and expected_accuracy(result) < limit

    return read_text(state, cutting=_CUTTING, is_hopeless=is_hopeless)


def ask_second_opinion(state: PageState) -> StageResult:
    """Read a doubtful page by the second engine, if the context has one.

    The reading with more letters expected to be right is kept, the second if both are near.
    """
    second, first = state.context.second_engine, state.best
    if second is None:
        return StageResult(state, "one reader was asked for")
    result = ReadingResult.of(first.words, first.engine.calibration)
    found = f"read with an expected accuracy of {expected_accuracy(result):.0%}"
    missing, glyphs = count_missing(state)
    stricter = _STRICTER if missing > _LEFT_OUT * glyphs else 0.0
    if expected_accuracy(result) >= limit_of(state) + stricter:
        return StageResult(_with_rest(state), found)
    if not set(state.options.languages) <= set(second.describe().languages):
        return StageResult(state, f"{found}; the second reader does not know the language")
    if state.options.alphabet:
        return StageResult(state, f"{found}; the second reader keeps to no alphabet")
    other = state.read(first.canvas, psm=first.psm, engine=second)
    # In a photograph, texture is read as many letters of low confidence.
    sure_letters = drop_noise(state).state.best.letters
    words = (
        word
        for word in other.words
        if not any(part.contains(word.box.middle) for part in state.unread)
    )
    is_kept = is_better(
        ReadingResult.of(tuple(words), second.calibration),
        replace(result, letters=sure_letters),
        has_words=_WITHOUT_BLANKS.isdisjoint(map(script_of_language, state.options.languages)),
    )
    if not is_kept:
        return StageResult(_with_rest(state), found)
    after = replace(state, candidate=other, unread=())
    return StageResult(after, found, "read again by the second reader")


def limit_of(state: PageState) -> float:
    """Expected F1, from 0 to 1, below which the second engine reads the page, too."""
    if any(map(is_vertical, state.options.languages)):
        return _DOUBTFUL_VERTICAL
    is_white = state.shade < _SHADED and state.statistics.paper.level >= _WHITE
    return _DOUBTFUL_ON_WHITE if is_white else _DOUBTFUL


def is_better(second: ReadingResult, first: ReadingResult, *, has_words: bool = True) -> bool:
    """Whether to keep the second reading: by the number of letters expected to be right.

    Without blanks between words (`has_words`) each line is one word, and the share of sure ones
    tells little: then the second's mean confidence counts.
    """
    accuracy = (
        expected_accuracy(second)
        if has_words
        else second.calibration.share_right(second.confidence)
    )
    right_in_first = expected_accuracy(first) * first.letters
    return accuracy * second.letters > _SECOND_NEEDS_SHARE * right_in_first


def _with_rest(state: PageState) -> PageState:
    """The state with the parts that the first reading left out."""
    if not state.unread:
        return state
    first = state.best
    rest, _ = state.read_parts(state.unread, psm=first.psm)
    whole = replace(first, zones=join_parts((first.zones, rest.zones)))
    return replace(state, candidate=whole, unread=())
