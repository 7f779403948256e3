"""The first reading of a page, and one in another language: whole, or in two parts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ocr_server.job import PSM_OF_LAYOUT, Layout
from ocr_server.layout.split import PAGES, Cutting, cut_parts
from ocr_server.page.preprocessing import choose_psm
from ocr_server.page.state import Candidate, PageState, StageResult


def read_text(
    state: PageState,
    *,
    cutting: Cutting = PAGES,
    is_hopeless: Callable[[Candidate], bool] = lambda _first: False,
) -> StageResult:
    """Read the whole page for the first time, in parts if empty rows or columns divide it.

    What is left of a wiped grid is a table. If the first part is hopeless, the others are unread.
    """
    psm = choose_psm(state)
    if psm != PSM_OF_LAYOUT[Layout.AUTO]:
        return _read(state, state.read(state.canvas, psm=psm))
    boxes = cut_parts(
        state.statistics,
        x_height_px=state.x_height_px,
        most=state.context.most_parts,
        is_table=state.has_wiped_grid,
        cutting=cutting,
    )
    candidate, unread = state.read_parts(boxes, psm=psm, is_hopeless=is_hopeless)
    return _read(replace(state, parts=len(boxes), unread=unread), candidate)


def read_once(state: PageState) -> StageResult:
    """Read the whole page in one piece, with the page segmentation mode of the options."""
    return _read(state, state.read(state.canvas, psm=state.options.psm))


def _read(state: PageState, candidate: Candidate) -> StageResult:
    found = f"{len(candidate.words)} words with confidence {candidate.confidence:.0%}"
    return StageResult(state.with_candidate(candidate), found, "text read")
