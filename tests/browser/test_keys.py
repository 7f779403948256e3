from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, expect

from ocr_server.app import create_app
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.browser.letter import ReadsLetter
from tests.browser.test_upload import expect_state
from tests.browser.watching import Watch, assert_accessible
from tests.fakes import InlineWorkers

KEY = "correct-horse"


@pytest.fixture
def app(settings: Settings, engine: ReadsLetter) -> Iterator[Flask]:
    """A server that wants a key."""
    app = create_app(replace(settings, api_keys=(KEY,)), InlineWorkers(engine))
    yield app
    service_of(app).close()


def test_the_key_is_asked_for_once_and_kept_for_the_tab(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    page.fill("#api-key", KEY)
    page.set_input_files("#file", letter)
    expect_state(page, "result")

    page.goto(f"{url}/webcam")
    expect(page.locator("#api-key")).to_have_value(KEY)


def test_a_wrong_key_is_told_and_the_right_one_works(
    page: Page, url: str, letter: Path, watch: Watch
) -> None:
    watch.expected.append("401")
    page.goto(url)
    page.fill("#api-key", "wrong")
    page.set_input_files("#file", letter)
    expect(page.get_by_text("Send another one.").first).to_be_visible()

    page.fill("#api-key", KEY)
    page.get_by_role("button", name="Again").first.click()
    expect_state(page, "result")


def test_a_key_that_lacks_is_asked_for_beside_a_document_too(
    page: Page, url: str, letter: Path, watch: Watch
) -> None:
    watch.expected.append("401")
    key = page.locator("#api-key")
    page.goto(url)
    page.set_input_files("#file", letter)
    expect(page.locator(".card [data-part=words]")).to_have_text("Type the key of this server.")
    expect(key).to_be_focused()
    key.fill(KEY)
    page.get_by_role("button", name="Again").first.click()
    expect_state(page, "result")
    expect(key).to_be_hidden()

    page.evaluate("sessionStorage.setItem('api-key', 'replaced')")
    page.get_by_role("button", name="Read an area again").click()
    page.get_by_role("button", name="Area to read again").press("Enter")

    expect(page.locator("#alert")).to_contain_text("Send another one.")
    expect(key).to_be_focused()


def test_the_form_without_scripts_has_a_field_for_the_key(page: Page, url: str) -> None:
    page.goto(url)

    field = page.locator("form#reader input[name=api_key]")
    expect(field).to_have_attribute("type", "password")
    assert_accessible(page)


def test_no_key_is_asked_for_where_none_is_wanted(page: Page, url: str, app: Flask) -> None:
    app.jinja_env.globals["needs_key"] = False
    page.goto(url)

    expect(page.locator("#api-key")).to_have_count(0)
