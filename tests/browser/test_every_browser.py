"""One way through each page in Firefox and WebKit; all other tests run in Chromium."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import flask
import pytest
from playwright.sync_api import Playwright

from tests.browser.driving import Driven, firefox, webkit
from tests.browser.filming import on_desk
from tests.browser.letter import draw_letter
from tests.browser.test_history import KEPT
from tests.conftest import find_firefox, find_webkit
from tests.waiting import wait_for


@pytest.fixture(
    scope="module",
    params=[
        pytest.param("firefox", marks=pytest.mark.firefox),
        pytest.param("webkit", marks=pytest.mark.webkit),
    ],
)
def driven(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Driven]:
    """A page of the browser whose camera sees the letter on a desk."""
    saved = tmp_path_factory.mktemp(request.param)
    camera = on_desk(draw_letter()).reduce(2)  # small: drawn without a graphics card
    if request.param == "webkit":
        program = find_webkit()
        assert program
        with webkit(program, saved, camera) as page:
            yield page
    else:
        playwright: Playwright = request.getfixturevalue("playwright")
        program = find_firefox()
        assert program
        with firefox(playwright, program, saved, camera) as page:
            yield page


def await_true(page: Driven, expression: str) -> None:
    wait_for(lambda: page.ask(expression))


def await_result(page: Driven) -> None:
    await_true(page, "document.querySelector('main').dataset.state === 'result'")
    await_true(page, "document.querySelector('#desk [data-part=picture]')?.naturalWidth > 0")
    assert "Dear reader," in page.ask("document.querySelector('#desk [data-part=text]').innerText")


def test_a_file_is_read_corrected_and_saved(driven: Driven, url: str, letter: Path) -> None:
    driven.open(url)
    driven.give("#file", letter)
    await_result(driven)

    word = "[...document.querySelectorAll('[data-part=text] .word')]"
    driven.ask(f"{word}.find((one) => one.textContent === 'feny').id = 'misread'")
    await_true(driven, "getComputedStyle(misread).textDecorationStyle === 'wavy'")
    driven.click("#misread")
    await_true(driven, "document.activeElement.id === 'correction'")
    driven.type("#correction", "ferry")
    await_true(driven, "document.querySelector('[data-part=text]').innerText.includes('ferry')")

    driven.click("[data-part=downloads] > summary")
    await_true(driven, "document.querySelector('[data-format=text]')")
    driven.click("[data-format=text]")
    saved = driven.saved / "letter.txt"
    wait_for(lambda: saved.exists() and saved.stat().st_size > 0)
    assert "the ferry ticket" in saved.read_text()
    assert driven.ask("problems") == []


def test_what_was_read_is_there_when_the_page_is_opened_again(
    driven: Driven, url: str, letter: Path
) -> None:
    driven.open(url)
    driven.give("#file", letter)
    await_result(driven)

    def is_kept() -> bool:
        driven.ask(f"(({KEPT})().then((rows) => (window.rows = rows)), true)")
        return bool(driven.ask("window.rows?.some(([key]) => key.includes(',page,'))"))

    wait_for(is_kept)
    driven.open(url)
    await_true(driven, "document.querySelector('.card[data-state=result]')")
    driven.click(".card [data-action=open]")
    await_result(driven)


def refuse_once(app: flask.Flask, script: str) -> None:
    """The first request for a script of this name has no answer."""
    refusals = iter([503])

    def refuse() -> None:
        if flask.request.path.endswith(script):
            for status in refusals:
                flask.abort(status)

    app.before_request_funcs.setdefault(None, []).append(refuse)


def test_what_failed_to_load_is_loaded_when_it_is_asked_for_again(
    driven: Driven, app: flask.Flask, url: str, letter: Path
) -> None:
    refuse_once(app, "/edit-flow.js")
    driven.open(url)
    driven.give("#file", letter)
    await_result(driven)

    driven.click("[data-part=text] .word")
    await_true(driven, "document.querySelector('#alert').textContent")
    assert driven.ask("document.activeElement.id") != "correction"
    driven.click("[data-part=text] .word")
    await_true(driven, "document.activeElement.id === 'correction'")


def test_what_failed_to_load_for_another_script_is_told(
    driven: Driven, app: flask.Flask, url: str, letter: Path
) -> None:
    refuse_once(app, "/word-editor.js")  # imported by edit-flow.js
    driven.open(url)
    driven.give("#file", letter)
    await_result(driven)

    driven.click("[data-part=text] .word")
    await_true(driven, "document.querySelector('#alert').textContent.includes('load the page')")


def test_a_page_before_the_camera_is_read_live_and_taken(driven: Driven, url: str) -> None:
    driven.open(f"{url}/webcam")
    driven.click("[data-action=start]")
    await_true(driven, "document.querySelector('#camera').dataset.state === 'live'")
    await_true(driven, "document.querySelector('.outline[data-sure=yes] .light')")

    driven.click("#reading")
    await_true(driven, "document.querySelectorAll('[data-part=lines] p').length === 6")

    driven.click("[data-action=capture]")
    await_true(driven, "document.querySelector('#camera').dataset.state === 'still'")
    driven.click("[data-action=use]")
    await_result(driven)
    assert driven.ask("problems") == []
