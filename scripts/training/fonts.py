"""Lines written with fonts: handwriting and print of `@fontsource`, texts of Debian's fortunes."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from fontTools.ttLib import TTFont
from PIL import Image, ImageDraw, ImageFont

from scripts.training.letters import fold

HEIGHT_PX = 64
FONT_PX = 60
MOST_LETTERS = 60
FIGURES = (
    "%d", "%d.%02d", "%d,%02d", "%02d/%02d/%d", "%02d.%02d.%d", "%d-%02d-%02d", "%d:%02d",
    "€ %d,%02d", "$%d.%02d", "%d %%", "No. %d", "Nr. %d", "%d kg", "+%d %d %d", "(%d)", "%d x %d",
)  # fmt: skip
LANGUAGES = {"en": 3, "de": 3, "es": 1, "it": 1}  # French is what the written lines are in
RANGES = ((0, 31), (1, 99), (100, 9999), (1900, 2030))


@dataclass(frozen=True)
class Font:
    """A font file and the code points that it has."""

    path: Path
    known: frozenset[int]


def load_fonts(packages: Path, unpacked: Path, names: Sequence[str]) -> list[Font]:
    """The fonts of `names` under `packages`; woff is unpacked once, as FreeType may lack it."""
    unpacked.mkdir(parents=True, exist_ok=True)
    fonts = []
    for name in names:
        target = unpacked / f"{name}.ttf"
        if not target.exists():
            font = TTFont(packages / name / "files" / f"{name}-latin-400-normal.woff")
            font.flavor = None
            font.save(target)
        fonts.append(Font(target, frozenset(TTFont(target).getBestCmap())))
    return fonts


def load_texts(folder: Path) -> list[list[str]]:
    """The texts of each language, unpacked Debian packages; one named twice is drawn twice."""
    root, found = folder / "usr/share/games/fortunes", dict[str, list[str]]()
    for path in sorted(one for one in root.rglob("*") if one.is_file()):
        parts = path.relative_to(root).parts
        if path.suffix in (".dat", ".u8") or "off" in parts:
            continue
        try:
            texts = map(fold, path.read_text(encoding="utf8").split("\n%\n"))
        except UnicodeDecodeError:
            continue
        language = parts[0] if len(parts) > 1 else "en"
        found.setdefault(language, []).extend(one for one in texts if len(one) > 20)
    return [found[language] for language, share in LANGUAGES.items() for _ in range(share)]


class Writer:
    """Draws lines: words on a wavering baseline, thick or thin, on plain, ruled or squared paper.

    Args:
        languages: Lists of texts, each list drawn as often as the others.
    """

    def __init__(self, languages: Sequence[Sequence[str]], draw: random.Random) -> None:
        self.languages = languages
        self.draw = draw
        self.sized: dict[Path, ImageFont.FreeTypeFont] = {}

    def text(self) -> str:
        """A few words of a text, or a number, a date or a price after some of them."""
        draw = self.draw
        words = draw.choice(draw.choice(self.languages)).split()
        if draw.random() < 0.12:
            pattern = draw.choice(FIGURES)
            places = pattern.replace("%%", "").count("%")
            values = tuple(draw.randint(*draw.choice(RANGES)) for _ in range(places))
            text = " ".join([*words[: draw.randint(0, 3)], pattern % values])
        else:
            count = draw.randint(2, 9)
            start = draw.randint(0, max(0, len(words) - count))
            text = " ".join(words[start : start + count])
            text = text.upper() if draw.random() < 0.04 else text
        return text[:MOST_LETTERS].rstrip()

    def line(self, fonts: Sequence[Font], *, by_hand: bool) -> tuple[np.ndarray, str] | None:
        """A picture 64 px high (grey) and its text, or None where nothing came of it."""
        for _ in range(20):
            font, text = self.draw.choice(fonts), self.text()
            if all(ord(letter) in font.known for letter in text):
                break
        else:
            return None
        ink = self._ink(font, text, by_hand=by_hand)
        if ink is None:
            return None
        grey = self._on_paper(self._wave(ink) if by_hand else ink)
        width = max(8, round(grey.shape[1] * HEIGHT_PX / grey.shape[0]))
        return cv2.resize(grey, (width, HEIGHT_PX), interpolation=cv2.INTER_AREA), text

    def _ink(self, font: Font, text: str, *, by_hand: bool) -> np.ndarray | None:
        draw = self.draw
        if font.path not in self.sized:
            self.sized[font.path] = ImageFont.truetype(str(font.path), FONT_PX)
        face = self.sized[font.path]
        unrest = 1.0 if by_hand else 0.0
        gap = face.getlength(" ") * (draw.uniform(0.8, 1.9) if by_hand else draw.uniform(0.8, 1.2))
        placed, x = [], 12.0
        for word in text.split(" "):
            placed.append((x, draw.gauss(0, 1.2) * unrest, word))
            x += face.getlength(word) + gap + draw.gauss(0, 2) * unrest
        sheet = Image.new("L", (int(x) + 20, 170), 0)
        pen, slope = ImageDraw.Draw(sheet), draw.gauss(0, 0.008) * unrest
        for x, y, word in placed:
            pen.text((x, 40 + y + slope * x), word, font=face, fill=255)
        ink = np.asarray(sheet)
        rows, columns = (np.flatnonzero(ink.max(axis) > 60) for axis in (1, 0))
        if len(rows) < 8 or len(columns) < 8:
            return None
        thicker = draw.choice((0, 0, 1, 1, 2)) if by_hand else draw.choice((0, 0, 0, 1))
        if thicker:
            ink = cv2.dilate(ink, np.ones((thicker + 1, thicker + 1), np.uint8))
        top, left = max(0, rows[0] - draw.randint(2, 14)), max(0, columns[0] - draw.randint(2, 14))
        return ink[top : rows[-1] + draw.randint(3, 14), left : columns[-1] + draw.randint(3, 14)]

    def _wave(self, ink: np.ndarray) -> np.ndarray:
        draw = self.draw
        if draw.random() >= 0.6:
            return ink
        phase, height = draw.uniform(0, 6.3), draw.uniform(0.5, 3.0)
        length = draw.uniform(150, 700)
        xs, ys = (one.astype(np.float32) for one in np.meshgrid(*map(np.arange, ink.shape[::-1])))
        wave = height * np.sin(xs / length * 6.283 + phase)
        sway = 2 * np.sin(ys / 37 + xs / 90 + phase)
        return cv2.remap(ink, xs + sway, ys + wave, cv2.INTER_LINEAR)

    def _on_paper(self, ink: np.ndarray) -> np.ndarray:
        draw = self.draw
        paper, black = draw.randint(150, 255), draw.randint(0, 110)
        grey = paper + (black - paper) * (ink.astype(np.float32) / 255) * draw.uniform(0.75, 1.0)
        if draw.random() < 0.3:
            y = draw.randint(0, grey.shape[0] - 1)
            grey[y : y + draw.choice((1, 2, 3))] *= draw.uniform(0.6, 0.9)
        if draw.random() < 0.15:
            step = draw.randint(25, 60)
            grey[:, draw.randint(0, step) :: step] *= 0.8
            grey[draw.randint(0, step) :: step] *= 0.8
        return np.clip(grey, 0, 255).astype(np.uint8)
