"""How a page is read that fields are asked of."""

from __future__ import annotations

from dataclasses import replace

from ocr_server.cpu_shares import ThreadAllowance, one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.model import Page
from ocr_server.engines.engine import Engine
from ocr_server.extraction.finders import FINDERS
from ocr_server.extraction.framed_page import FramedPage, apply_framing, moved, zones_in_pixels
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Framing, ReadOptions
from ocr_server.progress import ProgressCallback, ignore_progress


def read_framed(
    canvas: Canvas,
    *,
    number: int,
    options: ReadOptions,
    engine: Engine,
    deadline: Deadline,
    threads: ThreadAllowance = one_thread,
    report_progress: ProgressCallback = ignore_progress,
) -> Page:
    """The page that `canvas` shows, turned and cut as asked and read by its finder.

    Places are in the pixels of the canvas as it came, whatever was turned and cut.
    """
    framed = apply_framing(canvas, options.framing)
    framed_page = FramedPage(
        canvas=framed.as_page(),
        number=number,
        options=replace(options, zones=zones_in_pixels(options.zones, framed)),
        engine=engine,
        deadline=deadline,
        threads=threads,
        report_progress=report_progress,
    )
    page = FINDERS[options.finder].read(framed_page)
    return page if framed is canvas else moved(page, framed.to_page, canvas)


def is_read_from_picture(options: ReadOptions) -> bool:
    """Whether a text that a file brings along is of no use."""
    return (
        FINDERS[options.finder].needs_picture
        or options.framing != Framing()
        or any(zone.is_percent for zone in options.zones)
    )
