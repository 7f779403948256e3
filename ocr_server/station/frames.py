"""When a camera's picture is worth reading: it is steady, and not the one that was read last."""

from __future__ import annotations

import cv2
import numpy as np

from ocr_server.imaging.canvas import Pixels

_SMALL_PX = (64, 48)
# Mean differences in grey levels: noise of a camera moves a small copy by about one.
_STILL, _CHANGED = 2.5, 6.0
_STEADY_FRAMES = 4


class Steadiness:
    """Looks at one frame after the other."""

    def __init__(self) -> None:
        self._before: Pixels | None = None
        self._read: Pixels | None = None
        self._still = 0

    def is_worth_reading(self, frame: Pixels) -> bool:
        """Whether this frame is to be read: steady for a while, and changed since the last one."""
        small = _small(frame)
        is_still = self._before is not None and _difference(small, self._before) < _STILL
        self._still = self._still + 1 if is_still else 0
        self._before = small
        if self._still < _STEADY_FRAMES:
            return False
        if self._read is not None and _difference(small, self._read) < _CHANGED:
            return False
        self._read = small
        return True


def _small(frame: Pixels) -> Pixels:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.ndim == 3 else frame
    small = cv2.resize(grey, _SMALL_PX, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
