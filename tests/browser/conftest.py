from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, sync_playwright

from ocr_server.server import Server
from ocr_server.settings import Settings
from tests.browser.letter import ReadsLetter, save_letter
from tests.browser.watching import Watch

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    # Nothing but this machine has an address: a call to a foreign host fails and is seen.
    "--host-resolver-rules=MAP insecure.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="session")
def browser(playwright: Playwright, browser_path: Path) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def engine() -> ReadsLetter:
    return ReadsLetter()


@pytest.fixture
def url(app: Flask, settings: Settings) -> Iterator[str]:
    """The address of the application behind the real server."""
    yield from serve(app, settings)


def serve(app: Flask, settings: Settings) -> Iterator[str]:
    server = Server(app, settings)
    is_over = threading.Event()
    thread = threading.Thread(target=server.turn_until, args=(is_over.is_set,))
    thread.start()
    yield f"http://127.0.0.1:{server.port}"
    is_over.set()
    thread.join()
    server.close()


@pytest.fixture
def context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 860}, accept_downloads=True, locale="en-GB"
    )
    context.set_default_timeout(10_000)
    yield context
    context.close()


@pytest.fixture
def watch(context: BrowserContext, url: str) -> Iterator[Watch]:
    """Fails the test if a page says anything on the console or calls a foreign host."""
    watch = Watch(context, url)
    yield watch
    assert watch.problems == []
    assert watch.foreign_hosts == set()


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    return context.new_page()


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    return save_letter(tmp_path)
