"""Banners: grey areas of a page with print on them, made white with dark print.

Tesseract divides a page by one threshold, so that it takes a grey banner for a picture, whatever
stands on it.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.glyphs import connected_components

# Shares of the paper's level: what is darker is no paper; ink differs by so much from its ground;
# light print on what is as dark as ink Tesseract reads itself.
_GROUND, _INK, _BLACK = 0.8, 0.2, 0.25
# In x-heights: letters are thinner than the first, gaps between letters narrower than the second.
_STROKE, _GAP = 0.6, 1.6
_LEAST_WIDTH, _LEAST_HEIGHT = 6.0, 1.8  # of a banner, in x-heights
_SHORTEST, _TALLEST, _FEWEST_LETTERS = 0.5, 5.0, 4  # letters of a banner, in x-heights
_LEAST_FILLED = 0.85  # share of its box that a banner fills
# Shares of a banner: an even ground, and ink. Halftones have no even ground, frames no ink.
_EVEN, _LEAST_INK, _MOST_INK = 0.5, 0.02, 0.45
_PAPER, _PRINT = 245.0, 20.0  # grey levels of the result
_PRINT_END = 200  # what is paler may be the ground


def lighten_banners(canvas: Canvas, small: Pixels, *, paper: float, unit: float) -> OperationResult:
    """Make banners white and their print dark; `unit` is the x-height in pixels of `small`.

    `small` is a copy of the grey canvas, smaller by a whole ratio, and `paper` its paper's level.
    """
    result: Pixels | None = None
    count = 0
    for area in _areas(small, paper, unit):
        levels = small[area > 0]
        ground = float(np.median(levels))
        if ground < _BLACK * paper:
            continue
        ink = _ink_of(small, area, ground, contrast=_INK * paper, unit=unit)
        if ink is None:
            continue
        count += 1
        result = canvas.pixels.copy() if result is None else result
        _lighten(result, area, ground=ground, ink=ink)
    if result is None:
        return OperationResult(canvas, "no banners")
    return OperationResult(
        canvas.with_pixels(result), f"{count} banners", "banners made white, their print dark"
    )


def _areas(small: Pixels, paper: float, unit: float) -> Iterator[Pixels]:
    """A mask of each area that is darker than paper, 255 inside."""
    dark = np.where(small < _GROUND * paper, 255, 0).astype(np.uint8)
    stroke, gap = (max(2, round(share * unit)) for share in (_STROKE, _GAP))
    solid = cv2.morphologyEx(dark, cv2.MORPH_OPEN, np.ones((stroke, stroke), np.uint8))
    whole = cv2.morphologyEx(solid, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(whole)
    for label, (left, top, width, height, area) in enumerate(stats.tolist()):
        is_large = width >= _LEAST_WIDTH * unit and height >= _LEAST_HEIGHT * unit
        if not label or not is_large or area < _LEAST_FILLED * width * height:
            continue
        mask = np.zeros(small.shape, np.uint8)
        part = labels[top : top + height, left : left + width] == label
        mask[top : top + height, left : left + width] = np.where(part, 255, 0)
        yield mask


def _ink_of(
    small: Pixels, area: Pixels, ground: float, *, contrast: float, unit: float
) -> float | None:
    """The level of the print on an area; None if there is none, or the area is a picture."""
    levels = small[area > 0].astype(np.float64)
    if np.mean(np.abs(levels - ground) < contrast / 2) < _EVEN:
        return None
    sides = (levels > ground + contrast, levels < ground - contrast)
    is_ink = max(sides, key=np.count_nonzero)
    if not _LEAST_INK <= np.mean(is_ink) <= _MOST_INK:
        return None
    mask = np.zeros(small.shape, np.uint8)
    mask[area > 0] = np.where(is_ink, 255, 0)
    heights = connected_components(mask)[:, 3]
    letters = (heights >= _SHORTEST * unit) & (heights <= _TALLEST * unit)
    if np.count_nonzero(letters) < _FEWEST_LETTERS:
        return None
    return float(np.percentile(levels[is_ink], 50))


def _lighten(pixels: Pixels, area: Pixels, *, ground: float, ink: float) -> None:
    """Stretch the levels of an area in place, so that its ground and its rim are paper.

    Under dark print the rim keeps what is as dark as that: rules, which may be those of a table.
    """
    ratio = round(max(pixels.shape) / max(area.shape))
    left, top, width, height = cv2.boundingRect(area)
    rim = 2
    upper, lefter = max(0, top - rim), max(0, left - rim)
    mask = area[upper : top + height + rim, lefter : left + width + rim]
    brush = np.ones((2 * rim + 1, 2 * rim + 1), np.uint8)
    outer, inner = cv2.dilate(mask, brush), cv2.erode(mask, brush)
    rows, columns = (
        slice(at * ratio, (at + n) * ratio)
        for at, n in zip((upper, lefter), mask.shape, strict=True)
    )
    part = pixels[rows, columns]
    size = part.shape[1::-1]
    table: NDArray[np.uint8] = np.clip(
        _PRINT + (np.arange(256) - ink) * (_PAPER - _PRINT) / (ground - ink), 0, _PAPER
    ).astype(np.uint8)
    inside, around = (
        cv2.resize(one, size, interpolation=cv2.INTER_NEAREST) > 0 for one in (inner, outer)
    )
    stretched, rim_level = cv2.LUT(part, table), np.maximum(part, round(_PAPER))
    if ink < ground:
        rim_level = np.where(stretched < _PRINT_END, stretched, rim_level)
    part[...] = np.where(inside, stretched, np.where(around, rim_level, part))
