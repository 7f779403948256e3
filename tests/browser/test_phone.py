"""A phone as the camera of a desk."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import zxingcpp
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, expect

from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.browser.conftest import camera_context, start_browser
from tests.browser.filming import FAKE_ANSWER, FAKE_CAMERA, film, on_desk
from tests.browser.letter import draw_letter, save_letter
from tests.browser.test_upload import expect_state
from tests.browser.watching import Watch, assert_accessible

KEY = "correct-horse-battery"
ASK = "take it with your phone"


@pytest.fixture
def settings(settings: Settings) -> Settings:
    return replace(settings, api_keys=(KEY,))


@pytest.fixture
def host(url: str) -> str:
    """The server by a name, as a phone would reach it."""
    return url.replace("127.0.0.1", "insecure.test")


@pytest.fixture
def asking(page: Page, host: str, watch: Watch, app: Flask) -> Iterator[Page]:
    """A desk that shows the code for a phone."""
    watch.expected.append("Cross-Origin-Opener-Policy")  # browsers ignore it over http, and say so
    page.goto(host)
    page.get_by_label("Key of this server").fill(KEY)
    page.get_by_role("button", name=ASK).click()
    expect(page.get_by_role("dialog")).to_be_visible()
    yield page
    service_of(app).is_ending.set()  # so that the desk waits no longer


@pytest.fixture
def tab(browser: Browser) -> Iterator[Page]:
    """The browser of a phone, which has no camera for pages."""
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


@pytest.fixture
def phones(
    playwright: Playwright, browser_path: Path, film_path: Path, host: str
) -> Iterator[Browser]:
    """A browser with a camera, which it gives to pages of the server as if they came by https."""
    film(film_path, on_desk(draw_letter()))
    browser = start_browser(
        playwright, browser_path, FAKE_CAMERA, FAKE_ANSWER,
        f"--use-file-for-fake-video-capture={film_path}",
        f"--unsafely-treat-insecure-origin-as-secure={host}",
    )  # fmt: skip
    yield browser
    browser.close()


def scanned(desk: Page) -> str:
    """What a phone's camera reads from the code."""
    shot = desk.get_by_role("img", name="QR code of the address below").screenshot()
    (code,) = zxingcpp.read_barcodes(Image.open(io.BytesIO(shot)))
    assert code.text == desk.locator("[data-part=address]").text_content()
    return str(code.text)


def test_photos_of_a_phone_come_to_the_desk_over_http(
    asking: Page, tab: Page, host: str, tmp_path: Path
) -> None:
    assert_accessible(asking)
    expect(asking.get_by_text("Over http a browser gives no page the camera")).to_be_visible()
    address = scanned(asking)
    tab.goto(address)

    expect(tab.locator("[data-part=sent]")).to_have_text(
        "This phone is the camera of your desk now."
    )
    assert tab.url == f"{host}/webcam"  # without the token, which is void
    expect(tab.get_by_text("Over http the browser gives no page the camera")).to_be_visible()
    expect(tab.get_by_role("button", name="Start camera")).to_be_hidden()
    expect(tab.get_by_label("Key of this server")).to_be_hidden()
    expect(asking.locator("#phone [data-part=words]")).to_contain_text("The phone is connected.")
    assert_accessible(tab)

    tab.set_input_files("#file", save_letter(tmp_path, "photo.png"))
    expect(tab.locator("[data-part=sent]")).to_have_text("1 picture lies on the desk.")
    card = asking.locator("[data-part=cards] [data-part=name]")
    expect(card).to_have_text("photo.png")
    expect_state(asking, "result")
    expect(asking.locator("[data-part=text]")).to_contain_text("Dear reader,")

    tab.reload()
    tab.set_input_files("#file", save_letter(tmp_path, "second.png"))
    expect(card).to_have_text(["photo.png", "second.png"])

    asking.get_by_role("button", name="Use a phone").click()
    asking.get_by_role("button", name="Disconnect the phone").click()
    tab.set_input_files("#file", save_letter(tmp_path, "third.png"))

    expect(tab.locator("[data-part=trouble]")).to_contain_text("Show a new code")


def test_the_live_camera_of_a_phone_sends_pages_without_a_key(
    asking: Page, phones: Browser
) -> None:
    phone = camera_context(phones).new_page()
    phone.goto(scanned(asking))
    phone.get_by_role("button", name="Start camera").click()
    expect(phone.locator(".outline[data-sure=yes] polygon.light")).to_have_count(1)
    expect(phone.get_by_label("Read as I hold it")).to_be_hidden()
    phone.get_by_role("button", name="Take the picture").click()
    expect(phone.locator("[data-part=hint]")).to_contain_text("This is the page")
    phone.get_by_role("button", name="Add another page").click()
    phone.get_by_role("button", name="Take the picture").click()
    phone.get_by_role("button", name="Send 2 pages").click()

    expect(phone.locator("[data-part=sent]")).to_have_text("2 pictures lie on the desk.")
    expect_state(asking, "result")
    expect(asking.locator("#desk [data-part=count]")).to_have_text("2")
    expect(asking.locator("#desk [data-part=name]")).to_have_text("Picture 1.jpg and 1 other")
    assert_accessible(phone)


def test_a_desk_keeps_its_phone_over_a_reload(asking: Page, tab: Page, tmp_path: Path) -> None:
    tab.goto(scanned(asking))
    expect(asking.locator("#phone [data-part=words]")).to_contain_text("The phone is connected.")
    asking.reload()
    tab.set_input_files("#file", save_letter(tmp_path, "photo.png"))

    expect(asking.locator("[data-part=cards] [data-part=name]")).to_have_text("photo.png")


def test_a_code_is_for_one_phone(asking: Page, tab: Page, browser: Browser) -> None:
    address = scanned(asking)
    other = browser.new_context()
    second = other.new_page()
    tab.goto(address)
    expect(tab.locator("[data-part=sent]")).to_contain_text("This phone is the camera")
    second.goto(address)

    expect(second.locator("[data-part=trouble]")).to_contain_text("the code was used already")
    other.close()


def test_a_picture_waits_on_the_phone_for_a_server_that_is_away(
    asking: Page, tab: Page, tmp_path: Path
) -> None:
    tab.goto(scanned(asking))
    expect(tab.locator("[data-part=sent]")).to_contain_text("This phone is the camera")
    tab.context.set_offline(True)
    tab.set_input_files("#file", save_letter(tmp_path, "photo.png"))
    expect(tab.get_by_role("button", name="Send it again")).to_be_visible()
    assert_accessible(tab)
    tab.context.set_offline(False)

    expect(asking.locator("[data-part=cards] [data-part=name]")).to_have_text("photo.png")


def test_a_page_that_no_phone_reaches_says_so(page: Page, url: str) -> None:
    page.goto(f"{url}/webcam")
    page.get_by_role("button", name="or use a phone as the camera").click()

    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("which only this computer reaches")
    expect(dialog.get_by_role("img")).to_have_count(0)
    assert_accessible(page)
