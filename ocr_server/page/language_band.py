"""The few lines or letters of a page that are looked at or read to tell its language."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ocr_server.engines.engine import Script
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.glyphs import find_ink
from ocr_server.job import PageSegmentation
from ocr_server.page.orientation import dense_band
from ocr_server.page.rereading import as_raw_line
from ocr_server.page.state import Candidate, PageState

_LINES, _WIDTH = 5, 100  # lines, x-heights: some 250 letters
FEW_LINES = 3  # enough to compare two models of one script
FEW_LETTERS = 60  # x-heights, for scripts that say more in fewer letters, and to detect one
_EDGE, _GAP = 1.5, 0.15  # x-heights where a row may be cut; ink between rows, of that of a dark row
# Of a piece, the width in heights where its script is looked for: 33 of 40 lines in nine scripts
# were detected; in 4 heights 27, in 7 heights 30.
_DETECTED_OF_PIECE = 5
# A strip is read in one model of each script; of a piece, its width is in heights.
_STRIP_LINES, _STRIP_WIDTH, _STRIP_OF_PIECE = 2, 16, 7
_LETTERS_OF_STRIP = 20  # so many are looked for on a page of few, too


def band_of(state: PageState, *, lines: int = _LINES, width: int = _WIDTH) -> Canvas | None:
    """The few lines where letters are densest; all of a cut-out piece, None without letters."""
    if state.statistics.is_snippet:
        return state.canvas
    band = dense_band(state.canvas, state.x_height_px, lines=lines, width=width)
    return band and _between_rows(band, state.x_height_px)


def strip_of(state: PageState) -> Canvas | None:
    """A few letters, from the middle of a cut-out piece or where letters are densest."""
    if state.statistics.is_snippet:
        return _middle_of(state.canvas, _STRIP_OF_PIECE)
    strip = dense_band(
        state.canvas, state.x_height_px,
        lines=_STRIP_LINES, width=_STRIP_WIDTH, all_glyphs=_LETTERS_OF_STRIP,
    )  # fmt: skip
    return strip and _between_rows(strip, state.x_height_px)


def detected_script(state: PageState, band: Canvas) -> Script | None:
    """The script that the engine's detection sees in a small part of the band."""
    if state.statistics.is_snippet:
        part = _middle_of(band, _DETECTED_OF_PIECE)
    else:
        part = band_of(state, lines=FEW_LINES, width=FEW_LETTERS) or band
    return state.context.engine.detect_script(part, state.context.deadline)


def read_band(state: PageState, band: Canvas, code: str) -> Candidate:
    """Read a band in one language; as one raw line if no line was found on a cut-out piece.

    All of a canvas that was read in that language before is not read again.
    """
    if band is state.canvas and (code,) == state.options.languages and state.best.letters:
        return state.best
    psm = state.best.psm if state.statistics.is_snippet else PageSegmentation.SINGLE_BLOCK
    if is_vertical(code):
        psm = PageSegmentation.SINGLE_BLOCK_VERTICAL
    elif psm == PageSegmentation.SINGLE_LINE and not state.best.letters:
        band, psm = as_raw_line(band), PageSegmentation.RAW_LINE
    return replace(state, options=replace(state.options, languages=(code,))).read(band, psm=psm)


def is_vertical(code: str) -> bool:
    """Whether a language is that of vertical writing."""
    return code.endswith("_vert")


def _middle_of(piece: Canvas, heights: int) -> Canvas:
    """The middle of a cut-out piece, so many heights wide; all of it if it is shorter."""
    most = heights * piece.height_px
    if piece.width_px <= most:
        return piece
    left = max(0, (piece.width_px - most) // 2)
    return piece.cropped(Box(left, 0, min(piece.width_px, left + most), piece.height_px))


def _between_rows(band: Canvas, x_height_px: float) -> Canvas:
    """The band without the rows that its upper and lower edges cut: models misread half letters."""
    rows = find_ink(band.pixels).mean(axis=1)
    reach = min(len(rows) // 3, round(_EDGE * x_height_px))
    if reach < 1:
        return band
    most = _GAP * float(np.percentile(rows, 90))
    above, below = (
        int(np.argmax(edge <= most)) if (edge <= most).any() else int(np.argmin(edge))
        for edge in (rows[:reach], rows[: -reach - 1 : -1])
    )
    return band.cropped(Box(0, above, band.width_px, band.height_px - below))
