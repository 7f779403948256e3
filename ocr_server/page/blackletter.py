"""Tell blackletter from other print: by its long s, and by which model reads it better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ocr_server.document.languages import FRAKTUR, LANGUAGES_OF
from ocr_server.page.language_band import FEW_LINES, band_of, read_band
from ocr_server.page.language_words import (
    READ_AS_FRAKTUR,
    SURE_OWN,
    WRITTEN_IN_FRAKTUR,
    Verdict,
    guesses_for,
    sample_of,
)
from ocr_server.page.state import Candidate, PageState

# Confidences of blackletter in models of other print; it has hardly more.
_MOST, _MOST_OF_DOUBTFUL = 0.86, 0.72
# Of 272 lines of other print in 17 languages, blackletter's model read 52 better than English, by
# 0.05 to 0.4, but never a long s; of 19 lines of blackletter it read one on 16. So that is the look
# of the letters; without it, the lead has to be clear, over German too. This many letters have one.
_LONG_S = "\u017f"
_MANY_LETTERS = 200
_LEAD, _CLEAR_LEAD = 0.02, 0.12
_CLOSE = -0.03  # other print is read by it by 0.06 to 0.08 worse than by German
# Least probability that the words as first read are of a language that was printed in blackletter:
# lines of it had 0.34 to 1. So it is seldom tried on Cyrillic lines, whose first readings mean
# nothing.
_LIKELY = 0.25
_DOUBT = "It may be in blackletter."


def or_blackletter(state: PageState, verdict: Verdict) -> Verdict:
    """Blackletter, if its model reads long s on a band, or reads it clearly better than German."""
    first, installed = state.best, set(state.options.installed)
    plain = "deu" if "deu" in installed else state.options.languages[0]
    is_possible = verdict.code in (*READ_AS_FRAKTUR, FRAKTUR) and verdict.missing is None
    is_german = verdict.reason is None and verdict.code in ("deu", FRAKTUR)
    most = _MOST if is_german else _MOST_OF_DOUBTFUL
    if (
        not is_possible
        or FRAKTUR not in installed - {plain}
        or first.confidence >= most
        or not (is_german or (verdict.reason and _is_likely(state)))
    ):
        return verdict
    band = band_of(state, lines=FEW_LINES)
    if band is None:
        return verdict
    reading = read_band(state, band, FRAKTUR)
    found = Verdict(FRAKTUR, reading.confidence, reading=whole(state, reading))
    gained = reading.confidence - first.confidence
    if is_blackletter(state, reading):
        return found if gained >= _LEAD else replace(verdict, doubt=_DOUBT)
    may_lack_it = reading.letters < _MANY_LETTERS and (
        is_german or (gained >= _CLEAR_LEAD and _is_in(state, reading, ("deu",)))
    )
    if not may_lack_it:
        return verdict
    # The model of German reads other print as surely, which the first language may read far worse.
    known = verdict.reading if verdict.code == plain else None
    other = known or read_band(state, band, plain)
    if verdict.code == plain:
        verdict = replace(verdict, reading=whole(state, other))
    lead = reading.confidence - other.confidence
    is_close = lead > _CLOSE or gained >= _CLEAR_LEAD
    unsure = replace(verdict, doubt=_DOUBT) if is_close else verdict
    return found if lead >= _CLEAR_LEAD else unsure


def is_blackletter(state: PageState, reading: Candidate) -> bool:
    """Whether a reading by its model has long s, in words of a language that was printed so."""
    has_long_s = any(_LONG_S in word.text for word in reading.words)
    return has_long_s and _is_in(state, reading, WRITTEN_IN_FRAKTUR)


def whole(state: PageState, reading: Candidate) -> Candidate | None:
    """The reading of a band, if that was all of a cut-out piece."""
    return reading if state.statistics.is_snippet else None


def _is_in(state: PageState, reading: Candidate, codes: Sequence[str]) -> bool:
    """Whether the words of a reading by the model of blackletter are of one of these languages."""
    text = sample_of(reading.words).replace(_LONG_S, "s")
    guesses = guesses_for(state, text, LANGUAGES_OF["Latin"], prior=1.0)
    return bool(guesses) and guesses[0].code in codes and guesses[0].probability >= SURE_OWN


def _is_likely(state: PageState) -> bool:
    """Whether the words are likest to a language that blackletter is taken for, or to none."""
    text = sample_of(state.best.words)
    guesses = guesses_for(state, text, LANGUAGES_OF["Latin"]) if text else ()
    if not guesses:
        return True
    return guesses[0].code in READ_AS_FRAKTUR and guesses[0].probability >= _LIKELY
