"""The stage that finds a page's language and reads it in that, or checks the languages told.

A page is read in the first language of the options. If it is in another one that is installed
(`page.language`), it is read again in that. Whatever is not sure stays as it was read first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ocr_server.document.languages import (
    FRAKTUR,
    LANGUAGES_OF,
    name_of,
    script_of,
    script_of_language,
)
from ocr_server.document.model import Advice, PageLanguage
from ocr_server.imaging.operations import AUTO
from ocr_server.job import PageSegmentation, ReadOptions
from ocr_server.page.first_reading import as_read, read_once, read_text
from ocr_server.page.language import LEGIBLE, PIECES, by_readings, find_language, verdict_of
from ocr_server.page.language_band import is_vertical
from ocr_server.page.language_words import (
    NO_MODEL,
    Verdict,
    guesses_for,
    label_of,
    language_by_words,
    sample_of,
)
from ocr_server.page.script import LEAD, find_by_script, least_of
from ocr_server.page.state import PageState, StageResult
from ocr_server.page.written_down import is_read_across

# Confidences of a reading, from 0 to 1.
FITS = 0.94  # English reached it on half of the clean pages, another language never
_MOST_LOST = 0.08  # of a reading in another language of the same script

_FEWEST_TO_DOUBT = 60  # letters that a page needs before its language is called wrong
_FEWEST_WORDS = 12  # with fewer, a text may be one of codes and names
_SURE_TO_DOUBT = 0.9  # probability


def settle_language(state: PageState) -> StageResult:
    """Find the page's language and read it in that; if languages were told, check whether they fit.

    With `starts_over` in the result, the page is to be prepared anew for that language.
    """
    if not state.options.auto_language:
        return _check(state)
    if state.language:
        return StageResult(state, "found before the page was prepared for it")
    verdict, first = find_language(state), state.options.languages
    if verdict.reason is None and verdict.code not in first:
        state, verdict = _read_in(state, verdict)
    verdict = replace(verdict, reason=verdict.reason or verdict.doubt)
    is_sure = verdict.reason is None
    codes = (verdict.code,) if is_sure else state.options.languages
    after = replace(
        state,
        language=PageLanguage(codes, verdict.confidence, verdict.reason),
        language_advice=_advice(verdict.missing, state) if verdict.missing else None,
    )
    name = name_of(verdict.code)
    found = f"{name} at {verdict.confidence:.0%}" if is_sure else f"not sure: {verdict.reason}"
    return StageResult(after, found, "" if state.options.languages == first else f"read in {name}")


def language_of(parts: Sequence[PageLanguage], options: ReadOptions) -> PageLanguage | None:
    """The language of a page from those of its parts; None if it was told.

    It is as sure as the part that is least so.
    """
    if not options.auto_language:
        return None
    if not parts:
        return PageLanguage(options.languages, 0.0, "It was not looked for, or there was no time.")
    codes = dict.fromkeys(code for part in parts for code in part.codes)
    worst = min(parts, key=lambda part: (part.is_sure, part.confidence))
    return replace(worst, codes=tuple(codes))


def _read_in(
    state: PageState, verdict: Verdict, *, may_change: bool = True
) -> tuple[PageState, Verdict]:
    """Read the page in the language of the verdict; the first reading stays if that is worse.

    `may_change`: it is read once more if its words are then surely of another language.
    """
    first, code = state.best, verdict.code
    after = replace(state, options=replace(state.options, languages=(code,)))
    by_recipe = state.options.operations == AUTO and not first.engine.finds_lines
    if first.engine.ignores_language:
        return after, verdict
    if by_recipe and (verdict.is_turned or is_vertical(code)):
        return replace(after, candidate=None, starts_over=True), verdict
    if verdict.is_across:  # whose columns no other mode finds, but for the second reader
        across = after.read(after.canvas, psm=PageSegmentation.SINGLE_BLOCK)
        after = as_read(after, across).state
    elif verdict.reading and not verdict.is_turned:
        after = after.with_candidate(verdict.reading)
    else:
        after = (read_text if by_recipe else read_once)(after).state
    is_across = is_read_across(after.best.zones)
    if is_across and (vertical := f"{code}_vert") in state.options.installed:
        return _read_in(state, replace(verdict, code=vertical, is_across=False))
    script = script_of_language(code)
    is_of_other_script = script != script_of_language(state.options.languages[0])
    gained = after.best.confidence - first.confidence
    is_worse = gained < -_MOST_LOST
    if is_of_other_script:
        is_worse = gained < LEAD or after.best.confidence < least_of(script)
    if is_worse and not is_across:
        return _stay(state, verdict)
    if code != FRAKTUR and not is_vertical(code):
        # A model reads other languages of its script, too; the words of the whole page tell it.
        found = language_by_words(after, after.best.words, prior=1.0)
        found = by_readings(after, found, prior=1.0)
        if found.reason is None and found.code != code:
            if may_change:
                return _read_in(after, found, may_change=False)
            found = replace(found, reason=f"It may be {name_of(code)} or {name_of(found.code)}.")
        verdict = replace(found, reason=found.reason or verdict.doubt)
    return after, verdict


def _stay(state: PageState, verdict: Verdict) -> tuple[PageState, Verdict]:
    """What is left if a page is read worse in the language of the verdict."""
    if verdict.is_tried:
        reason = f"It reads like {name_of(verdict.code)}, but worse in that."
        return state, replace(verdict, reason=reason)
    finding = find_by_script(state, may_be_untried=False, may_guess=state.best.letters > 0)
    if finding is None:
        return state, Verdict(state.options.languages[0], 0.0, NO_MODEL)
    other = verdict_of(state, finding)
    return _read_in(state, other) if other.reason is None else (state, other)


def _check(state: PageState) -> StageResult:
    """Look whether the page is in the languages that it was read in, and advise another if not."""
    first, told = state.best, state.options.languages
    known = {label_of(code) for codes in LANGUAGES_OF.values() for code in codes}
    is_known = {label_of(code) for code in told} <= known
    if not is_known or first.engine.ignores_language or state.options.alphabet:
        return StageResult(state, "not checked")
    if (
        first.confidence >= FITS
        or first.letters < _FEWEST_TO_DOUBT
        or {first.psm, state.options.psm} & PIECES
    ):
        return StageResult(state, "as asked")
    code = (
        _otherlanguage_by_words(state) if first.confidence >= LEGIBLE else _other_by_script(state)
    )
    if code is None:
        return StageResult(state, "as asked")
    advice = _advice(code, state)
    return StageResult(replace(state, language_advice=advice), advice.message)


def _otherlanguage_by_words(state: PageState) -> str | None:
    """The language that the words surely fit, if that is none of those told."""
    text = sample_of(state.best.words)
    if sum(map(str.isalpha, text)) < _FEWEST_TO_DOUBT or len(text.split()) < _FEWEST_WORDS:
        return None
    guesses = guesses_for(state, text, LANGUAGES_OF.get(script_of(text) or "", ()))
    if not guesses or guesses[0].probability < _SURE_TO_DOUBT:
        return None
    told = {label_of(code) for code in state.options.languages}
    return None if label_of(guesses[0].code) in told else guesses[0].code


def _other_by_script(state: PageState) -> str | None:
    """The language of another script whose model, if installed, reads a band clearly better."""
    finding = find_by_script(state, may_be_untried=False, may_guess=False)
    own = script_of_language(state.options.languages[0])
    if finding and finding.code.startswith("script/"):
        return finding.code
    return finding.code if finding and script_of_language(finding.code) != own else None


def _advice(code: str, state: PageState) -> Advice:
    """What to tell of a page in that language, or, as `script/Cyrillic`, in a script."""
    name, installed = name_of(code), state.options.installed
    message, advice = f"The page reads like {name}.", f"Ask with languages={code}."
    if code not in installed:
        what = "is in" if code.startswith("script/") else "reads like"
        there = ", ".join(installed) or "none"
        message = f"The page {what} {name}, which is not installed."
        advice = f"Whoever runs the server can install it; there are {there}."
    return Advice("other-language", message, advice)
