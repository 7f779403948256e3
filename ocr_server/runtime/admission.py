"""How many requests may be worked on or wait, and when a refused one should be sent again."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from ocr_server.errors import Draining, QueueFull, RequestError

# The share of the newest request in the measured duration: steady after about ten requests.
NEWEST_SHARE = 0.2


class Admission:
    """A bounded queue: as many requests as there are slots, and some that wait."""

    def __init__(self, *, slots: int, waiting: int) -> None:
        self._slots, self._most = slots, slots + waiting
        self._inside = 0
        self._typical_s = 1.0
        self._draining = False
        self._changed = threading.Condition()

    @property
    def inside(self) -> int:
        """Requests being worked on or waiting."""
        return self._inside

    @property
    def waiting(self) -> int:
        """Requests for which there is no slot yet."""
        return max(0, self._inside - self._slots)

    @property
    def is_draining(self) -> bool:
        """Whether nothing more is taken."""
        return self._draining

    @contextmanager
    def admit(self, *, live: bool = False, is_work: bool = True) -> Iterator[None]:
        """Let a request in for the length of a with-block; a `live` one must not wait.

        Without `is_work`, its time says nothing about that of others.

        Raises:
            Draining: the server is shutting down.
            QueueFull: the queue is full.
        """
        with self._changed:
            if self._draining:
                raise Draining("The server is shutting down. Send the request again.")
            most = self._slots if live else self._most
            if self._inside >= most:
                raise self._full(most, setting="OCR_SLOTS" if live else "OCR_QUEUE_SIZE")
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
                    self._typical_s += NEWEST_SHARE * (taken - self._typical_s)
                self._inside -= 1
                self._changed.notify_all()

    def drain(self, timeout_s: float) -> bool:
        """Take nothing more and wait for what is inside; whether all of it ended in time."""
        with self._changed:
            self._draining = True
            return self._changed.wait_for(lambda: not self._inside, timeout_s)

    def _full(self, most: int, *, setting: str) -> QueueFull:
        # The mean time of a request, its wait included, divided by the slots: about one has left.
        retry_after_s = max(1, math.ceil(self._typical_s / self._slots))
        return QueueFull(
            f"{self._inside} requests are being read or wait already, and there is room for "
            f"{most}. Try again in {retry_after_s} s, or raise {setting}.",
            limit=most,
            retry_after_s=retry_after_s,
            setting=setting,
        )
