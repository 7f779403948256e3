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
import struct
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from ocr_server.sources.damage import END_OF_JPEG, standard_error_lines

# Of OpenCV, and of the libjpeg and libaom in it; libaom looks at how the bits of a tile end, which
# Pillow's dav1d does not. What else these say is of odd files, or of memory, rather than of damage.
_COMPLAINTS = ("Corrupt JPEG data", "Too long LZW length", "Corrupt frame detected")
_MOST_SCANS = 100  # each is decoded over the whole picture, and programs write about ten
_SCAN, _END = 0xDA, 0xD9
_HUFFMAN_FRAMES = {0xC0, 0xC1, 0xC2}
_OTHER_FRAMES = {*range(0xC3, 0xD0)} - {0xC4, 0xC8, 0xCC}
_RESTARTS = range(0xD0, 0xD8)
_ALONE = {0x01, 0xD8, *_RESTARTS}  # markers without a segment
_NEXT_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]")
_MOST_MARKERS = 10_000  # that are looked at one by one
_PADDING = (0x00, 0xFF)
_SURPLUS = re.compile(r"Corrupt JPEG data: (\d+) extraneous bytes before marker 0xd9")
_RIFF_BYTES, _VP8 = 12, b"VP8 "
_VP8_ENDING_BYTES = 8  # encoders end within the last four
_WIDTH, _LENGTH, _PHOTOMETRIC = 256, 257, 262
_YCBCR = 6  # its colours have fewer samples, where nothing else is said
_SAMPLE_BITS, _COMPRESSION, _FILL_ORDER, _JPEG_TABLES = 258, 259, 266, 347  # TIFF 6.0
_OFFSETS, _LENGTHS = (273, 324), (279, 325)  # of strips and tiles
_GROUP_4, _LZW, _JPEG, _DEFLATE = 4, 5, 7, (8, 32946)
_ROWS_PER_STRIP, _TILE_WIDTH, _TILE_LENGTH, _SUBSAMPLING, _PLANES = 278, 322, 323, 530, 284
_SHORT = re.compile(r"LZWDecode: Not enough data at scanline 0 \(short (\d+) bytes\)")
_SPARE_BYTES = 2**16  # more than a wrong code or two can make
_MADE_HEAD_BYTES = 128
_MOST_LZW_STRIPS = 2000  # that are looked at; each is a picture to be opened, in half a millisecond
_LOW_BIT_FIRST = 2
_EOL_BITS = 12  # eleven zeros and a one
_PIECE_BYTES, _INFLATED_BYTES = 2**16, 2**20
_MOST_STRIPS = 10_000


def are_damaged(path: Path, picture: Image.Image) -> bool:
    """Whether the pixels of a picture that was opened are known not to be what was written.

    False where nothing can be known, or memory is short.
    """
    try:
        if isinstance(picture, TiffImageFile):
            return _are_damaged_in_tiff(path, picture)
        if picture.format in {"JPEG", "MPO"}:
            return _is_jpeg_damaged(np.memmap(path, np.uint8, mode="r"))
        if picture.format in {"GIF", "AVIF"}:
            return bool(_decoded(np.memmap(path, np.uint8, mode="r"))[1])
        return picture.format == "WEBP" and _is_webp_damaged(path.read_bytes())
    except MemoryError:
        return False


def _is_jpeg_damaged(data: NDArray[np.uint8]) -> bool:
    """Whether too few bits or too many are there; without its last byte it has to have too few."""
    scan = _last_scan(data)
    if scan is None:
        return False
    begin, end = scan
    last = _without_padding(data, begin, end)
    if last - 2 > begin and data[last - 2] == 0xFF and data[last - 1] in _RESTARTS:
        end = last - 2  # a restart, after which nothing comes
        last = _without_padding(data, begin, end)
        data = _ended(data[:end])
    is_drawn, complaints = _decoded(data)
    surplus = [_SURPLUS.search(complaint) for complaint in complaints]
    if any(found is None or int(found[1]) > end - last for found in surplus):
        return True
    return is_drawn and last > begin and not _decoded(_ended(data[: last - 1]))[1]


def _without_padding(data: NDArray[np.uint8], begin: int, end: int) -> int:
    """Where a scan ends without the bytes that may fill it up."""
    while end > begin and data[end - 1] in _PADDING:
        end -= 1
    return end


def _ended(data: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.concatenate([data, np.frombuffer(END_OF_JPEG, np.uint8)])


def _last_scan(data: NDArray[np.uint8]) -> tuple[int, int] | None:
    """Where the last scan of Huffman codes begins and ends; None where there is no such thing."""
    position, scans, scan = len(END_OF_JPEG), 0, None
    for _ in range(_MOST_MARKERS):
        if position + 4 > data.size or data[position] != 0xFF:
            return scan
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
    return None


def _decoded(data: NDArray[np.uint8]) -> tuple[bool, list[str]]:
    """Whether OpenCV can draw the picture, and the lines in which it complains of damage.

    A JPEG is drawn at an eighth of its size, which takes as much of it but less time.
    """
    with standard_error_lines() as lines:
        try:
            is_drawn = cv2.imdecode(data, cv2.IMREAD_REDUCED_GRAYSCALE_8) is not None
        except cv2.error:
            is_drawn = False
    complaints = [line for line in lines if any(complaint in line for complaint in _COMPLAINTS)]
    return is_drawn, complaints


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
    strips = strips_of(path, tags)
    if compression == _GROUP_4:
        order: Literal["little", "big"]
        order = "little" if tags.get(_FILL_ORDER) == _LOW_BIT_FIRST else "big"
        return any(_is_fax_damaged(strip, order) for strip in strips)
    if compression in _DEFLATE:
        pixel_bits = int(np.sum(tags.get(_SAMPLE_BITS, 1)))
        # Rows end with a byte, and tiles reach over the edges.
        return _is_deflate_damaged(strips, picture.width * picture.height * pixel_bits // 4)
    if compression == _LZW:
        return _is_lzw_damaged(tags, list(strips))
    if compression == _JPEG:
        tables = np.frombuffer(tags.get(_JPEG_TABLES, END_OF_JPEG)[: -len(END_OF_JPEG)], np.uint8)
        begin = len(END_OF_JPEG) if tables.size else 0
        return any(_is_jpeg_damaged(np.concatenate([tables, strip[begin:]])) for strip in strips)
    return False


def _is_lzw_damaged(tags: Mapping[int, Any], strips: Sequence[NDArray[np.uint8]]) -> bool:
    """Whether the codes of a strip or tile make other bytes than its rows have, which libtiff cuts.

    False for planes, samples of several sizes, and more or larger strips than can be looked at.
    """
    is_odd = tags.get(_PLANES, 1) != 1 or tags.get(_FILL_ORDER, 1) != 1
    is_sampled = _SUBSAMPLING in tags or tags.get(_PHOTOMETRIC) == _YCBCR
    if is_odd or is_sampled or len(strips) > _MOST_LZW_STRIPS:
        return False
    pixel_bits = int(np.sum(tags.get(_SAMPLE_BITS, 1)))
    row_bytes = (tags.get(_TILE_WIDTH, tags[_WIDTH]) * pixel_bits + 7) // 8
    height = tags[_LENGTH]
    rows = tags.get(_TILE_LENGTH, min(tags.get(_ROWS_PER_STRIP, height), height))
    for number, strip in enumerate(strips):
        is_last = _TILE_LENGTH not in tags and rows > (there := max(0, height - number * rows))
        # The last strip may be filled up to the rows of the others.
        meant = {row_bytes * rows, row_bytes * there} if is_last else {row_bytes * rows}
        made = _count_unpacked(strip.tobytes(), max(meant) + _SPARE_BYTES)
        if made is not None and made not in meant:
            return True
    return False


def _count_unpacked(coded: bytes, most: int) -> int | None:
    """How many bytes LZW codes make, if fewer than `most`; None where libtiff does not tell.

    It does where a picture of one row lacks some.
    """
    entries = [
        (_WIDTH, most), (_LENGTH, 1), (_SAMPLE_BITS, 8), (_COMPRESSION, _LZW), (_PHOTOMETRIC, 1),
        (_OFFSETS[0], _MADE_HEAD_BYTES), (_ROWS_PER_STRIP, 1), (_LENGTHS[0], len(coded)),
    ]  # fmt: skip
    head = struct.pack("<2sHIH", b"II", 42, 8, len(entries))
    head += b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in entries)
    with standard_error_lines() as lines, suppress(OSError, Image.DecompressionBombError):
        file = BytesIO(head.ljust(_MADE_HEAD_BYTES, b"\0") + coded)
        with Image.open(file, formats=("TIFF",)) as picture:
            picture.load()
    short = next(filter(None, map(_SHORT.search, lines)), None)
    return most - int(short[1]) if short else None


def strips_of(path: Path, tags: Mapping[int, Any]) -> Iterator[NDArray[np.uint8]]:
    """The coded bytes of strips or tiles; none where these overlap or are too many to be real."""
    offsets, lengths = (
        next((tags[tag] for tag in pair if tag in tags), ()) for pair in (_OFFSETS, _LENGTHS)
    )
    if len(lengths) > _MOST_STRIPS or sum(lengths) > path.stat().st_size:
        return
    with path.open("rb") as file:
        for offset, length in zip(offsets, lengths, strict=False):
            file.seek(offset)
            yield np.frombuffer(file.read(length), np.uint8)


def _is_fax_damaged(strip: NDArray[np.uint8], order: Literal["little", "big"]) -> bool:
    """Whether more than the end of a strip follows upon eleven zeros, where decoding ends."""
    is_over = False
    for steps in _steps(strip, order):
        following = steps
        if not is_over:
            ends = np.flatnonzero(steps >= _EOL_BITS)
            if not ends.size:
                continue
            is_over, following = True, steps[ends[0] + 1 :]
        if following.size:
            return bool(following[0] != _EOL_BITS)
    return False


def _steps(
    strip: NDArray[np.uint8], order: Literal["little", "big"]
) -> Iterator[NDArray[np.int64]]:
    """How many bits there are from each one to the next, piece by piece."""
    last = -1
    for start in range(0, strip.size, _PIECE_BYTES):
        bits = np.unpackbits(strip[start : start + _PIECE_BYTES], bitorder=order)
        ones = 8 * start + np.flatnonzero(bits)
        if ones.size:
            yield np.diff(ones, prepend=last)
            last = int(ones[-1])


def _is_deflate_damaged(strips: Iterable[NDArray[np.uint8]], most_bytes: int) -> bool:
    """Whether a checksum is wrong, which libtiff does not look at; as far as the page goes."""
    left_bytes = most_bytes
    for strip in strips:
        inflater = zlib.decompressobj()
        try:
            for start in range(0, strip.size, _PIECE_BYTES):
                data = strip[start : start + _PIECE_BYTES].tobytes()
                while data and not inflater.eof:
                    left_bytes -= len(inflater.decompress(data, _INFLATED_BYTES))
                    data = inflater.unconsumed_tail
                    if left_bytes < -_INFLATED_BYTES:
                        return False
        except zlib.error:
            return True
    return False
