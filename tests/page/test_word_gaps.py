from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Direction, Line, Symbol, Word, Zone, ZoneKind, hull_of
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.job import ReadOptions
from ocr_server.page.reading import read_page
from ocr_server.page.state import ReadContext
from ocr_server.page.word_gaps import closed_up, parted
from tests.fakes import ReadsWords

FONT = ImageFont.load_default(40)
LEFT_PX, TOP_PX = 40, 60


def draw(*words: str, blank: float = 1.0) -> tuple[Pixels, Line]:
    """Words as drawn, and as they were read: `|` is a blank, so many times as wide, not read."""
    picture = Image.new("L", (1400, 200), 255)
    pen, x, read = ImageDraw.Draw(picture), float(LEFT_PX), []
    blank_px = FONT.getlength(" ")
    for word in words:
        boxes, letters = [], []
        for piece in word.split("|"):
            for letter in piece:
                pen.text((x, TOP_PX), letter, fill=0, font=FONT)
                box = Box(*pen.textbbox((x, TOP_PX), letter, font=FONT))
                boxes.append(box)
                letters.append(Symbol(letter, box.quad(), 0.9))
                x += FONT.getlength(letter) + 1
            x += blank * blank_px
        x += (1 - blank) * blank_px
        box = Box(boxes[0].left, TOP_PX, boxes[-1].right, TOP_PX + 44)
        read.append(Word(word.replace("|", ""), box.quad(), 0.9, tuple(letters)))
    quad = hull_of(read).quad()
    line = Line(tuple(read), quad, (quad.bottom_left, quad.bottom_right), x_height_px=20)
    return np.asarray(picture), line


def texts(grey: Pixels, line: Line) -> list[str]:
    return [word.text for word in parted(line, grey).words]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("IBAN", "6016", "9268|19", "VAT"), ["IBAN", "6016", "9268", "19", "VAT"]),
        (("Ln", "6,|Col|14", "Spaces", "4"), ["Ln", "6,", "Col", "14", "Spaces", "4"]),
        (("in", "hall|7", "of", "ten"), ["in", "hall", "7", "of", "ten"]),
    ],
)
def test_a_word_is_parted_at_a_blank_beside_a_figure(
    words: tuple[str, ...], expected: list[str]
) -> None:
    assert texts(*draw(*words)) == expected


def test_a_word_is_parted_in_light_print_on_dark() -> None:
    grey, line = draw("IBAN", "6016", "9268|19", "VAT")

    assert texts(255 - grey, line) == ["IBAN", "6016", "9268", "19", "VAT"]


@pytest.mark.parametrize(
    "words",
    [
        ("IBAN", "60161111", "9268.19", "1,111"),  # no blank inside
        ("the", "hall|door", "of", "7"),  # between letters
        ("9268|19",),  # no other blank to compare it with
        ("9268|19", "VAT"),
    ],
)
def test_other_words_stay_whole(words: tuple[str, ...]) -> None:
    grey, line = draw(*words)

    assert texts(grey, line) == [word.replace("|", "") for word in words]


def test_a_gap_narrower_than_the_blanks_parts_no_word() -> None:
    grey, line = draw("IBAN", "6016", "9268|19", "VAT", blank=0.4)

    assert texts(grey, line) == [word.text for word in line.words]


def test_a_word_whose_letters_touch_stays_whole() -> None:
    grey, line = draw("IBAN", "6016", "9268|19", "VAT")
    joined = grey.copy()
    box = line.words[2].symbols[1].quad.box
    joined[TOP_PX + 20 : TOP_PX + 24, int(box.left) - 8 : int(box.left) + 2] = 0

    assert texts(joined, line) == [word.text for word in line.words]


def test_a_line_that_runs_leftwards_stays_as_it_is() -> None:
    grey, line = draw("IBAN", "6016", "9268|19", "VAT")
    leftwards = replace(line, direction=Direction.RIGHT_TO_LEFT)

    assert texts(grey, leftwards) == [word.text for word in line.words]


def test_the_parts_have_their_own_boxes_and_symbols() -> None:
    grey, line = draw("IBAN", "6016", "9268|19", "VAT")

    whole, first, second = line.words[2], *parted(line, grey).words[2:4]
    assert first.box.left == pytest.approx(whole.box.left, abs=3)
    assert second.box.right == pytest.approx(whole.box.right, abs=3)
    assert second.box.left - first.box.right > 0.8 * FONT.getlength(" ")
    assert first.symbols + second.symbols == whole.symbols


def test_the_recipe_parts_words_unless_it_is_left_out() -> None:
    grey, line = draw("IBAN", "6016", "9268|19", "VAT")

    class OverlooksABlank(ReadsWords):
        def recognise(
            self, canvas: Canvas, options: ReadOptions, deadline: Deadline
        ) -> tuple[Zone, ...]:
            to_canvas = canvas.to_page.inverse()
            return (Zone(ZoneKind.TEXT, line.quad, (line,)).mapped(to_canvas),)

    def read(*without: str) -> str:
        return read_page(
            Canvas(grey),
            number=1,
            options=ReadOptions(languages=("eng",), skip_stages=without),
            context=ReadContext(OverlooksABlank(), Deadline.after(60)),
        ).text

    assert read() == "IBAN 6016 9268 19 VAT"
    assert read("gaps") == "IBAN 6016 926819 VAT"


def line_of(*words: tuple[str, float]) -> Line:
    """Words 20 px high, each with its left edge, 10 px a letter."""
    read = tuple(
        Word(
            text,
            Box(left, 0, left + 10 * len(text), 20).quad(),
            0.9,
            tuple(Symbol(letter, Box(left, 0, left + 10, 20).quad(), 0.9) for letter in text),
        )
        for text, left in words
    )
    quad = hull_of(read).quad()
    return Line(read, quad, (quad.bottom_left, quad.bottom_right), x_height_px=10)


@pytest.mark.parametrize("stop", [",", ";", "?"])
def test_a_stop_that_stands_apart_is_closed_up(stop: str) -> None:
    line = closed_up(line_of(("Oculos", 0), (stop, 68), ("Aures", 90)))

    assert [word.text for word in line.words] == [f"Oculos{stop}", "Aures"]
    assert line.words[0].box == Box(0, 0, 78, 20)
    assert [symbol.text for symbol in line.words[0].symbols] == [*"Oculos", stop]


@pytest.mark.parametrize(
    "words",
    [
        ((",", 0), ("Aures", 20)),  # no word before it
        (("Oculos", 0), (",", 90)),  # in another column
        (("Total", 0), (":", 58), ("9.99", 75)),  # as receipts have it
        (("...", 0), (",", 38)),  # leaders
        (("Oculos", 0), (".5", 68)),
    ],
)
def test_other_stops_stay_as_they_are(words: tuple[tuple[str, float], ...]) -> None:
    line = line_of(*words)

    assert closed_up(line) is line


def test_stops_of_a_line_that_runs_leftwards_stay_as_they_are() -> None:
    line = replace(line_of(("Oculos", 0), (",", 68)), direction=Direction.RIGHT_TO_LEFT)

    assert closed_up(line) is line


@pytest.mark.parametrize(
    ("language", "text"), [("lat", "Oculos, Aures"), ("fra", "Oculos , Aures")]
)
def test_the_recipe_closes_up_stops_but_in_french(language: str, text: str) -> None:
    class ReadsLine(ReadsWords):
        languages = ("fra", "lat")

        def recognise(
            self, canvas: Canvas, options: ReadOptions, deadline: Deadline
        ) -> tuple[Zone, ...]:
            line = line_of(("Oculos", 0), (",", 68), ("Aures", 90))
            return (Zone(ZoneKind.TEXT, line.quad, (line,)),)

    page = read_page(
        Canvas(np.full((400, 400), 255, np.uint8)),
        number=1,
        options=ReadOptions(languages=(language,)),
        context=ReadContext(ReadsLine(), Deadline.after(60)),
    )

    assert page.text == text
