"""Operations on grey levels: contrast, shade, noise, sharpness, inversion."""

from __future__ import annotations

from typing import NamedTuple

import cv2
import numpy as np

from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.glyphs import shrink

# Grey level of flattened paper; at 255 its lighter grain would be clipped.
_PAPER_WHITE = 245


class Paper(NamedTuple):
    """Median brightness of the paper, and its range over the page (5th to 95th percentile).

    Both are grey levels, from 0 to 255.
    """

    level: float
    unevenness: float


def measure_paper(grey: Pixels) -> Paper:
    """Measure the paper between the letters, on a copy of 64 × 64 pixels."""
    low, middle, high = np.sort(map_paper(grey), axis=None)[
        [205, 2048, 3891]
    ].tolist()  # 5, 50, 95 %
    return Paper(float(middle), float(high - low))


def map_paper(grey: Pixels) -> Pixels:
    """The brightness of the paper between the letters, as a copy of 64 × 64 pixels."""
    small = cv2.resize(shrink(grey, 512)[0], (64, 64), interpolation=cv2.INTER_AREA)
    paper = cv2.morphologyEx(small, cv2.MORPH_CLOSE, np.ones((7, 7), np.uint8))
    paper = cv2.medianBlur(paper, 7)  # a size of 5 takes six times as long
    return paper.astype(np.uint8, copy=False)


def contrast(
    canvas: Canvas, *, dark_percent: float = 1.0, paper_percent: float = 60.0
) -> OperationResult:
    """Stretch the contrast: the darkest pixels become black, and paper 250 of 255.

    `dark_percent` of the pixels become black; `paper_percent` is the percentile that is paper.
    """
    grey = canvas.grey()
    counts = np.cumsum(np.bincount(grey.pixels[::2, ::2].ravel(), minlength=256)).astype(float)
    low, high = np.searchsorted(counts / counts[-1], (dark_percent / 100, paper_percent / 100))
    found = f"grey levels from {low} to {high}"
    if high - low < 10:  # only noise
        return OperationResult(grey, found)
    table = np.clip((np.arange(256) - low) * 250.0 / (high - low), 0, 255).astype(np.uint8)
    pixels = cv2.LUT(grey.pixels, table).astype(np.uint8, copy=False)
    return OperationResult(grey.with_pixels(pixels), found, "contrast stretched")


def clahe(canvas: Canvas, *, clip: float = 2.0, tiles: int = 8) -> OperationResult:
    """Equalise the histogram in `tiles` × `tiles` tiles, with contrast limited by `clip`.

    Source: K. Zuiderveld, "Contrast limited adaptive histogram equalization", 1994.
    """
    grey = canvas.grey()
    pixels = cv2.createCLAHE(clip, (tiles, tiles)).apply(grey.pixels).astype(np.uint8, copy=False)
    return OperationResult(grey.with_pixels(pixels), did="contrast evened out in tiles")


def flatten(canvas: Canvas, *, detail_percent: float = 4.0) -> OperationResult:
    """Divide by the brightness of the paper, so that it becomes equally white everywhere.

    That is estimated by a morphological closing, which removes everything narrower than
    `detail_percent` of the longer side, on a copy of 400 pixels, as it changes slowly.
    """
    grey = canvas.grey()
    small, _ = shrink(grey.pixels, 400)
    size = max(5, int(detail_percent / 100 * max(small.shape)) | 1)
    brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    paper = cv2.medianBlur(cv2.morphologyEx(small, cv2.MORPH_CLOSE, brush), min(size, 21))
    paper = cv2.resize(paper, (grey.width_px, grey.height_px), interpolation=cv2.INTER_LINEAR)
    even = cv2.divide(grey.pixels, np.maximum(paper, 1), scale=_PAPER_WHITE)
    found = f"paper between {small.min()} and {paper.max()} of 255"
    return OperationResult(
        grey.with_pixels(even.astype(np.uint8, copy=False)), found, "shadows evened out"
    )


def denoise(canvas: Canvas, *, size_px: int = 3) -> OperationResult:
    """Remove specks narrower than half of `size_px` by a median filter of that size."""
    pixels = cv2.medianBlur(canvas.pixels, size_px | 1).astype(np.uint8, copy=False)
    return OperationResult(canvas.with_pixels(pixels), did="specks taken out")


def unsharp(canvas: Canvas, *, radius_px: float = 1.0, amount: float = 0.7) -> OperationResult:
    """Sharpen: add `amount` times the difference from a Gaussian blur of `radius_px` (sigma)."""
    blurred = cv2.GaussianBlur(canvas.pixels, (0, 0), radius_px)
    pixels = cv2.addWeighted(canvas.pixels, 1 + amount, blurred, -amount, 0)
    return OperationResult(canvas.with_pixels(pixels.astype(np.uint8, copy=False)), did="sharpened")


def invert(canvas: Canvas) -> OperationResult:
    """Exchange dark and light: 255 minus each grey level."""
    pixels = cv2.bitwise_not(canvas.pixels).astype(np.uint8, copy=False)
    return OperationResult(canvas.with_pixels(pixels), did="light and dark exchanged")
