"""Rotate, crop or cut out a page as requested before it is read, and map the result back."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ocr_server.document.model import Page
from ocr_server.errors import InvalidOptions
from ocr_server.geometry import Box, Clamp, Quad
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.perspective import cut_out
from ocr_server.job import Framing, ReadOptions, ZoneSpec
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext


@dataclass(frozen=True, slots=True)
class FramedPage:
    """A canvas after `apply_framing`; its pixels are the page pixels of what is read.

    The zones of `options` are in these pixels. `number` counts pages from 1.
    """

    canvas: Canvas
    number: int
    options: ReadOptions
    context: ReadContext

    def read(self, options: ReadOptions | None = None) -> Page:
        """Read the page by the recipe, with `options` if given, else with its own.

        Raises:
            OcrServerError: any error of the engine, and DeadlinePassed.
        """
        return read_page(
            self.canvas, number=self.number, options=options or self.options, context=self.context
        )


def apply_framing(canvas: Canvas, framing: Framing) -> Canvas:
    """The canvas rotated, then cropped, or what lies between the corners, as if seen from above.

    A crop entirely outside the canvas is ignored.

    Raises:
        InvalidOptions: corners have no area inside the canvas.
    """
    if framing.corners:
        return cut_out(canvas, _inside(framing.corners, canvas))
    quarters = framing.rotation_deg / 90
    if quarters == int(quarters):
        canvas = canvas.rotated_90(int(quarters))
    else:
        canvas = canvas.rotated(framing.rotation_deg, fill=255)
    if framing.crop is None:
        return canvas
    crop = _in_pixels(framing.crop, canvas) if framing.crop_is_percent else framing.crop
    cropped = crop.intersection(canvas.box)
    return canvas if cropped is None else canvas.cropped(cropped)


def zones_in_pixels(zones: tuple[ZoneSpec, ...], canvas: Canvas) -> tuple[ZoneSpec, ...]:
    """The zones with boxes in per cent of the sides converted to pixels of the canvas."""
    return tuple(
        replace(zone, box=_in_pixels(zone.box, canvas), is_percent=False)
        if zone.is_percent
        else zone
        for zone in zones
    )


def put_back(page: Page, part: Canvas, whole: Canvas) -> Page:
    """Map a page read on `part` to the pixels of `whole`, the canvas that it was cut out of."""
    return replace(
        page,
        width_px=whole.width_px,
        height_px=whole.height_px,
        zones=tuple(zone.mapped(part.to_page) for zone in page.zones),
    )


def _inside(corners: Quad, canvas: Canvas) -> Quad:
    """The corners, those outside the canvas at its edge."""
    inside = corners.mapped(Clamp(canvas.box))
    if inside.is_convex:
        return inside
    size = f"{canvas.width_px} × {canvas.height_px}"
    if corners.box.intersection(canvas.box) is None:
        raise InvalidOptions(
            f"The corners lie outside the page, which has {size} pixels.", field="corners"
        )
    raise InvalidOptions(
        "Between the corners hardly anything of the page is left, "
        f"which has {size} pixels. Move them further apart.",
        field="corners",
    )


def _in_pixels(box: Box, canvas: Canvas) -> Box:
    x, y = canvas.width_px / 100, canvas.height_px / 100
    return Box(box.left * x, box.top * y, box.right * x, box.bottom * y)
