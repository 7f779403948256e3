from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.deadline import Deadline
from ocr_server.document.model import Page, Word, ZoneKind
from ocr_server.engines.tesseract_cli import PytesseractEngine
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import LineNumberUse, ReadOptions
from ocr_server.page import combs
from ocr_server.page.combs import read_runs
from ocr_server.page.reading import read_page
from ocr_server.page.state import PageState, ReadContext

pytestmark = pytest.mark.tesseract

FONT = ImageFont.load_default(28)
HEADS = ("Pressure", "Flow rate", "Last service")
ROWS = (("Pump A", "3.10", "0.42", "May"), ("Pump B", "2.95", "0.38", "June"))
LINES = (
    "The keeper of the store said", "that he had seen the wagon", "late in the evening, and that",
    "two men were standing by it", "who did not speak to him", "before they drove away",
)  # fmt: skip


def read(picture: Image.Image, **asked: object) -> Page:
    return read_page(
        Canvas(np.asarray(picture)),
        number=1,
        options=ReadOptions(**asked),  # type: ignore[arg-type]  # whatever the test asks for
        context=ReadContext(PytesseractEngine(), Deadline.after(60)),
    )


def draw_table() -> Image.Image:
    picture = Image.new("L", (900, 520), 255)
    draw = ImageDraw.Draw(picture)
    xs, ys = (40, 240, 400, 560, 740), (40, 280, 350, 420)
    for x in xs:
        draw.line((x, ys[0], x, ys[-1]), fill=0, width=2)
    for y in ys:
        draw.line((xs[0], y, xs[-1], y), fill=0, width=2)
    for left, text in zip(xs[1:], HEADS, strict=False):
        head = Image.new("L", (220, 40), 255)
        ImageDraw.Draw(head).text((6, 2), text, fill=0, font=FONT)
        picture.paste(head.rotate(90, expand=True), (left + 50, 50))
    for top, row in zip(ys[1:], ROWS, strict=False):
        for left, text in zip(xs, row, strict=False):
            draw.text((left + 30, top + 18), text, fill=0, font=FONT)
    return picture


def draw_numbered() -> Image.Image:
    picture = Image.new("L", (760, 380), 255)
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(LINES, start=1):
        draw.text((40, 50 * number - 10), str(number), fill=0, font=FONT)
        draw.text((100, 50 * number - 10), line, fill=0, font=FONT)
    return picture


def draw_boxes(draw: ImageDraw.ImageDraw, letters: str) -> None:
    for number, letter in enumerate(letters):
        left = 50 + 48 * number
        draw.rectangle((left, 110, left + 48, 170), outline=60, width=2)
        draw.text((left + 24, 140), letter, fill=0, font=ImageFont.load_default(36), anchor="mm")


def test_heads_on_their_side_stand_in_the_cells_above_their_columns() -> None:
    page = read(draw_table())

    (table,) = (zone.table for zone in page.zones if zone.kind is ZoneKind.TABLE)
    assert table is not None
    cells = {(cell.row, cell.column): cell.text for cell in table.cells}
    assert tuple(cells[0, column] for column in (1, 2, 3)) == HEADS
    assert cells[2, 1] == ROWS[1][1]
    head = next(line for zone in page.zones for line in zone.lines if line.text == HEADS[0])
    assert head.box.height > 3 * head.box.width


@pytest.mark.parametrize("angle_deg", [90, -90], ids=["up", "down"])
def test_two_lines_of_a_head_on_its_side_stand_in_the_order_in_which_they_are_read(
    angle_deg: int,
) -> None:
    picture = Image.new("L", (900, 520), 255)
    head = Image.new("L", (220, 80), 255)
    ImageDraw.Draw(head).multiline_text((6, 2), "Pressure\nat night", fill=0, font=FONT, spacing=8)
    picture.paste(head.rotate(angle_deg, expand=True), (400, 50))
    for number, row in enumerate(ROWS):
        ImageDraw.Draw(picture).text((60, 330 + 60 * number), "  ".join(row), fill=0, font=FONT)

    page = read(picture)

    assert page.text.split()[:3] == ["Pressure", "at", "night"]


def test_each_number_stands_before_its_line() -> None:
    page = read(draw_numbered())

    lines = [line.text for zone in page.zones for line in zone.lines]
    assert lines == [f"{number} {line}" for number, line in enumerate(LINES, start=1)]


def test_numbers_of_lines_are_left_out_on_request() -> None:
    page = read(draw_numbered(), line_numbers=LineNumberUse.DROP)

    assert [line.text for zone in page.zones for line in zone.lines] == list(LINES)


def test_letters_in_boxes_become_words() -> None:
    picture = Image.new("L", (760, 300), 255)
    draw = ImageDraw.Draw(picture)
    draw.text((50, 40), "Name of the applicant", fill=0, font=FONT)
    draw_boxes(draw, "MARY JONES  ")

    page = read(picture)

    assert page.text.split() == ["Name", "of", "the", "applicant", "MARY", "JONES"]
    (mary,) = (word for word in page.words if word.text == "MARY")
    assert abs(mary.box.left - 50) < 6
    assert abs(mary.box.right - 50 - 4 * 48) < 6


def test_rows_of_boxes_beside_their_labels_are_rows_of_the_form() -> None:
    rows = (
        ("Registration", "AB12 CDE"), ("Postcode", "EC1A 1BB"), ("Tax code", "1257L"),
        ("Number", "4411 60161331 92"), ("Flat", "7 B"), ("Date", "21 12 2026"),
    )  # fmt: skip
    picture = Image.new("L", (1240, 60 + 115 * len(rows)), 255)
    draw = ImageDraw.Draw(picture)
    for number, (label, letters) in enumerate(rows):
        top = 60 + 115 * number
        draw.text((60, top + 14), label, fill=0, font=FONT)
        for place in range(16):
            left = 340 + 54 * place
            draw.rectangle((left, top, left + 54, top + 62), outline=60, width=2)
            letter = letters[place : place + 1]
            font = ImageFont.load_default(36)
            draw.text((left + 27, top + 31), letter, fill=0, font=font, anchor="mm")

    page = read(picture)

    assert tuple(line.text for line in page.lines) == tuple(map(" ".join, rows))


def test_a_doubtful_word_in_boxes_stays_beside_sure_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    def doubt_first(state: PageState, runs: Sequence[Sequence[Box]]) -> list[Word]:
        first, *others = read_runs(state, runs)
        return [replace(first, confidence=0.3), *others]

    monkeypatch.setattr(combs, "read_runs", doubt_first)
    picture = Image.new("L", (760, 300), 255)
    draw = ImageDraw.Draw(picture)
    draw.text((50, 40), "Name of the applicant", fill=0, font=FONT)
    draw_boxes(draw, "MARY JONES  ")

    (mary,) = (word for word in read(picture).words if word.text == "MARY")

    assert mary.confidence < 0.5


def test_two_panes_are_read_one_after_the_other() -> None:
    picture = Image.new("L", (900, 400), 255)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 300, 400), fill=50)
    names = ("Inbox", "Drafts", "Sent mail", "Archive", "Holidays", "Spam")
    for number, (name, line) in enumerate(zip(names, LINES, strict=True)):
        draw.text((30, 30 + 50 * number), name, fill=230, font=FONT)
        draw.text((340, 30 + 50 * number), line, fill=20, font=FONT)

    page = read(picture)

    assert page.text.split() == [*" ".join(names).split(), *" ".join(LINES).split()]
    assert [stage.name for stage in page.stages].count("read") == 2
