"""How a page is read that fields are asked of."""

from __future__ import annotations

from dataclasses import replace

from ocr_server.cpu_shares import Threads, one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.model import Page
from ocr_server.engines.engine import Engine
from ocr_server.extraction.finders import FINDERS
from ocr_server.extraction.framed_page import Look, frame, moved, zones_in_pixels
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Framing, Reading
from ocr_server.progress import Tell, tell_nobody


def read_framed(
    canvas: Canvas,
    *,
    number: int,
    reading: Reading,
    engine: Engine,
    deadline: Deadline,
    threads: Threads = one_thread,
    tell: Tell = tell_nobody,
) -> Page:
    """The page that `canvas` shows, turned and cut as asked and read by its finder.

    Places are in the pixels of the canvas as it came, whatever was turned and cut.
    """
    framed = frame(canvas, reading.framing)
    look = Look(
        canvas=framed.as_page(),
        number=number,
        reading=replace(reading, zones=zones_in_pixels(reading.zones, framed)),
        engine=engine,
        deadline=deadline,
        threads=threads,
        tell=tell,
    )
    page = FINDERS[reading.finder].read(look)
    return page if framed is canvas else moved(page, framed.to_page, canvas)


def is_read_from_picture(reading: Reading) -> bool:
    """Whether a text that a file brings along is of no use."""
    return (
        FINDERS[reading.finder].needs_picture
        or reading.framing != Framing()
        or any(zone.is_percent for zone in reading.zones)
    )
