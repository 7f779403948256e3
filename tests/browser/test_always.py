"""Corrections that are kept in the browser for later documents."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.test_correcting import downloaded, line_of_ticket, open_word, text_of
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible


@pytest.fixture(autouse=True)
def without_rules(page: Page) -> Iterator[None]:
    """The context is that of other tests, too."""
    yield
    page.evaluate("localStorage.removeItem('corrections')")


def correct_always(desk: Page, word: str, to: str) -> None:
    field = open_word(desk, word)
    desk.get_by_role("checkbox", name="Always").check()
    field.fill(to)
    field.press("Enter")
    expect(text_of(desk)).to_contain_text(to)


def dialog_of(page: Page) -> Locator:
    page.locator("#options summary").click()
    page.locator("#options").get_by_role("button", name="What is always corrected").click()
    dialog = page.get_by_role("dialog", name="What is always corrected")
    expect(dialog).to_be_visible()
    return dialog


def read_again(page: Page, url: str, letter: Path) -> None:
    page.goto("about:blank")
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()


def test_what_is_always_corrected_is_so_in_the_next_document(
    desk: Page, url: str, letter: Path
) -> None:
    correct_always(desk, "feny", "ferry")
    desk.locator("[data-action=forget]:visible").first.click()

    read_again(desk, url, letter)

    expect(text_of(desk)).to_contain_text("the ferry ticket")
    _, word, _ = line_of_ticket(downloaded(desk))
    assert (word["text"], word["corrected_from"], word["checked"]) == ("ferry", "feny", True)


def test_only_one_word_for_one_is_kept(desk: Page) -> None:
    correct_always(desk, "ticket", "tick et")

    expect(desk.locator("#status")).to_contain_text("Only one word in the place of one")
    assert desk.evaluate("localStorage.corrections") is None


def test_the_list_is_seen_changed_and_forgotten(desk: Page, url: str, letter: Path) -> None:
    correct_always(desk, "feny", "fairy")
    desk.locator("[data-action=forget]:visible").first.click()
    dialog = dialog_of(desk)
    expect(dialog.get_by_label("Read as")).to_have_value("feny")
    assert_accessible(desk)

    dialog.get_by_label("Corrected to").fill("ferry")
    dialog.get_by_role("button", name="Close").click()
    read_again(desk, url, letter)

    expect(text_of(desk)).to_contain_text("the ferry ticket")

    desk.locator("[data-action=forget]:visible").first.click()
    dialog = dialog_of(desk)
    dialog.get_by_role("button", name="Forget this correction").click()
    expect(dialog.get_by_role("status")).to_contain_text("Nothing yet")
    dialog.get_by_role("button", name="Close").click()
    read_again(desk, url, letter)

    expect(text_of(desk)).to_contain_text("the feny ticket")


def test_the_list_is_taken_to_another_browser(page: Page, url: str, tmp_path: Path) -> None:
    page.goto(url)
    dialog = dialog_of(page)
    dialog.get_by_role("button", name="Add").click()
    dialog.get_by_label("Read as").fill("feny")
    dialog.get_by_label("Corrected to").fill("ferry")
    with page.expect_download() as download:
        dialog.get_by_role("button", name="Export").click()
    file = tmp_path / download.value.suggested_filename
    download.value.save_as(file)

    assert file.read_text(encoding="utf-8") == "feny\tferry\n"

    page.on("dialog", lambda asked: asked.accept())
    dialog.get_by_role("button", name="Forget all").click()
    expect(dialog.get_by_label("Read as")).to_have_count(0)
    dialog.locator("[type=file]").set_input_files(file)

    expect(dialog.get_by_role("status")).to_have_text("1 correction imported.")
    expect(dialog.get_by_label("Corrected to")).to_have_value("ferry")
