"""The pictures of a PDF page: what drawing them costs, and which PDFium did not draw.

PDFium leaves out a picture that is broken or that it gets no memory for, draws the rest, and does
not tell. So the memory is estimated before, from what was measured of PDFium 8149, and a page is
drawn on ground of a grey that no picture fills its place with: where it is left, nothing was drawn.

Source: JPEG 2000 (ISO/IEC 15444-1), annex A.5.1 (image and tile size); ITU-T T.4, 4.1.4, and T.6,
2.4.1 (end of a fax); JBIG2 (ITU-T T.88), 7.2 (heads of segments).
"""

from __future__ import annotations

import ctypes
import struct
import zlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import numpy as np
import pikepdf
import pypdfium2
from pikepdf import Name
from pypdfium2 import raw

from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Pixels
from ocr_server.pdf.page_copy import shown_by
from ocr_server.pdf.page_objects import PageObject

# Bytes that drawing a picture takes for each of its pixels, at most (0.4, 4.4 and 8.1 measured).
BYTES_OF_BIT, BYTES_OF_GREY, BYTES_OF_COLOUR = 0.6, 4.6, 8.5
JPX_BYTES_OF_SAMPLE = 5.4  # of JPEG 2000, for each channel (5.0 measured)
_BITONAL = frozenset((b"CCITTFaxDecode", b"JBIG2Decode"))

GROUND = 254  # grey level of a page before it is drawn
# Share of a picture's place in which nothing was drawn, from which on it is decoded by itself to
# see whether it can be: words may stand over it.
_UNTOUCHED = 0.5
_LOOKED_AT = 400  # rows and columns of a picture's place

_SIZE = b"\xff\x4f\xff\x51"  # begins a JPEG 2000 codestream, with its size next
_END_OF_JPEG = b"\xff\xd9"
_TAIL_BYTES = 1024  # of a JPEG, behind which some programs write more
_PIECE_BYTES = 1_000_000
_PALEST = 12  # grey levels by which a page differs that is not blank

_LAST_ROWS = 4  # of a drawn picture, on each side
_END_OF_LINE, _END_OF_FAX_BYTES = "000000000001", 16
# Of a JBIG2 segment's head: a count in its long form, a page's number of four bytes, and the size
# of one that tells its end itself.
_LONG_FORM, _LONG_PAGE, _UNKNOWN_SIZE = 7, 0x40, 0xFFFFFFFF
_MOST_HEAD_BYTES = 9


class PagePicture(NamedTuple):
    """A picture of a page: its size in its own pixels, and the most bytes that drawing it takes.

    `bits` are those of a pixel, 0 where they are not known; `codec` is the filter
    of its data, where that is the only one.
    """

    shown: PageObject
    width_px: int
    height_px: int
    most_bytes: int
    bits: int = 0
    codec: bytes = b""


def pictures_of(page: pypdfium2.PdfPage, objects: Iterable[PageObject]) -> tuple[PagePicture, ...]:
    """The pictures among the objects of a page."""
    return tuple(_described(page, one) for one in objects if one.kind == raw.FPDF_PAGEOBJ_IMAGE)


def jpx_samples(data: bytes) -> int:
    """How many samples a JPEG 2000 picture has; 0 where its size is not found."""
    start = data.find(_SIZE)
    head = data[start + 8 : start + 42]
    if start < 0 or len(head) < 34:
        return 0
    sizes: tuple[int, ...] = struct.unpack(">4I16xH", head)
    right, bottom, left, top, channels = sizes
    return max(0, right - left) * max(0, bottom - top) * channels


def find_undrawn(
    pictures: Iterable[PagePicture], places: Iterable[Box | None], drawn: Pixels
) -> Iterator[PagePicture]:
    """The pictures that PDFium could not draw, `places` being where they stand in `drawn`.

    Pictures that are hidden or white are decoded, and are none of them.
    """
    for picture, place in zip(pictures, places, strict=True):
        if place is None or _untouched_share(drawn, place) < _UNTOUCHED:
            continue
        bitmap = raw.FPDFImageObj_GetBitmap(picture.shown.handle)
        if bitmap:
            raw.FPDFBitmap_Destroy(bitmap)
        else:
            yield picture


def is_damaged(picture: PagePicture, place: Box, drawn: Pixels) -> bool:
    """Whether the data of a picture that was drawn is cut off or broken, as far as that is seen.

    PDFium draws what it can decode, the rest black or white.
    """
    if picture.codec == b"DCTDecode":
        return _END_OF_JPEG not in _raw_data(picture.shown).rstrip(b"\0\t\r\n ")[-_TAIL_BYTES:]
    if picture.codec == b"FlateDecode" and picture.bits:
        return not _unpacks_to(
            picture.width_px * picture.bits // 8 * picture.height_px, _raw_data(picture.shown)
        )
    if picture.codec in _BITONAL:
        return _is_bitonal_damaged(picture, _part(drawn, place))
    return False


def _is_bitonal_damaged(picture: PagePicture, part: Pixels) -> bool:
    if not part.size:
        return False
    data = _raw_data(picture.shown)
    is_blank = _is_plain(part)
    # Of a blank picture each row takes a bit.
    if is_blank and len(data) > picture.height_px // 8 + 256:
        return True
    return picture.codec == b"JBIG2Decode" and _lacks_segments(data)


def may_lack_rows(picture: PagePicture, place: Box, drawn: Pixels) -> bool:
    """Whether a picture is a fax that may end too soon: a side of it is plain, its end unmarked.

    Missing rows look like plain ones: `lacks_rows` tells.
    """
    if picture.codec != b"CCITTFaxDecode" or not any(map(_is_plain, _sides(drawn, place))):
        return False
    return not _has_end_of_fax(_raw_data(picture.shown))


def exchange_colours(_pdf: pikepdf.Pdf, page: pikepdf.Object) -> None:
    """Have black and white exchanged in the faxes that a page shows.

    Raises:
        pikepdf.PikepdfError, and what pikepdf raises of objects of a wrong kind.
    """
    for shown in shown_by(page):
        if shown.get("/Filter") not in (Name.CCITTFaxDecode, [Name.CCITTFaxDecode]):
            continue
        coding = shown.get("/DecodeParms", pikepdf.Dictionary())
        coding = coding[0] if isinstance(coding, pikepdf.Array) else coding
        exchanged = {"/BlackIs1": not coding.get("/BlackIs1", False)}
        shown.DecodeParms = pikepdf.Dictionary(dict(coding.items()) | exchanged)


def lacks_rows(place: Box, drawn: Pixels, exchanged: Pixels) -> bool:
    """Whether a side of a fax is as it was in a drawing with its colours exchanged.

    PDFium gives rows that are missing one colour, whichever it was told for black: then black, with
    `Decode [1 0]` white, in masks none. They are at the bottom, unless the page is turned.
    """
    return any(
        _is_plain(one) and _is_plain(other) and abs(int(one.min()) - int(other.min())) < _PALEST
        for one, other in zip(_sides(drawn, place), _sides(exchanged, place), strict=True)
    )


def _sides(drawn: Pixels, place: Box) -> tuple[Pixels, ...]:
    part, last = _part(drawn, place), _LAST_ROWS
    return part[-last:], part[:last], part[:, :last], part[:, -last:]


def _is_plain(part: Pixels) -> bool:
    return bool(part.size) and int(part.max()) - int(part.min()) < _PALEST


def _has_end_of_fax(data: bytes) -> bool:
    """Whether the end of a fax is marked: by two ends of a line, between them a bit at most."""
    tail = data.rstrip(b"\0")[-_END_OF_FAX_BYTES:] + b"\0"
    bits = f"{int.from_bytes(tail):0{8 * len(tail)}b}"
    return any(_END_OF_LINE + tag + _END_OF_LINE in bits for tag in ("", "0", "1"))


def _lacks_segments(data: bytes) -> bool:
    """Whether JBIG2 data ends within a segment."""
    place = 0
    while place < len(data):
        head = data[place : place + _MOST_HEAD_BYTES]
        try:
            number, flags, referred = struct.unpack(">IBB", head[:6])
            place += 5
            count, length = referred >> 5, 1
            if count == _LONG_FORM:
                (count,) = struct.unpack(">I", head[5:9])
                count &= 0x1FFFFFFF
                length = 4 + (count + 8) // 8
            place += length + count * (1 if number <= 256 else 2 if number <= 65536 else 4)
            place += 4 if flags & _LONG_PAGE else 1
            (size,) = struct.unpack(">I", data[place : place + 4])
        except struct.error:
            return True
        if size == _UNKNOWN_SIZE:
            return False
        place += 4 + size
    return place > len(data)


def _unpacks_to(length: int, data: bytes) -> bool:
    unpacker = zlib.decompressobj()
    try:
        while length > 0:
            piece = unpacker.decompress(data, _PIECE_BYTES)
            if not piece:
                return False
            length -= len(piece)
            data = unpacker.unconsumed_tail
    except zlib.error:
        return False
    return True


def _described(page: pypdfium2.PdfPage, shown: PageObject) -> PagePicture:
    width, height = ctypes.c_uint(), ctypes.c_uint()
    raw.FPDFImageObj_GetImagePixelSize(shown.handle, width, height)
    pixels = width.value * height.value
    codecs = _codecs_of(shown)
    codec = codecs[-1] if codecs else b""
    if codec == b"JPXDecode":
        bits, most = 0, JPX_BYTES_OF_SAMPLE * jpx_samples(_raw_data(shown))
    else:
        bits = 1 if codec in _BITONAL else _bits_of(page, shown)
        most = pixels * {1: BYTES_OF_BIT, 8: BYTES_OF_GREY}.get(bits, BYTES_OF_COLOUR)
    only = codec if len(codecs) == 1 else b""
    return PagePicture(shown, width.value, height.value, int(most), bits, only)


def _bits_of(page: pypdfium2.PdfPage, shown: PageObject) -> int:
    """Bits of a pixel, of which PDFium looks at the head of the picture; 0 where it has none."""
    told = raw.FPDF_IMAGEOBJ_METADATA()
    raw.FPDFImageObj_GetImageMetadata(shown.handle, page, told)
    return int(told.bits_per_pixel)


def _codecs_of(shown: PageObject) -> list[bytes]:
    codecs = []
    for number in range(raw.FPDFImageObj_GetImageFilterCount(shown.handle)):
        name = ctypes.create_string_buffer(32)
        raw.FPDFImageObj_GetImageFilter(shown.handle, number, name, len(name))
        codecs.append(name.value)
    return codecs


def _raw_data(shown: PageObject) -> bytes:
    length = raw.FPDFImageObj_GetImageDataRaw(shown.handle, None, 0)
    data = ctypes.create_string_buffer(max(1, length))
    raw.FPDFImageObj_GetImageDataRaw(shown.handle, data, length)
    return data.raw[:length]


def _untouched_share(drawn: Pixels, place: Box) -> float:
    part = _part(drawn, place)
    if not part.size:
        return 0.0
    down, across = (max(1, side // _LOOKED_AT) for side in part.shape)
    return float(np.mean(part[::down, ::across] == GROUND))


def _part(drawn: Pixels, place: Box) -> Pixels:
    height, width = drawn.shape
    left, top = max(0, int(place.left)), max(0, int(place.top))
    right, bottom = min(width, int(np.ceil(place.right))), min(height, int(np.ceil(place.bottom)))
    return drawn[top:bottom, left:right]
