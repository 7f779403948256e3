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
from ocr_server.engines import ENGINE_CHOICES, new_engine
from ocr_server.engines.engine import Engine
from ocr_server.geometry import Box, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.ruling_lines import RulingLines
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions
from ocr_server.layout.split import join_parts
from ocr_server.page.progress import Progress, ProgressCallback


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What reads a page: the engine, until when, in how many threads, and who hears of progress.

    `second_engine` is asked where the reading of the first is in doubt (`page.second_opinion`).
    """

    engine: Engine = field(repr=False)
    deadline: Deadline
    threads: ThreadAllowance = one_thread
    report_progress: ProgressCallback | None = None
    second_engine: Engine | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls,
        name: str,
        deadline: Deadline,
        *,
        engine: Callable[[str], Engine] = new_engine,
        threads: ThreadAllowance = one_thread,
        report_progress: ProgressCallback | None = None,
    ) -> ReadContext:
        """The context of what `name` stands for in `ENGINE_CHOICES`; `engine` gives its engines."""
        choice = ENGINE_CHOICES[name]
        return cls(
            engine=engine(choice.first),
            deadline=deadline,
            threads=threads,
            report_progress=report_progress,
            second_engine=engine(choice.second) if choice.second else None,
        )

    def report(self, stage: str, parts_done: int, parts: int) -> None:
        """Tell whoever watches which stage has begun and how many parts have been read."""
        if self.report_progress:
            self.report_progress(Progress(stage, parts_done, parts))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One recognition of one canvas by one engine, in that canvas's pixels."""

    canvas: Canvas
    zones: tuple[Zone, ...]
    psm: int
    engine: Engine = field(repr=False)

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
    context: ReadContext
    x_height_px: float = 0.0
    rules: RulingLines | None = field(default=None, repr=False)
    is_upright: bool = False
    candidate: Candidate | None = None
    parts: int = 1
    dropped: tuple[Word, ...] = ()
    shade: float = 0.0

    @property
    def canvas(self) -> Canvas:
        """The canvas as the stages so far have left it, grey."""
        return self.statistics.canvas

    @property
    def best(self) -> Candidate:
        """The best reading so far; an empty one before the first."""
        return self.candidate or Candidate(self.canvas, (), self.options.psm, self.context.engine)

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
        """This page with another best reading."""
        return replace(self, candidate=candidate)

    def read(self, canvas: Canvas, *, psm: int, engine: Engine | None = None) -> Candidate:
        """Have an engine read a canvas: the first one, unless another is given."""
        engine = engine or self.context.engine
        zones = engine.recognise(canvas, self._engine_options(psm), self.context.deadline)
        return Candidate(canvas, zones, psm, engine)

    def read_parts(self, boxes: tuple[Box, ...], *, psm: int) -> Candidate:
        """Have the engine read the parts of the canvas, as many at a time as there are threads."""
        engine, deadline = self.context.engine, self.context.deadline
        options = self._engine_options(psm)
        numbers = count()
        lock = Lock()

        def report_part() -> None:
            with lock:
                self.context.report("read", next(numbers), len(boxes))

        def read_some(some: tuple[Box, ...]) -> list[tuple[Zone, ...]]:
            parts = []
            canvases = [self.canvas.cropped(box) for box in some]
            found = engine.recognise_all(canvases, options, deadline)
            for box, zones in zip(some, found, strict=True):
                shift = Transform.shift(box.left, box.top)
                parts.append(tuple(zone.mapped(shift) for zone in zones))
                report_part()
            return parts

        report_part()
        if len(boxes) == 1:
            return Candidate(self.canvas, join_parts(tuple(read_some(boxes))), psm, engine)
        with self.context.threads(len(boxes)) as most, ThreadPoolExecutor(most) as threads:
            each = math.ceil(len(boxes) / most)
            shares = [boxes[first : first + each] for first in range(0, len(boxes), each)]
            parts = tuple(part for some in threads.map(read_some, shares) for part in some)
        return Candidate(self.canvas, join_parts(parts), psm, engine)

    def _engine_options(self, psm: int) -> ReadOptions:
        return replace(self.options, psm=psm, zones=())


class StageResult(NamedTuple):
    """The page after a stage, what the stage found, and what it did about it."""

    state: PageState
    found: str = ""
    did: str = ""


StageFunction: TypeAlias = Callable[[PageState], StageResult]
