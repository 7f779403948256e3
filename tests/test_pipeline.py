from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest
from flask import Flask

from ocr_server.deadline import Deadline
from ocr_server.document.languages import Guess
from ocr_server.document.model import EngineInfo, Zone
from ocr_server.errors import (
    ClientGone,
    DamagedPicture,
    DeadlinePassed,
    EngineFailed,
    PageMissing,
    TooManyPages,
    UnsupportedFormat,
    WorkerLost,
)
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Job, Limits, PageSelection, ReadOptions
from ocr_server.pipeline import (
    Accepted,
    Event,
    Finished,
    PageFailed,
    PageRead,
    document_from_events,
    recognise_document,
)
from ocr_server.runtime.scratch import JobFolder, ScratchSpace
from tests.drawing import SENTENCE, as_file, as_pages, draw_lines
from tests.fakes import FailsOnNarrow, InlineWorkers, ReadsWords, SaysCanvasSize
from tests.waiting import BOUND_S

ENGINE = EngineInfo("fake", "1.0", ("deu", "eng"))
NONE = ReadOptions(operations=())
LEAST_PX = 200

MakeJob: TypeAlias = Callable[[JobFolder], Job]


@pytest.fixture
def scratch(tmp_path: Path) -> Iterator[ScratchSpace]:
    scratch = ScratchSpace(str(tmp_path))
    yield scratch
    scratch.close()


def page_refs(*widths_px: int) -> bytes:
    return as_pages([draw_lines("text", width_px=width) for width in widths_px])


def job_of(
    *files: bytes,
    options: ReadOptions = NONE,
    limits: Limits | None = None,
    pages: PageSelection | None = None,
    allowed_s: float = BOUND_S,
) -> MakeJob:
    return lambda folder: Job(
        sources=tuple(folder.add([data]) for data in files),
        options=options,
        limits=limits or Limits(),
        deadline=Deadline.after(allowed_s),
        pages=pages or PageSelection(),
    )


def read(
    job: MakeJob,
    scratch: ScratchSpace,
    engine: ReadsWords | None = None,
    cancelled: threading.Event | None = None,
) -> Iterator[Event]:
    workers = InlineWorkers(engine or SaysCanvasSize())
    with scratch.job() as folder:
        yield from recognise_document(
            job(folder), workers=workers, engine=ENGINE, cancelled=cancelled
        )


def test_a_document_is_told_as_it_is_read(scratch: ScratchSpace) -> None:
    accepted, *pages, finished = read(job_of(page_refs(300, 310)), scratch)

    assert isinstance(accepted, Accepted)
    assert [sheet.number for sheet in accepted.page_refs] == [1, 2]
    assert [event.page.outline.width_px for event in pages if isinstance(event, PageRead)] == [
        300,
        310,
    ]
    assert isinstance(finished, Finished)
    assert finished.document.pages == tuple(e.page for e in pages if isinstance(e, PageRead))
    assert finished.document.engine == EngineInfo("fake", "1.0", ("eng",))


def test_pages_are_numbered_through_all_files(scratch: ScratchSpace) -> None:
    job = job_of(page_refs(300, 310), as_file(draw_lines("x", width_px=320)), page_refs(330, 340))

    document = document_from_events(read(job, scratch))

    told = [(page.number, page.width_px) for page in document.pages]
    assert told == [(1, 300), (2, 310), (3, 320), (4, 330), (5, 340)]


def test_the_pages_asked_for_are_read_and_no_other(scratch: ScratchSpace) -> None:
    engine = SaysCanvasSize()
    job = job_of(page_refs(300, 310, 320), pages=PageSelection(((3, 3), (1, 1))))

    document = document_from_events(read(job, scratch, engine))

    assert [page.number for page in document.pages] == [3, 1]
    assert len(engine.readings) == 2


def test_a_page_that_is_not_there_is_told_before_any_is_read(scratch: ScratchSpace) -> None:
    engine = SaysCanvasSize()
    job = job_of(page_refs(300, 310), pages=PageSelection(((1, 3),)))

    with pytest.raises(PageMissing, match="Page 3 was asked for; the document has 2"):
        list(read(job, scratch, engine))

    assert not engine.readings


def test_the_limit_of_pages_holds_for_all_files_together(scratch: ScratchSpace) -> None:
    job = job_of(page_refs(30, 31), page_refs(32, 33), limits=Limits(max_pages=3))

    with pytest.raises(TooManyPages, match="4 pages"):
        list(read(job, scratch))


def test_a_page_that_fails_takes_no_other_with_it(scratch: ScratchSpace) -> None:
    engine = FailsOnNarrow(EngineFailed("Too narrow."), least_px=LEAST_PX)

    events = list(read(job_of(page_refs(300, 150, 310)), scratch, engine))

    assert [type(event) for event in events] == [
        Accepted, PageRead, PageFailed, PageRead, Finished,
    ]  # fmt: skip
    document = document_from_events(iter(events))
    assert [page.number for page in document.pages] == [1, 3]
    assert [(f.page, f.error.code) for f in document.problems] == [(2, "engine-failed")]


def test_a_fault_of_ours_on_one_page_loses_no_other(scratch: ScratchSpace) -> None:
    engine = FailsOnNarrow(ZeroDivisionError(), least_px=LEAST_PX)

    document = document_from_events(read(job_of(page_refs(150, 300)), scratch, engine))

    assert [page.number for page in document.pages] == [2]
    assert [(f.page, type(f.error)) for f in document.problems] == [(1, EngineFailed)]


def test_a_document_without_a_good_page_is_its_first_problem(scratch: ScratchSpace) -> None:
    engine = FailsOnNarrow(WorkerLost("It died."), least_px=LEAST_PX)

    with pytest.raises(WorkerLost, match="It died"):
        document_from_events(read(job_of(page_refs(150, 160)), scratch, engine))


@pytest.mark.parametrize(
    ("broken", "error"), [(b"text", UnsupportedFormat), (b"%PDF-1.7", DamagedPicture)]
)
def test_a_file_that_cannot_be_opened_is_a_page_that_fails(
    broken: bytes, error: type[Exception], scratch: ScratchSpace
) -> None:
    document = document_from_events(read(job_of(page_refs(300), broken, page_refs(310)), scratch))

    assert [(page.number, page.width_px) for page in document.pages] == [(1, 300), (3, 310)]
    assert [(f.page, type(f.error)) for f in document.problems] == [(2, error)]


def test_without_time_nothing_is_read(scratch: ScratchSpace) -> None:
    engine = SaysCanvasSize()

    with pytest.raises(DeadlinePassed):
        list(read(job_of(page_refs(300), allowed_s=0), scratch, engine))

    assert not engine.readings


class HangsUp(SaysCanvasSize):
    """The client goes away while the first page is read."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = threading.Event()

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        self.gone.set()
        return super().recognise(canvas, options, deadline)


def test_after_a_hang_up_no_more_pages_are_read(scratch: ScratchSpace) -> None:
    engine = HangsUp()

    with pytest.raises(ClientGone):
        list(read(job_of(page_refs(300, 310, 320)), scratch, engine, engine.gone))

    assert len(engine.readings) == 1


def test_closing_the_events_ends_the_work(scratch: ScratchSpace) -> None:
    engine, cancelled = SaysCanvasSize(), threading.Event()
    events = read(job_of(page_refs(300, 310, 320, 330)), scratch, engine, cancelled)
    next(events)
    next(events)

    events.close()  # type: ignore[attr-defined]  # a generator, as iterators of events are

    assert cancelled.is_set()
    assert len(engine.readings) < 4


@pytest.mark.parametrize("data", [page_refs(300), b"text"])
def test_nothing_stays_in_the_folder(data: bytes, scratch: ScratchSpace) -> None:
    try:
        list(read(job_of(data), scratch))
    except UnsupportedFormat:
        assert data == b"text"

    left = [path.name for path in scratch.folder.rglob("*") if path.is_file()]

    assert left == ["lock"]


@pytest.mark.tesseract
def test_pages_read_side_by_side_come_in_their_order(real_app: Flask) -> None:
    long, short = draw_lines(*[SENTENCE] * 12), [draw_lines(word) for word in ("Second", "Third")]

    response = real_app.test_client().post("/v1/documents", data=as_pages([long, *short]))

    first, *others = [page["text"] for page in response.get_json()["pages"]]
    assert first.split() == SENTENCE.split() * 12
    assert others == ["Second", "Third"]


def test_the_language_of_a_page_is_tried_first_on_the_next_which_is_still_checked(
    scratch: ScratchSpace,
) -> None:
    german = ("Die", "Rechnung", "ist", "innerhalb", "von", "zwei", "Wochen", "zu", "bezahlen")
    engine = ReadsWords(*german)
    options = replace(NONE, auto_language=True, installed=("deu", "eng"))
    # The first page is asked for again, when it has been read in the language that was found.
    told = [(Guess("deu", 1.0),)] * 3 + [(Guess("eng", 1.0),)] * 2
    asked = iter(told)
    workers = InlineWorkers(engine, lambda _text, _codes: next(asked))
    make = job_of(page_refs(300, 310, 320), options=options)

    with scratch.job() as folder:
        document = document_from_events(
            recognise_document(make(folder), workers=workers, engine=ENGINE)
        )

    assert [page.language and page.language.codes for page in document.pages] == [
        ("deu",), ("deu",), ("eng",)
    ]  # fmt: skip
    assert [options.languages for options in engine.readings] == [
        ("eng",), ("deu",), ("deu",), ("deu",), ("eng",)
    ]  # fmt: skip
    assert document.engine.languages == ("deu", "eng")
