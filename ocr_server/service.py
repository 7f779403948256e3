"""What one server consists of, and what it does for HTTP, command line and station alike."""

from __future__ import annotations

import threading
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field

from ocr_server import tasks
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document, EngineInfo
from ocr_server.errors import EngineMissing, OcrServerError
from ocr_server.export import FORMATS, Format
from ocr_server.export.archive import archive_of
from ocr_server.job import Job
from ocr_server.metrics import Metrics
from ocr_server.page.camera_frame import FrameAnalysis
from ocr_server.pipeline import (
    Event,
    PageFailed,
    PageRead,
    analyse_frame,
    document_from_events,
    draw_preview,
    recognise_document,
    render_document,
)
from ocr_server.request.build import ParsedRequest, check_installed
from ocr_server.request.profiles import Profile, load_profiles
from ocr_server.runtime.admission import Admission
from ocr_server.runtime.pool import ProcessWorkerPool, WorkerPool
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.settings import Settings

DESCRIBE_TIMEOUT_S = 30.0


@dataclass(slots=True)
class Service:
    """Settings, slots, folder, queue and numbers of one server."""

    settings: Settings
    workers: WorkerPool
    scratch: ScratchSpace
    admission: Admission
    profiles: Mapping[str, Profile]
    metrics: Metrics = field(init=False)
    _engines: dict[str, EngineInfo] = field(default_factory=dict, init=False)
    _missing: dict[str, str] = field(default_factory=dict, init=False)  # and how to get it

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.workers, self.admission)

    @classmethod
    def start(cls, settings: Settings, workers: WorkerPool | None = None) -> Service:
        """A server as the settings want it, with worker processes unless it is given others.

        Raises:
            SettingsError: a profile is not understood.
            StorageFull: the temporary folder cannot be written to.
        """
        profiles = load_profiles(settings.profiles)  # before anything that would have to end
        workers = workers or ProcessWorkerPool(settings)
        return cls(
            settings=settings,
            workers=workers,
            scratch=ScratchSpace(settings.temp_dir),
            admission=Admission(slots=workers.slots, waiting=settings.waiting),
            profiles=profiles,
        )

    @property
    def engine(self) -> EngineInfo:
        """The engine of requests that name none.

        Raises:
            EngineMissing: it is not installed.
        """
        return self.engine_named(self.settings.engine)

    def engine_named(self, name: str) -> EngineInfo:
        """An engine, asked once and remembered.

        Raises:
            EngineMissing: it is not installed.
        """
        if name in self._missing:
            raise EngineMissing(self._missing[name])  # kept, an error would keep its requests
        if name not in self._engines:
            deadline = Deadline.after(DESCRIBE_TIMEOUT_S)
            try:
                self._engines[name] = self.workers.run(
                    tasks.describe_engine, deadline, threading.Event(), name=name
                )
            except EngineMissing as error:
                if (
                    name != self.settings.engine
                ):  # an option that is not there; the default may come
                    self._missing[name] = error.message
                raise
        return self._engines[name]

    def why_not_ready(self) -> OcrServerError | None:
        """What keeps the server from reading anything, if something does."""
        try:
            check_installed(self.settings.languages, self.engine)
        except OcrServerError as error:
            return error
        return None

    def recognise(self, job: Job, cancelled: threading.Event) -> Iterator[Event]:
        """The events of a job, counted; see `pipeline.recognise_document`."""
        return recognise_document(
            job,
            workers=self.workers,
            scratch=self.scratch,
            engine=self.engine_named(job.options.engine),
            cancelled=cancelled,
            observe=self._count,
        )

    def read(self, job: Job, cancelled: threading.Event) -> Document:
        """The document of a job; see `pipeline.document_from_events`."""
        return document_from_events(self.recognise(job, cancelled))

    def render(
        self, document: Document, request: ParsedRequest, cancelled: threading.Event
    ) -> tuple[Format, Generator[bytes, None, None]]:
        """The document in the formats asked for: as it is in one, in an archive in several.

        Raises:
            OcrServerError: a page failed, and the format cannot say so.
        """
        if document.problems and request.formats != ("json",) and not request.partial:
            raise _failed_pages(document)
        wanted = {name: FORMATS[name] for name in request.formats}
        format_ = archive_of(wanted) if len(wanted) > 1 else wanted[request.formats[0]]
        pieces = render_document(
            document,
            request.job.sources,
            format_=format_,
            rendering=request.rendering,
            workers=self.workers,
            scratch=self.scratch,
            deadline=request.job.deadline,
            cancelled=cancelled,
        )
        return format_, pieces

    def draw_preview(
        self, job: Job, cancelled: threading.Event, *, prepared: bool = False
    ) -> bytes:
        """The first page asked for, for a browser; see `pipeline.draw_preview`."""
        return draw_preview(
            job,
            workers=self.workers,
            scratch=self.scratch,
            cancelled=cancelled,
            prepared=prepared,
        )

    def analyse_frame(self, job: Job, cancelled: threading.Event, *, reads: bool) -> FrameAnalysis:
        """What a frame of a camera shows; see `pipeline.analyse_frame`."""
        return analyse_frame(
            job, reads=reads, workers=self.workers, scratch=self.scratch, cancelled=cancelled
        )

    def _count(self, event: Event) -> None:
        if isinstance(event, PageRead):
            self.metrics.count_page(event.page)
        elif isinstance(event, PageFailed):
            self.metrics.count_failed_page(event.failure.error)

    def close(self) -> None:
        """End every process and remove the private folder."""
        self.workers.close()
        self.scratch.close()


def _failed_pages(document: Document) -> OcrServerError:
    failed = [failure.page for failure in document.problems]
    total = len({page.number for page in document.pages}.union(failed))
    first = document.problems[0].error
    return type(first)(
        f"{len(failed)} of {total} pages could not be read, or not whole "
        f"({', '.join(map(str, failed))}). {first.message} Send partial=true to get the rest.",
        **first.extra,
        failed_pages=failed,
    )
