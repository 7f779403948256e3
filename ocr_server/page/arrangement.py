"""What stands where: rows torn apart, and tables from the grid wiped out before reading."""

from __future__ import annotations

from dataclasses import replace

from ocr_server.layout.rows import in_reading_order, join_rows
from ocr_server.layout.tables import find_grids, set_in_tables
from ocr_server.page.state import PageState, StageResult


def arrange_rows(state: PageState) -> StageResult:
    """Labels and their prices in one line, which layout takes for columns; what is above first."""
    candidate = state.best
    joined = join_rows(candidate.zones)
    ordered = in_reading_order(joined)
    fewer = len(candidate.zones) - len(joined)
    found = f"{fewer} zones beside others" if fewer else "no rows torn apart"
    if ordered == candidate.zones:
        return StageResult(state, found)
    did = ["rows joined"] * (fewer > 0) + ["zones put in order"] * (ordered != joined)
    return StageResult(
        state.with_candidate(replace(candidate, zones=ordered)), found, ", ".join(did)
    )


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
