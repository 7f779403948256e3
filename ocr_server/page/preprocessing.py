"""The stages before the first reading: each decides whether an imaging operation is worthwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box, TransformChain
from ocr_server.imaging import banners, contrast, glyphs, marks, perspective, ruling_lines, skew
from ocr_server.imaging.canvas import Canvas, OperationResult
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import PageSegmentation
from ocr_server.layout.grids import find_grids
from ocr_server.layout.panes import find_panes
from ocr_server.page.state import PageState, StageResult

# X-heights from 13 to 25 px are read equally well. On pages with many glyphs, x-heights over 18.5
# px are shrunk for speed: on 96 pages F1 was .865 either way, and shrunk pages took a twelfth less
# time. On pages with few glyphs that saves nothing, and lines of Arabic and formulas got worse.
_FINE_X_HEIGHTS_PX = (13.0, 25.0)
_SHRINK_ABOVE_PX, _SHRINK_TO_PX, _MANY_GLYPHS = 18.5, 16.0, 400

# In a snippet of one line, x-heights over 18.5 px are shrunk to 13 px; several lines are left as
# they are. Scaling them to a fixed height made the letters too small: on 398 snippets cut out of
# pages F1 was .836 that way and is .845 this way; large print takes a sixth less time.
_LINE_X_HEIGHTS = 5.0  # a snippet less high than that is taken for one line
_LOW_SNIPPET_PX, _LOW_SNIPPET_TO_PX = 24, 48  # heights; below, letters cannot be measured
_HIGH_SNIPPET_PX, _HIGH_SNIPPET_TO_PX = 70, 64  # heights, for snippets without an x-height

_LEAST_SPIKINESS_TO_ENLARGE = 1.6  # below, there are specks rather than lines of text
# Median height of cells in x-heights, some ten lines. Rules around higher cells divide blocks of
# text, such as four pages on one sheet, and help layout analysis: wiped out, they cost 6 of 100
# words there.
_HIGHEST_CELLS = 30.0

_LEAST_SKEW_DEG = 1.0  # 2° cost no accuracy, 3° cost twenty points; turning costs only time

_LEAST_PAPER_LEVEL = 128.0  # grey level; marks are looked for on light paper only
# Sides of a connected piece of ink, in x-heights. Where a mark is as dark as the letters that it
# crosses, they are a piece wider and higher than a rule or a word run together.
_TANGLE = (2.0, 3.0)
_RULE = 6.0  # x-heights; what is longer and straight is a rule
_FEWEST_TANGLED = 3  # letters in its box
_SOLID = 0.6  # of its box that a piece fills; strokes fill less, pictures and bars more

_SNIPPET_MARGIN_PX = 10  # 5 to 20 read alike; without a margin a third more receipt lines fail


def divide_panes(state: PageState) -> StageResult:
    """Divide a picture of several pages: receipts on one glass, the panes of a window."""
    if state.statistics.shorter_px <= 200 or state.options.psm != PageSegmentation.AUTO:
        return StageResult(state, "a piece of a page")
    panes = find_panes(state.statistics)
    if len(panes) < 2:
        return StageResult(state, "one page")
    found = f"{len(panes)} panes"
    return StageResult(replace(state, panes=panes), found, "each read as a page")


def part_marks(state: PageState) -> StageResult:
    """Wipe out watermarks, stamps, pens and squared paper that cross letters.

    The page is opened again in colour only if ink is tangled and its grey levels do not part it.
    """
    statistics = state.statistics
    if statistics.shorter_px <= 200 or statistics.paper.level < _LEAST_PAPER_LEVEL:
        return StageResult(state, "too small or too dark to tell")
    if _is_photograph(statistics):
        return StageResult(state, "a photograph")
    unit = statistics.x_height_px / statistics.ratio
    if not unit:
        return StageResult(state, "too few letters to measure")
    outcome = marks.part_marks(state.canvas, x_height_px=statistics.x_height_px)
    if not outcome.did and statistics.skew.is_clear and _is_tangled(statistics, unit):
        colour = _in_colour(state)
        if colour is not None:
            outcome = marks.part_marks(colour, x_height_px=statistics.x_height_px)
    return _result_of(state, outcome)


def _is_tangled(statistics: ImageStatistics, unit: float) -> bool:
    """Whether letters hang together by ink that is no rule; `unit` is the copy's x-height."""
    if not _tangles(statistics.pieces, unit).size:
        return False
    ink = ruling_lines.without_rules(statistics.ink, round(_RULE * unit))
    x, y = (statistics.glyphs[:, i] + statistics.glyphs[:, i + 2] / 2 for i in (0, 1))
    return any(
        np.count_nonzero(
            (x > left) & (x < left + width) & (y > top) & (y < top + height)
        ) >= _FEWEST_TANGLED
        for left, top, width, height, _ in _tangles(glyphs.connected_components(ink), unit).tolist()
    )  # fmt: skip


def _tangles(pieces: NDArray[np.int32], unit: float) -> NDArray[np.int32]:
    sides = np.sort(pieces[:, 2:4], axis=1)
    is_large = (sides >= np.array(_TANGLE) * unit).all(axis=1)
    return np.asarray(pieces[is_large & (pieces[:, 4] < _SOLID * sides.prod(axis=1))])


def _in_colour(state: PageState) -> Canvas | None:
    """The canvas in colour; None if it is grey, or no longer the page as it was opened."""
    open_in_colour, canvas = state.context.open_in_colour, state.canvas
    if open_in_colour is None or canvas.to_page != TransformChain():
        return None
    page = open_in_colour()
    if page is None or not page.is_colour:
        return None
    is_same = (page.width_px, page.height_px) == (canvas.width_px, canvas.height_px)
    return page if is_same else None


def make_ink_dark(state: PageState) -> StageResult:
    """Invert light text on a dark page: it would read as well, but take 1.6 times as long."""
    statistics = state.statistics
    level, median = statistics.paper.level, statistics.median
    # Dense print, or a halftone, makes the measured level of a dark background too light.
    is_dark = (level < 90 and median < 100) or (level < 130 and median < 40)
    if not is_dark or statistics.shorter_px <= 40:
        return StageResult(state, "dark ink on a light page")
    return StageResult(
        state.on(contrast.invert(state.canvas).canvas),
        "light ink on a dark page",
        "light and dark exchanged",
    )


def lighten_banners(state: PageState) -> StageResult:
    """Make grey areas with print on them white, and their print dark."""
    statistics = state.statistics
    unit = statistics.x_height_px / statistics.ratio
    if statistics.is_snippet or not unit:
        return StageResult(state, "too few letters to measure")
    if _is_photograph(statistics) or statistics.paper.level < _LEAST_PAPER_LEVEL:
        return StageResult(state, "a photograph, or dark paper")
    outcome = banners.lighten_banners(
        state.canvas, statistics.small, paper=statistics.paper.level, unit=unit
    )
    return _result_of(state, outcome)


def rectify_page(state: PageState) -> StageResult:
    """Cut a photographed sheet out of its surroundings and undo its perspective.

    Small pictures and those with bright paper are left alone: they are scans that fill the picture.
    """
    statistics = state.statistics
    if statistics.shorter_px <= 500 or statistics.paper.level >= 225:
        return StageResult(state, "no photograph of a sheet")
    outcome = perspective.rectify(state.canvas)
    return _result_of(state, outcome)


def flatten_shade(state: PageState) -> StageResult:
    """Remove shadows of photographs, but keep dark areas that belong to the design.

    Flattening a slide with a dark title lowered its F1 from 97 to 27 points. So it is done only if
    the paper is as bright and uneven as in photographs, or if a global threshold would take shade
    for ink.
    """
    statistics = state.statistics
    if statistics.shorter_px <= 200:
        return StageResult(state, "too small to tell")
    level, unevenness = statistics.paper
    deep_shade = level > 110 and unevenness < 150 and statistics.otsu_gap > 0.12
    found = f"paper {level / 255:.0%} bright, uneven by {unevenness / 255:.0%}"
    if not _is_photograph(statistics) and not deep_shade:
        return StageResult(state, found)
    even = contrast.flatten(state.canvas).canvas
    return StageResult(replace(state.on(even), shade=unevenness), found, "shadows removed")


def _result_of(state: PageState, outcome: OperationResult) -> StageResult:
    after = state.on(outcome.canvas) if outcome.did else state
    return StageResult(after, outcome.found, outcome.did)


def _is_photograph(statistics: ImageStatistics) -> bool:
    """Whether the paper is as bright and uneven as in photographs."""
    level, unevenness = statistics.paper
    return 18 < unevenness < 120 and 90 < level < 200


def deskew_page(state: PageState) -> StageResult:
    """Rotate the page so that its lines are level, if they are skewed by a degree or more."""
    statistics = state.statistics
    if statistics.shorter_px <= 200:
        return StageResult(state, "too small to tell")
    outcome = skew.deskew_by(
        state.canvas,
        statistics.skew,
        least_deg=_LEAST_SKEW_DEG,
        fill=glyphs.paper_level(statistics.small),
    )
    return _result_of(state, outcome)


def scale_letters(state: PageState, *, many_glyphs: int = _MANY_GLYPHS) -> StageResult:
    """Shrink large letters for speed, and enlarge small ones so that they can be read.

    Letters somewhat too large are shrunk only on pages of at least `many_glyphs` glyphs.
    """
    statistics = state.statistics
    if statistics.is_snippet:
        return _bring_snippet_to_size(state)
    measured_px = statistics.x_height_px
    low, high = _FINE_X_HEIGHTS_PX
    enough_lines = statistics.skew.spikiness >= _LEAST_SPIKINESS_TO_ENLARGE
    is_worth_shrinking = (
        _SHRINK_ABOVE_PX < measured_px <= high and len(statistics.glyphs) >= many_glyphs
    )
    is_fine = low <= measured_px <= high or (measured_px < low and not enough_lines)
    if not measured_px or (is_fine and not is_worth_shrinking):
        found = (
            f"letters {measured_px:.0f} px high" if measured_px else "too few letters to measure"
        )
        return StageResult(replace(state, x_height_px=measured_px), found)
    wanted_px = _SHRINK_TO_PX if is_worth_shrinking else glyphs.BEST_X_HEIGHT_PX
    outcome = glyphs.scale_from(state.canvas, measured_px, x_height_px=wanted_px)
    growth = outcome.canvas.height_px / state.canvas.height_px
    after = replace(state.on(outcome.canvas), x_height_px=measured_px * growth)
    return StageResult(after, outcome.found, outcome.did)


def remove_grids(state: PageState) -> StageResult:
    """Wipe out the grids of tables, so that layout analysis takes their cells for text."""
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
    if not grids:  # frames and crossing bars are not tables
        return StageResult(after, found.summary)
    heights_px = [cell.quad.box.height for grid in grids for cell in grid.table().cells]
    if np.median(heights_px) > _HIGHEST_CELLS * x_height_px:
        return StageResult(after, f"{found.summary}, around blocks of text")
    wiped = ruling_lines.wipe(state.canvas, found.mask)
    after = replace(after, statistics=ImageStatistics(wiped), has_wiped_grid=True)
    return StageResult(after, found.summary, "grid wiped out")


def add_margin(state: PageState) -> StageResult:
    """Add a margin to a cut-out piece of a page, as letters at the very edge are misread."""
    if not state.statistics.is_snippet:
        return StageResult(state, "a whole page")
    return add_margin_always(state)


def add_margin_always(state: PageState) -> StageResult:
    """Add a margin to a drawn rectangle, as letters at the very edge are misread."""
    level = int(np.median(state.statistics.pixels[::2, ::2]))  # a quarter is enough
    outcome = perspective.pad(state.canvas, margin_px=_SNIPPET_MARGIN_PX, fill=level)
    after = replace(state.on(outcome.canvas), x_height_px=state.x_height_px)
    return StageResult(after, "a piece of a page", outcome.did)


def without_margin(canvas: Canvas) -> Canvas:
    """The canvas without the margin that `add_margin` added to it."""
    margin = _SNIPPET_MARGIN_PX
    return canvas.cropped(Box(margin, margin, canvas.width_px - margin, canvas.height_px - margin))


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
    is_large_line = x_height_px > _SHRINK_ABOVE_PX and height_px < _LINE_X_HEIGHTS * x_height_px
    return _FINE_X_HEIGHTS_PX[0] / x_height_px if is_large_line else 1
