"""An open book as a camera sees it: two curled pages, seen aslant, on a desk."""

from __future__ import annotations

import random

import cv2
import numpy as np
from PIL import Image

DESK_PX, MOST_RISE_PX, MOST_ASLANT = 140, 45, 0.06


def photograph_open(left: Image.Image, right: Image.Image, lot: random.Random) -> Image.Image:
    """The two pages of equal size side by side, in grey."""
    pages = np.hstack([np.asarray(left.convert("L")), np.asarray(right.convert("L"))])
    curled = _curled(pages, lot.uniform(0.2, 1.0) * MOST_RISE_PX)
    desk = lot.randint(50, 110)
    scene = cv2.copyMakeBorder(curled, *(DESK_PX,) * 4, cv2.BORDER_CONSTANT, value=desk)
    return seen_aslant(scene, lot, desk)


def seen_aslant(scene: np.ndarray, lot: random.Random, desk: int) -> Image.Image:
    """A picture in grey, seen from somewhere else than from straight above it."""
    height, width = scene.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float32)
    moved = corners + [
        (
            lot.uniform(-MOST_ASLANT, MOST_ASLANT) * width,
            lot.uniform(-MOST_ASLANT, MOST_ASLANT) * height,
        )
        for _ in corners
    ]
    way = cv2.getPerspectiveTransform(corners, moved.astype(np.float32))
    seen = cv2.warpPerspective(scene, way, (width, height), borderValue=desk)
    return Image.fromarray(seen)


def _curled(pages: np.ndarray, rise_px: float) -> np.ndarray:
    """The pages with lines that rise towards the gutter, where they are darker and narrower."""
    height, width = pages.shape
    from_gutter = np.abs(np.arange(width, dtype=np.float32) - width / 2) / (width / 2)
    bend = np.exp(-from_gutter / 0.18)
    ys = np.arange(height, dtype=np.float32)[:, None] + rise_px * bend[None] - rise_px / 2
    side = np.sign(np.arange(width) - width / 2)
    xs = np.arange(width, dtype=np.float32) + side * bend * 0.25 * rise_px
    columns = np.broadcast_to(xs.astype(np.float32), ys.shape)
    curled = cv2.remap(
        pages, np.ascontiguousarray(columns), ys.astype(np.float32), cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )  # fmt: skip
    shaded: np.ndarray = (curled * (1 - 0.35 * bend)[None]).astype(np.uint8)
    return shaded
