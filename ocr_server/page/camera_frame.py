"""One frame of a camera: where the page is, how sharp and bright it is, and what it says.

Quick before thorough: no second reading, no search for the right way up; the next frame comes
soon, and the person who holds the paper turns it. Nor is the second reader asked: to find the lines
of a frame takes it half a second, a tenth where they are large, on top of the first reading.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from ocr_server.document.model import Zone
from ocr_server.geometry import Quad
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.glyphs import shrink
from ocr_server.imaging.perspective import find_page_quad
from ocr_server.job import ReadOptions
from ocr_server.layout.split import Cutting
from ocr_server.page.postprocessing import keep_words
from ocr_server.page.preprocessing import (
    add_margin,
    deskew_page,
    make_ink_dark,
    scale_letters,
)
from ocr_server.page.recipe import read_page, read_text
from ocr_server.page.state import ReadContext, StageFunction

# Longest side of the copy on which sharpness is measured, so that cameras compare.
ANALYSIS_PX = 640
# Of words under 0.6 most are texture: on car photos 55 of 408 "words" are left.
LEAST_CONFIDENCE = 0.6

# In two parts, wherever a row is white: a paragraph then takes half the time. Documents are not,
# as two starts of Tesseract would cost more.
_CUTTING = Cutting(fewest_glyphs=80, least_row=0.25)

LIVE: tuple[tuple[str, StageFunction], ...] = (
    ("polarity", make_ink_dark),
    ("deskew", deskew_page),
    ("scale", partial(scale_letters, many_glyphs=0)),
    ("margin", add_margin),
    ("read", partial(read_text, cutting=_CUTTING)),
)


@dataclass(frozen=True, slots=True)
class FrameAnalysis:
    """What was seen, in pixels of the frame.

    `sharpness` is the variance of the Laplacian in grey levels squared (a few for a blur, hundreds
    for print in focus); `brightness` the mean from 0 to 1; `zones` what was read, if anything.
    """

    width_px: int
    height_px: int
    outline: Quad | None
    sharpness: float
    brightness: float
    zones: tuple[Zone, ...]


def analyse_frame(
    canvas: Canvas, *, options: ReadOptions, reads: bool, context: ReadContext
) -> FrameAnalysis:
    """The frame; words only if it `reads`, and only those in the first of the reading's zones.

    Source of the sharpness: Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy",
    ICPR 2000.

    Raises:
        OcrServerError: whatever the engine raises, and DeadlinePassed.
    """
    grey = canvas.grey()
    small, _ = shrink(grey.pixels, ANALYSIS_PX)
    return FrameAnalysis(
        width_px=canvas.width_px,
        height_px=canvas.height_px,
        outline=find_page_quad(grey.pixels),
        sharpness=float(cv2.Laplacian(small, cv2.CV_64F).var()),
        brightness=float(np.mean(small)) / 255,
        zones=_read(grey, options, context) if reads else (),
    )


def _read(canvas: Canvas, options: ReadOptions, context: ReadContext) -> tuple[Zone, ...]:
    for region in options.zones[:1]:
        seen = region.box.intersection(canvas.box)
        if seen is None:
            return ()
        canvas = canvas.cropped(seen)
    options = replace(options, zones=())
    page = read_page(canvas, number=1, options=options, context=context, recipe=LIVE)
    zones = keep_words(page.zones, lambda word: word.confidence >= LEAST_CONFIDENCE)
    return tuple(zone for zone in zones if zone.lines)
