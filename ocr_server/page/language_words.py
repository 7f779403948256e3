"""Tell the language of a text by its words, of all languages that have its script."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from ocr_server.document.languages import (
    FRAKTUR,
    LANGUAGES_OF,
    Guess,
    name_of,
    script_of,
    tag_of,
)
from ocr_server.document.model import Word
from ocr_server.page.script import FEWEST_DENSE
from ocr_server.page.state import Candidate, PageState

FEWEST_LETTERS = 20  # with fewer, a language is not decided
_SURE_WORD = 0.5  # confidence of the words that tell

# Probabilities. Before a word is read, the first language is taken to be four times as likely as
# any other, which keeps receipts full of names in it.
PRIOR = 4.0
_SURE, SURE_OWN = 0.7, 0.5
_SURE_OF_ALL = 0.95  # where words that are not sure are counted, too

# Languages whose blackletter is read as words of theirs, and those that blackletter is taken for.
WRITTEN_IN_FRAKTUR = ("deu", "nld", "swe", "dan", "nor", "lat", "ltz")
READ_AS_FRAKTUR = (*WRITTEN_IN_FRAKTUR, "eng")

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
    `is_across`: the characters of a part of the page were read in rows, but stand in columns;
    `doubt`: what else it may be, although it is to be read in that.
    """

    code: str
    confidence: float
    reason: str | None = None
    missing: str | None = None
    is_turned: bool = False
    is_across: bool = False
    is_tried: bool = True
    reading: Candidate | None = None
    doubt: str | None = None


def language_by_words(state: PageState, words: Sequence[Word], *, prior: float = PRIOR) -> Verdict:
    """The language that the words fit best, of all that have their script.

    Before a word was read, those that the page is read in are `prior` times as likely as others.
    """
    own = state.options.languages
    text, least = text_of(words)
    script = script_of(text) or ""
    letters = sum(map(str.isalpha, text))
    dense = script in ("Han", "Japanese", "Korean")
    if letters < (FEWEST_DENSE if dense else FEWEST_LETTERS):
        return Verdict(own[0], 0.0, f"{letters} letters are too few to tell.")
    codes = LANGUAGES_OF.get(script, ())
    if len(codes) == 1 or script == "Han":
        code = next((code for code in own if code in codes), codes[0])
        return if_installed(state, Guess(code, state.best.confidence))
    guesses = guesses_for(state, text, codes, prior=prior) if codes else ()
    if guesses and guesses[0].code == "ara":
        guesses = _other_than_arabic(text) or guesses
    if not guesses:
        reason = "There was no time to compare its words." if codes else NO_MODEL
        return Verdict(own[0], 0.0, reason)
    best = guesses[0]
    if least and best.code in READ_AS_FRAKTUR and FRAKTUR in state.options.installed:
        return Verdict(own[0], 0.0, "The letters that were read surely are too few to tell.")
    if best.probability < max(least, SURE_OWN if best.code in own else _SURE):
        likely = " or ".join(name_of(guess.code) for guess in guesses[:2])
        return Verdict(own[0], best.probability, f"It may be {likely}.")
    return if_installed(state, best)


def text_of(words: Sequence[Word]) -> tuple[str, float]:
    """The words that are to tell the language, and how likely it must be by them at least."""
    text = sample_of(words)
    if script_of(text) not in (None, "Latin"):  # whose letters are hardly taken for it
        text = sample_of(words, least=0.0)
    elif sum(map(str.isalpha, text)) < FEWEST_LETTERS:  # the others do not tell it as surely
        return sample_of(words, least=0.0), _SURE_OF_ALL
    return text, 0.0


def if_installed(state: PageState, guess: Guess) -> Verdict:
    """That language if its model is there, else what can be said of it."""
    code, own = guess.code, state.options.languages
    if code in (*state.options.installed, *own):
        return Verdict(code, guess.probability)
    if label_of(code) in map(label_of, own):  # an old form of it, or in blackletter
        return Verdict(own[0], guess.probability)
    reason = f"It reads like {name_of(code)}, which is not installed."
    return Verdict(own[0], guess.probability, reason, missing=code)


def guesses_for(
    state: PageState, text: str, codes: Sequence[str], *, prior: float = PRIOR
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
