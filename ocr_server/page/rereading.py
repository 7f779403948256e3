"""Further readings of a page, if the first is doubtful; the better one is kept."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Word, Zone
from ocr_server.geometry import Transform
from ocr_server.imaging import contrast, dewarp, ruling_lines
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import PageSegmentation
from ocr_server.page.missing_text import count_missing
from ocr_server.page.preprocessing import without_margin
from ocr_server.page.state import Candidate, PageState, StageResult

# Below this confidence another reading may be better. Of 20 pages between it and 0.88, another
# reading won on one, whose first reading had left out most of the letters.
_DOUBTFUL = 0.81
_SURE = 0.88  # above it, no other reading ever won
_LEFT_OUT = 0.1  # share of letters left out from which layout analysis has failed
_POOR = 0.6
_SHADED = 10.0  # unevenness in grey levels; below it there is no shade to remove
_LONG_PAGE = 900  # letters; on longer pages no other reading ever won, unless all were poor

# Without layout analysis the whole canvas is taken for text, so the margin is removed first. On 21
# cut-out lines the error rate is 0.63; at a height of 48 px 0.66, with margins of 20 px 0.69.
_RAW_LINE_HEIGHT_PX = 32

# F1 on receipts when each word is taken from the surer of two readings: 0.712 if the second is at
# 0.8 of the size, 0.705 at equal size, 0.704 at 1.3; 0.699 with the first reading alone.
_SMALLER = 0.8

_FEWEST_LETTERS = 60  # with fewer, curl cannot be measured

_SAME_PLACE = 0.5  # intersection over union; parts of words are not exchanged
_LEAST_CONFIDENCE = 0.4  # of a whole reading; worse ones are sure of wrong words

_SNIPPET_MODES = (
    PageSegmentation.SINGLE_BLOCK, PageSegmentation.SINGLE_LINE, PageSegmentation.SINGLE_WORD,
)  # fmt: skip


def reread_snippet(state: PageState) -> StageResult:
    """Read a cut-out piece again without layout analysis, if the first reading is poor."""
    candidate = state.best
    found = f"read with confidence {candidate.confidence:.0%}"
    doubtful = candidate.letters == 0 or candidate.confidence < 0.5
    if not state.statistics.is_snippet or candidate.psm not in _SNIPPET_MODES:
        return StageResult(state, "not a cut-out line")
    if not doubtful:
        return StageResult(state, found)
    if not state.statistics.ink.any():
        return StageResult(state.with_candidate(replace(candidate, zones=())), "nothing but paper")
    canvas = as_raw_line(state.canvas)
    is_word = state.options.psm == PageSegmentation.SINGLE_WORD
    short = is_word or canvas.width_px < 3 * canvas.height_px
    mode = PageSegmentation.SINGLE_WORD if short else PageSegmentation.RAW_LINE
    other = state.read(canvas, psm=mode)
    if other.score <= candidate.score and candidate.words:
        return StageResult(state, found)
    return StageResult(state.with_candidate(other), found, "read again as one line without layout")


def as_raw_line(canvas: Canvas) -> Canvas:
    """A cut-out line as it is best read without layout analysis: without margin, 32 px high."""
    inner = without_margin(canvas)
    return inner.scaled(_RAW_LINE_HEIGHT_PX / inner.height_px)


def dewarp_page(state: PageState) -> StageResult:
    """Straighten curved lines, read the page again, and keep the better reading.

    Both readings are compared, as dewarping makes flat pages worse.
    """
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
    """Read a doubtful page as one block, without its ruling lines or without shade.

    The best reading is kept. Each of its words is exchanged for a surer one that another reading
    has in the same place.
    """
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
    if how:
        did = f"read again {how}"
    else:
        did = "surer words taken from other readings" if merged.words != best.words else ""
    return StageResult(state.with_candidate(merged), found, did)


def _other_candidates(state: PageState, *, incomplete: bool) -> Iterator[tuple[str, Candidate]]:
    canvas, candidate = state.canvas, state.best
    rules = state.rules
    if incomplete and rules is not None and rules.total >= 3 and not rules.is_grid:
        wiped = ruling_lines.wipe(canvas, rules.mask)
        yield "without ruled lines", state.read(wiped, psm=PageSegmentation.AUTO)
    yield "as one block", _read_smaller(state, canvas)
    shaded = state.statistics.paper.unevenness >= _SHADED
    if candidate.confidence < _POOR and shaded and state.statistics.shorter_px > 200:
        even = contrast.flatten(canvas).canvas
        yield "without shade", state.read(even, psm=PageSegmentation.AUTO)


def _read_smaller(state: PageState, canvas: Canvas) -> Candidate:
    """Read a smaller copy as one block: other words are misread than in the first reading."""
    small = canvas.scaled(_SMALLER)
    candidate = state.read(small, psm=PageSegmentation.SINGLE_BLOCK)
    back = Transform.scale(canvas.width_px / small.width_px, canvas.height_px / small.height_px)
    return replace(
        candidate, canvas=canvas, zones=tuple(zone.mapped(back) for zone in candidate.zones)
    )


def merge_by_confidence(candidate: Candidate, others: Iterable[Candidate]) -> Candidate:
    """Merge readings of one canvas: each word is taken from the most confident of them.

    Words correspond if their boxes have an intersection over union of 0.5 or more. Lines and
    reading order are those of `candidate`. Readings with a mean confidence up to 0.4 are ignored.
    """
    rivals = [
        word for other in others if other.confidence > _LEAST_CONFIDENCE for word in other.words
    ]
    if not rivals:
        return candidate
    boxes = np.array([_sides(word) for word in rivals], dtype=np.float64).T
    areas = (boxes[2] - boxes[0]) * (boxes[3] - boxes[1])

    def surest(word: Word) -> Word:
        left, top, right, bottom = _sides(word)
        width = np.minimum(boxes[2], right) - np.maximum(boxes[0], left)
        height = np.minimum(boxes[3], bottom) - np.maximum(boxes[1], top)
        common = np.maximum(width, 0) * np.maximum(height, 0)
        same = np.flatnonzero(common >= _SAME_PLACE * (areas + word.box.area - common))
        return max((word, *(rivals[index] for index in same)), key=lambda one: one.confidence)

    def in_zone(zone: Zone) -> Zone:
        lines = (replace(line, words=tuple(map(surest, line.words))) for line in zone.lines)
        return replace(zone, lines=tuple(lines))

    return replace(candidate, zones=tuple(map(in_zone, candidate.zones)))


def _sides(word: Word) -> tuple[float, float, float, float]:
    box = word.box
    return box.left, box.top, box.right, box.bottom
