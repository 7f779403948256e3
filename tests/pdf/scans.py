"""PDFs of one page that a picture fills, kept in the ways in which scanners and programs do."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pikepdf
from pikepdf import Dictionary, Name
from PIL import Image, ImageChops

from tests.drawing import as_file
from tests.export.pictures import noise

SIZE_PT = (298, 420)
SIZE_PX = (1240, 1748)


def scan(mode: str = "RGB") -> Image.Image:
    """As smooth as a scan, in colour: JPEG changes little of it."""
    return noise(SIZE_PX[0] // 8, SIZE_PX[1] // 8).resize(SIZE_PX).convert(mode)


def _png_data(picture: Image.Image) -> bytes:
    """What a PNG holds between its other chunks."""
    file, data, place = as_file(picture), b"", 8
    while place < len(file):
        length, kind = struct.unpack(">I4s", file[place : place + 8])
        data += file[place + 8 : place + 8 + length] if kind == b"IDAT" else b""
        place += length + 12
    return data


def _differences(picture: Image.Image) -> bytes:
    """Each level less the one left of it, as TIFF does."""
    shifted = Image.new(picture.mode, picture.size)
    shifted.paste(picture, (1, 0))
    return ImageChops.subtract_modulo(picture, shifted).tobytes()


def _filter_of(codec: str, picture: Image.Image) -> dict[str, pikepdf.Object]:
    name = {"dct": "DCTDecode", "progressive": "DCTDecode", "jpx": "JPXDecode"}
    entries: dict[str, pikepdf.Object] = {"/Filter": Name(f"/{name.get(codec, 'FlateDecode')}")}
    if codec in _PREDICTORS:
        entries["/DecodeParms"] = Dictionary(
            Predictor=_PREDICTORS[codec], Colors=len(picture.getbands()), Columns=picture.width
        )
    return {} if codec == "raw" else entries


_PREDICTORS = {"png": 15, "tiff": 2}
_DATA: Mapping[str, Callable[[Image.Image], bytes]] = {
    "dct": lambda picture: as_file(picture, "JPEG", quality=90),
    "progressive": lambda picture: as_file(picture, "JPEG", quality=90, progressive=True),
    "jpx": lambda picture: as_file(picture, "JPEG2000"),
    "png": _png_data,
    "flate": lambda picture: zlib.compress(picture.tobytes(), 1),
    "tiff": lambda picture: zlib.compress(_differences(picture), 1),
    "raw": lambda picture: picture.tobytes(),
}
CODECS = tuple(_DATA)


def scan_pdf(
    path: Path,
    codec: str,
    picture: Image.Image,
    *,
    data: bytes | None = None,
    more: Mapping[str, object] | None = None,
    content: bytes = b"",
) -> Path:
    """A page filled by the picture, or by other `data` in its place; `content` is drawn over it."""
    pdf = pikepdf.new()
    page = pdf.add_blank_page(page_size=SIZE_PT)
    image = pdf.make_stream(_DATA[codec](picture) if data is None else data)
    image.Type, image.Subtype = Name.XObject, Name.Image
    image.Width, image.Height, image.BitsPerComponent = *picture.size, 8
    image.ColorSpace = {"L": Name.DeviceGray, "CMYK": Name.DeviceCMYK}.get(
        picture.mode, Name.DeviceRGB
    )
    for key, value in {**_filter_of(codec, picture), **(more or {})}.items():
        image[key] = value
    font = Dictionary(Type=Name.Font, Subtype=Name.Type1, BaseFont=Name.Helvetica)
    page.obj.Resources = Dictionary(XObject=Dictionary(Scan=image), Font=Dictionary(F=font))
    page.obj.Contents = pdf.make_stream(b"q %d 0 0 %d 0 0 cm /Scan Do Q " % SIZE_PT + content)
    pdf.save(path)
    return path
