"""Analyse one frame of a camera: outline of the page, sharpness, brightness, and its text.

Speed matters more than accuracy, as the next frame follows soon: nothing is read twice, and the
orientation is not looked for, as the person who holds the paper turns it. The second engine is used
for handwriting only, with its tiny network: to find the lines of a frame takes it half a second, a
tenth of a second if they are large.
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
from ocr_server.job import HandwritingUse, ReadOptions
from ocr_server.layout.split import Cutting
from ocr_server.page.first_reading import read_once, read_text
from ocr_server.page.postprocessing import keep_words
from ocr_server.page.preprocessing import (
    add_margin,
    deskew_page,
    make_ink_dark,
    scale_letters,
)
from ocr_server.page.reading import cut_zone, read_page
from ocr_server.page.state import ReadContext, StageFunction

# Longest side of the copy on which sharpness is measured, so that cameras can be compared.
ANALYSIS_PX = 640
# Most words under 0.44, Tesseract's 0.6, are texture: on photographs of cars this leaves 55 of 408
# "words".
LEAST_CONFIDENCE = 0.44
_LEAST_WRITTEN = 0.35  # of handwriting, of which many words that are right are under 0.6

# Cut in two at any empty row: a paragraph then takes half the time. Documents are cut less readily,
# as starting Tesseract twice would cost more than it saves.
_CUTTING = Cutting(fewest_glyphs=80, least_row=0.25)

LIVE: tuple[tuple[str, StageFunction], ...] = (
    ("polarity", make_ink_dark),
    ("deskew", deskew_page),
    ("scale", partial(scale_letters, many_glyphs=0)),
    ("margin", add_margin),
    ("read", partial(read_text, cutting=_CUTTING)),
)

BY_HAND: tuple[tuple[str, StageFunction], ...] = (("read", read_once),)


@dataclass(frozen=True, slots=True)
class FrameAnalysis:
    """Measurements and text of a frame; coordinates are in pixels of the frame.

    `outline` is the outline of the page, if found; `sharpness` the variance of the Laplacian in
    grey levels squared (below 10 if blurred, hundreds for print in focus); `brightness` the mean
    grey level from 0 to 1.
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
    """Measure a frame and, if `reads`, read it: within the first zone of the options, if any.

    Source: J. L. Pech-Pacheco et al., "Diatom autofocusing in brightfield microscopy", ICPR 2000
    (for the sharpness).

    Raises:
        OcrServerError: any error of the engine, and DeadlinePassed.
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
        canvas = cut_zone(canvas, region)
    options = replace(options, zones=())
    is_by_hand = options.handwriting is HandwritingUse.LIVE
    recipe, least = (BY_HAND, _LEAST_WRITTEN) if is_by_hand else (LIVE, LEAST_CONFIDENCE)
    page = read_page(canvas, number=1, options=options, context=context, recipe=recipe)
    zones = keep_words(page.zones, lambda word: word.confidence >= least)
    return tuple(zone for zone in zones if zone.lines)
