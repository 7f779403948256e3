"""Find the outline of a sheet on a darker background, rectify or crop it; add margins."""

from __future__ import annotations

from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Point, Quad
from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.glyphs import paper_level, shrink

_COPY_PX = 500
_LEAST_SHARE = 0.2  # of the picture; smaller bright areas are not the page
_LEAST_STEP = 20  # grey levels from background to paper, on each side that is inside the picture
_EDGE_PX = 4  # a corner so near to the edge of the picture may lie outside it


def find_page_quad(grey: Pixels) -> Quad | None:
    """The corners of a bright sheet on a darker background, in pixels of `grey`; None if unsure."""
    small, ratio = shrink(grey, _COPY_PX)
    blank = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((11, 11), np.uint8))  # no letters
    small = cv2.GaussianBlur(blank, (0, 0), 2).astype(np.uint8, copy=False)
    corners = _bright_corners(small)
    if corners is None or not _is_sheet(corners) or not _stands_out(small, corners):
        return None
    height, width = small.shape
    near_x = (corners[:, 0] < _EDGE_PX) | (corners[:, 0] > width - 1 - _EDGE_PX)
    near_y = (corners[:, 1] < _EDGE_PX) | (corners[:, 1] > height - 1 - _EDGE_PX)
    if np.count_nonzero(near_x | near_y) > 2:  # the sheet is only partly inside the picture
        return None
    # Contours run through pixel centres; coordinates here are at pixel corners.
    return Quad(*(Point(float(x + 0.5) * ratio, float(y + 0.5) * ratio) for x, y in corners))


def is_upright(quad: Quad, *, tolerance: float = 0.03) -> bool:
    """Whether the quad is nearly its bounding box.

    Its corners differ from the box's by at most `tolerance`, a share of the longer side.
    """
    box = quad.box
    allowed = tolerance * max(box.width, box.height)
    return all(
        abs(a - b) <= allowed
        for mine, square in zip(quad, box.quad(), strict=True)
        for a, b in zip(mine, square, strict=True)
    )


def rectify(canvas: Canvas) -> OperationResult:
    """Cut a photographed sheet out of its background and undo the perspective."""
    quad = find_page_quad(canvas.grey().pixels)
    if quad is None:
        return OperationResult(canvas, "no edge of a sheet")
    if is_upright(quad):
        return OperationResult(canvas, "a sheet seen straight on")
    return OperationResult(cut_out(canvas, quad), "a sheet seen at an angle", "perspective undone")


def cut_out(canvas: Canvas, quad: Quad) -> Canvas:
    """What lies between four corners, in pixels of the canvas, as if seen from above.

    Raises:
        ValueError: the quad has no area.
    """
    width = round(max(_length(quad.top_left, quad.top_right), _length(*quad[3:1:-1])))
    height = round(max(_length(quad.top_left, quad.bottom_left), _length(*quad[1:3])))
    return canvas.rectified(quad, max(1, width), max(1, height))


def crop(canvas: Canvas) -> OperationResult:
    """Crop the canvas to the bounding box of the sheet."""
    quad = find_page_quad(canvas.grey().pixels)
    if quad is None:
        return OperationResult(canvas, "no edge of a sheet")
    box = quad.box.intersection(canvas.box) or canvas.box
    found = f"a sheet of {box.width:.0f} × {box.height:.0f} px"
    return OperationResult(canvas.cropped(box), found, "ground around it cut away")


def margin(canvas: Canvas, *, margin_px: int = 10) -> OperationResult:
    """Add a margin with the grey level of the paper, as letters at the very edge are misread."""
    return pad(canvas, margin_px=margin_px, fill=paper_level(canvas.grey().pixels))


def pad(canvas: Canvas, *, margin_px: int, fill: int) -> OperationResult:
    """Add a margin of the grey level `fill`.

    Repeating the pixels at the edge would smear letters outwards instead (error rate × 5).
    """
    padded = canvas.padded(margin_px, fill=fill)
    return OperationResult(padded, did=f"margin of {margin_px} px added")


def _bright_corners(small: Pixels) -> NDArray[np.float32] | None:
    """The four corners of the largest bright area, clockwise from top left: (4, 2), x and y."""
    _, mask = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    bright, dark = small[mask > 0], small[mask == 0]
    if len(bright) < 0.15 * small.size or len(dark) < 0.04 * small.size:
        return None
    if float(bright.mean()) - float(dark.mean()) < 35:  # shaded and lit paper differ by less
        return None
    mask = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    largest = max(contours, key=cv2.contourArea, default=np.zeros((1, 1, 2), np.int32))
    hull = cv2.convexHull(largest)
    area = cv2.contourArea(hull)
    if area < _LEAST_SHARE * small.size or cv2.contourArea(largest) < 0.9 * area:
        return None
    length = cv2.arcLength(hull, closed=True)
    outlines = (cv2.approxPolyDP(hull, s * length, closed=True) for s in (0.02, 0.03, 0.05, 0.08))
    outline = next((outline for outline in outlines if len(outline) == 4), None)
    if outline is None or cv2.contourArea(outline) < 0.88 * area:  # rounder than a sheet
        return None
    corners = outline.reshape(4, 2).astype(np.float32)
    spokes = corners - corners.mean(axis=0)
    corners = corners[np.argsort(np.arctan2(spokes[:, 1], spokes[:, 0]))]
    return np.roll(corners, -int(np.argmin(corners.sum(axis=1))), axis=0)


def _is_sheet(corners: NDArray[np.float32]) -> bool:
    """Whether a photographed rectangle may have these corners.

    Opposite sides are nearly equal in length, and corners are within 20° of a right angle.
    """
    sides = np.roll(corners, -1, axis=0) - corners
    lengths = np.linalg.norm(sides, axis=1)
    if lengths.min() < 0.3 * lengths.max():
        return False
    alike = all(
        min(lengths[i], lengths[i + 2]) >= 0.75 * max(lengths[i], lengths[i + 2]) for i in (0, 1)
    )
    cosines = np.abs((sides * np.roll(sides, -1, axis=0)).sum(axis=1))
    cosines /= lengths * np.roll(lengths, -1)
    return alike and float(cosines.max()) <= 0.35


def _stands_out(small: Pixels, corners: NDArray[np.float32]) -> bool:
    """Whether brightness rises from outside to inside along each side within the picture."""
    height, width = small.shape
    for start, end in pairwise([*corners, corners[0]]):
        along = (end - start) / float(np.linalg.norm(end - start))
        inwards = np.array([-along[1], along[0]])
        points = start + np.linspace(0.15, 0.85, 30)[:, None] * (end - start)
        inner, outer = ((points + s * 8 * inwards).astype(int) for s in (1, -1))
        both = np.stack([inner, outer])
        inside = ((both >= 0) & (both < [width, height])).all(axis=(0, 2))
        if np.count_nonzero(inside) < 15:
            continue
        inner, outer = inner[inside], outer[inside]
        steps = small[inner[:, 1], inner[:, 0]].astype(int) - small[outer[:, 1], outer[:, 0]]
        if np.median(steps) < _LEAST_STEP:
            return False
    return True


def _length(a: Point, b: Point) -> float:
    return float(np.hypot(a.x - b.x, a.y - b.y))
