from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.document.model import Page, Zone
from ocr_server.document.roles import Role, Roles
from tests.export.documents import page, zone

BODY = "the offices of the north share one list of all that\nis kept in the house since spring"


def sheet(number: int, head: str, foot: str) -> Page:
    return page(
        *(zone(text, top=top) for text, top in ((head, 20), (BODY, 300), (foot, 960)) if text),
        number=number,
    )


def roles_of(*pages: Page) -> list[list[Role]]:
    roles = Roles.of(pages)
    return [
        [passage.role for zone in one.zones for passage in roles.passages(one, zone)]
        for one in pages
    ]


def test_heads_feet_and_numbers_are_told_from_page_to_page() -> None:
    sheets = [sheet(number, "Annual report", f"Page {number + 16} of 90") for number in (1, 2, 3)]

    assert roles_of(*sheets) == [[Role.HEADER, Role.TEXT, Role.PAGE_NUMBER]] * 3


def test_a_head_that_was_read_with_errors_is_still_one() -> None:
    heads = ["Annual report 2024", "Annua1 rep0rt 2024", "Annual repori 2024"]

    found = roles_of(*(sheet(number, head, "") for number, head in enumerate(heads, start=1)))

    assert found == [[Role.HEADER, Role.TEXT]] * 3


@pytest.mark.parametrize(
    ("heads", "role"),
    [
        (["Chapter number one", "Chapter number two", "Chapter number three"], Role.HEADING),
        (["Lesson 1", "Lesson 2", "Lesson 3"], Role.HEADING),
        (["Harbour Library", "Harbour Librory", "Harbour Library"], Role.HEADER),
    ],
)
def test_headings_that_begin_alike_run_over_no_pages(heads: list[str], role: Role) -> None:
    sheets = []
    for number, head in enumerate(heads, start=1):
        whole = sheet(number, head, "")
        large = tuple(replace(line, x_height_px=15) for line in whole.zones[0].lines)
        zones = (replace(whole.zones[0], lines=large), *whole.zones[1:])
        sheets.append(replace(whole, zones=zones))

    assert roles_of(*sheets) == [[role, Role.TEXT]] * 3


def test_a_number_that_does_not_go_up_with_the_pages_is_text() -> None:
    assert roles_of(sheet(1, "", "Total 512"), sheet(2, "", "17")) == [[Role.TEXT] * 2] * 2


def test_roman_numbers_go_up_too() -> None:
    found = roles_of(sheet(1, "", "iii"), sheet(2, "", "iv"), sheet(3, "", "v"))

    assert found == [[Role.TEXT, Role.PAGE_NUMBER]] * 3


def test_a_number_among_other_words_is_none_of_a_page() -> None:
    sheets = [sheet(1, "", "16 See footnote 9."), sheet(2, "", "17 Of the moon"), sheet(3, "", "9")]

    assert roles_of(*sheets) == [[Role.TEXT] * 2] * 3


def test_heads_of_left_and_right_pages_differ() -> None:
    sheets = [sheet(n, "The house" if n % 2 else "Chapter two: winter", "") for n in range(1, 7)]

    assert roles_of(*sheets) == [[Role.HEADER, Role.TEXT]] * 6


def test_pages_of_nothing_but_a_like_line_have_their_text() -> None:
    alike = [page(zone("Annual report", top=20), number=number) for number in (1, 2)]

    assert roles_of(*alike) == [[Role.TEXT]] * 2


def test_one_page_has_no_running_lines() -> None:
    assert roles_of(sheet(1, "Annual report", "1")) == [[Role.TEXT] * 3]


@pytest.mark.parametrize(("x_height_px", "role"), [(24, Role.TITLE), (16, Role.HEADING)])
def test_large_type_is_a_title_or_heading(x_height_px: float, role: Role) -> None:
    assert roles_of(page(large(zone("The winter"), x_height_px), zone(BODY, top=300))) == [
        [role, Role.TEXT]
    ]


def test_items_of_a_list_stand_alone() -> None:
    listed = zone("We need:\n• the first\nof them\n• the second", top=300)

    assert roles_of(page(listed)) == [[Role.TEXT, Role.LIST_ITEM, Role.LIST_ITEM]]


def large(one: Zone, x_height_px: float) -> Zone:
    return replace(one, lines=(replace(one.lines[0], x_height_px=x_height_px),))
