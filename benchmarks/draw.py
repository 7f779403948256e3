"""Draw sets of pictures for the built-in profiles, with known fields.

    python -m benchmarks.draw OUT [--count 100] [--seed 1] [--only NAME] [--hands FOLDER]

Each set is a dataset of a corpus as `benchmarks.accuracy` tells of it, with the true `fields` in
`NAME.gt.json` and the profile in `meta.json`; `benchmarks.profiles` measures it. Fonts, sizes,
tilt, blur, light and noise are drawn by lot, the same for the same seed.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.books import photograph_open
from benchmarks.forms import draw_form
from ocr_server.extraction.check_digits import icao_9303_digit

FONTS = "/usr/share/fonts/truetype/dejavu/DejaVu{}.ttf"
MONO = ("SansMono", "SansMono-Bold")
PRINT = ("Sans", "Sans-Bold", "Serif", "Serif-Bold")
MOST_TILT_DEG, MOST_BLUR_PX, MOST_SHADE, MOST_NOISE = 3.0, 1.0, 0.45, 9.0


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture and what its fields are."""

    picture: Image.Image
    fields: Mapping[str, str]


def draw_mrz(lot: random.Random) -> Drawn:
    """A passport's zone below some print."""
    surname, given = _letters(lot, 4, 9), [_letters(lot, 3, 7) for _ in range(lot.randint(1, 2))]
    country, number = _letters(lot, 3, 3), _mixed(lot, 9)
    birth, expiry = _date(lot, 50, 99), _date(lot, 25, 35)
    sex = lot.choice("MF<")
    optional = _mixed(lot, lot.choice((0, 9))).ljust(14, "<")
    first = f"P<{country}{surname}<<{'<'.join(given)}".ljust(44, "<")
    pieces = [
        number + _check(number), country, birth + _check(birth), sex,
        expiry + _check(expiry), optional + _check(optional),
    ]  # fmt: skip
    line = "".join(pieces)
    line += _check(line[0:10] + line[13:20] + line[21:43])
    font = _font(lot, MONO, 30, 38)
    width = round(font.getlength(first)) + 120
    picture = Image.new("L", (width, width * 7 // 10), 235)
    draw = ImageDraw.Draw(picture)
    small = _font(lot, PRINT, 20, 30)
    for row in range(6):
        draw.text((width // 3, 60 + row * 55), _letters(lot, 4, 14), fill=40, font=small)
    draw.rectangle((40, 60, width // 3 - 40, 380), fill=150)
    bottom = picture.height - 60
    pitch = round(font.size * 1.9)
    draw.text((60, bottom - 2 * pitch), first, fill=25, font=font)
    draw.text((60, bottom - pitch), line, fill=25, font=font)
    return Drawn(
        picture,
        {
            "country": country, "number": number, "nationality": country, "birth_date": birth,
            "sex": sex.replace("<", ""), "expiry_date": expiry, "surname": surname,
            "names": " ".join(given), "optional": optional.strip("<"),
        },
    )  # fmt: skip


def draw_display(lot: random.Random) -> Drawn:
    """Dark bars on a panel that is darker than its frame, or bright ones on black.

    Half of the numbers have a decimal point.
    """
    value = "".join(lot.choice(string.digits) for _ in range(lot.randint(2, 5)))
    point = lot.randrange(1, len(value)) if lot.random() < 0.5 else None
    high, lean = 150, lot.uniform(0, 0.15)
    wide, thick = 84, lot.randint(16, 22)
    pitch = wide + lot.randint(34, 46)
    width, height = 150 + pitch * len(value), high + 110
    ground, ink = lot.randint(105, 150), lot.randint(15, 45)
    if lot.random() < 0.25:
        ground, ink = lot.randint(10, 35), lot.randint(170, 250)
    panel = Image.new("L", (width, height), ground)
    draw = ImageDraw.Draw(panel)
    for place, digit in enumerate(value):
        left, top = 75 + place * pitch, 55
        for bar in _BARS_OF[digit]:
            corners = [
                (left + x + lean * (high - y), top + y) for x, y in _bar(bar, wide, high, thick)
            ]
            draw.polygon(corners, fill=ink)
        if point == place + 1:
            middle, foot = left + wide + (pitch - wide) // 2, top + high
            draw.rectangle((middle - 7, foot - 14, middle + 7, foot), fill=ink)
    if point:
        value = f"{value[:point]}.{value[point:]}"
    frame = lot.randint(40, 90)
    picture = Image.new("L", (width + 2 * frame, height + 2 * frame), lot.randint(215, 245))
    picture.paste(panel, (frame, frame))
    return Drawn(picture, {"value": value})


def draw_label(lot: random.Random) -> Drawn:
    """An expiry date, a lot and a serial number among other print."""
    font = _font(lot, PRINT, 30, 44)
    mark = lot.choice("/.-")
    day, month, year = lot.randint(1, 28), lot.randint(1, 12), lot.randint(2025, 2035)
    expiry = f"{day:02}{mark}{month:02}{mark}{year}"
    code, serial = (
        f"{_letters(lot, 1, 2)}{lot.randint(1000, 99999)}",
        f"{lot.randint(10**7, 10**8)}",
    )
    colon = lot.choice((": ", " "))
    rows = [
        lot.choice(("EXP", "EXPIRY DATE", "BEST BEFORE", "USE BY")) + colon + expiry,
        lot.choice(("LOT", "BATCH", "LOT NO")) + colon + code,
        lot.choice(("SERIAL NO", "S/N", "SN")) + colon + serial,
    ]
    lot.shuffle(rows)
    rows = [
        f"{_letters(lot, 4, 8)} {_letters(lot, 4, 8)}",
        *rows,
        f"{lot.randint(1, 900)} g  {_letters(lot, 5, 9)}",
    ]
    return Drawn(_print(rows, font), {"expiry": expiry, "lot": code, "serial": serial})


def draw_code(lot: random.Random) -> Drawn:
    """One line of capitals and digits."""
    code = f"{_letters(lot, 2, 3)}-{lot.randint(1000, 9999)}-{_mixed(lot, 4)}"
    return Drawn(_print([code], _font(lot, (*MONO, "Sans", "Sans-Bold"), 36, 60)), {"code": code})


def draw_receipt(lot: random.Random) -> Drawn:
    """A shop's receipt: items, sub-total, tax, total, cash and change."""
    font = _font(lot, MONO, 22, 30)
    kind = lot.choice(("LTD", "INC", "ENTERPRISE", "SDN BHD"))
    company = f"{_letters(lot, 4, 8)} {_letters(lot, 4, 8)} {kind}"
    days = (f"{lot.randint(1, 28):02}", f"{lot.randint(1, 12):02}", f"{lot.randint(2015, 2025)}")
    date = lot.choice("/-").join(days)
    time = f"{lot.randint(8, 21):02}:{lot.randint(0, 59):02}"
    prices = [lot.randint(100, 9900) for _ in range(lot.randint(2, 7))]
    subtotal = sum(prices)
    tax = subtotal * 6 // 100
    total = subtotal + tax
    cash = (total // 1000 + 1) * 1000

    def row(name: str, cents: int) -> str:
        return f"{name:<24}{cents // 100:>6}.{cents % 100:02}"

    rows = [
        company, f"{lot.randint(1, 99)} {_letters(lot, 5, 9)} STREET",
        f"TEL {lot.randint(10**6, 10**7)}",
        f"{lot.choice(('DATE: ', 'Date ', ''))}{date}  {time}", "",
        *(row(_letters(lot, 4, 12), price) for price in prices), "",
        row("SUBTOTAL", subtotal), row("TAX 6%", tax),
        row(lot.choice(("TOTAL", "GRAND TOTAL", "TOTAL DUE", "AMOUNT DUE")), total),
        row("CASH", cash), row("CHANGE", cash - total), "", "THANK YOU",
    ]  # fmt: skip
    fields = {"total": f"{total // 100}.{total % 100:02}", "date": date, "company": company}
    return Drawn(_print(rows, font), fields)


def draw_title_page(lot: random.Random) -> Drawn:
    """The first page of a chapter."""
    kind = lot.choice(PRINT)
    body, size = _face(kind, 24), lot.randint(38, 60)
    number = lot.choice(
        (str(lot.randint(1, 30)), lot.choice(("I", "II", "IV", "VII", "IX", "XII")))
    )
    chapter = f"{lot.choice(('CHAPTER', 'Chapter', 'PART'))} {number}"
    title = " ".join(lot.choice(_WORDS).title() for _ in range(lot.randint(2, 4)))
    picture = Image.new("L", (1000, 1300), 245)
    draw = ImageDraw.Draw(picture)
    draw.text((500, 160), chapter, fill=20, font=_face(kind, 30), anchor="mm")
    draw.text((500, 260), title, fill=20, font=_face(kind, size), anchor="mm")
    _body(lot, draw, body, top=380, rows=20)
    return Drawn(picture, {"chapter": chapter, "title": title})


def draw_open_book(lot: random.Random) -> Drawn:
    """The first page of a chapter in an open book, with the end of the one before on its left."""
    right = draw_title_page(lot)
    left = Image.new("L", right.picture.size, 245)
    draw, body = ImageDraw.Draw(left), _face(lot.choice(PRINT), 24)
    number = lot.randint(4, 400)
    draw.text((90, 80), str(number), fill=20, font=body)
    draw.text((500, 80), lot.choice(_WORDS).title(), fill=20, font=body, anchor="ma")
    _body(lot, draw, body, top=150, rows=lot.randint(8, 25))
    ImageDraw.Draw(right.picture).text((890, 80), str(number + 1), fill=20, font=body)
    return Drawn(photograph_open(left, right.picture, lot), right.fields)


def _body(
    lot: random.Random,
    draw: ImageDraw.ImageDraw,
    font: ImageFont.FreeTypeFont,
    *,
    top: int,
    rows: int,
) -> None:
    for row in range(rows):
        words = " ".join(lot.choice(_WORDS) for _ in range(9))
        while draw.textlength(words, font=font) > 820:
            words = words.rpartition(" ")[0]
        draw.text((90, top + row * 42), words, fill=20, font=font)


SETS: Mapping[str, Callable[[random.Random], Drawn]] = {
    "mrz": draw_mrz, "display": draw_display, "label": draw_label, "code": draw_code,
    "receipt": draw_receipt, "title-page": draw_title_page, "open-book": draw_open_book,
}  # fmt: skip

PROFILES = {"open-book": "title-page"}  # of the sets that are not named after theirs

_WORDS = (
    "the", "of", "and", "with", "from", "river", "mountain", "evening", "silver", "winter",
    "letter", "garden", "thousand", "people", "little", "house", "morning", "window", "answer",
    "captain", "island", "forest", "memory", "summer", "question",
)  # fmt: skip
# Top, upper left, upper right, middle, lower left, lower right, bottom.
_BARS_OF = {
    "0": "abcefg", "1": "cf", "2": "acdeg", "3": "acdfg", "4": "bcdf", "5": "abdfg",
    "6": "abdefg", "7": "acf", "8": "abcdefg", "9": "abcdfg",
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """Draw the sets."""
    parser = argparse.ArgumentParser(description="Draw sets of pictures with known fields.")
    parser.add_argument("out", type=Path)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--only", choices=[*SETS, "form"])
    parser.add_argument("--hands", type=Path, help="fonts of handwriting, for the set `form`")
    asked = parser.parse_args(arguments)
    sets = dict(SETS)
    if asked.hands:
        sets["form"] = lambda lot: Drawn(*draw_form(lot, asked.hands))
    rows = []
    for name, draw in sets.items():
        if asked.only in {None, name}:
            rows += _draw_set(asked.out, name, draw, count=asked.count, seed=asked.seed)
    with (asked.out / "items.csv").open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, ["category", "dataset", "name", "file"])
        table.writeheader()
        table.writerows(rows)
    return 0


def _draw_set(
    out: Path, name: str, draw: Callable[[random.Random], Drawn], *, count: int, seed: int
) -> list[dict[str, str]]:
    folder = out / "drawn" / name
    folder.mkdir(parents=True, exist_ok=True)
    meta = {"lang": "eng", "psm": 3, "profile": PROFILES.get(name, name)}
    (folder / "meta.json").write_text(json.dumps(meta), encoding="utf-8")
    rows = []
    for number in range(count):
        lot = random.Random(f"{name} {seed} {number}")  # noqa: S311  # drawn, not secret
        drawn = draw(lot)
        item = f"{name}_{number:03}"
        (folder / f"{item}.jpg").write_bytes(_photographed(drawn.picture, lot))
        truth = {"fields": drawn.fields}
        (folder / f"{item}.gt.json").write_text(json.dumps(truth), encoding="utf-8")
        file = f"drawn/{name}/{item}.jpg"
        rows.append({"category": "drawn", "dataset": name, "name": item, "file": file})
    return rows


def _photographed(picture: Image.Image, lot: random.Random) -> bytes:
    """As a camera might take it: tilted, a little out of focus, lit from one side, noisy, JPEG."""
    ground = picture.getpixel((0, 0))
    turned = picture.rotate(
        lot.uniform(-MOST_TILT_DEG, MOST_TILT_DEG), Image.Resampling.BICUBIC, expand=True,
        fillcolor=ground,
    )  # fmt: skip
    blurred = turned.filter(ImageFilter.GaussianBlur(lot.uniform(0, MOST_BLUR_PX)))
    levels = np.asarray(blurred, dtype=np.float64)
    height, width = levels.shape
    shade = lot.uniform(0, MOST_SHADE)
    light = 1 - shade * np.linspace(0, 1, width) * np.linspace(0.4, 1, height)[:, None]
    noise = np.random.default_rng(lot.randrange(2**32)).normal(
        0, lot.uniform(0, MOST_NOISE), levels.shape
    )
    lit = Image.fromarray(np.clip(levels * light + noise, 0, 255).astype(np.uint8))
    file = BytesIO()
    lit.save(file, "JPEG", quality=lot.randint(60, 95))
    return file.getvalue()


def _print(rows: Sequence[str], font: ImageFont.FreeTypeFont) -> Image.Image:
    pitch, margin = round(font.size * 1.55), 50
    width = round(max(font.getlength(row) for row in rows)) + 2 * margin
    picture = Image.new("L", (width, pitch * len(rows) + 2 * margin), 240)
    draw = ImageDraw.Draw(picture)
    for number, row in enumerate(rows):
        draw.text((margin, margin + number * pitch), row, fill=20, font=font)
    return picture


def _bar(bar: str, wide: int, high: int, thick: int) -> list[tuple[float, float]]:
    """The corners of a bar of a digit, with a gap to its neighbours."""
    gap, half = 3, thick / 2
    is_level = bar in "adg"
    if is_level:
        y = {"a": half, "d": high / 2, "g": high - half}[bar]
        left, right = half + gap, wide - half - gap
        return [
            (left, y), (left + half, y - half), (right - half, y - half), (right, y),
            (right - half, y + half), (left + half, y + half),
        ]  # fmt: skip
    x = half if bar in "be" else wide - half
    top, bottom = (
        (half + gap, high / 2 - gap) if bar in "bc" else (high / 2 + gap, high - half - gap)
    )
    return [
        (x, top), (x + half, top + half), (x + half, bottom - half), (x, bottom),
        (x - half, bottom - half), (x - half, top + half),
    ]  # fmt: skip


def _letters(lot: random.Random, least: int, most: int) -> str:
    return "".join(lot.choice(string.ascii_uppercase) for _ in range(lot.randint(least, most)))


def _mixed(lot: random.Random, count: int) -> str:
    return "".join(lot.choice(string.ascii_uppercase + string.digits) for _ in range(count))


def _date(lot: random.Random, first: int, last: int) -> str:
    return f"{lot.randint(first, last):02}{lot.randint(1, 12):02}{lot.randint(1, 28):02}"


def _check(text: str) -> str:
    return icao_9303_digit(text) or "<"


def _font(
    lot: random.Random, kinds: Sequence[str], least: int, most: int
) -> ImageFont.FreeTypeFont:
    return _face(lot.choice(kinds), lot.randint(least, most))


def _face(kind: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(FONTS.format(kind), size_px)


if __name__ == "__main__":
    raise SystemExit(main())
