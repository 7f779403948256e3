"""The server's numbers, for Prometheus."""

from __future__ import annotations

from flask import Blueprint, Response

from ocr_server.metrics import MEDIA_TYPE
from ocr_server.web.service import service

blueprint = Blueprint("metrics", __name__)


@blueprint.get("/metrics")
def metrics() -> Response:
    """All numbers in Prometheus' text format."""
    return Response(service().metrics.render(), content_type=MEDIA_TYPE)
