"""A drawn report whose paragraphs are known: hyphens, page ends, a running head, page numbers."""

from __future__ import annotations

import random

from PIL import Image, ImageDraw, ImageFont

PROSE = (
    "the committee met again in spring and agreed that every office keeps its own list of stock "
    "until a common one has been tried for at least half a year while costs are shared between "
    "north and south as before because nobody could say how much of the old paper would still "
    "be needed after the move and whether the rooms near the river remain dry in winter"
)
WORDS = PROSE.split()
WIDTH_PX, HEIGHT_PX, MARGIN_PX, PITCH_PX, SIZE_PX = 1240, 1754, 150, 36, 24
HEAD = "Annual report of the river board"


def draw_report(pages: int, *, seed: int = 1) -> tuple[list[Image.Image], list[str]]:
    """The pages, and the paragraphs of their text from top to bottom."""
    lot = random.Random(seed)  # noqa: S311  # a drawing
    font = ImageFont.load_default(SIZE_PX)
    pictures: list[Image.Image] = []
    paragraphs: list[str] = []
    bottom = HEIGHT_PX - 2 * MARGIN_PX
    y = bottom
    draw: ImageDraw.ImageDraw | None = None

    def write(text: str) -> None:
        nonlocal y, draw
        if y + PITCH_PX > bottom or draw is None:
            picture = Image.new("L", (WIDTH_PX, HEIGHT_PX), 255)
            draw = ImageDraw.Draw(picture)
            pictures.append(picture)
            draw.text((MARGIN_PX, 60), HEAD, font=font, fill=20)
            draw.text((WIDTH_PX / 2, HEIGHT_PX - 90), str(len(pictures)), font=font, fill=20)
            y = MARGIN_PX
        draw.text((MARGIN_PX, y), text, font=font, fill=20)
        y += PITCH_PX

    while len(pictures) < pages or y < bottom - 4 * PITCH_PX:
        if len(pictures) == pages and y > bottom - 8 * PITCH_PX:
            break
        text = " ".join(_sentence(lot) for _ in range(lot.randint(2, 6)))
        paragraphs.append(text)
        for line in _broken(text, font, lot):
            write(line)
        y += PITCH_PX // 2
    return pictures[:pages], paragraphs


def _sentence(lot: random.Random) -> str:
    start = lot.randrange(len(WORDS))
    words = [WORDS[(start + i) % len(WORDS)] for i in range(lot.randint(9, 22))]
    return f"{' '.join(words).capitalize()}."


def _broken(
    text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, lot: random.Random
) -> list[str]:
    """Lines of the text; some long words are parted at their ends."""
    lines, line = [], ""
    for word in text.split():
        longer = f"{line} {word}".strip()
        if font.getlength(longer) <= WIDTH_PX - 2 * MARGIN_PX:
            line = longer
            continue
        part = f"{line} {word[:4]}-"
        fits = font.getlength(part) <= WIDTH_PX - 2 * MARGIN_PX
        if len(word) >= 8 and word.isalpha() and fits and lot.random() < 0.7:
            lines.append(part)
            line = word[4:]
        else:
            lines.append(line)
            line = word
    return [*lines, line]
