"""The stages after reading: missing text, torn rows, tables cell by cell, noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Direction, Line, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box, Transform
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.ruling_lines import RulingLines
from ocr_server.job import PageSegmentation
from ocr_server.layout.grids import find_grids
from ocr_server.layout.rows import in_reading_order, is_level, join_rows
from ocr_server.layout.tables import find_tables, set_in_tables
from ocr_server.page.misread_rules import without_rules
from ocr_server.page.state import Candidate, PageState, StageResult

# Confidences: on a page below the first, words below the second are noise (texture read as
# letters); on better pages dropping such words loses some that are nearly right.
_DOUBTFUL_PAGE, _DOUBTFUL_WORD = 0.40, 0.60
# Unevenness in grey levels: photographs of streets and objects have 69 and more, handwriting on
# paper 47 at most, where partly wrong words are better than none (error rate 0.76, not 0.81).
_UNEVEN = 60.0
_SINGLE_LINES = (
    PageSegmentation.SINGLE_LINE, PageSegmentation.SINGLE_WORD, PageSegmentation.RAW_LINE,
)  # fmt: skip
_LIGATURES = str.maketrans({"<": "ch", ">": "ck"})
_FEWEST_LETTERS = 6  # fewer are dust, or dots and dashes of words that were read
_LEAST_SHARE = 0.02  # of all letters: on a full page, words' boxes always cut off some
_LEAST_CONFIDENCE = 0.6  # in the sparse mode, words below that are mostly noise
# Largest vertical distance between the middles of missing text and a line that it may belong to, as
# a share of the height of the taller one; so a lone figure or half a fraction, if less tall,
# overlaps the line by at least half of its own height.
_MOST_APART = 0.5
_NEAR = 4.0  # line heights; text farther from a zone belongs to none of its lines


def arrange_rows(state: PageState) -> StageResult:
    """Join text that stands in one row into one line, and sort zones into reading order.

    Layout analysis takes labels and their prices for two columns. Zones higher up come first.
    """
    candidate = state.best
    joined = join_rows(candidate.zones)
    ordered = in_reading_order(joined)
    fewer = len(candidate.zones) - len(joined)
    found = f"{fewer} zones beside others" if fewer else "no rows torn apart"
    if ordered == candidate.zones:
        return StageResult(state, found)
    did = []
    if fewer:
        did.append("rows joined")
    if ordered != joined:
        did.append("zones put in order")
    after = state.with_candidate(replace(candidate, zones=ordered))
    return StageResult(after, found, ", ".join(did))


def arrange_tables(state: PageState) -> StageResult:
    """Find tables by their rules and by the places of words; put words in the order of cells."""
    candidate = state.best
    zones = tables_of(candidate.zones, state.rules, candidate.canvas.grey().pixels)
    shapes = [f"{zone.table.rows} × {zone.table.columns} cells" for zone in zones if zone.table]
    if not shapes:
        return StageResult(state, "no table")
    arranged = replace(candidate, zones=zones)
    found = f"a table of {', '.join(shapes)}"
    return StageResult(state.with_candidate(arranged), found, "read row by row")


def tables_of(
    zones: tuple[Zone, ...], rules: RulingLines | None, pixels: Pixels
) -> tuple[Zone, ...]:
    """The zones of a reading, their tables in zones of their own.

    `pixels` are those of its canvas, grey, and `rules` the rules of both directions, if known.
    """

    def rules_in(box: Box, least_px: float) -> list[Box]:
        left, top, right, bottom = (max(0, edge) for edge in box.rounded())
        part = pixels[top:bottom, left:right]
        if rules and rules.horizontal.shape == pixels.shape:  # those of a grid were wiped out
            part = np.minimum(part, 255 - rules.horizontal[top:bottom, left:right])
        if not part.size:
            return []
        shift = Transform.shift(left, top)
        found = ruling_lines.find_level_rules(part, least_px=least_px)
        return [rule.quad().mapped(shift).box for rule in found]

    grids = find_grids(rules) if rules and rules.is_grid else ()
    return set_in_tables(zones, find_tables(zones, grids, rules_in))


def drop_noise(state: PageState) -> StageResult:
    """Remove what was read into ruling lines, and doubtful words of poorly read photographs.

    The latter only if the page was read with a confidence under 0.40 and its paper is uneven.
    """
    candidate = state.best
    found = f"read with confidence {candidate.confidence:.0%}"
    is_guessed = (
        candidate.confidence < _DOUBTFUL_PAGE
        and not state.statistics.is_snippet
        and max(state.shade, state.statistics.paper.unevenness) >= _UNEVEN
    )
    least = _DOUBTFUL_WORD if is_guessed else 0.0
    grey = candidate.canvas.grey().pixels

    def without_noise(line: Line) -> Line | None:
        rest = line.filtered(lambda word: word.confidence >= least)
        return without_rules(rest, grey) if rest else None

    kept = replace(candidate, zones=tuple(with_each_line(candidate.zones, without_noise)))
    if kept.zones == candidate.zones:
        return StageResult(state, found)
    after = state.with_candidate(kept)
    if is_guessed:  # the page's quality is judged by all words
        after = replace(after, dropped=candidate.words)
    dropped = len(candidate.words) - len(kept.words)
    did = f"{dropped} words dropped as guesses" if dropped else "rules beside words dropped"
    return StageResult(after, found, did)


def keep_words(zones: Iterable[Zone], is_kept: Callable[[Word], bool]) -> Iterator[Zone]:
    """The zones with only the words that `is_kept` accepts, without lines and zones left empty."""
    return with_each_line(zones, lambda line: line.filtered(is_kept))


def with_each_line(zones: Iterable[Zone], change: Callable[[Line], Line | None]) -> Iterator[Zone]:
    """The zones with each line as `change` returns it, without those that become empty by it.

    Cells of tables have the texts of their words then.
    """
    for zone in zones:
        if not zone.lines:
            yield zone
            continue
        lines = tuple(rest for line in zone.lines if (rest := change(line)))
        if lines or zone.kind is not ZoneKind.TEXT:
            yield zone if lines == zone.lines else replace(zone, lines=lines).with_cells_refilled()


def with_ligatures(zone: Zone) -> Zone:
    """The zone with the signs that the model `frk` reads for two ligatures of Fraktur put right.

    No text set in Fraktur has the signs themselves. Symbols stay as they were read.
    """
    lines = tuple(
        replace(
            line,
            words=tuple(replace(word, text=word.text.translate(_LIGATURES)) for word in line.words),
        )
        if line.language in (None, "frk")
        else line
        for line in zone.lines
    )
    return replace(zone, lines=lines).with_cells_refilled()


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
    missing = np.count_nonzero(mask[middles_y, middles_x] == 0)
    return int(missing), len(letters)


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
