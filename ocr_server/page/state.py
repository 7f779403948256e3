"""State of a page between two stages: its canvas, measurements of it, and its best reading."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Lock
from typing import NamedTuple, TypeAlias

from ocr_server.cpu_shares import ThreadAllowance, one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.languages import RankLanguages
from ocr_server.document.model import (
    Advice,
    Line,
    PageLanguage,
    Word,
    Zone,
    letters_in,
    mean_confidence,
)
from ocr_server.engines import ENGINE_CHOICES, new_engine
from ocr_server.engines.engine import Engine
from ocr_server.geometry import Box, Transform
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.ruling_lines import RulingLines
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions
from ocr_server.layout.split import join_parts
from ocr_server.page.progress import Progress, ProgressCallback


@dataclass(slots=True)
class EngineClock:
    """Seconds in which engines worked on a page so far; parts that are read together count once."""

    spent_s: float = 0.0

    @contextmanager
    def running(self) -> Iterator[None]:
        """Count the time of a with-block."""
        started_s = time.perf_counter()
        try:
            yield
        finally:
            self.spent_s += time.perf_counter() - started_s


@dataclass(frozen=True, slots=True)
class ReadContext:
    """What a page is read with.

    `threads` yields how many threads may be used, and a page is cut into about `most_parts` to be
    read by them; `report_progress` is called when a stage begins
    and when a part has been read; `second_engine` reads pages on which the reading by `engine` is
    doubtful (`page.second_opinion`); `rank_languages` tells languages by words (`page.language`);
    `open_in_colour` opens the page again in its colours, if it has any.
    """

    engine: Engine = field(repr=False)
    deadline: Deadline
    threads: ThreadAllowance = one_thread
    report_progress: ProgressCallback | None = None
    second_engine: Engine | None = field(default=None, repr=False)
    rank_languages: RankLanguages | None = None
    most_parts: int = 2
    open_in_colour: Callable[[], Canvas | None] | None = field(default=None, repr=False)
    engine_clock: EngineClock = field(default_factory=EngineClock, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        name: str,
        deadline: Deadline,
        *,
        engine: Callable[[str], Engine] = new_engine,
        threads: ThreadAllowance = one_thread,
        rank_languages: RankLanguages | None = None,
        most_parts: int = 2,
    ) -> ReadContext:
        """The context for an engine choice, a key of `ENGINE_CHOICES`.

        `engine` makes an engine from its name.
        """
        first, second = ENGINE_CHOICES[name].engines(engine)
        return cls(
            engine=first,
            deadline=deadline,
            threads=threads,
            second_engine=second,
            rank_languages=rank_languages,
            most_parts=most_parts,
        )

    def report(self, stage: str, parts_done: int, parts: int) -> None:
        """Report the stage that is running and how many parts of the page have been read."""
        if self.report_progress:
            self.report_progress(Progress(stage, parts_done, parts))


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of one canvas by one engine; the zones are in pixels of that canvas."""

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
        """Number of letters and digits read."""
        return letters_in(self.words)

    @property
    def confidence(self) -> float:
        """Mean confidence of the words, weighted by their letters and digits, from 0 to 1."""
        return mean_confidence(self.words)

    @property
    def score(self) -> float:
        """Figure by which readings of one page are compared: confidence × √letters.

        Confidence alone prefers a reading that leaves out everything difficult; the number of
        letters alone prefers one that reads specks as letters. The product chose the best reading,
        or nearly the best, on every set of pages tried.
        """
        return self.confidence * math.sqrt(self.letters)

    def is_better_than(self, other: Candidate) -> bool:
        """Whether its score is more than 2 % higher; smaller differences are chance."""
        return self.score > 1.02 * other.score


class Labels(NamedTuple):
    """Lines that are read apart from the text, in pixels of the page.

    `turned` run up or down the page; `numbers` are numbers of lines; `combs` stood one letter to a
    box.
    """

    turned: tuple[Line, ...] = ()
    numbers: tuple[Line, ...] = ()
    combs: tuple[Line, ...] = ()


_NO_LABELS = Labels()


@dataclass(frozen=True, slots=True)
class PageState:
    """State of a page between two stages.

    `x_height_px` is the x-height in pixels of the canvas, 0 if unknown; `rules` are the ruling
    lines, None if not looked for; with `has_wiped_grid` those of a table were wiped out; `parts` is
    the number of parts of the first reading; `strip` is the part of the canvas that `candidate` is
    of, None if it is of all; `dropped` holds all words of a reading if some were left out of the
    answer, kept for its quality; `shade` is the unevenness of the paper in grey levels before it
    was flattened, 0 if it was not; `panes` are parts of the canvas that are to be read as pages of
    their own; `labels` have been read already, and are to be put among the zones; `language` is
    what was found of the page's language, `language_advice` the advice on it; `starts_over`: all
    stages are to be run again, in the languages that the options now have.
    """

    statistics: ImageStatistics
    options: ReadOptions
    context: ReadContext
    x_height_px: float = 0.0
    rules: RulingLines | None = field(default=None, repr=False)
    has_wiped_grid: bool = False
    is_upright: bool = False
    candidate: Candidate | None = None
    parts: int = 1
    strip: Box | None = None
    dropped: tuple[Word, ...] = ()
    shade: float = 0.0
    panes: tuple[Box, ...] = ()
    labels: Labels = _NO_LABELS
    language: PageLanguage | None = None
    language_advice: Advice | None = None
    starts_over: bool = False

    @property
    def canvas(self) -> Canvas:
        """The grey canvas after the stages so far."""
        return self.statistics.canvas

    @property
    def best(self) -> Candidate:
        """The best reading so far; an empty one before the first."""
        return self.candidate or Candidate(self.canvas, (), self.options.psm, self.context.engine)

    @property
    def shows_no_print(self) -> bool:
        """Whether the reading is poor and no text lines were found: handwriting, halftone, street.

        Printed lines have a `Skew.spikiness` of 2.5 and more; 0 means too few letters to measure.
        """
        return self.best.confidence < 0.4 and 0 < self.statistics.skew.spikiness < 1.6

    def on(self, canvas: Canvas) -> PageState:
        """This state with another canvas, whose statistics are measured anew."""
        return replace(self, statistics=ImageStatistics(canvas))

    def with_candidate(self, candidate: Candidate) -> PageState:
        """This state with `candidate` as the best reading."""
        return replace(self, candidate=candidate)

    def read(self, canvas: Canvas, *, psm: int, engine: Engine | None = None) -> Candidate:
        """Read a canvas with `engine`, by default the first engine of the context.

        Raises:
            OcrServerError: any error of the engine, and DeadlinePassed.
        """
        engine = engine or self.context.engine
        with self.context.engine_clock.running():
            zones = engine.recognise(canvas, self._engine_options(psm), self.context.deadline)
        return Candidate(canvas, zones, psm, engine)

    def read_all(self, canvases: Sequence[Canvas], *, psm: int) -> tuple[Candidate, ...]:
        """Read several canvases with the first engine of the context, together if that is faster.

        Raises:
            OcrServerError: any error of the engine, and DeadlinePassed.
        """
        if not canvases:
            return ()
        engine, options = self.context.engine, self._engine_options(psm)
        found = engine.recognise_all(canvases, options, self.context.deadline)
        return tuple(
            Candidate(canvas, zones, psm, engine)
            for canvas, zones in zip(canvases, found, strict=True)
        )

    def read_parts(self, boxes: tuple[Box, ...], *, psm: int) -> Candidate:
        """Read parts of the canvas, several at a time if there are threads for it.

        `boxes` and the zones of the result are in pixels of the canvas.

        Raises:
            OcrServerError: any error of the engine, and DeadlinePassed.
        """
        engine, deadline = self.context.engine, self.context.deadline
        options = self._engine_options(psm)
        numbers = count()
        lock = Lock()

        def report_part() -> None:
            with lock:
                self.context.report("read", next(numbers), len(boxes))

        def read_some(some: tuple[Box, ...]) -> list[tuple[Zone, ...]]:
            parts: list[tuple[Zone, ...]] = []
            canvases = [self.canvas.cropped(box) for box in some]
            found = engine.recognise_all(canvases, options, deadline)
            for box, zones in zip(some, found, strict=True):
                shift = Transform.shift(box.left, box.top)
                parts.append(tuple(zone.mapped(shift) for zone in zones))
                report_part()
            return parts

        report_part()
        with self.context.engine_clock.running():
            if len(boxes) == 1:
                parts = read_some(boxes)
            else:
                with self.context.threads(len(boxes)) as most, ThreadPoolExecutor(most) as threads:
                    each = math.ceil(len(boxes) / most)
                    shares = [boxes[first : first + each] for first in range(0, len(boxes), each)]
                    parts = [part for some in threads.map(read_some, shares) for part in some]
        return Candidate(self.canvas, join_parts(tuple(parts)), psm, engine)

    def _engine_options(self, psm: int) -> ReadOptions:
        return replace(self.options, psm=psm, zones=())


class StageResult(NamedTuple):
    """The state after a stage; sentences on what it found and did, `did` empty if nothing."""

    state: PageState
    found: str = ""
    did: str = ""


StageFunction: TypeAlias = Callable[[PageState], StageResult]
