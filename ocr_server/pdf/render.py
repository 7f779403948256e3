"""PDF pages as canvases, drawn by PDFium one at a time.

PDFium is not thread-safe: this runs in worker processes, one task at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pikepdf
import pypdfium2
from pypdfium2 import raw

from ocr_server.errors import DamagedPicture, EncryptedDocument, PageMissing, TooManyPixels
from ocr_server.geometry import Box, Point, Transform, hull
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import MAX_SIDE_PX, Limits

POINTS_PER_INCH = 72
_MOST_UNIT_PT = 75_000  # a page of 14 400 units then has the 15 000 000 inches of ISO 32000-1, C.2


def count_pdf_pages(path: Path, *, password: str | None) -> int:
    """How many pages the PDF has.

    Raises:
        DamagedPicture: PDFium cannot open it, or it has no pages.
        EncryptedDocument: it wants a password, or another one.
    """
    with opened_pdf(path, password) as document:
        return len(document)


def render_page(
    path: Path, index: int, *, limits: Limits, password: str | None, grey: bool = True
) -> Canvas:
    """A page at `limits.pdf_dpi`, or at fewer dpi where it would be over the limit.

    Raises:
        DamagedPicture: the page cannot be drawn.
        EncryptedDocument: the PDF wants a password, or another one.
        PageMissing: there is no such page.
    """
    with opened_pdf(path, password) as document:
        if index >= len(document):
            raise PageMissing(f"The document has no page {index + 1}.", page=index + 1)
        try:
            document.init_forms()
            page = document[index]
            dpi, scale = fitting_scale(page, points_per_unit(path, index, password), limits)
            bitmap = page.render(scale=scale, grayscale=grey, rev_byteorder=True)
            pixels = np.array(bitmap.to_numpy(), dtype=np.uint8)
        except (pypdfium2.PdfiumError, ValueError) as error:
            raise DamagedPicture(f"Page {index + 1} of the PDF cannot be drawn.") from error
        if pixels.ndim == 3:
            pixels = np.ascontiguousarray(pixels[..., 0] if grey else pixels[..., :3])
        return Canvas(pixels, dpi=dpi)


def opened_by_qpdf(path: Path, password: str | None) -> pikepdf.Pdf:
    """The PDF opened by pikepdf, its password tried in the two encodings that PDFium tries.

    Raises:
        pikepdf.PikepdfError: it cannot be opened, `PasswordError` where the password is wrong.
    """
    try:
        return pikepdf.open(path, password=password or "")
    except pikepdf.PasswordError:
        if not password or password.isascii() or not all(ord(sign) < 256 for sign in password):
            raise
        return pikepdf.open(path, password=password.encode("latin-1"))


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
            f"has more than the limit of {limits.max_pixels} pixels. Raise OCR_MAX_PIXELS.",
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


def bounds_on_page(shown: pypdfium2.PdfObject) -> Box:
    """Where an object of a page stands, in the page's points, y upwards.

    PDFium tells it in those of the form that the object is in, where it is in one.
    """
    left, bottom, right, top = shown.get_bounds()
    corners = [(left, bottom), (right, bottom), (right, top), (left, top)]
    form = shown.container
    while form is not None:
        matrix = form.get_matrix()
        corners = [matrix.on_point(x, y) for x, y in corners]
        form = form.container
    return hull(Point(x, y) for x, y in corners)


@contextmanager
def opened_pdf(path: Path, password: str | None) -> Iterator[pypdfium2.PdfDocument]:
    """The PDF, for the length of a with-block.

    Raises:
        DamagedPicture: PDFium cannot open it, or it has no pages.
        EncryptedDocument: it wants a password, or another one.
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
        raise DamagedPicture(
            "The PDF is damaged and cannot be opened. Save it again, or send another copy."
        ) from error
    try:
        if not len(document):
            raise DamagedPicture("The PDF has no pages.")
        yield document
    finally:
        document.close()
