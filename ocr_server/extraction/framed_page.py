"""A page that fields are looked for on: its canvas, and how to have it read."""

from __future__ import annotations

from dataclasses import dataclass

from ocr_server.document.model import Page
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.page.recipe import read_page
from ocr_server.page.state import ReadContext


@dataclass(frozen=True, slots=True)
class FramedPage:
    """A canvas, turned and cut as asked, whose pixels count as the page's own.

    The zones of `options` are in its pixels. `number` counts pages from 1.
    """

    canvas: Canvas
    number: int
    options: ReadOptions
    context: ReadContext

    def read(self, options: ReadOptions | None = None) -> Page:
        """The page by the recipe, with these options or its own.

        Raises:
            OcrServerError: whatever the engine raises, and DeadlinePassed.
        """
        return read_page(
            self.canvas, number=self.number, options=options or self.options, context=self.context
        )
