"""Engines and workers that stand in for the real ones, named by what they do."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace

from ocr_server.cpu_shares import one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.languages import RankLanguages
from ocr_server.document.model import EngineInfo, Line, Symbol, Word, Zone, ZoneKind
from ocr_server.engines.engine import Engine
from ocr_server.engines.tesseract_cli import CALIBRATION
from ocr_server.errors import ClientGone, EngineMissing, NoWorker, OcrServerError
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.runtime.worker_context import P, T, Task, WorkerContext

LETTER_PX, LINE_PX = 10, 20


def line_of(words: tuple[str, ...], *, confidence: float = 0.9, symbols: bool = False) -> Line:
    """Words in a row from the top left corner, ten pixels a letter and a blank."""
    read, left = [], 0
    for text in words:
        boxes = [
            Box(left + i * LETTER_PX, 0, left + (i + 1) * LETTER_PX, LINE_PX)
            for i in range(len(text))
        ]
        letters = tuple(Symbol(t, b.quad(), confidence) for t, b in zip(text, boxes, strict=True))
        box = Box(left, 0, left + len(text) * LETTER_PX, LINE_PX)
        read.append(Word(text, box.quad(), confidence, letters if symbols else ()))
        left += (len(text) + 1) * LETTER_PX
    quad = Box(0, 0, left - LETTER_PX, LINE_PX).quad()
    return Line(tuple(read), quad, (quad.bottom_left, quad.bottom_right), x_height_px=8)


@dataclass
class ReadsWords(Engine):
    """Reads the words it was given from every canvas, and remembers what it was asked."""

    name = "fake"
    calibration = replace(CALIBRATION, shares_right=())  # says what it is given

    words: tuple[str, ...]
    languages: tuple[str, ...] = ("deu", "eng")
    confidence: float = 0.9
    readings: list[ReadOptions] = field(default_factory=list)

    def __init__(self, *words: str, confidence: float = 0.9) -> None:
        self.words, self.confidence, self.readings = words, confidence, []

    def describe(self) -> EngineInfo:
        return EngineInfo(self.name, "1.0", self.languages)

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        deadline.check()
        self.readings.append(options)
        if not self.words:
            return ()
        line = line_of(self.words, confidence=self.confidence, symbols=options.symbols)
        return (Zone(ZoneKind.TEXT, line.quad, (line,)),)


class SaysCanvasSize(ReadsWords):
    """Reads from each canvas its own width and height."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        self.words = (str(canvas.width_px), str(canvas.height_px))
        return super().recognise(canvas, options, deadline)


class FailsOnNarrow(SaysCanvasSize):
    """Raises `error` on every canvas narrower than `least_px`; reads the size of all others."""

    def __init__(self, error: Exception, *, least_px: int = 10**6) -> None:
        super().__init__()
        self.error, self.least_px = error, least_px

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        if canvas.width_px < self.least_px:
            raise self.error
        return super().recognise(canvas, options, deadline)


class IsMissing(ReadsWords):
    """Is not installed."""

    def __init__(self, error: OcrServerError) -> None:
        super().__init__()
        self.error = error

    def describe(self) -> EngineInfo:
        raise self.error

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        raise self.error


class AllBut:
    """Makes an engine of each name; those that are named here are not installed."""

    def __init__(self, *missing: str) -> None:
        self.missing = missing

    def __call__(self, name: str) -> Engine:
        engine = ReadsWords()
        if name in self.missing:
            engine = IsMissing(EngineMissing(f"Install {name}."))
        engine.name = name  # type: ignore[misc]  # of this one alone
        return engine


class InlineWorkers:
    """Runs each task at once, in this process and thread, with the engine it was given."""

    slots = 1
    parts = 2  # of a page, as if there were so many slots
    alive = 1
    busy = 0
    open_network = ""
    restarts = 0

    @property
    def behind_requests(self) -> InlineWorkers:
        return self

    def check_idle(self, least_s: float) -> None:
        pass

    def for_pages(self, count: int) -> InlineWorkers:
        return self

    def __init__(self, engine: Engine, rank_languages: RankLanguages | None = None) -> None:
        self.engine, self.rank_languages = engine, rank_languages
        self.is_closed = False
        self._lock = threading.Lock()

    def run(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        with self._lock:
            if self.is_closed:
                raise NoWorker.of_server()
            if cancelled.is_set():
                raise ClientGone("The client hung up.")
            deadline.check()
            context = WorkerContext(
                lambda _: self.engine,
                one_thread,
                deadline,
                rank_languages=self.rank_languages,
                slots=self.parts,
            )
            return task(context, *args, **kwargs)

    def close(self) -> None:
        self.is_closed = True
