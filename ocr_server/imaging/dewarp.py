"""Dewarping of curled pages: fit a smooth field of slopes to the lines, and shift pixels by it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import VerticalDisplacement
from ocr_server.imaging.canvas import Canvas, OperationResult, Pixels
from ocr_server.imaging.glyphs import find_glyphs, find_ink, shrink

_COPY_PX = 1200
_FEWEST_GLYPHS = 60
_FEWEST_PIECES = 20
_STEEPEST = 0.4  # rise over run; steeper pieces are not lines
_GRID = (60, 80)  # rows and columns of the displacement grid: a node every 20 px or so of the copy

_Real = NDArray[np.float64]


class Curvature(NamedTuple):
    """How the slope of text lines changes over the page.

    `spread_deg` is the range of fitted slopes (5th to 95th percentile). `rest_deg` is the median
    difference of the measured slopes from the fit; on crumpled paper it is large, and the fit is of
    no use. `slopes` are fitted slopes (rise over run) on a grid over the page, (rows, columns).
    """

    spread_deg: float
    rest_deg: float
    slopes: _Real

    @property
    def is_curved(self) -> bool:
        """Whether slopes differ by 4° or more and the fit is within 1°."""
        return self.spread_deg >= 4.0 and self.rest_deg <= 1.0


class _Piece(NamedTuple):
    x: float
    y: float
    slope: float
    length_px: float


def measure_curvature(grey: Pixels) -> Curvature | None:
    """Fit slopes to the lines of a grey page; None if there are too few lines."""
    small, _ = shrink(grey, _COPY_PX)
    ink = find_ink(small)
    glyphs = find_glyphs(ink)
    if len(glyphs) < _FEWEST_GLYPHS:
        return None
    pieces = list(_pieces(ink, letter_px=float(np.median(glyphs[:, 3]))))
    if len(pieces) < _FEWEST_PIECES:
        return None
    x, y, slope, length = np.array(pieces, dtype=np.float64).T
    height, width = small.shape
    terms = _terms((x / width - 0.5) * 2, (y / height - 0.5) * 2)
    weights = np.sqrt(length)
    trust = weights
    factors = np.zeros(terms.shape[1])
    for _ in range(6):  # iteratively reweighted, so that outliers hardly count
        factors, *_ = np.linalg.lstsq(terms * trust[:, None], slope * trust, rcond=None)
        trust = weights / np.maximum(np.abs(slope - terms @ factors), 0.01)
    fitted = terms @ factors
    low, high = np.percentile(fitted, (5, 95))
    rows, columns = _GRID
    u, v = np.meshgrid(np.linspace(-1, 1, columns), np.linspace(-1, 1, rows))
    slopes = (_terms(u.ravel(), v.ravel()) @ factors).reshape(_GRID)
    return Curvature(
        spread_deg=float(np.degrees(high - low)),
        rest_deg=float(np.degrees(np.median(np.abs(slope - fitted)))),
        slopes=np.clip(slopes, -_STEEPEST, _STEEPEST),
    )


def dewarp(canvas: Canvas) -> OperationResult:
    """Straighten curved lines by moving pixels vertically.

    Flat and crumpled pages are left as they are.
    """
    curvature = measure_curvature(canvas.grey().pixels)
    if curvature is None:
        return OperationResult(canvas, "too few lines to tell")
    found = f"lines bend by {curvature.spread_deg:.1f}°"
    if not curvature.is_curved:
        return OperationResult(canvas, found)
    return OperationResult(canvas.dewarped(_shift(curvature, canvas)), found, "bent lines levelled")


def _shift(curvature: Curvature, canvas: Canvas) -> VerticalDisplacement:
    """The displacement that undoes the curvature: slopes added up from the middle column."""
    columns = curvature.slopes.shape[1]
    step_px = canvas.width_px / (columns - 1)
    middle_slopes = (curvature.slopes[:, :-1] + curvature.slopes[:, 1:]) / 2
    shifts = np.concatenate(
        [np.zeros((len(middle_slopes), 1)), np.cumsum(middle_slopes, axis=1)], axis=1
    )
    shifts = (shifts - shifts[:, columns // 2, None]) * step_px
    rows = tuple(tuple(float(value) for value in row) for row in shifts)
    return VerticalDisplacement(canvas.width_px, canvas.height_px, rows)


def _pieces(ink: Pixels, *, letter_px: float) -> Iterator[_Piece]:
    """Pieces of lines, each about eight letters long, with their slopes; in pixels of `ink`."""
    brush = np.ones((1, int(1.6 * letter_px) | 1), np.uint8)
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, brush)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(joined)
    for label in range(1, count):
        left, top, width, height, area = (int(value) for value in stats[label])
        too_high = height > 4 * letter_px + 0.25 * width
        if width < 5 * letter_px or too_high or area < 0.25 * width * letter_px:
            continue
        piece = labels[top : top + height, left : left + width] == label
        filled = piece.sum(axis=0)
        xs = np.flatnonzero(filled)
        if len(xs) < 3 * letter_px:
            continue
        middles = (piece * np.arange(height)[:, None]).sum(axis=0)[xs] / filled[xs]
        for part in np.array_split(np.arange(len(xs)), max(1, int(len(xs) // (8 * letter_px)))):
            slope = _slope(xs[part], middles[part])
            if len(part) >= 3 * letter_px and abs(slope) < _STEEPEST:
                x, y = left + float(xs[part].mean()), top + float(middles[part].mean())
                yield _Piece(x, y, slope, len(part))


def _slope(xs: NDArray[np.int64], ys: _Real) -> float:
    away = xs - xs.mean()
    return float((away * (ys - ys.mean())).sum() / max(1.0, float((away * away).sum())))


def _terms(u: _Real, v: _Real) -> _Real:
    """Terms of the fit, cubic in u along the lines, quadratic in v across them; both -1 to 1.

    A page bends mostly along one axis.
    """
    return np.stack([np.ones_like(u), u, v, u * u, u * v, v * v, u**3, u * u * v], axis=-1)
