from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, Route, expect

from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible

SIDES = """() => ["#pane-picture", "#pane-text"].map((name) =>
  Math.round(document.querySelector(name).getBoundingClientRect().left))"""
OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def speak(context: BrowserContext, url: str, language: str) -> None:
    context.add_cookies([{"name": "language", "value": language, "url": url}])


def test_the_language_is_chosen_at_the_foot_and_remembered(page: Page, url: str) -> None:
    page.goto(url + "/about")
    page.get_by_role("link", name="Deutsch").click()

    expect(page).to_have_url(url + "/about")
    expect(page.get_by_role("heading", level=1)).to_have_text("Über diesen Server")
    page.goto(url)
    expect(page.locator("html")).to_have_attribute("lang", "de")


def test_arabic_runs_from_right_to_left_and_what_was_read_as_it_does(
    context: BrowserContext, page: Page, url: str, letter: Path
) -> None:
    speak(context, url, "ar")
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")

    picture_left, text_left = page.evaluate(SIDES)
    assert picture_left > text_left
    expect(page.locator("[data-part=text] p").first).to_have_attribute("dir", "ltr")
    expect(page.locator("[data-part=summary]")).to_contain_text("صفحة واحدة")
    assert_accessible(page)

    page.locator("[data-action=zoom-out]").focus()
    page.keyboard.press("ArrowLeft")
    expect(page.locator("[data-action=zoom-in]")).to_be_focused()


@pytest.mark.parametrize("language", ["de", "es"])
def test_longer_words_need_no_scrolling_sideways(
    context: BrowserContext, page: Page, url: str, letter: Path, language: str
) -> None:
    speak(context, url, language)
    page.set_viewport_size({"width": 320, "height": 700})
    page.goto(url)
    assert page.evaluate(OVERFLOW) == 0

    page.set_input_files("#file", letter)
    expect_state(page, "result")

    assert page.evaluate(OVERFLOW) == 0
    page.goto(url + "/webcam")
    assert page.evaluate(OVERFLOW) == 0


def test_a_browser_whose_language_is_not_installed_keeps_the_usual_one(
    context: BrowserContext, page: Page, url: str
) -> None:
    def choose_english(route: Route) -> None:
        body = route.fetch().text().replace('value="auto" checked', 'value="auto"')
        route.fulfill(body=body.replace('value="eng"', 'value="eng" checked'))

    speak(context, url, "fr")
    page.add_init_script(
        "Object.defineProperty(Navigator.prototype, 'language', { get: () => 'fr-FR' });"
        "localStorage.removeItem('languages')"
    )
    page.route(f"{url}/", choose_english)
    page.goto(f"{url}/")
    page.locator("#languages summary").click()

    expect(page.locator("#languages [value=eng]")).to_be_checked()
    expect(page.locator("#languages [value=auto]")).not_to_be_checked()


def test_the_server_says_what_is_wrong_in_the_language_of_the_page(
    context: BrowserContext, page: Page, url: str, tmp_path: Path
) -> None:
    (tmp_path / "notes.txt").write_text("nothing to see")
    speak(context, url, "de")
    page.goto(url)
    page.set_input_files("#file", tmp_path / "notes.txt")

    expect(page.locator(".card")).to_contain_text("Diese Datei ist kein lesbares Bild")


def test_a_word_in_hand_is_a_button_and_may_have_no_suggestions(desk: Page) -> None:
    words = desk.locator("[data-part=text] .word:not(.doubtful)")
    words.first.focus()

    expect(words.first).to_have_attribute("role", "button")
    desk.keyboard.press("ArrowRight")
    expect(words.first).not_to_have_attribute("role", "button")
    words.first.click()
    expect(desk.get_by_role("textbox", name="Word")).to_be_focused()
    assert_accessible(desk)
    empty = desk.locator("[data-part=suggestions]:not(:has(button))")
    assert empty.count() == 0 or empty.is_hidden()
