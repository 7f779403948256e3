"""Black and white: four ways to choose, for each pixel, between ink and paper.

Tesseract's neural reader does better on grey than on any of these, so the recipe uses none; they
are here for those who know their pictures. Windows are wide for print at 300 dpi, whose small
letters are some 20 pixels high.
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

# Rows are thresholded in bands of about so many pixels: the real numbers of a whole page of 60
# megapixels would need a gigabyte.
_BAND_PIXELS = 2_000_000

# Half the range of grey levels: the largest standard deviation there is. Source: as `sauvola`.
_LARGEST_DEVIATION = 128.0


def otsu(canvas: Canvas) -> OperationResult:
    """One threshold for the page, where dark and light part best.

    Source: N. Otsu, A threshold selection method from gray-level histograms, 1979.
    """
    grey = canvas.grey()
    level, result = cv2.threshold(grey.pixels, 0, 255, cv2.THRESH_BINARY | cv2.THRESH_OTSU)
    pixels = result.astype(np.uint8, copy=False)
    return OperationResult(
        grey.with_pixels(pixels), f"threshold {level:.0f} of 255", "made black and white"
    )


def adaptive(canvas: Canvas, *, window_px: int = 61, offset: float = 12.0) -> OperationResult:
    """Ink is what is `offset` grey levels darker than the mean around it."""
    grey = canvas.grey()
    pixels = cv2.adaptiveThreshold(
        grey.pixels, 255, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, window_px | 1, offset
    ).astype(np.uint8, copy=False)
    return OperationResult(grey.with_pixels(pixels), did="made black and white")


def sauvola(canvas: Canvas, *, window_px: int = 61, k: float = 0.2) -> OperationResult:
    """Ink is what is darker than the mean around it, lowered where there is little contrast.

    Source: J. Sauvola and M. Pietikäinen, Adaptive document image binarization, 2000.
    """

    def threshold(mean: _Real, deviation: _Real) -> _Real:
        return mean * (1 + k * (deviation / _LARGEST_DEVIATION - 1))

    return _local(canvas.grey(), window_px | 1, threshold)


def wolf(canvas: Canvas, *, window_px: int = 61, k: float = 0.5) -> OperationResult:
    """As Sauvola, but relative to the darkest ink and the highest contrast of the page.

    Source: C. Wolf and J.-M. Jolion, Extraction and recognition of artificial text in multimedia
    documents, 2004.
    """
    grey = canvas.grey()
    darkest = float(grey.pixels.min())
    bands = _bands(grey.pixels, window_px | 1)
    highest = max(1.0, *(float(deviation.max()) for *_, deviation in bands))

    def threshold(mean: _Real, deviation: _Real) -> _Real:
        return mean - k * (1 - deviation / highest) * (mean - darkest)

    return _local(grey, window_px | 1, threshold)


def measure_otsu_gap(grey: Pixels) -> float:
    """The share of the page, 0 to 1, that one threshold calls ink though it is but shade.

    Tesseract finds its lines with one threshold, so this tells where it will fail.
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
    """First and last row of each band, with the local mean and standard deviation in it."""
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
