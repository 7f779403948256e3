"""Opening PDFs, and pages of them as they are to be drawn.

PDFium is not thread-safe: this runs in worker processes, one task at a time.
"""

from __future__ import annotations

import errno
import math
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
from pypdfium2 import raw

from ocr_server.errors import DamagedPicture, EncryptedDocument, PageMissing, TooManyPixels
from ocr_server.geometry import Box, PointMap, Transform, hull
from ocr_server.job import MAX_SIDE_PX, Limits
from ocr_server.pdf.page_copy import opened_by_qpdf, write_copy
from ocr_server.pdf.page_objects import PageObject, bounds_on_page, objects_of, sorted_box
from ocr_server.pdf.page_pictures import PagePicture, pictures_of
from ocr_server.pdf.smaller_pictures import make_smaller

POINTS_PER_INCH = 72
_MOST_UNIT_PT = 75_000  # a page of 14 400 units then has the 15 000 000 inches of ISO 32000-1, C.2
# Of a worker's memory, what an engine and the recipe hold; these need 30 MB on an A3 page.
_OTHER_BYTES = 48 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class OpenedPage:
    """A page as it is to be drawn: at `dpi`, that is `scale` pixels for each of its units.

    `is_copy`: some of its pictures are smaller than those of the file. `left_out` are those of its
    `pictures` that are not drawn, since they need more memory than there is.
    """

    page: pypdfium2.PdfPage
    dpi: float
    scale: float
    objects: tuple[PageObject, ...]
    pictures: tuple[PagePicture, ...]
    left_out: tuple[PagePicture, ...] = ()
    is_copy: bool = False

    @property
    def width_px(self) -> int:
        """The width of the drawing; 792 points are 3301 px of 300 dpi."""
        return math.ceil(float(self.page.get_width()) * self.scale)

    @property
    def height_px(self) -> int:
        """The height of the drawing."""
        return math.ceil(float(self.page.get_height()) * self.scale)

    @property
    def pixels(self) -> int:
        """How many pixels the drawing has, and bytes, as it is grey."""
        return self.width_px * self.height_px

    @property
    def box(self) -> Box:
        """The box of the drawing, in its pixels."""
        return Box(0, 0, self.width_px, self.height_px)

    @property
    def way(self) -> PointMap:
        """From the PDF's coordinates, y upwards, to pixels of the drawing."""
        return page_frame(
            sorted_box(self.page.get_bbox()),
            rotation_deg=self.page.get_rotation(),
            width_px=self.width_px,
            height_px=self.height_px,
        ).inverse()

    def place_of(self, bounds: Box) -> Box | None:
        """What is shown of a box in the PDF's coordinates, in pixels of the drawing."""
        return hull(bounds.quad().mapped(self.way)).intersection(self.box)

    def place_of_picture(self, picture: PagePicture) -> Box | None:
        """Where a picture is shown, in pixels of the drawing."""
        return self.place_of(bounds_on_page(picture.shown))


@contextmanager
def opened_page(
    path: Path, index: int, *, limits: Limits, password: str | None
) -> Iterator[OpenedPage]:
    """A page for the length of a with-block, from a copy where its pictures need too much memory.

    The copy lies beside the file, and is made once.

    Raises:
        DamagedPicture: PDFium cannot open it, or the page has no size.
        EncryptedDocument: it wants a password, or another one.
        MemoryError: a fresh process could draw the page.
        PageMissing: there is no such page.
    """
    copy = path.with_name(f"{path.name}-page-{index}")
    unit_pt = points_per_unit(path, index, password)
    if not copy.exists():
        with _opened(path, index, password, unit_pt, limits) as opened:
            left_bytes, page_pixels = _left_bytes(opened, limits), opened.pixels
            if _needed_bytes(opened.pictures) <= left_bytes:
                _check_room(opened)
                yield opened
                return

        def change(_pdf: pikepdf.Pdf, page: pikepdf.Object) -> None:
            make_smaller(page, memory_bytes=left_bytes, page_pixels=page_pixels)

        if not write_copy(path, index, copy, password=password, change=change):
            copy = path
    is_copy = copy != path
    with _opened(
        copy, 0 if is_copy else index, None if is_copy else password, unit_pt, limits
    ) as opened:
        left_out = _leave_out(opened.pictures, _left_bytes(opened, limits))
        fitting = replace(opened, left_out=left_out, is_copy=is_copy)
        _check_room(fitting)
        yield fitting


@contextmanager
def _opened(
    path: Path, index: int, password: str | None, unit_pt: float, limits: Limits
) -> Iterator[OpenedPage]:
    with opened_pdf(path, password) as document:
        if index >= len(document):
            raise PageMissing(f"The document has no page {index + 1}.", page=index + 1)
        try:
            document.init_forms()
            page = document[index]
        except pypdfium2.PdfiumError as error:
            raise DamagedPicture(f"Page {index + 1} of the PDF cannot be drawn.") from error
        dpi, scale = fitting_scale(page, unit_pt, limits)
        objects = objects_of(page)
        yield OpenedPage(page, dpi, scale, objects, pictures_of(page, objects))


def _left_bytes(opened: OpenedPage, limits: Limits) -> int:
    """Bytes that a worker may spend on the pictures of a page."""
    return max(0, limits.memory_bytes - _OTHER_BYTES - opened.pixels)


def _needed_bytes(pictures: Iterable[PagePicture]) -> int:
    return sum(picture.most_bytes for picture in pictures)


def _check_room(opened: OpenedPage) -> None:
    """Ask for the memory that drawing a page takes: PDFium does not tell where it gets none.

    Raises:
        MemoryError: earlier tasks have left too little of what a worker may use.
    """
    drawn = (picture for picture in opened.pictures if picture not in opened.left_out)
    np.empty(_needed_bytes(drawn) + opened.pixels, np.uint8)


def _leave_out(pictures: Sequence[PagePicture], left_bytes: int) -> tuple[PagePicture, ...]:
    """Make the largest pictures invisible until the others can be drawn; the former."""
    left_out = []
    needed = _needed_bytes(pictures)
    for picture in sorted(pictures, key=lambda picture: -picture.most_bytes):
        if needed <= left_bytes:
            break
        raw.FPDFPageObj_SetIsActive(picture.shown.handle, 0)
        needed -= picture.most_bytes
        left_out.append(picture)
    return tuple(left_out)


def count_pdf_pages(path: Path, *, password: str | None) -> int:
    """How many pages the PDF has.

    Raises:
        DamagedPicture: PDFium cannot open it, or it has no pages.
        EncryptedDocument: it wants a password, or another one.
    """
    with opened_pdf(path, password) as document:
        return len(document)


def points_per_unit(path: Path, index: int, password: str | None) -> float:
    """How long a unit of a page is: PDFium does not say, and takes it for a point.

    Source: ISO 32000-1, 7.7.3.3 (`UserUnit`).
    """
    try:
        with opened_by_qpdf(path, password) as pdf:
            unit_pt = float(pdf.pages[index].obj.get("/UserUnit", 1))
    except (pikepdf.PikepdfError, IndexError, RuntimeError, TypeError, ValueError):
        return 1.0  # PDFium mends more than QPDF
    return unit_pt if 1 <= unit_pt <= _MOST_UNIT_PT else 1.0


def fitting_scale(page: pypdfium2.PdfPage, unit_pt: float, limits: Limits) -> tuple[float, float]:
    """The dpi at which to draw a page, and how many pixels its unit has then.

    Raises:
        DamagedPicture: the page has no size.
        TooManyPixels: there is no such dpi of one or more.
    """
    width, height = page.get_size()
    if not (width > 0 and height > 0):
        raise DamagedPicture(
            "The page has no size: its boxes are empty, or its crop box lies beside its media box."
        )
    dpi = fitting_dpi((width * unit_pt, height * unit_pt), limits)
    return dpi, dpi * unit_pt / POINTS_PER_INCH


def fitting_dpi(size_pt: tuple[float, float], limits: Limits) -> float:
    """The wanted dpi, lowered until the page keeps within the limit of pixels.

    Raises:
        TooManyPixels: there is no such dpi of one or more.
    """
    width_in, height_in = (max(side, 1) / POINTS_PER_INCH for side in size_pt)
    most = (limits.max_pixels / (width_in * height_in)) ** 0.5
    most = min(most, MAX_SIDE_PX / max(width_in, height_in))
    dpi = min(float(limits.pdf_dpi), float(np.floor(most * 10) / 10))
    # A side is rounded up to whole pixels, which for a narrow strip is much.
    while dpi >= 1 and np.ceil(width_in * dpi) * np.ceil(height_in * dpi) > limits.max_pixels:
        dpi *= 0.9
    if dpi < 1:
        raise TooManyPixels(
            f"The page is {width_in:.0f} × {height_in:.0f} inches large; at one pixel an inch it "
            f"has more than the limit of {limits.max_pixels} pixels. Send it as a picture, or "
            "raise OCR_MAX_PIXELS.",
            limit=limits.max_pixels,
            setting="OCR_MAX_PIXELS",
        )
    return dpi


def page_frame(
    box: tuple[float, float, float, float], *, rotation_deg: int, width_px: int, height_px: int
) -> Transform:
    """From pixels of a page as it is shown to its PDF coordinates, whose y grows upwards.

    `box` is what is shown of the page: left, bottom, right, top; `rotation_deg` how far it is
    turned clockwise to be shown, in quarters.
    """
    left, bottom, right, top = box
    unit = Transform.scale(1 / width_px, 1 / height_px)
    # Turned back inside a square of side one.
    back = {
        0: Transform.identity(),
        90: Transform((0, 1, 0, -1, 0, 1, 0, 0, 1)),
        180: Transform((-1, 0, 1, 0, -1, 1, 0, 0, 1)),
        270: Transform((0, -1, 1, 1, 0, 0, 0, 0, 1)),
    }[int(rotation_deg / 90) % 4 * 90]  # as PDFium takes what is no quarter
    place = Transform((right - left, 0, left, 0, bottom - top, top, 0, 0, 1))
    return unit.then(back).then(place)


@contextmanager
def opened_pdf(path: Path, password: str | None) -> Iterator[pypdfium2.PdfDocument]:
    """The PDF, for the length of a with-block.

    Raises:
        DamagedPicture: PDFium cannot open it, or it has no pages.
        EncryptedDocument: it wants a password, or another one.
        OSError: there is no such file, or no more files can be opened.
    """
    # Of a PDF without pages pypdfium2 tells PDFium's last error, which may be another file's. This
    # leaves one that is no lie.
    raw.FPDF_LoadMemDocument64(b"", 0, None)
    try:
        document = pypdfium2.PdfDocument(path, password=password)
    except pypdfium2.PdfiumError as error:
        if error.err_code == raw.FPDF_ERR_PASSWORD:
            raise EncryptedDocument(
                "The PDF is protected. Send its password in the field password."
                if password is None
                else "The password does not open this PDF. Send another one."
            ) from error
        if error.err_code == raw.FPDF_ERR_FILE:
            raise OSError(errno.EIO, "The file cannot be opened", str(path)) from error
        raise DamagedPicture(
            "The PDF is damaged and cannot be opened. Save it again, or send another copy."
        ) from error
    try:
        if not len(document):
            raise DamagedPicture("The PDF has no pages.")
        yield document
    finally:
        document.close()
