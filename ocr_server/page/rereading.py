"""Second readings, where the first is doubtful; the better one is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Word, Zone
from ocr_server.geometry import Transform
from ocr_server.imaging import contrast, dewarp, ruling_lines
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import PageSegmentation
from ocr_server.page.postprocessing import count_missing
from ocr_server.page.preprocessing import without_margin
from ocr_server.page.state import Candidate, PageState, StageResult

# Under this confidence another reading may be better; of 20 pages from here to 0.88, one won, and
# that had left out most of its letters.
_DOUBTFUL = 0.81
_SURE = 0.88  # above, no other reading ever won
_LEFT_OUT = 0.1  # of the letters: the layout failed, however sure it is of the rest
_POOR = 0.6
_SHADED = 10.0  # grey levels: evener paper has no shade to remove
_LONG_PAGE = 900  # letters: on longer pages no other reading ever won, unless all were poor

# What is read without layout is taken for text from edge to edge, so it has no margin: on 21 cut
# lines the error rate is 0.63; at a height of 48 px 0.66, with margins of 20 px 0.69.
_RAW_LINE_HEIGHT_PX = 32

# On receipts, the surer words of two readings: F1 0.712 with a second one at 0.8 of the size, 0.705
# at the same size, 0.704 at 1.3; 0.699 without exchange.
_SMALLER = 0.8

_FEWEST_LETTERS = 60  # too few to tell whether a page is curled

_SAME_PLACE = 0.5  # of both boxes together that they share: parts of words are not exchanged
_LEAST_CONFIDENCE = 0.4  # of a reading: a worse one is sure of the wrong things

_SNIPPET_MODES = (
    PageSegmentation.SINGLE_BLOCK, PageSegmentation.SINGLE_LINE, PageSegmentation.SINGLE_WORD,
)  # fmt: skip


def reread_snippet(state: PageState) -> StageResult:
    """A cut-out line that gave little is read without looking for its layout."""
    candidate = state.best
    found = f"read with confidence {candidate.confidence:.0%}"
    doubtful = candidate.letters == 0 or candidate.confidence < 0.5
    if not state.statistics.is_snippet or candidate.psm not in _SNIPPET_MODES:
        return StageResult(state, "not a cut-out line")
    if not doubtful:
        return StageResult(state, found)
    if not state.statistics.ink.any():
        return StageResult(state.with_candidate(replace(candidate, zones=())), "nothing but paper")
    canvas = without_margin(state.canvas)
    canvas = canvas.scaled(_RAW_LINE_HEIGHT_PX / canvas.height_px)
    is_word = state.options.psm == PageSegmentation.SINGLE_WORD
    short = is_word or canvas.width_px < 3 * canvas.height_px
    mode = PageSegmentation.SINGLE_WORD if short else PageSegmentation.RAW_LINE
    other = state.read(canvas, psm=mode)
    if other.score <= candidate.score and candidate.words:
        return StageResult(state, found)
    return StageResult(state.with_candidate(other), found, "read again as one line without layout")


def dewarp_page(state: PageState) -> StageResult:
    """Bent lines are levelled, read again, and kept if that is better: flat pages lose by it."""
    candidate = state.best
    if (
        candidate.psm != PageSegmentation.AUTO
        or candidate.confidence >= 0.9
        or candidate.letters <= _FEWEST_LETTERS
        or state.statistics.shorter_px <= 400
    ):
        return StageResult(state, "nothing to gain")
    outcome = dewarp.dewarp(state.canvas)
    if not outcome.did:
        return StageResult(state, outcome.found)
    other = state.read(outcome.canvas, psm=PageSegmentation.AUTO)
    if not other.is_better_than(candidate):
        return StageResult(state, outcome.found, "")
    after = replace(
        state.on(outcome.canvas), x_height_px=state.x_height_px, rules=None, candidate=other
    )
    return StageResult(after, outcome.found, outcome.did)


def reread_doubtful(state: PageState) -> StageResult:
    """A doubtful page is read as one block, without its rules, or without shade: the best wins."""
    candidate = state.best
    found = f"read with confidence {candidate.confidence:.0%}"
    is_page = candidate.psm == PageSegmentation.AUTO
    too_long = candidate.letters >= _LONG_PAGE and candidate.confidence >= _POOR
    if not is_page or too_long or candidate.confidence >= _SURE or state.shows_no_print:
        return StageResult(state, found)
    missing, letters = count_missing(state)
    incomplete = missing > _LEFT_OUT * letters
    if candidate.confidence >= _DOUBTFUL and not incomplete:
        return StageResult(state, found)
    best, how = candidate, ""
    others = tuple(_other_candidates(state, incomplete=incomplete))
    for name, other in others:
        if other.is_better_than(candidate) and other.score > best.score:
            best, how = other, name
    rest = [other for other in (candidate, *(other for _, other in others)) if other is not best]
    merged = merge_by_confidence(best, rest)
    return StageResult(state.with_candidate(merged), found, f"read again {how}" if how else "")


def _other_candidates(state: PageState, *, incomplete: bool) -> Iterator[tuple[str, Candidate]]:
    canvas, candidate = state.canvas, state.best
    found = state.rules
    if incomplete and found is not None and found.total >= 3 and not found.is_grid:
        wiped = ruling_lines.wipe(canvas, found.mask)
        yield "without ruled lines", state.read(wiped, psm=PageSegmentation.AUTO)
    yield "as one block", _read_smaller(state, canvas)
    shaded = state.statistics.paper.unevenness >= _SHADED
    if candidate.confidence < _POOR and shaded and state.statistics.shorter_px > 200:
        even = contrast.flatten(canvas).canvas
        yield "without shade", state.read(even, psm=PageSegmentation.AUTO)


def _read_smaller(state: PageState, canvas: Canvas) -> Candidate:
    """One block, in smaller letters, in which other words go wrong than in the first reading."""
    small = canvas.scaled(_SMALLER)
    candidate = state.read(small, psm=PageSegmentation.SINGLE_BLOCK)
    back = Transform.scale(canvas.width_px / small.width_px, canvas.height_px / small.height_px)
    return replace(
        candidate, canvas=canvas, zones=tuple(zone.mapped(back) for zone in candidate.zones)
    )


def merge_by_confidence(candidate: Candidate, others: Iterable[Candidate]) -> Candidate:
    """The reading, each word as whichever reading was surest of it; order and lines stay."""
    theirs = [
        word for other in others if other.confidence > _LEAST_CONFIDENCE for word in other.words
    ]
    if not theirs:
        return candidate
    boxes = np.array([_sides(word) for word in theirs], dtype=np.float64).T
    areas = (boxes[2] - boxes[0]) * (boxes[3] - boxes[1])

    def surest(word: Word) -> Word:
        left, top, right, bottom = _sides(word)
        width = np.minimum(boxes[2], right) - np.maximum(boxes[0], left)
        height = np.minimum(boxes[3], bottom) - np.maximum(boxes[1], top)
        common = np.maximum(width, 0) * np.maximum(height, 0)
        same = np.flatnonzero(common >= _SAME_PLACE * (areas + word.box.area - common))
        return max((word, *(theirs[index] for index in same)), key=lambda one: one.confidence)

    def in_zone(zone: Zone) -> Zone:
        lines = (replace(line, words=tuple(map(surest, line.words))) for line in zone.lines)
        return replace(zone, lines=tuple(lines))

    return replace(candidate, zones=tuple(map(in_zone, candidate.zones)))


def _sides(word: Word) -> tuple[float, float, float, float]:
    box = word.box
    return box.left, box.top, box.right, box.bottom
