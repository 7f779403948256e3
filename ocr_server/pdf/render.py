"""PDF pages as canvases, drawn by PDFium one at a time.

PDFium is not thread-safe: this runs in worker processes, one task at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pypdfium2

from ocr_server.document.model import INCOMPLETE, LACKS_MEMORY, Advice
from ocr_server.errors import DamagedPicture
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import Limits
from ocr_server.pdf.opening import OpenedPage, opened_page
from ocr_server.pdf.page_copy import write_copy
from ocr_server.pdf.page_objects import hide_text
from ocr_server.pdf.page_pictures import (
    GROUND,
    PagePicture,
    exchange_colours,
    find_undrawn,
    is_damaged,
    lacks_rows,
    may_lack_rows,
)

_MUCH_OF_PAGE = 0.1  # pictures that take less are logos and signatures
_LEAST_DPI = 190  # print is read about as well as at 300
_ROUNDING = 0.95
# Of a worker's memory for each pixel of a drawing in colour: four of PDFium's, three of ours, and
# as much again for what a page is read with.
_COLOUR_BYTES = 14
_DAMAGED = Advice(
    INCOMPLETE,
    "The data of a picture on the page is damaged: parts of it are wrong or missing.",
    "Save the PDF again, or send another copy.",
)


class DrawnPage(NamedTuple):
    """A page in grey, and what is missing from it, or not drawn as finely as it is."""

    canvas: Canvas
    problems: tuple[Advice, ...] = ()


def draw_page(
    path: Path, index: int, *, limits: Limits, password: str | None, has_text: bool = True
) -> DrawnPage:
    """A page in grey at `limits.pdf_dpi`, or at fewer dpi where it would be over the limit.

    Without `has_text`, what it has as text is not drawn; letters in pictures and outlines are.

    Raises:
        DamagedPicture: the page cannot be drawn.
        EncryptedDocument: the PDF wants a password, or another one.
        OutOfMemory: it shows only pictures that need more memory than a worker may use.
        PageMissing: there is no such page.
    """
    with opened_page(path, index, limits=limits, password=password) as opened:
        if not has_text:
            hide_text(opened.objects)
        try:
            pixels = _draw(opened)
            drawn = [one for one in opened.pictures if one not in opened.left_out]
            places = [opened.place_of_picture(picture) for picture in drawn]
            broken = list(find_undrawn(drawn, places, pixels))
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise DamagedPicture(f"Page {index + 1} of the PDF cannot be drawn.") from error
        missing = _missing(broken, opened.left_out)
        if missing is not None and has_text and int(pixels.min()) >= GROUND:
            raise missing.as_error()
        pixels[pixels == GROUND] = 255
        large = [
            (picture, place)
            for picture, place in zip(drawn, places, strict=True)
            if place and place.area >= _MUCH_OF_PAGE * opened.box.area
        ]
        if missing is None and any(is_damaged(*one, pixels) for one in large):
            missing = _DAMAGED
        suspects = [place for picture, place in large if may_lack_rows(picture, place, pixels)]
        if missing is None and suspects:
            exchanged = _draw_exchanged(path, index, limits=limits, password=password)
            if exchanged is not None and any(
                lacks_rows(one, pixels, exchanged) for one in suspects
            ):
                missing = _DAMAGED
        coarse = _coarse(opened, large) if opened.is_copy else None
        problems = tuple(problem for problem in (missing, coarse) if problem)
        return DrawnPage(Canvas(pixels, dpi=opened.dpi), problems)


def draw_in_colour(
    path: Path, index: int, *, limits: Limits, password: str | None, has_text: bool = True
) -> Canvas | None:
    """The page of `draw_page` in colour; None where a worker has too little memory for that.

    Raises:
        DamagedPicture: the page cannot be drawn.
        EncryptedDocument: the PDF wants a password, or another one.
        PageMissing: there is no such page.
    """
    with opened_page(path, index, limits=limits, password=password) as opened:
        if opened.is_copy or opened.left_out or opened.pixels > limits.memory_bytes / _COLOUR_BYTES:
            return None
        if not has_text:
            hide_text(opened.objects)
        try:
            bitmap = opened.page.render(scale=opened.scale, rev_byteorder=True)
            pixels = np.array(bitmap.to_numpy()[..., :3], dtype=np.uint8)
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise DamagedPicture(f"Page {index + 1} of the PDF cannot be drawn.") from error
        return Canvas(np.ascontiguousarray(pixels), dpi=opened.dpi)


def _draw(opened: OpenedPage) -> Pixels:
    bitmap = opened.page.render(
        scale=opened.scale, grayscale=True, fill_color=(GROUND, GROUND, GROUND, 255)
    )
    pixels = np.array(bitmap.to_numpy(), dtype=np.uint8)
    return np.ascontiguousarray(pixels[..., 0]) if pixels.ndim == 3 else pixels


def _draw_exchanged(
    path: Path, index: int, *, limits: Limits, password: str | None
) -> Pixels | None:
    """A page with black and white exchanged in its faxes; None where QPDF cannot open it."""
    copy = path.with_name(f"{path.name}-page-{index}-exchanged")
    if not write_copy(path, index, copy, password=password, change=exchange_colours):
        return None
    with opened_page(copy, 0, limits=limits, password=None) as opened:
        return _draw(opened)


def _missing(broken: Sequence[PagePicture], left_out: Sequence[PagePicture]) -> Advice | None:
    """What is missing from a page whose pictures are not all drawn."""
    if left_out:
        largest = max(left_out, key=lambda picture: picture.most_bytes)
        return Advice(
            LACKS_MEMORY,
            f"A picture on the page, of {largest.width_px} × {largest.height_px} pixels, needs "
            "more memory than a worker may use.",
            "Send a smaller one, or raise OCR_WORKER_MEMORY_BYTES.",
        )
    if broken:
        return Advice(
            INCOMPLETE,
            f"Pictures on the page cannot be drawn, as their data is damaged: {len(broken)}.",
            "Save the PDF again, or send another copy.",
        )
    return None


def _coarse(opened: OpenedPage, pictures: Sequence[tuple[PagePicture, Box]]) -> Advice | None:
    """What to tell of a large picture that had to be made smaller than is good for print."""
    lowest_dpi = min(
        (
            opened.dpi * (picture.width_px * picture.height_px / place.area) ** 0.5
            for picture, place in pictures
        ),
        default=opened.dpi,
    )
    if lowest_dpi >= min(_LEAST_DPI, _ROUNDING * opened.dpi):
        return None
    return Advice(
        "coarse",
        f"The page was read at {lowest_dpi:.0f} dpi, as a worker has too little memory for more.",
        "Send it as JPEG or in grey, or raise OCR_WORKER_MEMORY_BYTES.",
    )
