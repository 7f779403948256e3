from __future__ import annotations

from collections.abc import Sequence
from itertools import cycle

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.layout.panes import find_panes

LINES = ["Apples and pears", "Bread, two loaves", "Milk and butter", "Eggs, a dozen", "Coffee"] * 2
FONT = ImageFont.load_default(24)


def draw_text(picture: Image.Image, left: int, top: int, *, fill: int, pitch_px: int = 44) -> None:
    draw = ImageDraw.Draw(picture)
    for number, line in enumerate(LINES):
        draw.text((left, top + number * pitch_px), line, fill=fill, font=FONT)


def draw_sheet(fill: int = 30) -> Image.Image:
    sheet = Image.new("L", (320, 500), 250)
    draw_text(sheet, 30, 30, fill=fill)
    return sheet


def panes_of(picture: Image.Image) -> tuple[tuple[int, int, int, int], ...]:
    return tuple(box.rounded() for box in find_panes(ImageStatistics(Canvas(np.asarray(picture)))))


@pytest.mark.parametrize(("left", "right"), [(243, 30), (45, 255), (226, 255), (60, 25)], ids=str)
def test_a_change_of_the_ground_from_top_to_bottom_divides(left: int, right: int) -> None:
    picture = Image.new("L", (900, 520), right)
    ImageDraw.Draw(picture).rectangle((0, 0, 300, 520), fill=left)
    draw_text(picture, 30, 30, fill=30 if left > 128 else 220)
    draw_text(picture, 360, 45, fill=30 if right > 128 else 220)

    panes = panes_of(picture)

    assert len(panes) == 2
    assert abs(panes[0][2] - 301) <= 6
    assert 0 <= panes[1][0] - panes[0][2] <= 8


def test_a_bar_above_the_panes_is_a_pane_of_its_own() -> None:
    picture = Image.new("L", (900, 560), 255)
    draw = ImageDraw.Draw(picture)
    draw.rectangle((0, 0, 900, 44), fill=90)
    draw.rectangle((0, 45, 300, 560), fill=225)
    draw.text((300, 6), "A window", fill=240, font=FONT)
    draw_text(picture, 30, 80, fill=30)
    draw_text(picture, 360, 80, fill=30)

    tops = [pane[1] for pane in panes_of(picture)]

    assert tops[0] == 0
    assert [abs(top - 45) <= 6 for top in tops[1:]] == [True, True]


def test_a_rule_through_the_page_divides_nothing() -> None:
    picture = Image.new("L", (900, 520), 255)
    ImageDraw.Draw(picture).line((300, 0, 300, 520), fill=0, width=2)
    draw_text(picture, 30, 30, fill=30)
    draw_text(picture, 360, 30, fill=30)

    assert not panes_of(picture)


def test_a_shaded_column_of_a_table_is_no_pane() -> None:
    picture = Image.new("L", (900, 620), 255)
    ImageDraw.Draw(picture).rectangle((40, 60, 300, 540), fill=215)
    draw_text(picture, 60, 80, fill=30)
    draw_text(picture, 360, 80, fill=30)

    assert not panes_of(picture)


@pytest.mark.parametrize(("ground", "turns_deg"), [(190, (1.5, -2)), (30, (0, 0)), (60, (3, -2))])
def test_two_sheets_on_one_glass_are_two_panes(ground: int, turns_deg: tuple[float, float]) -> None:
    picture = Image.new("L", (900, 620), ground)
    for left, angle_deg in zip((60, 500), turns_deg, strict=True):
        sheet = draw_sheet().convert("RGBA").rotate(angle_deg, expand=True)
        picture.paste(sheet.convert("L"), (left, 40), sheet)

    panes = panes_of(picture)

    assert len(panes) == 2
    assert panes[0][2] <= 470 <= panes[1][0]


@pytest.mark.parametrize(("down_px", "angle_deg"), [(20, 0.0), (0, 2.5)])
def test_texts_whose_rows_do_not_match_are_two(down_px: int, angle_deg: float) -> None:
    picture = Image.new("L", (900, 640), 250)
    picture.paste(draw_sheet(), (40, 40))
    other = draw_sheet().rotate(angle_deg, resample=Image.Resampling.BICUBIC, fillcolor=250)
    picture.paste(other, (480, 40 + down_px))

    assert len(panes_of(picture)) == 2


def test_rows_through_both_columns_are_one_page() -> None:
    picture = Image.new("L", (900, 640), 250)
    picture.paste(draw_sheet(), (40, 40))
    picture.paste(draw_sheet(), (480, 40))

    assert not panes_of(picture)


def test_a_picture_without_text_has_no_panes() -> None:
    assert not panes_of(Image.new("L", (600, 400), 255))


PROSE = (
    "the committee met in spring and agreed that every office keeps its own list of stock until "
    "a common one has been tried for half a year while costs are shared as before because nobody "
    "could say how much of the old paper would still be needed after the move to the river"
)


def draw_receipt(draw: ImageDraw.ImageDraw, left: int, goods: list[str]) -> None:
    """A receipt of 400 px: centred lines, and labels with amounts that end alike."""
    rows = [(name, f"{3 + 7 * number}.{40 + number}") for number, name in enumerate(goods)]
    rows += [("TOTAL", "128.40"), ("CASH", "130.00"), ("CHANGE", "1.60")]
    rows = [
        (text, "") for text in ("GREEN GROCER", "12 Mill Road, Leeds", "VAT 471 8821 40")
    ] + rows
    rows += [("THANK YOU, PLEASE COME AGAIN", "")]
    for number, (text, amount) in enumerate(rows):
        top = 40 + number * 40
        if amount:
            draw.text((left, top), text, fill=20, font=FONT)
            draw.text((left + 400, top), amount, fill=20, font=FONT, anchor="ra")
        else:
            draw.text((left + 200, top), text, fill=20, font=FONT, anchor="ma")


def draw_prose(draw: ImageDraw.ImageDraw, left: int, *, width_px: int, first: int) -> None:
    """Ten lines, each with as many words as fit."""
    words = cycle(PROSE.split()[first:])
    line, lines = next(words), list[str]()
    while len(lines) < 10:
        word = next(words)
        if draw.textlength(f"{line} {word}", FONT) <= width_px:
            line = f"{line} {word}"
        else:
            lines.append(line)
            line = word
    for number, text in enumerate(lines):
        draw.text((left, 40 + number * 40), text, fill=20, font=FONT)


@pytest.mark.parametrize("count", [2, 3])
def test_receipts_whose_rows_are_level_are_told_by_their_form(count: int) -> None:
    picture = Image.new("L", (60 + count * 480, 640), 250)
    draw = ImageDraw.Draw(picture)
    for number in range(count):
        draw_receipt(draw, 60 + number * 480, LINES[number : 5 + 2 * number])

    panes = panes_of(picture)

    assert len(panes) == count
    assert all(460 + 480 * n <= pane[2] <= 540 + 480 * n for n, pane in enumerate(panes[:-1]))


def draw_flush(rows: Sequence[str], *others: Sequence[str]) -> Image.Image:
    """Texts beside each other, their lines at the left edges and amounts at the right ones."""
    picture = Image.new("L", (60 + (1 + len(others)) * 480, 640), 250)
    draw = ImageDraw.Draw(picture)
    for place, side in enumerate((rows, *others)):
        for number, row in enumerate(side):
            label, _, amount = row.partition(": ")
            left, top = 60 + place * 480, 40 + number * 40
            draw.text((left, top), label, fill=20, font=FONT)
            draw.text((left + 400, top), amount, fill=20, font=FONT, anchor="ra")
    return picture


GROCER = (
    "Green Grocer", "12 Mill Road", "", "Apples: 3.40", "Bread: 2.10", "Coffee: 7.95", "",
    "Total: 13.45", "Cash: 20.00", "Thank you",
)  # fmt: skip
BAKER = (
    "Corner Bakery", "4 Station Road", "Tel 960 114", "", "Croissants: 4.20", "Rye bread: 3.80",
    "Apple pie: 5.10", "Tea: 1.90", "Total: 15.00", "", "Card", "Keep this receipt",
)  # fmt: skip


def test_receipts_with_all_lines_at_the_left_are_told_by_pairs_that_are_not_level() -> None:
    assert len(panes_of(draw_flush(GROCER, BAKER))) == 2
    assert not panes_of(draw_flush(GROCER, GROCER))


@pytest.mark.parametrize(("count", "width_px"), [(2, 420), (3, 300)])
def test_columns_of_prose_are_told_by_where_lines_end(count: int, width_px: int) -> None:
    picture = Image.new("L", (60 + count * (width_px + 60), 500), 250)
    draw = ImageDraw.Draw(picture)
    for number in range(count):
        left = 60 + number * (width_px + 60)
        draw_prose(draw, left, width_px=width_px, first=7 * number)

    assert len(panes_of(picture)) == count


@pytest.mark.parametrize("head", [False, True], ids=["table", "invoice"])
def test_a_table_of_two_labels_and_two_amounts_is_one_page(head: bool) -> None:
    picture = Image.new("L", (1040, 720), 250)
    draw = ImageDraw.Draw(picture)
    for number, name in enumerate(LINES):
        top = 200 + number * 40
        draw.text((60, top), name, fill=20, font=FONT)
        draw.text((460, top), f"{7 + number}.50", fill=20, font=FONT, anchor="ra")
        draw.text((560, top), LINES[-number], fill=20, font=FONT)
        draw.text((980, top), f"{9 + 3 * number}.20", fill=20, font=FONT, anchor="ra")
    for number in range(3 * head):
        for left in (60, 560):
            draw.text((left, 60 + 40 * number), LINES[number], fill=20, font=FONT)

    assert not panes_of(picture)


def test_a_table_of_phrases_is_one_page() -> None:
    picture = Image.new("L", (1040, 720), 250)
    draw = ImageDraw.Draw(picture)
    for number in range(14):
        for left, first in ((60, 5 * number), (560, 5 * number + 3)):
            phrase = " ".join(
                (PROSE.split() * 2)[first % 50 : first % 50 + 3 + (number * 7 + left) % 4]
            )
            draw.text((left, 60 + 40 * number), phrase, fill=20, font=FONT)

    assert not panes_of(picture)


def test_ditto_marks_stand_in_the_rows_of_a_table() -> None:
    picture = Image.new("L", (1000, 720), 250)
    draw = ImageDraw.Draw(picture)
    for number, name in enumerate(LINES + LINES[:5]):
        top = 60 + 40 * number
        same = "Leeds, Mill Road, 62" if number % 7 == 0 else '"         "        "         2'
        draw.text((60, top), same, fill=20, font=FONT)
        draw.text((560, top), name, fill=20, font=FONT)

    assert not panes_of(picture)


def test_short_entries_that_seem_to_stand_aslant_are_those_of_a_table() -> None:
    picture = Image.new("L", (900, 540), 250)
    draw = ImageDraw.Draw(picture)
    entries = [*LINES[:5], "Paper", "Olive oil", "Soap", "Sugar", "Tea bags", "Eggs", "Rice"]
    left = [8, 2, 11, 4, 3, 6, 2, 1, 10, 3, 8, 2]  # which seem to be turned
    right = [5, 8, 8, 8, 11, 2, 10, 7, 3, 8, 8, 7]
    for number, pair in enumerate(zip(left, right, strict=True)):
        for x, entry in zip((60, 560), pair, strict=True):
            draw.text((x, 40 + number * 40), entries[entry], fill=20, font=FONT)

    assert not panes_of(picture)
