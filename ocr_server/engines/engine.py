"""The interface of OCR engines, and the calibration of their confidences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, NamedTuple, Protocol

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.errors import EngineMissing
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions


@dataclass(frozen=True, slots=True)
class Calibration:
    """What the confidences of an engine mean; all confidences are from 0 to 1.

    The expected F1 of the words is 1 / (1 + e^-x), x = `bias` + `per_confidence` × mean confidence
    + `per_sure_share` × share of words with a confidence of `sure_word` or more.

    `shares_right` are points of a line from a word's confidence to the share of such words that are
    right, from (0, …) to (1, …); without any, both are the same.
    """

    sure_word: float
    bias: float
    per_confidence: float
    per_sure_share: float
    shares_right: tuple[tuple[float, float], ...] = ()

    def share_right(self, confidence: float) -> float:
        """The expected share, from 0 to 1, of right words among those with this confidence."""
        for (low, share), (high, next_share) in pairwise(self.shares_right):
            if confidence <= high:
                return share + (next_share - share) * (confidence - low) / (high - low)
        return confidence


class Script(NamedTuple):
    """A script by Tesseract's name, and the clockwise quarter turns that make its text upright.

    `confidence` is Tesseract's: from 0, above 1 nearly always right, without an upper bound.
    """

    name: str
    confidence: float
    quarters: int


class Engine(Protocol):
    """An OCR engine, which recognises the text of a canvas.

    `name` is its name in requests and answers. `finds_lines` is true if it finds lines of any size
    and on any background itself; then a shorter recipe is used (`page.recipe`). `ignores_language`
    is true if it reads all its languages with one model.
    """

    name: ClassVar[str]
    calibration: ClassVar[Calibration]
    finds_lines: ClassVar[bool] = False
    ignores_language: ClassVar[bool] = False

    def describe(self) -> EngineInfo:
        """Name, version and installed languages.

        Raises:
            EngineMissing: it is not installed.
        """

    def is_installed(self) -> bool:
        """Whether it can be used; nothing is loaded."""
        try:
            self.describe()
        except EngineMissing:
            return False
        return True

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        """The zones of a canvas in reading order, in canvas pixels; none if it is blank.

        Engines ignore `options.operations`, `options.zones` and `options.min_confidence`.

        Raises:
            DeadlinePassed: the time is over; nothing is left running.
            EngineFailed: the engine ended with an error.
            EngineMissing: it is not installed.
            LanguageMissing: a language of the options is not installed.
        """

    def recognise_all(
        self, canvases: Sequence[Canvas], options: ReadOptions, deadline: Deadline
    ) -> Iterator[tuple[Zone, ...]]:
        """The zones of each canvas, in pixels of that canvas; read together if that is faster.

        Raises:
            DeadlinePassed: the time is over; nothing is left running.
            EngineFailed: the engine ended with an error.
            EngineMissing: it is not installed.
            LanguageMissing: a language of the options is not installed.
        """
        return (self.recognise(canvas, options, deadline) for canvas in canvases)

    def detect_script(
        self,
        canvas: Canvas,  # noqa: ARG002  # of those engines that can tell
        deadline: Deadline,  # noqa: ARG002
    ) -> Script | None:
        """The script of a canvas; None if there are too few letters, or the engine cannot tell.

        Raises:
            DeadlinePassed: the time is over; nothing is left running.
            EngineFailed: the engine ended with an error.
            EngineMissing: it is not installed.
        """
        return None
