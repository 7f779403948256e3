"""The size of letters, brought to what the reader does best."""

from __future__ import annotations

import math

from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.glyphs import measure_x_height
from ocr_server.imaging.outcome import OperationResult
from ocr_server.job import MAX_SIDE_PX

# Accuracy is level from 12 to 24 px; above, layout makes more mistakes and time grows.
BEST_X_HEIGHT_PX = 18.0

_LEAST_FACTOR, _MOST_FACTOR = 0.2, 3.0
_MOST_PIXELS = 6e6  # of an enlarged page: beyond an A4 page at 200 dpi, small print stays small


def scale(canvas: Canvas, *, x_height_px: float = BEST_X_HEIGHT_PX) -> OperationResult:
    """Enlarge or shrink so that small letters are about `x_height_px` high."""
    return scale_from(canvas, measure_x_height(canvas.grey().pixels), x_height_px=x_height_px)


def scale_from(
    canvas: Canvas, measured_px: float, *, x_height_px: float = BEST_X_HEIGHT_PX
) -> OperationResult:
    """The same, where the height of the letters is known; 0 means it is not."""
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
