"""Pages drawn with known words in known places, and an engine that sees but cannot read."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import EngineInfo, Line, Word, Zone, ZoneKind
from ocr_server.engines.engine import Engine
from ocr_server.engines.tesseract_cli import CALIBRATION
from ocr_server.geometry import Box, Point
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import ReadOptions

# Each looks the same upside down, so that the middle of its ink stays its middle at any angle.
WORDS = ("pod", "suns", "dollop", "NOON", "solos", "oxo", "SWIMS", "xoxox", "sooos", "HOH", "pood")


@dataclass(frozen=True)
class DrawnPage:
    """Grey pixels, and the middle of each word, in pixels."""

    pixels: Pixels
    middles: tuple[Point, ...]

    @property
    def canvas(self) -> Canvas:
        return Canvas(self.pixels)


def draw_page(
    width_px: int = 1200,
    height_px: int = 1500,
    *,
    size_px: int = 34,
    margin_px: int = 120,
    bottom_px: int | None = None,
    paper: int = 255,
    ink: int = 0,
) -> DrawnPage:
    """Lines of words; letters of `size_px` have an x-height of about half of that."""
    picture = Image.new("L", (width_px, height_px), paper)
    draw = ImageDraw.Draw(picture)
    font = ImageFont.load_default(size_px)
    middles = []
    x, y, index = float(margin_px), margin_px, 0
    while y < (bottom_px or height_px - margin_px) - 2 * size_px:
        word = WORDS[index % len(WORDS)]
        index += 1
        left, top, right, bottom = draw.textbbox((x, y), word, font=font)
        if right > width_px - margin_px:
            x, y = float(margin_px), int(y + 1.7 * size_px)
            continue
        draw.text((x, y), word, fill=ink, font=font)
        drawn = np.asarray(
            picture.crop((int(left) - 2, int(top) - 2, int(right) + 3, int(bottom) + 3))
        )
        rows, columns = np.nonzero(np.abs(drawn.astype(int) - paper) > abs(paper - ink) // 2)
        middles.append(
            Point(
                int(left) - 2 + (columns.min() + columns.max() + 1) / 2,
                int(top) - 2 + (rows.min() + rows.max() + 1) / 2,
            )
        )
        x = right + size_px * 0.8
    return DrawnPage(np.asarray(picture), tuple(middles))


def draw_two_parts() -> Pixels:
    """A page with a band of white through its middle, where it is cut into two parts."""
    pixels = draw_page(1200, 2200).pixels.copy()
    pixels[1060:1140] = 255
    return pixels


class SeeingEngine(Engine):
    """Finds every word of a canvas as a blot of ink, and reads it as `word`."""

    name = "seeing"
    calibration = replace(CALIBRATION, shares_right=())  # says what it is given

    def __init__(self, confidence: float = 0.95) -> None:
        self.confidence = confidence
        self.canvases: list[Canvas] = []
        self.readings: list[ReadOptions] = []

    def describe(self) -> EngineInfo:
        return EngineInfo("seeing", "1", ("eng",))

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        deadline.check()
        self.canvases.append(canvas)
        self.readings.append(options)
        words = tuple(
            Word("word", box.quad(), self.confidence) for box in find_blots(canvas.grey().pixels)
        )
        if not words:
            return ()
        quad = canvas.box.quad()
        line = Line(words, quad, (quad.bottom_left, quad.bottom_right), x_height_px=17)
        return (Zone(ZoneKind.TEXT, quad, (line,)),)


def find_blots(grey: Pixels) -> list[Box]:
    """The boxes of words: ink whose gaps are narrower than a third of its height."""
    low, high = float(grey.min()), float(grey.max())
    if high - low < 50:
        return []
    ink = (grey < (low + high) / 2).astype(np.uint8)
    _, _, letters, _ = cv2.connectedComponentsWithStats(ink)
    height = float(np.median(letters[1:, 3]))
    gap = max(3, int(0.6 * height)) | 1  # an even brush would move what it closes
    joined = cv2.morphologyEx(ink, cv2.MORPH_CLOSE, np.ones((gap, gap), np.uint8))
    _, _, stats, _ = cv2.connectedComponentsWithStats(joined)
    return [
        Box(float(x), float(y), float(x + w), float(y + h))
        for x, y, w, h, _ in stats[1:]
        if h > 0.4 * height
    ]


def distances_home(middles: tuple[Point, ...], words: tuple[Word, ...]) -> np.ndarray:
    """For each drawn word, how far the nearest found one is from it, in pixels."""
    found = np.array([[sum(p.x for p in w.quad) / 4, sum(p.y for p in w.quad) / 4] for w in words])
    drawn = np.array(middles)
    apart = np.linalg.norm(drawn[:, None] - found[None], axis=2)
    return np.asarray(apart.min(axis=1))
