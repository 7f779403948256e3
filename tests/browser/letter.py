"""A drawn letter, and an engine that reads it exactly where it stands."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Alternative, Line, Word, Zone, ZoneKind
from ocr_server.errors import EngineFailed
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from tests.drawing import as_file
from tests.fakes import ReadsWords, line_of

SIZE_PX = (900, 700)
FONT_PX = 27  # an x-height that is left as it is: the engine answers in pixels of the picture
# What is drawn, column by column, and what the engine makes of it: doubtful words differ.
COLUMNS = (
    ("Dear reader,", "the ferry ticket", "is at the desk."),
    ("Please come", "before noon", "with your card."),
)
MISREAD = {"ferry": ("feny", 0.62), "noon": ("n00n", 0.4), "card.": ("card.", 0.8)}


def draw_letter() -> Image.Image:
    """Two columns of three lines, black on white."""
    picture = Image.new("RGB", SIZE_PX, "white")
    pen = ImageDraw.Draw(picture)
    for word, box in drawn_words():
        pen.text((box.left, box.top), word, font=_font(), fill="black", anchor="lt")
    return picture


def drawn_words() -> list[tuple[str, Box]]:
    """Every word in reading order with the box of its ink."""
    return [found for lines in _lines() for line in lines for found in line]


def save_letter(folder: Path, name: str = "letter.png") -> Path:
    """The letter as a PNG file."""
    path = folder / name
    path.write_bytes(as_file(draw_letter()))
    return path


class ReadsLetter(ReadsWords):
    """Reads the letter, or what it `says`.

    It waits while `gate` is closed, so that a test can look at the middle of a reading; so many as
    `passes` get through all the same. Pages narrower than `fails_under_px` fail.
    """

    def __init__(self) -> None:
        super().__init__()
        self.gate = threading.Event()
        self.gate.set()
        self.passes = 0
        self._lock = threading.Lock()
        self.is_blind = False
        self.fails_under_px = 0
        self.says = ""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        self.readings.append(options)
        if canvas.width_px < self.fails_under_px:
            raise EngineFailed("The page is too narrow for this engine.")
        is_let_through = self._take_pass()
        while not self.gate.is_set() and not is_let_through:
            deadline.check()
            time.sleep(0.02)
        if self.says:
            line = line_of(tuple(self.says.split()))
            return (Zone(ZoneKind.TEXT, line.quad, (line,)),)
        return () if self.is_blind else tuple(_zone(column) for column in _lines())

    def _take_pass(self) -> bool:
        with self._lock:  # parts of a page are read side by side
            self.passes -= 1
            return self.passes >= 0


def _zone(column: list[list[tuple[str, Box]]]) -> Zone:
    lines = tuple(_line(line) for line in column)
    boxes = [line.box for line in lines]
    quad = Box(
        min(b.left for b in boxes), boxes[0].top, max(b.right for b in boxes), boxes[-1].bottom
    ).quad()
    return Zone(ZoneKind.TEXT, quad, lines)


def _line(drawn: list[tuple[str, Box]]) -> Line:
    words = tuple(_word(text, box) for text, box in drawn)
    boxes = [box for _, box in drawn]
    quad = Box(
        boxes[0].left, min(b.top for b in boxes), boxes[-1].right, max(b.bottom for b in boxes)
    ).quad()
    return Line(words, quad, (quad.bottom_left, quad.bottom_right), x_height_px=FONT_PX / 2)


def _word(drawn: str, box: Box) -> Word:
    text, confidence = MISREAD.get(drawn, (drawn, 0.96))
    other = (Alternative(drawn, 0.5, "engine"),) if text != drawn else ()
    return Word(text, box.quad(), confidence, alternatives=other)


def _lines() -> list[list[list[tuple[str, Box]]]]:
    return [
        # The columns are not level: short lines in one row would be read as one line.
        [
            _placed(line, 60 + 450 * column, 90 + 120 * row + 55 * column)
            for row, line in enumerate(lines)
        ]
        for column, lines in enumerate(COLUMNS)
    ]


def _placed(line: str, left_px: float, top_px: float) -> list[tuple[str, Box]]:
    font, placed = _font(), []
    for word in line.split():
        _, _, width_px, height_px = font.getbbox(word, anchor="lt")
        placed.append((word, Box(left_px, top_px, left_px + width_px, top_px + height_px)))
        left_px += font.getlength(word + " ")
    return placed


def _font() -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(FONT_PX)
