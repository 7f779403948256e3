"""Draw pages with tables whose cells are known, and pages of prose that have none.

A4 at 150 dpi, in DejaVu faces of 15 to 25 pixels; `photographed` as a camera sees it on a desk.
The same kind and number give the same page.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from benchmarks.books import seen_aslant
from benchmarks.pictures import WORDS
from benchmarks.table_scores import TrueCell

WIDTH_PX, HEIGHT_PX, MARGIN_PX = 1240, 1754, 90
FONTS = "/usr/share/fonts/truetype/dejavu/DejaVu{}{}.ttf"
FACES = ("Sans", "Serif", "SansCondensed")
RULE, RULE_PX = 60, 2
PHOTO_SCALE = 1.6  # as a phone has some 200 dots for an inch of a page

_NAMES = ("Alder", "Brandt", "Costa", "Dorsey", "Eriksen", "Fabre", "Gruber", "Horvat", "Ivers")
_GOODS = (
    "Wood screw 40 mm", "Lamp shade", "Envelope C5", "Door handle", "Water pump", "Oil filter",
    "Rubber seal", "Copper wire", "Work gloves", "Label roll", "Hinge", "Paint brush",
)  # fmt: skip
_PLACES = ("Aarhus", "Bilbao", "Dresden", "Exeter", "Florence", "Gdansk", "Hasselt", "Innsbruck")
_STATES = ("sent", "on order", "received", "sold out", "part paid", "returned")
_HEADS_OVER = ("First half", "In store", "Abroad", "All branches")


@dataclass(frozen=True, slots=True)
class Column:
    """What stands in a column: its head, its values, and where in the cell they stand (0 to 1)."""

    head: str
    value: Callable[[random.Random], str]
    flush: float = 0.0


@dataclass(frozen=True, slots=True)
class Style:
    """How a table is set; `rules` is `none`, `head`, `rows` or `grid`."""

    rules: str = "none"
    gap_px: int = 34
    is_banded: bool = False
    widest_px: int = 0  # at which cells are wrapped; 0 for never
    head_over: bool = False  # above two columns or three


@dataclass(frozen=True, slots=True)
class DrawnTable:
    """The cells of a table, and where it ends on the page."""

    cells: tuple[TrueCell, ...]
    right: int
    bottom: int


@dataclass(slots=True)
class Sheet:
    """A page that is drawn in one face."""

    lot: random.Random
    size_px: int
    picture: Image.Image = field(default_factory=lambda: Image.new("L", (WIDTH_PX, HEIGHT_PX), 255))
    tables: list[DrawnTable] = field(default_factory=list)
    fonts: tuple[ImageFont.FreeTypeFont, ImageFont.FreeTypeFont] = field(init=False)

    def __post_init__(self) -> None:
        face = self.lot.choice(FACES)
        plain, bold = (FONTS.format(face, w) for w in ("", "-Bold"))
        self.fonts = (
            ImageFont.truetype(plain, self.size_px), ImageFont.truetype(bold, self.size_px),
        )  # fmt: skip

    @property
    def pitch(self) -> int:
        """From line to line."""
        return round(self.size_px * 1.35)

    @property
    def pen(self) -> ImageDraw.ImageDraw:
        """What draws on the page."""
        return ImageDraw.Draw(self.picture)

    def width(self, text: str, *, bold: bool = False) -> int:
        """The width of a line."""
        return round(self.fonts[bold].getlength(text))

    def wrapped(self, text: str, width_px: int, *, bold: bool = False) -> list[str]:
        """The lines of a text."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".strip()
            if lines[-1] and self.width(longer, bold=bold) > width_px:
                lines.append(word)
            else:
                lines[-1] = longer
        return lines

    def write(self, x: float, y: float, text: str, *, bold: bool = False) -> None:
        """A line, from its upper left corner."""
        self.pen.text((x, y), text, font=self.fonts[bold], fill=20)

    def prose(self, left: int, top: int, width_px: int, lines: int) -> int:
        """So many lines of prose; where they end."""
        text = " ".join(_sentence(self.lot, 8, 16) + "." for _ in range(2 * lines))
        for line in self.wrapped(text, width_px)[:lines]:
            self.write(left, top, line)
            top += self.pitch
        return top

    def table(
        self, top: int, style: Style, columns: Sequence[Column], rows: int, left: int = MARGIN_PX
    ) -> DrawnTable:
        """A table; columns for which there is no room are left out."""
        texts = [[column.head for column in columns]]
        for _ in range(rows):
            texts.append(
                [c.value(self.lot) if not n or self.lot.random() > 0.06 else ""
                 for n, c in enumerate(columns)]
            )  # fmt: skip
        cells = [
            [self.wrapped(text, style.widest_px or WIDTH_PX, bold=not n) for text in row]
            for n, row in enumerate(texts)
        ]
        walls = [left]
        for number in range(len(columns)):
            wide = max(self.width(line, bold=True) for row in cells for line in row[number])
            if walls[-1] + wide + style.gap_px > WIDTH_PX - MARGIN_PX // 2:
                columns, cells = columns[:number], [row[:number] for row in cells]
                break
            walls.append(walls[-1] + wide + style.gap_px)
        drawn = self._set(top, walls, style, columns, cells)
        self.tables.append(drawn)
        return drawn

    def _set(
        self,
        top: int,
        walls: Sequence[int],
        style: Style,
        columns: Sequence[Column],
        cells: Sequence[Sequence[Sequence[str]]],
    ) -> DrawnTable:
        pad = self.lot.randint(4, 10) if style != Style(gap_px=style.gap_px) else 5
        floors, true = [top], []
        over = _columns_under(self.lot, len(columns)) if style.head_over else None
        if over:
            text, (first, last) = self.lot.choice(_HEADS_OVER), over
            middle = (walls[first] + walls[last] - self.width(text, bold=True)) / 2
            self.write(middle, top + pad, text, bold=True)
            true.append(TrueCell(0, first, text, 1, last - first))
            floors.append(top + self.pitch + 2 * pad)
            if style.rules != "none":
                ends = (walls[first] + style.gap_px // 3, walls[last] - style.gap_px // 3)
                self._rule((ends[0], floors[1], ends[1], floors[1]))
        for number, row in enumerate(cells):
            y = floors[-1]
            floors.append(y + max(map(len, row)) * self.pitch + 2 * pad)
            if style.is_banded and number % 2:
                self.pen.rectangle((walls[0], y, walls[-1], floors[-1]), fill=226)
            for place, lines in enumerate(row):
                for line_number, line in enumerate(lines):
                    room = walls[place + 1] - walls[place] - style.gap_px
                    shift = columns[place].flush * (room - self.width(line, bold=not number))
                    x = walls[place] + style.gap_px / 2 + shift
                    self.write(x, y + pad + line_number * self.pitch, line, bold=not number)
                true.append(TrueCell(number + bool(over), place, " ".join(lines)))
        head = bool(over) + 1
        levels = {"head": (top, floors[head], floors[-1]), "none": ()}.get(style.rules, floors)
        for y in levels:
            if not over or y != floors[1]:
                self._rule((walls[0], y, walls[-1], y))
        if style.rules == "grid":
            for place, x in enumerate(walls):
                is_whole = not over or place in {0, *over, len(columns)}
                self._rule((x, top if is_whole else floors[1], x, floors[-1]))
        return DrawnTable(tuple(cell for cell in true if cell.text), walls[-1], floors[-1])

    def _rule(self, ends: tuple[int, int, int, int]) -> None:
        self.pen.line(ends, fill=RULE, width=RULE_PX)


@dataclass(frozen=True, slots=True)
class DrawnPage:
    """A page and its tables."""

    picture: Image.Image
    tables: tuple[tuple[TrueCell, ...], ...]


def draw_page(kind: str, number: int, *, seed: int = 1) -> DrawnPage:
    """A page of a kind of `KINDS`."""
    lot = random.Random(f"{kind} {seed} {number}")  # noqa: S311  # drawn, not secret
    sheet = Sheet(lot, 15 if kind == "small" else lot.choice((20, 22, 25)))
    width = WIDTH_PX - 2 * MARGIN_PX
    top = sheet.prose(MARGIN_PX, 100, width, lot.randint(2, 5)) + 2 * sheet.pitch
    bottom = KINDS[kind](sheet, top, number)
    if bottom + 60 + 3 * sheet.pitch < HEIGHT_PX - MARGIN_PX:
        sheet.prose(MARGIN_PX, bottom + 60, width, 3)
    picture = sheet.picture
    if kind == "rough":
        picture = _roughened(picture, lot)
    elif kind == "photographed":
        picture = _photographed(picture, lot)
    return DrawnPage(picture, tuple(table.cells for table in sheet.tables))


def _one_table(
    *rules: str, rows: tuple[int, int] = (5, 14), gap: tuple[int, int] = (30, 44),
    numbers: bool = False, banded: bool = False, head_over: bool = False,
) -> Callable[[Sheet, int, int], int]:  # fmt: skip
    """A drawer of one table, with each kind of rules in turn."""

    def draw(sheet: Sheet, top: int, number: int) -> int:
        style = Style(rules[number % len(rules)], sheet.lot.randint(*gap), banded, 0, head_over)
        columns = _columns(sheet.lot, numbers=numbers)
        return sheet.table(top, style, columns, sheet.lot.randint(*rows)).bottom

    return draw


def _remarks(*rules: str) -> Callable[[Sheet, int, int], int]:
    """A drawer of a table with a column of remarks of several lines."""

    def draw(sheet: Sheet, top: int, number: int) -> int:
        columns = _columns(sheet.lot)[:3]
        columns.insert(1, Column("Remarks", lambda lot: _sentence(lot, 3, 12)))
        style = Style(rules[number % len(rules)], widest_px=12 * sheet.size_px)
        return sheet.table(top, style, columns, sheet.lot.randint(4, 8)).bottom

    return draw


def _two_tables(sheet: Sheet, top: int, number: int) -> int:
    for rules in (("none", "grid", "head")[number % 3], ("head", "none")[number % 2]):
        drawn = sheet.table(top, Style(rules), _columns(sheet.lot), sheet.lot.randint(4, 8))
        top = sheet.prose(MARGIN_PX, drawn.bottom + 50, WIDTH_PX - 2 * MARGIN_PX, 3) + 50
    return top


def _beside_prose(sheet: Sheet, top: int, number: int) -> int:
    columns = _columns(sheet.lot, numbers=True)[:3]
    style = Style(("none", "head")[number % 2], gap_px=24)
    drawn = sheet.table(top, style, columns, sheet.lot.randint(6, 10))
    left = drawn.right + 60
    sheet.prose(left, top, WIDTH_PX - MARGIN_PX - left, (drawn.bottom - top) // sheet.pitch)
    return drawn.bottom


def _letter(sheet: Sheet, top: int, _number: int) -> int:
    for line in (sheet.lot.choice(_NAMES), f"{sheet.lot.choice(_PLACES)} 12", "Europe"):
        sheet.write(MARGIN_PX, top, line)
        right = sheet.lot.choice(("Tel. 555 0199", "3 June 2025", "Our ref. 41"))
        sheet.write(WIDTH_PX - MARGIN_PX - 260, top, right)
        top += sheet.pitch
    top = sheet.prose(MARGIN_PX, top + 60, WIDTH_PX - 2 * MARGIN_PX, sheet.lot.randint(8, 14))
    return sheet.prose(MARGIN_PX, top + 40, WIDTH_PX - 2 * MARGIN_PX, sheet.lot.randint(4, 9))


def _two_columns(sheet: Sheet, top: int, _number: int) -> int:
    half = (WIDTH_PX - 2 * MARGIN_PX - 50) // 2
    sheet.prose(MARGIN_PX + half + 50, top, half, sheet.lot.randint(20, 30))
    return sheet.prose(MARGIN_PX, top, half, 30)


def _list(sheet: Sheet, top: int, number: int) -> int:
    for item in range(1, 11):
        sheet.write(MARGIN_PX + 30, top, f"{item}." if number % 2 else "•")
        room = WIDTH_PX - 2 * MARGIN_PX - 80
        top = sheet.prose(MARGIN_PX + 80, top, room, sheet.lot.randint(1, 3)) + 6
    return top


def _labels(sheet: Sheet, top: int, _number: int) -> int:
    for _ in range(5):
        top = sheet.prose(MARGIN_PX, top, WIDTH_PX - 2 * MARGIN_PX, 3) + 20
        sheet.write(MARGIN_PX, top, f"Total: {sheet.lot.uniform(1, 999):.2f}")
        top += 2 * sheet.pitch
    return top


# What draws each kind of page below some prose, and says where it ends.
TABLES: Mapping[str, Callable[[Sheet, int, int], int]] = {
    "grid": _one_table("grid"),
    "half-ruled": _one_table("head", "rows"),
    "unruled": _one_table("none", gap=(28, 70)),
    "banded": _one_table("none", banded=True),
    "numbers": _one_table("none", "head", gap=(24, 60), numbers=True),
    "ruled remarks": _remarks("rows", "grid"),
    "unruled remarks": _remarks("none"),
    "heads over columns": _one_table("head", "grid", "none", numbers=True, head_over=True),
    "two on a page": _two_tables,
    "beside prose": _beside_prose,
    "small": _one_table("none", "head", "grid", rows=(14, 26), gap=(18, 40)),
    "rough": _one_table("none", "grid", "head"),
    "photographed": _one_table("none", "grid", "head", "rows"),
}
PROSE: Mapping[str, Callable[[Sheet, int, int], int]] = {
    "letter": _letter, "two columns": _two_columns, "list": _list, "labels": _labels,
}  # fmt: skip
KINDS = {**TABLES, **PROSE}


def _columns(lot: random.Random, *, numbers: bool = False) -> list[Column]:
    """Three to six columns, of which the first names the row."""
    first = lot.choice(_TEXT_COLUMNS[:2])
    if numbers:
        return [first, *lot.sample(_NUMBER_COLUMNS, lot.randint(3, 5))]
    others = [column for column in _TEXT_COLUMNS if column is not first]
    texts, figures = lot.randint(1, 2), lot.randint(1, 3)
    return [first, *lot.sample(others, texts), *lot.sample(_NUMBER_COLUMNS, figures)]


def _columns_under(lot: random.Random, count: int) -> tuple[int, int]:
    """The first column under a head over several, and the one after the last."""
    first = lot.randint(1, max(1, count - 2))
    return first, min(count, first + lot.randint(2, 3))


def _amount(lot: random.Random) -> str:
    return f"{lot.choice((lot.uniform(1, 99), lot.uniform(100, 19999))):,.2f}"


_TEXT_COLUMNS = (
    Column("Supplier", lambda lot: f"{lot.choice(_NAMES)} & {lot.choice(_NAMES)}"),
    Column("Article", lambda lot: lot.choice(_GOODS)),
    Column("Branch", lambda lot: lot.choice(_PLACES)),
    Column("State", lambda lot: lot.choice(_STATES)),
    Column("Day", lambda lot: f"{lot.randint(1, 28):02}.{lot.randint(1, 12):02}.2025"),
    Column("Order", lambda lot: f"{lot.choice('ADFKT')}{lot.randint(100, 9999)}", 0.5),
)
_NUMBER_COLUMNS = (
    Column("Pieces", lambda lot: str(lot.randint(11, 480)), 1),
    Column("Price", _amount, 1),
    Column("Sum", _amount, 1),
    Column("Part", lambda lot: f"{lot.uniform(0.1, 99):.1f} %", 1),
    Column("2024", lambda lot: f"{lot.randint(10, 99999):,}", 1),
    Column("Growth", lambda lot: f"{lot.choice('-+')}{lot.uniform(0.1, 30):.1f}", 1),
)


def _sentence(lot: random.Random, least: int, most: int) -> str:
    return " ".join(lot.choices(WORDS.split(), k=lot.randint(least, most))).capitalize()


def _roughened(picture: Image.Image, lot: random.Random) -> Image.Image:
    """As a poor scan: leaning, a little out of focus, shaded and noisy."""
    leaning = picture.rotate(lot.uniform(-1.6, 1.6), Image.Resampling.BICUBIC, fillcolor=255)
    return _shaded(leaning, lot, blur_px=(0.4, 0.9), darkest=0.6)


def _photographed(picture: Image.Image, lot: random.Random) -> Image.Image:
    """As a phone sees it: aslant on a desk, out of focus by up to a pixel, with a shadow."""
    size = (round(WIDTH_PX * PHOTO_SCALE), round(HEIGHT_PX * PHOTO_SCALE))
    large = np.asarray(picture.resize(size, Image.Resampling.BICUBIC))
    desk = lot.randint(50, 120)
    scene = cv2.copyMakeBorder(large, *(120,) * 4, cv2.BORDER_CONSTANT, value=desk)
    return _shaded(seen_aslant(scene, lot, desk), lot, blur_px=(0.6, 1.4), darkest=0.55)


def _shaded(
    picture: Image.Image, lot: random.Random, *, blur_px: tuple[float, float], darkest: float
) -> Image.Image:
    levels = np.asarray(picture.filter(ImageFilter.GaussianBlur(lot.uniform(*blur_px))), float)
    height, width = levels.shape
    light = np.linspace(1, lot.uniform(darkest, 0.85), width)[None]
    light = light * np.linspace(1, lot.uniform(0.75, 0.95), height)[:, None]
    noise = np.random.default_rng(lot.randrange(1 << 30)).normal(0, lot.uniform(4, 9), light.shape)
    return Image.fromarray(np.clip(levels * light + noise, 0, 255).astype(np.uint8))
