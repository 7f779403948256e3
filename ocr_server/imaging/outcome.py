"""What a step gives back."""

from __future__ import annotations

from typing import NamedTuple

from ocr_server.imaging.canvas import Canvas


class OperationResult(NamedTuple):
    """The canvas after a step, what the step found, and what it did about it.

    Both are plain words that a page can show; `did` is empty where nothing had to be done.
    """

    canvas: Canvas
    found: str = ""
    did: str = ""
