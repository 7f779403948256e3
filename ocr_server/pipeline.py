"""How a document is read: the story that everything else serves.

Bytes go into a private folder; their pages are counted; each page is opened and read by a worker,
as many at a time as there are slots; what comes out leaves in order, as events. A page that cannot
be read is an event like any other and takes no other page with it.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from ocr_server import tasks
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document, EngineInfo, Failure, Page
from ocr_server.errors import ClientGone, DamagedPicture, EngineFailed, OcrServerError, PageMissing
from ocr_server.export import Format
from ocr_server.job import Job, Rendering, Source
from ocr_server.page.camera_frame import FrameAnalysis
from ocr_server.runtime.pool import WorkerPool
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.sources.decode import too_many_pages
from ocr_server.sources.signatures import may_have_pages
from ocr_server.tasks import PageRef

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Accepted:
    """The document was opened; these are going to be read."""

    page_refs: tuple[PageRef, ...]


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page is ready."""

    page: Page


@dataclass(frozen=True, slots=True)
class PageFailed:
    """A page could not be read."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Finished:
    """The end, with everything that was read."""

    document: Document


Event: TypeAlias = Accepted | PageRead | PageFailed | Finished


def recognise_document(
    job: Job,
    *,
    workers: WorkerPool,
    scratch: ScratchSpace,
    engine: EngineInfo,
    cancelled: threading.Event | None = None,
    observe: Callable[[Event], None] | None = None,
) -> Iterator[Event]:
    """Read a document, page by page; closing the iterator or setting `cancelled` ends the work.

    `observe` sees each page, or its failure, before it leaves.

    Raises:
        DocumentError: it is over a limit, or has no such page.
        LoadError: it cannot be done now, or not in time.
    """
    cancelled = cancelled or threading.Event()
    try:
        with scratch.job(tuple(source.data for source in job.sources)) as paths:
            page_refs = tuple(_wanted(job, _count(job, paths, workers, cancelled)))
            yield Accepted(page_refs)
            pages, failures = [], []
            read = partial(_read_page, job, workers, cancelled, is_alone=len(page_refs) == 1)
            # Most have one page; a thread would take a tenth of a small picture's time.
            events = (
                map(read, page_refs)
                if len(page_refs) == 1
                else _read_side_by_side(read, page_refs, workers.slots, cancelled)
            )
            for event in events:
                if isinstance(event, PageRead):
                    pages.append(event.page)
                    if missing := event.page.missing_part:
                        damaged = DamagedPicture(f"{missing.message} {missing.advice}")
                        failures.append(Failure(event.page.number, damaged))
                elif isinstance(event, PageFailed):
                    failures.append(event.failure)
                if observe:
                    observe(event)
                yield event
            reader = replace(engine, languages=job.options.languages)
            yield Finished(Document(tuple(pages), reader, tuple(failures)))
    finally:
        cancelled.set()


def document_from_events(events: Iterator[Event]) -> Document:
    """The document at the end of the events.

    Raises:
        OcrServerError: no page could be read; what was wrong with the first.
    """
    # To the very end, not to the first: the folder of the files is removed there, and an error
    # raised from here would keep a waiting iterator alive in its traceback.
    document = None
    for event in events:
        if isinstance(event, Finished):
            document = event.document
    assert document is not None  # noqa: S101  # the last event has it
    if document.problems and not document.pages:
        raise document.problems[0].error
    return document


def draw_preview(
    job: Job,
    *,
    workers: WorkerPool,
    scratch: ScratchSpace,
    cancelled: threading.Event,
    prepared: bool = False,
) -> bytes:
    """The first page that the job asks for, as a browser can show it (`sources.decode`).

    With `prepared` it is drawn as the engine gets to see it.

    Raises:
        DocumentError: it cannot be opened, or is over a limit.
        LoadError: it cannot be done now, or not in time.
    """
    with scratch.job(tuple(source.data for source in job.sources)) as paths:
        page_ref = next(_wanted(job, _count(job, paths, workers, cancelled)))
        if prepared:
            return workers.run(
                tasks.draw_prepared_page, job.deadline, cancelled,
                page_ref=page_ref, options=job.options, limits=job.limits, password=job.password,
            )  # fmt: skip
        return workers.run(
            tasks.draw_page, job.deadline, cancelled,
            page_ref=page_ref, limits=job.limits, password=job.password,
        )  # fmt: skip


def render_document(
    document: Document,
    sources: tuple[Source, ...],
    *,
    format_: Format,
    rendering: Rendering,
    workers: WorkerPool,
    scratch: ScratchSpace,
    deadline: Deadline,
    cancelled: threading.Event,
) -> Generator[bytes, None, None]:
    """The document in a format, in pieces; what shows the pictures is made by a worker.

    Raises:
        DocumentError: a source cannot be shown.
        FormatUnavailable: a source is missing, or not the one that was read.
        LoadError: it cannot be done now, or not in time.
    """
    if not format_.shows_pictures or not sources:
        for piece in format_.render(document, (), rendering):
            deadline.check()
            yield piece
        return
    with scratch.job(tuple(source.data for source in sources)) as paths:
        result = paths[0].with_name("result")
        workers.run(
            tasks.render, deadline, cancelled,
            document=document, paths=paths, render=format_.render, rendering=rendering,
            result=result,
        )  # fmt: skip
        with result.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece


def analyse_frame(
    job: Job, *, reads: bool, workers: WorkerPool, scratch: ScratchSpace, cancelled: threading.Event
) -> FrameAnalysis:
    """What a frame of a camera shows (`page.camera_frame`); it lasts for this moment only.

    Raises:
        DocumentError: it cannot be opened, or is over a limit.
        LoadError: it cannot be done now, or not in time.
    """
    with scratch.job((job.sources[0].data,)) as (path,):
        return workers.run(
            tasks.analyse_frame, job.deadline, cancelled,
            path=path, reads=reads, options=job.options, limits=job.limits,
        )  # fmt: skip


def _count(
    job: Job, paths: tuple[Path, ...], workers: WorkerPool, cancelled: threading.Event
) -> list[tuple[Path, int]]:
    """The files and how many pages each has; only what can have several is opened for that."""

    def count(path: Path) -> int:
        return workers.run(
            tasks.count_pages, job.deadline, cancelled,
            path=path, limits=job.limits, password=job.password,
        )  # fmt: skip

    return [(path, count(path) if may_have_pages(path) else 1) for path in paths]


def _wanted(job: Job, counts: list[tuple[Path, int]]) -> Iterator[PageRef]:
    total = sum(count for _, count in counts)
    if total > job.limits.max_pages:
        raise too_many_pages(total, job.limits)
    missing = job.pages.beyond(total)
    if missing is not None:
        raise PageMissing(
            f"Page {missing} was asked for; the document has {total}.", page=missing, pages=total
        )
    page_refs = [(path, index) for path, count in counts for index in range(count)]
    return (
        PageRef(*page_refs[number - 1], number, is_watched=job.is_watched)
        for number in job.pages.choose(total)
    )


def _read_page(
    job: Job,
    workers: WorkerPool,
    cancelled: threading.Event,
    page_ref: PageRef,
    *,
    is_alone: bool,
) -> PageRead | PageFailed:
    """A page read, or why not; a fault of ours is raised only where no other page is lost by it."""
    try:
        page = workers.run(
            tasks.read_page, job.deadline, cancelled,
            page_ref=page_ref, options=job.options, limits=job.limits, password=job.password,
        )  # fmt: skip
    except ClientGone:
        raise
    except OcrServerError as error:
        return PageFailed(Failure(page_ref.number, error))
    except Exception as error:
        if is_alone:
            raise
        log.exception("a page failed unexpectedly")
        lost = EngineFailed("The page could not be read; the server's log has the reason.")
        lost.__cause__ = error
        return PageFailed(Failure(page_ref.number, lost))
    return PageRead(page)


def _read_side_by_side(
    read: Callable[[PageRef], PageRead | PageFailed],
    page_refs: tuple[PageRef, ...],
    slots: int,
    cancelled: threading.Event,
) -> Iterator[PageRead | PageFailed]:
    """The pages in order; no more are begun than there are slots."""
    waiting = iter(page_refs)
    with ThreadPoolExecutor(slots) as threads:
        begun = deque(threads.submit(read, page_ref) for page_ref in islice(waiting, slots))
        try:
            while begun:
                first = begun.popleft()
                wait([first])
                begun.extend(threads.submit(read, page_ref) for page_ref in islice(waiting, 1))
                yield first.result()
        finally:
            cancelled.set()
