from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ocr_server.document.model import Line, Word
from ocr_server.geometry import Box, Point
from ocr_server.imaging.canvas import Pixels
from ocr_server.page.misread_rules import without_rules

TOP, BOTTOM = 80, 110  # of the line


def page_with_rule(x: int, top: int, bottom: int) -> Pixels:
    pixels = np.full((200, 400), 240, np.uint8)
    pixels[top:bottom, x : x + 3] = 30
    return pixels


def line_of(*placed: tuple[str, float, float]) -> Line:
    words = tuple(
        Word(text, Box(left, TOP, right, BOTTOM).quad(), 0.9) for text, left, right in placed
    )
    box = Box(placed[0][1], TOP, placed[-1][2], BOTTOM)
    return Line(words, box.quad(), (Point(box.left, BOTTOM), Point(box.right, BOTTOM)), 20)


@pytest.mark.parametrize(
    ("text", "x"), [("42|", 148), ("|42", 101)], ids=["behind a word", "before a word"]
)
@pytest.mark.parametrize(("top", "bottom"), [(0, 110), (80, 200), (20, 160)])
def test_a_bar_that_is_part_of_a_rule_is_no_letter(
    text: str, x: int, top: int, bottom: int
) -> None:
    line = line_of((text, 100, 152), ("180.00", 200, 290))

    kept = without_rules(line, page_with_rule(x, top, bottom))

    assert kept is not None
    assert [word.text for word in kept.words] == ["42", "180.00"]
    assert (kept.words[0].box.left > x) is (text == "|42")
    assert (kept.words[0].box.right < x) is (text == "42|")


def test_a_bar_as_high_as_its_line_is_a_letter() -> None:
    line = line_of(("Name", 50, 120), ("|", 148, 152), ("Amount|", 170, 260))

    assert without_rules(line, page_with_rule(148, TOP - 2, BOTTOM + 2)) is line


def test_a_rule_without_words_is_no_line() -> None:
    assert without_rules(line_of(("|", 148, 152)), page_with_rule(148, 0, 200)) is None


def test_a_bar_at_the_edge_of_the_page_is_kept() -> None:
    line = line_of(("|", 148, 152))
    at_edge = replace(line, words=(replace(line.words[0], quad=Box(148, 5, 152, 35).quad()),))

    assert without_rules(at_edge, page_with_rule(148, 0, 38)) is at_edge
