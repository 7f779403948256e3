"""Text that the engine's layout left out: letters no word covers, read, put in their place."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ocr_server.document.model import Line, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Pixels
from ocr_server.job import PageSegmentation
from ocr_server.layout.rows import is_level
from ocr_server.page.state import Candidate, PageState, StageResult

_SINGLE_LINES = (
    PageSegmentation.SINGLE_LINE, PageSegmentation.SINGLE_WORD, PageSegmentation.RAW_LINE,
)  # fmt: skip
_FEWEST_LETTERS = 6  # fewer are dust, or dots and dashes that belong to words
_LEAST_SHARE = 0.02  # of all letters: on a full page, some are always cut off a word's box
_LEAST_CONFIDENCE = 0.6  # in the sparse mode, what is less sure is mostly rubbish
# Between the middles of what was left out and its line, of the height of the higher one: so the
# lower one, a lone figure or a half of a fraction, stands beside the other by half at least.
_MOST_APART = 0.5
_NEAR = 4.0  # line heights: what is further from a zone is none of its lines


def read_missing_text(state: PageState) -> StageResult:
    """Wipe out what was read, and read the rest as sparse text.

    Layout analysis takes fractions, lone figures and short lines for noise.
    """
    candidate = state.best
    single = candidate.psm in _SINGLE_LINES or state.statistics.is_snippet
    if single or not candidate.words or state.shows_no_print:
        return StageResult(state, "nothing to look for")
    missed, total = count_missing(state)
    found = f"{missed} letters beside what was read"
    if missed < max(_FEWEST_LETTERS, _LEAST_SHARE * total):
        return StageResult(state, found)
    mask = _mask(
        _covered(candidate),
        candidate.canvas.pixels.shape,
        spread_px=round(0.15 * state.x_height_px),
    )
    rest = state.read(ruling_lines.wipe(candidate.canvas, mask), psm=PageSegmentation.SPARSE_TEXT)
    lines = [line for zone in rest.zones for line in zone.lines]
    sure = [kept for line in lines if (kept := line.filtered(_is_sure))]
    if not sure:
        return StageResult(state, found)
    words = sum(len(line.words) for line in sure)
    zones = candidate.zones
    for line in sure:
        zones = put_in_place(zones, line)
    after = state.with_candidate(replace(candidate, zones=zones))
    return StageResult(after, found, f"{words} more words read")


def count_missing(state: PageState) -> tuple[int, int]:
    """How many letters lie outside all that was read, and how many there are."""
    glyphs, ratio = state.statistics.glyphs, state.statistics.ratio
    unit = state.x_height_px / ratio
    letters = glyphs[(glyphs[:, 3] > 0.6 * unit) & (glyphs[:, 3] < 2.5 * unit)]
    scaled = [
        Box(box.left / ratio, box.top / ratio, box.right / ratio, box.bottom / ratio)
        for box in _covered(state.best)
    ]
    mask = _mask(scaled, state.statistics.small.shape, spread_px=1)
    middles_y = letters[:, 1] + letters[:, 3] // 2
    middles_x = letters[:, 0] + letters[:, 2] // 2
    missed = np.count_nonzero(mask[middles_y, middles_x] == 0)
    return int(missed), len(letters)


def put_in_place(zones: tuple[Zone, ...], line: Line) -> tuple[Zone, ...]:
    """The zones with one more line: in its row, else between the zones above and below it."""
    for index, zone in enumerate(zones):
        if zone.lines and _is_near(zone.box, line.box):
            joined = _join_row(zone, line)
            if joined is not None:
                return (*zones[:index], joined, *zones[index + 1 :])
    new = Zone(ZoneKind.TEXT, line.quad, (replace(line, paragraph=0),))
    after = (
        index
        for index, zone in enumerate(zones)
        if zone.lines and zone.box.top > line.box.bottom and _shares_columns(zone.box, line.box)
    )
    place = next(after, len(zones))
    return (*zones[:place], new, *zones[place:])


def _join_row(zone: Zone, extra: Line) -> Zone | None:
    """The zone with the words added to the line that stands in the same row, if one does."""
    for index, line in enumerate(zone.lines):
        within_px = _MOST_APART * max(line.box.height, extra.box.height)
        if not is_level(line.box.middle, extra.box.middle, within_px=within_px):
            continue
        words = tuple(sorted((*line.words, *extra.words), key=lambda word: word.box.left))
        longer = replace(line, words=words, quad=hull_of((line, extra)).quad())
        lines = (*zone.lines[:index], longer, *zone.lines[index + 1 :])
        return replace(zone, quad=hull_of((zone, extra)).quad(), lines=lines)
    return None


def _is_near(zone: Box, line: Box) -> bool:
    reach = _NEAR * line.height
    return zone.left - reach <= line.right and line.left <= zone.right + reach


def _shares_columns(zone: Box, line: Box) -> bool:
    return min(zone.right, line.right) > max(zone.left, line.left)


def _is_sure(word: Word) -> bool:
    return word.confidence >= _LEAST_CONFIDENCE and word.letter_count > 0


def _covered(candidate: Candidate) -> list[Box]:
    boxes = [word.box for word in candidate.words]
    return boxes + [zone.box for zone in candidate.zones if zone.kind is not ZoneKind.TEXT]


def _mask(boxes: list[Box], shape: tuple[int, ...], *, spread_px: int) -> Pixels:
    mask = np.zeros(shape, np.uint8)
    for box in boxes:
        top, left = max(0, int(box.top) - spread_px), max(0, int(box.left) - spread_px)
        mask[top : int(box.bottom) + spread_px + 1, left : int(box.right) + spread_px + 1] = 255
    return mask
