"""The JPEG inside a TIFF as a file of its own, its strips joined without decoding them.

Each strip is a JPEG that begins anew, as a JPEG does after a restart marker: with such markers
between them, strips of one kind are one picture.

Source: TIFF 6.0, Technical Note 2 (JPEG compression); ISO/IEC 10918-1, annex B (segments, restart
intervals); Adobe Technical Note 5116, section 18 (its marker says how colours are stored).
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator, Sequence
from typing import BinaryIO, NamedTuple

from PIL.TiffImagePlugin import TiffImageFile

_WIDTH, _HEIGHT, _COMPRESSION, _PHOTOMETRIC = 256, 257, 259, 262
_STRIP_OFFSETS, _SAMPLES, _ROWS_PER_STRIP, _STRIP_BYTES = 273, 277, 278, 279
_PLANAR, _TABLES = 284, 347
_JPEG = 7
_BLACK_IS_ZERO, _RGB, _YCBCR = 1, 2, 6
# Photometric interpretation: how many samples a pixel has, and what Adobe's marker says of them.
_KINDS = {_BLACK_IS_ZERO: (1, 0), _RGB: (3, 0), _YCBCR: (3, 1)}
_START, _END = b"\xff\xd8", b"\xff\xd9"
_SOF0, _SOF1, _DHT, _SOS, _DQT = 0xC0, 0xC1, 0xC4, 0xDA, 0xDB
_MARKER = re.compile(rb"\xff[^\x00]")
_BLOCK_PX = 8
_MOST_INTERVAL = 65_535


class TiffJpeg(NamedTuple):
    """A JPEG file, and the size of its picture as it is stored."""

    data: bytes
    width_px: int
    height_px: int


class _Strip(NamedTuple):
    """A strip: its tables, frame and scan header as they stand there, and its coded pixels."""

    tables: bytes
    frame: bytes
    scan_header: bytes
    scan: bytes

    @property
    def height_px(self) -> int:
        return int.from_bytes(self.frame[5:7])

    def frame_of(self, height_px: int) -> bytes:
        return self.frame[:5] + struct.pack(">H", height_px) + self.frame[7:]


def joined_jpeg(picture: TiffImageFile, file: BinaryIO) -> TiffJpeg | None:
    """The frame that `picture` stands at; None where it is no JPEG, or one that cannot be joined.

    `picture` has not been decoded; `file` is what it was opened from.
    """
    tags = picture.tag_v2
    samples, transform = _KINDS.get(tags.get(_PHOTOMETRIC, -1), (0, 0))
    is_plain = tags.get(_COMPRESSION) == _JPEG and tags.get(_PLANAR, 1) == 1
    if not is_plain or tags.get(_SAMPLES, 1) != samples or _STRIP_OFFSETS not in tags:
        return None
    width_px, height_px = int(tags[_WIDTH]), int(tags[_HEIGHT])
    rows = min(int(tags.get(_ROWS_PER_STRIP, height_px)), height_px)
    try:
        common = _tables_of(tags.get(_TABLES, b""))
        strips = [_parse(data) for data in _strips(tags[_STRIP_OFFSETS], tags[_STRIP_BYTES], file)]
    except (IndexError, KeyError, ValueError, struct.error):
        return None
    heights = [min(rows, height_px - top) for top in range(0, height_px, max(rows, 1))]
    interval = _restart_interval(strips[0], width_px, rows) if strips else 0
    first = strips[0] if strips else None
    if (
        first is None
        or [strip.height_px for strip in strips] != heights
        or any(
            (strip.tables, strip.frame_of(0), strip.scan_header)
            != (first.tables, first.frame_of(0), first.scan_header)
            for strip in strips
        )
        or (len(strips) > 1 and not interval)
    ):
        return None
    adobe = b"\xff\xee" + struct.pack(">H5sHHHB", 14, b"Adobe", 100, 0, 0, transform)
    head = [_START, adobe, common, first.tables, first.frame_of(height_px)]
    if len(strips) > 1:
        head.append(struct.pack(">HHH", 0xFFDD, 4, interval))
    head.append(first.scan_header)
    scans = [strips[0].scan]
    for number, strip in enumerate(strips[1:]):
        scans += [bytes((0xFF, 0xD0 + number % 8)), strip.scan]
    return TiffJpeg(b"".join([*head, *scans, _END]), width_px, height_px)


def _strips(offsets: Sequence[int], sizes: Sequence[int], file: BinaryIO) -> Iterator[bytes]:
    for offset, size in zip(offsets, sizes, strict=True):
        file.seek(offset)
        data = file.read(size)
        if len(data) < size:
            raise ValueError("a strip is cut off")
        yield data


def _tables_of(data: bytes) -> bytes:
    """The tables that all strips have in common."""
    return b"".join(segment for kind, segment, _ in _segments(data) if kind in {_DHT, _DQT})


def _parse(data: bytes) -> _Strip:
    """The parts of a strip.

    Raises:
        ValueError: it is not one baseline scan without restart markers.
    """
    tables, frame = b"", b""
    for kind, segment, end in _segments(data):
        if kind in {_DHT, _DQT}:
            tables += segment
        elif kind in {_SOF0, _SOF1}:
            frame = segment
        elif kind == _SOS:
            last = data.rfind(_END)
            scan = data[end : last if last >= end else len(data)]
            if not frame or _MARKER.search(scan):
                break
            return _Strip(tables, frame, segment, scan)
    raise ValueError("not one baseline scan")


def _segments(data: bytes) -> Iterator[tuple[int, bytes, int]]:
    """The segments up to the scan: what kind each is, its bytes with marker, and where it ends."""
    at = len(_START)
    while at + 4 <= len(data) and data[at] == 0xFF:
        kind = data[at + 1]
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4])
        yield kind, data[at:end], end
        at = end


def _restart_interval(strip: _Strip, width_px: int, rows: int) -> int:
    """How many units (MCU) a strip of so many rows has; 0 where it does not end with a unit."""
    factors = strip.frame[11::3]  # of each component, across in the upper four bits
    across = max(factor >> 4 for factor in factors) if len(factors) > 1 else 1
    down = max(factor & 15 for factor in factors) if len(factors) > 1 else 1
    if not (across and down) or rows % (down * _BLOCK_PX):
        return 0
    interval = -(-width_px // (across * _BLOCK_PX)) * (rows // (down * _BLOCK_PX))
    return interval if interval <= _MOST_INTERVAL else 0
