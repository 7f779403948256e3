"""Find ink and letter-like glyphs, measure the x-height, and scale pages by it.

Everything is measured on a smaller copy: that is faster than examining every pixel, and removes the
grain of the paper, which looks like small letters at full size.
"""

from __future__ import annotations

import math
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.job import MAX_SIDE_PX

# Shape (n, 4): left, top, width and height of each glyph, in pixels.
GlyphBoxes: TypeAlias = NDArray[np.int32]

# A pixel is ink if it is darker than this share of the mean around it; 0.85 keeps faint print and
# drops the grain of paper.
_INK_RATIO = 0.85

# Longer sides of the copies on which print and small print are measured. On 61 pages the x-height
# was within 15 % of Tesseract's own in 79 % of cases, within 30 % in 97 %.
COPY_PX, _LARGER_COPY_PX = 1200, 1800
_SMALL_PRINT_PX = 6  # on the copy; glyphs lower than 5 px are not counted as letters at all

# Windows of a histogram of heights. For each possible height of letters (20 px, say), heights from
# 12 % below it (17 px) to 14 % above it (23 px, so up to 24 exclusive) count as equal. A window's
# count is divided by the root of its relative width, as a pixel more or less makes windows of small
# heights wide.
_HEIGHTS = np.arange(5, 400)
_WINDOW_START = np.floor(_HEIGHTS * 0.88).astype(int)
_WINDOW_LAST = np.ceil(_HEIGHTS * 1.14).astype(int)
_WINDOW_END = np.minimum(401, _WINDOW_LAST + 1)
_WINDOW_WEIGHT = np.sqrt(np.maximum(1.0, (_WINDOW_LAST - _WINDOW_START + 1) / _HEIGHTS * 6))


# Accuracy is constant from 12 to 24 px; above, layout analysis makes more mistakes, and time grows.
BEST_X_HEIGHT_PX = 18.0

_LEAST_FACTOR, _MOST_FACTOR = 0.2, 3.0
_MOST_PIXELS = 6e6  # most that an enlarged page has: an A4 page at 250 dpi


def shrink(pixels: Pixels, longest_px: int) -> tuple[Pixels, float]:
    """A copy whose longer side is about `longest_px`, and the ratio by which it is smaller.

    Ratios are whole numbers, as averaging whole squares of pixels is faster and sharper than any
    other ratio. So the copy may differ from `longest_px` by two fifths; nothing is enlarged.
    """
    ratio = shrink_ratio(pixels, longest_px)
    if ratio == 1:
        return pixels, 1.0
    height, width = (side // ratio for side in pixels.shape[:2])
    whole = pixels[: height * ratio, : width * ratio]
    small = cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False), float(ratio)


def shrink_ratio(pixels: Pixels, longest_px: int) -> int:
    """The ratio, 1 or more, by which `shrink` makes the pixels smaller; at least one is left."""
    height, width = (int(side) for side in pixels.shape[:2])
    return max(1, min(round(max(height, width) / longest_px), height, width))


def find_ink(grey: Pixels, *, ratio: float = _INK_RATIO, window_px: int = 0) -> Pixels:
    """A mask, 255 where a pixel is darker than `ratio` times the mean of the window around it.

    The default window is a sixteenth of the shorter side, 15 px at least: wider than letters,
    narrower than shadows.
    """
    window = (window_px or max(15, min(grey.shape) // 16)) | 1
    mean = cv2.blur(grey, (window, window))
    limit = cv2.convertScaleAbs(mean, alpha=ratio)
    return cv2.compare(grey, limit, cv2.CMP_LT).astype(np.uint8, copy=False)


def connected_components(mask: Pixels) -> NDArray[np.int32]:
    """Left, top, width, height and area of each connected component of a mask, in pixels: (n, 5).

    Labels have 16 bits, which takes a third of the time, or 32 bits if there are too many.
    """
    try:
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_16U)
    except cv2.error:
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8, ltype=cv2.CV_32S)
    return np.asarray(stats[1:], dtype=np.int32)


def run_lengths(marked: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Start and end (exclusive) of each run of true values in a one-dimensional array."""
    edges = np.flatnonzero(np.diff(marked, prepend=False, append=False)).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def find_glyphs(mask: Pixels) -> GlyphBoxes:
    """The connected components of ink with the size, shape and density of letters.

    `mask` is 255 for ink; the boxes are in pixels of the mask.
    """
    return letter_like(connected_components(mask), page_height=mask.shape[0])


def letter_like(boxes: NDArray[np.int32], *, page_height: int) -> GlyphBoxes:
    """Those of the connected components that may be letters, on a page of that height."""
    width, height, area = (boxes[:, i].astype(float) for i in (2, 3, 4))
    box_area = np.maximum(1.0, width * height)
    # Narrower than 1:8 are strokes and rules, wider than 4:1 dashes and words run together. With
    # less than 12 % ink it is a frame, with more than 97 % a block. Letters have 12 pixels or more.
    letters = (
        (height >= 5)
        & (height <= 0.2 * max(page_height, 60))
        & (width >= 2)
        & (width > 0.12 * height)
        & (width < 4 * height)
        & (area > 0.12 * box_area)
        & (area < 0.97 * box_area)
        & (area >= 12)
    )
    return np.ascontiguousarray(boxes[letters, :4])


def measure_x_height(grey: Pixels, seen: GlyphBoxes | None = None) -> float:
    """The x-height of a grey page in its pixels; 0 if fewer than eight letters are found.

    Print in capitals gives the height of capitals. `seen` are the glyphs on the copy of `COPY_PX`,
    if they are known already.
    """
    ratio: float = shrink_ratio(grey, COPY_PX)
    glyphs = find_glyphs(find_ink(shrink(grey, COPY_PX)[0])) if seen is None else seen
    height = _letter_height(glyphs)
    if height < _SMALL_PRINT_PX and ratio > 1:
        small, ratio = shrink(grey, _LARGER_COPY_PX)
        height = _letter_height(find_glyphs(find_ink(small)))
    return height * ratio


def paper_level(grey: Pixels) -> int:
    """The grey level of paper: the 80th percentile, as print covers a fifth of a page at most."""
    return int(np.percentile(grey[::8, ::8], 80))


def scale(canvas: Canvas, *, x_height_px: float = BEST_X_HEIGHT_PX) -> OperationResult:
    """Enlarge or shrink the canvas to an x-height of `x_height_px`, by a factor from 0.2 to 3."""
    return scale_from(canvas, measure_x_height(canvas.grey().pixels), x_height_px=x_height_px)


def scale_from(
    canvas: Canvas, measured_px: float, *, x_height_px: float = BEST_X_HEIGHT_PX
) -> OperationResult:
    """Scale a canvas with an x-height of `measured_px`, 0 if unknown, to one of `x_height_px`.

    The factor is from 0.2 to 3; pages are enlarged to 6 megapixels at most.
    """
    if not measured_px:
        return OperationResult(canvas, "too few letters to measure")
    found = f"letters {measured_px:.0f} px high"
    factor = min(_MOST_FACTOR, max(_LEAST_FACTOR, x_height_px / measured_px))
    if factor > 1:
        room = math.sqrt(_MOST_PIXELS / (canvas.width_px * canvas.height_px))
        longest = MAX_SIDE_PX / max(canvas.width_px, canvas.height_px)
        factor = max(1.0, min(factor, room, longest))
    if round(factor, 2) == 1:
        return OperationResult(canvas, found)
    did = f"{'enlarged' if factor > 1 else 'shrunk'} to {factor:.0%}"
    return OperationResult(canvas.scaled(factor), found, did)


def _letter_height(glyphs: GlyphBoxes) -> float:
    return _commonest_height(glyphs[:, 3]) if len(glyphs) >= 8 else 0.0


def _commonest_height(heights: NDArray[np.int32]) -> float:
    """The height whose window, from 12 % below to 14 % above it, has the most glyphs."""
    counts = np.bincount(np.minimum(heights, 400), minlength=402)
    below = np.concatenate([[0], np.cumsum(counts)])
    inside = below[_WINDOW_END] - below[_WINDOW_START]
    return float(_HEIGHTS[np.argmax(inside / _WINDOW_WEIGHT)])
