"""The stages before the first reading: when each imaging step pays, measured on real pages."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ocr_server.geometry import Box
from ocr_server.imaging import contrast, glyphs, perspective, ruling_lines, skew
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import PageSegmentation
from ocr_server.layout.tables import find_grids
from ocr_server.page.state import PageState, StageResult

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

_LEAST_SKEW_DEG = 1.0  # up to 2° cost nothing, 3° cost twenty points; turning costs time only

_SNIPPET_MARGIN_PX = 10  # 5 to 20 read alike; without one, receipt lines fail a third more often
_USUAL_X_HEIGHT_PX = 18.0


def make_ink_dark(state: PageState) -> StageResult:
    """Light text on a dark page reads as well as dark on light, but takes 1.6 times as long."""
    statistics = state.statistics
    level, median = statistics.paper.level, statistics.median
    # Close print, or a screen of dots, makes a dark ground look lighter than it is.
    is_dark = (level < 90 and median < 100) or (level < 130 and median < 40)
    if not is_dark or statistics.shorter_px <= 40:
        return StageResult(state, "dark ink on a light page")
    return StageResult(
        state.on(contrast.invert(state.canvas).canvas),
        "light ink on a dark page",
        "light and dark exchanged",
    )


def rectify_page(state: PageState) -> StageResult:
    """A photographed sheet is seen straight on and its surroundings go; scans fill the picture."""
    statistics = state.statistics
    if statistics.shorter_px <= 500 or statistics.paper.level >= 225:
        return StageResult(state, "no photograph of a sheet")
    outcome = perspective.rectify(state.canvas)
    after = state.on(outcome.canvas) if outcome.did else state
    return StageResult(after, outcome.found, outcome.did)


def flatten_shade(state: PageState) -> StageResult:
    """Shadows go where they are shadows: dark areas that somebody designed must stay.

    Flattening a slide with a dark title cost it 70 of 97 points, so it is done only where the
    brightness of the paper says photograph, or where one threshold would take shade for ink.
    """
    statistics = state.statistics
    if statistics.shorter_px <= 200:
        return StageResult(state, "too small to tell")
    level, unevenness = statistics.paper
    photograph = 18 < unevenness < 120 and 90 < level < 200
    deep_shade = level > 110 and unevenness < 150 and statistics.otsu_gap > 0.12
    found = f"paper {level / 255:.0%} bright, uneven by {unevenness / 255:.0%}"
    if not photograph and not deep_shade:
        return StageResult(state, found)
    even = contrast.flatten(state.canvas).canvas
    return StageResult(replace(state.on(even), shade=unevenness), found, "shadows removed")


def deskew_page(state: PageState) -> StageResult:
    """Lines that slant by a degree or more are levelled."""
    statistics = state.statistics
    if statistics.shorter_px <= 200:
        return StageResult(state, "too small to tell")
    outcome = skew.deskew_by(
        state.canvas,
        statistics.skew,
        least_deg=_LEAST_SKEW_DEG,
        fill=glyphs.paper_level(statistics.small),
    )
    after = state.on(outcome.canvas) if outcome.did else state
    return StageResult(after, outcome.found, outcome.did)


def scale_letters(state: PageState, *, many_glyphs: int = _MANY_GLYPHS) -> StageResult:
    """Large letters are shrunk for speed, small ones enlarged to be read at all."""
    statistics = state.statistics
    if statistics.is_snippet:
        return _bring_snippet_to_size(state)
    measured_px = statistics.x_height_px
    low, high = _FINE_X_HEIGHTS_PX
    enough_lines = statistics.skew.spikiness >= _LEAST_SPIKINESS_TO_ENLARGE
    spares = _SPARE_ABOVE_PX < measured_px <= high and len(statistics.glyphs) >= many_glyphs
    is_fine = low <= measured_px <= high or (measured_px < low and not enough_lines)
    if not measured_px or (is_fine and not spares):
        found = (
            f"letters {measured_px:.0f} px high" if measured_px else "too few letters to measure"
        )
        return StageResult(replace(state, x_height_px=measured_px), found)
    wanted_px = _SPARE_TO_PX if spares else glyphs.BEST_X_HEIGHT_PX
    outcome = glyphs.scale_from(state.canvas, measured_px, x_height_px=wanted_px)
    growth = outcome.canvas.height_px / state.canvas.height_px
    after = replace(state.on(outcome.canvas), x_height_px=measured_px * growth)
    return StageResult(after, outcome.found, outcome.did)


def remove_grids(state: PageState) -> StageResult:
    """Without its grid a table is read as text: the largest gain that layout has to offer."""
    x_height_px = state.x_height_px
    if (
        state.statistics.shorter_px <= 200
        or not x_height_px
        or not ruling_lines.may_have_ruling_lines(state.statistics.pixels)
    ):
        return StageResult(state, "no grid")
    found = ruling_lines.find_ruling_lines(state.statistics.pixels, x_height_px=x_height_px)
    after = replace(state, rules=found)
    grids = find_grids(found) if found.is_grid else ()
    if not grids:  # frames and bars that cross are no table
        return StageResult(after, found.summary)
    heights_px = [box.height for grid in grids for _, _, box in grid.cells()]
    if np.median(heights_px) > _HIGHEST_CELLS * x_height_px:
        return StageResult(after, f"{found.summary}, around blocks of text")
    wiped = ruling_lines.wipe(state.canvas, found.mask)
    after = replace(after, statistics=ImageStatistics(wiped))
    return StageResult(after, found.summary, "grid wiped out")


def add_margin(state: PageState) -> StageResult:
    """Letters at the very edge of a cut-out line are misread."""
    if not state.statistics.is_snippet:
        return StageResult(state, "a whole page")
    return add_margin_always(state)


def add_margin_always(state: PageState) -> StageResult:
    """The same for a rectangle that somebody drew, which may cut into the margin of the text."""
    level = int(np.median(state.statistics.pixels[::2, ::2]))  # a quarter tells as much
    outcome = perspective.pad(state.canvas, margin_px=_SNIPPET_MARGIN_PX, fill=level)
    after = replace(state.on(outcome.canvas), x_height_px=state.x_height_px)
    return StageResult(after, "a piece of a page", outcome.did)


def without_margin(canvas: Canvas) -> Canvas:
    """The canvas less the margin that was added to it."""
    margin = _SNIPPET_MARGIN_PX
    return canvas.cropped(Box(margin, margin, canvas.width_px - margin, canvas.height_px - margin))


def choose_psm(state: PageState) -> int:
    """How the engine is to look for text: as requested, but a single line is read as one."""
    width_px, height_px = state.canvas.width_px, state.canvas.height_px
    requested = state.options.psm
    if requested not in (PageSegmentation.AUTO, PageSegmentation.SINGLE_WORD):
        return requested
    low = height_px < 4.5 * (state.x_height_px or _USUAL_X_HEIGHT_PX) or height_px < 60
    if width_px > 1.2 * height_px and (low or requested == PageSegmentation.SINGLE_WORD):
        # Also for a word: the mode for one makes words of rubbish.
        return PageSegmentation.SINGLE_LINE
    is_piece = requested == PageSegmentation.AUTO and state.statistics.is_snippet
    return PageSegmentation.SINGLE_BLOCK if is_piece else requested


def _bring_snippet_to_size(state: PageState) -> StageResult:
    height_px, x_height_px = state.canvas.height_px, state.statistics.x_height_px
    found = f"a cut-out piece, {height_px} px high"
    factor = _snippet_factor(height_px, x_height_px)
    if factor == 1:
        return StageResult(replace(state, x_height_px=x_height_px), found)
    scaled = state.canvas.scaled(factor)
    after = replace(state.on(scaled), x_height_px=x_height_px * factor)
    did = "enlarged" if factor > 1 else "shrunk"
    return StageResult(after, found, f"{did} to {scaled.height_px} px")


def _snippet_factor(height_px: int, x_height_px: float) -> float:
    if height_px < _LOW_SNIPPET_PX:
        return _LOW_SNIPPET_TO_PX / height_px
    if not x_height_px:
        return _HIGH_SNIPPET_TO_PX / height_px if height_px > _HIGH_SNIPPET_PX else 1
    is_large_line = x_height_px > _SPARE_ABOVE_PX and height_px < _LINE_X_HEIGHTS * x_height_px
    return _FINE_X_HEIGHTS_PX[0] / x_height_px if is_large_line else 1
