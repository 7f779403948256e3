"""Find the language of a page that its first reading does not tell: by script, on a band of it.

The engine's detection names the script of a band of a few lines, which is then read with the models
of that script. The detection alone is not believed: it confuses Han, Japanese and Korean, and takes
Hebrew for Thai. The confidence of the readings decides.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ocr_server.document.languages import (
    FRAKTUR,
    LANGUAGES_OF,
    script_named,
    script_of,
    script_of_language,
)
from ocr_server.engines.engine import Script
from ocr_server.imaging.canvas import Canvas
from ocr_server.page.language_band import (
    FEW_LETTERS,
    band_of,
    detected_script,
    read_band,
    strip_of,
)
from ocr_server.page.state import Candidate, PageState

FEWEST_DENSE = 8  # letters of these scripts; with fewer, a language is not decided
_DENSE = ("Korean", "Japanese", "Han")
_CONFUSED = {"Han": ("Japanese",), "Japanese": ("Han",)}
# Whose letters are joined, so that lines may have too few shapes for a detection: 6 of 12 had.
# Those of Korean may touch.
_JOINED = ("Devanagari", "Arabic", "Bengali", "Gurmukhi", "Korean")
# Taken for each other, for Latin or Thai.
_DETECTED_LEAST = ("Hebrew", "Greek", "Cyrillic")
# What is taken for a script: of 28 lines detected as Japanese or Thai that were neither.
_TAKEN_FOR = {"Japanese": ("Hebrew", "Korean"), "Thai": ("Hebrew",)}
# Where no script was detected, a strip is read in one model of each. The right one had 0.66 to 0.95
# there, another in letters of its own script 0.63 at most.
_CLEAR_OF_STRIP, _LEAST_OF_STRIP = 0.7, 0.6
# Of a strip of Japanese or Chinese in the model of Japanese.
_LIKELY_DENSE = {"Japanese": 0.55, "Han": 0.4}
# Print has more letters in any model, writing by hand often none: after so many models without, no
# further one is tried.
_FEWEST_OF_STRIP, _MOST_WITHOUT_LETTERS = 4, 3
_MOST_LIKELY = 2  # scripts whose models then read the band
_COLUMNS = 1.2  # how much clearer columns of vertical writing are than rows

# Confidences from 0 to 1. A band in a wrong script is read with 0.1 to 0.45, in the right one with
# 0.7 to 0.95; poor print lowers both.
_SURE_SCRIPT = 1.0  # of Tesseract's detection
_FEWEST_OF_OWN = 10  # letters read, for the detection of the first language's script to be believed
# Of the detection, of a script that cannot be tried; Latin was taken for Cyrillic with up to 2.3.
_SURE_WITHOUT_MODEL, _SURE_OF_LOOK_ALIKE = 2.5, 5.0  # the second is beyond doubt of any script
_LOOK_ALIKES = ("Cyrillic", "Greek")
LEAD = 0.12  # for a model of the script that was surely detected
_LEAST, _LEAST_OF_LOOK_ALIKE = 0.4, 0.55
_LEAST_ELSE, _LEAD_ELSE = 0.6, 0.15  # for models of a script that may be another
_LEAST_GUESSED, _LEAD_GUESSED = 0.7, 0.2  # for models of scripts that were not detected
_LEAST_OWN = 0.65  # for the first language, if the page is in it all the same
# The model of traditional characters reads simplified ones as such, hardly less sure than their own
# does: from 0.06 less to 0.01 more. It reads its own by 0.07 to 0.12 better.
_LEAD_OF_TRADITIONAL, _CLOSE_TO_THAT = 0.03, 0.04
_FEW_CHARACTERS, _CLOSE_OF_FEW = 12, 0.08  # of which one that is misread decides
_LEAST_OF_FRAKTUR = 0.4  # of blackletter in a model of other print
_CLEAR = 0.8  # no further model is tried
_CLEAR_JAPANESE = 0.6  # if there are kana, which no other model knows
# Less in a model of Chinese is Japanese, rather: those read kana with 0.3 to 0.6, each other's
# characters with 0.7 and more.
_CHINESE = 0.7
_LEAST_OF_HAN = 0.5  # of Chinese in the model of Japanese; of Korean it had 0.41 and less


@dataclass(frozen=True, slots=True)
class ScriptFinding:
    """The language whose model read a band best, that reading, and whether the page is turned.

    `reading` is None if the model was not tried: the script was surely detected and has one model
    only, or none; then `code` is the script's name, as `script/Cyrillic`. `doubt` is a sentence on
    what else it may be.
    """

    code: str
    reading: Candidate | None = None
    is_turned: bool = False
    doubt: str | None = None


def find_by_script(
    state: PageState, *, may_be_untried: bool = True, may_guess: bool = True
) -> ScriptFinding | None:
    """The language whose model reads a band clearly better than the first reading was.

    None if there is no such. With `may_be_untried`, the only model of a script that was surely
    detected is returned without a reading; with `may_guess`, one model of each script is tried if
    those of the detected script are no better, or the others of that script if it is beyond doubt.
    """
    band = band_of(state)
    if band is None:
        return None
    found = detected_script(state, band)
    scripts = tuple(_guesses(found)) if found else _JOINED
    if found and found.quarters and _lies_level(state, found.quarters):
        # Of lines detected as if on their side, 13 of 15 were in the squares of these scripts; as
        # if upside down, 9 of 12 were Arabic.
        likely = _DENSE if found.quarters % 2 else ("Arabic",)
        scripts = tuple(dict.fromkeys((*likely, *scripts)))
        found = None
    script = script_named(found.name) if found else ""
    own = state.options.languages[0]
    is_other = script not in ("", script_of_language(own))
    confidence = found.confidence if found and is_other else 0.0
    if is_other and not state.best.letters and confidence < _SURE_SCRIPT:  # handwriting, often
        return None
    codes = tuple(_models(script, state)) if is_other else (own, *_fraktur(found, state))
    is_turned = bool(found and found.quarters)
    is_only = sum(code in state.options.installed for code in LANGUAGES_OF.get(script, ())) == 1
    is_only = is_only and len(codes) == 1 and not (is_turned or state.statistics.is_snippet)
    if confidence >= _SURE_SCRIPT and is_only and may_be_untried:
        return ScriptFinding(codes[0])
    if script in _DENSE:
        band = band_of(state, width=FEW_LETTERS) or band
    upright = band.rotated_90(found.quarters) if found and is_turned else band
    floor = state.best.confidence
    readings = dict(_readings(state, upright, codes))
    if own in readings and not is_turned:
        floor = max(floor, readings[own].confidence)
    is_sure = confidence >= _SURE_SCRIPT
    least, lead = (least_of(script), LEAD) if is_sure else (_LEAST_ELSE, _LEAD_ELSE)
    best = _best(readings, own=own, least=max(least, floor + lead))
    if best:
        return replace(best, is_turned=is_turned)
    if may_guess and codes and confidence >= _SURE_OF_LOOK_ALIKE:
        there = (code for code in LANGUAGES_OF[script] if code in state.options.installed)
        others = _readings(state, upright, (code for code in there if code not in readings))
        best = _best(dict(others), own=own, least=max(least, floor + lead))
    elif may_guess and not _is_surely_own(state, found, is_other=is_other):
        least = max(_LEAST_GUESSED, floor + _LEAD_GUESSED)
        best = _guess(state, band, readings, scripts=scripts, least=least)
    needed = _SURE_OF_LOOK_ALIKE if script in _LOOK_ALIKES else _SURE_WITHOUT_MODEL
    if best is None and not codes and confidence >= needed:
        return ScriptFinding(f"script/{script}")
    return best


def _is_surely_own(state: PageState, found: Script | None, *, is_other: bool) -> bool:
    """Whether the script of the first language was detected, and letters of it were read."""
    is_sure = found is not None and found.confidence >= _SURE_SCRIPT
    return is_sure and not is_other and state.best.letters >= _FEWEST_OF_OWN


def _lies_level(state: PageState, quarters: int) -> bool:
    """Whether the lines are seen not to be turned so, as those of a cut-out piece never are."""
    statistics = state.statistics
    rows, columns = statistics.skew.spikiness, statistics.vertical_skew.spikiness
    return statistics.is_snippet or (quarters % 2 == 1 and rows > _COLUMNS * columns)


def _guess(
    state: PageState,
    band: Canvas,
    tried: dict[str, Candidate],
    *,
    scripts: Iterable[str],
    least: float,
) -> ScriptFinding | None:
    """The best of the languages whose models read a band, of the scripts that a strip is likest to.

    One model of each script, in their order, reads the strip, but those that read the band already.
    """
    own = state.options.languages[0]
    strip = strip_of(state)
    likely: dict[str, float] = {}
    strips: set[str] = set()
    without_letters = 0
    for script in scripts:
        code = next(_models(script, state), "")
        is_read = script == "Han" and "Japanese" in strips  # whose model reads both
        if strip is None or is_read or code in ("", own, *tried) or script == "Latin":
            continue
        strips.add(script)
        reading = read_band(state, strip, code)
        read = _script_of(reading) or ""
        without_letters += reading.letters < _FEWEST_OF_STRIP
        if without_letters >= _MOST_WITHOUT_LETTERS:
            break
        needed = _LIKELY_DENSE.get(read, _LEAST_OF_STRIP)
        if script not in (read, *_CONFUSED.get(read, ())) or reading.confidence < needed:
            continue
        likely[read] = reading.confidence
        if strip is band:
            tried = tried | {code: reading}
        if read in _CONFUSED or reading.confidence >= _CLEAR_OF_STRIP:
            break
    best_first = sorted(likely, key=lambda script: -likely[script])
    clearest = max(likely.values(), default=0.0)
    is_clear = clearest >= _CLEAR_OF_STRIP
    most = 1 if is_clear else _MOST_LIKELY
    codes = dict.fromkeys(code for script in best_first[:most] for code in _models(script, state))
    if likely.get("Japanese", 0.0) >= _CLEAR_JAPANESE:
        codes = {code: None for code in codes if code not in LANGUAGES_OF["Han"]}
    if not codes:
        return None
    readings = dict(_readings(state, band, (code for code in codes if code not in tried)))
    # A strip and a band that agree need less each.
    least -= _LEAST_GUESSED - _LEAST_ELSE if clearest >= _CLEAR else 0.0
    return _best(tried | readings, own=own, least=least)


def _guesses(found: Script) -> dict[str, None]:
    """The scripts in the order in which they are guessed where the detected one was not found."""
    likely = _TAKEN_FOR.get(script_named(found.name), ())
    return dict.fromkeys((*likely, *sorted(LANGUAGES_OF, key=_place_in_guess)))


def _place_in_guess(script: str) -> tuple[bool, ...]:
    """The key by which scripts to guess are sorted.

    Those come last that are confused with others, before them Chinese, whose model takes ten times
    as long to load; the first are those that the detection of scripts finds least surely.
    """
    return script in _CONFUSED, script == "Han", script not in _DETECTED_LEAST


def least_of(script: str) -> float:
    """The confidence that a reading needs at least to be in a script that was surely detected."""
    return _LEAST_OF_LOOK_ALIKE if script in _LOOK_ALIKES else _LEAST


def _models(script: str, state: PageState) -> Iterator[str]:
    """The installed languages to try for a script; Han and Japanese may be confused.

    Of languages that are told by words, the model of the first reads those of all.
    """
    names = (script, *_CONFUSED.get(script, ()))
    codes = [code for name in names for code in LANGUAGES_OF.get(name, ())]
    if script == "Latin":
        codes = [*codes[:1], FRAKTUR]
    statistics = state.statistics
    if statistics.vertical_skew.spikiness > _COLUMNS * statistics.skew.spikiness:
        codes = [f"{code}_vert" for code in codes] + codes
    there = [code for code in codes if code in state.options.installed]
    return iter(there if script in ("Latin", *_DENSE) else there[:1])


def _fraktur(found: Script | None, state: PageState) -> tuple[str, ...]:
    """Blackletter, if it was detected, or Latin script where the first reading may be of it."""
    name = found.name if found else ""
    may_be = script_named(name) == "Latin" and state.best.confidence >= _LEAST_OF_FRAKTUR
    is_there = FRAKTUR in set(state.options.installed) - set(state.options.languages)
    return (FRAKTUR,) if is_there and (may_be or name == "Fraktur") else ()


def _readings(
    state: PageState, band: Canvas, codes: Iterable[str]
) -> Iterator[tuple[str, Candidate]]:
    """Read a band in one language after the other, until one is clear.

    Simplified and traditional characters are read nearly alike, so that it takes both models if the
    characters are not too few to tell; where the first of them is in doubt, that of Japanese comes
    before the other.
    """
    left = list(codes)
    chinese: list[float] = []
    while left:
        code = left.pop(0)
        reading = read_band(state, band, code)
        yield code, reading
        script = _script_of(reading)
        if script == "Japanese" and reading.confidence >= _CLEAR_JAPANESE:
            return
        is_chinese = max(chinese, default=0.0) >= _LEAST_OF_HAN
        if code == "jpn" and reading.confidence < _LEAST_OF_HAN and not is_chinese:
            left = [one for one in left if one not in LANGUAGES_OF["Han"]]
        if code in LANGUAGES_OF["Han"]:
            chinese.append(reading.confidence)
            if reading.confidence < _CHINESE and "jpn" in left:
                left.remove("jpn")
                left.insert(0, "jpn")
        is_clear = max(chinese, default=0.0) >= _CLEAR or reading.confidence >= _CLEAR
        others = [one for one in left if one in LANGUAGES_OF["Han"]]
        must_go_on = script == "Han" and others and reading.letters >= FEWEST_DENSE
        if is_clear and not must_go_on and code != state.options.languages[0]:
            return


def _script_of(reading: Candidate) -> str | None:
    return script_of(" ".join(word.text for word in reading.words))


def _best(readings: dict[str, Candidate], *, own: str, least: float) -> ScriptFinding | None:
    """The most confident reading if it reaches `least`; less will do for the page's `own` one."""
    if not readings:
        return None
    code = max(
        readings,
        key=lambda code: readings[code].confidence - (code == "chi_tra") * _LEAD_OF_TRADITIONAL,
    )
    needed = _LEAST_OWN if code == own else least
    if readings[code].confidence < needed:
        return None
    chinese = [readings[code] for code in ("chi_sim", "chi_tra") if code in readings]
    is_short = readings[code].letters < _FEW_CHARACTERS
    is_close = len(chinese) == 2 and (
        abs(chinese[1].confidence - chinese[0].confidence - _LEAD_OF_TRADITIONAL)
        < (_CLOSE_OF_FEW if is_short else _CLOSE_TO_THAT)
    )
    doubt = "Its characters may be simplified or traditional." if is_close else None
    return ScriptFinding(code, readings[code], doubt=doubt if code.startswith("chi") else None)
