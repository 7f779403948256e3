"""The seam between the pipeline and whatever reads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions


class Engine(Protocol):
    """What turns a canvas into zones."""

    def describe(self) -> EngineInfo:
        """Who it is and what it can read.

        Raises:
            EngineMissing: it is not installed.
        """

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none on a blank one.

        `options.operations`, `zones`, `min_confidence` are the pipeline's business, not the engine's.

        Raises:
            DeadlinePassed: the time was over; nothing of the work is left running.
            EngineFailed: the engine ended with an error.
            EngineMissing: it is not installed.
            LanguageMissing: a language of the reading is not installed.
        """

    def recognise_all(
        self, canvases: Sequence[Canvas], options: ReadOptions, deadline: Deadline
    ) -> Iterator[tuple[Zone, ...]]:
        """The zones of each canvas, as `recognise` gives them; all at once where that is cheaper.

        Raises:
            OcrServerError: as in `recognise`.
        """
        return (self.recognise(canvas, options, deadline) for canvas in canvases)
