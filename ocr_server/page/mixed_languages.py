"""Read again the zones of a page that are in other languages than most of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from ocr_server.document.languages import name_of, script_of_language
from ocr_server.document.model import Line, PageLanguage, Zone, ZoneKind, letters_in
from ocr_server.geometry import Box, Transform
from ocr_server.job import PageSegmentation
from ocr_server.page.language import LEGIBLE, find_language
from ocr_server.page.language_stage import FITS
from ocr_server.page.language_words import Verdict, label_of, language_by_words
from ocr_server.page.script import LEAD
from ocr_server.page.state import Candidate, PageState, StageResult

_FEWEST_LETTERS = 40  # of a zone; with fewer, names and numbers pass for other languages
_SURE = 0.9  # probability by the words of a zone
_MOST_SCRIPTS = 3  # zones of a page whose script is looked for: most of them are pictures
_PAD = 0.5  # x-heights around a zone, as letters at the very edge are misread


def read_other_languages(state: PageState) -> StageResult:
    """If the language was not told, read each zone that is surely in another one in that."""
    language, best = state.language, state.best
    zones = [zone for zone in best.zones if zone.words]
    if language is None or best.engine.ignores_language:
        return StageResult(state, "the languages were told")
    if len(zones) < 2:
        return StageResult(state, "one zone")
    letters = Counter[str]()
    scripts_left = _MOST_SCRIPTS
    done = []
    for zone in best.zones:
        verdict, read = None, None
        if _may_differ(zone, scripts_left):
            scripts_left -= zone.confidence < LEGIBLE
            part, shift = _part(state, zone)
            verdict = _verdict_on(part)
            read = _read_in(part, zone, verdict, shift) if verdict else None
        done.append(read or zone)
        code = verdict.code if verdict and read else language.codes[0]
        letters[code] += letters_in(done[-1].words)
    others = [code for code in letters if code not in language.codes]
    if not others:
        return StageResult(state, "no zone is in another language")
    codes = tuple(code for code, _ in letters.most_common())
    after = replace(
        state.with_candidate(replace(best, zones=tuple(done))),
        language=PageLanguage(codes, language.confidence, language.reason),
    )
    return StageResult(after, f"zones in {', '.join(map(name_of, others))}", "read in that")


def _may_differ(zone: Zone, scripts_left: int) -> bool:
    is_text = zone.kind is ZoneKind.TEXT and letters_in(zone.words) >= _FEWEST_LETTERS
    return is_text and (
        LEGIBLE <= zone.confidence < FITS or (zone.confidence < LEGIBLE and scripts_left > 0)
    )


def _part(state: PageState, zone: Zone) -> tuple[PageState, Transform]:
    """The state of a zone alone, and the way from its pixels to those of the page's canvas."""
    pad = _PAD * state.x_height_px
    around = Box(
        zone.box.left - pad, zone.box.top - pad, zone.box.right + pad, zone.box.bottom + pad
    ).intersection(state.canvas.box)
    assert around is not None  # noqa: S101  # a zone lies on its canvas
    box = Box(int(around.left), int(around.top), int(around.right), int(around.bottom))
    canvas = state.canvas.cropped(box)
    inside = zone.mapped(Transform.shift(-box.left, -box.top))
    candidate = Candidate(canvas, (inside,), PageSegmentation.SINGLE_BLOCK, state.best.engine)
    part = replace(state.on(canvas), candidate=candidate)
    return part, Transform.shift(box.left, box.top)


def _verdict_on(part: PageState) -> Verdict | None:
    """The other language that a zone is surely in; None if it is in those of the page."""
    if part.best.confidence >= LEGIBLE:
        verdict = language_by_words(part, part.best.words)
        is_sure = verdict.reason is None and verdict.confidence >= _SURE
    else:
        verdict = find_language(part, may_guess=False)
        is_sure = verdict.reason is None and not verdict.is_turned
    # Words of blackletter are those of its language in other print.
    own = map(label_of, part.options.languages)
    return verdict if is_sure and label_of(verdict.code) not in own else None


def _read_in(part: PageState, zone: Zone, verdict: Verdict, shift: Transform) -> Zone | None:
    """The zone read in another language; None if that reads it worse."""
    options = replace(part.options, languages=(verdict.code,))
    other = replace(part, options=options).read(part.canvas, psm=PageSegmentation.SINGLE_BLOCK)
    own = script_of_language(part.options.languages[0])
    needed = zone.confidence + (LEAD if script_of_language(verdict.code) != own else 0.0)
    if other.confidence < needed:
        return None
    lines: list[Line] = []
    for found in other.zones:
        first = lines[-1].paragraph + 1 if lines else 0
        mapped = found.mapped(shift)
        lines += [replace(line, paragraph=line.paragraph + first) for line in mapped.lines]
    return replace(zone, lines=tuple(lines))
