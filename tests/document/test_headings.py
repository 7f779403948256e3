from __future__ import annotations

from dataclasses import replace

import pytest

from ocr_server.document.headings import heading_size, is_numbered_heading
from ocr_server.document.model import Line, Zone
from ocr_server.document.roles import Role, Roles
from tests.export.documents import page, zone

BODY_PX = 10.0
PROSE = "The offices of the north share one list of all that\nis kept in the house since spring."


def sized(text: str, share: float) -> Zone:
    one = zone(text)
    return replace(
        one, lines=tuple(replace(line, x_height_px=share * BODY_PX) for line in one.lines)
    )


def lines(text: str, share: float) -> tuple[Line, ...]:
    return sized(text, share).lines


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("The winter", 1.6),
        ("CHAPTER II.", 1.6),
        ("II", 1.6),
        ("1. *Fish*", 2.0),
        ("\u7b2c\u4e00\u7ae0", 1.6),
        ("Appendix", 1.3),
        ("1 Introduction", 1.2),
        ("3.1.2. Feature Set", 0.95),
        ("IV. CALCULATION AND RESULTS", 0.84),
    ],
)
def test_large_type_and_numbers_of_sections_make_headings(text: str, share: float) -> None:
    assert heading_size(lines(text, share), BODY_PX) == pytest.approx(share)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("\u03a8(u) = Z", 2.2),
        ("X", 2.2),
        ("Log10 P [mpc]", 2.0),
        ("[4] J. Baik and E. Rains, Random matrices", 1.6),
        ("|u| > 0", 1.6),
        ("64", 1.6),
        ("goes on in this line", 1.3),
        ("This is a sentence.", 1.3),
        ("1. the first of them", 1.0),
        ("2 Coffee 3.50", 1.2),
        ("3. Wash the dishes", 1.0),
        ("The winter", 1.0),
    ],
)
def test_formulas_units_references_and_items_are_no_headings(text: str, share: float) -> None:
    assert heading_size(lines(text, share), BODY_PX) == 0


def test_without_a_body_nothing_is_large() -> None:
    assert heading_size(lines("The winter", 2), 0) == 0
    assert not is_numbered_heading("", 1)


def test_the_heading_of_a_section_is_parted_from_its_paragraph() -> None:
    one = zone("It ends here before the section begins its text.\n4.1 Method\n" + PROSE)
    first = page(one)
    passages = list(Roles.of([first]).passages(first, one))

    assert [(passage.role, len(passage.lines)) for passage in passages] == [
        (Role.TEXT, 1), (Role.HEADING, 1), (Role.TEXT, 2),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("share", "role"), [(1.4, Role.TITLE), (1.3, Role.TITLE), (1.26, Role.HEADING)]
)
def test_the_first_heading_is_the_title_if_none_is_larger(share: float, role: Role) -> None:
    first = page(
        sized("How to link addresses", share), sized("Introduction", 1.3),
        sized(PROSE, 1), sized(PROSE, 1),
    )  # fmt: skip
    roles = Roles.of([first])

    (passage,) = roles.passages(first, first.zones[0])
    assert passage.role is role
