"""Tell the language of a page or a zone from a reading in another one.

The words tell it if that reading is of the same script, however many errors they have; else the
script is looked for (`page.script`). Measured by `python -m benchmarks.languages`.
"""

from __future__ import annotations

from dataclasses import replace

from ocr_server.document.languages import (
    FRAKTUR,
    LANGUAGES_OF,
    name_of,
    script_of,
    script_of_language,
)
from ocr_server.job import PageSegmentation
from ocr_server.page.blackletter import is_blackletter, or_blackletter, whole
from ocr_server.page.language_band import is_vertical, read_band
from ocr_server.page.language_words import (
    FEWEST_LETTERS,
    NO_MODEL,
    PRIOR,
    SURE_OWN,
    Verdict,
    guesses_for,
    if_installed,
    language_by_words,
    sample_of,
    text_of,
)
from ocr_server.page.script import ScriptFinding, find_by_script
from ocr_server.page.state import Candidate, PageState
from ocr_server.page.written_down import is_read_across

PIECES = {
    PageSegmentation.SINGLE_BLOCK_VERTICAL, PageSegmentation.SINGLE_WORD,
    PageSegmentation.CIRCLE_WORD, PageSegmentation.SINGLE_CHARACTER,
}  # fmt: skip

# Confidences of a reading from 0 to 1. In a wrong language of the right script it has 0.55 to 0.93,
# in a wrong script 0.1 to 0.45, of lines up to 0.66. Letters of Latin look like Cyrillic or Greek
# ones, so more is needed where the first language is of another script, or no language is likely.
LEGIBLE, _LEGIBLE_ELSE = 0.5, 0.8
_CLEARLY_LEGIBLE = 0.65

_SURE_OF_SHORT = 0.8  # probability
_POSSIBLE = 0.15  # for a language to be compared with the likeliest, by reading in both
_MOST_READINGS = 3  # to compare, the first one included
_SHORT = 200  # letters; of more, the words alone are sure


def find_language(state: PageState, *, may_guess: bool = True) -> Verdict:
    """The language of the page, or of the part of one, that the state has read.

    `may_guess`: see `script.find_by_script`.
    """
    first, options = state.best, state.options
    own = options.languages[0]
    if options.alphabet:
        return Verdict(own, 0.0, "The letters of an alphabet tell no language.")
    if {first.psm, options.psm} & PIECES:
        return Verdict(own, 0.0, "A cut-out piece is too little to tell.")
    needed = LEGIBLE if script_of_language(own) == "Latin" else _LEGIBLE_ELSE
    is_legible = first.confidence >= needed or first.engine.ignores_language
    verdict = language_by_words(state, first.words) if is_legible else Verdict(own, 0.0, NO_MODEL)
    if is_legible and not first.engine.ignores_language:
        by_words = or_blackletter(state, verdict)
        verdict = by_readings(state, by_words)
        if verdict is not by_words:
            verdict = or_blackletter(state, verdict)
    is_likely = verdict.confidence >= SURE_OWN
    clearly = max(needed, _CLEARLY_LEGIBLE if is_likely else _LEGIBLE_ELSE)
    is_settled = verdict.reason is None or first.confidence >= clearly
    if is_settled or first.engine.ignores_language:
        return verdict
    # Print in any script was read as some letters, handwriting often as none: 14 of 24 lines.
    finding = find_by_script(state, may_guess=may_guess and first.letters > 0)
    return verdict_of(state, finding) if finding else verdict


def by_readings(state: PageState, verdict: Verdict, *, prior: float = PRIOR) -> Verdict:
    """The language of a short text that may be in several, after reading it in the likeliest.

    That reading has the accents that tell it from its neighbours; if it is likest to another one,
    that is read, too. For `prior` see `language_by_words`.
    """
    first = state.best
    if verdict.reason is None or not 0 < first.letters < _SHORT:
        return verdict
    text, _ = text_of(first.words)
    codes = LANGUAGES_OF.get(script_of(text) or "", ())
    if len(text) < FEWEST_LETTERS:
        return verdict
    guesses = guesses_for(state, text, codes, prior=prior)
    read: dict[str, Candidate] = {}  # the first one costs nothing if it was that
    for _ in range(_MOST_READINGS):
        possible = (guess.code for guess in guesses if guess.probability >= _POSSIBLE)
        new = (code for code in possible if code in state.options.installed and code not in read)
        code = next(new, None)
        if code is None:
            break
        read[code] = read_band(state, state.canvas, code)
        if read[code].confidence < first.confidence:
            break
        guesses = guesses_for(state, sample_of(read[code].words), codes, prior=1.0)
        if guesses and guesses[0].probability >= _SURE_OF_SHORT:
            found = if_installed(state, guesses[0])
            known = read.get(found.code)
            return replace(found, reading=whole(state, known)) if known else found
    return verdict


def verdict_of(state: PageState, finding: ScriptFinding) -> Verdict:
    """The language of a finding: of its script the one that the words of its reading fit best."""
    code, reading = finding.code, finding.reading
    if code.startswith("script/"):
        reason = f"It seems to be in {name_of(code)}, of which no language is installed."
        return Verdict(state.options.languages[0], 0.0, reason, missing=code)
    if reading is None:
        return Verdict(code, state.best.confidence, is_tried=False)
    verdict = Verdict(code, reading.confidence, reading=whole(state, reading))
    is_settled = is_blackletter(state, reading) if code == FRAKTUR else is_vertical(code)
    if not is_settled:
        read = replace(state, options=replace(state.options, languages=(code,)), candidate=reading)
        found = language_by_words(read, reading.words, prior=1.0)
        # A model also reads what is not of its language, if that has the same script.
        is_latin = script_of_language(code) == "Latin"
        verdict = found if is_latin or found.reason is None or found.missing else verdict
        is_same = verdict.code == code
        verdict = replace(
            verdict,
            confidence=verdict.confidence or reading.confidence,
            reading=whole(state, reading) if is_same else None,
        )
    has_kana = script_of(sample_of(reading.words, least=0.0)) != "Han"
    if code.startswith("jpn") and not has_kana:
        finding = replace(finding, doubt="Its characters may be Chinese or Japanese.")
    is_across = verdict.code == code and is_read_across(reading.zones)
    if is_across and (vertical := f"{code}_vert") in state.options.installed:
        verdict, is_across = replace(verdict, code=vertical, reading=None), False
    return replace(verdict, is_turned=finding.is_turned, is_across=is_across, doubt=finding.doubt)
