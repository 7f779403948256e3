from __future__ import annotations

from pathlib import Path

from playwright.sync_api import Page, expect

from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible


def correct(page: Page) -> None:
    page.locator("[data-part=text] .word", has_text="feny").click()
    page.get_by_role("textbox", name="Word").fill("ferry")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def test_a_reload_keeps_the_text_and_its_corrections_but_no_picture(desk: Page) -> None:
    correct(desk)
    desk.on("dialog", lambda dialog: dialog.accept())
    desk.reload()

    expect_state(desk, "result")
    expect(desk.locator("[data-part=text]")).to_contain_text("the ferry ticket")
    expect(desk.locator("[data-part=no-picture]")).to_contain_text("was not kept")
    expect(desk.get_by_role("button", name="Read an area again")).to_be_hidden()
    assert_accessible(desk)

    desk.locator("[data-part=downloads] summary").click()
    expect(desk.locator("[data-format=docx]")).to_be_visible()
    expect(desk.locator("[data-format=pdf]")).to_have_count(0)
    with desk.expect_download() as download:
        desk.locator("[data-format=markdown]").click()
    assert "ferry" in Path(download.value.path()).read_text()


def test_documents_follow_to_the_other_page(desk: Page, url: str) -> None:
    desk.goto(f"{url}/webcam")

    expect(desk.locator("#desk")).to_be_hidden()
    desk.get_by_role("button", name="Open letter.png").click()

    expect(desk.locator("[data-part=text]")).to_contain_text("Dear reader,")


def test_what_is_forgotten_does_not_come_back(desk: Page) -> None:
    desk.get_by_role("button", name="Forget this file").click()
    desk.reload()

    expect(desk.locator("#queue")).to_be_hidden()
    assert desk.evaluate("sessionStorage.length") == 0


def test_pictures_and_passwords_are_not_kept(desk: Page) -> None:
    desk.reload()
    expect_state(desk, "result")

    kept = desk.evaluate("JSON.stringify(sessionStorage)")
    assert "Dear" in kept
    assert "password" not in kept
    assert "image" not in kept
