"""Search and replace, typing into lines, lines that were missed, and reading again."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.letter import ReadsLetter, save_letter
from tests.browser.watching import assert_accessible


@pytest.fixture
def two(desk: Page, tmp_path: Path) -> Page:
    """Two letters, the first of them open."""
    desk.set_input_files("#file", save_letter(tmp_path, "other.png"))
    expect(desk.locator(".card[data-state=result]")).to_have_count(2)
    return desk


def text_of(page: Page) -> Locator:
    return page.locator("[data-part=text]")


def test_words_are_found_and_replaced_in_all_files(two: Page) -> None:
    two.get_by_role("button", name="Search and replace").click()
    expect(two.get_by_label("Search for")).to_be_focused()
    two.get_by_label("Search for").fill("ticket")
    hits = two.locator("[data-part=hits]")
    expect(hits).to_have_text("1")
    two.get_by_label("All files").check()
    expect(hits).to_have_text("2")
    assert_accessible(two)

    two.get_by_role("button", name="Next place").click()
    expect(hits).to_have_text("1 of 2")
    expect(two.locator("[data-part=text] .word.lit")).to_have_text("ticket")
    two.get_by_role("button", name="Next place").click()
    expect(two.locator("#desk [data-part=name]")).to_have_text("other.png")
    expect(hits).to_have_text("2 of 2")

    two.get_by_label("Replace with").fill("boat pass")
    two.get_by_role("button", name="All", exact=True).click()
    expect(two.locator("[data-part=text]")).to_contain_text("feny boat pass")
    expect(two.locator("#status")).to_contain_text("2 places replaced")
    expect(hits).to_have_text("0")

    two.get_by_role("button", name="Open letter.png").click()
    expect(two.locator("[data-part=text]")).to_contain_text("feny boat pass")
    two.get_by_role("button", name="Undo").click()
    expect(two.locator("[data-part=text]")).to_contain_text("feny ticket")
    expect(hits).to_have_text("1")


def test_places_are_counted_in_the_file_that_is_open(two: Page) -> None:
    two.get_by_role("button", name="Search and replace").click()
    two.get_by_label("Search for").fill("ticket")
    two.get_by_label("Replace with").fill("pass")
    two.get_by_role("button", name="All", exact=True).click()
    hits = two.locator("[data-part=hits]")
    expect(hits).to_have_text("0")
    expect(two.get_by_role("button", name="Undo")).to_be_focused()

    two.get_by_role("button", name="Open other.png").click()
    expect(hits).to_have_text("1")
    expect(two.get_by_role("button", name="All", exact=True)).to_be_enabled()

    two.get_by_role("button", name="Open letter.png").click()
    expect(hits).to_have_text("0")
    two.get_by_role("button", name="Search and replace").focus()
    two.keyboard.press("Control+z")
    expect(hits).to_have_text("1")


def test_enter_goes_from_place_to_place_and_replaces(desk: Page) -> None:
    desk.get_by_role("button", name="Search and replace").click()
    wanted, instead = desk.get_by_label("Search for"), desk.get_by_label("Replace with")
    hits = desk.locator("[data-part=hits]")
    wanted.fill("the")
    expect(hits).to_have_text("2")

    for key, place in (("Enter", 1), ("Enter", 2), ("Shift+Enter", 1)):
        wanted.press(key)
        expect(hits).to_have_text(f"{place} of 2")
    expect(wanted).to_be_focused()

    instead.fill("our")
    wanted.press("Enter")
    instead.press("Enter")

    expect(desk.locator("[data-part=text]")).to_contain_text("our feny ticket")
    expect(hits).to_have_text("1 of 1")
    expect(instead).to_be_focused()


def test_what_is_no_regular_expression_is_said(desk: Page) -> None:
    desk.get_by_role("button", name="Search and replace").click()
    desk.get_by_label("Search for").fill("(n")
    desk.get_by_label("Regular expression").check()
    expect(desk.locator("[data-part=hits]")).to_have_text("This is not a regular expression")

    desk.get_by_label("Search for").fill("n0*n")
    expect(desk.locator("[data-part=hits]")).to_have_text("1")
    desk.keyboard.press("Escape")
    expect(desk.get_by_label("Search for")).to_be_hidden()
    expect(desk.get_by_role("button", name="Search and replace")).to_be_focused()


def test_one_types_straight_into_a_line(desk: Page) -> None:
    button = desk.get_by_role("button", name="Type in the text")
    button.click()
    first = desk.get_by_role("textbox", name="Line").first
    expect(first).to_be_focused()
    assert_accessible(desk)
    desk.keyboard.press("End")
    desk.keyboard.type(" dear all")
    desk.keyboard.press("Enter")

    expect(first).to_have_text("Dear reader, dear all")
    expect(desk.get_by_role("textbox", name="Line").nth(1)).to_be_focused()
    desk.keyboard.press("Escape")
    expect(button).to_be_focused()
    expect(desk.locator("[data-part=text] .word.checked")).to_have_text(["dear", "all"])

    desk.get_by_role("button", name="Undo").click()
    expect(text_of(desk)).not_to_contain_text("dear all")


def test_a_line_that_was_missed_is_typed_into_its_area(desk: Page) -> None:
    desk.get_by_role("button", name="Read an area again").click()
    desk.get_by_label("What stands there").fill("a missed line")
    desk.get_by_role("button", name="Put it in").click()

    expect(desk.locator("[data-part=text]")).to_contain_text("a missed line")
    desk.get_by_role("button", name="Undo").click()
    expect(text_of(desk)).not_to_contain_text("missed")


@pytest.mark.parametrize("scope", ["This page", "All pages"])
def test_what_was_read_in_the_wrong_language_is_read_again(
    desk: Page, engine: ReadsLetter, scope: str
) -> None:
    engine.says = "Grüße"
    desk.get_by_text("Read again", exact=True).click()
    desk.locator("#again-languages").select_option("deu")
    desk.get_by_role("radio", name=scope).check()
    assert_accessible(desk)
    desk.get_by_role("button", name="Read", exact=True).click()

    expect(desk.locator("[data-part=text]")).to_contain_text("Grüße")
    assert engine.readings[-1].languages == ("deu",)
    desk.get_by_role("button", name="Undo").click()
    expect(desk.locator("[data-part=text]")).to_contain_text("Dear reader,")
