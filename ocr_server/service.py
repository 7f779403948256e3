"""The service behind HTTP, command line and station: it reads and renders documents."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from ocr_server import pipeline, tasks, traces
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document, EngineInfo, StoredPage, StoredPages
from ocr_server.document.page_files import PageRef
from ocr_server.errors import EngineMissing, NoWorker, OcrServerError, SettingsError
from ocr_server.export import FORMATS, PAGE_IN_JSON, Format
from ocr_server.export.archive import archive_of
from ocr_server.job import Job, Source
from ocr_server.metrics import Metrics
from ocr_server.page.camera_frame import FrameAnalysis
from ocr_server.pipeline import Event, PageFailed, PageRead
from ocr_server.request.build import ParsedRequest, build_job, check_installed
from ocr_server.request.parsing import read_words
from ocr_server.request.profiles import Profile, load_profiles
from ocr_server.runtime.admission import Admission
from ocr_server.runtime.crash_retry import run_twice
from ocr_server.runtime.memory_plan import MemoryPlan, plan_memory
from ocr_server.runtime.pairing import Pairings
from ocr_server.runtime.pool import ProcessWorkerPool, WorkerPool
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.runtime.store import Store
from ocr_server.runtime.watchdog import Watchdog
from ocr_server.settings import Settings
from ocr_server.sources.pixels import PREVIEW_SIDE_PX, SMALL_SIDE_PX

if TYPE_CHECKING:
    from ocr_server.office.plain import OfficeForm, OfficeText

DESCRIBE_TIMEOUT_S = 30.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Answer:
    """A rendered document: its bytes, or the file that has them."""

    format: Format
    content: bytes | Path

    def read(self) -> bytes:
        """All of it."""
        return self.content if isinstance(self.content, bytes) else self.content.read_bytes()


@dataclass(slots=True)
class Service:
    """One server: its settings, worker pool, files, queue, profiles, words and metrics."""

    settings: Settings
    workers: WorkerPool
    scratch: ScratchSpace
    admission: Admission
    profiles: Mapping[str, Profile]
    words: str = ""  # the operator's own, one a line
    shortfalls: tuple[str, ...] = ()  # what was given up for want of memory, as sentences
    store: Store = field(init=False)
    pairings: Pairings = field(init=False)
    metrics: Metrics = field(init=False)
    is_ending: threading.Event = field(default_factory=threading.Event, init=False)
    closing: ExitStack = field(default_factory=ExitStack, init=False)  # ends before the processes
    _watchdog: Watchdog = field(init=False)
    _engines: dict[str, EngineInfo] = field(default_factory=dict, init=False)
    _missing: dict[str, str] = field(default_factory=dict, init=False)  # name and message

    def __post_init__(self) -> None:
        self.store = Store(self.scratch, most_bytes=self.settings.store_bytes)
        self.pairings = Pairings(self.store)
        self.metrics = Metrics(self.workers, self.admission, self.scratch, self.why_not_ready)
        self._watchdog = Watchdog(
            self._read_sample,
            workers=self.workers,
            scratch=self.scratch,
            period_s=self.settings.watchdog_s,
        )

    def watch(self) -> None:
        """Look after itself from now on, as a server or station does that runs for long."""
        self._watchdog.start()

    @classmethod
    def start(cls, settings: Settings, workers: WorkerPool | None = None) -> Service:
        """Start a service with these settings, with worker processes unless a pool is given.

        Raises:
            SettingsError: a profile or the file of words is not understood, or a model is missing.
            StorageFull: the temporary folder cannot be written to.
        """
        # May fail, so before worker processes are started.
        profiles = load_profiles(settings.profiles)
        words = read_words(settings.words) if settings.words else ""
        if settings.handwriting_model and not Path(settings.handwriting_model).is_file():
            raise SettingsError(f"OCR_HANDWRITING_MODEL={settings.handwriting_model!r} is no file.")
        plan = MemoryPlan(settings) if workers else plan_memory(settings)
        settings = plan.settings
        for shortfall in plan.shortfalls:
            log.warning(shortfall)
        workers = workers or ProcessWorkerPool(settings)
        return cls(
            settings=settings,
            workers=workers,
            scratch=ScratchSpace(settings.temp_dir),
            admission=Admission(slots=workers.slots, waiting=settings.waiting),
            profiles=profiles,
            words=words,
            shortfalls=plan.shortfalls,
        )

    @property
    def engine(self) -> EngineInfo:
        """The default engine, for requests that name none.

        Raises:
            EngineMissing: it is not installed.
        """
        return self.engine_named(self.settings.engine)

    def engine_named(self, name: str) -> EngineInfo:
        """Version and languages of an engine choice, by name; determined once.

        Raises:
            EngineMissing: it is not installed.
        """
        if name in self._missing:
            raise EngineMissing(self._missing[name])  # the error would keep its request alive
        if name not in self._engines:
            deadline = Deadline.after(DESCRIBE_TIMEOUT_S)
            try:
                self._engines[name] = self.workers.run(
                    tasks.describe_engine, deadline, threading.Event(), name=name
                )
            except EngineMissing as error:
                # The default engine may be installed later, so it is not remembered.
                if name != self.settings.engine:
                    self._missing[name] = error.message
                raise
        return self._engines[name]

    def why_not_ready(self) -> OcrServerError | None:
        """The error that keeps the server from reading, if any.

        No process, no room for files, no engine or language, or the watchdog could not read.
        """
        if not self.workers.alive:
            return NoWorker.of_server()
        try:
            self.scratch.check()
            check_installed(self.settings.languages, self.engine)
        except OcrServerError as error:
            return error
        return self._watchdog.failure

    def recognise(self, job: Job, cancelled: threading.Event) -> Iterator[Event]:
        """Read the documents of a job as events, and count its pages in the metrics.

        Raises:
            OcrServerError: see `pipeline.recognise_document`; EngineMissing.
        """
        return pipeline.recognise_document(
            job, workers=self.workers, engine=self.engine_named(job.options.engine),
            cancelled=cancelled, observe=self.count,
        )  # fmt: skip

    def read(self, job: Job, cancelled: threading.Event) -> Document:
        """Read the document of a job.

        Raises:
            OcrServerError: no page could be read; see also `pipeline.recognise_document`.
        """
        return pipeline.document_from_events(self.recognise(job, cancelled))

    def render(
        self, document: Document | Source, request: ParsedRequest, cancelled: threading.Event
    ) -> Answer:
        """Render a document in the requested formats; several are packed into an archive.

        The document may be a file of its JSON, as a client sent it.

        Raises:
            OcrServerError: a page failed, and the format cannot tell it; see also
                `pipeline.render_document`.
        """
        tells_problems = request.formats == ("json",) or request.partial
        if isinstance(document, Document) and document.problems and not tells_problems:
            raise _failed_pages(document)
        wanted = {name: FORMATS[name] for name in request.formats}
        format_ = archive_of(wanted) if len(wanted) > 1 else wanted[request.formats[0]]
        return Answer(format_, self._rendered(document, request, format_, cancelled))

    def render_page(
        self, page: StoredPage, request: ParsedRequest, cancelled: threading.Event
    ) -> bytes | Path:
        """Render a page as it stands in the JSON of its document."""
        engine = EngineInfo("", "", ())  # the page does not tell it
        return self._rendered(
            Document(StoredPages((page,)), engine), request, PAGE_IN_JSON, cancelled
        )

    def count(self, event: Event) -> None:
        """Count a page that was read or failed in the metrics; what is read shows that it can."""
        if isinstance(event, PageRead):
            self._watchdog.note_read()
            self.metrics.count_page(event.page)
        elif isinstance(event, PageFailed):
            self.metrics.count_failed_page(event.failure.error)

    def _rendered(
        self,
        document: Document | Source,
        request: ParsedRequest,
        format_: Format,
        cancelled: threading.Event,
    ) -> bytes | Path:
        with traces.span("export", formats=",".join(request.formats)):
            return pipeline.render_document(
                document, request.job.sources, format_=format_, rendering=request.rendering,
                workers=self.workers, deadline=request.job.deadline, cancelled=cancelled,
            )  # fmt: skip

    def draw_preview(
        self, job: Job, cancelled: threading.Event, *, prepared: bool = False
    ) -> bytes:
        """A picture of the first requested page that a browser can show.

        With `prepared` the page is drawn as the engine reads it first.

        Raises:
            DocumentError: the document cannot be opened, is over a limit, or has no such page.
            LoadError: the server is too busy, or the time is over.
        """
        counts = pipeline.count_pages(job, self.workers, cancelled)
        page_ref = pipeline.page_ref_of(job, counts, pipeline.choose_pages(job, counts)[0])
        if not prepared:
            return self.draw_page(job, page_ref, cancelled, longest_px=PREVIEW_SIDE_PX)
        return run_twice(
            self.workers, tasks.draw_prepared_page, job.deadline, cancelled,
            page_ref=page_ref, options=job.options, limits=job.limits, password=job.password,
        )  # fmt: skip

    def draw_page(
        self,
        job: Job,
        page_ref: PageRef,
        cancelled: threading.Event,
        *,
        longest_px: int = SMALL_SIDE_PX,
    ) -> bytes:
        """A picture of a page that a browser can show, its longer side at most `longest_px` pixels.

        Raises:
            DocumentError: the page cannot be opened, or is over a limit.
            LoadError: the server is too busy, or the time is over.
        """
        return run_twice(
            self.workers, tasks.draw_page, job.deadline, cancelled, page_ref=page_ref,
            limits=job.limits, password=job.password, longest_px=longest_px,
        )  # fmt: skip

    def unpack_pictures(
        self, job: Job, media_type: str, cancelled: threading.Event
    ) -> tuple[int, ...]:
        """Write the pictures inside a file that has text into files; the number of pages of each.

        Raises:
            DocumentError: the file cannot be read, or is over a limit.
            LoadError: the server is too busy, or the time is over.
        """
        from ocr_server import office_tasks  # noqa: PLC0415  # most read none

        (source,) = job.sources
        return run_twice(
            self.workers, office_tasks.unpack_pictures, job.deadline, cancelled,
            path=source.path, media_type=media_type, limits=job.limits,
        )  # fmt: skip

    def read_office_file(
        self,
        job: Job,
        media_type: str,
        forms: Sequence[OfficeForm],
        cancelled: threading.Event,
        *,
        wants_blocks: bool,
        pictures: Document | None,
        counts: tuple[int, ...],
    ) -> OfficeText:
        """The text of a file that has text of its own, in each of the forms; see `office`.

        `pictures` has what was read in the pictures inside, of which each has so many pages.

        Raises:
            DocumentError: the file cannot be read, or is over a limit.
            LoadError: the server is too busy, or the time is over.
        """
        from ocr_server import office_tasks  # noqa: PLC0415  # most read none

        (source,) = job.sources
        return run_twice(
            self.workers, office_tasks.read_office_file, job.deadline, cancelled,
            path=source.path, media_type=media_type, forms=tuple(forms), wants_blocks=wants_blocks,
            limits=job.limits, pictures=pictures, counts=counts,
        )  # fmt: skip

    def analyse_frame(self, job: Job, cancelled: threading.Event, *, reads: bool) -> FrameAnalysis:
        """Analyse a frame of a camera (`page.camera_frame`); with `reads`, its text too.

        Raises:
            DocumentError: the frame cannot be opened, or is over a limit.
            LoadError: the server is too busy, or the time is over.
        """
        return run_twice(
            self.workers, tasks.analyse_frame, job.deadline, cancelled,
            path=job.sources[0].path, reads=reads, options=job.options, limits=job.limits,
        )  # fmt: skip

    def _read_sample(self, picture: bytes) -> None:
        # Waiting for a slot takes no longer than a page, unless there is a queue.
        deadline = Deadline.after(2 * self.settings.page_timeout_s)
        with self.scratch.job() as folder:
            job = replace(build_job({}, (folder.add([picture]),), self).job, deadline=deadline)
            events = pipeline.recognise_document(job, workers=self.workers, engine=self.engine)
            pipeline.document_from_events(events)

    def close(self) -> None:
        """End all processes and remove the private folder."""
        self.is_ending.set()
        self.closing.close()
        self._watchdog.stop()
        self.workers.close()
        self.store.close()
        self.scratch.close()


def _failed_pages(document: Document) -> OcrServerError:
    failed = [failure.page for failure in document.problems]
    total = len({page.number for page in document.outlines}.union(failed))
    first = document.problems[0].error
    return type(first)(
        f"{len(failed)} of {total} pages could not be read, or not whole "
        f"({', '.join(map(str, failed))}). {first.message} Send partial=true to get the rest.",
        **first.extra,
        failed_pages=failed,
    )
