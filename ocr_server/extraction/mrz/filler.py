"""The characters of a machine-readable zone by their shape: which of them are fillers (`<`).

To Tesseract a filler is often a K, an X or nothing at all; its shape cannot be mistaken.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas

_LEAST_HEIGHT_PX = 6
_MOST_JOINED = 5  # times as wide as high: characters that blur or ink has joined
_TIP = 0.55  # of its height: what the left fifth of a filler has ink over; of a K, C or X, more


@dataclass(frozen=True, slots=True)
class MrzCell:
    """A character's place on the canvas, and whether it is a filler."""

    box: Box
    is_filler: bool


def find_mrz_cells(canvas: Canvas) -> tuple[tuple[MrzCell, ...], ...]:
    """The characters of each row, from left to right; rows from top to bottom."""
    grey = canvas.grey().pixels
    _, ink = cv2.threshold(grey, 0, 255, cv2.THRESH_BINARY_INV | cv2.THRESH_OTSU)
    _, _, stats, _ = cv2.connectedComponentsWithStats(ink)
    pieces = [
        Box(left, top, left + wide, top + high)
        for left, top, wide, high in stats[1:, :4].tolist()
        if high >= _LEAST_HEIGHT_PX and wide < _MOST_JOINED * high
    ]
    if not pieces:
        return ()
    # The characters are most of what is there, and all of one height.
    usual = float(np.median([box.height for box in pieces]))
    pieces = [box for box in pieces if 0.6 * usual <= box.height <= 1.5 * usual]
    rows: list[list[Box]] = []
    for box in sorted(pieces, key=lambda one: one.left):
        # The neighbour decides, so that a row may slant.
        row = next((r for r in rows if r[-1].top < box.middle.y < r[-1].bottom), None)
        if row is None:
            rows.append([box])
        else:
            row.append(box)
    rows.sort(key=lambda row: row[0].top)
    mask = ink > 0
    return tuple(
        tuple(MrzCell(box, _is_filler(_part(mask, box))) for box in _evenly_spaced(row))
        for row in rows
        if len(row) > 1
    )


def _evenly_spaced(row: Sequence[Box]) -> Iterator[Box]:
    """A box for each place, as all characters have one pitch.

    What hangs together is cut, and where a character was passed over a place is put in.
    """
    pitch = float(np.median([b.left + b.right - a.left - a.right for a, b in pairwise(row)])) / 2
    if pitch <= 0:  # one inside the other, as of a double frame: no characters
        yield from row
        return
    before: Box | None = None
    for box in row:
        count = max(1, round(box.width / pitch))
        for number in range(count):
            left = box.left + box.width * number / count
            one = Box(left, box.top, box.left + box.width * (number + 1) / count, box.bottom)
            if before is not None:
                yield from _between(before, one, pitch)
            yield one
            before = one


def _between(one: Box, other: Box, pitch: float) -> Iterator[Box]:
    distance = (other.left + other.right - one.left - one.right) / 2
    missing = round(distance / pitch) - 1
    for number in range(1, missing + 1):
        middle = (one.left + one.right) / 2 + distance * number / (missing + 1)
        yield Box(middle - pitch / 2, other.top, middle + pitch / 2, other.bottom)


def _part(mask: NDArray[np.bool_], box: Box) -> NDArray[np.bool_]:
    left, top, right, bottom = (int(side) for side in (box.left, box.top, box.right, box.bottom))
    return mask[top:bottom, left:right]


def _is_filler(glyph: NDArray[np.bool_]) -> bool:
    """A tip at the left, halfway up, and two arms that end at the right, above and below it."""
    height = glyph.shape[0]
    if not glyph.any():
        return False
    columns = np.flatnonzero(np.count_nonzero(glyph, axis=0))
    glyph = glyph[:, columns[0] : columns[-1] + 1]
    edge = max(1, round(glyph.shape[1] * 0.2))
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
