from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from ocr_server.deadline import Deadline
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
from ocr_server.job import Job, Limits, PageSelection, Reading, Source
from ocr_server.pipeline import (
    Accepted,
    Event,
    Finished,
    PageFailed,
    PageRead,
    document_of,
    recognise_document,
)
from ocr_server.runtime.scratch import Storage
from tests.drawing import SENTENCE, as_file, as_pages, draw_lines
from tests.fakes import FailsOnNarrow, InlineWorkers, ReadsWords, SaysCanvasSize
from tests.waiting import BOUND_S

ENGINE = EngineInfo("fake", "1.0", ("deu", "eng"))
NONE = Reading(steps=())
LEAST_PX = 200


@pytest.fixture
def storage(tmp_path: Path) -> Iterator[Storage]:
    storage = Storage(str(tmp_path))
    yield storage
    storage.close()


def sheets(*widths_px: int) -> bytes:
    return as_pages([draw_lines("text", width_px=width) for width in widths_px])


def job_of(
    *files: bytes,
    reading: Reading = NONE,
    limits: Limits | None = None,
    pages: PageSelection | None = None,
    allowed_s: float = BOUND_S,
) -> Job:
    return Job(
        sources=tuple(map(Source, files)),
        reading=reading,
        limits=limits or Limits(),
        deadline=Deadline.after(allowed_s),
        pages=pages or PageSelection(),
    )


def read(
    job: Job,
    storage: Storage,
    engine: ReadsWords | None = None,
    cancelled: threading.Event | None = None,
) -> Iterator[Event]:
    workers = InlineWorkers(engine or SaysCanvasSize())
    return recognise_document(
        job, workers=workers, storage=storage, engine=ENGINE, cancelled=cancelled
    )


def test_a_document_is_told_as_it_is_read(storage: Storage) -> None:
    accepted, *pages, finished = read(job_of(sheets(300, 310)), storage)

    assert isinstance(accepted, Accepted)
    assert [sheet.number for sheet in accepted.sheets] == [1, 2]
    assert [event.page.width_px for event in pages if isinstance(event, PageRead)] == [300, 310]
    assert isinstance(finished, Finished)
    assert finished.document.pages == tuple(e.page for e in pages if isinstance(e, PageRead))
    assert finished.document.engine == EngineInfo("fake", "1.0", ("eng",))


def test_pages_are_numbered_through_all_files(storage: Storage) -> None:
    job = job_of(sheets(300, 310), as_file(draw_lines("x", width_px=320)), sheets(330, 340))

    document = document_of(read(job, storage))

    told = [(page.number, page.width_px) for page in document.pages]
    assert told == [(1, 300), (2, 310), (3, 320), (4, 330), (5, 340)]


def test_the_pages_asked_for_are_read_and_no_other(storage: Storage) -> None:
    engine = SaysCanvasSize()
    job = job_of(sheets(300, 310, 320), pages=PageSelection(((3, 3), (1, 1))))

    document = document_of(read(job, storage, engine))

    assert [page.number for page in document.pages] == [3, 1]
    assert len(engine.readings) == 2


def test_a_page_that_is_not_there_is_told_before_any_is_read(storage: Storage) -> None:
    engine = SaysCanvasSize()
    job = job_of(sheets(300, 310), pages=PageSelection(((1, 3),)))

    with pytest.raises(PageMissing, match="Page 3 was asked for; the document has 2"):
        list(read(job, storage, engine))

    assert not engine.readings


def test_the_limit_of_pages_holds_for_all_files_together(storage: Storage) -> None:
    job = job_of(sheets(30, 31), sheets(32, 33), limits=Limits(max_pages=3))

    with pytest.raises(TooManyPages, match="4 pages"):
        list(read(job, storage))


def test_a_page_that_fails_takes_no_other_with_it(storage: Storage) -> None:
    engine = FailsOnNarrow(EngineFailed("Too narrow."), least_px=LEAST_PX)

    events = list(read(job_of(sheets(300, 150, 310)), storage, engine))

    assert [type(event) for event in events] == [
        Accepted, PageRead, PageFailed, PageRead, Finished,
    ]  # fmt: skip
    document = document_of(iter(events))
    assert [page.number for page in document.pages] == [1, 3]
    assert [(f.page, f.error.code) for f in document.problems] == [(2, "engine-failed")]


def test_a_fault_of_ours_on_one_page_loses_no_other(storage: Storage) -> None:
    engine = FailsOnNarrow(ZeroDivisionError(), least_px=LEAST_PX)

    document = document_of(read(job_of(sheets(150, 300)), storage, engine))

    assert [page.number for page in document.pages] == [2]
    assert [(f.page, type(f.error)) for f in document.problems] == [(1, EngineFailed)]


def test_a_document_without_a_good_page_is_its_first_problem(storage: Storage) -> None:
    engine = FailsOnNarrow(WorkerLost("It died."), least_px=LEAST_PX)

    with pytest.raises(WorkerLost, match="It died"):
        document_of(read(job_of(sheets(150, 160)), storage, engine))


@pytest.mark.parametrize(
    ("broken", "error"), [(b"text", UnsupportedFormat), (b"%PDF-1.7", DamagedPicture)]
)
def test_a_file_that_cannot_be_opened_is_a_page_that_fails(
    broken: bytes, error: type[Exception], storage: Storage
) -> None:
    document = document_of(read(job_of(sheets(300), broken, sheets(310)), storage))

    assert [(page.number, page.width_px) for page in document.pages] == [(1, 300), (3, 310)]
    assert [(f.page, type(f.error)) for f in document.problems] == [(2, error)]


def test_without_time_nothing_is_read(storage: Storage) -> None:
    engine = SaysCanvasSize()

    with pytest.raises(DeadlinePassed):
        list(read(job_of(sheets(300), allowed_s=0), storage, engine))

    assert not engine.readings


class HangsUp(SaysCanvasSize):
    """The client goes away while the first page is read."""

    def __init__(self) -> None:
        super().__init__()
        self.gone = threading.Event()

    def recognise(self, canvas: Canvas, reading: Reading, deadline: Deadline) -> tuple[Zone, ...]:
        self.gone.set()
        return super().recognise(canvas, reading, deadline)


def test_after_a_hang_up_no_more_pages_are_read(storage: Storage) -> None:
    engine = HangsUp()

    with pytest.raises(ClientGone):
        list(read(job_of(sheets(300, 310, 320)), storage, engine, engine.gone))

    assert len(engine.readings) == 1


def test_closing_the_events_ends_the_work(storage: Storage) -> None:
    engine, cancelled = SaysCanvasSize(), threading.Event()
    events = read(job_of(sheets(300, 310, 320, 330)), storage, engine, cancelled)
    next(events)
    next(events)

    events.close()  # type: ignore[attr-defined]  # a generator, as iterators of events are

    assert cancelled.is_set()
    assert len(engine.readings) < 4


@pytest.mark.parametrize("data", [sheets(300), b"text"])
def test_nothing_stays_in_the_folder(data: bytes, storage: Storage) -> None:
    try:
        list(read(job_of(data), storage))
    except UnsupportedFormat:
        assert data == b"text"

    left = [path.name for path in storage.folder.rglob("*") if path.is_file()]

    assert left == ["lock"]


@pytest.mark.tesseract
def test_pages_read_side_by_side_come_in_their_order(real_app: Flask) -> None:
    long, short = draw_lines(*[SENTENCE] * 12), [draw_lines(word) for word in ("Second", "Third")]

    response = real_app.test_client().post("/v1/documents", data=as_pages([long, *short]))

    first, *others = [page["text"] for page in response.get_json()["pages"]]
    assert first.split() == SENTENCE.split() * 12
    assert others == ["Second", "Third"]
