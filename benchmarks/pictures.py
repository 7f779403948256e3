"""Pictures to measure with: drawn anew in every run, alike in every run."""

from __future__ import annotations

import random
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

WORDS = (
    "the of and to in is that for it as was with be by on not he this are or his from at which "
    "but have an had they you were there one all we can her has been if more when will would who "
    "so no out up into than them some could time these two may then do first any my now such like "
    "our over man me even most made after also did many before must through years where much your "
    "way well down should because each just those people how too little state good very make world "
    "still own see men work long get here between both life being under never day same another "
    "know while last might us great old year off come since against go came right used take three "
    "house harbour invoice quarter letter station window morning machine paper number evening"
)
SUFFIXES = {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".pnm", ".pgm"}
JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True)
class Picture:
    """A file to be read; `truth` is what stands on it, where that is known."""

    kind: str
    name: str
    data: bytes
    truth: str | None = None


@dataclass(frozen=True, slots=True)
class Shape:
    """How a kind of picture looks: its size, its letters, and how many are drawn."""

    width_px: int
    height_px: int
    letters_px: int
    margin_px: int
    count: int
    coding: str = "PNG"


SHAPES = {
    "crop": Shape(400, 100, 34, 14, 8),
    "receipt": Shape(780, 1560, 30, 50, 6, "JPEG"),
    "page": Shape(2480, 3508, 44, 230, 4, "JPEG"),  # A4 at 300 dpi, 10.5 points
    "large print": Shape(2480, 3508, 75, 230, 3, "JPEG"),  # A4 at 300 dpi, 18 points
    "fine scan": Shape(4960, 7016, 88, 460, 2, "JPEG"),  # A4 at 600 dpi, 10.5 points
    "frame": Shape(1280, 720, 36, 120, 4, "JPEG"),
}
FRAME_LINES = 6  # a paragraph in the middle of a camera's frame


def draw(kind: str, *, seed: int = 1) -> Picture:
    """A picture of that kind with words at random; the same seed gives the same bytes."""
    shape, chance = SHAPES[kind], random.Random(f"{kind} {seed}")  # noqa: S311  # no secret
    font = ImageFont.load_default(shape.letters_px)
    picture = Image.new("L", (shape.width_px, shape.height_px), 252)
    draw = ImageDraw.Draw(picture)
    pitch_px = round(shape.letters_px * 1.5)
    room_px = shape.width_px - 2 * shape.margin_px
    last_px = shape.height_px - shape.margin_px - shape.letters_px
    tops = list(range(shape.margin_px, last_px + 1, pitch_px))
    if kind == "frame":
        tops = tops[:FRAME_LINES]
    lines = []
    for number, top_px in enumerate(tops):
        if number and number % 12 == 11 and kind != "receipt":
            continue  # white between paragraphs
        line = _line(font, room_px, chance)
        draw.text((shape.margin_px, top_px), line, fill=24, font=font)
        lines.append(line)
    data = BytesIO()
    picture.save(data, shape.coding, quality=JPEG_QUALITY, dpi=(300, 300))
    return Picture(kind, f"{kind} {seed}", data.getvalue(), "\n".join(lines))


def draw_all(kind: str) -> list[Picture]:
    """All pictures of a kind."""
    return [draw(kind, seed=seed) for seed in range(1, SHAPES[kind].count + 1)]


def pictures_in(folder: Path) -> list[Picture]:
    """The pictures of a folder; beside `name.png`, `name.gt.txt` may hold what stands on it."""
    found = []
    for path in sorted(folder.iterdir()):
        if path.suffix.lower() in SUFFIXES:
            truth = path.with_name(f"{path.stem}.gt.txt")
            text = truth.read_text(encoding="utf-8") if truth.exists() else None
            found.append(Picture(folder.name, path.name, path.read_bytes(), text))
    return found


def _line(
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont, room_px: int, chance: random.Random
) -> str:
    words: list[str] = []
    vocabulary = WORDS.split()
    while True:
        word = chance.choice(vocabulary)
        if words and font.getlength(" ".join([*words, word])) > room_px:
            return " ".join(words)
        words.append(word)
