"""Second opinion: a page whose first reading is doubtful is read by a second engine, too.

Confidences of different engines mean different things. So the readings are compared by their
expected F1, estimated from pages whose text is known (`page.quality`). The limits were chosen by
`python -m benchmarks.second_reader`: of 47 pictures under them, F1 of the second engine is less by
more than .02 on five. On white paper the limit is 0.88: one clean scan in ten lies between the two,
and the second engine reads it little better, whereas it still reads photographs better.

The second engine is asked before Tesseract tries again (dewarping, other modes, missing text): on
doubtful receipts this costs two thirds of the first reading and is overridden (CER .106, of the
first reading with all tries .156).

A strip from the middle of a page is read first: where that is hopeless, Tesseract does not read the
rest.

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
from ocr_server.geometry import Box, Transform
from ocr_server.job import PSM_OF_LAYOUT, Layout
from ocr_server.layout.split import middle_strip
from ocr_server.page.first_reading import as_read, choose_psm, read_text
from ocr_server.page.language_band import is_vertical
from ocr_server.page.missing_text import count_missing
from ocr_server.page.postprocessing import drop_noise
from ocr_server.page.quality import ReadingResult, expected_accuracy
from ocr_server.page.state import PageState, StageResult
from ocr_server.page.written_down import is_read_across

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
# Before a page is read, a strip with so many of its glyphs, or this share if that is less, is: the
# page is hopeless if so many letters are read in it, and the accuracy expected of them is so far
# below the limit of doubt. Of 157 pictures, 88 of which had a strip tried, 39 were: receipts,
# typewriting, hands, and a page on its head. Of those whose whole was read, too, each was to be
# read again. Pages with fewer glyphs are read as quickly, and clean print, whose lines are so
# spiky, is not hopeless.
_STRIP_GLYPHS, _STRIP_SHARE, _FEWEST_LETTERS, _HOPELESS = 150, 1 / 3, 60, 0.1
_FEWEST_GLYPHS, _CLEAN_SPIKINESS = 150, 5.1
# Share of the first reading's correct letters that suffices for the second to be kept: a few more
# letters in the first are mostly specks. From 0.75 to 0.95 the choice differs on one picture, a
# handwritten letter, on which 0.8 chooses the better reading.
_SECOND_NEEDS_SHARE = 0.8
_IN_ORDER = 0.5  # the same of columns, if the first reading ran across them
_WITHOUT_BLANKS = frozenset({"Han", "Japanese"})


def read_for_the_first_time(state: PageState) -> StageResult:
    """Read the page, but of one whose second reading will be asked for anyway only a strip.

    The whole is read if the second reading is not kept (`ask_second_opinion`).
    """
    strip = _strip_to_try(state)
    if strip is None:
        return read_text(state)
    first = state.read(state.canvas.cropped(strip), psm=state.options.psm)
    result = ReadingResult.of(first.words, first.engine.calibration)
    is_hopeless = (
        result.letters >= _FEWEST_LETTERS
        and expected_accuracy(result) < limit_of(state) - _HOPELESS
    )
    if not is_hopeless:
        return read_text(state)
    down = Transform.shift(0, strip.top)
    zones = tuple(zone.mapped(down) for zone in first.zones)
    return as_read(replace(state, strip=strip), replace(first, canvas=state.canvas, zones=zones))


def _strip_to_try(state: PageState) -> Box | None:
    """The strip of the page that tells whether it is hopeless; None if it is not to be tried."""
    second, options, statistics = state.context.second_engine, state.options, state.statistics
    may_be_asked = (
        second is not None
        and "second-reader" not in options.skip_stages
        and not (options.alphabet or options.auto_language)
        and set(options.languages) <= set(second.describe().languages)
    )
    count = len(statistics.glyphs)
    may_be_hopeless = (
        count >= _FEWEST_GLYPHS
        and statistics.skew.spikiness < _CLEAN_SPIKINESS
        and choose_psm(state) == PSM_OF_LAYOUT[Layout.AUTO]
    )
    if not (may_be_asked and may_be_hopeless and state.x_height_px):
        return None
    letters = min(_STRIP_GLYPHS, round(_STRIP_SHARE * count))
    return middle_strip(statistics, letters=letters, x_height_px=state.x_height_px)


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
    is_across = is_read_across(first.zones)
    if expected_accuracy(result) >= limit_of(state) + stricter and not is_across:
        return StageResult(_read_whole(state), found)
    if not set(state.options.languages) <= set(second.describe().languages):
        return StageResult(state, f"{found}; the second reader does not know the language")
    if state.options.alphabet:
        return StageResult(state, f"{found}; the second reader keeps to no alphabet")
    other = state.read(first.canvas, psm=first.psm, engine=second)
    # In a photograph, texture is read as many letters of low confidence.
    sure_letters = drop_noise(state).state.best.letters
    words = (
        word for word in other.words if state.strip is None or state.strip.contains(word.box.middle)
    )
    is_kept = is_better(
        ReadingResult.of(tuple(words), second.calibration),
        replace(result, letters=sure_letters),
        has_words=_WITHOUT_BLANKS.isdisjoint(map(script_of_language, state.options.languages)),
    )
    is_in_order = is_across and other.letters >= _IN_ORDER * first.letters
    if not (is_kept or is_in_order):
        return StageResult(_read_whole(state), found)
    after = replace(state, candidate=other, strip=None)
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


def _read_whole(state: PageState) -> PageState:
    """The state with the first reading of the whole page."""
    return read_text(state).state if state.strip else state
