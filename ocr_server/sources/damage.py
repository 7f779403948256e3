"""How damage to a picture is found where no decoder tells it, and what can be saved.

Source: PNG (ISO/IEC 15948), 5.3 (chunks) and 5.4 (their checksums); ISO 32000-1, 7.5.5 and annex H,
note 18 (where a PDF ends).
"""

from __future__ import annotations

import errno
import os
import struct
import tempfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from ocr_server.errors import OutOfMemory

# With it libjpeg ends what was cut off, and leaves what is missing grey.
END_OF_JPEG = b"\xff\xd9"
_GREY, _ROUNDING = 128, 2  # of samples whose coefficients are all zero (ISO/IEC 10918-1, A.3.1)
_MCU_PX = 16  # the largest unit in which a JPEG is stored
_STANDARD_ERROR = 2
_PNG_HEAD_BYTES = 8
_OF_BROKEN_FILES = {None, errno.EINVAL}  # libraries' own errors; a seek to before the beginning
_PDF_END, _PDF_TAIL_BYTES = b"%%EOF", 1024
_MOST_PADDING_BYTES = 65_536  # zeros that some scanners write behind it


def check_system(error: Exception) -> None:
    """Raise what is no fault of the file that a library was reading: no memory, no room, no right.

    Raises:
        OSError: the system says so, and not the library.
        OutOfMemory: there was not enough.
    """
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, MemoryError) or number == errno.ENOMEM:
        raise OutOfMemory.of_worker() from error
    if number not in _OF_BROKEN_FILES:
        raise error


def has_wrong_checksum(path: Path) -> bool:
    """Whether the pixels of a PNG are not what their checksums say; Pillow does not look at these.

    What a file that was cut off lacks is no wrong checksum.
    """
    with path.open("rb") as file:
        file.seek(_PNG_HEAD_BYTES)
        while len(head := file.read(8)) == 8:
            length, kind = struct.unpack(">I4s", head)
            if kind != b"IDAT":
                if kind == b"IEND":
                    break
                file.seek(length + 4, os.SEEK_CUR)
                continue
            data, stored = file.read(length), file.read(4)
            if len(stored) == 4 and zlib.crc32(kind + data) != int.from_bytes(stored):
                return True
    return False


def lacks_end_of_pdf(path: Path) -> bool:
    """Whether a PDF was cut off; PDFium opens what is left, or what it was before a change."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _MOST_PADDING_BYTES))
        data = file.read().rstrip(b"\0\t\n\r ")
    return _PDF_END not in data[-_PDF_TAIL_BYTES:]


def whiten_lost_rows(picture: Image.Image) -> float:
    """Make white what is missing at the end of a JPEG that was cut off, in place.

    Returns which share of its rows that is, from 0 to 1. The picture is decoded, as it is stored.
    """
    samples = np.asarray(picture, dtype=np.int16).reshape(picture.height, picture.width, -1)
    is_lost = np.all(np.abs(samples - _GREY) <= _ROUNDING, axis=2)
    found_rows = np.flatnonzero(~is_lost.all(axis=1))
    first_lost = int(found_rows[-1]) + 1 if found_rows.size else 0
    white = (255,) * len(picture.getbands()) if picture.mode != "CMYK" else (0, 0, 0, 0)
    picture.paste(white, (0, first_lost, picture.width, picture.height))
    # The last row of units may end anywhere.
    top = max(0, first_lost - _MCU_PX)
    found_columns = np.flatnonzero(~is_lost[top:first_lost].all(axis=0))
    if found_columns.size:
        picture.paste(white, (int(found_columns[-1]) + 1, top, picture.width, first_lost))
    return 1 - first_lost / picture.height


@contextmanager
def standard_error_lines() -> Iterator[list[str]]:
    """What C libraries write on standard error meanwhile; it is in the list afterwards.

    libtiff makes something of a line of a fax that it cannot decode, and tells it there alone.
    """
    lines: list[str] = []
    with tempfile.TemporaryFile() as file:
        saved = os.dup(_STANDARD_ERROR)
        os.dup2(file.fileno(), _STANDARD_ERROR)
        try:
            yield lines
        finally:
            os.dup2(saved, _STANDARD_ERROR)
            os.close(saved)
            file.seek(0)
            lines += file.read().decode(errors="replace").splitlines()
