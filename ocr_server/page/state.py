"""A page on its way through the recipe: its canvas, what is known of it, its best reading."""

from __future__ import annotations

import math
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import NamedTuple, TypeAlias

from ocr_server.cpu_shares import ThreadAllowance, one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.model import Word, Zone, letters_in, mean_confidence
from ocr_server.engines.engine import Engine
from ocr_server.geometry import Box, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.ruling_lines import RulingLines
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions
from ocr_server.layout.split import join_parts
from ocr_server.progress import Progress, ProgressCallback, ignore_progress


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of one canvas, in that canvas's pixels; `engine` only where several may read."""

    canvas: Canvas
    zones: tuple[Zone, ...]
    psm: int
    engine: str | None = None

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all zones."""
        return tuple(word for zone in self.zones for word in zone.words)

    @property
    def letters(self) -> int:
        """Letters and digits read."""
        return letters_in(self.words)

    @property
    def confidence(self) -> float:
        """The mean over the words, weighted by their letters and digits."""
        return mean_confidence(self.words)

    @property
    def score(self) -> float:
        """What a reading is worth beside another one of the same page.

        Confidence alone prefers a reading that leaves out all that is hard, the number of letters
        one that reads specks as letters; this product chose best or nearly so wherever tried.
        """
        return self.confidence * math.sqrt(self.letters)

    def is_better_than(self, other: Candidate) -> bool:
        """Whether it is worth more, by 2 %: less is chance."""
        return self.score > 1.02 * other.score


@dataclass(frozen=True, slots=True)
class PageState:
    """A page on its way.

    `x_height_px` is the height of small letters on the canvas, 0 where it is not known; `dropped`
    are words that were read but are not worth telling; `parts` says in how many it is read first;
    `shade` is by how many grey levels the paper differed, where that was evened out.
    """

    statistics: ImageStatistics
    options: ReadOptions
    engine: Engine = field(repr=False)
    deadline: Deadline
    x_height_px: float = 0.0
    rules: RulingLines | None = field(default=None, repr=False)
    is_upright: bool = False
    candidate: Candidate | None = None
    threads: ThreadAllowance = one_thread
    report_progress: ProgressCallback = ignore_progress
    parts: int = 1
    dropped: tuple[Word, ...] = ()
    shade: float = 0.0

    @property
    def canvas(self) -> Canvas:
        """The canvas as the steps so far have left it, grey."""
        return self.statistics.canvas

    @property
    def best(self) -> Candidate:
        """The best reading so far; an empty one before the first."""
        return self.candidate or Candidate(self.canvas, (), self.options.psm)

    @property
    def shows_no_print(self) -> bool:
        """Whether nothing could be read where no lines are: handwriting, a halftone, a street.

        Print in lines has a spikiness of 2.5 and more; 0 means too few letters to tell.
        """
        return self.best.confidence < 0.4 and 0 < self.statistics.skew.spikiness < 1.6

    def on(self, canvas: Canvas) -> PageState:
        """The same page on another canvas, of which nothing is known yet."""
        return replace(self, statistics=ImageStatistics(canvas))

    def with_candidate(self, candidate: Candidate) -> PageState:
        """The same page with another best reading."""
        return replace(self, candidate=candidate)

    def read(self, canvas: Canvas, *, psm: int) -> Candidate:
        """Have the engine read a canvas."""
        return Candidate(canvas, self._recognise(canvas, psm), psm)

    def read_parts(self, boxes: tuple[Box, ...], *, psm: int) -> Candidate:
        """Have the engine read the parts of the canvas, as many at a time as there are threads."""
        numbers = count()
        lock = Lock()

        def tell_one_more() -> None:
            with lock:
                self.report_progress(Progress("read", next(numbers), len(boxes)))

        def read_some(some: tuple[Box, ...]) -> list[tuple[Zone, ...]]:
            parts = []
            canvases = [self.canvas.cropped(box) for box in some]
            found = self.engine.recognise_all(canvases, self._asked(psm), self.deadline)
            for box, zones in zip(some, found, strict=True):
                shift = Transform.shift(box.left, box.top)
                parts.append(tuple(zone.mapped(shift) for zone in zones))
                tell_one_more()
            return parts

        tell_one_more()
        with self.threads(len(boxes)) as most, ThreadPoolExecutor(most) as threads:
            each = math.ceil(len(boxes) / most)
            shares = [boxes[first : first + each] for first in range(0, len(boxes), each)]
            parts = tuple(part for some in threads.map(read_some, shares) for part in some)
        return Candidate(self.canvas, join_parts(parts), psm)

    def _recognise(self, canvas: Canvas, psm: int) -> tuple[Zone, ...]:
        return self.engine.recognise(canvas, self._asked(psm), self.deadline)

    def _asked(self, psm: int) -> ReadOptions:
        return replace(self.options, psm=psm, zones=())


class StageResult(NamedTuple):
    """The page after a stage, what the stage found, and what it did about it."""

    state: PageState
    found: str = ""
    did: str = ""


StageFunction: TypeAlias = Callable[[PageState], StageResult]
