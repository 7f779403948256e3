"""What is known of a canvas, each thing measured once, when it is first asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ocr_server.imaging import binarize, contrast
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.glyphs import (
    COPY_PX,
    GlyphBoxes,
    find_glyphs,
    find_ink,
    measure_x_height,
    shrink,
    shrink_ratio,
)
from ocr_server.imaging.skew import Skew, measure_skew, turn_glyphs


class ImageStatistics:
    """The measurements of one canvas; it is made grey first, as nothing here needs colour."""

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas.grey()

    @property
    def pixels(self) -> Pixels:
        """All pixels, grey."""
        return self.canvas.pixels

    @property
    def shorter_px(self) -> int:
        """The shorter side."""
        return min(self.canvas.width_px, self.canvas.height_px)

    @property
    def is_snippet(self) -> bool:
        """Whether this is a cut-out line or word, too small to measure as a page is."""
        return self.shorter_px <= 150

    @cached_property
    def small(self) -> Pixels:
        """A copy of about 1,200 pixels, on which most is measured."""
        return shrink(self.pixels, COPY_PX)[0]

    @property
    def ratio(self) -> float:
        """How many times smaller the copy is."""
        return shrink_ratio(self.pixels, COPY_PX)

    @cached_property
    def ink(self) -> Pixels:
        """Where there is ink on the copy: 255, else 0."""
        return find_ink(self.small)

    @cached_property
    def glyphs(self) -> GlyphBoxes:
        """What looks like letters on the copy."""
        return find_glyphs(self.ink)

    @cached_property
    def paper(self) -> contrast.Paper:
        """How bright the paper is, and how evenly."""
        return contrast.measure_paper(self.small)

    @cached_property
    def median(self) -> float:
        """The median grey level."""
        return float(np.median(self.small[::4, ::4]))

    @cached_property
    def skew(self) -> Skew:
        """How far level lines are turned."""
        return measure_skew(self.glyphs)

    @cached_property
    def upright_skew(self) -> Skew:
        """The same for lines that run up or down the page."""
        return self.skew_turned(1)

    def skew_turned(self, quarters: int) -> Skew:
        """The same after the page is turned clockwise by quarters of a circle.

        After two, the heads of letters are the feet: in print the feet are the sharper ones.
        """
        glyphs, sides = self.glyphs, self.small.shape
        for quarter in range(quarters):
            glyphs = turn_glyphs(glyphs, sides[quarter % 2])
        return measure_skew(glyphs)

    @cached_property
    def x_height_px(self) -> float:
        """The height of small letters; 0 where there are too few."""
        return measure_x_height(self.pixels, self.glyphs)

    @cached_property
    def otsu_gap(self) -> float:
        """The share of the page that one threshold would wrongly call ink."""
        return binarize.measure_otsu_gap(self.small)
