"""How one page is read."""

from __future__ import annotations

from ocr_server.deadline import Deadline
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Reading
from ocr_server.model import Page
from ocr_server.recognition.engine import Engine


def read_page(
    canvas: Canvas, *, number: int, reading: Reading, engine: Engine, deadline: Deadline
) -> Page:
    """The page that `canvas`, fresh from its file, shows.

    Raises:
        OcrServerError: whatever the engine raises, and DeadlinePassed.
    """
    zones = engine.recognise(canvas.grey(), reading, deadline)
    return Page(
        number=number,
        width_px=canvas.width_px,
        height_px=canvas.height_px,
        dpi=reading.dpi or canvas.dpi,
        zones=tuple(zone.mapped(canvas.to_page) for zone in zones),
    )
