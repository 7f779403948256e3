"""The server that a request belongs to, and whether its client is still there."""

from __future__ import annotations

import threading
from collections.abc import Callable

from flask import Flask, current_app, request

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
