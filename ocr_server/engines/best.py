"""Two readers: Tesseract first, and a second one for what it cannot read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.engines.engine import Engine
from ocr_server.engines.rapidocr import RapidocrEngine
from ocr_server.engines.tesseract_cli import PytesseractEngine
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions

FIRST, SECOND = "pytesseract", "rapidocr"


class BestEngine(Engine):
    """The first reader, with the second at hand: when it is asked is the recipe's business."""

    def __init__(self, first: Engine | None = None, second: Engine | None = None) -> None:
        self.first = first or PytesseractEngine()
        self.second = second or RapidocrEngine()

    def describe(self) -> EngineInfo:
        """The first reader's version and languages.

        Raises:
            EngineMissing: one of the two is not installed.
        """
        self.second.describe()
        return replace(self.first.describe(), name="best")

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """What the first reader makes of a canvas; see `Engine.recognise`."""
        return self.first.recognise(canvas, options, deadline)

    def recognise_all(
        self, canvases: Sequence[Canvas], options: ReadOptions, deadline: Deadline
    ) -> Iterator[tuple[Zone, ...]]:
        """What the first reader makes of each canvas; see `Engine.recognise_all`."""
        return self.first.recognise_all(canvases, options, deadline)
