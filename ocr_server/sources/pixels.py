"""An opened picture to pixels: upright, opaque, of 8 bits; and a JPEG of them for browsers."""

from __future__ import annotations

import io
from typing import Final

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageOps

from ocr_server.imaging.canvas import Canvas, Pixels

_LIGHT = 128  # what is at least so bright could not be told from white ground
_X_RESOLUTION = 0x011A  # EXIF 2.3, 4.6.4
PREVIEW_MEDIA_TYPE: Final = "image/jpeg"
# Enough to see a full stop of a printed A4 page; a tenth of the bytes of a scan.
PREVIEW_SIDE_PX = 2400
# Beside its words a page fills a screen, at a third of the bytes of a preview.
SMALL_SIDE_PX = 1600
_QUALITY = 85
_LEVELS_LOOKED_AT = 1_000_000
_STRAY_PER_CENT = 0.01  # dust of several pixels; a word on an empty page is more
_THIN_PER_CENT = 1.0


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


def canvas_of(picture: Image.Image, *, grey: bool) -> Canvas:
    """The canvas of an opened picture, upright, with its resolution; in grey or its own colour."""
    dpi = _dpi_of(picture)
    if grey:
        picture.draft("L", None)  # a JPEG keeps brightness apart: a third of the time
    aspect = pixel_aspect_of(picture)
    return Canvas(_pixels_of(upright(picture), grey=grey), dpi=dpi, pixel_aspect=aspect)


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


def draw_preview(canvas: Canvas, *, longest_px: int = PREVIEW_SIDE_PX) -> bytes:
    """A JPEG of the canvas, its longer side at most `longest_px` pixels."""
    longest = max(canvas.width_px, canvas.height_px)
    if longest > longest_px:
        canvas = canvas.scaled(longest_px / longest)
    drawn = io.BytesIO()
    Image.fromarray(canvas.pixels).save(drawn, "JPEG", quality=_QUALITY)
    return drawn.getvalue()


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


def _decode_before_exif(picture: Image.Image) -> None:
    """Decode a PNG, whose EXIF block may stand last: asking Pillow for it does so.

    An error of the decoder is told only once, and must not pass for one of the block.
    """
    if picture.format == "PNG":
        picture.load()
