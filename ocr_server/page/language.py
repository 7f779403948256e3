"""Find out which language a page is in, or whether it is in the one asked for.

A page is read in the first language of the options. The words of that reading tell the language if
it is of the same script, however many errors they have; else the script is looked for
(`page.script`). Then the page is read again in its own language, if that is installed. Whatever is
not sure stays as it was read first.

Measured by `python -m benchmarks.languages`.
"""

from __future__ import annotations

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
from ocr_server.document.model import Advice, PageLanguage, Word
from ocr_server.imaging.operations import AUTO
from ocr_server.job import PageSegmentation, ReadOptions
from ocr_server.page.reading import read_once, read_text
from ocr_server.page.script import (
    ScriptFinding,
    band_of,
    find_by_script,
    is_vertical,
    read_band,
)
from ocr_server.page.state import PageState, StageResult

_PIECES = (
    PageSegmentation.SINGLE_BLOCK_VERTICAL, PageSegmentation.SINGLE_WORD,
    PageSegmentation.CIRCLE_WORD, PageSegmentation.SINGLE_CHARACTER,
)  # fmt: skip
_FEWEST_LETTERS = 20  # with fewer, a language is not decided
_FEWEST_DENSE = 8  # of Han, Japanese and Korean
_FEWEST_TO_DOUBT = 60  # letters that a page needs before its language is called wrong
_SURE_WORD = 0.5  # confidence of the words that tell

# Confidences of a reading from 0 to 1. In a wrong language of the right script it has 0.55 to 0.93,
# in a wrong script 0.1 to 0.45, of lines up to 0.56. Letters of Latin look like Cyrillic or Greek
# ones, so more is needed where the first language is of another script.
LEGIBLE, _LEGIBLE_ELSE = 0.5, 0.8
_CLEARLY_LEGIBLE = 0.65
FITS = 0.94  # English reached it on half of the clean pages, another language never
LEAD, _LEAST = 0.1, 0.4  # of a reading in another script over the first
_MOST_LOST = 0.08  # of a reading in another language of the same script

# Probabilities. Before a word is read, the first language is taken to be four times as likely as
# any other, which keeps receipts full of names in it.
_PRIOR = 4.0
_SURE, _SURE_OWN, _SURE_TO_DOUBT = 0.7, 0.5, 0.9
_POSSIBLE = 0.15  # for a language to be compared with the likeliest, by reading in both
_SHORT = 200  # letters; of more, the words alone are sure

# Blackletter read by models of other print; how much better its own model has to read a band.
_MOST_OF_FRAKTUR, _LEAD_OF_FRAKTUR, _CLEAR_LEAD_OF_FRAKTUR = 0.86, 0.05, 0.12
_WRITTEN_IN_FRAKTUR = ("deu", "nld", "swe", "dan", "nor", "lat", "ltz", "eng")

_NO_MODEL = "None of the installed languages reads it well."


@dataclass(frozen=True, slots=True)
class Verdict:
    """A language that may be the page's; `reason` says why it is not sure, None if it is.

    `missing`: the language that the page seems to be in, if it is not installed; `is_tried`: its
    model has read a part of the page.
    """

    code: str
    confidence: float
    reason: str | None = None
    missing: str | None = None
    is_turned: bool = False
    is_tried: bool = True


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


def find_language(state: PageState) -> Verdict:
    """The language of the page, or of the part of one, that the state has read."""
    first, options = state.best, state.options
    own = options.languages[0]
    if first.psm in _PIECES:
        return Verdict(own, 0.0, "A cut-out piece is too little to tell.")
    needed = LEGIBLE if script_of_language(own) == "Latin" else _LEGIBLE_ELSE
    is_legible = first.confidence >= needed or first.engine.ignores_language
    verdict = language_by_words(state, first.words) if is_legible else Verdict(own, 0.0, _NO_MODEL)
    if is_legible and not first.engine.ignores_language:
        verdict = _by_readings(state, _or_fraktur(state, verdict))
    is_settled = verdict.reason is None or first.confidence >= max(needed, _CLEARLY_LEGIBLE)
    if is_settled or first.engine.ignores_language:
        return verdict
    finding = find_by_script(state)
    return _of_finding(state, finding) if finding else verdict


def language_by_words(state: PageState, words: Sequence[Word], *, prior: float = _PRIOR) -> Verdict:
    """The language that the words fit best, of all that have their script.

    Before a word was read, those that the page is read in are `prior` times as likely as others.
    """
    text = _sample(words)
    script = script_of(text) or ""
    own = state.options.languages
    letters = sum(map(str.isalpha, text))
    dense = script in ("Han", "Japanese", "Korean")
    if letters < (_FEWEST_DENSE if dense else _FEWEST_LETTERS):
        return Verdict(own[0], 0.0, f"{letters} letters are too few to tell.")
    codes = LANGUAGES_OF.get(script, ())
    if not codes:
        return Verdict(own[0], 0.0, _NO_MODEL)
    if len(codes) == 1 or script == "Han":
        code = next((code for code in own if code in codes), codes[0])
        return _if_installed(state, Guess(code, state.best.confidence))
    guesses = _guesses(state, text, codes, prior=prior)
    if not guesses:
        return Verdict(own[0], 0.0, "There was no time to compare its words.")
    best = guesses[0]
    if best.probability < (_SURE_OWN if best.code in own else _SURE):
        likely = " or ".join(name_of(guess.code) for guess in guesses[:2])
        return Verdict(own[0], best.probability, f"It may be {likely}.")
    return _if_installed(state, best)


def _if_installed(state: PageState, guess: Guess) -> Verdict:
    code, own = guess.code, state.options.languages
    if code in (*state.options.installed, *own):
        return Verdict(code, guess.probability)
    if _label_of(code) in map(_label_of, own):  # an old form of it, or in blackletter
        return Verdict(own[0], guess.probability)
    reason = f"It reads like {name_of(code)}, which is not installed."
    return Verdict(own[0], guess.probability, reason, missing=code)


def _guesses(
    state: PageState, text: str, codes: Sequence[str], *, prior: float = _PRIOR
) -> tuple[Guess, ...]:
    """The likeliest languages, best first, those read in `prior` times as likely as any other."""
    rank = state.context.rank_languages
    guesses = rank(text, codes) if rank else ()
    own = {_label_of(code) for code in state.options.languages}
    weights = [
        guess.probability * (prior if _label_of(guess.code) in own else 1) for guess in guesses
    ]
    total = sum(weights) or 1.0
    weighted = (
        Guess(guess.code, weight / total) for guess, weight in zip(guesses, weights, strict=True)
    )
    return tuple(sorted(weighted, key=lambda guess: -guess.probability))


def _or_fraktur(state: PageState, verdict: Verdict) -> Verdict:
    """Blackletter, if its model reads a band better than the one of the language that it is in."""
    first, own = state.best, state.options.languages
    is_possible = verdict.code in (*_WRITTEN_IN_FRAKTUR, FRAKTUR) and verdict.missing is None
    if FRAKTUR not in state.options.installed or not is_possible:
        return verdict
    is_german = verdict.reason is None and verdict.code in ("deu", FRAKTUR)
    if first.confidence >= _MOST_OF_FRAKTUR or (not is_german and verdict.reason is None):
        return verdict
    band = band_of(state)
    if band is None:
        return verdict
    plain = "deu" if is_german and "deu" in state.options.installed else own[0]
    if plain == FRAKTUR:
        return verdict
    other, blackletter = (read_band(state, band, code) for code in (plain, FRAKTUR))
    lead = _LEAD_OF_FRAKTUR if is_german else _CLEAR_LEAD_OF_FRAKTUR
    if blackletter.confidence >= other.confidence + lead:
        return Verdict(FRAKTUR, blackletter.confidence)
    return verdict


def _by_readings(state: PageState, verdict: Verdict) -> Verdict:
    """Of two languages that a short text may be in, the one that it is more likely in.

    The probabilities are means over a reading in each, as each puts its own accents.
    """
    first = state.best
    if verdict.reason is None or verdict.missing or not 0 < first.letters < _SHORT:
        return verdict
    text = _sample(first.words)
    codes = LANGUAGES_OF.get(script_of(text) or "", ())
    guesses = _guesses(state, text, codes) if len(text) >= _FEWEST_LETTERS else ()
    rivals = [guess.code for guess in guesses if guess.probability >= _POSSIBLE][:2]
    if not rivals or not set(rivals) <= set(state.options.installed):
        return verdict
    totals = dict.fromkeys(rivals, 0.0)
    for code in rivals:
        options = replace(state.options, languages=(code,))
        reading = replace(state, options=options).read(state.canvas, psm=first.psm)
        for guess in _guesses(state, _sample(reading.words), codes):
            if guess.code in totals:
                totals[guess.code] += guess.probability / len(rivals)
    best = max(totals, key=lambda code: totals[code])
    return Verdict(best, totals[best]) if totals[best] >= _SURE else verdict


def _of_finding(state: PageState, finding: ScriptFinding) -> Verdict:
    """The language of a finding: of its script the one that the words of its reading fit best."""
    code, reading = finding.code, finding.reading
    if code.startswith("script/"):
        reason = f"It seems to be in {name_of(code)}, of which no language is installed."
        return Verdict(state.options.languages[0], 0.0, reason, missing=code)
    if reading is None:
        return Verdict(code, state.best.confidence, is_tried=False)
    verdict = Verdict(code, reading.confidence)
    if code != FRAKTUR and not is_vertical(code):
        read = replace(state, options=replace(state.options, languages=(code,)), candidate=reading)
        found = language_by_words(read, reading.words, prior=1.0)
        # A model also reads what is not of its language, if that has the same script.
        is_latin = script_of_language(code) == "Latin"
        verdict = found if is_latin or found.reason is None or found.missing else verdict
        verdict = replace(verdict, confidence=verdict.confidence or reading.confidence)
    return replace(verdict, is_turned=finding.is_turned)


def _read_in(state: PageState, verdict: Verdict) -> tuple[PageState, Verdict]:
    """Read the page in the language of the verdict; the first reading stays if that is worse."""
    first, code = state.best, verdict.code
    after = replace(state, options=replace(state.options, languages=(code,)))
    by_recipe = state.options.operations == AUTO and not first.engine.finds_lines
    if first.engine.ignores_language:
        return after, verdict
    if by_recipe and (verdict.is_turned or is_vertical(code)):
        return replace(after, candidate=None, starts_over=True), verdict
    after = (read_text if by_recipe else read_once)(after).state
    gained = after.best.confidence - first.confidence
    is_worse = gained < -_MOST_LOST
    if script_of_language(code) != script_of_language(state.options.languages[0]):
        is_worse = gained < LEAD or after.best.confidence < _LEAST
    if is_worse and not verdict.is_tried:
        finding = find_by_script(state, may_be_untried=False)
        verdict = _of_finding(state, finding) if finding else Verdict(code, 0.0, _NO_MODEL)
        return _read_in(state, verdict) if verdict.reason is None else (state, verdict)
    if is_worse:
        reason = f"It reads like {name_of(code)}, but worse in that."
        return state, replace(verdict, reason=reason)
    return after, _confirmed(after, verdict)


def _confirmed(after: PageState, verdict: Verdict) -> Verdict:
    """The verdict after the whole page was read in its language.

    The words may now tell another language of its script, which is not installed.
    """
    if script_of_language(verdict.code) == "Latin" or is_vertical(verdict.code):
        return verdict
    found = language_by_words(after, after.best.words, prior=1.0)
    return found if found.missing else replace(verdict, confidence=after.best.confidence)


def _check(state: PageState) -> StageResult:
    """Look whether the page is in the languages that it was read in, and advise another if not."""
    first, told = state.best, state.options.languages
    known = {_label_of(code) for codes in LANGUAGES_OF.values() for code in codes}
    if not {_label_of(code) for code in told} <= known or first.engine.ignores_language:
        return StageResult(state, "not checked")
    if first.confidence >= FITS or first.letters < _FEWEST_TO_DOUBT or first.psm in _PIECES:
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
    text = _sample(state.best.words)
    if sum(map(str.isalpha, text)) < _FEWEST_TO_DOUBT:
        return None
    guesses = _guesses(state, text, LANGUAGES_OF.get(script_of(text) or "", ()))
    if not guesses or guesses[0].probability < _SURE_TO_DOUBT:
        return None
    told = {_label_of(code) for code in state.options.languages}
    return None if _label_of(guesses[0].code) in told else guesses[0].code


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
    if code in installed:
        message, advice = f"The page reads like {name}.", f"Ask with languages={code}."
        return Advice("other-language", message, advice)
    what = "is in" if code.startswith("script/") else "reads like"
    return Advice(
        "other-language",
        f"The page {what} {name}, which is not installed.",
        f"Whoever runs the server can install it; there are {', '.join(installed) or 'none'}.",
    )


def _sample(words: Sequence[Word]) -> str:
    """The letters of the words that were read with confidence, with blanks for all other signs."""
    sure = (word.text for word in words if word.confidence >= _SURE_WORD)
    kept = ("".join(c if c.isalpha() or c in "'’" else " " for c in text) for text in sure)
    return " ".join(" ".join(kept).split())


def _label_of(code: str) -> str:
    """What a language has in common with its old forms and its blackletter."""
    return (tag_of(code) or code).split("-")[0]
