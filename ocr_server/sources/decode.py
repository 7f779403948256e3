"""A file to its pages: its limits before its pixels, and its pixels.

Pillow opens only what stands in `PICTURES` (it would open EPS through Ghostscript); PDFs go to
`pdf/render.py`. Called in worker processes only: a hostile file may take a worker, never the
server.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import pi_heif
from PIL import Image, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

from ocr_server.document.model import Advice
from ocr_server.errors import (
    DamagedPicture,
    EncryptedDocument,
    OcrServerError,
    PageMissing,
    TooManyPages,
    TooManyPixels,
    UnsupportedFormat,
)
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import MAX_SIDE_PX, Limits
from ocr_server.pdf import render
from ocr_server.pdf.opening import count_pdf_pages
from ocr_server.sources.coded_pixels import are_damaged
from ocr_server.sources.damage import (
    END_OF_JPEG,
    check_system,
    has_wrong_checksum,
    standard_error_lines,
    whiten_lost_rows,
)
from ocr_server.sources.pixels import canvas_of
from ocr_server.sources.signatures import (
    JPEG,
    KIND_NAMES,
    PICTURE_KINDS,
    is_certain,
    is_pdf,
    may_have_pages,
    media_type_of_file,
)
from ocr_server.sources.tiff_pages import TiffPage, pages_of_tiff

PICTURES = tuple(name for kind in PICTURE_KINDS for name in kind.pillow_formats)


pi_heif.register_heif_opener()


_GREY_MODES = {"1", "L", "LA", "F", "I", "I;16", "I;16B", "I;16L"}  # of Pillow
_WARNING = "Warning, "  # so libtiff marks what does no harm


class DecodedPage(NamedTuple):
    """A page of a file, and what is to be told of the file.

    `lost_share`: the share of its rows that a file that was cut off no longer has, from 0 to 1; 0
    where a file is damaged and nobody knows how much; None where nothing is wrong. `copies`: how
    many smaller copies of the page, or masks of it, are in the file and are no pages. `problems`:
    what could not be drawn of a PDF page, or not as finely as it is.
    """

    canvas: Canvas
    lost_share: float | None = None
    copies: int = 0
    problems: tuple[Advice, ...] = ()


def count_pages(path: Path, *, limits: Limits, password: str | None) -> int:
    """How many pages a file has: those of a TIFF or a PDF, else one.

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
                return _count_of_tiff(picture, limits)
        count = count_pdf_pages(path, password=password)
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
    return _open_page(path, index, limits=limits, password=password, grey=grey).canvas


def open_page(
    path: Path,
    index: int,
    *,
    limits: Limits,
    password: str | None,
    grey: bool = False,
    has_text: bool = True,
) -> DecodedPage:
    """As `decode_page`, with what is to be told of the file.

    Without `has_text`, a page of a PDF is drawn without what it has as text.

    Raises:
        DocumentError: it cannot be read, or is over a limit.
    """
    if not has_text and is_pdf(path):
        drawn = render.draw_page(path, index, limits=limits, password=password, has_text=False)
        return DecodedPage(drawn.canvas, problems=drawn.problems)
    decoded = _open_page(path, index, limits=limits, password=password, grey=grey, looks=True)
    if decoded.lost_share is None and not may_have_pages(path):
        # Opened anew, as the decoded pixels are then out of memory.
        with _opened(path, limits) as picture:
            if are_damaged(path, picture):
                return decoded._replace(lost_share=0.0)
    return decoded


def _open_page(
    path: Path, index: int, *, limits: Limits, password: str | None, grey: bool, looks: bool = False
) -> DecodedPage:
    """The page; of a TIFF, with `looks`, also damage that its decoder passes over."""
    if is_pdf(path):
        drawn = render.draw_page(path, index, limits=limits, password=password)
        return DecodedPage(drawn.canvas, problems=drawn.problems)
    page = _find_page(path, index, limits)
    try:
        with _opened_at(path, page, limits) as picture:
            if not isinstance(picture, TiffImageFile):
                return DecodedPage(canvas_of(picture, grey=grey))
            with standard_error_lines() as lines:
                canvas = canvas_of(picture, grey=grey)
            is_damaged = any(_WARNING not in line for line in lines)
            is_damaged = is_damaged or (looks and are_damaged(path, picture))
            return DecodedPage(canvas, 0.0 if is_damaged else None, page.copies)
    except DamagedPicture:
        if media_type_of_file(path) != JPEG:
            raise
    with _opened(path, limits, ending=END_OF_JPEG) as picture:
        if grey:
            picture.draft("L", None)
        picture.load()
        lost_share = whiten_lost_rows(picture)
        if lost_share == 1:
            raise DamagedPicture(
                "The picture is cut off before its first row. Save it again, or send another copy."
            )
        return DecodedPage(canvas_of(picture, grey=grey), lost_share)


def open_in_colour(
    path: Path, index: int, *, limits: Limits, password: str | None, has_text: bool = True
) -> Canvas | None:
    """The page as `open_page` gives it, but in colour; None without colours or enough memory.

    Raises:
        DocumentError: it cannot be read, or is over a limit.
    """
    if is_pdf(path):
        return render.draw_in_colour(
            path, index, limits=limits, password=password, has_text=has_text
        )
    with _opened_at(path, _find_page(path, index, limits), limits) as picture:
        if picture.mode in _GREY_MODES:
            return None
    return decode_page(path, index, limits=limits, password=password)


@contextmanager
def opened_picture(path: Path, index: int, *, limits: Limits) -> Iterator[Image.Image]:
    """One page of a picture file as it is stored, its size checked, its pixels not yet decoded.

    Raises:
        DocumentError: it cannot be read, or is over a limit.
    """
    with _opened_at(path, _find_page(path, index, limits), limits) as picture:
        yield picture


@contextmanager
def _opened_at(path: Path, page: TiffPage, limits: Limits) -> Iterator[Image.Image]:
    with _opened(path, limits) as picture:
        picture.seek(page.frame)
        _check_pixels(*picture.size, limits)
        if picture.format == "PNG" and has_wrong_checksum(path):
            raise _damaged()
        yield picture


def too_many_pages(count: int, limits: Limits) -> TooManyPages:
    """The error that says so."""
    return TooManyPages(
        f"The document has {count} pages or more; the limit is {limits.max_pages}. Send it in "
        "pieces, or raise OCR_MAX_PAGES.",
        pages=count, limit=limits.max_pages, setting="OCR_MAX_PAGES",
    )  # fmt: skip


@contextmanager
def _opened(path: Path, limits: Limits, *, ending: bytes = b"") -> Iterator[Image.Image]:
    """The picture, its header read and its size checked; Pillow's errors are translated here.

    `ending` is put at the end of the file's bytes. What the system says is no fault of the file.
    """
    Image.MAX_IMAGE_PIXELS = None  # the header is checked below, with its numbers
    try:
        # By file, not by path: Pillow maps paths into memory and then turns TIFFs wrongly.
        with (
            warnings.catch_warnings(action="ignore"),
            _file_of(path, ending) as file,
            Image.open(file, formats=PICTURES) as picture,
        ):
            _check_pixels(*picture.size, limits)
            # Pillow refuses at twice this where a GIF's frame or a TIFF's strip is larger inside.
            Image.MAX_IMAGE_PIXELS = max(limits.max_pixels // 2, 1)
            yield picture
    except OcrServerError:
        raise
    except UnidentifiedImageError as error:
        if is_certain(path):
            raise DamagedPicture(
                "The file begins as a picture does, but cannot be opened: it is damaged, cut off, "
                "or of a variety that cannot be read. Save it again, or send another copy."
            ) from error
        if not path.stat().st_size:
            raise DamagedPicture("The file is empty. Send a picture or a PDF.") from error
        raise UnsupportedFormat(
            f"This file is not a picture or document that can be read. Send {KIND_NAMES}.",
            kinds=KIND_NAMES,
        ) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(None, limits) from error
    # A broken file makes Pillow raise nearly anything; each means the same to the sender.
    except Exception as error:
        check_system(error)
        raise _damaged() from error


def _damaged() -> DamagedPicture:
    return DamagedPicture(
        "The picture is damaged and cannot be opened. Save it again, or send another copy."
    )


def _file_of(path: Path, ending: bytes) -> BinaryIO:
    return io.BytesIO(path.read_bytes() + ending) if ending else path.open("rb")


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


def _count_of_tiff(picture: Image.Image, limits: Limits) -> int:
    if not isinstance(picture, TiffImageFile):
        return 1
    count = 0
    for _ in pages_of_tiff(picture):
        count += 1
        if count > limits.max_pages:
            raise too_many_pages(count, limits)
    return count


def _find_page(path: Path, index: int, limits: Limits) -> TiffPage:
    """Where a page is. The file is opened for that: after a broken frame Pillow is of no use."""
    page: TiffPage | None = TiffPage(0)
    if may_have_pages(path):
        with _opened(path, limits) as picture:
            if isinstance(picture, TiffImageFile):
                page = next(islice(pages_of_tiff(picture), index, None), None)
    elif index:
        page = None
    if page is None:
        raise PageMissing(f"The file has no page {index + 1}.", page=index + 1)
    return page
