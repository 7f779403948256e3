"""Text that the engine's layout left out: letters no word covers, read, put in their place."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box, Point, hull
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Pixels
from ocr_server.page.state import Candidate, PageState, StageResult

_SPARSE_PSM = 11
_FEWEST_LETTERS = 6  # fewer are dust, or dots and dashes that belong to words
_LEAST_SHARE = 0.02  # of all letters: on a full page, some are always cut off a word's box
_LEAST_CONFIDENCE = 0.6  # in the sparse mode, what is less sure is mostly rubbish
_NEAR = 4.0  # line heights: what is further from a zone is none of its lines


def read_missing_text(state: PageState) -> StageResult:
    """Wipe out what was read, and read the rest as sparse text.

    Layout analysis takes fractions, lone figures and short lines for noise.
    """
    candidate = state.best
    single = candidate.psm in (7, 8, 13) or state.statistics.is_snippet
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
    rest = state.read(ruling_lines.wipe(candidate.canvas, mask), psm=_SPARSE_PSM)
    lines = [line for zone in rest.zones for line in zone.lines]
    sure = [line for line in (_sure_words(line) for line in lines) if line is not None]
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
        common = min(line.box.bottom, extra.box.bottom) - max(line.box.top, extra.box.top)
        if common < 0.5 * min(line.box.height, extra.box.height):
            continue
        words = tuple(sorted((*line.words, *extra.words), key=lambda word: word.box.left))
        box = hull([*line.quad, *extra.quad])
        longer = replace(line, words=words, quad=box.quad())
        zone_box = hull([*zone.quad, *extra.quad])
        lines = (*zone.lines[:index], longer, *zone.lines[index + 1 :])
        return replace(zone, quad=zone_box.quad(), lines=lines)
    return None


def _is_near(zone: Box, line: Box) -> bool:
    reach = _NEAR * line.height
    return zone.left - reach <= line.right and line.left <= zone.right + reach


def _shares_columns(zone: Box, line: Box) -> bool:
    return min(zone.right, line.right) > max(zone.left, line.left)


def _sure_words(line: Line) -> Line | None:
    words = tuple(
        word
        for word in line.words
        if word.confidence >= _LEAST_CONFIDENCE and any(c.isalnum() for c in word.text)
    )
    if not words:
        return None
    return replace(line, words=words, quad=hull(_corners(words)).quad())


def _corners(words: Iterable[Word]) -> Iterable[Point]:
    return (point for word in words for point in word.quad)


def _covered(candidate: Candidate) -> list[Box]:
    boxes = [word.box for word in candidate.words]
    return boxes + [zone.box for zone in candidate.zones if zone.kind is not ZoneKind.TEXT]


def _mask(boxes: list[Box], shape: tuple[int, ...], *, spread_px: int) -> Pixels:
    mask = np.zeros(shape, np.uint8)
    for box in boxes:
        top, left = max(0, int(box.top) - spread_px), max(0, int(box.left) - spread_px)
        mask[top : int(box.bottom) + spread_px + 1, left : int(box.right) + spread_px + 1] = 255
    return mask
