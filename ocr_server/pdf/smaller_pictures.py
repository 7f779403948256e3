"""Making the pictures of a PDF page small enough to be drawn in the memory that there is.

Pictures are decoded in grey, as pages are drawn, and scaled while they are decoded where that takes
less memory: JPEG and JPEG 2000 have smaller copies of themselves inside, and what is only packed is
unpacked in bands. What cannot be decoded so stays as it is.
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
import pikepdf
from pikepdf import Name, Object
from PIL import Image, ImageChops

from ocr_server.imaging.canvas import Pixels
from ocr_server.pdf.page_copy import shown_by
from ocr_server.pdf.page_pictures import (
    BYTES_OF_BIT,
    BYTES_OF_COLOUR,
    BYTES_OF_GREY,
    JPX_BYTES_OF_SAMPLE,
    jpx_samples,
)

_SMALL_BYTES = 2_000_000  # of drawing a picture that is left as it is
_BAND_BYTES = 4_000_000
_FINER = 1.5  # times as many pixels, for pictures that do not lie on those of the page
_ROUNDING = 0.99

# Bytes that decoding takes for each pixel of the result, as measured: grey JPEG, JPEG 2000 for each
# channel, and PNG.
_JPEG_BYTES, _JPX_BYTES, _PNG_BYTES, _HALF_PNG_BYTES = 1.3, 7.0, 2.1, 1.3
_COEFFICIENT_BYTES = 2  # of a progressive JPEG, which is held whole
_JPEG_SCALES = (1, 2, 4, 8)
_JPX_SCALES = (1, 2, 4, 8, 16)


def make_smaller(page: Object, *, memory_bytes: int, page_pixels: int) -> None:
    """Scale the pictures of a page so that drawing it takes so many bytes.

    It is drawn with `page_pixels`; a picture needs hardly more.

    Raises:
        pikepdf.PikepdfError, and what pikepdf raises of objects of a wrong kind.
    """
    pictures = list(_pictures(page))
    costs = [_drawing_bytes(picture) for picture in pictures]
    # What is small, and what cannot be scaled, leaves less for the rest.
    chosen = [
        (picture, cost)
        for picture, cost in zip(pictures, costs, strict=True)
        if cost > _SMALL_BYTES and _is_scalable(picture)
    ]
    left_bytes = memory_bytes - sum(costs) + sum(cost for _, cost in chosen)
    for picture, cost in chosen:
        share_bytes = left_bytes * cost / sum(cost for _, cost in chosen)
        pixels = int(picture.Width) * int(picture.Height)
        most_pixels = min(_ROUNDING * share_bytes / BYTES_OF_GREY, _FINER * page_pixels)
        scale = min(1.0, (max(most_pixels, 1) / pixels) ** 0.5)
        grey = _decoded(picture, scale, memory_bytes)
        if grey is not None:
            _replace(picture, grey)


def _pictures(page: Object) -> Iterator[Object]:
    """The pictures that a page shows, each once, and their masks."""
    for shown in shown_by(page):
        if shown.get("/Subtype") == Name.Image:
            yield shown
            for key in ("/SMask", "/Mask"):
                if isinstance(mask := shown.get(key), pikepdf.Stream):
                    yield mask


def _drawing_bytes(picture: Object) -> float:
    pixels = int(picture.Width) * int(picture.Height)
    if _codecs(picture)[-1:] == ["/JPXDecode"]:
        return JPX_BYTES_OF_SAMPLE * jpx_samples(picture.read_raw_bytes())
    if picture.get("/ImageMask") or picture.get("/BitsPerComponent") == 1:
        return BYTES_OF_BIT * pixels
    return pixels * (BYTES_OF_GREY if _channels(picture) == 1 else BYTES_OF_COLOUR)


def _codecs(picture: Object) -> list[str]:
    codecs = picture.get("/Filter", pikepdf.Array())
    return [str(codecs)] if isinstance(codecs, pikepdf.Name) else [str(one) for one in codecs]


def _channels(picture: Object) -> int | None:
    """How many numbers a pixel of a picture has, if they are grey or RGB or CMYK; else None."""
    space = picture.get("/ColorSpace")
    if isinstance(space, pikepdf.Array) and len(space) > 1:
        if space[0] == Name.ICCBased:
            return int(space[1].get("/N", 0)) or None
        space = space[0]
    return {
        "/DeviceGray": 1, "/CalGray": 1, "/DeviceRGB": 3, "/CalRGB": 3, "/DeviceCMYK": 4,
    }.get(str(space))  # fmt: skip


def _is_scalable(picture: Object) -> bool:
    if picture.get("/ImageMask") or isinstance(picture.get("/Mask"), pikepdf.Array):
        return False
    codecs = _codecs(picture)
    if codecs == ["/JPXDecode"]:
        return True
    if _channels(picture) is None or picture.get("/BitsPerComponent") != 8:
        return False
    return codecs in (["/DCTDecode"], ["/FlateDecode"], [])


def _decoded(picture: Object, scale: float, memory_bytes: int) -> Pixels | None:
    """The picture in grey, at that scale or smaller; None if it is broken or needs more memory."""
    size = (
        max(1, round(scale * int(picture.Width))),
        max(1, round(scale * int(picture.Height))),
    )
    data = picture.read_raw_bytes()
    left_bytes = memory_bytes - len(data)
    codecs = _codecs(picture)
    Image.MAX_IMAGE_PIXELS = None  # the memory is reckoned instead
    try:
        if codecs == ["/JPXDecode"]:
            return _decode_jpx(data, size, left_bytes)
        if codecs == ["/DCTDecode"]:
            return _decode_jpeg(picture, data, size, left_bytes)
        if codecs and int(_parameters(picture).get("/Predictor", 1)) >= 10:
            return _decode_png(picture, data, size, left_bytes)
        return _decode_bands(picture, data, size)
    except (OSError, ValueError, SyntaxError, zlib.error, cv2.error):
        return None


def _is_inverted(picture: Object) -> bool:
    decode = picture.get("/Decode")
    return decode is not None and len(decode) >= 2 and float(decode[0]) > float(decode[1])


def _parameters(picture: Object) -> Object:
    found = picture.get("/DecodeParms", pikepdf.Dictionary())
    return found[0] if isinstance(found, pikepdf.Array) else found


def _decode_jpeg(
    picture: Object, data: bytes, size: tuple[int, int], left_bytes: int
) -> Pixels | None:
    for scale in _JPEG_SCALES:
        with Image.open(io.BytesIO(data), formats=("JPEG",)) as opened:
            pixels, channels = opened.width * opened.height, len(opened.getbands())
            need = pixels / scale**2 * (_JPEG_BYTES if channels < 4 else 4 + _JPEG_BYTES)
            if opened.info.get("progressive"):
                need += pixels * _COEFFICIENT_BYTES * _samples_per_pixel(opened)
            if need > left_bytes:
                continue
            smaller = opened.width // scale, opened.height // scale
            opened.draft("L" if channels < 4 else None, smaller)
            # Pillow inverts the inks that Adobe's programs keep inverted; a PDF says it itself.
            is_negative = _is_inverted(picture) != (channels == 4 and "adobe" in opened.info)
            return _grey(opened, size, is_negative=is_negative)
    return None


def _samples_per_pixel(jpeg: Image.Image) -> float:
    """Of all channels; those of colour may have fewer than one."""
    sides = [(across, down) for _, across, down, _ in getattr(jpeg, "layer", ())]
    finest: int = max(across for across, _ in sides) * max(down for _, down in sides)
    return float(sum(across * down for across, down in sides)) / finest


def _decode_jpx(data: bytes, size: tuple[int, int], left_bytes: int) -> Pixels | None:
    samples = jpx_samples(data)
    for scale in _JPX_SCALES:
        if samples and _JPX_BYTES * samples / scale**2 < left_bytes:
            with Image.open(io.BytesIO(data), formats=("JPEG2000",)) as opened:
                opened.reduce = scale.bit_length() - 1  # type: ignore[method-assign, assignment]  # a plugin's
                return _grey(opened, size)
    return None


def _grey(opened: Image.Image, size: tuple[int, int], *, is_negative: bool = False) -> Pixels:
    opened.load()
    shown = ImageChops.invert(opened) if is_negative else opened
    smaller = min(size[0], shown.width), min(size[1], shown.height)
    grey = shown if shown.mode == "L" else shown.convert("L")
    if grey.size != smaller:
        grey = grey.resize(smaller, Image.Resampling.BOX)
    return np.asarray(grey, dtype=np.uint8)


def _decode_png(
    picture: Object, data: bytes, size: tuple[int, int], left_bytes: int
) -> Pixels | None:
    """What a PDF keeps as a PNG does is put into one again: OpenCV decodes it in grey."""
    width, height, channels = int(picture.Width), int(picture.Height), _channels(picture)
    if channels not in {1, 3}:
        return None
    for mode, need in (
        (cv2.IMREAD_GRAYSCALE, _PNG_BYTES),
        (cv2.IMREAD_REDUCED_GRAYSCALE_2, _HALF_PNG_BYTES),
    ):
        if need * width * height > left_bytes:
            continue
        head = struct.pack(">IIBBBBB", width, height, 8, 0 if channels == 1 else 2, 0, 0, 0)
        png = b"".join(
            (b"\x89PNG\r\n\x1a\n", _chunk(b"IHDR", head), _chunk(b"IDAT", data), _chunk(b"IEND"))
        )
        grey = cv2.imdecode(np.frombuffer(png, np.uint8), mode)
        if grey is None:
            return None
        fitted = _fitted(grey.astype(np.uint8, copy=False), size)
        return 255 - fitted if _is_inverted(picture) else fitted
    return None


def _chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def _fitted(grey: Pixels, size: tuple[int, int]) -> Pixels:
    height, width = grey.shape
    smaller = min(width, size[0]), min(height, size[1])
    if smaller == (width, height):
        return grey
    scaled = cv2.resize(grey, smaller, interpolation=cv2.INTER_AREA)
    return scaled.astype(np.uint8, copy=False)


def _decode_bands(picture: Object, data: bytes, size: tuple[int, int]) -> Pixels | None:
    """Rows of whole bytes, a band of them at a time; each band is scaled by itself."""
    width, height, channels = int(picture.Width), int(picture.Height), _channels(picture)
    if channels is None:
        return None
    is_differences = bool(_codecs(picture)) and _parameters(picture).get("/Predictor", 1) == 2
    row_bytes = width * channels
    rows = max(1, _BAND_BYTES // row_bytes)
    unpacked = zlib.decompressobj() if _codecs(picture) else None
    wide, high = min(width, size[0]), min(height, size[1])
    scaled = np.full((high, wide), 255, np.uint8)
    for top in range(0, height, rows):
        count = min(rows, height - top)
        if unpacked is None:
            band = data[top * row_bytes : (top + count) * row_bytes]
        else:
            band = unpacked.decompress(unpacked.unconsumed_tail if top else data, count * row_bytes)
        samples = np.frombuffer(band, np.uint8)
        count = len(samples) // row_bytes
        if not count:
            break
        levels = samples[: count * row_bytes].reshape(count, width, channels)
        if is_differences:
            levels = np.cumsum(levels, axis=1, dtype=np.uint8)
        if _is_inverted(picture):
            levels = 255 - levels
        first, last = round(top * high / height), round((top + count) * high / height)
        if first < last:
            scaled[first:last] = cv2.resize(
                _luminance(levels), (wide, last - first), interpolation=cv2.INTER_AREA
            )
    return scaled


def _luminance(levels: Pixels) -> Pixels:
    """Grey of (height, width, channels) in grey, RGB or CMYK."""
    channels = levels.shape[2]
    if channels == 1:
        return levels[..., 0]
    if channels == 3:
        grey = cv2.cvtColor(levels, cv2.COLOR_RGB2GRAY)
        return grey.astype(np.uint8, copy=False)
    return np.asarray(Image.fromarray(levels, "CMYK").convert("L"), dtype=np.uint8)


def _replace(picture: Object, grey: Pixels) -> None:
    """Have the stream of a picture contain grey pixels."""
    picture.write(grey.tobytes())
    picture.Height, picture.Width = grey.shape
    picture.ColorSpace, picture.BitsPerComponent = Name.DeviceGray, 8
    for key in ("/Decode", "/Alternates", "/SMaskInData"):
        if key in picture:
            del picture[key]
