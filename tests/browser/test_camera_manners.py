"""The camera is asked for, lost and given back politely."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from playwright.sync_api import Dialog, JSHandle, Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.filming import FAKE_ANSWER, FAKE_CAMERA, film, on_desk
from tests.browser.letter import draw_letter
from tests.browser.test_camera_controls import start
from tests.browser.test_upload import expect_state
from tests.browser.test_webcam import expect_camera
from tests.browser.watching import assert_accessible, await_text, note_texts

UNANSWERED = "() => { navigator.mediaDevices.getUserMedia = () => new Promise(() => {}); }"
HESITATING = """() => {
  const devices = navigator.mediaDevices;
  const ask = devices.getUserMedia.bind(devices);
  window.streams = [];
  devices.getUserMedia = async function answer(wish) {
    const stream = await ask(wish);
    streams.push(stream);
    while (streams.length < 2) await new Promise((resolve) => setTimeout(resolve, 50));
    return stream;
  };
}"""
# The letter on the desk is wider below to the right than below to the left.
BELOW_RIGHT, BELOW_LEFT = (1030, 650), (1280 - 1030, 650)


def track_of(page: Page) -> JSHandle:
    return page.evaluate_handle(
        "document.querySelector('[data-part=video]').srcObject.getVideoTracks()[0]"
    )


def send(track: JSHandle, event: str) -> None:
    track.evaluate("(track, event) => track.dispatchEvent(new Event(event))", event)


def put_out_of_sight(page: Page) -> None:
    page.evaluate(
        """() => {
          Object.defineProperty(document, "hidden", { value: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }"""
    )


@pytest.fixture
def timed(opened: Open, film_path: Path) -> Page:
    """The page with a clock that tests set, which is that of its whole browser."""
    film(film_path, on_desk(draw_letter()))
    page = opened(FAKE_CAMERA, FAKE_ANSWER, f"--use-file-for-fake-video-capture={film_path}")
    page.clock.install()
    return page


def test_a_question_that_nobody_answers_is_pointed_at(timed: Page) -> None:
    camera = timed
    camera.evaluate(UNANSWERED)
    camera.get_by_role("button", name="Start camera").click()
    expect_camera(camera, "asking")
    camera.clock.fast_forward(5000)

    expect(camera.locator("[data-part=hint]")).to_have_text(
        "Look for the camera question near the address bar."
    )
    assert_accessible(camera)


def test_of_two_starts_the_first_gives_its_camera_back(camera: Page) -> None:
    camera.evaluate(HESITATING)
    camera.get_by_role("button", name="Start camera").click()
    expect_camera(camera, "asking")
    start(camera)

    assert camera.evaluate("streams.map((one) => one.getTracks()[0].readyState)") == [
        "ended",
        "live",
    ]


@pytest.mark.parametrize("event", ["ended", "mute"])
def test_a_camera_that_is_lost_is_told_and_started_again(camera: Page, event: str) -> None:
    start(camera)
    send(track_of(camera), event)

    expect(camera.locator("[data-part=trouble]")).to_contain_text("unplugged or paused")
    expect_camera(camera, "off")

    start(camera)

    expect(camera.locator("[data-part=trouble]")).to_be_hidden()


def test_a_camera_that_is_silent_for_a_moment_goes_on(timed: Page) -> None:
    camera = timed
    start(camera)
    track = track_of(camera)
    send(track, "mute")
    camera.clock.run_for(2000)
    send(track, "unmute")
    camera.clock.run_for(5000)

    expect_camera(camera, "live")


def test_a_tab_out_of_sight_gives_the_camera_back_after_a_minute(timed: Page) -> None:
    camera = timed
    start(camera)
    track = track_of(camera)
    put_out_of_sight(camera)
    camera.clock.run_for(59_000)
    expect_camera(camera, "live")
    camera.clock.run_for(2000)

    expect_camera(camera, "off")
    expect(camera.locator("[data-part=hint]")).to_contain_text("switched off while you were away")
    assert track.evaluate("(track) => track.readyState") == "ended"


def test_a_picture_that_was_taken_outlives_its_camera(camera: Page) -> None:
    start(camera)
    camera.get_by_role("button", name="Take the picture").click()
    expect_camera(camera, "still")
    send(track_of(camera), "ended")
    expect(camera.locator("[data-part=trouble]")).to_contain_text("unplugged or paused")
    expect_camera(camera, "still")
    camera.get_by_role("button", name="Read this").click()

    expect_state(camera, "result")
    expect_camera(camera, "off")


def test_pages_that_were_taken_are_not_lost_by_stopping_or_leaving(camera: Page) -> None:
    questions: list[str] = []

    def stay(dialog: Dialog) -> None:
        questions.append(dialog.type)
        dialog.dismiss()

    camera.on("dialog", stay)
    start(camera)
    for _ in range(2):
        camera.get_by_role("button", name="Take the picture").click()
        camera.get_by_role("button", name="Add another page").click()
    camera.get_by_role("button", name="Stop").click()
    expect_camera(camera, "off")
    camera.evaluate("location.reload()")
    camera.get_by_role("button", name="Read 2 pages").click()

    expect_state(camera, "result")
    expect(camera.locator("#desk [data-part=count]")).to_have_text("2")
    expect(camera.get_by_role("button", name="Read 2 pages")).to_be_hidden()
    assert questions == ["beforeunload"]


def test_leaving_the_page_gives_the_camera_back(camera: Page) -> None:
    start(camera)
    track = track_of(camera)
    camera.evaluate("window.dispatchEvent(new Event('pagehide'))")

    expect_camera(camera, "off")
    assert track.evaluate("(track) => track.readyState") == "ended"


def test_a_camera_that_faces_the_person_is_a_mirror_but_its_picture_is_not(camera: Page) -> None:
    camera.evaluate(
        "() => { MediaStreamTrack.prototype.getSettings = () => ({ facingMode: 'user' }); }"
    )
    start(camera)
    video = camera.locator("[data-part=video]")
    assert video.evaluate("(one) => getComputedStyle(one).transform") == "matrix(-1, 0, 0, 1, 0, 0)"
    camera.get_by_role("button", name="Take the picture").click()
    expect_camera(camera, "still")

    still = camera.locator("#camera [data-part=still]")
    brightness = "(one, [x, y]) => one.getContext('2d').getImageData(x, y, 1, 1).data[1]"
    assert still.evaluate(brightness, BELOW_RIGHT) > 200  # paper
    assert still.evaluate(brightness, BELOW_LEFT) < 90  # desk


def test_slow_answers_are_asked_for_less_often(camera: Page) -> None:
    asked: list[float] = []

    def answer_late(route: Route) -> None:
        asked.append(time.monotonic())
        time.sleep(2.2)
        route.fulfill(json={})

    camera.route("**/v1/frames", answer_late)
    texts = note_texts(camera.locator("[data-part=hint]"))
    start(camera)

    await_text(texts, "The answers take long; looking less often.")
    while len(asked) < 2:
        camera.wait_for_timeout(50)
    assert asked[1] - asked[0] > 4  # as long again as the answer took


def test_a_server_that_answers_no_frame_does_not_hold_up_what_was_taken(camera: Page) -> None:
    camera.route("**/v1/frames", lambda route: None)
    start(camera)
    camera.get_by_role("button", name="Take the picture").click()
    camera.get_by_role("button", name="Read this").click()

    expect_state(camera, "result")
