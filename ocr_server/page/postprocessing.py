"""The stages after reading: missing text, torn rows, tables cell by cell, noise."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

import numpy as np

from ocr_server.document.model import Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box, Transform
from ocr_server.imaging import ruling_lines
from ocr_server.imaging.canvas import Pixels
from ocr_server.imaging.ruling_lines import RulingLines
from ocr_server.layout.grids import find_grids
from ocr_server.layout.rows import in_reading_order, join_rows
from ocr_server.layout.tables import find_tables, set_in_tables
from ocr_server.page.misread_rules import without_rules
from ocr_server.page.state import PageState, StageResult

# Confidences: on a page below the first, words below the second are noise (texture read as
# letters); on better pages dropping such words loses some that are nearly right.
_DOUBTFUL_PAGE, _DOUBTFUL_WORD = 0.40, 0.60
# Unevenness in grey levels: photographs of streets and objects have 69 and more, handwriting on
# paper 47 at most, where partly wrong words are better than none (error rate 0.76, not 0.81).
_UNEVEN = 60.0
_LIGATURES = str.maketrans({"<": "ch", ">": "ck"})


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
