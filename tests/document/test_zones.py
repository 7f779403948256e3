"""The levels of a page: what is left of a line without some of its words, letters, blanks."""

from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.document.characters import has_blank, is_ideograph
from ocr_server.document.model import Line, Word, Zone, ZoneKind, hull_of, letters_in
from ocr_server.geometry import Box, Point, Quad, Transform


def _line(*texts: str, turned_deg: float = 0.0) -> Line:
    """Words of 90 × 20 px, 10 px apart, the line's box 5 px larger on all sides."""
    turn = Transform.rotation(turned_deg)
    words = tuple(
        Word(text, Box(100 * n, 0, 100 * n + 90, 20).quad().mapped(turn), 0.9)
        for n, text in enumerate(texts)
    )
    box = Box(-5, -5, 100 * len(texts) - 5, 25)
    return Line(words, box.quad().mapped(turn), (Point(0, 20), Point(300, 20)), 10.0)


def test_a_line_without_some_of_its_words_is_as_long_as_the_others() -> None:
    line = _line("total", "~", "9.50").filtered(lambda word: word.text != "9.50")

    assert line is not None
    assert line.text == "total ~"
    assert line.box == Box(0, 0, 190, 20)


@pytest.mark.parametrize("turned_deg", [3.0, -12.0, 90.0])
def test_a_slanting_line_without_some_of_its_words_slants_as_before(turned_deg: float) -> None:
    line = _line("~", "total", "9.50", turned_deg=turned_deg)

    kept = line.filtered(lambda word: word.text != "~")

    assert kept is not None
    wanted = Box(100, 0, 290, 20).quad().mapped(Transform.rotation(turned_deg))
    assert [tuple(point) for point in kept.quad] == [
        pytest.approx(tuple(point)) for point in wanted
    ]


def test_a_line_that_keeps_all_words_stays_as_it_is() -> None:
    line = _line("total", "9.50")

    assert line.filtered(lambda _: True) is line


def test_nothing_is_left_of_a_line_without_words() -> None:
    assert _line("~").filtered(lambda _: False) is None


def test_the_hull_of_words_holds_them_all() -> None:
    line = _line("total", "9.50")
    slanting = Quad(Point(5, -3), Point(50, 0), Point(48, 30), Point(2, 27))

    assert hull_of([*line.words, Word("x", slanting, 1.0)]) == Box(0, -3, 190, 30)


@pytest.mark.parametrize(
    ("written", "printed", "expected"), [("abc", "de", True), ("ab", "cde", False)]
)
def test_a_zone_is_handwritten_if_most_of_its_letters_are(
    written: str, printed: str, expected: bool
) -> None:
    lines = (replace(_line(written), handwritten=True), _line(printed))

    assert Zone(ZoneKind.TEXT, lines[0].quad, lines).handwritten is expected


def test_letters_and_digits_are_counted() -> None:
    assert letters_in(_line("A-1", "…", "größe").words) == 7


@pytest.mark.parametrize(
    ("before", "after", "stands"),
    [
        ("one", "two", True),
        ("漢", "字", False),
        ("カナ", "漢字", False),
        ("漢字", "\uff21\uff22", False),
        ("漢字", "two", True),
        ("한국", "어", True),
        ("", "one", False),
    ],
)
def test_a_blank_stands_between_words_of_scripts_that_have_it(
    before: str, after: str, *, stands: bool
) -> None:
    assert has_blank(before, after) is stands


@pytest.mark.parametrize("character", ["漢", "カ", "々", "𠀀"])
def test_ideographs_and_kana_are_ideographs(character: str) -> None:
    assert is_ideograph(character)


@pytest.mark.parametrize("character", ["a", "한", "\uff21", "\u3000", "•"])
def test_hangul_full_width_letters_and_blanks_are_no_ideographs(character: str) -> None:
    assert not is_ideograph(character)
