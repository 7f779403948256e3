"""What stands where: rows torn apart, and tables from the grid wiped out before reading."""

from __future__ import annotations

from dataclasses import replace

from ocr_server.layout.rows import in_reading_order, join_rows
from ocr_server.layout.tables import find_grids, set_in_tables
from ocr_server.page.state import Report, Sheet


def arrange_rows(sheet: Sheet) -> Report:
    """Labels and their prices in one line, which layout takes for columns; what is above first."""
    take = sheet.best
    joined = join_rows(take.zones)
    ordered = in_reading_order(joined)
    fewer = len(take.zones) - len(joined)
    found = f"{fewer} zones beside others" if fewer else "no rows torn apart"
    if ordered == take.zones:
        return Report(sheet, found)
    did = ["rows joined"] * (fewer > 0) + ["zones put in order"] * (ordered != joined)
    return Report(sheet.with_take(replace(take, zones=ordered)), found, ", ".join(did))


def arrange_tables(sheet: Sheet) -> Report:
    """Words inside a grid are put in the order of its cells: layout alone reads down columns."""
    if sheet.rules is None or not sheet.rules.is_grid:
        return Report(sheet, "no grid")
    grids = find_grids(sheet.rules)
    if not grids:
        return Report(sheet, "no grid with rows and columns")
    shapes = ", ".join(f"{len(grid.ys) - 1} × {len(grid.xs) - 1} cells" for grid in grids)
    take = sheet.best
    arranged = replace(take, zones=set_in_tables(take.zones, grids))
    return Report(sheet.with_take(arranged), f"a table of {shapes}", "read row by row")
