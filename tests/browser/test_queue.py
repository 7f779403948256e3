from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ocr_server.settings import Settings
from tests.browser.letter import SIZE_PX, ReadsLetter, draw_letter, save_letter
from tests.browser.test_history import correct, kept
from tests.browser.test_upload import expect_state
from tests.browser.watching import Watch
from tests.drawing import as_pages
from tests.waiting import wait_for

# What lets cards be put in another order is loaded with the second of them.
SORTABLE = """() => performance.getEntriesByType("resource")
  .some(({ name }) => name.endsWith("/sorting.js"))"""


@pytest.fixture
def half_read(page: Page, url: str, tmp_path: Path, engine: ReadsLetter) -> Iterator[Page]:
    """A file of two pages: the first is on the desk, the second waits at the engine's gate."""
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter()]))
    engine.gate.clear()
    engine.passes = 1
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.goto(url)
    page.set_input_files("#file", path)
    expect(page.locator("[data-part=picture]")).to_be_visible()
    yield page
    engine.gate.set()


def test_forgetting_a_file_stops_its_reading(half_read: Page) -> None:
    with half_read.expect_event("requestfailed", lambda request: "documents" in request.url):
        half_read.get_by_role("button", name="Forget this file").click()

    expect(half_read.locator("#desk")).to_be_hidden()
    expect_state(half_read, "idle")


def test_pictures_are_cropped_one_after_another(page: Page, url: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png", "c.png"):
        save_letter(tmp_path, name)
    page.goto(url)
    page.locator("#options summary").click()
    page.get_by_label("Crop or turn each picture first").check()
    page.set_input_files("#file", [tmp_path / name for name in ("a.png", "b.png", "c.png")])
    dialog = page.get_by_role("dialog", name="Crop or turn")
    for name in ("a.png", "b.png", "c.png"):
        expect(dialog).to_contain_text(name)
        dialog.get_by_role("button", name="Leave it").click()

    expect(page.locator(".card[data-state=result]")).to_have_count(3)


def test_all_that_was_forgotten_comes_back_as_it_was(desk: Page, tmp_path: Path) -> None:
    desk.set_input_files("#file", save_letter(tmp_path, "other.png"))
    expect(desk.locator(".card[data-state=result]")).to_have_count(2)
    correct(desk)

    desk.get_by_role("button", name="Forget all").click()
    expect(desk.locator(".card")).to_have_count(0)
    desk.get_by_role("button", name="Undo").click()

    expect(desk.locator(".card[data-state=result]")).to_have_count(2)
    expect(desk.locator("[data-part=text]")).to_contain_text("the ferry ticket")


def test_nothing_opens_by_itself_over_what_is_read(desk: Page, tmp_path: Path) -> None:
    desk.set_input_files("#file", save_letter(tmp_path, "other.png"))
    expect(desk.locator(".card[data-state=result]")).to_have_count(2)

    expect(desk.locator("#desk [data-part=name]")).to_have_text("letter.png")
    assert desk.evaluate("scrollY") == 0
    frame = desk.locator(".panes").bounding_box()
    assert frame
    assert frame["height"] >= 560


def test_a_picture_is_not_behind_long_documents(
    half_read: Page, tmp_path: Path, letter: Path
) -> None:
    half_read.set_input_files("#file", tmp_path / "two.tiff")
    expect(half_read.locator(".card[data-state=recognising]")).to_have_count(2)
    half_read.set_input_files("#file", tmp_path / "two.tiff")
    expect(half_read.locator(".card[data-state=waiting]")).to_have_count(1)
    half_read.set_input_files("#file", letter)

    expect(half_read.locator(".card").last).to_have_attribute("data-state", "recognising")
    expect(half_read.locator(".card[data-state=waiting]")).to_have_count(1)


def test_files_are_put_in_another_order_by_keys(desk: Page, tmp_path: Path) -> None:
    desk.set_input_files("#file", save_letter(tmp_path, "other.png"))
    expect(desk.locator(".card[data-state=result]")).to_have_count(2)
    wait_for(lambda: desk.evaluate(SORTABLE))
    desk.get_by_role("button", name="Open other.png").press("Alt+ArrowUp")

    expect(desk.locator(".card h3")).to_have_text(["other.png", "letter.png"])
    expect(desk.locator("#status")).to_have_text("other.png is now in place 1 of 2.")
    expect(desk.get_by_role("button", name="Open other.png")).to_be_focused()


def test_a_text_stays_until_it_is_read_again(desk: Page, engine: ReadsLetter) -> None:
    correct(desk)
    again = desk.get_by_role("button", name="Crop or turn, and read again")
    desk.once("dialog", lambda dialog: dialog.dismiss())
    again.click()
    expect(desk.get_by_role("dialog", name="Crop or turn")).to_be_hidden()

    desk.once("dialog", lambda dialog: dialog.accept())
    again.click()
    desk.get_by_role("button", name="Turn left").click()
    engine.gate.clear()
    desk.get_by_role("button", name="Read this").click()
    expect_state(desk, "recognising")
    desk.get_by_role("button", name="Cancel letter.png").click()

    expect(desk.locator(".card [data-part=words]")).to_have_text("Stopped.")
    expect(desk.locator("[data-part=text]")).to_contain_text("the ferry ticket")

    engine.gate.set()
    desk.once("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="Try again letter.png").click()

    expect(desk.locator("[data-part=text]")).to_contain_text("the feny ticket")
    expect(desk.locator("[data-part=picture]")).to_have_js_property("naturalWidth", SIZE_PX[1])
    desk.get_by_role("button", name="Forget this file").click()
    expect(desk.locator("#desk")).to_be_hidden()


def test_what_is_corrected_while_it_is_read_again_is_kept(desk: Page, engine: ReadsLetter) -> None:
    desk.get_by_role("button", name="Crop or turn, and read again").click()
    desk.get_by_role("button", name="Turn left").click()
    engine.gate.clear()
    desk.get_by_role("button", name="Read this").click()
    expect_state(desk, "recognising")
    correct(desk)
    engine.gate.set()

    expect(desk.locator(".card [data-part=words]")).to_contain_text("corrected meanwhile")
    expect(desk.locator("[data-part=text]")).to_contain_text("the ferry ticket")


def test_what_was_corrected_is_not_read_again_unasked(desk: Page, watch: Watch) -> None:
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    correct(desk)
    desk.once("dialog", lambda dialog: dialog.accept())
    desk.get_by_role("button", name="Crop or turn, and read again").click()
    desk.get_by_role("button", name="Turn left").click()
    desk.context.set_offline(True)
    desk.get_by_role("button", name="Read this").click()
    expect_state(desk, "error")
    desk.context.set_offline(False)

    expect(desk.locator("#offline")).to_be_hidden()
    expect_state(desk, "error")
    expect(desk.get_by_role("button", name="Try again letter.png")).to_be_visible()
    expect(desk.locator("[data-part=text]")).to_contain_text("the ferry ticket")


def test_a_picture_is_read_again_as_it_is(desk: Page, engine: ReadsLetter) -> None:
    engine.says = "other words"
    desk.get_by_role("button", name="Crop or turn, and read again").click()
    desk.get_by_role("button", name="Read this").click()

    expect(desk.locator("[data-part=text]")).to_contain_text("other words")
    expect(desk.locator("[data-part=picture]")).to_have_js_property("naturalWidth", SIZE_PX[0])


def test_a_page_is_not_offered_for_cropping_before_all_are_read(half_read: Page) -> None:
    expect(half_read.get_by_role("button", name="Forget this file")).to_be_visible()
    expect(half_read.get_by_role("button", name="Crop or turn, and read again")).to_be_hidden()


def test_a_picture_that_cannot_be_shown_is_told(
    page: Page, url: str, watch: Watch, tmp_path: Path
) -> None:
    (tmp_path / "scan.png").write_bytes(as_pages([draw_letter()]))  # in truth TIFF
    page.goto(url)
    page.set_input_files("#file", tmp_path / "scan.png")
    expect_state(page, "result")
    page.get_by_role("button", name="Crop or turn, and read again").click()

    words = page.locator(".card [data-part=words]")
    expect(words).to_have_text(re.compile("^This browser cannot show the picture"))


def test_an_empty_file_can_only_be_forgotten(
    page: Page, url: str, watch: Watch, tmp_path: Path
) -> None:
    watch.expected.append("400")
    (tmp_path / "empty.png").touch()
    page.goto(url)
    page.set_input_files("#file", tmp_path / "empty.png")
    expect_state(page, "error")

    for again in (False, True):
        if again:
            page.reload()
        expect(page.get_by_role("button", name="Forget empty.png")).to_be_visible()
        expect(page.locator(".card .actions button:visible")).to_have_count(1)


def test_what_is_no_picture_is_not_offered_again_after_a_reload(
    page: Page, url: str, watch: Watch, tmp_path: Path
) -> None:
    watch.expected.append("415")
    (tmp_path / "notes.png").write_text("not a picture")
    page.goto(url)
    page.set_input_files("#file", tmp_path / "notes.png")
    expect_state(page, "error")
    buttons = page.locator(".card .actions button:visible")
    expect(buttons).to_have_count(1)
    wait_for(lambda: any('isHopeless":true' in value for value in kept(page).values()))

    page.reload()

    expect(page.locator(".card")).to_have_attribute("data-state", "error")
    expect(buttons).to_have_count(1)
    expect(page.get_by_role("button", name="Forget notes.png")).to_be_visible()


def test_a_picture_that_is_too_large_can_only_be_made_smaller(
    page: Page, url: str, settings: Settings, letter: Path
) -> None:
    os.truncate(letter, settings.max_body_bytes + 1)
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "error")

    expect(page.get_by_role("button", name="Crop or turn letter.png")).to_be_visible()
    expect(page.get_by_role("button", name="Try again letter.png")).to_be_hidden()


def test_a_card_tells_how_its_text_stands(desk: Page) -> None:
    words, summary = desk.locator(".card [data-part=words]"), desk.locator("[data-part=summary]")
    expect(words).to_contain_text("2 doubtful")
    correct(desk)
    expect(words).to_contain_text("1 doubtful")

    desk.get_by_role("button", name="Type in the text").click()
    expect(desk.locator("[data-part=text] .line:focus")).to_have_count(1)
    desk.keyboard.press("End")
    desk.keyboard.type(" dear all")
    desk.keyboard.press("Enter")

    expect(words).to_contain_text("18 words")
    expect(words).to_have_text(summary.inner_text())
