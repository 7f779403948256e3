"""What kind of file it is, by its first bytes, and the kinds that are read.

Sources: PNG (ISO/IEC 15948), JPEG (ISO/IEC 10918-1), WebP (RFC 9649), GIF89a, TIFF 6.0 and BigTIFF
of either byte order, HEIF (ISO/IEC 23008-12) and AVIF by the brand in their first box, Netpbm, PDF
(ISO 32000-1, annex H.3.4.1: its header may stand anywhere in the first 1024 bytes).
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_HEAD_BYTES = 1024


class PictureKind(NamedTuple):
    """A kind of picture: its name, Pillow's names for it, and what its files begin with.

    `suffixes` are those that a browser has to be told, as it may not take them for pictures.
    `is_certain`: so much of its files is fixed that nothing else begins like them.
    """

    name: str
    media_type: str
    pillow_formats: tuple[str, ...]
    head: re.Pattern[bytes]
    suffixes: tuple[str, ...] = ()
    is_certain: bool = True


def _head(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


PICTURE_KINDS = (
    PictureKind("PNG", "image/png", ("PNG",), _head(rb"\x89PNG")),
    PictureKind("JPEG", "image/jpeg", ("JPEG",), _head(rb"\xff\xd8\xff")),
    PictureKind("WebP", "image/webp", ("WEBP",), _head(rb"RIFF")),
    PictureKind("GIF", "image/gif", ("GIF",), _head(rb"GIF8")),
    PictureKind("BMP", "image/bmp", ("BMP", "DIB"), _head(rb"BM"), is_certain=False),
    PictureKind("TIFF", "image/tiff", ("TIFF",), _head(rb"II[*+]\0|MM\0[*+]"), (".tif", ".tiff")),
    PictureKind(
        "HEIC", "image/heic", ("HEIF",), _head(rb"....ftyp(he[iv][cmsx]|mif1|msf1)"),
        (".heic", ".heif"),
    ),
    PictureKind("AVIF", "image/avif", ("AVIF",), _head(rb"....ftypavi[fs]")),
    PictureKind("PNM", "image/x-portable-anymap", ("PPM",), _head(rb"P[1-6]\s"), is_certain=False),
)  # fmt: skip
PDF = "application/pdf"
JPEG = "image/jpeg"
TIFF = "image/tiff"

KIND_NAMES = ", ".join(kind.name for kind in PICTURE_KINDS) + " or PDF"
# What a browser offers to choose from.
ACCEPTED_FILES = ",".join(
    ("image/*", PDF, *(suffix for kind in PICTURE_KINDS for suffix in kind.suffixes))
)


def media_type_of(data: bytes) -> str | None:
    """The media type of a file that begins with `data`; None where it is none that is read.

    A picture may quote a PDF in its first bytes, and a PDF begin with anything.
    """
    fits = [kind for kind in PICTURE_KINDS if kind.head.match(data)]
    if b"%PDF-" in data[:_HEAD_BYTES] and not any(kind.is_certain for kind in fits):
        return PDF
    return fits[0].media_type if fits else None


def media_type_of_file(path: Path) -> str | None:
    """The media type of a file by its first bytes; None where it is none that is read."""
    with path.open("rb") as file:
        return media_type_of(file.read(_HEAD_BYTES))


def is_certain(path: Path) -> bool:
    """Whether a file begins as only pictures of a kind that is read do."""
    with path.open("rb") as file:
        data = file.read(_HEAD_BYTES)
    return any(kind.is_certain and kind.head.match(data) for kind in PICTURE_KINDS)


def is_pdf(path: Path) -> bool:
    """Whether the file says that it is a PDF."""
    return media_type_of_file(path) == PDF


def may_have_pages(path: Path) -> bool:
    """Whether a file can have more than one page, by its first bytes: only TIFF and PDF can."""
    return media_type_of_file(path) in {TIFF, PDF}
