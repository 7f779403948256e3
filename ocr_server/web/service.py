"""What one server consists of, and how a view reaches it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import dataclass, field

from flask import Flask, current_app, request

from ocr_server import tasks
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document, EngineInfo
from ocr_server.errors import EngineMissing, LanguageMissing, OcrServerError
from ocr_server.export.format import Format, Rendering
from ocr_server.job import Job
from ocr_server.metrics import Metrics
from ocr_server.pipeline import (
    Event,
    PageFailed,
    PageRead,
    recognise_document,
    render_document,
)
from ocr_server.request.profiles import Profile
from ocr_server.runtime.admission import Admission
from ocr_server.runtime.pool import WorkerPool
from ocr_server.runtime.scratch import ScratchSpace
from ocr_server.settings import Settings

EXTENSION = "ocr_server"
DESCRIBE_TIMEOUT_S = 30.0


@dataclass(slots=True)
class Service:
    """Settings, slots, folder, queue and numbers of one server, made by `create_app`."""

    settings: Settings
    workers: WorkerPool
    scratch: ScratchSpace
    admission: Admission
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    metrics: Metrics = field(init=False)
    _engines: dict[str, EngineInfo] = field(default_factory=dict, init=False)
    _missing: dict[str, str] = field(default_factory=dict, init=False)  # and how to get it

    def __post_init__(self) -> None:
        self.metrics = Metrics(self.workers, self.admission)

    @property
    def engine(self) -> EngineInfo:
        """Who reads when a request does not say.

        Raises:
            EngineMissing: nobody does.
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
        for event in recognise_document(
            job,
            workers=self.workers,
            scratch=self.scratch,
            engine=self.engine_named(job.options.engine),
            cancelled=cancelled,
        ):
            if isinstance(event, PageRead):
                self.metrics.count_page(event.page)
            elif isinstance(event, PageFailed):
                self.metrics.count_failed_page(event.failure.error)
            yield event

    def render(
        self, document: Document, job: Job, *, format_: Format, rendering: Rendering
    ) -> Generator[bytes, None, None]:
        """The document in a format; see `pipeline.render_document`."""
        return render_document(
            document,
            job.sources,
            format_=format_,
            rendering=rendering,
            workers=self.workers,
            scratch=self.scratch,
            deadline=job.deadline,
            cancelled=hang_up(),
        )

    def close(self) -> None:
        """End every process and remove the private folder."""
        self.workers.close()
        self.scratch.close()


class HangUp(threading.Event):
    """Set by hand, or by the client's hanging up."""

    def __init__(self, is_gone: Callable[[], bool]) -> None:
        super().__init__()
        self._is_gone = is_gone

    def is_set(self) -> bool:
        """Whether nobody waits for the answer any more."""
        return super().is_set() or self._is_gone()


def service_of(app: Flask) -> Service:
    """The server that an application was made with."""
    found = app.extensions[EXTENSION]
    assert isinstance(found, Service)  # noqa: S101  # put there by create_app
    return found


def service() -> Service:
    """The server that the current request came to."""
    return service_of(current_app)


def hang_up() -> HangUp:
    """The event of the current client's hanging up, where the WSGI server can tell."""
    return HangUp(request.environ.get("waitress.client_disconnected", lambda: False))


def check_installed(languages: tuple[str, ...], engine: EngineInfo) -> None:
    """Do nothing if the engine has all the languages.

    Raises:
        LanguageMissing: it has not.
    """
    missing = [name for name in languages if name not in engine.languages]
    if missing:
        raise LanguageMissing(
            f"Not installed: {', '.join(missing)}. Installed are "
            f"{', '.join(engine.languages) or 'none'}.",
            missing=missing,
            installed=list(engine.languages),
        )
