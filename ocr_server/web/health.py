"""Probes, version and metrics, for operators."""

from __future__ import annotations

from typing import NotRequired

from flask import Blueprint, Response
from typing_extensions import TypedDict

from ocr_server import __version__
from ocr_server.document.schema import (
    strict,
)
from ocr_server.errors import Draining
from ocr_server.metrics import MEDIA_TYPE
from ocr_server.web.context import service

blueprint = Blueprint("health", __name__)


@strict
class EngineNameJson(TypedDict):
    """An engine."""

    name: str
    version: str


@strict
class StatusJson(TypedDict):
    """How the server is."""

    status: str
    notes: NotRequired[list[str]]
    """what was given up for want of memory"""


@strict
class VersionJson(TypedDict):
    """Versions of the server and its engine."""

    name: str
    version: str
    engine: EngineNameJson


@blueprint.get("/livez")
def live() -> StatusJson:
    """Alive: it answers, whatever the load, the queue and the engine."""
    return {"status": "alive"}


@blueprint.get("/readyz")
def ready() -> StatusJson:
    """Ready: an engine with the default languages, not shutting down, whatever the queue."""
    here = service()
    if here.admission.is_draining:
        raise Draining("The server is shutting down.")
    error = here.why_not_ready()
    if error is not None:
        raise error
    status: StatusJson = {"status": "ready"}
    if here.shortfalls:
        status["notes"] = list(here.shortfalls)
    return status


@blueprint.get("/version")
def version() -> VersionJson:
    """Names and versions of the server and its engine."""
    engine = service().engine
    return {
        "name": "ocr-server",
        "version": __version__,
        "engine": {"name": engine.name, "version": engine.version},
    }


@blueprint.get("/metrics")
def metrics() -> Response:
    """All numbers in Prometheus' text format."""
    return Response(service().metrics.render(), content_type=MEDIA_TYPE)
