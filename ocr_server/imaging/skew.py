"""How far text is turned, told from the feet of its letters."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocr_server.imaging.canvas import Canvas, OperationResult
from ocr_server.imaging.glyphs import (
    COPY_PX,
    GlyphBoxes,
    find_glyphs,
    find_ink,
    paper_level,
    shrink,
)

_LARGEST_DEG = 15.0
_FEWEST_FEET = 20
_MOST_FEET = 3000  # more say nothing new

# Print has 2.5 to 9, handwriting 1.4 to 1.7, noise 1.1. Above 2.0 no printed page of 43 was
# measured wrong by more than 0.6°.
CLEAR_SPIKINESS = 2.0


class Skew(NamedTuple):
    """The angle by which text is turned clockwise, and how clearly.

    `spikiness` is how much sharper the rows of feet are at that angle than at others; 0 where
    there are too few letters to tell.
    """

    angle_deg: float = 0.0
    spikiness: float = 0.0

    @property
    def is_clear(self) -> bool:
        """Whether there are lines of print to trust."""
        return self.spikiness >= CLEAR_SPIKINESS


def measure_skew(glyphs: GlyphBoxes) -> Skew:
    """The skew of nearly level lines, up to 15° either way.

    Source: H. S. Baird, The skew angle of printed documents, 1987.
    """
    feet, height_px = _feet(glyphs)
    if len(feet) < _FEWEST_FEET:
        return Skew()
    feet = feet[:: math.ceil(len(feet) / _MOST_FEET)]
    bin_px = max(1.0, height_px / 4)
    coarse = np.arange(-_LARGEST_DEG, _LARGEST_DEG + 0.01, 0.5)
    usual = np.array([_energy(feet, angle, bin_px) for angle in coarse])
    best = float(coarse[usual.argmax()])
    fine = np.arange(best - 0.5, best + 0.51, 0.1)
    energies = np.array([_energy(feet, angle, bin_px) for angle in fine])
    peak = int(energies.argmax())
    angle = float(fine[peak])
    if 0 < peak < len(fine) - 1:
        before, top, after = energies[peak - 1 : peak + 2]
        bend = before - 2 * top + after
        if bend < 0:
            angle += 0.05 * float((before - after) / bend)
    return Skew(angle, float(energies.max() / np.median(usual)))


def turn_glyphs(glyphs: GlyphBoxes, height_px: int) -> GlyphBoxes:
    """The same glyphs on the page turned clockwise by a quarter; `height_px` is its height now."""
    left, top, width, height = glyphs.T
    return np.stack([height_px - top - height, left, height, width], axis=1)


def deskew(canvas: Canvas, *, least_deg: float = 0.3) -> OperationResult:
    """Turn text level if it is turned by `least_deg` or more, and clearly so."""
    grey = canvas.grey().pixels
    skew = measure_skew(find_glyphs(find_ink(shrink(grey, COPY_PX)[0])))
    return deskew_by(canvas, skew, least_deg=least_deg, fill=paper_level(grey))


def deskew_by(canvas: Canvas, skew: Skew, *, least_deg: float, fill: int) -> OperationResult:
    """Turn text level whose skew is known; `fill` is the grey level of what comes into view."""
    if not skew.is_clear:
        return OperationResult(canvas, "no clear lines of text")
    found = f"text turned by {skew.angle_deg:.1f}°"
    if abs(skew.angle_deg) < least_deg:
        return OperationResult(canvas, found)
    level = canvas.rotated(-skew.angle_deg, fill=fill)
    return OperationResult(level, found, f"straightened by {abs(skew.angle_deg):.1f}°")


def _feet(glyphs: GlyphBoxes) -> tuple[NDArray[np.float64], float]:
    """The middle of the lower edge of each letter of ordinary height, and that height."""
    if len(glyphs) < _FEWEST_FEET:
        return np.zeros((0, 2)), 0.0
    heights = glyphs[:, 3]
    usual = float(np.median(heights))
    letters = glyphs[(heights > 0.5 * usual) & (heights < 2.2 * usual)]
    feet = np.stack([letters[:, 0] + letters[:, 2] / 2, letters[:, 1] + letters[:, 3]], axis=1)
    return feet.astype(np.float64), usual


def _energy(feet: NDArray[np.float64], angle_deg: float, bin_px: float) -> float:
    """The sum of squares of the histogram of feet, seen along lines of that angle."""
    radians = math.radians(angle_deg)
    rows = (feet[:, 1] * math.cos(radians) - feet[:, 0] * math.sin(radians)) / bin_px
    rows -= rows.min()
    lower = rows.astype(np.int64)
    share = rows - lower
    count = int(lower.max()) + 2
    histogram = np.bincount(lower, 1 - share, count) + np.bincount(lower + 1, share, count)
    return float(histogram @ histogram)
