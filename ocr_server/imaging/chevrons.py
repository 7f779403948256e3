"""The characters of a machine-readable zone by their shape: which of them are fillers (`<`).

To Tesseract a filler is often a K, an X or nothing at all; its shape cannot be mistaken.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas

_LEAST_HEIGHT_PX = 6
_TIP = 0.55  # of its height: what the left fifth of a filler has ink over; of a K, C or X, more


@dataclass(frozen=True, slots=True)
class Glyph:
    """A character's place on the canvas, and whether it is a filler."""

    box: Box
    is_filler: bool


def find_glyphs(canvas: Canvas) -> tuple[tuple[Glyph, ...], ...]:
    """The characters of each row, from left to right; rows from top to bottom."""
    grey = canvas.grey().pixels
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(ink)
    pieces = [
        (label, Box(left, top, left + wide, top + high))
        for label, (left, top, wide, high) in enumerate(stats[:, :4].tolist())
        if label and high >= _LEAST_HEIGHT_PX and wide < 2 * high
    ]
    if not pieces:
        return ()
    # The characters are most of what is there, and all of one height.
    usual = float(np.median([box.height for _, box in pieces]))
    pieces = [piece for piece in pieces if 0.6 * usual <= piece[1].height <= 1.5 * usual]
    rows: list[list[tuple[int, Box]]] = []
    for piece in sorted(pieces, key=lambda one: one[1].left):
        middle = (piece[1].top + piece[1].bottom) / 2
        # The neighbour decides, so that a row may slant.
        row = next((r for r in rows if r[-1][1].top < middle < r[-1][1].bottom), None)
        if row is None:
            rows.append([piece])
        else:
            row.append(piece)
    rows.sort(key=lambda row: row[0][1].top)
    return tuple(
        tuple(Glyph(box, _is_filler(_part(labels == label, box))) for label, box in row)
        for row in rows
    )


def _part(mask: NDArray[np.bool_], box: Box) -> NDArray[np.bool_]:
    left, top, right, bottom = (int(side) for side in (box.left, box.top, box.right, box.bottom))
    return mask[top:bottom, left:right]


def _is_filler(glyph: NDArray[np.bool_]) -> bool:
    """A tip at the left, halfway up, and two arms that end at the right, above and below it."""
    height, width = glyph.shape
    edge = max(1, round(width * 0.2))
    tip = np.flatnonzero(np.count_nonzero(glyph[:, :edge], axis=1))
    arms = np.flatnonzero(np.count_nonzero(glyph[:, -edge:], axis=1))
    middle = np.abs(arms - height / 2) < height / 10
    return bool(
        np.ptp(tip) + 1 <= _TIP * height
        and 0.3 * height < tip.mean() < 0.7 * height
        and arms[0] < height / 3
        and arms[-1] >= 2 * height / 3
        and not middle.any()
    )
