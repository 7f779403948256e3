"""Measurements of a canvas, each made once, when it is first needed."""

from __future__ import annotations

from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ocr_server.imaging import binarize, contrast
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.glyphs import (
    COPY_PX,
    GlyphBoxes,
    connected_components,
    find_ink,
    letter_like,
    measure_x_height,
    shrink,
    shrink_ratio,
)
from ocr_server.imaging.skew import Skew, measure_skew, turn_glyphs


class ImageStatistics:
    """Measurements of one canvas, which is made grey first."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas.grey()

    @property
    def pixels(self) -> Pixels:
        """The grey pixels of the canvas, (height, width)."""
        return self.canvas.pixels

    @property
    def shorter_px(self) -> int:
        """The shorter side of the canvas in pixels."""
        return min(self.canvas.width_px, self.canvas.height_px)

    @property
    def is_snippet(self) -> bool:
        """Whether this is a cut-out line or word, too small for measurements of a page."""
        return self.shorter_px <= 150

    @cached_property
    def small(self) -> Pixels:
        """A copy with a longer side of about 1,200 pixels, on which most is measured."""
        return shrink(self.pixels, COPY_PX)[0]

    @property
    def ratio(self) -> float:
        """How many times smaller than the canvas the copy `small` is."""
        return shrink_ratio(self.pixels, COPY_PX)

    @cached_property
    def ink(self) -> Pixels:
        """A mask of the copy `small`, 255 where there is ink."""
        return find_ink(self.small)

    @cached_property
    def pieces(self) -> NDArray[np.int32]:
        """Connected components of the ink, in pixels of the copy `small`; see `glyphs`."""
        return connected_components(self.ink)

    @cached_property
    def glyphs(self) -> GlyphBoxes:
        """Boxes of letter-like glyphs, in pixels of the copy `small`."""
        return letter_like(self.pieces, page_height=self.ink.shape[0])

    @cached_property
    def paper(self) -> contrast.Paper:
        """Brightness and unevenness of the paper, in grey levels."""
        return contrast.measure_paper(self.small)

    @cached_property
    def median(self) -> float:
        """The median grey level, from 0 to 255."""
        return float(np.median(self.small[::4, ::4]))

    @cached_property
    def skew(self) -> Skew:
        """Skew of horizontal lines."""
        return measure_skew(self.glyphs)

    @cached_property
    def vertical_skew(self) -> Skew:
        """Skew of lines that run up or down the page, measured after a clockwise quarter turn."""
        return self.skew_turned(1)

    def skew_turned(self, quarters: int) -> Skew:
        """Skew of horizontal lines after the page is turned clockwise by `quarters` × 90°.

        After a half turn, the upper edges of letters are projected; in print, the lower edges give
        the sharper peak.
        """
        glyphs, sides = self.glyphs, self.small.shape
        for quarter in range(quarters):
            glyphs = turn_glyphs(glyphs, sides[quarter % 2])
        return measure_skew(glyphs)

    @cached_property
    def x_height_px(self) -> float:
        """The x-height in pixels of the canvas; 0 if there are too few letters."""
        return measure_x_height(self.pixels, self.glyphs)

    @cached_property
    def otsu_gap(self) -> float:
        """The share of the page that Otsu's threshold wrongly takes for ink; see `binarize`."""
        return binarize.measure_otsu_gap(self.small)
