"""A file to its pages: its limits before its pixels, and its pixels.

Pillow opens only what stands in `PICTURES` (it would open EPS through Ghostscript); PDFs go to
`render.py`. Called in worker processes only: a hostile file may take a worker, never the server.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import BinaryIO, NamedTuple

import cv2
import numpy as np
import pi_heif
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError
from PIL.TiffImagePlugin import TiffImageFile

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
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import MAX_SIDE_PX, Limits
from ocr_server.pdf import render
from ocr_server.sources.damage import (
    END_OF_JPEG,
    has_wrong_checksum,
    standard_error_lines,
    whiten_lost_rows,
)
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
_LIGHT = 128  # what is at least so bright could not be told from white ground
_X_RESOLUTION = 0x011A  # EXIF 2.3, 4.6.4
PREVIEW_MEDIA_TYPE = "image/jpeg"
# Enough to see a full stop of a printed A4 page; a tenth of the bytes of a scan.
PREVIEW_SIDE_PX = 2400
_QUALITY = 85
_LEVELS_LOOKED_AT = 1_000_000
_STRAY_PER_CENT = 0.01  # dust of several pixels; a word on an empty page is more
_THIN_PER_CENT = 1.0
_WARNING = "Warning, "  # so libtiff marks what does no harm


class DecodedPage(NamedTuple):
    """A page of a file, and what is to be told of the file.

    `lost_share`: the share of its rows that a file that was cut off no longer has, from 0 to 1; 0
    where a file is damaged and nobody knows how much; None where nothing is wrong. `copies`: how
    many smaller copies of the page, or masks of it, are in the file and are no pages.
    """

    canvas: Canvas
    lost_share: float | None = None
    copies: int = 0


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
    return open_page(path, index, limits=limits, password=password, grey=grey).canvas


def open_page(
    path: Path, index: int, *, limits: Limits, password: str | None, grey: bool = False
) -> DecodedPage:
    """As `decode_page`, with what is to be told of the file.

    Raises:
        DocumentError: it cannot be read, or is over a limit.
    """
    if is_pdf(path):
        return DecodedPage(render.render_page(path, index, limits=limits, password=password))
    page = _find_page(path, index, limits)
    try:
        with _opened_at(path, page, limits) as picture:
            if not isinstance(picture, TiffImageFile):
                return DecodedPage(_canvas_of(picture, grey=grey))
            with standard_error_lines() as lines:
                canvas = _canvas_of(picture, grey=grey)
            is_damaged = any(_WARNING not in line for line in lines)
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
        return DecodedPage(_canvas_of(picture, grey=grey), lost_share)


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


def orientation_of(picture: Image.Image) -> int:
    """EXIF orientation, 1 to 8: how the picture has to be turned; a broken block says nothing."""
    _decode_before_exif(picture)
    try:
        orientation = picture.getexif().get(0x0112)
    except Exception:  # noqa: BLE001  # Pillow raises what the broken block happens to cause
        return 1
    return orientation if isinstance(orientation, int) and 2 <= orientation <= 8 else 1


def upright(picture: Image.Image) -> Image.Image:
    """EXIF orientation applied, as browsers do."""
    orientation = orientation_of(picture)
    picture.load()
    return ImageOps.exif_transpose(picture) if orientation > 1 else picture


def pixel_aspect_of(picture: Image.Image) -> float:
    """How many times as high as wide a pixel is, once upright; 1 where the file does not say so.

    Faxes have 204 dots an inch across and 98 down; small differences are those of scanners.
    """
    across, down = _resolutions(picture) or (1.0, 1.0)
    aspect = across / down
    if not 1.2 < max(aspect, 1 / aspect) < 5:
        return 1.0
    return aspect if orientation_of(picture) < 5 else 1 / aspect


def without_alpha(picture: Image.Image) -> Image.Image:
    """What is transparent lies on white, or on black where all else is light: white letters, say.

    A picture without alpha is returned as it is.
    """
    if picture.mode not in {"RGBA", "LA", "PA", "La", "RGBa"} and (
        "transparency" not in picture.info
    ):
        return picture
    picture = picture.convert("RGBA")
    thinnest, thickest = picture.getchannel("A").getextrema()
    if thinnest == 255:  # as screenshots are: nothing shines through
        return picture.convert("RGB")
    laid = _laid_on("white", picture)
    is_light = not any(laid.convert("L").histogram()[:_LIGHT])
    return _laid_on("black", picture) if is_light and thickest else laid


def _canvas_of(picture: Image.Image, *, grey: bool) -> Canvas:
    dpi = _dpi_of(picture)
    if grey:
        picture.draft("L", None)  # a JPEG keeps brightness apart: a third of the time
    aspect = pixel_aspect_of(picture)
    return Canvas(_pixels_of(upright(picture), grey=grey), dpi=dpi, pixel_aspect=aspect)


def _decode_before_exif(picture: Image.Image) -> None:
    """Decode a PNG, whose EXIF block may stand last: asking Pillow for it does so.

    An error of the decoder is told only once, and must not pass for one of the block.
    """
    if picture.format == "PNG":
        picture.load()


def _dpi_of(picture: Image.Image) -> float | None:
    """Dots per inch as the file has them, if they can be true; those across, if they differ."""
    found = _resolutions(picture)
    return round(found[0], 1) if found else None


def narrowed(picture: Image.Image) -> Pixels:
    """16 bits or floats to 8: scanners leave the top unused, so the range is stretched.

    Stray dots do not count: they are not seen where each pixel is the median of its neighbours.
    """
    levels = np.asarray(picture, dtype=np.float32)
    is_number = np.isfinite(levels)
    if not is_number.all():
        levels = np.where(is_number, levels, levels[is_number].max() if is_number.any() else 0)
    step = max(1, int((levels.size / _LEVELS_LOOKED_AT) ** 0.5))
    smooth = cv2.medianBlur(levels, 3)[::step, ::step]
    darkest, lightest = np.percentile(smooth, (_STRAY_PER_CENT, 100 - _STRAY_PER_CENT))
    # Strokes of one pixel are not seen in the median either, but are more than a few dots.
    ink, paper = np.percentile(levels[::step, ::step], (_THIN_PER_CENT, 100 - _THIN_PER_CENT))
    low, high = min(darkest, ink), max(lightest, paper)
    scaled = (levels - low) * (255 / max(high - low, 1e-6))
    pixels: Pixels = np.clip(scaled, 0, 255).astype(np.uint8)
    return pixels


def _pixels_of(picture: Image.Image, *, grey: bool) -> Pixels:
    """The pixels, opaque, 8 bits; grey if the picture is, or if asked for."""
    mode = picture.mode
    if mode.startswith(("I", "F")):
        return narrowed(picture)
    if mode == "LAB":
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        turned = ImageCms.profileToProfile(picture, lab, rgb, outputMode="RGB")
        picture = turned if turned is not None else picture
    picture = without_alpha(picture)
    if picture.mode not in {"1", "L", "RGB"}:  # converting to the same would be a copy
        picture = picture.convert("RGB")
    if grey or picture.mode != "RGB":
        return _copied(picture if picture.mode == "L" else picture.convert("L"))
    pixels = np.asarray(picture, dtype=np.uint8)
    # Grey saved as colour: a third of the memory and no conversion for all that follows.
    if (pixels[..., 0] == pixels[..., 1]).all() and (pixels[..., 1] == pixels[..., 2]).all():
        return np.ascontiguousarray(pixels[..., 0])
    return pixels


def draw_preview(canvas: Canvas) -> bytes:
    """A JPEG of the canvas, its longer side at most 2,400 pixels."""
    longest = max(canvas.width_px, canvas.height_px)
    if longest > PREVIEW_SIDE_PX:
        canvas = canvas.scaled(PREVIEW_SIDE_PX / longest)
    drawn = io.BytesIO()
    Image.fromarray(canvas.pixels).save(drawn, "JPEG", quality=_QUALITY)
    return drawn.getvalue()


@contextmanager
def _opened(path: Path, limits: Limits, *, ending: bytes = b"") -> Iterator[Image.Image]:
    """The picture, its header read and its size checked; Pillow's errors are translated here.

    `ending` is put at the end of the file's bytes.
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


def _laid_on(colour: str, picture: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", picture.size, colour), picture).convert("RGB")


def _resolutions(picture: Image.Image) -> tuple[float, float] | None:
    _decode_before_exif(picture)
    value = picture.info.get("dpi")
    try:
        # Where a JPEG has EXIF data but no resolution, Pillow puts in 72 of its own.
        if value == (72, 72) and not picture.info.get("jfif_unit"):
            value = value if _X_RESOLUTION in picture.getexif() else None
        across, down = (float(one) for one in value) if isinstance(value, tuple) else (0.0, 0.0)
    except Exception:  # noqa: BLE001  # as of a broken EXIF block
        return None
    return (across, down) if 1 < min(across, down) <= max(across, down) < 10_000 else None


def _copied(grey: Image.Image) -> Pixels:
    """The pixels of a grey picture; `np.asarray` takes twenty times as long, piece by piece."""
    pixels = np.empty((grey.height, grey.width), np.uint8)
    shared = Image.frombuffer("L", grey.size, pixels, "raw", "L", 0, 1)
    shared.readonly = 0  # it is meant to be written to, and nobody else has it
    shared.paste(grey)
    return pixels
