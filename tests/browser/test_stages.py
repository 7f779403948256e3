from __future__ import annotations

from pathlib import Path

import pytest
from PIL import ImageOps
from playwright.sync_api import Locator, Page, expect

from tests.browser.letter import draw_letter
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible
from tests.drawing import as_file

BRIGHTNESS = """(image) => {
  const pen = new OffscreenCanvas(image.naturalWidth, image.naturalHeight).getContext("2d");
  pen.drawImage(image, 0, 0);
  const { data } = pen.getImageData(0, 0, image.naturalWidth, image.naturalHeight);
  const reds = data.filter((_, at) => at % 4 === 0);
  return reds.reduce((sum, red) => sum + red, 0) / reds.length;
}"""
PIXELS = """(image) => {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [image.naturalWidth, image.naturalHeight];
  canvas.getContext("2d").drawImage(image, 0, 0);
  return canvas.toDataURL();
}"""


@pytest.fixture
def dark(page: Page, url: str, tmp_path: Path) -> Page:
    """A letter on the desk whose light and dark had to be exchanged."""
    path = tmp_path / "dark.png"
    path.write_bytes(as_file(ImageOps.invert(draw_letter())))
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()
    return page


def box_of(page: Page, name: str) -> Locator:
    return page.locator(f"[name=stage][value={name}]")


def brightness_of_prepared(page: Page) -> float:
    """Of the picture as it was read, which is shown and put away again."""
    compare = page.get_by_role("button", name="Compare with the picture")
    compare.click()
    expect(page.locator("[data-part=prepared]")).to_have_js_property("naturalWidth", 900)
    brightness: float = page.locator("[data-part=prepared]").evaluate(BRIGHTNESS)
    compare.click()
    return brightness


def test_a_stage_is_switched_off_and_the_page_read_again(dark: Page) -> None:
    dark.get_by_text("What was done to the picture").click()
    stages = dark.locator("[data-part=stages]")
    expect(stages).to_contain_text("light and dark exchanged")
    expect(box_of(dark, "read")).to_have_count(0)
    assert_accessible(dark)
    assert brightness_of_prepared(dark) > 192

    dark.get_by_label("light and dark exchanged").uncheck()
    dark.get_by_role("button", name="Read the page again").click()

    expect(stages).to_contain_text("Exchange light and dark – left out")
    expect(stages).not_to_contain_text("light and dark exchanged")
    expect(box_of(dark, "polarity")).not_to_be_checked()
    expect(dark.locator("#status")).to_contain_text("is read again")
    assert_accessible(dark)

    assert brightness_of_prepared(dark) < 64

    dark.get_by_role("button", name="Undo").click()
    expect(stages).to_contain_text("light and dark exchanged")
    expect(box_of(dark, "polarity")).to_be_checked()


def test_each_step_has_a_picture_of_its_own(page: Page, url: str, tmp_path: Path) -> None:
    path = tmp_path / "dark.png"
    path.write_bytes(as_file(ImageOps.invert(draw_letter().resize((450, 350)))))
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()
    page.get_by_role("button", name="Compare with the picture").click()
    steps = page.get_by_role("combobox", name="Compare with")
    prepared = page.locator("[data-part=prepared]")
    expect(prepared).to_be_visible()
    expect(page.locator("#compared")).to_be_focused()
    expect(steps.locator("option")).to_have_text(
        ["As it was read", "After: light and dark exchanged"]
    )
    expect(prepared).to_have_js_property("naturalWidth", 450)
    as_read, source = prepared.evaluate(PIXELS), prepared.get_attribute("src") or ""
    assert_accessible(page)

    steps.select_option("After: light and dark exchanged")

    expect(prepared).not_to_have_attribute("src", source)
    expect(prepared).to_have_js_property("naturalWidth", 450)
    assert prepared.evaluate(BRIGHTNESS) > 192
    assert prepared.evaluate(PIXELS) != as_read  # its letters are not yet enlarged


def test_what_is_switched_off_stays_so_while_words_are_corrected(dark: Page) -> None:
    dark.get_by_text("What was done to the picture").click()
    box_of(dark, "polarity").uncheck()
    dark.locator("[data-part=text] .word").first.click()
    field = dark.get_by_role("textbox", name="Word")
    expect(field).to_be_focused()
    field.fill("Good")
    field.press("Enter")
    expect(dark.locator("[data-part=text]")).to_contain_text("Good")

    expect(box_of(dark, "polarity")).not_to_be_checked()


def test_where_nobody_asked_for_the_recipe_there_is_nothing_to_switch_off(
    page: Page, url: str, letter: Path
) -> None:
    page.add_init_script("localStorage.setItem('steps', 'deskew')")
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    page.get_by_text("What was done to the picture").click()

    expect(page.locator("[data-part=stages] li")).not_to_have_count(0)
    expect(page.locator("[name=stage]")).to_have_count(0)
    expect(page.get_by_role("button", name="Read the page again")).to_be_hidden()
