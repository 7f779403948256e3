"""Binarization: four algorithms that decide for each pixel whether it is ink or paper.

Tesseract's LSTM reads grey pixels better than any of their results, so the recipe uses none; they
are for callers who know their pictures. The default windows are for print at 300 dpi, with an
x-height of some 20 px.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.glyphs import find_ink, shrink

_Real: TypeAlias = NDArray[np.float32]

# Pixels per band of rows that is processed at once: the floating-point numbers of a whole page of
# 60 megapixels would need a gigabyte.
_BAND_PIXELS = 2_000_000

# R of Sauvola's formula: half the range of grey levels, the largest possible standard deviation.
_LARGEST_DEVIATION = 128.0


def otsu(canvas: Canvas) -> OperationResult:
    """Binarize by one threshold for the whole page, which separates dark and light best.

    Source: N. Otsu, "A threshold selection method from gray-level histograms", 1979.
    """
    grey = canvas.grey()
    level, result = cv2.threshold(grey.pixels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    pixels = result.astype(np.uint8, copy=False)
    return OperationResult(
        grey.with_pixels(pixels), f"threshold {level:.0f} of 255", "made black and white"
    )


def adaptive(canvas: Canvas, *, window_px: int = 61, offset: float = 12.0) -> OperationResult:
    """Binarize by the local mean: ink is at least `offset` grey levels darker.

    `window_px` is the side of the window around each pixel.
    """
    grey = canvas.grey()
    pixels = cv2.adaptiveThreshold(
        grey.pixels, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window_px | 1, offset
    ).astype(np.uint8, copy=False)
    return OperationResult(grey.with_pixels(pixels), did="made black and white")


def sauvola(canvas: Canvas, *, window_px: int = 61, k: float = 0.2) -> OperationResult:
    """Binarize by the local mean, lowered if the local contrast is low.

    The threshold is mean × (1 + k × (standard deviation / 128 - 1)), in a window of `window_px`.

    Source: J. Sauvola and M. Pietikäinen, "Adaptive document image binarization", 2000.
    """

    def threshold(mean: _Real, deviation: _Real) -> _Real:
        return mean * (1 + k * (deviation / _LARGEST_DEVIATION - 1))

    return _local(canvas.grey(), window_px | 1, threshold)


def wolf(canvas: Canvas, *, window_px: int = 61, k: float = 0.5) -> OperationResult:
    """Binarize by the local mean, lowered if the contrast is low for this page.

    The threshold is mean - k × (1 - standard deviation / largest standard deviation of the page) ×
    (mean - darkest pixel of the page), in a window of `window_px`.

    Source: C. Wolf and J.-M. Jolion, "Extraction and recognition of artificial text in multimedia
    documents", 2004.
    """
    grey = canvas.grey()
    darkest = float(grey.pixels.min())
    bands = _bands(grey.pixels, window_px | 1)
    highest = max(1.0, *(float(deviation.max()) for *_, deviation in bands))

    def threshold(mean: _Real, deviation: _Real) -> _Real:
        return mean - k * (1 - deviation / highest) * (mean - darkest)

    return _local(grey, window_px | 1, threshold)


def measure_otsu_gap(grey: Pixels) -> float:
    """The share of the page, from 0 to 1, that is shade but that Otsu's threshold takes for ink.

    Tesseract finds its lines by such a threshold, and misses those in shade. It is below 0 if local
    contrast finds more ink.
    """
    small, _ = shrink(grey, 800)
    _, dark = cv2.threshold(small, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    return float(np.count_nonzero(dark) - np.count_nonzero(find_ink(small))) / small.size


def _local(
    grey: Canvas, window_px: int, threshold: Callable[[_Real, _Real], _Real]
) -> OperationResult:
    result = np.empty_like(grey.pixels)
    for top, bottom, mean, deviation in _bands(grey.pixels, window_px):
        paper = grey.pixels[top:bottom] > threshold(mean, deviation)
        result[top:bottom] = np.where(paper, 255, 0)
    return OperationResult(grey.with_pixels(result), did="made black and white")


def _bands(grey: Pixels, window_px: int) -> Iterator[tuple[int, int, _Real, _Real]]:
    """First row, end row (exclusive), local mean and standard deviation of each band of rows."""
    height_px, width_px = grey.shape
    rows = max(1, _BAND_PIXELS // width_px)
    margin = window_px // 2
    for top in range(0, height_px, rows):
        bottom = min(height_px, top + rows)
        above, below = max(0, top - margin), min(height_px, bottom + margin)
        values = grey[above:below].astype(np.float32)
        size, edge = (window_px, window_px), cv2.BORDER_REPLICATE
        mean = cv2.blur(values, size, borderType=edge)[top - above : bottom - above]
        square = cv2.blur(values * values, size, borderType=edge)[top - above : bottom - above]
        deviation = np.sqrt(np.maximum(square - mean * mean, 0))
        yield top, bottom, mean.astype(np.float32), deviation.astype(np.float32)
