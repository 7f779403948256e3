"""What stands where: rows torn apart, and tables from the grid wiped out before reading."""

from __future__ import annotations

from dataclasses import replace

from ocr_server.reading.sheet import Report, Sheet
from ocr_server.segmentation.rows import join_rows
from ocr_server.segmentation.tables import find_grids, set_in_tables


def arrange_rows(sheet: Sheet) -> Report:
    """Labels and their prices in one line: layout takes both for columns of their own."""
    take = sheet.best
    zones = join_rows(take.zones)
    joined = len(take.zones) - len(zones)
    if not joined:
        return Report(sheet, "no rows torn apart")
    return Report(
        sheet.with_take(replace(take, zones=zones)), f"{joined} zones beside others", "rows joined"
    )


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
