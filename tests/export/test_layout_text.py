from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocr_server.document.model import Direction, Line, Page, Word, Zone, ZoneKind, hull_of
from ocr_server.export.layout_text import layout_text
from ocr_server.geometry import Box, Transform
from tests.export.documents import LETTER_PX, PITCH_PX, page, word

CODE = """def area(side):
    # of a square
    if side < 0:
        raise ValueError

    return side * side"""
PRICES = """Item               Pieces      Price
Tea, green              2       4.50
Coffee                 12     129.00
Sugar, brown            1        .90"""
TERMINAL = """PID   USER     COMMAND
1     root     /sbin/init
2071  www      nginx: worker
               +- cache"""


def shown(text: str, *, slant_deg: float = 0, x_px: float = 30) -> Page:
    """A page in letters of one width."""
    lines = []
    for row, content in enumerate(text.splitlines()):
        words, at = [], 0
        for part in content.split(" "):
            if part:
                words.append(word(part, x_px + at * LETTER_PX, 40 + row * PITCH_PX))
            at += len(part) + 1
        if words:
            lines.append(line_of(*words))
    way = Transform.rotation(slant_deg)
    zone = Zone(ZoneKind.TEXT, Box(0, 0, 600, 400).quad(), tuple(lines)).mapped(way)
    return page(zone)


def line_of(*words: Word) -> Line:
    """A line of words, its baseline five pixels above its bottom."""
    box = hull_of(words)
    base = Box(box.left, box.top, box.right, box.bottom - 5).quad()
    return Line(words, box.quad(), (base.bottom_left, base.bottom_right), x_height_px=9)


@pytest.mark.parametrize("text", [CODE, PRICES, TERMINAL])
@pytest.mark.parametrize("slant_deg", [0, 3, -2])
def test_what_stands_in_letters_of_one_width_stands_so_again(text: str, slant_deg: float) -> None:
    assert layout_text(shown(text, slant_deg=slant_deg)) == text


@given(
    st.lists(
        st.lists(
            st.tuples(st.integers(0, 6), st.text("abcdefg", min_size=3, max_size=9)),
            min_size=1,
            max_size=5,
        ),
        min_size=1,
        max_size=6,
    )
)
def test_any_words_on_a_grid_stand_so_again(rows: list[list[tuple[int, str]]]) -> None:
    text = "\n".join(
        "".join(" " * (gap + bool(place)) + letters for place, (gap, letters) in enumerate(row))
        for row in rows
    )
    lines = text.splitlines()
    margin = min(len(line) - len(line.lstrip()) for line in lines)
    expected = "\n".join(line[margin:] for line in lines)

    assert layout_text(shown(text)) == expected


def test_zones_side_by_side_are_rows() -> None:
    left, right = shown("one\ntwo\nthree").zones, shown("1.50\n20.00\n3.25", x_px=330).zones

    assert layout_text(page(*left, *right)).splitlines() == [
        "one                           1.50",
        "two                           20.00",
        "three                         3.25",
    ]


@pytest.mark.parametrize("end_px", range(393, 405, 3))
def test_amounts_stand_under_each_other_where_letters_differ_in_width(end_px: int) -> None:
    def row(name: str, width_px: float, amount: str, top: float, end_px: float = end_px) -> Line:
        first = replace(word(name, 40, top), quad=Box(40, top, 40 + width_px, top + 20).quad())
        return line_of(first, word(amount, end_px - len(amount) * LETTER_PX, top))

    lines = (
        row("illicit", 40, "1.00", 40),
        row("MAMMUT", 90, "100.00", 70, end_px + 0.4 * LETTER_PX),
        row("neither", 70, "20.00", 100),
        row("l" * 60, 280, "2.00", 130),  # moves what stands to its right
    )
    text = layout_text(page(Zone(ZoneKind.TEXT, Box(0, 0, 600, 400).quad(), lines)))

    assert len({len(line) for line in text.splitlines()}) == 1


def test_a_column_moves_on_as_a_whole_where_letters_before_it_are_narrow() -> None:
    narrow = replace(word("illiterately", 40, 40), quad=Box(40, 40, 100, 60).quad())
    lines = (
        line_of(narrow, word("first", 130, 40)),
        line_of(word("MMM", 40, 70), word("second", 130, 70)),
    )
    text = layout_text(page(Zone(ZoneKind.TEXT, Box(0, 0, 600, 400).quad(), lines)))

    one, other = text.splitlines()
    assert one.index("first") == other.index("second")
    assert one.startswith("illiterately  first")


def test_empty_lines_are_kept_but_not_the_space_of_a_whole_page() -> None:
    assert layout_text(shown("a\nb\n\nc" + "\n" * 9 + "d")).splitlines() == [
        "a", "b", "", "c", "", "", "", "d"
    ]  # fmt: skip


def test_ideographs_are_two_letters_wide() -> None:
    first = replace(word("紅茶", 40, 40), quad=Box(40, 40, 80, 60).quad())
    lines = (
        line_of(first, word("4.50", 140, 40)),
        line_of(word("tea", 40, 70), word("9.75", 140, 70)),
    )
    text = layout_text(page(Zone(ZoneKind.TEXT, Box(0, 0, 600, 400).quad(), lines)))

    assert text == "紅茶      4.50\ntea       9.75"


def test_a_page_from_right_to_left_begins_at_the_right() -> None:
    def row(top: float, right: float, text: str) -> Line:
        one = line_of(word(text, right - len(text) * LETTER_PX, top))
        return replace(one, direction=Direction.RIGHT_TO_LEFT)

    lines = (row(40, 400, "שלום"), row(70, 360, "עולם"))
    text = layout_text(page(Zone(ZoneKind.TEXT, Box(0, 0, 600, 400).quad(), lines)))

    assert text == "שלום\n    עולם"


def test_a_page_without_text_is_empty() -> None:
    assert layout_text(page()) == ""


def test_coordinates_of_any_size_make_no_row_of_any_size() -> None:
    near = line_of(word("x" * 2000, 0, 40), word("y", 1, 40))
    far = line_of(word("z", 1e9, 80))
    zone = Zone(ZoneKind.TEXT, Box(0, 0, 600, 400).quad(), (near, far))

    assert len(layout_text(page(zone))) < 20_000
