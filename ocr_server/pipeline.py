"""From files to a document, page by page.

The files stand in the request's private folder, and their pages are counted. Each page is decoded
and read by a worker process, several at a time if there are slots, and events are yielded in page
order. A page that cannot be read gives a `PageFailed` event; the others are read all the same.
"""

from __future__ import annotations

import itertools
import logging
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TypeAlias

from ocr_server import tasks, traces
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document, EngineInfo, Failure, Page, StoredPage, StoredPages
from ocr_server.document.page_files import PageRef
from ocr_server.errors import AnswerTooLarge, ClientGone, EngineFailed, OcrServerError, PageMissing
from ocr_server.export import Format
from ocr_server.export.rendering import Rendering
from ocr_server.job import Job, Source
from ocr_server.page.language_band import is_vertical
from ocr_server.runtime.crash_retry import run_twice
from ocr_server.runtime.pool import WorkerPool
from ocr_server.sources.decode import too_many_pages
from ocr_server.sources.signatures import may_have_pages

log = logging.getLogger(__name__)

# Of a document, in the server process: a word takes about a kilobyte. Pages beyond are stored in
# the folder of the request, and the document is rendered by a worker process.
MOST_HELD_WORDS = 5_000
# Of rendered files: a document that is streamed may have one for each page at the same time.
_NUMBERS = itertools.count()


@dataclass(frozen=True, slots=True)
class Accepted:
    """The files were opened; these pages are going to be read."""

    page_refs: tuple[PageRef, ...]


@dataclass(frozen=True, slots=True)
class PageRead:
    """A page was read; one of many words is stored in the folder of the request."""

    page: Page | StoredPage


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
        counts = count_pages(job, workers, cancelled)
        page_refs = tuple(page_ref_of(job, counts, number) for number in choose_pages(job, counts))
        yield Accepted(page_refs)
        pages, failures = [], []
        most_held_words = MOST_HELD_WORDS

        def read(like: Job, page_ref: PageRef) -> PageRead | PageFailed:
            return read_page(
                like, workers, cancelled, page_ref, most_held_words=most_held_words
            )  # fmt: skip

        events: Iterable[PageRead | PageFailed]
        if len(page_refs) == 1:
            # Most documents have one page; a thread would take a tenth of a small picture's time.
            events = [read_page(job, workers, cancelled, page_refs[0], is_alone=True)]
        else:
            events = _read_side_by_side(read, job, page_refs, workers.slots, cancelled)
        for event in events:
            if isinstance(event, PageRead):
                pages.append(event.page)
                most_held_words = max(0, most_held_words - len(event.page.outline.words))
                if missing := event.page.outline.missing_part:
                    failures.append(Failure(event.page.outline.number, missing.as_error()))
            elif isinstance(event, PageFailed):
                failures.append(event.failure)
            if observe:
                observe(event)
            yield event
        engine_used = replace(engine, languages=_languages_of(pages, job))
        yield Finished(Document(_pages_of(pages), engine_used, tuple(failures)))
    finally:
        cancelled.set()


def count_pages(job: Job, workers: WorkerPool, cancelled: threading.Event) -> list[int]:
    """The number of pages of each file; only formats with several pages are opened for it.

    Raises:
        DocumentError: a file cannot be opened.
        LoadError: the server is too busy, or the time is over.
    """

    def count(path: Path) -> int:
        return run_twice(
            workers, tasks.count_pages, job.deadline, cancelled,
            path=path, limits=job.limits, password=job.password,
        )  # fmt: skip

    paths = [source.path for source in job.sources]
    return [count(path) if may_have_pages(path) else 1 for path in paths]


def choose_pages(job: Job, counts: Sequence[int]) -> list[int]:
    """The numbers of the pages that the job asks for, counted from 1 through all files.

    Raises:
        DocumentError: there are more pages than allowed, or a requested one does not exist.
    """
    total = sum(counts)
    if total > job.limits.max_pages:
        raise too_many_pages(total, job.limits)
    missing = job.pages.beyond(total)
    if missing is not None:
        raise PageMissing(
            f"Page {missing} was asked for; the document has {total}.", page=missing, pages=total
        )
    return list(job.pages.choose(total))


def page_ref_of(job: Job, counts: Sequence[int], number: int) -> PageRef:
    """The place of a page by its number; `counts` are the numbers of pages of the job's files."""
    index = number - 1
    for source, count in zip(job.sources, counts, strict=True):
        if index < count:
            return PageRef(
                source.path, index, number,
                reports_progress=job.reports_progress, is_drawn=job.draws_pages,
            )  # fmt: skip
        index -= count
    raise IndexError(number)


def read_page(
    job: Job,
    workers: WorkerPool,
    cancelled: threading.Event,
    page_ref: PageRef,
    *,
    is_alone: bool = False,
    most_held_words: int = MOST_HELD_WORDS,
) -> PageRead | PageFailed:
    """Read a page in a worker process; an error becomes a `PageFailed`.

    An unexpected error is raised if the page `is_alone`, else logged and recorded as a failure.

    Raises:
        ClientGone: `cancelled` was set.
    """
    try:
        with traces.span("page", page=page_ref.number):
            reading = run_twice(
                workers, tasks.read_page, job.deadline, cancelled,
                page_ref=page_ref, options=job.options, limits=job.limits, password=job.password,
                most_held_words=most_held_words,
            )  # fmt: skip
            traces.add_stages(reading.page.stages)
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
    return PageRead(reading.kept(page_ref))


def with_language_of(page: Page, job: Job) -> Job:
    """The job for pages after this one: its language, if it is sure, is tried first.

    So most pages of a document are read but once. Each is still checked, as the first one is.
    """
    language = page.language
    if language is None or not language.is_sure or is_vertical(language.codes[0]):
        return job
    return replace(job, options=replace(job.options, languages=language.codes[:1]))


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


def render_document(
    document: Document | Source,
    sources: tuple[Source, ...],
    *,
    format_: Format,
    rendering: Rendering,
    workers: WorkerPool,
    deadline: Deadline,
    cancelled: threading.Event,
) -> bytes | Path:
    """The document in a format, or a file with it.

    Formats that need the pictures, and large documents, are rendered in a worker process. The
    document may be a file of its JSON, as a client sent it.

    Raises:
        AnswerTooLarge: it has more bytes than the limit.
        ClientGone, DeadlinePassed: the work was stopped.
        DocumentError: a source cannot be opened.
        FormatUnavailable: a source is missing, or its page differs in size from the one read.
        InvalidOptions: the JSON is not that of a document.
        LoadError: the server is too busy, or the time is over.
    """
    described: Document | Path
    if isinstance(document, Document):
        is_small = not isinstance(document.pages, StoredPages)
        if is_small and not (format_.shows_pictures and sources):
            return _rendered_here(document, format_, rendering, deadline, cancelled)
        beside, described = sources[0].path, document
        workers = workers.for_pages(len(document.pages))
    else:
        beside, described = document.path, document.path
    result = beside.with_name(f"{beside.name}-rendered-{next(_NUMBERS)}")
    claims = run_twice(
        workers, tasks.render, deadline, cancelled,
        document=described, paths=tuple(source.path for source in sources),
        render=format_.render, rendering=rendering, result=result,
    )  # fmt: skip
    rendering.claims.update(claims)
    return result


def _rendered_here(
    document: Document,
    format_: Format,
    rendering: Rendering,
    deadline: Deadline,
    cancelled: threading.Event,
) -> bytes:
    content, limit = bytearray(), rendering.limits.max_answer_bytes
    for piece in format_.render(document, (), rendering):
        content += piece
        deadline.check()
        if cancelled.is_set():
            raise ClientGone("The client hung up.")
        if len(content) > limit:
            raise AnswerTooLarge.of(limit)
    return bytes(content)


def _pages_of(read: list[Page | StoredPage]) -> Sequence[Page]:
    held = tuple(page for page in read if isinstance(page, Page))
    return held if len(held) == len(read) else StoredPages(read)


def _languages_of(pages: Sequence[Page | StoredPage], job: Job) -> tuple[str, ...]:
    """The languages that the pages were read in; those of the job if they were told."""
    languages = (page.outline.language for page in pages)
    found = (code for language in languages if language for code in language.codes)
    return tuple(dict.fromkeys(found)) or job.options.languages


def _read_side_by_side(
    read: Callable[[Job, PageRef], PageRead | PageFailed],
    job: Job,
    page_refs: tuple[PageRef, ...],
    slots: int,
    cancelled: threading.Event,
) -> Iterator[PageRead | PageFailed]:
    """Read the pages in threads, as many at a time as there are slots; the results are in order.

    A page is read as the pages before it that were finished in order taught it to be, so that the
    same document gives the same answer with the same number of slots.
    """
    waiting = iter(page_refs)
    with ThreadPoolExecutor(slots) as threads:

        def begin(count: int, like: Job) -> Iterator[Future[PageRead | PageFailed]]:
            for page_ref in islice(waiting, count):
                # In a context of its own, for the spans of traces.
                yield threads.submit(copy_context().run, read, like, page_ref)

        begun = deque(begin(slots, job))
        try:
            while begun:
                event = begun.popleft().result()
                if isinstance(event, PageRead):
                    job = with_language_of(event.page.outline, job)
                begun.extend(begin(1, job))
                yield event
        finally:
            cancelled.set()
