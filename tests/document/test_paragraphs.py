from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import pytest

from ocr_server.document.lines import Direction, Line, Word
from ocr_server.document.paragraphs import PlacedLine, paragraph_numbers, parted_at_sentences
from ocr_server.geometry import Box, Point

HEIGHT_PX, LETTER_PX, PITCH_PX = 20, 10, 25
FULL = "these words fill the whole width of a line"


def set_lines(*placed: tuple[float, str], whites: dict[int, float] | None = None) -> list[Line]:
    """Lines that begin at an x, below each other; `whites` has more white before some, in px."""
    lines = []
    top = 0.0
    for number, (left, text) in enumerate(placed):
        top += (whites or {}).get(number, 0)
        x, words = left, []
        for word in text.split():
            end = x + LETTER_PX * len(word)
            words.append(Word(word, Box(x, top, end, top + HEIGHT_PX).quad(), 0.9))
            x = end + LETTER_PX
        box = Box(left, top, x - LETTER_PX, top + HEIGHT_PX)
        baseline = (Point(box.left, box.bottom), Point(box.right, box.bottom))
        lines.append(Line(tuple(words), box.quad(), baseline, HEIGHT_PX / 2))
        top += PITCH_PX
    return lines


def mirrored(line: Line) -> Line:
    def flip(box: Box) -> Box:
        return Box(1000 - box.right, box.top, 1000 - box.left, box.bottom)

    words = tuple(replace(word, quad=flip(word.box).quad()) for word in line.words)
    return replace(line, words=words, quad=flip(line.box).quad(), direction=Direction.RIGHT_TO_LEFT)


def numbers_of(lines: list[Line]) -> list[int]:
    whites = [0.0, *((b.box.top - a.box.bottom) / HEIGHT_PX for a, b in pairwise(lines))]
    return paragraph_numbers(
        [PlacedLine(line, line.box, white) for line, white in zip(lines, whites, strict=True)]
    )


INDENTED = [
    (30, FULL),
    (0, FULL),
    (0, "of it."),
    (30, FULL),
    (0, FULL),
    (30, "One."),
    (30, FULL),
    (0, FULL),
]
HANGING = [(0, FULL), (30, FULL), (30, FULL), (0, FULL), (30, FULL), (30, FULL)]
ITEMS = [(0, FULL), (0, "and so on."), (0, "An item of one line."), (0, "Another " + FULL[8:])]
LISTED = [(0, FULL), (0, FULL), (0, FULL), (30, FULL[3:]), (30, FULL[3:])]
CENTRED = [(150, "A title of three"), (50, "lines, the second longer"), (0, FULL)]


@pytest.mark.parametrize("leftwards", [False, True])
@pytest.mark.parametrize(
    ("placed", "numbers"),
    [
        ([(0, FULL)] * 4, [0, 0, 0, 0]),
        (INDENTED, [0, 0, 0, 1, 1, 2, 3, 3]),
        (HANGING, [0, 0, 0, 1, 1, 1]),
        (ITEMS, [0, 0, 1, 2]),
        (LISTED, [0, 0, 0, 1, 1]),
        (CENTRED, [0, 0, 0]),
    ],
    ids=["prose", "indented", "hanging", "items", "list", "centred"],
)  # fmt: skip
def test_paragraphs_begin_where_lines_say_so(
    placed: list[tuple[float, str]], numbers: list[int], *, leftwards: bool
) -> None:
    lines = set_lines(*placed)

    assert numbers_of([mirrored(line) for line in lines] if leftwards else lines) == numbers


@pytest.mark.parametrize("more_px", [8, 14])
def test_more_white_than_usual_begins_a_paragraph(more_px: float) -> None:
    assert numbers_of(set_lines(*[(0, FULL)] * 6, whites={3: more_px})) == [0, 0, 0, 1, 1, 1]


def test_type_of_another_size_begins_a_paragraph() -> None:
    head, *body = set_lines(*[(0, FULL)] * 3)

    assert numbers_of([replace(head, x_height_px=14), *body]) == [0, 1, 1]


def test_paragraphs_of_an_engine_are_parted_where_sentences_end() -> None:
    lines = set_lines(*ITEMS, (0, "and " + FULL[4:]))
    lines[4] = replace(lines[4], paragraph=1)

    assert [line.paragraph for line in parted_at_sentences(lines)] == [0, 0, 1, 2, 3]


def test_one_line_and_none_are_as_they_were() -> None:
    lines = set_lines((0, FULL))

    assert parted_at_sentences(lines) == tuple(lines)
    assert parted_at_sentences([]) == ()
