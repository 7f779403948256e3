"""Bar codes and matrix codes of a page, read by zxing-cpp.

The package is of a category of its own, and imported when the first code is asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

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
# Kinds with error correction that lets next to nothing wrong through.
_STRONG = {CodeKind.QR, CodeKind.DATA_MATRIX, CodeKind.AZTEC}
_AGREEING = 2  # readings
_GREY = 128  # beyond the corners: neither ink nor paper
_ENLARGED = 1.5  # times
_MOST_ENLARGED_PIXELS = 20_000_000  # twice a page at 300 dpi: modules of larger ones are wide
_SMOOTHED_PX = (1, 9)  # along upright bars, less than a row of PDF417 is high
_EDGES_SEEN_PX = 1500  # of the longer side; more would take memory and tell no more
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


def read_codes(canvas: Canvas) -> tuple[Code, ...]:
    """The codes of a picture from top to bottom, in page pixels.

    It is read as it is, and straight by the angle of its edges: zxing-cpp tells linear codes as
    level. Unless they are large both are read enlarged too, and the straight one smoothed along
    its bars. Of kinds whose check is weak, two readings must agree, and more than on another
    value in that place.
    """
    canvas = canvas.grey()
    straight = canvas.rotated(-_slant_deg(canvas.pixels), fill=_GREY)
    pictures = [canvas, straight]
    if straight.pixels.size <= _MOST_ENLARGED_PIXELS:
        pictures += [one.scaled(_ENLARGED) for one in pictures]
    smooth = cv2.blur(pictures[-1].pixels, _SMOOTHED_PX).astype(np.uint8, copy=False)
    pictures.append(pictures[-1].with_pixels(smooth))
    spots: list[dict[int, Code]] = []  # readings by picture; a code that stands there twice has two
    for number, picture in enumerate(pictures):
        for code in _read(picture):
            same = (spot for spot in spots if any(_is_same(code, one) for one in spot.values()))
            if (spot := next(same, None)) is None:
                spots.append(spot := {})
            spot.setdefault(number, code)
    votes = [(next(iter(spot.values())), len(spot)) for spot in spots]

    def is_agreed(code: Code, count: int) -> bool:
        rivals = (
            others
            for other, others in votes
            if other is not code and other.quad.box.contains(code.quad.box.middle)
        )
        return count >= max(_AGREEING, 1 + max(rivals, default=0))

    codes = [code for code, count in votes if code.kind in _STRONG or is_agreed(code, count)]
    return tuple(sorted(codes, key=lambda code: (code.quad.box.top, code.quad.box.left)))


def _is_same(code: Code, other: Code) -> bool:
    """Whether two readings are of one code: they agree, and on its place."""
    box, other_box = code.quad.box, other.quad.box
    return (code.kind, code.value) == (other.kind, other.value) and (
        box.contains(other_box.middle) or other_box.contains(box.middle)
    )


def _slant_deg(pixels: NDArray[np.uint8]) -> float:
    """How far the edges of a picture are turned, clockwise, from the nearest quarter of a circle.

    Source: J. Bigün, G. H. Granlund, Optimal orientation detection of linear symmetry, 1987; with
    four times the angle, as the sides of modules stand at right angles.
    """
    scale = min(1.0, _EDGES_SEEN_PX / max(pixels.shape))
    size = tuple(max(1, round(scale * side)) for side in reversed(pixels.shape))
    pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    across, down = (
        cv2.Sobel(pixels, cv2.CV_32F, *order).astype(np.float32, copy=False)
        for order in ((1, 0), (0, 1))
    )
    fourfold = (across + 1j * down) ** 4
    weights = np.abs(fourfold) ** 0.5  # the square of the steepness
    total = (fourfold / np.maximum(weights, 1)).sum()
    return math.degrees(math.atan2(total.imag, total.real)) / 4


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
