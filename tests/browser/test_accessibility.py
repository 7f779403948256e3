from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.letter import ReadsLetter, draw_letter
from tests.browser.test_upload import expect_state, give
from tests.browser.watching import Watch, assert_accessible
from tests.drawing import as_pages

SIZES = {"wide": {"width": 1280, "height": 860}, "phone": {"width": 390, "height": 844}}


@pytest.fixture(params=SIZES)
def sized(page: Page, request: pytest.FixtureRequest) -> Page:
    page.set_viewport_size(SIZES[request.param])  # type: ignore[arg-type]  # a plain dictionary
    return page


@pytest.mark.parametrize("path", ["/", "/webcam", "/about", "/nowhere"])
def test_a_fresh_page_is_accessible(sized: Page, url: str, watch: Watch, path: str) -> None:
    watch.expected.append("404")
    sized.goto(url + path)

    assert_accessible(sized)


def test_open_choices_are_accessible(page: Page, url: str) -> None:
    page.goto(url)
    page.locator("#languages summary").click()
    page.locator("#options summary").click()

    assert_accessible(page)


def test_dragging_is_accessible(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    give(page, "dragover", letter)
    expect_state(page, "dragging")

    assert_accessible(page)


def test_recognising_is_accessible(
    sized: Page, url: str, letter: Path, engine: ReadsLetter
) -> None:
    engine.gate.clear()
    sized.goto(url)
    sized.set_input_files("#file", letter)
    expect_state(sized, "recognising")

    assert_accessible(sized)

    engine.gate.set()
    expect_state(sized, "result")


def test_a_result_its_editor_and_its_menus_are_accessible(
    sized: Page, url: str, letter: Path
) -> None:
    sized.goto(url)
    sized.set_input_files("#file", letter)
    expect_state(sized, "result")

    assert_accessible(sized)

    sized.locator("[data-part=text] .word.doubtful").first.click()
    expect(sized.get_by_role("textbox", name="Word")).to_be_focused()

    assert_accessible(sized)

    sized.locator("[data-part=downloads] summary").click()

    assert_accessible(sized)


def test_an_error_is_accessible(page: Page, url: str, watch: Watch, tmp_path: Path) -> None:
    watch.expected.append("415")
    broken = tmp_path / "notes.png"
    broken.write_text("not a picture")
    page.goto(url)
    page.set_input_files("#file", broken)
    expect_state(page, "error")

    assert_accessible(page)


def test_a_blank_page_is_accessible(
    page: Page, url: str, letter: Path, engine: ReadsLetter
) -> None:
    engine.is_blind = True
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "empty")

    assert_accessible(page)


def test_every_control_is_reached_by_tab_in_reading_order(
    page: Page, url: str, letter: Path
) -> None:
    page.goto(url)
    names = []
    for _ in range(12):
        page.keyboard.press("Tab")
        names.append(
            page.evaluate(
                """() => {
                  const focused = document.activeElement;
                  const label = focused.labels?.[0] ?? focused;
                  const text = focused.ariaLabel ?? label.textContent;
                  return text.trim().split(/\\s+/).join(" ");
                }"""
            )
        )

    assert names[0] == "Skip to the page"
    assert names[2:7] == ["Upload", "Webcam", "API", "About", "Keys"]
    assert names[7:9] == ["Choose pictures or a PDF", "paste"]
    assert names[9:12] == ["Language English", "Options", "Try an example"]


def test_one_skips_from_the_start_to_the_result(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    skip = page.get_by_role("link", name="Skip to the result")
    expect(skip).to_be_hidden()
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    skip.focus()
    page.keyboard.press("Enter")

    expect(page.get_by_role("heading", level=2, name="letter.png")).to_be_focused()


def test_each_row_of_the_desk_is_one_stop(page: Page, url: str, tmp_path: Path) -> None:
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter()]))
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    expect(page.get_by_role("toolbar", name="Pages")).to_be_visible()
    page.locator("#desk-title").focus()
    for _ in range(8):  # of the document, pages and their number, picture, border, text
        page.keyboard.press("Tab")

    expect(page.locator("[data-part=text] .word:focus")).to_have_count(1)

    page.get_by_role("button", name="Copy text").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.get_by_role("button", name="Forget this file")).to_be_focused()


def test_the_first_doubtful_word_is_a_few_tabs_from_the_text(
    page: Page, url: str, letter: Path
) -> None:
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    page.get_by_role("link", name="Go to the text").focus()
    page.keyboard.press("Enter")
    for _ in range(2):  # of the row of buttons, and of the text
        page.keyboard.press("Tab")

    expect(page.locator("[data-part=text] .word.doubtful").first).to_be_focused()


def test_forced_colours_keep_doubt_visible(page: Page, url: str, letter: Path) -> None:
    page.emulate_media(forced_colors="active")
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")

    line = page.locator(".word.doubtful").first.evaluate(
        "(word) => getComputedStyle(word).textDecorationLine"
    )
    assert line == "underline"
