"""The interface of OCR engines, and what their confidences mean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import ClassVar, Protocol

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the confidences of an engine mean.

    The expected F1 of the words is a logistic function of the confidence of the reading and of the
    share of words that are sure; under `handwriting` and `poor` a confidence is low.
    """

    sure_word: float
    bias: float
    per_confidence: float
    per_sure_share: float
    handwriting: float
    poor: float


class Engine(Protocol):
    """What turns a canvas into zones.

    `name` is what requests and answers call it. An engine that `finds_lines` of any size on any
    ground by itself has a shorter recipe (`page.recipe`).
    """

    name: ClassVar[str]
    calibration: ClassVar[Calibration]
    finds_lines: ClassVar[bool] = False

    def describe(self) -> EngineInfo:
        """Who it is and what it can read.

        Raises:
            EngineMissing: it is not installed.
        """

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none on a blank one.

        `options.operations`, `zones` and `min_confidence` are not for the engine.

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
