"""Deadlines: how much time is left, the error when none is, and intervals of waiting."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from ocr_server.errors import DeadlinePassed

# How often a waiting thread checks whether its deadline has passed or its client has disconnected,
# as neither wakes it.
POLL_INTERVAL_S = 0.1


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the monotonic clock, which is common to all processes of a machine.

    `allowed_s` is the time that was allowed, and `setting` the setting or option that limits it.
    """

    expires_at_s: float
    allowed_s: float
    setting: str = "OCR_TIMEOUT_S"

    @classmethod
    def after(cls, allowed_s: float, *, setting: str = "OCR_TIMEOUT_S") -> Deadline:
        """The deadline `allowed_s` seconds from now, which `setting` decides."""
        return cls(time.monotonic() + allowed_s, allowed_s, setting)

    def sooner(self, allowed_s: float, *, setting: str) -> Deadline:
        """This deadline, or the one `allowed_s` seconds from now if that comes first."""
        other = Deadline.after(allowed_s, setting=setting)
        return min(self, other, key=lambda deadline: deadline.expires_at_s)

    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.expires_at_s - time.monotonic())

    def check(self) -> None:
        """Raise an error if the time is over.

        Raises:
            DeadlinePassed: no time is left.
        """
        if not self.left_s():
            raise self.passed()

    def passed(self) -> DeadlinePassed:
        """The error for work that was stopped because the time was over."""
        allowed_s = round(self.allowed_s, 1)  # it may be what was left of another time
        return DeadlinePassed(
            f"Reading took longer than {allowed_s:g} s and was stopped. Send fewer or smaller "
            f"pages, or raise {self.setting}.",
            allowed_s=self.allowed_s,
            setting=self.setting,
        )


def backoff_s(first_s: float, longest_s: float) -> Iterator[float]:
    """Waiting times between attempts: `first_s`, then twice the last one, up to `longest_s`."""
    wait_s = first_s
    while True:
        yield min(wait_s, longest_s)
        wait_s = min(2 * wait_s, longest_s)
