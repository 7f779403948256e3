"""Order and blanks from the places of letters, whatever order the file keeps them in."""

from __future__ import annotations

import pytest

from ocr_server.document.model import Direction
from ocr_server.geometry import Box, Point, Quad
from ocr_server.pdf.letters import Letter, Piece
from ocr_server.pdf.text_lines import make_zones

SIZE = 20
PIECE = Piece(1, 1, SIZE, SIZE, 0.0, is_invisible=False)


def letter(text: str, x: float, y: float, *, width: float = 10, piece: Piece = PIECE) -> Letter:
    """A letter whose baseline starts at a point."""
    return Letter(text, Box(x, y - 15, x + width, y + 5).quad(), Point(x, y), piece)


def seen(text: str, *, left: float = 100, y: float = 100) -> list[Letter]:
    """The letters of a line as they are seen from the left, ten pixels each."""
    return [letter(sign, left + 10 * place, y) for place, sign in enumerate(text)]


@pytest.mark.parametrize("is_stored_reversed", [False, True])
@pytest.mark.parametrize(
    ("read", "from_left"),
    [
        ("شكرا", "اركش"),
        ("مقر رقم", "مقر رقم"[::-1]),
        ("رقم 4471 بتاريخ 14", "14 خيراتب 4471 مقر"),
        ("المبلغ 860.50 دينار", "رانيد 860.50 غلبملا"),
        ("البريد info@harbour.example هنا", "انه info@harbour.example ديربلا"),
        ("انظر Chapter 12 هنا", "انه Chapter 12 رظنا"),
        ("(نعم)", "(معن)"),
        ("(رقم 104455) هنا", "انه (104455 مقر)"),
        ("סכום 17% כאן", "ןאכ 17% םוכס"),
        ("نسبة 15% منها", "اهنم %15 ةبسن"),
        ("السعر (12.50) هنا", "انه (12.50) رعسلا"),
        ("السعر (12.50) هنا", "انه )12.50( رعسلا"),
        ("גרסה (v2) כאן", "ןאכ (v2( הסרג"),
        ("א) סעיף [3])", "([3] ףיעס (א"),
    ],
)
def test_a_line_from_right_to_left_is_read_as_it_is_seen(
    read: str, from_left: str, is_stored_reversed: bool
) -> None:
    letters = seen(from_left)

    (zone,) = make_zones(letters[::-1] if is_stored_reversed else letters)

    assert zone.text == read
    assert zone.lines[0].direction is Direction.RIGHT_TO_LEFT


def test_numbers_beside_each_other_are_read_from_the_right_without_blanks_in_the_file() -> None:
    letters = [one for one in seen("460 11 966 فتاه") if one.text != " "]

    (zone,) = make_zones(letters)

    assert zone.text == "هاتف 966 11 460"


def test_a_word_from_right_to_left_keeps_its_place_in_a_line_from_left_to_right() -> None:
    (zone,) = make_zones(seen("It is called ملاس here today"))

    assert zone.text == "It is called سالم here today"


def test_marks_and_ligatures_are_spelt_after_their_letter() -> None:
    lam, alef, fatha, beh = "\u0644", "\u0627", "\u064e", "\u0628"
    letters = [
        letter(alef, 120, 100),  # one glyph for two letters, which PDFium gives the last first
        letter(lam, 120, 100),
        letter(fatha, 103, 100, width=0),
        letter(beh, 100, 100),
        letter(beh, 110, 100),
    ]

    (zone,) = make_zones([letters[0], letters[1], letters[3], letters[2], letters[4]])

    assert zone.text == f"{lam}{alef}{beh}{beh}{fatha}"


def test_lines_that_run_down_follow_each_other_from_the_right() -> None:
    lines = ["春の海", "ひねもす", "のたり"]
    pieces = [PIECE._replace(number=number) for number in range(3)]
    letters = [
        letter(sign, left, 100 + 20 * place, width=20, piece=piece)
        for line, left, piece in zip(lines[::-1], (100, 140, 180), pieces, strict=True)
        for place, sign in enumerate(line)
    ]
    with_breaks = [one for sign in letters for one in (sign, Letter("\r"), Letter("\n"))]

    (zone,) = make_zones(with_breaks)

    assert zone.text == "\n".join(lines)
    assert {line.direction for line in zone.lines} == {Direction.TOP_TO_BOTTOM}


def test_level_lines_of_wide_letters_stay_level() -> None:
    lines = [*seen("春の海", y=100), Letter("\n"), *seen("のたり", y=130)]

    (zone,) = make_zones(lines)

    assert zone.text == "春の海\nのたり"


@pytest.mark.parametrize("guessed", [True, False])
def test_white_within_a_word_that_is_set_loosely_is_no_blank(guessed: bool) -> None:
    blank = [Letter(" ")] if guessed else []
    letters: list[Letter] = []
    x = 100.0
    for word in ("Annual", "report"):
        for sign in word:
            letters += [letter(sign, x, 100), *blank]
            x += 16
        x += 16

    (zone,) = make_zones(letters)

    assert zone.text == "Annual report"


def test_letters_set_over_each_other_are_parted_where_the_file_has_blanks() -> None:
    places = [100, 110, 120, 130, 134, 144, 154]
    wide = [letter(sign, x, 100, width=16) for sign, x in zip("and now", places, strict=True)]

    (zone,) = make_zones(wide)

    assert zone.text == "and now"


def test_letters_across_a_line_are_another_line() -> None:
    level = seen("Table", left=200)
    piece = PIECE._replace(number=2)
    upwards = [
        Letter(
            sign,
            Quad(Point(85, y), Point(85, y - 10), Point(105, y - 10), Point(105, y)),
            Point(100, y),
            piece,
        )
        for sign, y in zip("208", (300, 290, 280), strict=True)
    ]

    zones = make_zones([*upwards, *level])

    assert [zone.text for zone in zones] == ["208", "Table"]


def test_a_line_is_as_high_as_most_of_its_letters() -> None:
    letters = seen("the sum of all")
    tall = Letter("\u2211", Box(240, 60, 250, 140).quad(), Point(240, 100), PIECE)

    (plain,), (with_sum,) = make_zones(letters), make_zones([*letters, tall])

    assert with_sum.lines[0].x_height_px == pytest.approx(plain.lines[0].x_height_px)
