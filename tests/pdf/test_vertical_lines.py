"""Vertical writing whose letters are shown one by one, in whatever order of lines."""

from __future__ import annotations

from itertools import chain

import pytest

from ocr_server.document.model import Direction, Zone
from ocr_server.geometry import Box, Point
from ocr_server.pdf.letters import Letter, Piece
from ocr_server.pdf.text_lines import make_zones

SIZE = 20
POEM = ("春の海ひねもす", "のたりのたりかな", "終日波を見る")


def signs(
    text: str, x: float, y: float, *, step: tuple[float, float], size: float = SIZE
) -> list[Letter]:
    """Letters with pieces of their own; the first has its left top corner at a point."""
    letters = []
    for place, sign in enumerate(text):
        left, top = x + place * step[0], y + place * step[1]
        piece = Piece(hash((sign, left, top)), 1, size, size, 0.0, is_invisible=False)
        box = Box(left, top, left + size * (1 if sign > "\u1100" else 0.5), top + size)
        origin = Point(left, top + 0.8 * size)
        letters += [Letter(sign, box.quad(), origin, piece), Letter("\r"), Letter("\n")]
    return letters


def column(text: str, x: float, y: float = 100, *, pitch: float = 22) -> list[Letter]:
    return signs(text, x, y, step=(0, pitch))


def texts(zones: tuple[Zone, ...]) -> list[str]:
    return [line.text for zone in zones for line in zone.lines]


@pytest.mark.parametrize("pitch", [20, 26, 34])
@pytest.mark.parametrize("places", [(160, 130, 100), (300, 230, 160)])
@pytest.mark.parametrize("is_from_left", [False, True])
def test_columns_are_read_from_the_right(
    pitch: float, places: tuple[int, ...], is_from_left: bool
) -> None:
    columns = [column(text, x, pitch=pitch) for text, x in zip(POEM, places, strict=True)]
    letters = list(chain(*(reversed(columns) if is_from_left else columns)))

    zones = make_zones(letters)

    assert texts(zones) == list(POEM)
    assert {line.direction for zone in zones for line in zone.lines} == {Direction.TOP_TO_BOTTOM}


def test_letters_that_come_from_the_bottom_are_read_from_the_top() -> None:
    assert texts(make_zones(column(POEM[0], 100)[::-1])) == [POEM[0]]


def test_the_upper_tier_is_read_before_the_lower_one() -> None:
    upper, lower = (
        list(chain(*(column(text, x, y) for text, x in zip(POEM, (100, 130, 160), strict=True))))
        for y in (100, 400)
    )

    assert texts(make_zones(lower + upper)) == list(POEM[::-1]) * 2


def test_short_columns_and_figures_within_one_belong_to_vertical_writing() -> None:
    figures = signs("12", 100, 144, step=(10, 0))
    letters = column("昭和", 100) + figures + column("年の冬", 100, 166)
    letters += column("かな", 70) + column("る", 40)

    assert texts(make_zones(letters)) == ["昭和12年の冬", "かな", "る"]


def test_readings_beside_a_column_leave_it_whole() -> None:
    first, *rest = (column(sign, 100, 100 + 22 * place) for place, sign in enumerate(POEM[0]))
    readings = signs("はる", 122, 100, step=(0, 10), size=8)

    assert sorted(texts(make_zones([*first, *readings, *chain(*rest)]))) == ["はる", POEM[0]]


def test_a_title_and_level_lines_whose_letters_are_shown_one_by_one_stay_level() -> None:
    title = signs("春の歌", 100, 50, step=(20, 0))
    level = signs("波を見る", 100, 400, step=(20, 0)) + signs("終日の海", 100, 420, step=(20, 0))

    zones = make_zones(title + column(POEM[0], 160) + column(POEM[1], 130) + level)

    assert texts(zones) == ["春の歌", POEM[0], POEM[1], "波を見る", "終日の海"]


def test_single_letters_in_the_rows_of_a_table_are_no_column() -> None:
    cells = signs("有無有無", 300, 100, step=(0, 32))
    names = list(chain(*(signs("品名甲", 100, 100 + 32 * row, step=(20, 0)) for row in range(4))))

    zones = make_zones(names + cells)

    assert texts(zones) == ["品名甲"] * 4 + ["有", "無", "有", "無"]
