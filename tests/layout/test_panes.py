from __future__ import annotations

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
