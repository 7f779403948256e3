"""The live lane: one frame of a camera in, what it shows out; the first refused under load."""

from __future__ import annotations

import time
from typing import Any

from flask import Blueprint, Response, json, request

from ocr_server.document.payload import zone_to_json
from ocr_server.errors import EngineMissing
from ocr_server.export.format import Rendering
from ocr_server.job import Detail, Job
from ocr_server.page.camera_frame import FrameAnalysis
from ocr_server.pipeline import analyse_frame
from ocr_server.web.forms import read_job
from ocr_server.web.service import Service, hang_up, service

FRAME_TIMEOUT_S = 5.0  # an older frame is of no use to anybody
# Keeps its models loaded: starting a process costs more than reading a line.
LIVE_ENGINE = "tesserocr"

blueprint = Blueprint("frames", __name__)


@blueprint.post("/v1/frames")
def look() -> Response:
    """Outline, sharpness and brightness of a frame; and its words, unless `detail=page`.

    The first of `zones` is the region to read. Other options are those of `/v1/documents`.
    """
    here = service()
    begun = time.perf_counter()
    with here.admission.turn(live=True):
        asked = read_job(request, here, most_seconds=FRAME_TIMEOUT_S, engine=live_engine(here))
        frame = _look(here, asked.job, reads=asked.rendering.detail > Detail.PAGE)
    response = Response(json.dumps(_told(frame, asked.rendering)), content_type="application/json")
    duration_ms = (time.perf_counter() - begun) * 1000
    response.headers["Server-Timing"] = f"frame;dur={duration_ms:.1f}"
    return response


def live_engine(here: Service) -> str:
    """The engine for frames that name none: tesserocr where it is installed, being the quickest."""
    try:
        here.engine_named(LIVE_ENGINE)
    except EngineMissing:
        return here.settings.engine
    return LIVE_ENGINE


def _look(here: Service, job: Job, *, reads: bool) -> FrameAnalysis:
    return analyse_frame(
        job, reads=reads, workers=here.workers, scratch=here.scratch, cancelled=hang_up()
    )


def _told(frame: FrameAnalysis, rendering: Rendering) -> dict[str, Any]:
    return {
        "width_px": frame.width_px,
        "height_px": frame.height_px,
        "outline": frame.outline and [[round(v, 1) for v in point] for point in frame.outline],
        "sharpness": round(frame.sharpness, 1),
        "brightness": round(frame.brightness, 3),
        "text": "\n\n".join(zone.text for zone in frame.zones),
        "zones": [zone_to_json(zone, rendering.detail) for zone in frame.zones],
    }
