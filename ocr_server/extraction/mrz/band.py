"""Where the machine-readable zone of a travel document is: wide, dense, dark rows of one size."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels

_WORK_PX = 800  # wide enough to tell rows apart, small enough to take milliseconds
_MOST_PIXELS = 2e6  # of the copy: three times as high as wide; of a strip it would have any number
_LEAST_WIDTH = 0.5  # of the picture: the zone runs from edge to edge of the document
_LEAST_SHAPE = 4  # times as wide as high, or it is a picture or a frame
_MARGIN = 0.35  # of its height, so that no letter is cut when it was found a little too small


def find_band(canvas: Canvas) -> Canvas | None:
    """The part of the canvas with the zone, level; None where there is none."""
    found = _band(canvas)
    if found is None:
        return None
    angle_deg, box = found
    if abs(angle_deg) > 0.4:
        level = canvas.rotated(-angle_deg, fill=255)
        found = _band(level)
        if found is None:
            return None
        canvas, box = level, found[1]
    margin = _MARGIN * box.height
    wider = Box(box.left - margin, box.top - margin, box.right + margin, box.bottom + margin)
    inside = wider.intersection(canvas.box)
    return canvas.cropped(inside) if inside else None


def _band(canvas: Canvas) -> tuple[float, Box] | None:
    """The slant of the zone, clockwise, and its box in canvas pixels.

    It is the lowest wide row of dense strokes, with the rows of the same width close above it.
    """
    room = math.sqrt(_MOST_PIXELS / (canvas.width_px * canvas.height_px))
    shrink = min(_WORK_PX / canvas.width_px, room)
    rows = sorted(_rows(_strokes(canvas.grey().pixels, shrink)), key=lambda row: -row[1].bottom)
    if not rows:
        return None
    angle_deg, zone = rows[0]
    for _, row in rows[1:]:
        is_near = zone.top - row.bottom < 2.5 * row.height and row.bottom < zone.bottom
        is_alike = abs(row.width - zone.width) < 0.15 * zone.width
        if is_near and is_alike:
            zone = Box(
                min(zone.left, row.left), min(zone.top, row.top),
                max(zone.right, row.right), zone.bottom,
            )  # fmt: skip
    return angle_deg, Box(
        zone.left / shrink, zone.top / shrink, zone.right / shrink, zone.bottom / shrink
    )


def _strokes(grey: Pixels, shrink: float) -> Pixels:
    """Where upright dark strokes stand close together, as a mask of the shrunk picture."""
    height_px, width_px = grey.shape
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    small = cv2.GaussianBlur(small, (3, 3), 0)
    ink = cv2.morphologyEx(small, cv2.MORPH_BLACKHAT, np.ones((9, 15), np.uint8))
    edges = np.abs(cv2.Sobel(ink, cv2.CV_32F, 1, 0, ksize=3))
    strong = np.clip(edges * (255 / max(float(np.percentile(edges, 99.5)), 1.0)), 0, 255)
    joined = cv2.morphologyEx(strong.astype(np.uint8), cv2.MORPH_CLOSE, np.ones((3, 25), np.uint8))
    _, mask = cv2.threshold(joined, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 25), np.uint8))
    return opened.astype(np.uint8, copy=False)


def _rows(mask: Pixels) -> Iterator[tuple[float, Box]]:
    """The wide pieces of a mask, each with its slant."""
    outlines, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    for outline in outlines:
        left, top, width, height = cv2.boundingRect(outline)
        if width < _LEAST_WIDTH * mask.shape[1] or width < _LEAST_SHAPE * height:
            continue
        *_, angle_deg = cv2.minAreaRect(outline)
        # Its sides come in any order, so that a level row may be said to stand upright.
        yield (angle_deg + 45) % 90 - 45, Box(left, top, left + width, top + height)
