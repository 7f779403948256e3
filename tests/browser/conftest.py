from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Browser, BrowserContext, Page, Playwright, expect, sync_playwright

from ocr_server.settings import Settings
from tests.browser.filming import FAKE_ANSWER, FAKE_CAMERA, film, on_desk
from tests.browser.letter import ReadsLetter, draw_letter, save_letter
from tests.browser.watching import Watch
from tests.serving import served

WAIT_MS = 60_000  # generous: other tests may be using the processors
expect.set_options(timeout=WAIT_MS)

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    # Nothing but this machine has an address: a call to a foreign host fails and is seen.
    "--host-resolver-rules=MAP insecure.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)

# Finding the language takes readings of its own, which tests that count them do not want.
ONE_LANGUAGE = "try { localStorage.languages ??= 'eng'; } catch {}"

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.browser)


# Of the package, not the session: Playwright's loop runs in the thread of the tests, and all tests
# after these would run inside it.
@pytest.fixture(scope="package")
def playwright() -> Iterator[Playwright]:
    with sync_playwright() as playwright:
        yield playwright


@pytest.fixture(scope="package")
def browser(playwright: Playwright, browser_path: Path) -> Iterator[Browser]:
    browser = playwright.chromium.launch(executable_path=browser_path, args=list(FLAGS))
    yield browser
    browser.close()


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, hosts=("insecure.test", "127.0.0.1"))


@pytest.fixture
def engine() -> ReadsLetter:
    return ReadsLetter()


@pytest.fixture
def url(app: Flask, settings: Settings) -> Iterator[str]:
    """The address of the application behind the real server."""
    with served(app, settings) as url:
        yield url


# One for all tests, with a page for each: a context for each would take twice the processor.
@pytest.fixture(scope="package")
def shared_context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(
        viewport={"width": 1280, "height": 860}, accept_downloads=True, locale="en-GB"
    )
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(ONE_LANGUAGE)
    keep_process(context)
    yield context
    context.close()


def keep_process(context: BrowserContext) -> None:
    """Open a page that stays: the others of this machine run in its process."""
    page = context.new_page()
    page.route("**/*", lambda route: route.fulfill(body=""))
    page.goto("http://127.0.0.1/")


def leave_as_new(context: BrowserContext) -> None:
    """Close the pages of a test, with all that was set for them, and undo what was set for all."""
    for page in context.pages[1:]:
        page.close()
    context.set_offline(False)
    context.clear_permissions()
    context.clear_cookies()


@pytest.fixture
def context(shared_context: BrowserContext) -> Iterator[BrowserContext]:
    yield shared_context
    leave_as_new(shared_context)


@pytest.fixture
def watch(context: BrowserContext, url: str) -> Iterator[Watch]:
    """Fails the test if a page says anything on the console or calls a foreign host."""
    with closing(Watch(context, url)) as watch:
        yield watch
    assert watch.problems == []
    assert watch.foreign_hosts == set()


@pytest.fixture
def page(context: BrowserContext, watch: Watch) -> Page:
    return context.new_page()


@pytest.fixture(scope="package")
def film_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the cameras of all tests show; a test films it anew before its camera is started."""
    return film(tmp_path_factory.mktemp("film") / "film.y4m", on_desk(draw_letter()))


@pytest.fixture(scope="package")
def film_browser(playwright: Playwright, browser_path: Path, film_path: Path) -> Iterator[Browser]:
    """The browser whose camera shows the film."""
    shows_film = f"--use-file-for-fake-video-capture={film_path}"
    browser = start_browser(playwright, browser_path, FAKE_CAMERA, FAKE_ANSWER, shows_film)
    yield browser
    browser.close()


@pytest.fixture(scope="package")
def film_context(film_browser: Browser) -> Iterator[BrowserContext]:
    context = camera_context(film_browser)
    keep_process(context)
    yield context
    context.close()


def camera_context(browser: Browser) -> BrowserContext:
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    context.set_default_timeout(WAIT_MS)
    context.add_init_script(ONE_LANGUAGE)
    return context


def start_browser(playwright: Playwright, path: Path, *flags: str) -> Browser:
    return playwright.chromium.launch(
        executable_path=path,
        headless=False,  # the flags ask for the headless mode that has cameras
        args=[*FLAGS, *flags],
    )


@pytest.fixture
def opened(
    playwright: Playwright, browser_path: Path, film_context: BrowserContext, url: str
) -> Iterator[Open]:
    """Opens the webcam page before the film, or in a browser whose camera is what the flags say."""
    with ExitStack() as stack:
        watches: list[Watch] = []

        def open_page(*flags: str, host: str = url, expected: tuple[str, ...] = ()) -> Page:
            context = film_context
            if flags:
                browser = start_browser(playwright, browser_path, *flags)
                stack.callback(browser.close)
                context = camera_context(browser)
            else:
                stack.callback(leave_as_new, context)
            watch = stack.enter_context(closing(Watch(context, url)))
            watch.expected.extend(expected)
            watches.append(watch)
            page = context.new_page()
            page.goto(f"{host}/webcam")
            return page

        yield open_page
    for watch in watches:
        assert watch.problems == []
        assert watch.foreign_hosts == set()


@pytest.fixture
def letter(tmp_path: Path) -> Path:
    return save_letter(tmp_path)


@pytest.fixture
def desk(page: Page, url: str, letter: Path) -> Page:
    """A page with the letter on its desk."""
    page.goto(url)
    page.set_input_files("#file", letter)
    expect(page.locator("main")).to_have_attribute("data-state", "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()
    return page


@pytest.fixture
def camera(opened: Open, film_path: Path) -> Page:
    """The page in front of a camera that sees the letter on a desk."""
    film(film_path, on_desk(draw_letter()))
    return opened()
