"""How well bar codes and matrix codes are read: on labels that are drawn, with two codes each.

    python -m benchmarks.codes [--labels N] [--seed N]

Labels have print, shade, noise, blur, the traces of JPEG and a slant; a fifth lies on its side. It
prints how many codes of each kind were read and how many values were read that stand nowhere, and
the median of the milliseconds that a label took. It needs the packages of the category `codes`.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections import Counter
from collections.abc import Sequence
from statistics import median

import cv2
import numpy as np
import zxingcpp
from numpy.typing import NDArray

from ocr_server.document.model import CodeKind
from ocr_server.imaging.canvas import Canvas
from ocr_server.page.codes import read_codes

Pixels = NDArray[np.uint8]

_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
_FORMATS = {
    CodeKind.QR: zxingcpp.BarcodeFormat.QRCode,
    CodeKind.DATA_MATRIX: zxingcpp.BarcodeFormat.DataMatrix,
    CodeKind.AZTEC: zxingcpp.BarcodeFormat.Aztec,
    CodeKind.PDF417: zxingcpp.BarcodeFormat.PDF417,
    CodeKind.CODE_128: zxingcpp.BarcodeFormat.Code128,
    CodeKind.CODE_39: zxingcpp.BarcodeFormat.Code39,
    CodeKind.EAN_13: zxingcpp.BarcodeFormat.EAN13,
    CodeKind.EAN_8: zxingcpp.BarcodeFormat.EAN8,
    CodeKind.UPC_A: zxingcpp.BarcodeFormat.UPCA,
}
_WIDTH_PX, _HEIGHT_PX = 1100, 760


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw, read, and print."""
    parser = argparse.ArgumentParser("benchmarks.codes", description=__doc__.split("\n")[0])
    parser.add_argument("--labels", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args(arguments)
    chance = random.Random(asked.seed)  # noqa: S311  # of a drawing
    drawn: Counter[CodeKind] = Counter()
    good: Counter[CodeKind] = Counter()
    wrong, times_ms = 0, []
    for _ in range(asked.labels):
        picture, truth = draw_label(chance)
        begun_s = time.perf_counter()
        found = read_codes(Canvas(picture))
        times_ms.append(1000 * (time.perf_counter() - begun_s))
        read = {(code.kind, code.value) for code in found}
        drawn.update(kind for kind, _ in truth)
        good.update(kind for kind, value in truth if (kind, value) in read)
        wrong += len(read - set(truth))
    print("| kind | drawn | read |\n|---|---|---|")
    for kind in drawn:
        print(f"| {kind} | {drawn[kind]} | {good[kind]} |")
    share = good.total() / drawn.total()
    print(f"| all | {drawn.total()} | {good.total()} ({share:.1%}) |")
    print(f"\nWrong: {wrong}. Median of a label: {median(times_ms):.0f} ms.")
    return 0


def draw_label(chance: random.Random) -> tuple[Pixels, list[tuple[CodeKind, str]]]:
    """A label in grey, and the kinds and values of its two codes."""
    label = np.full((_HEIGHT_PX, _WIDTH_PX), chance.randint(215, 255), np.uint8)
    truth = []
    for slot, kind in enumerate(chance.sample(list(_FORMATS), 2)):
        value = _value(kind, chance)
        truth.append((kind, value))
        symbol = _symbol(kind, value, chance)
        height_px, width_px = symbol.shape
        top = 60 + 360 * slot + chance.randint(0, max(0, 300 - height_px))
        left = chance.randint(40, max(40, _WIDTH_PX - width_px - 40))
        label[top : top + height_px, left : left + width_px] = np.minimum(
            label[top : top + height_px, left : left + width_px], symbol
        )
    for y in (40, 395, 740):
        text = f"LOT {chance.randint(1000, 9999)}  EXP 2031-{chance.randint(1, 12):02}"
        cv2.putText(
            label, text, (chance.randint(20, 400), y), cv2.FONT_HERSHEY_SIMPLEX, 1, (30,), 2
        )
    return _worn(label, chance), truth


def _value(kind: CodeKind, chance: random.Random) -> str:
    digits = {CodeKind.EAN_13: 12, CodeKind.EAN_8: 7, CodeKind.UPC_A: 11}.get(kind)
    if digits is None:
        return "".join(chance.choices(_LETTERS, k=chance.randint(6, 14)))
    first = "4" if kind is CodeKind.EAN_13 else str(chance.randint(1, 9))
    body = first + "".join(chance.choices("0123456789", k=digits - 1))
    weighted = sum(int(one) * (3, 1)[at % 2] for at, one in enumerate(reversed(body)))
    return f"{body}{-weighted % 10}"


def _symbol(kind: CodeKind, value: str, chance: random.Random) -> Pixels:
    made = zxingcpp.create_barcode(value, _FORMATS[kind])
    is_matrix = kind in {CodeKind.QR, CodeKind.DATA_MATRIX, CodeKind.AZTEC}
    scale = chance.randint(4, 8) if is_matrix else 3  # 0.25 mm at 300 dpi
    return np.array(zxingcpp.write_barcode_to_image(made, scale=scale, add_quiet_zones=True))


def _worn(label: Pixels, chance: random.Random) -> Pixels:
    """The label as a camera shows it."""
    if chance.random() < 0.2:
        label = np.rot90(label, chance.randint(1, 3)).astype(np.uint8)
    height_px, width_px = label.shape
    corners = np.array([(0, 0), (width_px, 0), (width_px, height_px), (0, height_px)], np.float32)
    angle = np.radians(chance.uniform(-12, 12))
    turn = np.array([(np.cos(angle), np.sin(angle)), (-np.sin(angle), np.cos(angle))])
    slanting = (corners - corners.mean(0)) @ turn + corners.mean(0) + 160
    slanting += [[chance.uniform(-30, 30) for _ in "xy"] for _ in corners]
    matrix = cv2.getPerspectiveTransform(corners, slanting.astype(np.float32))
    seen = cv2.warpPerspective(
        label, matrix, (width_px + 320, height_px + 320), borderValue=(140, 140, 140)
    ).astype(np.float32)
    shade = np.linspace(1, chance.uniform(0.55, 1), seen.shape[1], dtype=np.float32)
    noise = np.random.default_rng(chance.randint(0, 2**31)).normal(
        0, chance.uniform(0, 10), seen.shape
    )
    blurred = cv2.GaussianBlur(seen * shade, (0, 0), chance.uniform(0.3, 1.1)) + noise
    bounded = np.clip(blurred, 0, 255).astype(np.uint8)
    quality = [int(cv2.IMWRITE_JPEG_QUALITY), chance.randint(55, 95)]
    stored = cv2.imencode(".jpg", bounded, quality)[1]
    return np.asarray(cv2.imdecode(stored, cv2.IMREAD_GRAYSCALE), np.uint8)


if __name__ == "__main__":
    sys.exit(main())
