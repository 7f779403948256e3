from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from ocr_server.deadline import Deadline
from ocr_server.document.model import Line, Word, Zone, ZoneKind
from ocr_server.geometry import Box
from ocr_server.imaging.canvas import Canvas, Pixels
from ocr_server.imaging.statistics import ImageStatistics
from ocr_server.job import ReadOptions
from ocr_server.layout.split import Cutting, cut_parts, join_parts, middle_strip
from ocr_server.page.progress import Progress
from ocr_server.page.reading import read_page
from ocr_server.page.recipe import RECIPE
from ocr_server.page.state import ReadContext
from tests.words import SeeingEngine, draw_page, draw_two_parts


def parts_of(pixels: Pixels, *, most: int = 2, is_table: bool = False) -> tuple[Box, ...]:
    statistics = ImageStatistics(Canvas(pixels))
    return cut_parts(statistics, x_height_px=statistics.x_height_px, most=most, is_table=is_table)


def two_columns() -> Pixels:
    column = draw_page(700, 1500, margin_px=60).pixels
    return np.hstack([column, column])


def test_a_page_of_two_columns_is_cut_in_its_gutter() -> None:
    left, right = parts_of(two_columns())

    assert 640 < left.right < 760
    assert left.right == right.left
    assert (left.height, right.height) == (1500, 1500)


def test_a_page_of_one_column_is_cut_between_two_lines() -> None:
    page = draw_page(1200, 2200).pixels

    upper, lower = parts_of(page)

    assert upper.bottom == lower.top
    assert page[int(upper.bottom) - 1 : int(upper.bottom) + 1].min() == 255
    assert 0.25 < upper.bottom / 2200 < 0.75


def set_tightly(page: Pixels) -> Pixels:
    """The page with at most 11 px of white between two lines, whose x-height is 17 px."""
    is_white = (page == 255).all(axis=1)
    run = 0
    kept = []
    for row, white in enumerate(is_white):
        run = run + 1 if white else 0
        if run <= 11:
            kept.append(row)
    return page[kept]


def test_tightly_set_lines_are_cut_apart() -> None:
    page = set_tightly(draw_page(1200, 2200).pixels)

    upper, lower = parts_of(page)

    assert upper.bottom == lower.top
    assert page[int(upper.bottom) - 1 : int(upper.bottom) + 1].min() == 255


def test_columns_whose_lines_are_level_by_chance_are_not_cut_across() -> None:
    column = set_tightly(draw_page(500, 2200, margin_px=40).pixels)
    page = np.hstack([column, column, column])

    assert parts_of(page) == (Box(0, 0, 1500, len(column)),)


def heading() -> Pixels:
    """A line as wide as two columns, between white."""
    line = np.full((100, 1400), 255, np.uint8)
    line[20:80, 100:1300:9] = 0
    return line


def test_columns_between_a_heading_and_a_footer_are_parts_of_their_own() -> None:
    page = np.vstack([heading(), two_columns(), heading()])

    above, left, right, below = parts_of(page)

    assert above.top == 0
    assert above.bottom == left.top == right.top
    assert left.bottom == right.bottom == below.top
    assert (below.bottom, left.right) == (1700, right.left)
    assert 640 < left.right < 760


def test_columns_are_not_cut_across() -> None:
    page = np.vstack([two_columns(), two_columns()])

    parts = parts_of(page, most=4)

    assert [part.left for part in parts] == [0, 0, *[parts[0].right] * 2]
    assert parts[0].bottom == parts[1].top


def test_a_table_is_cut_between_its_rows() -> None:
    upper, lower = parts_of(two_columns(), is_table=True)

    assert upper.bottom == lower.top
    assert (upper.width, lower.width) == (1400, 1400)


def test_a_page_is_cut_into_as_many_parts_as_can_be_read_at_a_time() -> None:
    page = draw_page(1200, 2200).pixels

    counts = [len(parts_of(page, most=most)) for most in (1, 2, 4)]
    parts = parts_of(page, most=4)

    assert counts == [1, 2, 4]
    assert all(upper.bottom == lower.top for upper, lower in pairwise(parts))
    assert (parts[0].top, parts[-1].bottom) == (0, 2200)


def test_little_text_is_read_in_one_piece() -> None:
    assert parts_of(draw_page(1200, 600).pixels) == (Box(0, 0, 1200, 600),)


def test_a_blank_page_is_one_piece() -> None:
    assert parts_of(np.full((900, 700), 255, np.uint8)) == (Box(0, 0, 700, 900),)


def test_the_number_of_threads_changes_nothing() -> None:
    page = Canvas(draw_two_parts())

    def read(threads: int) -> tuple[Zone, ...]:
        engine = SeeingEngine()
        answer = read_page(
            page, number=1, options=ReadOptions(),
            context=ReadContext(engine, Deadline.after(60), lambda _: nullcontext(threads)),
        )  # fmt: skip
        assert len(engine.canvases) == 2
        return answer.zones

    assert read(1) == read(2) == read(5)


@pytest.mark.parametrize("threads", [1, 2])
def test_each_part_is_told_when_it_has_been_read(threads: int) -> None:
    told: list[Progress] = []
    read_page(
        Canvas(draw_two_parts()), number=1, options=ReadOptions(),
        context=ReadContext(
            SeeingEngine(), Deadline.after(60), lambda _: nullcontext(threads), told.append
        ),
    )  # fmt: skip

    reads = [progress for progress in told if progress.stage == "read"]
    assert reads == [Progress("read"), *(Progress("read", done, 2) for done in range(3))]
    assert [progress.stage for progress in told if progress.stage != "read"] == [
        name for name, _ in RECIPE if name != "read"
    ]
    assert told[0] == Progress("panes")
    assert told[-1] == Progress("junk", 2, 2)


def zone(top: float, *, lines: int = 3, left: float = 0) -> Zone:
    boxes = [Box(left, top + 30 * i, left + 400, top + 30 * i + 20) for i in range(lines)]
    found = tuple(
        Line((Word("text", b.quad(), 0.9),), b.quad(), (b.quad()[3], b.quad()[2]), 10, paragraph=0)
        for b in boxes
    )
    whole = Box(left, top, left + 400, boxes[-1].bottom)
    return Zone(ZoneKind.TEXT, whole.quad(), found)


def test_a_zone_that_was_cut_in_two_becomes_one_again() -> None:
    upper, lower = zone(0), zone(90)

    (joined,) = join_parts(((upper,), (lower,)))

    assert joined.lines == (*upper.lines, *lower.lines)
    assert joined.box == Box(0, 0, 400, 170)
    assert len(joined.paragraphs()) == 1


def test_paragraphs_of_the_second_half_stay_apart() -> None:
    lower = zone(90)
    lower = replace(lower, lines=(*lower.lines[:2], replace(lower.lines[2], paragraph=1)))

    (joined,) = join_parts(((zone(0),), (lower,)))

    assert [len(lines) for lines in joined.paragraphs()] == [5, 1]


def test_zones_that_stand_apart_stay_apart() -> None:
    far, beside = zone(300), zone(90, left=500)

    assert join_parts(((zone(0),), (far,))) == (zone(0), far)
    assert join_parts(((zone(0),), (beside,))) == (zone(0), beside)


def test_an_empty_part_adds_nothing() -> None:
    assert join_parts(((), (zone(0),), ())) == (zone(0),)


def test_a_paragraph_is_cut_where_that_costs_no_start_of_an_engine() -> None:
    statistics = ImageStatistics(Canvas(draw_page(1200, 600).pixels))
    readily = Cutting(fewest_glyphs=40, least_row=0.25)

    upper, lower = cut_parts(statistics, x_height_px=statistics.x_height_px, cutting=readily)

    assert upper.bottom == lower.top
    assert statistics.pixels[int(upper.bottom) - 1 : int(upper.bottom) + 1].min() == 255


def test_a_strip_lies_between_lines_in_the_middle_and_has_about_so_many_letters() -> None:
    statistics = ImageStatistics(Canvas(draw_page(1200, 2200).pixels))

    strip = middle_strip(statistics, letters=150, x_height_px=statistics.x_height_px)

    assert strip is not None
    assert (strip.left, strip.right) == (0, 1200)
    assert strip.top < 1100 < strip.bottom
    for edge in (int(strip.top), int(strip.bottom)):
        assert statistics.pixels[edge - 1 : edge + 1].min() == 255
    inside = statistics.canvas.cropped(strip)
    assert 75 < len(ImageStatistics(inside).glyphs) < 300


def test_there_is_no_strip_of_more_letters_than_the_page_has() -> None:
    statistics = ImageStatistics(Canvas(draw_page(1200, 300).pixels))

    assert middle_strip(statistics, letters=10_000, x_height_px=statistics.x_height_px) is None
