from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Line, Word, Zone, ZoneKind, hull_of
from ocr_server.engines.tesseract_cli import PytesseractEngine
from ocr_server.geometry import Box, Point
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import ReadOptions
from ocr_server.page.bullets import dot_before, with_bullet
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from tests.words import SeeingEngine

X_HEIGHT_PX = 20
DOT = Box(50, 60, 60, 70)


def ink_in(box: Box, *, is_hollow: bool = False) -> Pixels:
    """A page with a disc in the box, or a ring."""
    picture = Image.new("L", (400, 200), 250)
    ImageDraw.Draw(picture).ellipse(
        (box.left, box.top, box.right - 1, box.bottom - 1), None if is_hollow else 20, 20, 2
    )
    return np.asarray(picture)


def line_of(first: str, box: Box, second_px: float = 75) -> Line:
    words = (
        Word(first, box.quad(), 0.4),
        Word("Item", Box(second_px, 50, second_px + 60, 80).quad(), 0.9),
    )
    quad = Box(box.left, 50, second_px + 60, 80).quad()
    return Line(words, quad, (Point(box.left, 80), Point(second_px, 80)), X_HEIGHT_PX)


@pytest.mark.parametrize("text", ["«", "¢", "e", "*"])
def test_a_dot_that_was_read_as_a_letter_is_a_bullet(text: str) -> None:
    line = line_of(text, DOT)
    dot = dot_before(line, ink_in(DOT))

    assert dot == DOT
    assert with_bullet(line, dot).text == "• Item"


def test_a_dot_that_was_not_read_is_a_bullet() -> None:
    line = line_of("e", DOT)
    line = line.with_words(line.words[1:])
    dot = dot_before(line, ink_in(DOT))

    assert dot == DOT
    assert with_bullet(line, dot).text == "• Item"
    assert with_bullet(line, dot).box.left == DOT.left


@pytest.mark.parametrize(
    ("line", "page"),
    [
        (line_of("e", DOT), ink_in(DOT, is_hollow=True)),
        (line_of("A", DOT), ink_in(DOT)),
        (line_of("*", Box(50, 60, 78, 70), 95), ink_in(Box(50, 60, 78, 70))),
        (line_of("*", Box(50, 60, 54, 64)), ink_in(Box(50, 60, 54, 64))),
        (line_of("o", Box(50, 40, 80, 70), 95), ink_in(Box(50, 40, 80, 70))),
        (line_of("e", DOT, 63), ink_in(DOT)),
        (line_of("e", DOT), ink_in(Box(300, 60, 310, 70))),
    ],
    ids=["ring", "letter", "dash", "point", "large disc", "beside its word", "blank"],
)
def test_what_is_no_dot_before_a_word_is_no_bullet(line: Line, page: Pixels) -> None:
    assert dot_before(line, page) is None


@pytest.mark.tesseract
def test_items_of_a_list_have_their_bullets() -> None:
    picture = Image.new("L", (900, 420), 255)
    draw, font = ImageDraw.Draw(picture), ImageFont.load_default(32)
    items = ("Bread and butter", "Coffee with milk", "Apples from the garden", "Two newspapers")
    for number, item in enumerate(items):
        y = 60 + 70 * number
        draw.ellipse((60, y + 15, 71, y + 26), 0)
        draw.text((95, y), item, 0, font)

    page = read_page(
        Canvas(np.asarray(picture)), number=1, options=ReadOptions(),
        context=ReadContext(PytesseractEngine(), Deadline.after(60)),
    )  # fmt: skip

    assert [line.text for line in page.lines] == [f"• {item}" for item in items]


class OverlooksDots(SeeingEngine):
    """Sees each line of a page, from 90 px on."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        found = super().recognise(canvas, options, deadline)
        lines = [
            Line((word,), word.quad, (word.quad.bottom_left, word.quad.bottom_right), X_HEIGHT_PX)
            for word in (found[0].words if found else ())
            if word.box.width > X_HEIGHT_PX
        ]
        return (Zone(ZoneKind.TEXT, hull_of(lines).quad(), tuple(lines)),) if lines else ()


@pytest.mark.parametrize(("dots", "bullets"), [(0, 0), (1, 0), (2, 2), (3, 3)])
def test_a_dot_that_was_not_read_needs_another_above_or_below_it(dots: int, bullets: int) -> None:
    picture = Image.new("L", (900, 700), 255)
    draw = ImageDraw.Draw(picture)
    for number in range(4):
        y = 100 + 120 * number
        draw.rectangle((95, y, 700, y + X_HEIGHT_PX - 1), 0)
        if number < dots:
            draw.ellipse((60, y + 5, 70, y + 15), 0)

    context = ReadContext(OverlooksDots(), Deadline.after(60))
    page = read_page(Canvas(np.asarray(picture)), number=1, options=ReadOptions(), context=context)

    assert page.text.count("•") == bullets
