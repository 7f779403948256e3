"""The first reading of a page, and one in another language: whole, or in two parts."""

from __future__ import annotations

from dataclasses import replace

from ocr_server.job import PSM_OF_LAYOUT, Layout, PageSegmentation
from ocr_server.layout.split import PAGES, Cutting, cut_parts
from ocr_server.page.state import Candidate, PageState, StageResult

_USUAL_X_HEIGHT_PX = 18.0


def read_text(state: PageState, *, cutting: Cutting = PAGES) -> StageResult:
    """Read the whole page for the first time, in parts if empty rows or columns divide it.

    What is left of a wiped grid is a table.
    """
    psm = choose_psm(state)
    if psm != PSM_OF_LAYOUT[Layout.AUTO]:
        return as_read(state, state.read(state.canvas, psm=psm))
    boxes = cut_parts(
        state.statistics,
        x_height_px=state.x_height_px,
        most=state.context.most_parts,
        is_table=state.has_wiped_grid,
        cutting=cutting,
    )
    return as_read(replace(state, parts=len(boxes), strip=None), state.read_parts(boxes, psm=psm))


def read_once(state: PageState) -> StageResult:
    """Read the whole page in one piece, with the page segmentation mode of the options."""
    return as_read(state, state.read(state.canvas, psm=state.options.psm))


def as_read(state: PageState, candidate: Candidate) -> StageResult:
    """The state with its first reading."""
    found = f"{len(candidate.words)} words with confidence {candidate.confidence:.0%}"
    return StageResult(state.with_candidate(candidate), found, "text read")


def choose_psm(state: PageState) -> int:
    """The page segmentation mode for the first reading.

    The requested one; but if it is AUTO, a single line is read as such and a snippet as one block.
    """
    width_px, height_px = state.canvas.width_px, state.canvas.height_px
    requested = state.options.psm
    if requested not in (PageSegmentation.AUTO, PageSegmentation.SINGLE_WORD):
        return requested
    low = height_px < 4.5 * (state.x_height_px or _USUAL_X_HEIGHT_PX) or height_px < 60
    if width_px > 1.2 * height_px and (low or requested == PageSegmentation.SINGLE_WORD):
        # Also for a single word: Tesseract's mode for that reads noise as words.
        return PageSegmentation.SINGLE_LINE
    is_piece = requested == PageSegmentation.AUTO and state.statistics.is_snippet
    return PageSegmentation.SINGLE_BLOCK if is_piece else requested
