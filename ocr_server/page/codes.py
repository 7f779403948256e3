"""Bar codes and matrix codes of a page, read by zxing-cpp.

The package is of a category of its own, and imported when the first code is asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

from ocr_server.document.model import Code, CodeKind
from ocr_server.errors import CodesUnavailable
from ocr_server.geometry import Point, Quad
from ocr_server.imaging.canvas import Canvas

if TYPE_CHECKING:
    import zxingcpp

# By the names of `zxingcpp.BarcodeFormat`, of a format or its symbology. Others are left out: ITF
# and Codabar, without a check of their own, are found in plain rulings.
_KINDS: Mapping[str, CodeKind] = {
    "QRCode": CodeKind.QR,
    "MicroQRCode": CodeKind.QR,
    "DataMatrix": CodeKind.DATA_MATRIX,
    "Aztec": CodeKind.AZTEC,
    "PDF417": CodeKind.PDF417,
    "Code128": CodeKind.CODE_128,
    "Code39": CodeKind.CODE_39,
    "EAN13": CodeKind.EAN_13,
    "EAN8": CodeKind.EAN_8,
    "UPCA": CodeKind.UPC_A,
    "UPCE": CodeKind.UPC_E,
}
# Kinds whose checks let next to nothing wrong through.
_STRONG = {CodeKind.QR, CodeKind.DATA_MATRIX, CodeKind.AZTEC, CodeKind.CODE_128}
_AGREEING = 2  # readings
_GREY = 128  # beyond the corners: neither ink nor paper
_ENLARGED = 1.5  # times
_GTIN_DIGITS = 13  # UPC codes are told as such, with a 0 before


def are_codes_read() -> bool:
    """Whether codes can be read here."""
    return find_spec("zxingcpp") is not None


def check_codes_are_read() -> None:
    """Do nothing if codes can be read here.

    Raises:
        CodesUnavailable: the package is not installed.
    """
    if not are_codes_read():
        raise CodesUnavailable(
            "Bar codes are read by zxing-cpp, which is not installed on this server. Leave codes "
            'out, or have the operator install it: pipenv sync --categories "packages codes".'
        )


def read_codes(canvas: Canvas, *, angle_deg: float = 0.0) -> tuple[Code, ...]:
    """The codes of a picture from top to bottom, in page pixels.

    It is read as it is, and straight: by the angle of its codes, else by `angle_deg`, clockwise.
    Of kinds whose check is weak, two readings must agree; where they do not, an enlarged picture
    has the last word.
    """
    canvas = canvas.grey()
    first = _read(canvas)
    slant_deg = median([_slant_deg(code.quad) for code in first] or [angle_deg])
    turned = canvas.rotated(-slant_deg, fill=_GREY)
    straight = _read(turned)
    found = {_key(code): code for code in (*straight, *first)}
    votes = Counter(map(_key, (*straight, *first)))
    if any(_is_doubtful(code, votes) for code in found.values()):
        votes.update(map(_key, _read(turned.scaled(_ENLARGED))))
    codes = [code for code in found.values() if not _is_doubtful(code, votes)]
    return tuple(sorted(codes, key=lambda code: (code.quad.box.top, code.quad.box.left)))


def _key(code: Code) -> tuple[CodeKind, str]:
    return code.kind, code.value


def _is_doubtful(code: Code, votes: Counter[tuple[CodeKind, str]]) -> bool:
    return code.kind not in _STRONG and votes[_key(code)] < _AGREEING


def _slant_deg(quad: Quad) -> float:
    """How far a code is turned from the nearest quarter of a circle."""
    return (quad.angle_deg + 45) % 90 - 45


def _read(canvas: Canvas) -> list[Code]:
    import zxingcpp  # noqa: PLC0415

    formats = [getattr(zxingcpp.BarcodeFormat, name) for name in _KINDS]
    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(canvas.pixels), formats=zxingcpp.BarcodeFormats(formats)
    )
    codes = (code for barcode in found for code in _codes(barcode))
    return [replace(code, quad=code.quad.mapped(canvas.to_page)) for code in codes]


def _codes(barcode: zxingcpp.Barcode) -> Iterator[Code]:
    place = barcode.position
    corners = (place.top_left, place.top_right, place.bottom_right, place.bottom_left)
    kind = _KINDS.get(barcode.format.name) or _KINDS.get(barcode.symbology.name)
    if not (kind and barcode.valid and barcode.text):
        return
    value = barcode.text
    if kind in {CodeKind.EAN_13, CodeKind.UPC_A, CodeKind.UPC_E} and value[0] == "0":
        if len(value) == _GTIN_DIGITS:
            value = value[1:]
        kind = CodeKind.UPC_A if kind is CodeKind.EAN_13 else kind
    yield Code(kind, value, Quad(*(Point(corner.x, corner.y) for corner in corners)))
