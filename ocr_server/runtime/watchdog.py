"""The watchdog: sees, beside the requests, that the server can still read.

It keeps the private folder from being tidied away, sees that idle worker processes answer, and
reads a built-in picture whenever nothing else was read for a while, or that picture could not be
read before.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from ocr_server.errors import EngineFailed, OcrServerError, StorageFull
from ocr_server.runtime.pool import WorkerPool
from ocr_server.runtime.scratch import ScratchSpace

SAMPLE = "Read me: 12 apples"
TURN_S = 5.0  # a private folder that was removed is there again by then

log = logging.getLogger(__name__)


class Watchdog:
    """A thread that remembers whether the built-in picture could be read."""

    def __init__(
        self,
        read: Callable[[bytes], object],
        *,
        workers: WorkerPool,
        scratch: ScratchSpace,
        period_s: float,
    ) -> None:
        """`read` reads a picture, `period_s` seconds after the last one; 0 means never."""
        self._read, self._workers, self._scratch, self._period_s = read, workers, scratch, period_s
        self._turn_s = min(TURN_S, period_s or TURN_S)
        self._last_read_s = time.monotonic()
        self._stopped = threading.Event()
        self.failure: OcrServerError | None = None

    def start(self) -> None:
        """Begin to watch, in a thread."""
        threading.Thread(target=self._watch, name="watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()

    def note_read(self) -> None:
        """Something was read, so there is no failure any more."""
        self._last_read_s = time.monotonic()
        if self.failure:
            log.warning("the server can read again")
            self.failure = None

    def take_turn(self) -> None:
        """Keep the folder and the processes, and read the picture if due and a slot is idle."""
        with suppress(StorageFull):
            self._scratch.check()
        if self._period_s:
            self._workers.check_idle(self._period_s)
        is_due = self.failure or time.monotonic() - self._last_read_s >= self._period_s
        if not self._period_s or not is_due or self._workers.busy >= self._workers.slots:
            return
        try:
            self._read(draw_sample())
        except OcrServerError as error:
            self._fail(error.message)
        except Exception:
            log.exception("the built-in picture could not be read")
            self._fail("The log of the server has the reason.")
        else:
            self.note_read()

    def _watch(self) -> None:
        while not self._stopped.wait(self._turn_s):
            try:
                self.take_turn()
            except Exception:
                log.exception("a turn of the watchdog failed")

    def _fail(self, reason: str) -> None:
        if self._stopped.is_set():
            return
        log.warning("the built-in picture could not be read: %s", reason)
        self.failure = EngineFailed(f"The built-in picture could not be read. {reason}")


def draw_sample() -> bytes:
    """A small picture of `SAMPLE`, as PNG."""
    picture = Image.new("L", (560, 120), 255)
    ImageDraw.Draw(picture).text((40, 36), SAMPLE, fill=0, font=ImageFont.load_default(40))
    file = BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()
