"""The viewfinder over the whole screen of a phone."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, ViewportSize, expect

from tests.browser.test_upload import expect_state
from tests.browser.test_viewing import box_of
from tests.browser.test_webcam import expect_camera
from tests.browser.watching import assert_accessible

PHONE: ViewportSize = {"width": 390, "height": 844}
LEAST_PX = 44  # of a control, for a finger
WITHOUT_API = "() => { Element.prototype.requestFullscreen = undefined; }"
# The controls that can be pressed now, less the corners and the region, which lie on the picture.
SMALL = """(least) => [...document.querySelectorAll("#camera :is(button, summary, select)")]
  .filter((one) => one.checkVisibility() && !one.closest(".corners, .region"))
  .map((one) => [one.dataset.action ?? one.textContent, one.getBoundingClientRect()])
  .filter(([, { width, height }]) => width < least || height < least)
  .map(([name, { width, height }]) => `${name}: ${width} x ${height}`)"""

# Where the shutter begins under each of these hints, measured before the camera says another.
TOPS_UNDER = """(hints) => hints.map((words) => {
  document.querySelector("#camera [data-part=hint]").textContent = words;
  return document.querySelector("#camera .shutter").getBoundingClientRect().top;
})"""


@pytest.fixture
def phone(camera: Page) -> Page:
    camera.set_viewport_size(PHONE)
    return camera


def start(page: Page) -> None:
    page.get_by_role("button", name="Start camera").click()
    expect_camera(page, "live")


def expect_full(page: Page) -> None:
    expect(page.get_by_role("button", name="Full screen")).to_have_attribute("aria-pressed", "true")
    finder = page.locator("#camera [data-part=finder]").bounding_box()
    shutter = page.locator("#camera :is(.shutter, [data-action=use]):visible").bounding_box()
    assert finder
    assert shutter
    width = page.locator("#camera").evaluate("(camera) => camera.clientWidth")
    assert (finder["x"], finder["y"], finder["width"]) == (0, 0, width)
    assert finder["height"] > 0.7 * PHONE["height"]
    assert shutter["y"] >= finder["height"]
    assert shutter["y"] + shutter["height"] <= PHONE["height"]
    assert page.evaluate(SMALL, LEAST_PX) == []


def test_the_camera_takes_the_screen_of_a_desk_when_it_is_told_to(camera: Page) -> None:
    camera.set_viewport_size({"width": 1366, "height": 768})
    start(camera)
    camera.get_by_role("button", name="Full screen").click()

    finder = camera.locator("#camera [data-part=finder]")
    expect(camera.locator("#camera")).to_have_js_property("offsetWidth", 1366)
    width = camera.locator("#camera").evaluate("(one) => one.clientWidth")
    expect(finder).to_have_js_property("clientWidth", width)
    assert finder.evaluate("(one) => one.scrollHeight <= one.clientHeight")
    assert_accessible(camera)

    camera.get_by_role("button", name="Take the picture").click()
    expect_camera(camera, "still")
    assert_accessible(camera)
    camera.get_by_role("button", name="Read this").click()
    expect_state(camera, "result")


@pytest.mark.parametrize("has_api", [True, False])
def test_the_camera_takes_the_screen_of_a_phone(phone: Page, *, has_api: bool) -> None:
    if not has_api:
        phone.evaluate(WITHOUT_API)
    start(phone)

    expect_full(phone)
    assert phone.evaluate("document.querySelector('header').inert")
    assert_accessible(phone)

    phone.get_by_role("button", name="Take the picture").click()
    expect_camera(phone, "still")
    expect_full(phone)
    assert_accessible(phone)

    phone.get_by_role("button", name="Take another").click()
    phone.get_by_role("button", name="Full screen").click()

    expect(phone.get_by_role("link", name="Upload")).to_be_visible()
    assert not phone.evaluate("document.querySelector('header').inert")
    assert not phone.evaluate("document.fullscreenElement")


@pytest.mark.parametrize("is_full", [True, False])
def test_the_corners_are_handles_whole_on_the_screen_of_a_phone(
    phone: Page, *, is_full: bool
) -> None:
    start(phone)
    if not is_full:
        phone.get_by_role("button", name="Full screen").click()
    phone.get_by_role("button", name="Take the picture").click()
    phone.get_by_role("button", name="Whole picture").click()

    corners = phone.locator("#camera .corner")
    expect(corners).to_have_count(4)
    for at in range(4):
        box = box_of(corners.nth(at))
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= PHONE["width"]


@pytest.mark.parametrize("is_full", [True, False])
def test_the_shutter_stays_where_it_is_under_a_long_hint(phone: Page, *, is_full: bool) -> None:
    start(phone)
    if not is_full:
        phone.get_by_role("button", name="Full screen").click()
    tops = phone.evaluate(
        TOPS_UNDER, ["Hold still.", "No edges were found in the picture. " * 2 + "Go on."]
    )

    assert tops[0] == tops[1]


def test_what_was_taken_is_read_on_the_page(phone: Page) -> None:
    start(phone)
    phone.get_by_role("button", name="Take the picture").click()
    phone.get_by_role("button", name="Whole picture").click()
    phone.get_by_role("button", name="Read this").click()
    expect_state(phone, "result")

    expect(phone.get_by_role("button", name="Full screen")).to_have_attribute(
        "aria-pressed", "false"
    )
    expect(phone.locator("[data-part=text]")).to_be_in_viewport()


def test_the_camera_of_a_desk_takes_the_window_when_it_is_asked_to(camera: Page) -> None:
    full = camera.get_by_role("button", name="Full screen")
    expect(full).to_be_hidden()
    start(camera)
    expect(full).to_have_attribute("aria-pressed", "false")
    full.click()

    expect(full).to_have_attribute("aria-pressed", "true")
    expect(camera.locator("#camera")).to_have_css("position", "fixed")

    camera.keyboard.press("Escape")

    expect(full).to_have_attribute("aria-pressed", "false")
    camera.get_by_role("button", name="Stop").click()
    expect(full).to_be_hidden()
