from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.filming import FRAME_PX, film, on_desk
from tests.browser.letter import draw_letter
from tests.browser.test_upload import expect_state
from tests.browser.test_webcam import expect_camera
from tests.browser.watching import assert_accessible, await_text, note_texts
from tests.waiting import wait_for

# A camera that can more than Chromium's fake one; what it is asked is written down.
ABLE_CAMERA = """() => {
  window.asked = [];
  const track = MediaStreamTrack.prototype;
  track.getCapabilities = () => ({
    torch: true, zoom: { min: 1, max: 4, step: 0.5 }, focusMode: ["single-shot"],
  });
  track.applyConstraints = async function ({ advanced: [wish] }) { asked.push(wish); };
}"""
LARGER_PHOTO = """() => {
  window.ImageCapture = class {
    async getPhotoCapabilities() { return { imageWidth: { max: 2000 } }; }
    async takePhoto() {
      const canvas = new OffscreenCanvas(2000, 1500);
      canvas.getContext("2d").fillRect(0, 0, 2000, 1500);
      return canvas.convertToBlob();
    }
  };
}"""
WAKE_LOCK = """() => {
  window.awake = [];
  const lock = { release: () => awake.push("released") };
  navigator.wakeLock.request = async (kind) => (awake.push(kind), lock);
}"""


def start(page: Page) -> None:
    page.get_by_role("button", name="Start camera").click()
    expect_camera(page, "live")
    expect(page.get_by_role("button", name="Take the picture")).to_be_focused()


def test_light_zoom_and_focus_are_there_where_the_camera_has_them(camera: Page) -> None:
    camera.evaluate(ABLE_CAMERA)
    start(camera)
    camera.get_by_role("button", name="Camera light").click()
    zoom = camera.get_by_role("slider", name="Zoom")
    zoom.focus()
    camera.keyboard.press("ArrowRight")
    camera.locator("[data-part=video]").click()
    assert_accessible(camera)

    torch, zoomed, focused = camera.evaluate("asked")
    assert torch == {"torch": True}
    assert zoomed == {"zoom": 1.5}
    assert focused["focusMode"] == "single-shot"
    assert focused["pointsOfInterest"][0] == pytest.approx({"x": 0.5, "y": 0.5}, abs=0.02)


def test_a_plain_camera_offers_neither_light_nor_zoom(camera: Page) -> None:
    start(camera)

    expect(camera.get_by_role("slider", name="Zoom")).to_be_hidden()
    expect(camera.get_by_role("button", name="Camera light")).to_be_hidden()


def test_the_screen_stays_on_while_the_camera_runs(camera: Page) -> None:
    camera.evaluate(WAKE_LOCK)
    start(camera)
    wait_for(lambda: camera.evaluate("awake.length === 1"))
    camera.get_by_role("button", name="Stop").click()

    assert camera.evaluate("awake") == ["screen", "released"]


def test_a_photo_larger_than_the_video_is_taken_instead(camera: Page) -> None:
    camera.evaluate(LARGER_PHOTO)
    start(camera)
    camera.keyboard.press("Enter")
    expect_camera(camera, "still")

    expect(camera.locator("#camera [data-part=still]")).to_have_js_property("width", 2000)


def test_page_after_page_is_taken_with_the_corners_as_found(camera: Page) -> None:
    start(camera)
    camera.get_by_label("Page after page").check()
    for pages in ("1 page", "2 pages"):
        camera.get_by_role("button", name="Take the picture").click()
        expect_camera(camera, "live")  # the picture's own button may say the same before
        expect(camera.locator("[data-action=finish]")).to_have_text(f"Read {pages}")
    camera.locator("[data-action=finish]").click()

    expect_state(camera, "result")
    picture = camera.locator("#desk [data-part=picture]")
    expect(picture).to_be_visible()
    width_px = picture.evaluate("(image) => image.naturalWidth")
    assert abs(width_px - 790) < 20  # the longer level side of the page on the desk


def test_taking_by_itself_can_be_called_off(camera: Page) -> None:
    start(camera)
    camera.evaluate(
        """() => {
          const shutter = document.querySelector("[data-action=capture]");
          const look = () => Number(shutter.style.getPropertyValue("--ready")) > 0
            && document.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape" }));
          new MutationObserver(look).observe(shutter, { attributes: true });
        }"""
    )
    texts = note_texts(camera.locator("[data-part=hint]"))
    camera.get_by_label("Take it by itself").check()

    await_text(texts, "Not taken. Show another page, or press the button.")
    expect(camera.locator("[data-part=hint]")).to_have_text("Good – take it.")
    expect_camera(camera, "live")


def read_as_held(camera: Page) -> None:
    start(camera)
    camera.get_by_label("Read as I hold it").check()
    expect(camera.locator(".outline text").first).to_have_text("Dear reader,")


def test_what_is_read_is_drawn_with_the_pointer_or_moved_by_keys(camera: Page) -> None:
    read_as_held(camera)
    video = camera.locator("[data-part=video]").bounding_box()
    assert video
    camera.mouse.move(video["x"] + 100, video["y"] + 100)
    camera.mouse.down()
    camera.mouse.move(video["x"] + 300, video["y"] + 200, steps=4)
    camera.mouse.up()
    frame = camera.get_by_role("button", name="What is read")
    box = frame.bounding_box()

    assert box
    assert box["x"] - video["x"] == pytest.approx(100, abs=1.5)
    assert (box["width"], box["height"]) == pytest.approx((200, 100), abs=2)
    expect(camera.get_by_label("What is read").last).to_have_value("drawn")

    camera.mouse.click(video["x"] + 400, video["y"] + 300)
    box = frame.bounding_box()
    assert box
    assert (box["x"] - video["x"], box["y"] - video["y"]) == pytest.approx((300, 250), abs=2)

    frame.focus()
    frame.press("ArrowRight")
    frame.press("Shift+ArrowDown")
    moved = frame.bounding_box()
    assert moved
    step = 0.02 * video["width"]
    assert moved["x"] - box["x"] == pytest.approx(step, abs=1)
    assert moved["height"] - box["height"] == pytest.approx(step, abs=1)
    assert_accessible(camera)


def test_on_a_phone_camera_and_transcript_are_seen_at_once(camera: Page) -> None:
    camera.set_viewport_size({"width": 390, "height": 844})
    read_as_held(camera)

    expect(camera.locator("[data-part=lines] p").first).to_be_in_viewport()
    expect(camera.locator("[data-part=video]")).to_be_in_viewport()
    kinds = camera.locator(".outline polygon").evaluate_all(
        "(all) => all.map((one) => one.className.baseVal)"
    )
    assert len(set(kinds)) == 1  # words are all shown in one way


def test_only_the_region_is_sent(camera: Page) -> None:
    read_as_held(camera)
    camera.get_by_label("What is read").last.select_option("A strip in the middle")
    with camera.expect_response("**/v1/frames"):
        pass  # what was on its way already
    with camera.expect_response("**/v1/frames") as answer:
        pass

    frame = answer.value.json()
    assert frame["width_px"] == pytest.approx(0.9 * FRAME_PX[0], abs=2)
    assert frame["height_px"] == pytest.approx(0.3 * FRAME_PX[1], abs=2)


def test_a_frozen_picture_lets_its_words_be_selected(camera: Page) -> None:
    read_as_held(camera)
    freeze = camera.get_by_role("button", name="Freeze")
    freeze.press("Enter")
    expect(freeze).to_have_attribute("aria-pressed", "true")
    words = camera.locator(".outline text").first
    words.click(click_count=3)

    assert camera.evaluate("document.querySelector('[data-part=video]').paused")
    assert camera.evaluate("getSelection().toString().trim()") == "Dear reader,"
    assert_accessible(camera)

    freeze.press("Enter")

    expect(freeze).to_have_attribute("aria-pressed", "false")
    assert not camera.evaluate("document.querySelector('[data-part=video]').paused")


def test_the_numbers_are_told_on_request(camera: Page) -> None:
    start(camera)
    camera.get_by_text("Numbers", exact=True).click()
    numbers = camera.locator("[data-part=readout]")

    expect(numbers).to_contain_text("1280 × 720, 5 frames/s")
    expect(numbers).to_contain_text("answers/s")
    expect(numbers).to_contain_text("server")
    expect(numbers).to_contain_text("sharpness")


VOICE = """
  window.said = [];
  const speech = {
    getVoices: () => [{ name: "A voice", lang: "en-GB" }],
    addEventListener() {},
    cancel() {},
    speak: (utterance) => said.push(utterance.text),
  };
  Object.defineProperty(window, "speechSynthesis", { value: speech });
"""


def test_new_lines_are_said_where_there_is_a_voice(opened: Open, film_path: Path) -> None:
    film(film_path, on_desk(draw_letter()))
    page = opened()
    page.add_init_script(VOICE)
    page.reload()
    start(page)
    page.evaluate("document.querySelector('[data-part=voice]').click()")
    page.get_by_label("Read as I hold it").check()

    wait_for(lambda: page.evaluate("said.includes('Dear reader,')"))
    expect(page.get_by_role("log")).to_have_attribute("aria-live", "off")
