"""A picture as it is looked at for fields: turned and cut as asked, with the way back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from ocr_server.cpu_shares import ThreadAllowance, one_thread
from ocr_server.deadline import Deadline
from ocr_server.document.model import Page
from ocr_server.engines.engine import Engine
from ocr_server.geometry import Box, PointMap
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import Framing, ReadOptions, ZoneSpec
from ocr_server.page import recipe
from ocr_server.progress import ProgressCallback, ignore_progress


@dataclass(frozen=True, slots=True)
class FramedPage:
    """A framed canvas, whose pixels count as the page's own, and how to read it."""

    canvas: Canvas
    number: int
    options: ReadOptions
    engine: Engine = field(repr=False)
    deadline: Deadline
    threads: ThreadAllowance = one_thread
    report_progress: ProgressCallback = ignore_progress

    def read(self, options: ReadOptions | None = None) -> Page:
        """The page by the recipe."""
        return recipe.read_page(
            self.canvas,
            number=self.number,
            options=options or self.options,
            engine=self.engine,
            deadline=self.deadline,
            threads=self.threads,
            report_progress=self.report_progress,
        )

    def read_part(self, part: Canvas, options: ReadOptions) -> Page:
        """Only a part of it by the recipe, a canvas that knows its way to this one."""
        alone = replace(self, canvas=part.as_page())
        return moved(alone.read(options), part.to_page, self.canvas)


def apply_framing(canvas: Canvas, framing: Framing) -> Canvas:
    """The canvas turned and cut; a crop that leaves nothing leaves all."""
    quarters = framing.rotation_deg / 90
    if quarters == int(quarters):
        canvas = canvas.rotated_90(int(quarters))
    else:
        canvas = canvas.rotated(framing.rotation_deg, fill=255)
    if framing.crop is None:
        return canvas
    crop = _in_pixels(framing.crop, canvas) if framing.crop_is_percent else framing.crop
    inside = crop.intersection(canvas.box)
    return canvas if inside is None else canvas.cropped(inside)


def zones_in_pixels(zones: tuple[ZoneSpec, ...], canvas: Canvas) -> tuple[ZoneSpec, ...]:
    """The zones with each box in pixels."""
    return tuple(
        replace(zone, box=_in_pixels(zone.box, canvas), is_percent=False)
        if zone.is_percent
        else zone
        for zone in zones
    )


def moved(page: Page, transform: PointMap, canvas: Canvas) -> Page:
    """The page in the frame of a larger canvas."""
    return replace(
        page,
        width_px=canvas.width_px,
        height_px=canvas.height_px,
        zones=tuple(zone.mapped(transform) for zone in page.zones),
    )


def _in_pixels(box: Box, canvas: Canvas) -> Box:
    x, y = canvas.width_px / 100, canvas.height_px / 100
    return Box(box.left * x, box.top * y, box.right * x, box.bottom * y)
