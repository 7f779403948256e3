"""A camera: its picture is read when it is steady and has changed, or by a trigger."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import cv2
import numpy as np

from ocr_server.errors import StationError
from ocr_server.imaging.canvas import Pixels
from ocr_server.station.intake import Intake, key_of
from ocr_server.station.journal import Entry

AGAIN_S = 2.0  # before a camera that went away is opened again
TRIGGER_S = 30.0

_SMALL_PX = (64, 48)
# Mean differences in grey levels: noise of a camera moves a small copy by about one.
_STILL, _CHANGED = 2.5, 6.0
_STEADY_FRAMES = 4

log = logging.getLogger(__name__)


class Camera:
    """A device by number, or whatever OpenCV opens by an address or a path."""

    def __init__(self, device: str, intake: Intake, *, waits_for_trigger: bool = False) -> None:
        self._device: int | str = int(device) if device.isdigit() else device
        self._intake = intake
        self._waits_for_trigger = waits_for_trigger
        self._frame: tuple[int, Pixels] | None = None
        self._news = threading.Condition()

    def run(self, stop: threading.Event) -> None:
        """Look until `stop` is set; a camera that goes away is waited for.

        Raises:
            StationError: it cannot be opened at the start.
        """
        is_first, number = True, 0
        steadiness = Steadiness()
        while not stop.is_set():
            with _opened(self._device) as capture:
                if not capture.isOpened():
                    if is_first:
                        raise StationError(f"The camera {self._device} cannot be opened.")
                    stop.wait(AGAIN_S)
                    continue
                is_first = False
                for frame in _frames(capture, stop):
                    number += 1
                    with self._news:
                        self._frame = (number, frame)
                        self._news.notify_all()
                    if not self._waits_for_trigger and steadiness.is_worth_reading(frame):
                        self._take(frame)
            if not stop.is_set():
                log.warning("the camera gives no more pictures; it is opened again")
                stop.wait(AGAIN_S)

    def trigger(self) -> Entry | None:
        """Read the next picture now; None where none comes."""
        with self._news:
            before = self._frame[0] if self._frame else 0
            ends = time.monotonic() + TRIGGER_S
            while self._frame is None or self._frame[0] == before:
                if not self._news.wait(max(0.0, ends - time.monotonic())):
                    return None
            frame = self._frame[1]
        return self._take(frame)

    def _take(self, frame: Pixels) -> Entry | None:
        # PNG, as nothing of what the camera saw is to be lost.
        _, encoded = cv2.imencode(".png", frame[:, :, ::-1] if frame.ndim == 3 else frame)
        data = encoded.tobytes()
        return self._intake.take(data, source="camera", key=key_of(data, "camera", time.time_ns()))


class Steadiness:
    """Decides for each frame of a sequence whether it is worth reading."""

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


@contextmanager
def _opened(device: int | str) -> Iterator[cv2.VideoCapture]:
    capture = cv2.VideoCapture(device)
    try:
        yield capture
    finally:
        capture.release()


def _frames(capture: cv2.VideoCapture, stop: threading.Event) -> Iterator[Pixels]:
    """Frames in RGB, until no more come."""
    while not stop.is_set():
        is_there, frame = capture.read()
        if not is_there:
            return
        yield np.ascontiguousarray(frame[:, :, ::-1]).astype(np.uint8, copy=False)


def _small(frame: Pixels) -> Pixels:
    grey = cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) if frame.ndim == 3 else frame
    small = cv2.resize(grey, _SMALL_PX, interpolation=cv2.INTER_AREA)
    return small.astype(np.uint8, copy=False)


def _difference(one: Pixels, other: Pixels) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())
