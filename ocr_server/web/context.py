"""The server that a request belongs to, its private folder, and whether its client is there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import ExitStack

from flask import Flask, current_app, g, request

from ocr_server.runtime.scratch import JobFolder
from ocr_server.service import Service

EXTENSION = "ocr_server"


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
    """The event of the client’s hang-up; never set if the WSGI server reports none."""
    return HangUp(request.environ.get("waitress.client_disconnected", lambda: False))


def job_folder() -> JobFolder:
    """The private folder of the current request: made when it is first asked for.

    It is removed at the end of the request, or when the stack of `keep_job_folder` is closed.

    Raises:
        StorageFull: the temporary folder is full or read-only.
    """
    if "folder" not in g:
        g.kept = ExitStack()
        g.folder = g.kept.enter_context(service().scratch.job())
    folder: JobFolder = g.folder
    return folder


def is_folder_removed() -> bool:
    """Whether somebody has removed the private folder under the current request."""
    return "folder" in g and not g.folder.path.exists()


def keep_job_folder() -> ExitStack:
    """What removes the private folder of the current request, for an answer that outlasts it."""
    kept: ExitStack = g.pop("kept", None) or ExitStack()
    return kept


def remove_job_folder(_: BaseException | None) -> None:
    """Remove the private folder of the request that ends, unless it is kept."""
    keep_job_folder().close()
