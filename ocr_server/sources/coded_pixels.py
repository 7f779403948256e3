"""Damage to coded pixels that Pillow's decoders pass over: they draw whatever the bits make.

What shows it is that the bits do not end where the pixels do, or a code that cannot be. Damage that
leaves as many codes as there were cannot be known, as these formats have no checksums.

Sources: ISO/IEC 10918-1, B.1.1 (markers, and bytes between them) and F.1.2.3 (how a scan ends); RFC
9649, 2.3 and 2.5 (WebP); GIF89a, appendix F; TIFF 6.0, section 8, and technical note 2 (JPEG in
TIFF); ITU-T T.4, 4.1.2 and T.6, 2.4.1.1 (no code has eleven zeros in a row, but for the end of a
fax); RFC 1950 (Adler-32).
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ocr_server.sources.damage import END_OF_JPEG, standard_error_lines

# Of OpenCV and of the libjpeg in it. What else that says is of odd files rather than damaged ones.
_COMPLAINTS = ("Corrupt JPEG data", "Too long LZW length")
_MOST_SCANS = 100  # each is decoded over the whole picture, and programs write about ten
_SCAN, _END = 0xDA, 0xD9
_HUFFMAN_FRAMES = {0xC0, 0xC1, 0xC2}
_OTHER_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
_ALONE = {0x01, *range(0xD0, 0xD9)}  # markers without a segment
_NEXT_MARKER = re.compile(rb"\xff+[\x01-\xcf\xd8-\xfe]")
_PADDING = (0x00, 0xFF)
_RIFF_BYTES, _VP8 = 12, b"VP8 "
_VP8_ENDING_BYTES = 8  # encoders end within the last four
_COMPRESSION, _FILL_ORDER, _JPEG_TABLES = 259, 266, 347  # TIFF 6.0, sections 8 and 22
_OFFSETS, _LENGTHS = (273, 324), (279, 325)  # of strips and tiles
_GROUP_4, _JPEG, _DEFLATE = 4, 7, (8, 32946)
_LOW_BIT_FIRST = 2
_EOL_BITS = 12  # eleven zeros and a one
_PIECE_BYTES = 2**20
_MOST_PIXEL_BYTES = 16


def are_damaged(path: Path, picture: Image.Image) -> bool:
    """Whether the pixels of a picture that was opened are known not to be what was written.

    False where nothing can be known.
    """
    if isinstance(picture, TiffImageFile):
        return _are_damaged_in_tiff(path, picture)
    if picture.format in {"JPEG", "MPO"}:
        return _is_jpeg_damaged(np.memmap(path, np.uint8, mode="c"))
    if picture.format == "GIF":
        return _decoded(np.memmap(path, np.uint8, mode="r"))[1]
    return picture.format == "WEBP" and _is_webp_damaged(path.read_bytes())


def _is_jpeg_damaged(data: NDArray[np.uint8]) -> bool:
    """Whether too few bits or too many are there; without its last byte it has to have too few."""
    scan = _last_scan(data)
    if scan is None:
        return False
    is_drawn, is_damaged = _decoded(data)
    if is_damaged or not is_drawn:
        return is_damaged
    begin, end = scan
    while end > begin and data[end - 1] in _PADDING:
        end -= 1
    if end == begin:
        return False
    shorter = data[: end + 1].copy()
    shorter[-2:] = np.frombuffer(END_OF_JPEG, np.uint8)
    return not _decoded(shorter)[1]


def _last_scan(data: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Where the last scan of Huffman codes begins and ends; None where there is no such thing."""
    position, scans, scan = len(END_OF_JPEG), 0, None
    while position + 4 <= data.size and data[position] == 0xFF:
        marker = int(data[position + 1])
        if marker == _END:
            return scan
        if marker in _OTHER_FRAMES:
            return None
        if marker == 0xFF or marker in _ALONE:
            position += 1 if marker == 0xFF else 2
            continue
        position += 2 + int.from_bytes(data[position + 2 : position + 4].tobytes())
        if marker == _SCAN:
            following, scans = _NEXT_MARKER.search(data.data, position), scans + 1
            if following is None or scans > _MOST_SCANS:
                return None
            scan = position, following.start()
            position = following.start()
    return scan


def _decoded(data: NDArray[np.uint8]) -> tuple[bool, bool]:
    """Whether OpenCV can draw the picture, and whether it complains of damage.

    A JPEG is drawn at an eighth of its size, which takes as much of it but less time.
    """
    with standard_error_lines() as lines:
        try:
            is_drawn = cv2.imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8) is not None
        except cv2.error:
            is_drawn = False
    return is_drawn, any(complaint in line for line in lines for complaint in _COMPLAINTS)


def _is_webp_damaged(data: bytes) -> bool:
    """Whether bits are left: without its last bytes, a picture with loss cannot be decoded."""
    position = _RIFF_BYTES
    while (kind := data[position : position + 4]) != _VP8:
        if len(kind) < 4:
            return False
        length = int.from_bytes(data[position + 4 : position + 8], "little")
        position += 8 + length + length % 2
    end = position + 8 + int.from_bytes(data[position + 4 : position + 8], "little")
    coded = data[position + 8 : end - _VP8_ENDING_BYTES]
    coded += bytes(len(coded) % 2)
    chunk = _VP8 + len(coded).to_bytes(4, "little") + coded
    shorter = b"RIFF" + (4 + len(chunk)).to_bytes(4, "little") + b"WEBP" + chunk
    try:
        with Image.open(BytesIO(shorter), formats=("WEBP",)) as picture:
            picture.load()
    except OSError:
        return False
    return True


def _are_damaged_in_tiff(path: Path, picture: TiffImageFile) -> bool:
    tags = picture.tag_v2
    compression = tags.get(_COMPRESSION)
    strips = _strips(path, picture)
    if compression == _GROUP_4:
        order: Literal["little", "big"]
        order = "little" if tags.get(_FILL_ORDER) == _LOW_BIT_FIRST else "big"
        return any(_is_fax_damaged(np.unpackbits(strip, bitorder=order)) for strip in strips)
    if compression in _DEFLATE:
        most_bytes = picture.width * picture.height * _MOST_PIXEL_BYTES
        return any(_is_deflate_damaged(strip.tobytes(), most_bytes) for strip in strips)
    if compression == _JPEG:
        tables = np.frombuffer(tags.get(_JPEG_TABLES, END_OF_JPEG)[: -len(END_OF_JPEG)], np.uint8)
        begin = len(END_OF_JPEG) if tables.size else 0
        return any(_is_jpeg_damaged(np.concatenate([tables, strip[begin:]])) for strip in strips)
    return False


def _strips(path: Path, picture: TiffImageFile) -> Iterator[NDArray[np.uint8]]:
    tags = picture.tag_v2
    offsets, lengths = (
        next((tags[tag] for tag in pair if tag in tags), ()) for pair in (_OFFSETS, _LENGTHS)
    )
    with path.open("rb") as file:
        for offset, length in zip(offsets, lengths, strict=False):
            file.seek(offset)
            yield np.frombuffer(file.read(length), np.uint8)


def _is_fax_damaged(bits: NDArray[np.uint8]) -> bool:
    """Whether more than the end of a strip follows upon eleven zeros, where decoding ends."""
    ones = np.flatnonzero(bits)
    steps = np.diff(ones, prepend=-1)
    ends = np.flatnonzero(steps >= _EOL_BITS)
    return bool(ends.size and ends[0] + 1 < ones.size and steps[ends[0] + 1] != _EOL_BITS)


def _is_deflate_damaged(data: bytes, most_bytes: int) -> bool:
    """Whether the checksum is wrong, which libtiff does not look at; as far as the page goes."""
    inflater, come_bytes = zlib.decompressobj(), 0
    try:
        while data and not inflater.eof and come_bytes <= most_bytes:
            come_bytes += len(inflater.decompress(data, _PIECE_BYTES))
            data = inflater.unconsumed_tail
    except zlib.error:
        return True
    return False
