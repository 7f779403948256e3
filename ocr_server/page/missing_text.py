"""Text that layout analysis left out: it is read, and put among the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_server.document.model import Direction, Line, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box, hull_of_boxes
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.glyphs import GlyphBoxes
from ocr_server.job import PageSegmentation
from ocr_server.layout.rows import is_level
from ocr_server.page.state import Candidate, PageState, StageResult

_SINGLE_LINES = (
    PageSegmentation.SINGLE_LINE, PageSegmentation.SINGLE_WORD, PageSegmentation.RAW_LINE,
)  # fmt: skip
_FEWEST_LETTERS = 6  # fewer are dust, or dots and dashes of words that were read
# A lone figure above or below the text: of at most so many letters, read with a rim of so many
# x-heights, and kept if it is so sure.
_MOST_FIGURES, _RIM, _SURE_NUMBER = 3, 1.5, 0.85
_LEAST_SHARE = 0.02  # of all letters: on a full page, words' boxes always cut off some
_LEAST_CONFIDENCE = 0.6  # in the sparse mode, words below that are mostly noise
# Largest vertical distance between the middles of missing text and a line that it may belong to, as
# a share of the height of the taller one; so a lone figure or half a fraction, if less tall,
# overlaps the line by at least half of its own height.
_MOST_APART = 0.5
_NEAR = 4.0  # line heights; text farther from a zone belongs to none of its lines


def read_missing_text(state: PageState) -> StageResult:
    """Wipe out all words that were read, and read the rest: as sparse text, then as a block.

    Layout analysis takes fractions, lone figures and short lines for noise and leaves them out. The
    sparse mode reads short lines anywhere; only as a block are lone figures of a table read. What
    stands close to words that were read is then what is left of their letters.
    """
    single = state.best.psm in _SINGLE_LINES or state.statistics.is_snippet
    if single or not state.best.words or state.shows_no_print:
        return StageResult(state, "nothing to look for")
    before = len(state.best.words)
    missing, total = count_missing(state)
    found = f"{missing} letters beside what was read"
    for psm in (PageSegmentation.SPARSE_TEXT, PageSegmentation.SINGLE_BLOCK):
        if missing < max(_FEWEST_LETTERS, _LEAST_SHARE * total):
            break
        state = _with_rest_read(state, psm)
        missing, _ = count_missing(state)
    state = _with_page_number(state)
    words = len(state.best.words) - before
    return StageResult(state, found, f"{words} more words read" if words else "")


def _with_rest_read(state: PageState, psm: PageSegmentation) -> PageState:
    """The state with the sure words of what is left of the page without those that were read."""
    candidate = state.best
    mask = _mask(
        _covered(candidate),
        candidate.canvas.pixels.shape,
        spread_px=round(0.15 * state.x_height_px),
    )
    rest = state.read(ruling_lines.wipe(candidate.canvas, mask), psm=psm)
    zones, covered = candidate.zones, _covered(candidate)

    def is_new(word: Word) -> bool:
        if psm == PageSegmentation.SPARSE_TEXT:
            return _is_sure(word)
        return _is_sure(word) and not any(map(_around(word.box).intersection, covered))

    for line in (line for zone in rest.zones for line in zone.lines):
        if sure := line.filtered(is_new):
            zones = put_in_place(zones, sure)
    return state.with_candidate(replace(candidate, zones=zones))


def _around(box: Box) -> Box:
    """The box with its height around it."""
    more = box.height
    return Box(box.left - more, box.top - more, box.right + more, box.bottom + more)


def count_missing(state: PageState) -> tuple[int, int]:
    """Number of letter-sized glyphs outside all words and pictures, and their number in all."""
    letters, is_missing = _letters(state)
    return int(np.count_nonzero(is_missing)), len(letters)


def _letters(state: PageState) -> tuple[GlyphBoxes, NDArray[np.bool_]]:
    """Letter-sized glyphs of the small copy, and which are outside all words and pictures."""
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
    return letters, mask[middles_y, middles_x] == 0


def _lone_figures(state: PageState) -> list[Box]:
    """Where a lone figure or two may stand above the first or below the last word.

    In pixels of the canvas.
    """
    letters, is_missing = _letters(state)
    ratio, unit = state.statistics.ratio, state.x_height_px
    boxes = [
        Box(left * ratio, top * ratio, (left + width) * ratio, (top + height) * ratio)
        for left, top, width, height in letters[is_missing].tolist()
    ]
    words = hull_of(state.best.words)
    found = []
    for beyond in (
        [box for box in boxes if box.bottom < words.top],
        [box for box in boxes if box.top > words.bottom],
    ):
        if 0 < len(beyond) <= _MOST_FIGURES:
            hull = hull_of_boxes(beyond)
            if hull.height < 2 * unit and hull.width < _MOST_FIGURES * hull.height:
                found.append(hull)
    return found


def _with_page_number(state: PageState) -> PageState:
    """The state with the number of the page, if it is a lone figure, which is taken for noise."""
    candidate = state.best
    zones = candidate.zones
    rim = _RIM * state.x_height_px
    for hull in _lone_figures(state):
        around = Box(hull.left - rim, hull.top - rim, hull.right + rim, hull.bottom + rim)
        part = candidate.canvas.as_page().cropped(around)
        read = state.read(part, psm=PageSegmentation.SINGLE_LINE)
        lines = [line for zone in read.zones for line in zone.lines]
        if len(lines) == 1 and _is_number(lines[0]):
            zones = put_in_place(zones, lines[0].mapped(part.to_page))
    return state.with_candidate(replace(candidate, zones=zones))


def _is_number(line: Line) -> bool:
    """Whether a line is surely a number, with dashes around it perhaps."""
    return line.text.strip("-\u2013\u2014 ").isdecimal() and line.confidence >= _SURE_NUMBER


def put_in_place(zones: tuple[Zone, ...], line: Line) -> tuple[Zone, ...]:
    """The zones with one more line, in pixels of the same canvas.

    Its words join a line of the same row if there is one; else it becomes a zone of its own, above
    the first zone that is below it.
    """
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
    """The zone with the words added to its line in the same row; None if it has no such line."""
    for index, line in enumerate(zone.lines):
        within_px = _MOST_APART * max(line.box.height, extra.box.height)
        if not is_level(line.box.middle, extra.box.middle, within_px=within_px):
            continue
        is_leftwards = line.direction is Direction.RIGHT_TO_LEFT
        words = tuple(
            sorted(
                (*line.words, *extra.words), key=lambda word: word.box.left, reverse=is_leftwards
            )
        )
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
