"""Admission: limits the requests that are processed or wait, and tells when to retry."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ocr_server.errors import Draining, QueueFull, RequestError

# Weight of the newest request in the moving average of durations, which settles after about ten.
NEWEST_SHARE = 0.2


class Admission:
    """A bounded queue: one request per slot is processed, and up to `waiting` others wait."""

    def __init__(self, *, slots: int, waiting: int) -> None:
        self._slots, self._most = slots, slots + waiting
        self._inside = 0
        self._mean_s = 1.0
        self._draining = False
        self._changed = threading.Condition()

    @property
    def inside(self) -> int:
        """Number of admitted requests: being processed or waiting."""
        return self._inside

    @property
    def waiting(self) -> int:
        """Number of admitted requests that wait for a slot."""
        return max(0, self._inside - self._slots)

    @property
    def is_draining(self) -> bool:
        """Whether no more requests are admitted."""
        return self._draining

    @contextmanager
    def admit(self, *, is_live: bool = False, is_work: bool = True) -> Iterator[None]:
        """Admit a request for the length of a with-block.

        One that `is_live` must not wait: it is refused if all slots are taken. Its duration counts
        for the mean only if it `is_work` and does not end with a `RequestError`.

        Raises:
            Draining: the server is shutting down.
            QueueFull: the queue is full.
        """
        with self._changed:
            error = self.why_refused(is_live=is_live)
            if error is not None:
                raise error
            self._inside += 1
        begun = time.monotonic()
        try:
            yield
        except RequestError:
            is_work = False
            raise
        finally:
            with self._changed:
                if is_work:
                    taken = time.monotonic() - begun
                    self._mean_s += NEWEST_SHARE * (taken - self._mean_s)
                self._inside -= 1
                self._changed.notify_all()

    def why_refused(self, *, is_live: bool = False) -> Draining | QueueFull | None:
        """Why a request would not be admitted at this moment."""
        if self._draining:
            return Draining("The server is shutting down. Send the request again.")
        most = self._slots if is_live else self._most
        if self._inside < most:
            return None
        return self._full(most, setting="OCR_SLOTS" if is_live else "OCR_QUEUE_SIZE")

    def drain(self, timeout_s: float) -> bool:
        """Admit no more requests and wait for the admitted ones; whether all ended in time."""
        with self._changed:
            self._draining = True
            return self._changed.wait_for(lambda: not self._inside, timeout_s)

    def _full(self, most: int, *, setting: str) -> QueueFull:
        # Mean duration of a request, waiting included, divided by the slots: by then about one has
        # ended.
        retry_after_s = max(1, math.ceil(self._mean_s / self._slots))
        return QueueFull(
            f"{self._inside} requests are being read or wait already, and there is room for "
            f"{most}. Try again in {retry_after_s} s, or raise {setting}.",
            limit=most,
            retry_after_s=retry_after_s,
            setting=setting,
        )
