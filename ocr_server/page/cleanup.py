"""The stages after reading: torn rows joined, tables set cell by cell, noise dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from ocr_server.document.model import Word, Zone, ZoneKind
from ocr_server.layout.rows import in_reading_order, join_rows
from ocr_server.layout.tables import find_grids, set_in_tables
from ocr_server.page.state import PageState, StageResult

# On a page this doubtful, words under the second figure are noise (letters read into pictures);
# on better pages dropping them loses words that are nearly right.
_RUBBISH_PAGE, _RUBBISH_WORD = 0.40, 0.60

# Grey levels of 255: streets and things differ by 69 and more, paper under handwriting by 47 at
# most; there, half-read words are worth more than none (error rate 0.76 instead of 0.81).
_UNEVEN = 60.0

# What is read into rules and into blanks between columns: letters wider than four times their
# height, and none too sure. Of 790 pages and pieces of pages 42 words were so, and none was true.
_WIDEST_LETTER, _SURE_OF_WIDE = 4.0, 0.7


def arrange_rows(state: PageState) -> StageResult:
    """Labels and their prices in one line, which layout takes for columns; what is above first."""
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
    """Words inside a grid are put in the order of its cells: layout alone reads down columns."""
    if state.rules is None or not state.rules.is_grid:
        return StageResult(state, "no grid")
    grids = find_grids(state.rules)
    if not grids:
        return StageResult(state, "no grid with rows and columns")
    shapes = ", ".join(f"{len(grid.ys) - 1} × {len(grid.xs) - 1} cells" for grid in grids)
    candidate = state.best
    arranged = replace(candidate, zones=set_in_tables(candidate.zones, grids))
    return StageResult(state.with_candidate(arranged), f"a table of {shapes}", "read row by row")


def drop_noise(state: PageState) -> StageResult:
    """Words without letters go; in a picture of hardly any text, and no even paper, guesses too."""
    candidate = state.best
    said = f"read with confidence {candidate.confidence:.0%}"
    is_guessed = (
        candidate.confidence < _RUBBISH_PAGE
        and not state.statistics.is_snippet
        and max(state.shade, state.statistics.paper.unevenness) >= _UNEVEN
    )
    least = _RUBBISH_WORD if is_guessed else 0.0
    zones = keep_words(
        candidate.zones, lambda word: word.confidence >= least and not _is_of_a_rule(word)
    )
    kept = replace(candidate, zones=tuple(zones))
    dropped = len(candidate.words) - len(kept.words)
    if not dropped:
        return StageResult(state, said)
    after = state.with_candidate(kept)
    if is_guessed:  # they tell how badly the page can be read
        after = replace(after, dropped=candidate.words)
    return StageResult(after, said, f"{dropped} words dropped as guesses")


def keep_words(zones: Iterable[Zone], is_kept: Callable[[Word], bool]) -> Iterator[Zone]:
    """The zones with only such words; what that empties is left out."""
    for zone in zones:
        if not zone.lines:
            yield zone
            continue
        lines = tuple(rest for line in zone.lines if (rest := line.filtered(is_kept)))
        if lines or zone.kind is not ZoneKind.TEXT:
            kept = replace(zone, lines=lines)
            yield kept if len(kept.words) == len(zone.words) else kept.with_cells_refilled()


def _is_of_a_rule(word: Word) -> bool:
    if word.confidence >= _SURE_OF_WIDE or not word.letter_count:
        return False  # a dash may be as wide as it likes
    return word.box.width > _WIDEST_LETTER * len(word.text) * word.box.height
