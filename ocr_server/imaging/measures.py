"""What is known of a canvas, each thing measured once, when it is first asked for."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from ocr_server.imaging import contrast, ink, threshold
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.skew import Skew, measure_skew


class Measures:
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
        """A copy of about 1,000 pixels, on which the other measurements are made."""
        return ink.shrink(self.pixels, 1000)[0]

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
        return measure_skew(self.small)

    @cached_property
    def upright_skew(self) -> Skew:
        """The same for lines that run up or down the page."""
        return measure_skew(np.ascontiguousarray(np.rot90(self.small, -1)))

    @cached_property
    def x_height_px(self) -> float:
        """The height of small letters; 0 where there are too few."""
        return ink.measure_x_height(self.pixels)

    @cached_property
    def otsu_gap(self) -> float:
        """The share of the page that one threshold would wrongly call ink."""
        return threshold.measure_otsu_gap(self.small)
