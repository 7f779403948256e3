"""Pictures of known text, drawn for a test, and the same as files."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO

import numpy as np
from PIL import Image, ImageDraw, ImageFont

SENTENCE = "The quick brown fox jumps over the lazy dog"
PROSE = (
    "It was a cold morning and the people",
    "of the town were waiting for the train",
    "that would bring them the news from",
    "the capital before the winter began.",
    "Nobody knew what the letter said, but",
    "everyone had an opinion about its author.",
)
MARGIN_PX = 40
PAPER, INK = 255, 0


def draw_lines(
    *lines: str, size_px: int = 32, mode: str = "L", width_px: int | None = None
) -> Image.Image:
    """Black lines of text on white, from the top left corner inside a margin.

    Without `width_px` the picture is as wide as its longest line.
    """
    font = ImageFont.load_default(size_px)
    pitch_px = round(size_px * 1.6)
    longest = max((font.getlength(line) for line in lines), default=0)
    size = (
        width_px or round(longest) + 2 * MARGIN_PX,
        pitch_px * max(len(lines), 1) + 2 * MARGIN_PX,
    )
    picture = Image.new("L", size, PAPER)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(lines):
        draw.text((MARGIN_PX, MARGIN_PX + number * pitch_px), line, fill=INK, font=font)
    return picture.convert(mode)


def place_of(line: str, *, number: int = 0, size_px: int = 32) -> tuple[float, float, float, float]:
    """Where `draw_lines` put the ink of a line: left, top, right, bottom in pixels."""
    font = ImageFont.load_default(size_px)
    left, top, right, bottom = font.getbbox(line)
    down = MARGIN_PX + number * round(size_px * 1.6)
    return (MARGIN_PX + left, down + top, MARGIN_PX + right, down + bottom)


def turn(picture: Image.Image, angle_deg: float) -> Image.Image:
    """Turned clockwise about the middle; the picture grows, its new corners are paper."""
    return picture.rotate(
        -angle_deg, resample=Image.Resampling.BICUBIC, expand=True, fillcolor="white"
    )


def add_noise(picture: Image.Image, spread: float, *, seed: int = 1) -> Image.Image:
    """Grey levels moved at random, `spread` being their standard deviation."""
    levels = np.asarray(picture.convert("L"), dtype=np.float64)
    noise = np.random.default_rng(seed).normal(0, spread, levels.shape)
    return Image.fromarray(np.clip(levels + noise, 0, 255).astype(np.uint8))


def as_file(picture: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    """The picture as the bytes of a file, in a format of Pillow's."""
    file = BytesIO()
    picture.save(file, kind, **options)
    return file.getvalue()


def as_pages(pictures: Sequence[Image.Image], kind: str = "TIFF", **options: object) -> bytes:
    """Several pictures as one TIFF or PDF."""
    first, *more = pictures
    return as_file(first, kind, save_all=True, append_images=more, **options)
