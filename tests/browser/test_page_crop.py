"""Cropping and turning pages that a browser cannot cut out of their file."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.letter import SIZE_PX, ReadsLetter, draw_letter, drawn_words
from tests.browser.test_correcting import downloaded, open_word
from tests.browser.test_history import kept
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible
from tests.drawing import as_pages
from tests.waiting import wait_for

AGAIN = "Crop or turn, and read again"


@pytest.fixture
def two(page: Page, url: str, tmp_path: Path) -> Page:
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter()]))
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()
    return page


def crop(page: Page) -> Locator:
    page.get_by_role("button", name=AGAIN).click()
    dialog = page.get_by_role("dialog", name="Crop or turn Page 1")
    expect(dialog).to_be_visible()
    return dialog


def read(page: Page, dialog: Locator) -> None:
    page.evaluate("document.getElementById('status').textContent = ''")
    dialog.get_by_role("button", name="Read this").click()
    expect(page.locator("#status")).to_contain_text("undo brings back")


def read_again(page: Page) -> None:
    page.evaluate("document.getElementById('status').textContent = ''")
    page.locator("[data-part=rereading] summary").click()
    page.locator("[data-action=read-again]").click()
    expect(page.locator("#status")).to_contain_text("undo brings back")


def corners_of(engine: ReadsLetter) -> list[tuple[float, float]]:
    """Between which the last page was read."""
    return [(point.x, point.y) for point in engine.readings[-1].framing.corners or ()]


def first_box(page: Page) -> list[float]:
    document = downloaded(page)
    box: list[float] = document["pages"][0]["zones"][0]["lines"][0]["words"][0]["box"]
    return box


def test_a_page_of_several_is_read_between_its_corners(two: Page, engine: ReadsLetter) -> None:
    dialog = crop(two)
    assert_accessible(two)
    corner = dialog.get_by_role("button", name="Top left corner")
    for key in ("ArrowRight", "ArrowDown"):
        for _ in range(3):
            corner.press(f"Shift+{key}")
    for name, key in (("Top right", "ArrowDown"), ("Bottom left", "ArrowRight")):
        for _ in range(3):
            dialog.get_by_role("button", name=f"{name} corner").press(f"Shift+{key}")
    read(two, dialog)

    width, height = SIZE_PX
    assert corners_of(engine) == [(30, 30), (width, 30), (width, height), (30, height)]
    # The engine tells the places in what it is given: they are those of the page again.
    _, drawn = drawn_words()[0]
    assert first_box(two)[:2] == pytest.approx([drawn.left + 30, drawn.top + 30], abs=1)

    two.get_by_role("button", name="Undo").click()

    assert first_box(two)[:2] == pytest.approx([drawn.left, drawn.top], abs=1)


def test_a_crop_that_is_undone_holds_for_no_later_reading(two: Page, engine: ReadsLetter) -> None:
    dialog = crop(two)
    dialog.get_by_role("button", name="Top left corner").press("Shift+ArrowRight")
    read(two, dialog)
    two.get_by_role("button", name="Undo").click()
    read_again(two)

    assert corners_of(engine) == []


def test_corners_are_kept_over_a_reload(two: Page, engine: ReadsLetter) -> None:
    dialog = crop(two)
    dialog.get_by_role("button", name="Top left corner").press("Shift+ArrowRight")
    read(two, dialog)
    wait_for(lambda: any('"corners"' in value for value in kept(two).values()))
    two.on("dialog", lambda asked: asked.accept())
    two.reload()
    expect(two.locator("[data-part=picture]")).to_be_visible()
    read_again(two)

    assert corners_of(engine)[0] == (10, 0)


def test_a_page_is_read_again_once_what_does_it_has_come(two: Page, engine: ReadsLetter) -> None:
    """A form that is sent before its script is there would leave the page."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        if held:
            route.continue_()
        else:
            held.append(route)

    two.route("**/desk/read-again.js*", hold)
    readings = len(engine.readings)
    two.locator("[data-part=rereading] summary").click()
    button = two.locator("[data-action=read-again]")
    button.click()
    button.click()
    wait_for(lambda: two.evaluate("true") and held)
    held[0].continue_()

    expect(two.locator("#status")).to_contain_text("undo brings back")
    assert len(engine.readings) == readings + 1
    assert "scope" not in two.url


def test_a_page_whose_picture_cannot_be_drawn_is_told(two: Page) -> None:
    two.evaluate("() => { window.createImageBitmap = () => Promise.reject(new Error()); }")
    two.get_by_role("button", name=AGAIN).click()

    expect(two.locator("#alert")).to_contain_text("This browser cannot show the picture")
    expect(two.get_by_role("dialog")).to_be_hidden()


def test_a_page_is_turned_by_its_corners(two: Page, engine: ReadsLetter) -> None:
    dialog = crop(two)
    dialog.get_by_role("button", name="Turn left").click()
    read(two, dialog)

    width, height = SIZE_PX
    assert corners_of(engine) == [(width, 0), (width, height), (0, height), (0, 0)]


def test_corners_are_kept_for_other_readings_of_the_page(two: Page, engine: ReadsLetter) -> None:
    dialog = crop(two)
    dialog.get_by_role("button", name="Top left corner").press("Shift+ArrowRight")
    read(two, dialog)
    read_again(two)

    assert corners_of(engine)[0] == (10, 0)

    dialog = crop(two)
    dialog.get_by_role("button", name="Whole picture").click()
    read(two, dialog)

    assert corners_of(engine) == []


def test_corners_are_kept_where_all_pages_are_read_again(two: Page, engine: ReadsLetter) -> None:
    dialog = crop(two)
    dialog.get_by_role("button", name="Top left corner").press("Shift+ArrowRight")
    read(two, dialog)
    two.evaluate("document.getElementById('status').textContent = ''")
    two.locator("[data-part=rereading] summary").click()
    two.get_by_role("radio", name="All pages").check()
    two.locator("[data-action=read-again]").click()
    expect(two.locator("#status")).to_contain_text("2 pages read again")

    assert corners_of(engine)[0] == (10, 0)  # after the readings of all, whole
    assert first_box(two)[0] > drawn_words()[0][1].left + 5  # and it is their place that is told


def test_what_was_corrected_on_the_page_comes_back_by_undo(two: Page) -> None:
    field = open_word(two, "feny")
    field.fill("ferry")
    field.press("Enter")
    crop(two).get_by_role("button", name="Read this").click()
    expect(two.locator("[data-part=text]")).to_contain_text("the feny ticket")

    two.keyboard.press("Escape")
    two.keyboard.press("Control+z")

    expect(two.locator("[data-part=text]")).to_contain_text("the ferry ticket")
