"""From files to a document, page by page.

The files are written to a private folder and their pages counted. Each page is decoded and read by
a worker process, several at a time if there are slots, and events are yielded in page order. A page
that cannot be read gives a `PageFailed` event; the other pages are read all the same.
"""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
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
from ocr_server.page.script import is_vertical
from ocr_server.runtime.pool import WorkerPool
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.sources.decode import too_many_pages
from ocr_server.sources.signatures import may_have_pages
from ocr_server.tasks import PageRef

log = logging.getLogger(__name__)

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Accepted:
    """The files were opened; these pages are going to be read."""

    page_refs: tuple[PageRef, ...]


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page was read."""

    page: Page


@dataclass(frozen=True, slots=True)
class PageFailed:
    """A page could not be read."""

    failure: Failure


@dataclass(frozen=True, slots=True)
class Finished:
    """All pages were read or failed; the last event."""

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

    `observe` gets each `PageRead` and `PageFailed` before it is yielded.

    Raises:
        DocumentError: the document is over a limit, or has no such page.
        LoadError: the server is too busy, or the time is over.
    """
    cancelled = cancelled or threading.Event()
    try:
        with scratch.job(tuple(source.data for source in job.sources)) as paths:
            page_refs = tuple(_choose_pages(job, _count(job, paths, workers, cancelled)))
            yield Accepted(page_refs)
            pages, failures = [], []
            read = partial(_read_page, workers, cancelled, is_alone=len(page_refs) == 1)
            # Most documents have one page; a thread would take a tenth of a small picture's time.
            events = (
                (read(job, page_ref) for page_ref in page_refs)
                if len(page_refs) == 1
                else _read_side_by_side(read, job, page_refs, workers.slots, cancelled)
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
            engine_used = replace(engine, languages=_languages_of(pages, job))
            yield Finished(Document(tuple(pages), engine_used, tuple(failures)))
    finally:
        cancelled.set()


def document_from_events(events: Iterator[Event]) -> Document:
    """The document of the `Finished` event; all events are consumed.

    Raises:
        OcrServerError: no page could be read; the error of the first page.
    """
    # Consume all events and do not stop at `Finished`: the folder of the files is removed after it,
    # and the traceback of an error raised here would keep an unfinished iterator alive.
    document = None
    for event in events:
        if isinstance(event, Finished):
            document = event.document
    assert document is not None  # noqa: S101  # `Finished` is always yielded
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
    """A picture of the first requested page that a browser can show (`sources.decode`).

    With `prepared` the page is drawn as the engine reads it first.

    Raises:
        DocumentError: the document cannot be opened, is over a limit, or has no such page.
        LoadError: the server is too busy, or the time is over.
    """
    with scratch.job(tuple(source.data for source in job.sources)) as paths:
        page_ref = next(_choose_pages(job, _count(job, paths, workers, cancelled)))
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
    """The document in a format, in pieces of bytes.

    Formats that need the pictures are rendered in a worker process.

    Raises:
        DocumentError: a source cannot be opened.
        FormatUnavailable: a source is missing, or its page differs in size from the one read.
        LoadError: the server is too busy, or the time is over.
    """
    if not format_.shows_pictures or not sources:
        for piece in format_.render(document, (), rendering):
            deadline.check()
            yield piece
        return
    with scratch.job(tuple(source.data for source in sources)) as paths:
        result = paths[0].with_name("result")
        claims = workers.run(
            tasks.render, deadline, cancelled,
            document=document, paths=paths, render=format_.render, rendering=rendering,
            result=result,
        )  # fmt: skip
        rendering.claims.update(claims)
        with result.open("rb") as file:
            while piece := file.read(PIECE_BYTES):
                yield piece


def analyse_frame(
    job: Job, *, reads: bool, workers: WorkerPool, scratch: ScratchSpace, cancelled: threading.Event
) -> FrameAnalysis:
    """Analyse a frame of a camera (`page.camera_frame`); with `reads`, its text too.

    Raises:
        DocumentError: the frame cannot be opened, or is over a limit.
        LoadError: the server is too busy, or the time is over.
    """
    with scratch.job((job.sources[0].data,)) as (path,):
        return workers.run(
            tasks.analyse_frame, job.deadline, cancelled,
            path=path, reads=reads, options=job.options, limits=job.limits,
        )  # fmt: skip


def _count(
    job: Job, paths: tuple[Path, ...], workers: WorkerPool, cancelled: threading.Event
) -> list[tuple[Path, int]]:
    """The files and their numbers of pages; only formats with several pages are opened for it."""

    def count(path: Path) -> int:
        return workers.run(
            tasks.count_pages, job.deadline, cancelled,
            path=path, limits=job.limits, password=job.password,
        )  # fmt: skip

    return [(path, count(path) if may_have_pages(path) else 1) for path in paths]


def _choose_pages(job: Job, counts: list[tuple[Path, int]]) -> Iterator[PageRef]:
    """The pages that the job asks for, numbered from 1 through all files.

    Raises:
        DocumentError: there are more pages than allowed, or a requested one does not exist.
    """
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
        PageRef(*page_refs[number - 1], number, reports_progress=job.reports_progress)
        for number in job.pages.choose(total)
    )


def _languages_of(pages: Sequence[Page], job: Job) -> tuple[str, ...]:
    """The languages that the pages were read in; those of the job if they were told."""
    found = (code for page in pages if page.language for code in page.language.codes)
    return tuple(dict.fromkeys(found)) or job.options.languages


def _with_language_of(event: PageRead | PageFailed, job: Job) -> Job:
    """The job for pages after this one: its language, if it is sure, is tried first.

    So most pages of a document are read but once. Each is still checked, as the first one is.
    """
    language = event.page.language if isinstance(event, PageRead) else None
    if language is None or not language.is_sure or is_vertical(language.codes[0]):
        return job
    return replace(job, options=replace(job.options, languages=language.codes[:1]))


def _read_page(
    workers: WorkerPool,
    cancelled: threading.Event,
    job: Job,
    page_ref: PageRef,
    *,
    is_alone: bool,
) -> PageRead | PageFailed:
    """Read a page in a worker process; an error becomes a `PageFailed`.

    An unexpected error is raised if the page `is_alone`, else logged and recorded as a failure.
    """
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
    read: Callable[[Job, PageRef], PageRead | PageFailed],
    job: Job,
    page_refs: tuple[PageRef, ...],
    slots: int,
    cancelled: threading.Event,
) -> Iterator[PageRead | PageFailed]:
    """Read the pages in threads, as many at a time as there are slots; the results are in order.

    A page is read as the last one of those that were finished in order taught it to be, so that
    the same document gives the same answer with the same number of slots.
    """
    waiting = iter(page_refs)
    with ThreadPoolExecutor(slots) as threads:
        begun = deque(threads.submit(read, job, page_ref) for page_ref in islice(waiting, slots))
        try:
            while begun:
                event = begun.popleft().result()
                job = _with_language_of(event, job)
                begun.extend(threads.submit(read, job, page_ref) for page_ref in islice(waiting, 1))
                yield event
        finally:
            cancelled.set()
