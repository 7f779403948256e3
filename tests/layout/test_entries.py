from __future__ import annotations

from collections import Counter

import numpy as np
from PIL import Image, ImageDraw

from ocr_server.geometry import Point
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.layout.entries import EntryKind, find_entries
from tests.drawing import SENTENCE, draw_lines

CELL_PX = 44


def blank_page() -> tuple[Image.Image, ImageDraw.ImageDraw]:
    page = draw_lines(SENTENCE, *[""] * 8)
    return page, ImageDraw.Draw(page)


def entries_of(page: Image.Image) -> list[tuple[EntryKind, int]]:
    found = find_entries(ImageStatistics(Canvas(np.asarray(page))))
    return [(entry.kind, len(entry.cells)) for entry in found]


def draw_comb(draw: ImageDraw.ImageDraw, cells: int) -> None:
    for number in range(cells):
        left = 40 + number * CELL_PX
        draw.rectangle((left, 120, left + CELL_PX, 170), outline=90, width=2)


def test_equal_boxes_side_by_side_are_one_comb() -> None:
    page, draw = blank_page()
    draw_comb(draw, 4)

    assert entries_of(page) == [(EntryKind.COMB, 4)]


def test_a_thick_round_letter_that_closes_a_box_up_leaves_the_comb_whole() -> None:
    page, draw = blank_page()
    draw_comb(draw, 6)
    for number in (0, 3):
        left = 40 + number * CELL_PX
        draw.rounded_rectangle((left + 4, 123, left + 40, 167), 12, outline=0, width=7)

    assert entries_of(page) == [(EntryKind.COMB, 6)]


def test_boxes_to_tick_are_found_ticked_or_not() -> None:
    page, draw = blank_page()
    for left in (40, 200, 360):
        draw.rectangle((left, 140, left + 26, 166), outline=60, width=2)
    draw.line((200, 140, 228, 168), fill=0, width=6)
    draw.line((228, 138, 199, 167), fill=0, width=6)

    assert entries_of(page) == [(EntryKind.TICK, 1)] * 3


def test_a_wide_box_and_a_level_rule_are_for_text() -> None:
    page, draw = blank_page()
    draw.rectangle((40, 110, 300, 160), outline=60, width=2)
    draw.line((340, 160, 620, 160), fill=60, width=2)

    found = find_entries(ImageStatistics(Canvas(np.asarray(page))))
    box, line = sorted(found, key=lambda entry: entry.box.left)

    assert (box.kind, line.kind) == (EntryKind.TEXT, EntryKind.TEXT)
    assert abs(box.box.left - 40) < 6
    assert abs(box.box.bottom - 160) < 6
    assert abs(line.box.left - 340) < 20
    assert line.box.contains(Point(480, 140))
    assert line.box.bottom > 160


def test_print_has_no_entries() -> None:
    page = draw_lines(SENTENCE, "HILLI ILLIH HHHH IIII lllllll 0OD8B 00 DD", SENTENCE)

    assert Counter(entries_of(page)) == Counter()
