"""Tell the language of a page or a zone from a reading in another one.

The words tell it if that reading is of the same script, however many errors they have; else the
script is looked for (`page.script`). Measured by `python -m benchmarks.languages`.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass, replace

from ocr_server.document.languages import (
    FRAKTUR,
    LANGUAGES_OF,
    Guess,
    name_of,
    script_of,
    script_of_language,
    tag_of,
)
from ocr_server.document.model import Word
from ocr_server.job import PageSegmentation
from ocr_server.page.language_band import FEW_LINES, band_of, is_vertical, read_band
from ocr_server.page.script import FEWEST_DENSE, ScriptFinding, find_by_script
from ocr_server.page.state import Candidate, PageState

PIECES = {
    PageSegmentation.SINGLE_BLOCK_VERTICAL, PageSegmentation.SINGLE_WORD,
    PageSegmentation.CIRCLE_WORD, PageSegmentation.SINGLE_CHARACTER,
}  # fmt: skip
_FEWEST_LETTERS = 20  # with fewer, a language is not decided
_SURE_WORD = 0.5  # confidence of the words that tell

# Confidences of a reading from 0 to 1. In a wrong language of the right script it has 0.55 to 0.93,
# in a wrong script 0.1 to 0.45, of lines up to 0.56. Letters of Latin look like Cyrillic or Greek
# ones, so more is needed where the first language is of another script.
LEGIBLE, _LEGIBLE_ELSE = 0.5, 0.8
_CLEARLY_LEGIBLE = 0.65

# Probabilities. Before a word is read, the first language is taken to be four times as likely as
# any other, which keeps receipts full of names in it.
_PRIOR = 4.0
_SURE, _SURE_OWN, _SURE_OF_SHORT = 0.7, 0.5, 0.8
_SURE_OF_ALL = 0.95  # where words that are not sure are counted, too
_POSSIBLE = 0.15  # for a language to be compared with the likeliest, by reading in both
_SHORT = 200  # letters; of more, the words alone are sure

# Blackletter read by models of other print; how much better its own model has to read a band.
_MOST_OF_FRAKTUR, _MOST_OF_DOUBTFUL_FRAKTUR = 0.86, 0.72
_LEAD_OF_FRAKTUR, _CLEAR_LEAD_OF_FRAKTUR = 0.05, 0.12
_CLOSE_TO_FRAKTUR = -0.03  # other print is read by it by 0.06 to 0.08 worse
# Least probability that the words as first read are of a language that was printed in blackletter:
# lines of it had 0.34 to 1. So it is seldom tried on Cyrillic lines, whose first readings mean
# nothing.
_LIKELY_OF_FRAKTUR = 0.25
_WRITTEN_IN_FRAKTUR = ("deu", "nld", "swe", "dan", "nor", "lat", "ltz", "eng")

# The article of Arabic, alone and behind what is written in one word with it. Of lines and pages it
# had 6 % of the words or more, of Persian none.
_ARTICLES = tuple(
    f"{before}\u0627\u0644" for before in ("", "\u0648", "\u0628", "\u0641", "\u0643")
)
_ARTICLES += ("\u0644\u0644",)
_FEWEST_WORDS, _WORDS_OF_A_PAGE, _LEAST_ARTICLES = 10, 30, 0.05

NO_MODEL = "None of the installed languages reads it well."


@dataclass(frozen=True, slots=True)
class Verdict:
    """A language that may be the page's; `reason` says why it is not sure, None if it is.

    `missing`: the language that the page seems to be in, if it is not installed; `is_tried`: its
    model has read a part of the page; `reading`: all of a cut-out piece, read in that language;
    `doubt`: what else it may be, although it is to be read in that.
    """

    code: str
    confidence: float
    reason: str | None = None
    missing: str | None = None
    is_turned: bool = False
    is_tried: bool = True
    reading: Candidate | None = None
    doubt: str | None = None


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
        by_words = _or_fraktur(state, verdict)
        verdict = _by_readings(state, by_words)
        if verdict is not by_words:
            verdict = _or_fraktur(state, verdict)
    is_settled = verdict.reason is None or first.confidence >= max(needed, _CLEARLY_LEGIBLE)
    if is_settled or first.engine.ignores_language:
        return verdict
    # Print in any script was read as some letters, handwriting often as none: 14 of 24 lines.
    finding = find_by_script(state, may_guess=may_guess and first.letters > 0)
    return verdict_of(state, finding) if finding else verdict


def language_by_words(state: PageState, words: Sequence[Word], *, prior: float = _PRIOR) -> Verdict:
    """The language that the words fit best, of all that have their script.

    Before a word was read, those that the page is read in are `prior` times as likely as others.
    """
    own, least = state.options.languages, 0.0
    text = sample_of(words)
    if script_of(text) not in (None, "Latin"):  # whose letters are hardly taken for it
        text = sample_of(words, least=0.0)
    script = script_of(text) or ""
    letters = sum(map(str.isalpha, text))
    if letters < _FEWEST_LETTERS and script == "Latin":  # the others do not tell it as surely
        text, least = sample_of(words, least=0.0), _SURE_OF_ALL
        letters = sum(map(str.isalpha, text))
    dense = script in ("Han", "Japanese", "Korean")
    if letters < (FEWEST_DENSE if dense else _FEWEST_LETTERS):
        return Verdict(own[0], 0.0, f"{letters} letters are too few to tell.")
    codes = LANGUAGES_OF.get(script, ())
    if len(codes) == 1 or script == "Han":
        code = next((code for code in own if code in codes), codes[0])
        return _if_installed(state, Guess(code, state.best.confidence))
    guesses = guesses_for(state, text, codes, prior=prior) if codes else ()
    if guesses and guesses[0].code == "ara":
        guesses = _other_than_arabic(text) or guesses
    if not guesses:
        reason = "There was no time to compare its words." if codes else NO_MODEL
        return Verdict(own[0], 0.0, reason)
    best = guesses[0]
    if least and best.code in _WRITTEN_IN_FRAKTUR and FRAKTUR in state.options.installed:
        return Verdict(own[0], 0.0, "The letters that were read surely are too few to tell.")
    if best.probability < max(least, _SURE_OWN if best.code in own else _SURE):
        likely = " or ".join(name_of(guess.code) for guess in guesses[:2])
        return Verdict(own[0], best.probability, f"It may be {likely}.")
    return _if_installed(state, best)


def _if_installed(state: PageState, guess: Guess) -> Verdict:
    code, own = guess.code, state.options.languages
    if code in (*state.options.installed, *own):
        return Verdict(code, guess.probability)
    if label_of(code) in map(label_of, own):  # an old form of it, or in blackletter
        return Verdict(own[0], guess.probability)
    reason = f"It reads like {name_of(code)}, which is not installed."
    return Verdict(own[0], guess.probability, reason, missing=code)


def guesses_for(
    state: PageState, text: str, codes: Sequence[str], *, prior: float = _PRIOR
) -> tuple[Guess, ...]:
    """The likeliest languages, best first, those read in `prior` times as likely as any other."""
    rank = state.context.rank_languages
    guesses = rank(text, codes) if rank else ()
    own = {label_of(code) for code in state.options.languages}
    weights = [
        guess.probability * (prior if label_of(guess.code) in own else 1) for guess in guesses
    ]
    total = 1 - sum(guess.probability for guess in guesses) + sum(weights)
    weighted = (
        Guess(guess.code, weight / total) for guess, weight in zip(guesses, weights, strict=True)
    )
    return tuple(sorted(weighted, key=lambda guess: -guess.probability))


def _or_fraktur(state: PageState, verdict: Verdict) -> Verdict:
    """Blackletter, if its model reads a band better than the one of the language that it is in."""
    first, own = state.best, state.options.languages
    is_possible = verdict.code in (*_WRITTEN_IN_FRAKTUR, FRAKTUR) and verdict.missing is None
    is_german = verdict.reason is None and verdict.code in ("deu", FRAKTUR)
    plain = "deu" if "deu" in state.options.installed else own[0]
    most = _MOST_OF_FRAKTUR if is_german else _MOST_OF_DOUBTFUL_FRAKTUR
    if (
        not is_possible
        or FRAKTUR not in set(state.options.installed) - {plain}
        or first.confidence >= most
        or (not is_german and verdict.reason is None)
    ):
        return verdict
    band = band_of(state, lines=FEW_LINES)
    if band is None or not (is_german or _may_be_of_fraktur(state)):
        return verdict
    blackletter = read_band(state, band, FRAKTUR)
    found = Verdict(FRAKTUR, blackletter.confidence, reading=_whole(state, blackletter))
    needed = _LEAD_OF_FRAKTUR if plain == "deu" else _CLEAR_LEAD_OF_FRAKTUR
    if not is_german and blackletter.confidence < first.confidence + needed:
        return verdict
    # The model of German reads other print as surely, which the first language may read far worse.
    known = verdict.reading if verdict.code == plain else None
    other = known or read_band(state, band, plain)
    if verdict.code == plain:
        verdict = replace(verdict, reading=_whole(state, other))
    gained = blackletter.confidence - other.confidence
    if gained >= needed:
        return found
    is_close = is_german and (
        gained > _CLOSE_TO_FRAKTUR
        or blackletter.confidence >= first.confidence + _CLEAR_LEAD_OF_FRAKTUR
    )
    return replace(verdict, doubt="It may be in blackletter.") if is_close else verdict


def _may_be_of_fraktur(state: PageState) -> bool:
    """Whether the words are likest to a language written in it, or none can be told."""
    text = sample_of(state.best.words)
    guesses = guesses_for(state, text, LANGUAGES_OF["Latin"]) if text else ()
    if not guesses:
        return True
    return guesses[0].code in _WRITTEN_IN_FRAKTUR and guesses[0].probability >= _LIKELY_OF_FRAKTUR


def _by_readings(state: PageState, verdict: Verdict) -> Verdict:
    """The language of a short text that may be in several, after reading it in the likeliest.

    That reading has the accents that tell it from its neighbours.
    """
    first = state.best
    if verdict.reason is None or not 0 < first.letters < _SHORT:
        return verdict
    text = sample_of(first.words)
    codes = LANGUAGES_OF.get(script_of(text) or "", ())
    possible = (
        guess.code for guess in guesses_for(state, text, codes) if guess.probability >= _POSSIBLE
    )
    code = next((code for code in possible if code in state.options.installed), None)
    if code is None or len(text) < _FEWEST_LETTERS:
        return verdict
    reading = read_band(state, state.canvas, code)
    guesses = guesses_for(state, sample_of(reading.words), codes, prior=1.0)
    if not guesses or guesses[0].probability < _SURE_OF_SHORT:
        return verdict
    found = _if_installed(state, guesses[0])
    return replace(found, reading=_whole(state, reading)) if found.code == code else found


def verdict_of(state: PageState, finding: ScriptFinding) -> Verdict:
    """The language of a finding: of its script the one that the words of its reading fit best."""
    code, reading = finding.code, finding.reading
    if code.startswith("script/"):
        reason = f"It seems to be in {name_of(code)}, of which no language is installed."
        return Verdict(state.options.languages[0], 0.0, reason, missing=code)
    if reading is None:
        return Verdict(code, state.best.confidence, is_tried=False)
    verdict = Verdict(code, reading.confidence, reading=_whole(state, reading))
    if code != FRAKTUR and not is_vertical(code):
        read = replace(state, options=replace(state.options, languages=(code,)), candidate=reading)
        found = language_by_words(read, reading.words, prior=1.0)
        # A model also reads what is not of its language, if that has the same script.
        is_latin = script_of_language(code) == "Latin"
        verdict = found if is_latin or found.reason is None or found.missing else verdict
        is_same = verdict.code == code
        if code == "jpn" and verdict.code == "chi_sim":  # no kana, which does not tell Chinese
            finding = replace(finding, doubt="Its characters may be Chinese or Japanese.")
        verdict = replace(
            verdict,
            confidence=verdict.confidence or reading.confidence,
            reading=_whole(state, reading) if is_same else None,
        )
    return replace(verdict, is_turned=finding.is_turned, doubt=finding.doubt)


def _whole(state: PageState, reading: Candidate) -> Candidate | None:
    """The reading of a band, if that was all of a cut-out piece."""
    return reading if state.statistics.is_snippet else None


def _other_than_arabic(text: str) -> tuple[Guess, ...]:
    """Persian, if a text in Arabic letters has no articles, as every fourth word of Arabic has.

    None if it has. Of a line, either is as likely. The model `ara` writes the letters of other
    languages as those of Arabic, by which the words alone are taken for it.
    """
    words = [word for word in text.split() if len(word) > 1]
    articles = sum(word.startswith(_ARTICLES) for word in words)
    if len(words) < _FEWEST_WORDS or articles >= _LEAST_ARTICLES * len(words):
        return ()
    if len(words) < _WORDS_OF_A_PAGE:
        return (Guess("fas", 0.5), Guess("ara", 0.5))
    return (Guess("fas", 1.0),)


def sample_of(words: Sequence[Word], *, least: float = _SURE_WORD) -> str:
    """The letters of the words of `least` confidence, with blanks for all other signs."""
    sure = (word.text for word in words if word.confidence >= least)
    kept = ("".join(c if _is_of_a_word(c) else " " for c in text) for text in sure)
    return " ".join(" ".join(kept).split())


def _is_of_a_word(character: str) -> bool:
    """Whether it is a letter, a vowel sign or other mark on one, or an apostrophe."""
    return unicodedata.category(character)[0] in "LM" or character in "'’"


def label_of(code: str) -> str:
    """What a language has in common with its old forms and its blackletter."""
    return (tag_of(code) or code).split("-")[0]
