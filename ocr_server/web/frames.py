"""The live lane: one frame of a camera in, what it shows out; the first refused under load."""

from __future__ import annotations

import time
from dataclasses import replace

from flask import Blueprint, Response, json, request
from typing_extensions import TypedDict

from ocr_server.document.json_writer import zone_to_json
from ocr_server.document.schema import (
    QuadJson,
    Share,
    ZoneJson,
    strict,
)
from ocr_server.errors import EngineMissing
from ocr_server.export.rendering import Rendering
from ocr_server.job import Detail, HandwritingUse, Job
from ocr_server.page.camera_frame import FrameAnalysis
from ocr_server.request.build import check_installed, installed_engine
from ocr_server.service import Service
from ocr_server.web.body import read_job
from ocr_server.web.context import hang_up, service

FRAME_TIMEOUT_S = 5.0  # an older frame is of no use to anybody
LIVE_ENGINE = "tesseract"  # by loaded models where they can be: a process takes longer than a line
HANDWRITING_ENGINE = "rapidocr"

blueprint = Blueprint("frames", __name__)
LIVE_ENDPOINT = "frames.analyse"  # its requests never wait


@strict
class FrameJson(TypedDict):
    """What a frame of a camera shows."""

    width_px: int
    height_px: int
    outline: QuadJson | None
    """the corners of the page, where one is found"""
    sharpness: float
    brightness: Share
    text: str
    zones: list[ZoneJson]
    """what was read; the first is the region to read"""


@blueprint.post("/v1/frames")
def analyse() -> Response:
    """Outline, sharpness and brightness of a frame; and its words, unless `detail=page`.

    The first of `zones` is the region to read; with `handwriting=auto` it is read as handwriting.
    Other options are those of `/v1/documents`, but for `format`: the answer is JSON.
    """
    here = service()
    begun = time.perf_counter()
    with here.admission.admit(is_live=True):
        parsed = read_job(
            request,
            here,
            most_seconds=FRAME_TIMEOUT_S,
            engine=live_engine(here),
            handwriting=HandwritingUse.NEVER,
            is_json_only=True,
        )
        reads = parsed.rendering.detail > Detail.PAGE
        job = _by_hand(parsed.job, here) if reads else parsed.job
        frame = here.analyse_frame(job, hang_up(), reads=reads)
    response = Response(
        json.dumps(_to_json(frame, parsed.rendering)), content_type="application/json"
    )
    duration_ms = (time.perf_counter() - begun) * 1000
    response.headers["Server-Timing"] = f"frame;dur={duration_ms:.1f}"
    return response


def live_engine(here: Service) -> str:
    """The engine for frames that name none: Tesseract where it is installed."""
    try:
        here.engine_named(LIVE_ENGINE)
    except EngineMissing:
        return here.settings.engine
    return LIVE_ENGINE


def _by_hand(job: Job, here: Service) -> Job:
    """The job, by the network for live handwriting if handwriting is asked for.

    Raises:
        EngineUnavailable: the engine that has it is not installed.
        LanguageMissing: it does not know a language.
    """
    options = job.options
    if options.handwriting is HandwritingUse.NEVER:
        return job
    check_installed(options.languages, installed_engine(HANDWRITING_ENGINE, here))
    live = replace(options, engine=HANDWRITING_ENGINE, handwriting=HandwritingUse.LIVE)
    return replace(job, options=live)


def _to_json(frame: FrameAnalysis, rendering: Rendering) -> FrameJson:
    return {
        "width_px": frame.width_px,
        "height_px": frame.height_px,
        "outline": [[round(v, 1) for v in point] for point in frame.outline]
        if frame.outline
        else None,
        "sharpness": round(frame.sharpness, 1),
        "brightness": round(frame.brightness, 3),
        "text": "\n\n".join(zone.text for zone in frame.zones),
        "zones": [zone_to_json(zone, rendering.detail) for zone in frame.zones],
    }
