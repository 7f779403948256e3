"""A picture as a PDF page, nothing of it lost: a JPEG's own bytes, else its pixels losslessly.

Source: ISO 32000-1, 7.4.4.4 (PNG's filters inside FlateDecode), 7.4.8 (DCTDecode), 8.6.5.5
(colour profiles), 8.9.5 (image dictionaries); W3C, Portable Network Graphics, second edition,
2003, 5.2 and 11.2.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pikepdf
from pikepdf import Array, Dictionary, Name
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ocr_server.export.pdf.tiff_jpeg import joined_jpeg
from ocr_server.job import Limits
from ocr_server.pdf.opening import POINTS_PER_INCH
from ocr_server.sources.damage import END_OF_JPEG
from ocr_server.sources.decode import opened_picture
from ocr_server.sources.pixels import (
    narrowed,
    orientation_of,
    pixel_aspect_of,
    upright,
    without_alpha,
)

UNKNOWN_DPI = 150.0  # of a picture that does not say: a phone's view of a sheet of paper
_LEAST_DPI, _MOST_DPI = 30.0, 4800.0  # a poster's print, and scanners of film
_LONGEST_SIDE_PT = 14_400  # ISO 32000-1, annex C.2
_SHORTEST_SIDE_PT = 3
_LARGEST_PROFILE_BYTES = 16_384  # profiles of cameras and screens; a printing press's is far larger
_PNG_HEAD_BYTES = 8
_SPACES = {"L": Name.DeviceGray, "RGB": Name.DeviceRGB, "CMYK": Name.DeviceCMYK}
_PROFILED = {b"GRAY": 1, b"RGB ": 3, b"CMYK": 4}  # a profile's colour space (ICC.1, 7.2.6)

# EXIF 2.32, 4.6.4, tag 0x0112: whether the stored picture is first flipped left to right, and
# how far it is then turned clockwise.
_TURNS = {
    1: (False, 0), 2: (True, 0), 3: (False, 180), 4: (True, 180),
    5: (True, 270), 6: (False, 90), 7: (True, 90), 8: (False, 270),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Stored:
    """A picture as it stands in a PDF; `colours` is 0 where a colour profile would not fit."""

    data: bytes
    width_px: int
    height_px: int
    entries: dict[str, pikepdf.Object | int]
    colours: int
    orientation: int = 1


class AddedPicture(NamedTuple):
    """Width and height of a picture, upright, and how many bytes it has in the PDF."""

    width_px: int
    height_px: int
    size_bytes: int


def add_picture_page(
    pdf: pikepdf.Pdf, picture_path: Path, index: int, *, dpi: float | None, limits: Limits
) -> AddedPicture:
    """Add a page that shows one page of a picture file; its bytes are held by the PDF.

    Raises:
        DocumentError: the picture cannot be read, or is over a limit.
    """
    with opened_picture(picture_path, index, limits=limits) as picture:
        aspect = pixel_aspect_of(picture)
        stored = _undecoded(picture, picture_path) or _without_loss(picture)
        profile = _profile(picture, stored.colours)
    flipped, rotation = _TURNS[stored.orientation]
    width_px, height_px = stored.width_px, stored.height_px
    image = pdf.make_stream(stored.data)
    image.Type, image.Subtype = Name.XObject, Name.Image
    image.Width, image.Height = width_px, height_px
    for name, value in stored.entries.items():
        image[f"/{name}"] = value
    if profile:
        based = pdf.make_stream(profile, N=stored.colours, Alternate=image.ColorSpace)
        image.ColorSpace = Array([Name.ICCBased, based])
    down = aspect if rotation % 180 == 0 else 1 / aspect  # of a pixel as it is stored
    scale = points_per_pixel(width_px, height_px * down, dpi)
    width_pt, height_pt = round(width_px * scale, 4), round(height_px * down * scale, 4)
    page = pdf.add_blank_page(page_size=(width_pt, height_pt))
    page.obj.Resources = Dictionary(XObject=Dictionary(Picture=image))
    across, start = (-width_pt, width_pt) if flipped else (width_pt, 0)
    drawn = f"q {across} 0 0 {height_pt} {start} 0 cm /Picture Do Q\n"
    page.obj.Contents = pdf.make_stream(drawn.encode("ascii"))
    if rotation:
        page.obj.Rotate = rotation
    sides = (height_px, width_px) if rotation in {90, 270} else (width_px, height_px)
    return AddedPicture(*sides, len(stored.data))


def points_per_pixel(width_px: float, height_px: float, dpi: float | None) -> float:
    """How large a pixel is in print, within what a PDF page may measure.

    A resolution that no scanner or camera has is a mistake of the program that wrote the file.
    """
    if dpi is None or not _LEAST_DPI <= dpi <= _MOST_DPI:
        dpi = UNKNOWN_DPI
    scale = POINTS_PER_INCH / dpi
    scale = max(scale, _SHORTEST_SIDE_PT / min(width_px, height_px))
    return min(scale, _LONGEST_SIDE_PT / max(width_px, height_px))


def _undecoded(picture: Image.Image, path: Path) -> _Stored | None:
    """The bytes of a JPEG, or of the one inside a TIFF; None where it is neither."""
    if picture.mode not in _SPACES:
        return None
    if isinstance(picture, TiffImageFile):
        with path.open("rb") as file:
            inside = joined_jpeg(picture, file)
        if inside is None:
            return None
        data, width_px, height_px = inside
    elif picture.format in {"JPEG", "MPO"}:
        data = path.read_bytes()
        width_px, height_px = picture.size
        if not data.endswith(END_OF_JPEG):  # it was cut off
            data += END_OF_JPEG
    else:
        return None
    entries: dict[str, pikepdf.Object | int] = {
        "Filter": Name.DCTDecode,
        "ColorSpace": _SPACES[picture.mode],
        "BitsPerComponent": 8,
    }
    if picture.mode == "CMYK":  # Adobe's programs write these inverted, and all readers know
        entries["Decode"] = Array([1, 0] * 4)
    return _Stored(
        data, width_px, height_px, entries, len(picture.getbands()), orientation_of(picture)
    )


def _without_loss(picture: Image.Image) -> _Stored:
    """PNG's own compression of the pixels, which PDF understands; alpha lies on white."""
    picture = without_alpha(upright(picture))
    if picture.mode not in {"1", "L", "I;16", "RGB", "P"}:
        picture = _storable(picture)
    encoded = io.BytesIO()
    picture.save(encoded, "PNG")
    chunks = list(_chunks(encoded.getvalue()))
    parts = dict(chunks)
    depth, colour_type = parts[b"IHDR"][8:10]
    colours = 3 if colour_type == 2 else 1
    space: pikepdf.Object = Name.DeviceRGB if colours == 3 else Name.DeviceGray
    if colour_type == 3:
        palette = parts[b"PLTE"]
        last = len(palette) // 3 - 1
        space = Array([Name.Indexed, Name.DeviceRGB, last, pikepdf.String(palette)])
    parameters = Dictionary(
        Predictor=15, Colors=colours, BitsPerComponent=depth, Columns=picture.width
    )
    entries: dict[str, pikepdf.Object | int] = {
        "Filter": Name.FlateDecode,
        "DecodeParms": parameters,
        "ColorSpace": space,
        "BitsPerComponent": depth,
    }
    data = b"".join(chunk for kind, chunk in chunks if kind == b"IDAT")
    return _Stored(data, *picture.size, entries, 0 if colour_type == 3 else colours)


def _storable(picture: Image.Image) -> Image.Image:
    if picture.mode.startswith("I;"):  # Pillow takes the other byte order through 8 bits
        return Image.fromarray(np.asarray(picture).astype(np.uint16))
    if picture.mode == "F":
        return Image.fromarray(narrowed(picture))
    return picture.convert("I;16" if picture.mode == "I" else "RGB")


def _chunks(png: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = _PNG_HEAD_BYTES
    while at < len(png):
        length, kind = struct.unpack(">I4s", png[at : at + 8])
        yield kind, png[at + 8 : at + 8 + length]
        at += length + 12


def _profile(picture: Image.Image, colours: int) -> bytes | None:
    """The picture's colour profile, if it is one for that many colours and small enough to take."""
    profile = picture.info.get("icc_profile")
    if not isinstance(profile, bytes) or len(profile) > _LARGEST_PROFILE_BYTES:
        return None
    return profile if _PROFILED.get(profile[16:20]) == colours else None
