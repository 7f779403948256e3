"""Draw forms that are filled in by hand: letters in combs, boxes, lines and ticks, in hand fonts.

The fonts are TrueType files of handwriting, as `scripts/training` unpacks them. Each form is filled
in with one of them and one pen; every letter is turned, sized and placed by lot, and all that is
written is distorted elastically.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

WIDTH_PX, HEIGHT_PX, MARGIN_PX = 1240, 1000, 80
PAPER, PRINT_FONT = 250, "/usr/share/fonts/truetype/dejavu/DejaVuSans.ttf"
SURNAMES = ("MILLER", "GARCIA", "SCHNEIDER", "ROSSI", "LAURENT", "WALKER", "JENSEN", "NOVAK")
NAMES = ("ANNA", "PETER", "LOUISE", "MARTIN", "EMMA", "HUGO", "CLARA", "OSCAR")
TOWNS = ("Bristol", "Hannover", "Lyon", "Torino", "Leeds", "Bergen", "Toledo", "Dover")
HANDS = (
    "architects-daughter", "annie-use-your-telescope", "caveat", "covered-by-your-grace",
    "delicious-handrawn", "gaegu", "gloria-hallelujah", "gochi-hand", "handlee", "homemade-apple",
    "indie-flower", "kalam", "nanum-pen-script", "neucha", "patrick-hand", "poor-story",
    "reenie-beanie", "schoolbell", "shadows-into-light", "short-stack", "sue-ellen-francisco",
    "swanky-and-moo-moo", "the-girl-next-door",
)  # fmt: skip
STATUS = ("single", "married", "divorced", "widowed")


@dataclass
class Sheet:
    """The print of a form and what is written on it, apart, as only the second is distorted."""

    lot: random.Random
    hand: str
    ink: int
    strokes_px: int
    printed: Image.Image = field(default_factory=lambda: Image.new("L", (WIDTH_PX, HEIGHT_PX), 255))
    written: Image.Image = field(default_factory=lambda: Image.new("L", (WIDTH_PX, HEIGHT_PX), 255))

    def label(self, x: float, y: float, text: str, size_px: int = 22) -> float:
        """Print a label, its left end and middle at a point; its right end."""
        font = ImageFont.truetype(PRINT_FONT, size_px)
        ImageDraw.Draw(self.printed).text((x, y), text, fill=30, font=font, anchor="lm")
        return x + font.getlength(text)

    def box(self, left: float, top: float, width: float, height: float) -> None:
        """Print a box."""
        corners = (left, top, left + width, top + height)
        ImageDraw.Draw(self.printed).rectangle(corners, outline=self.ink, width=2)

    def comb(self, left: float, top: float, cells: int, text: str) -> None:
        """Print boxes in a row, and write a letter into each."""
        wide, high = 44, 54
        for number in range(cells):
            self.box(left + number * wide, top, wide, high)
        for number, letter in enumerate(text):
            middle = (left + (number + 0.5) * wide, top + high / 2)
            self._letter(letter, middle, high_px=self.lot.uniform(30, 38))

    def line(self, left: float, bottom: float, width: float, text: str, *, boxed: bool) -> None:
        """Print a line, or a box, and write on it."""
        if boxed:
            self.box(left, bottom - 54, width, 60)
        else:
            ImageDraw.Draw(self.printed).line((left, bottom, left + width, bottom), self.ink, 2)
        x, bottom = left + self.lot.uniform(8, 30), bottom - self.lot.uniform(3, 12)
        font = self._font(text, self.lot.uniform(32, 40))
        room = (left + width - 10 - x) / max(1.0, font.getlength(text))
        font = font.font_variant(size=font.size * min(1.0, room))
        draw = ImageDraw.Draw(self.written)
        draw.text((x, bottom), text, fill=self._pen(), font=font, anchor="ls")

    def tick(self, left: float, middle: float, text: str, *, ticked: bool) -> float:
        """Print a box to tick and its label, and tick it; the right end of the label."""
        side = 26
        top = middle - side / 2
        self.box(left, top, side, side)
        if ticked:
            self._mark(left, top, side)
        return self.label(left + side + 12, middle, text)

    def picture(self) -> Image.Image:
        """The form as it was filled in."""
        written = _distorted(
            np.asarray(self.written), np.random.default_rng(self.lot.randrange(2**32))
        )
        both = np.minimum(np.asarray(self.printed), written)
        return Image.fromarray(np.minimum(both, PAPER))

    def _mark(self, left: float, top: float, side: float) -> None:
        """A cross, or a tick that sticks out at the top."""
        cross, tick = (((0, 0), (1, 1)), ((1, 0), (0, 1))), (((0, 0.5), (0.4, 0.9), (1.2, -0.2)),)
        for stroke in self.lot.choice((cross, tick)):
            points = [
                (
                    left + side * (x + self.lot.gauss(0, 0.1)),
                    top + side * (y + self.lot.gauss(0, 0.1)),
                )
                for x, y in stroke
            ]
            ImageDraw.Draw(self.written).line(points, self._pen(), self.strokes_px, "curve")

    def _letter(self, letter: str, middle: tuple[float, float], *, high_px: float) -> None:
        font = self._font(letter, high_px)
        tile = Image.new("L", (90, 90), 255)
        ImageDraw.Draw(tile).text((45, 45), letter, fill=self._pen(), font=font, anchor="mm")
        turned = tile.rotate(self.lot.gauss(0, 4), Image.Resampling.BICUBIC, fillcolor=255)
        ink = np.argwhere(np.asarray(turned) < 200)
        (y0, x0), (y1, x1) = ink.min(axis=0), ink.max(axis=0) + 1
        x = round(middle[0] - (x0 + x1) / 2 + self.lot.gauss(0, 2.5))
        y = round(middle[1] - (y0 + y1) / 2 + self.lot.gauss(0, 2.5))
        part = self.written.crop((x, y, x + 90, y + 90))
        self.written.paste(
            Image.fromarray(np.minimum(np.asarray(part), np.asarray(turned))), (x, y)
        )

    def _font(self, text: str, high_px: float) -> ImageFont.FreeTypeFont:
        """The hand at the size at which the text is so high."""
        probe = ImageFont.truetype(self.hand, 100)
        _, top, _, bottom = probe.getbbox(text if len(text) == 1 else "Ad")
        return ImageFont.truetype(self.hand, max(8, min(90, round(100 * high_px / (bottom - top)))))

    def _pen(self) -> int:
        return self.lot.randint(20, 90)


def draw_form(lot: random.Random, fonts: Path) -> tuple[Image.Image, Mapping[str, str]]:
    """A form in one of two layouts, and what its fields are; one in ten boxes stays empty.

    `fonts` is a folder with `NAME.ttf` of each of `HANDS`.
    """
    hand = str(fonts / f"{lot.choice(HANDS)}.ttf")
    sheet = Sheet(lot, hand, ink=lot.randint(60, 150), strokes_px=lot.randint(2, 5))
    sheet.label(MARGIN_PX, 60, "Application for membership", 34)
    number = _with_luhn("".join(str(lot.randrange(10)) for _ in range(9)))
    days = f"{lot.randint(1, 28):02}", f"{lot.randint(1, 12):02}", str(lot.randint(1940, 2008))
    sign = f"{lot.randint(1, 28):02}", f"{lot.randint(1, 12):02}", str(lot.randint(2024, 2026))
    fields = {
        "surname": lot.choice(SURNAMES), "first_name": lot.choice(NAMES),
        "birth_date": "".join(days), "number": number,
        "postcode": f"{lot.randrange(100_000):05}", "town": lot.choice(TOWNS),
        "phone": f"0{lot.randint(20, 99)} {lot.randint(100_000, 9_999_999)}",
        "date": lot.choice("./").join(sign), "status": lot.choice(STATUS),
    }  # fmt: skip
    if lot.random() < 0.1:
        fields[lot.choice(("first_name", "phone", "town"))] = ""
    combs = (
        ("surname", "Surname", 14), ("first_name", "First name", 14), ("number", "Member no.", 10),
        ("birth_date", "Date of birth", 8), ("postcode", "Postcode", 5),
    )  # fmt: skip
    above, y = lot.random() < 0.5, 130.0
    for name, label, cells in combs:
        if above:
            sheet.label(MARGIN_PX, y, label)
            sheet.comb(MARGIN_PX, y + 20, cells, fields[name])
        else:
            sheet.label(MARGIN_PX, y + 40, label)
            sheet.comb(MARGIN_PX + 220, y + 13, cells, fields[name])
        y += 106
    boxed, x = lot.random() < 0.5, float(MARGIN_PX)
    for name, label in (("town", "Town"), ("phone", "Phone"), ("date", "Date")):
        start = sheet.label(x, y + 34, label) + 14
        sheet.line(start, y + 48, 340 + x - start, fields[name], boxed=boxed)
        x += 365
    x, y = sheet.label(MARGIN_PX, y + 130, "Marital status:") + 30, y + 130
    for choice in STATUS:
        x = sheet.tick(x, y, choice, ticked=choice == fields["status"]) + 40
    agrees = lot.random() < 0.5
    fields["consent"] = "I agree to the rules" if agrees else ""
    sheet.tick(MARGIN_PX, y + 60, "I agree to the rules", ticked=agrees)
    return sheet.picture(), fields


def _with_luhn(digits: str) -> str:
    """The number with its Luhn check digit (ISO/IEC 7812-1)."""
    doubled = [
        2 * int(one) if place % 2 == 0 else int(one) for place, one in enumerate(digits[::-1])
    ]
    total = sum(one - 9 * (one > 9) for one in doubled)
    return f"{digits}{-total % 10}"


def _distorted(grey: np.ndarray, noise: np.random.Generator) -> np.ndarray:
    """What was written, with its points moved by a few pixels, their neighbours alike."""
    height, width = grey.shape
    grid = height // 40, width // 40
    across, down = (
        cv2.resize(
            noise.normal(0, 1.8, grid).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        for _ in range(2)
    )
    xs, ys = np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32))
    moved: np.ndarray = cv2.remap(grey, xs + across, ys + down, cv2.INTER_LINEAR, borderValue=255)
    return moved
