"""The stages before the first reading: when each imaging step pays, measured on real pages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ocr_server.geometry import Box
from ocr_server.imaging import contrast, glyphs, perspective, ruling_lines
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import Measures
from ocr_server.job import PageSegmentation
from ocr_server.layout.tables import find_grids
from ocr_server.page.state import Report, Sheet

# Letters of 13 to 25 px are read alike. Of many, those over 18 px are shrunk all the same: of 96
# pages F1 was .865 either way, and the shrunk ones took a twelfth less. Of few, that saves nothing,
# and lines of Arabic and formulas lost by it.
_FINE_X_HEIGHTS_PX = (13.0, 25.0)
_SPARE_ABOVE_PX, _SPARE_TO_PX, _MANY_GLYPHS = 18.5, 16.0, 400

# In a snippet with one line, letters over 18.5 px are shrunk to 13; several lines are left alone.
# Brought to a height instead, these got too small: of 398 snippets cut out of pages, F1 was .836 by
# the height and .845 so; and large print takes a sixth less.
_LINE_X_HEIGHTS = 5.0  # what is lower than that is taken for one line
_LOW_SNIPPET_PX, _LOW_SNIPPET_TO_PX = 24, 48  # too low to measure letters
_HIGH_SNIPPET_PX, _HIGH_SNIPPET_TO_PX = 70, 64  # with letters that fill it, or too few to measure

_LEAST_SPIKINESS_TO_ENLARGE = 1.6  # specks, not lines of text, are not worth enlarging
# In x-heights, some ten lines: rules around higher cells part blocks of text, four pages on a sheet
# say, and guide the layout; without them, it lost 6 of 100 words there.
_HIGHEST_CELLS = 30.0

_SNIPPET_MARGIN_PX = 10  # 5 to 20 read alike; without one, receipt lines fail a third more often
_USUAL_X_HEIGHT_PX = 18.0


def make_ink_dark(sheet: Sheet) -> Report:
    """Light text on a dark page reads as well as dark on light, but takes 1.6 times as long."""
    measures = sheet.measures
    level, median = measures.paper.level, measures.median
    # Close print, or a screen of dots, makes a dark ground look lighter than it is.
    is_dark = (level < 90 and median < 100) or (level < 130 and median < 40)
    if not is_dark or measures.shorter_px <= 40:
        return Report(sheet, "dark ink on a light page")
    return Report(
        sheet.on(contrast.invert(sheet.canvas).canvas),
        "light ink on a dark page",
        "light and dark exchanged",
    )


def cut_out_sheet(sheet: Sheet) -> Report:
    """A photographed sheet is seen straight on and its surroundings go; scans fill the picture."""
    measures = sheet.measures
    if measures.shorter_px <= 500 or measures.paper.level >= 225:
        return Report(sheet, "no photograph of a sheet")
    outcome = perspective.rectify(sheet.canvas)
    after = sheet.on(outcome.canvas) if outcome.did else sheet
    return Report(after, outcome.found, outcome.did)


def even_out_shade(sheet: Sheet) -> Report:
    """Shadows go where they are shadows: dark areas that somebody designed must stay.

    Flattening a slide with a dark title cost it 70 of 97 points, so it is done only where the
    brightness of the paper says photograph, or where one threshold would take shade for ink.
    """
    measures = sheet.measures
    if measures.shorter_px <= 200:
        return Report(sheet, "too small to tell")
    level, unevenness = measures.paper
    photograph = 18 < unevenness < 120 and 90 < level < 200
    deep_shade = level > 110 and unevenness < 150 and measures.otsu_gap > 0.12
    found = f"paper {level / 255:.0%} bright, uneven by {unevenness / 255:.0%}"
    if not photograph and not deep_shade:
        return Report(sheet, found)
    even = contrast.flatten(sheet.canvas).canvas
    return Report(replace(sheet.on(even), shade=unevenness), found, "shadows removed")


def level_lines(sheet: Sheet) -> Report:
    """Up to 2° cost nothing, 3° cost twenty points; turning itself costs nothing but time."""
    measures = sheet.measures
    if measures.shorter_px <= 200:
        return Report(sheet, "too small to tell")
    angle = measures.skew.angle_deg
    if not measures.skew.is_clear:
        return Report(sheet, "no clear lines of text")
    found = f"text turned by {angle:.1f}°"
    if abs(angle) < 1.0:
        return Report(sheet, found)
    level = sheet.canvas.rotated(-angle, fill=glyphs.paper_level(measures.small))
    return Report(sheet.on(level), found, f"straightened by {abs(angle):.1f}°")


def bring_letters_to_size(sheet: Sheet, *, many_glyphs: int = _MANY_GLYPHS) -> Report:
    """Large letters are shrunk for speed, small ones enlarged to be read at all."""
    measures = sheet.measures
    if measures.is_snippet:
        return _bring_snippet_to_size(sheet)
    measured_px = measures.x_height_px
    low, high = _FINE_X_HEIGHTS_PX
    enough_lines = measures.skew.spikiness >= _LEAST_SPIKINESS_TO_ENLARGE
    spares = _SPARE_ABOVE_PX < measured_px <= high and len(measures.glyphs) >= many_glyphs
    is_fine = low <= measured_px <= high or (measured_px < low and not enough_lines)
    if not measured_px or (is_fine and not spares):
        found = (
            f"letters {measured_px:.0f} px high" if measured_px else "too few letters to measure"
        )
        return Report(replace(sheet, x_height_px=measured_px), found)
    wanted_px = _SPARE_TO_PX if spares else glyphs.BEST_X_HEIGHT_PX
    outcome = glyphs.scale_from(sheet.canvas, measured_px, x_height_px=wanted_px)
    growth = outcome.canvas.height_px / sheet.canvas.height_px
    after = replace(sheet.on(outcome.canvas), x_height_px=measured_px * growth)
    return Report(after, outcome.found, outcome.did)


def wipe_grids(sheet: Sheet) -> Report:
    """Without its grid a table is read as text: the largest gain that layout has to offer."""
    x_height_px = sheet.x_height_px
    if (
        sheet.measures.shorter_px <= 200
        or not x_height_px
        or not ruling_lines.may_have_rules(sheet.measures.pixels)
    ):
        return Report(sheet, "no grid")
    found = ruling_lines.find_rules(sheet.measures.pixels, x_height_px=x_height_px)
    said = f"{found.level_count} level and {found.upright_count} upright rules"
    after = replace(sheet, rules=found)
    grids = find_grids(found) if found.is_grid else ()
    if not grids:  # frames and bars that cross are no table
        return Report(after, said)
    heights_px = [box.height for grid in grids for _, _, box in grid.cells()]
    if np.median(heights_px) > _HIGHEST_CELLS * x_height_px:
        return Report(after, f"{said}, around blocks of text")
    wiped = ruling_lines.wipe(sheet.canvas, found.mask)
    return Report(replace(after, measures=Measures(wiped)), said, "grid wiped out")


def add_margin(sheet: Sheet) -> Report:
    """Letters at the very edge of a cut-out line are misread."""
    if not sheet.measures.is_snippet:
        return Report(sheet, "a whole page")
    return add_margin_always(sheet)


def add_margin_always(sheet: Sheet) -> Report:
    """The same for a rectangle that somebody drew, which may cut into the margin of the text."""
    level = int(np.median(sheet.measures.pixels[::2, ::2]))  # a quarter tells as much
    padded = sheet.canvas.padded(_SNIPPET_MARGIN_PX, fill=level)
    after = replace(sheet.on(padded), x_height_px=sheet.x_height_px)
    return Report(after, "a piece of a page", f"margin of {_SNIPPET_MARGIN_PX} px added")


def without_margin(canvas: Canvas) -> Canvas:
    """The canvas less the margin that was added to it."""
    margin = _SNIPPET_MARGIN_PX
    return canvas.cropped(Box(margin, margin, canvas.width_px - margin, canvas.height_px - margin))


def choose_psm(sheet: Sheet) -> int:
    """How the engine is to look for text: as asked, but a single line is read as one."""
    width_px, height_px = sheet.canvas.width_px, sheet.canvas.height_px
    asked = sheet.reading.psm
    if asked not in (PageSegmentation.AUTO, PageSegmentation.SINGLE_WORD):
        return asked
    low = height_px < 4.5 * (sheet.x_height_px or _USUAL_X_HEIGHT_PX) or height_px < 60
    if width_px > 1.2 * height_px and (low or asked == PageSegmentation.SINGLE_WORD):
        # Also for a word: the mode for one makes words of rubbish.
        return PageSegmentation.SINGLE_LINE
    is_piece = asked == PageSegmentation.AUTO and sheet.measures.is_snippet
    return PageSegmentation.SINGLE_BLOCK if is_piece else asked


def _bring_snippet_to_size(sheet: Sheet) -> Report:
    height_px, x_height_px = sheet.canvas.height_px, sheet.measures.x_height_px
    found = f"a cut-out piece, {height_px} px high"
    factor = _snippet_factor(height_px, x_height_px)
    if factor == 1:
        return Report(replace(sheet, x_height_px=x_height_px), found)
    scaled = sheet.canvas.scaled(factor)
    after = replace(sheet.on(scaled), x_height_px=x_height_px * factor)
    did = "enlarged" if factor > 1 else "shrunk"
    return Report(after, found, f"{did} to {scaled.height_px} px")


def _snippet_factor(height_px: int, x_height_px: float) -> float:
    if height_px < _LOW_SNIPPET_PX:
        return _LOW_SNIPPET_TO_PX / height_px
    if not x_height_px:
        return _HIGH_SNIPPET_TO_PX / height_px if height_px > _HIGH_SNIPPET_PX else 1
    is_large_line = x_height_px > _SPARE_ABOVE_PX and height_px < _LINE_X_HEIGHTS * x_height_px
    return _FINE_X_HEIGHTS_PX[0] / x_height_px if is_large_line else 1
