"""How long is left, and an error when nothing is."""

from __future__ import annotations

import time
from dataclasses import dataclass

from ocr_server.errors import DeadlinePassed


@dataclass(frozen=True, slots=True)
class Deadline:
    """A moment on the machine's monotonic clock, the same in every process of this machine."""

    expires_at_s: float
    allowed_s: float
    setting: str = "OCR_TIMEOUT_S"

    @classmethod
    def after(cls, allowed_s: float, *, setting: str = "OCR_TIMEOUT_S") -> Deadline:
        """The moment `allowed_s` seconds from now; `setting` is what would move it."""
        return cls(time.monotonic() + allowed_s, allowed_s, setting)

    def sooner(self, allowed_s: float, *, setting: str) -> Deadline:
        """This deadline, or the one `allowed_s` seconds from now if that comes first."""
        other = Deadline.after(allowed_s, setting=setting)
        return min(self, other, key=lambda deadline: deadline.expires_at_s)

    def left_s(self) -> float:
        """Seconds left, never negative."""
        return max(0.0, self.expires_at_s - time.monotonic())

    def check(self) -> None:
        """Do nothing while there is time.

        Raises:
            DeadlinePassed: there is none left.
        """
        if not self.left_s():
            raise self.passed()

    def passed(self) -> DeadlinePassed:
        """The error that says so."""
        return DeadlinePassed(
            f"Reading took longer than {self.allowed_s:g} s and was stopped. Send fewer or smaller "
            f"pages, or raise {self.setting}.",
            allowed_s=self.allowed_s,
            setting=self.setting,
        )
