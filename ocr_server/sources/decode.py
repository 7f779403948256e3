"""A file to its pages: its limits before its pixels, and its pixels.

Pillow opens only what stands in `PICTURES` (it would open EPS through Ghostscript); PDFs go to
`render.py`. Called in worker processes only: a hostile file may take a worker, never the server.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pi_heif
from PIL import Image, UnidentifiedImageError

from ocr_server.errors import (
    DamagedPicture,
    EncryptedDocument,
    OcrServerError,
    OutOfMemory,
    PageMissing,
    TooManyPages,
    TooManyPixels,
    UnsupportedFormat,
)
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import MAX_SIDE_PX, Limits
from ocr_server.pdf import render
from ocr_server.sources.pixels import dpi_of, pixel_aspect_of, pixels_of, upright
from ocr_server.sources.signatures import KIND_NAMES, PICTURE_KINDS, is_pdf, may_have_pages

PICTURES = tuple(name for kind in PICTURE_KINDS for name in kind.pillow_formats)

pi_heif.register_heif_opener()


def count_pages(path: Path, *, limits: Limits, password: str | None) -> int:
    """How many pages a file has: the frames of a TIFF, the pages of a PDF, else one.

    What cannot be opened is one page too: reading that page tells why, and no other is lost.

    Raises:
        TooManyPages: there are more than the limit.
        TooManyPixels: the first is over that limit.
    """
    if not may_have_pages(path):
        return 1
    try:
        if not is_pdf(path):
            with _opened(path, limits) as picture:
                return _frames(picture, limits)
        count = render.count_pdf_pages(path, password=password)
    except (DamagedPicture, EncryptedDocument, UnsupportedFormat):
        return 1
    if count > limits.max_pages:
        raise too_many_pages(count, limits)
    return count


def decode_page(
    path: Path, index: int, *, limits: Limits, password: str | None, grey: bool = False
) -> Canvas:
    """One page of a file, upright, opaque, 8 bits; grey if the file is, or if asked for.

    Raises:
        DocumentError: it cannot be read, or is over a limit.
    """
    if is_pdf(path):
        return render.render_page(path, index, limits=limits, password=password)
    with opened_picture(path, index, limits=limits) as picture:
        dpi = dpi_of(picture)
        if grey:
            picture.draft("L", None)  # a JPEG keeps brightness apart: a third of the time
        aspect = pixel_aspect_of(picture)
        return Canvas(pixels_of(upright(picture), grey=grey), dpi=dpi, pixel_aspect=aspect)


@contextmanager
def opened_picture(path: Path, index: int, *, limits: Limits) -> Iterator[Image.Image]:
    """One page of a picture file as it is stored, its size checked, its pixels not yet decoded.

    Raises:
        DocumentError: it cannot be read, or is over a limit.
    """
    with _opened(path, limits) as picture:
        _seek(picture, index)
        _check_pixels(*picture.size, limits)
        yield picture


def too_many_pages(count: int, limits: Limits) -> TooManyPages:
    """The error that says so."""
    return TooManyPages(
        f"The document has {count} pages or more; the limit is {limits.max_pages}. Send it in "
        "pieces, or raise OCR_MAX_PAGES.",
        pages=count, limit=limits.max_pages, setting="OCR_MAX_PAGES",
    )  # fmt: skip


@contextmanager
def _opened(path: Path, limits: Limits) -> Iterator[Image.Image]:
    """The picture, its header read and its size checked; Pillow's errors are translated here."""
    Image.MAX_IMAGE_PIXELS = None  # the header is checked below, with its numbers
    try:
        # By file, not by path: Pillow maps paths into memory and then turns TIFFs wrongly.
        with (
            warnings.catch_warnings(action="ignore"),
            path.open("rb") as file,
            Image.open(file, formats=PICTURES) as picture,
        ):
            _check_pixels(*picture.size, limits)
            # Pillow refuses at twice this where a GIF's frame or a TIFF's strip is larger inside.
            Image.MAX_IMAGE_PIXELS = max(limits.max_pixels // 2, 1)
            yield picture
    except OcrServerError:
        raise
    except UnidentifiedImageError as error:
        raise UnsupportedFormat(
            f"This file is not a picture or document that can be read. Send {KIND_NAMES}.",
            kinds=KIND_NAMES,
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(None, limits) from error
    except MemoryError as error:
        raise OutOfMemory.of_worker() from error
    # A broken file makes Pillow raise nearly anything; each means the same to the sender.
    except Exception as error:
        raise DamagedPicture(
            "The picture is damaged and cannot be opened. Save it again, or send another copy."
        ) from error


def _check_pixels(width_px: int, height_px: int, limits: Limits) -> None:
    if width_px < 1 or height_px < 1:
        raise DamagedPicture("The picture is empty: it has no width or no height.")
    if width_px * height_px > limits.max_pixels:
        raise _too_many_pixels((width_px, height_px), limits)
    if max(width_px, height_px) > MAX_SIDE_PX:
        raise TooManyPixels(
            f"The picture has {width_px} × {height_px} pixels; no side may have more than "
            f"{MAX_SIDE_PX}. Cut it into pieces, or send a smaller one.",
            width_px=width_px, height_px=height_px, limit=MAX_SIDE_PX,
        )  # fmt: skip


def _too_many_pixels(size: tuple[int, int] | None, limits: Limits) -> TooManyPixels:
    width_px, height_px = size or (0, 0)
    has = f"{width_px} × {height_px} pixels" if size else "too many pixels inside"
    return TooManyPixels(
        f"The picture has {has}; the limit is {limits.max_pixels} pixels a page. Send a smaller "
        "one, or raise OCR_MAX_PIXELS.",
        width_px=width_px, height_px=height_px, limit=limits.max_pixels, setting="OCR_MAX_PIXELS",
    )  # fmt: skip


def _frames(picture: Image.Image, limits: Limits) -> int:
    """The frames of a TIFF, up to one that is broken."""
    count = 1
    while True:
        try:
            picture.seek(count)
        except EOFError:
            return count
        except Exception:  # noqa: BLE001  # Pillow raises what the broken frame happens to cause
            return count + 1
        count += 1
        if count > limits.max_pages:
            raise too_many_pages(count, limits)


def _seek(picture: Image.Image, index: int) -> None:
    if not index:
        return
    try:
        picture.seek(index)
    except EOFError as error:
        raise PageMissing(f"The file has no page {index + 1}.", page=index + 1) from error
