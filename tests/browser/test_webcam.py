from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import Page, Route, expect

from tests.browser.conftest import Open
from tests.browser.filming import FAKE_ANSWER, FAKE_CAMERA, FRAME_PX, film, on_desk
from tests.browser.letter import ReadsLetter, draw_letter, save_letter
from tests.browser.test_upload import expect_state
from tests.browser.watching import Watch, assert_accessible
from tests.waiting import wait_for

# A white scene that turns black as soon as the first look at it has been answered.
WATCH_A_CANVAS = """async () => {
  const { enhance } = await import("/static/js/camera/frame-loop.js");
  const scene = document.createElement("canvas");
  scene.videoWidth = scene.videoHeight = 64;
  const pen = scene.getContext("2d");
  pen.fillStyle = "white";
  pen.fillRect(0, 0, scene.width, scene.height);
  function darken() {
    pen.fillStyle = "black";
    pen.fillRect(0, 0, scene.width, scene.height);
  }
  window.watcher = enhance(scene, {
    region: () => null, fields: () => new FormData(), isBusy: () => false,
    onSeen: darken, onTrouble: () => {},
  });
  watcher.start();
}"""


def expect_camera(page: Page, state: str) -> None:
    expect(page.locator("#camera")).to_have_attribute("data-state", state)


def size_of_still(page: Page) -> list[int]:
    size: list[int] = page.locator("#camera [data-part=still]").evaluate(
        "(c) => [c.width, c.height]"
    )
    return size


def test_nothing_starts_before_a_click(camera: Page) -> None:
    expect_camera(camera, "off")
    expect(camera.locator("[data-part=video]")).to_be_hidden()
    finder = camera.locator("#camera .finder").bounding_box()
    begin = camera.locator("[data-part=begin]").bounding_box()
    assert finder
    assert begin
    off_px = begin["y"] + begin["height"] / 2 - finder["y"] - finder["height"] / 2
    assert abs(off_px) <= 1  # rounding


def test_a_page_held_up_is_read(camera: Page, engine: ReadsLetter) -> None:
    camera.get_by_role("button", name="Start camera").click()
    expect_camera(camera, "live")
    expect(camera.get_by_role("button", name="Take the picture")).to_be_focused()
    camera.keyboard.press("Space")
    expect_camera(camera, "still")
    assert size_of_still(camera) == list(FRAME_PX)

    camera.get_by_role("button", name="Whole picture").click()
    engine.gate.clear()
    camera.get_by_role("button", name="Read this").dblclick()
    expect(camera.locator("[data-part=hint]")).to_have_text("Reading … the text will appear below.")
    engine.gate.set()

    expect_state(camera, "result")
    expect(camera.locator("#desk [data-part=name]")).to_have_text("Picture 1.jpg")
    expect(camera.locator("#desk [data-part=name]")).to_be_in_viewport()
    expect(camera.locator("#desk [data-part=text]")).to_contain_text("Dear reader,")
    assert len(engine.readings) >= 1


def test_moved_corners_straighten_the_page(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()
    camera.get_by_role("button", name="Take the picture").click()
    camera.get_by_role("button", name="Whole picture").click()
    corner = camera.get_by_role("button", name="Top left corner")
    corner.focus()
    for _ in range(5):
        corner.press("Shift+ArrowRight")
    box = camera.get_by_role("button", name="Bottom right corner").bounding_box()
    assert box
    camera.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    camera.mouse.down()
    camera.mouse.move(box["x"] - 100, box["y"] - 60, steps=4)
    camera.mouse.up()
    camera.get_by_role("button", name="Read this").click()

    expect_state(camera, "result")
    expect(camera.locator("#desk [data-part=picture]")).to_be_visible()
    picture = camera.locator("#desk [data-part=picture]")
    assert 0 < picture.evaluate("(image) => image.naturalWidth") < FRAME_PX[0]


def test_several_pages_make_one_document(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()
    camera.get_by_role("button", name="Take the picture").click()
    camera.get_by_role("button", name="Add another page").click()
    expect(camera.get_by_role("button", name="Read 1 page")).to_be_visible()
    camera.get_by_role("button", name="Take the picture").click()
    camera.get_by_role("button", name="Read 2 pages").click()

    expect_state(camera, "result")
    expect(camera.locator("#desk [data-part=count]")).to_have_text("2")
    expect(camera.locator("#desk [data-part=name]")).to_have_text("Picture 1.jpg and 1 other")


def test_an_open_book_is_two_pages_cut_at_its_fold(opened: Open, film_path: Path) -> None:
    spread = Image.new("L", FRAME_PX, 225)
    fold_px = 560
    pen = ImageDraw.Draw(spread)
    for away_px in range(40, 0, -1):  # the shadow gets darker towards the fold
        pen.rectangle((fold_px - away_px, 0, fold_px + away_px, FRAME_PX[1]), fill=150 + away_px)
    film(film_path, spread)
    page = opened()
    page.get_by_role("button", name="Start camera").click()
    page.get_by_label("An open book").check()
    page.get_by_role("button", name="Take the picture").click()
    page.get_by_role("button", name="Whole picture").click()
    page.get_by_role("button", name="Read 2 pages").click()

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=count]")).to_have_text("2")
    picture = page.locator("#desk [data-part=picture]")
    expect(picture).to_be_visible()
    width_px = picture.evaluate("(image) => image.naturalWidth")
    assert abs(width_px - fold_px) <= 8  # a pixel of the small copy is six of the camera


def test_the_page_is_outlined_and_one_hint_given(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()

    expect(camera.locator(".outline[data-sure=yes] polygon.light")).to_have_count(1)
    expect(camera.locator("[data-part=hint]")).to_have_text("Good – take it.")
    video = camera.locator("[data-part=video]").bounding_box()
    outline = camera.locator(".outline polygon.light").bounding_box()
    assert video
    assert outline
    scale = video["width"] / FRAME_PX[0]
    left, top = (outline["x"] - video["x"]) / scale, (outline["y"] - video["y"]) / scale
    assert abs(left - 250) < 15  # pixels of the camera; the stroke is a few of them
    assert abs(top - 60) < 15


@pytest.mark.parametrize("glares", [True, False])
def test_glare_on_the_page_is_told(opened: Open, film_path: Path, *, glares: bool) -> None:
    sheet = draw_letter().convert("L").point(lambda level: level * 3 // 4)  # grey, as indoors
    if glares:
        ImageDraw.Draw(sheet).ellipse((500, 250, 750, 500), fill=255)
    film(film_path, on_desk(sheet))
    page = opened()
    page.get_by_role("button", name="Start camera").click()

    expect(page.locator("[data-part=hint]")).to_contain_text(
        "It glares" if glares else "Good – take it."
    )


def test_the_corners_of_a_taken_page_are_found(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()
    camera.get_by_role("button", name="Take the picture").click()

    expect(camera.locator("[data-part=hint]")).to_contain_text("This is the page")

    camera.get_by_role("button", name="Read this").click()

    expect_state(camera, "result")
    picture = camera.locator("#desk [data-part=picture]")
    expect(picture).to_be_visible()
    width_px = picture.evaluate("(image) => image.naturalWidth")
    assert abs(width_px - 790) < 20  # the longer of its two level sides, as it was laid


def test_a_steady_page_is_taken_by_itself_and_only_once(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()
    camera.get_by_label("Take it by itself").check()

    expect_camera(camera, "still")

    camera.get_by_role("button", name="Take another").click()

    expect(camera.locator("[data-part=hint]")).to_have_text("Good – take it.")
    expect_camera(camera, "live")


def test_reading_as_one_holds_it_takes_each_line_once(
    camera: Page, engine: ReadsLetter, tmp_path: Path
) -> None:
    camera.get_by_role("button", name="Start camera").click()
    camera.get_by_label("Read as I hold it").check()
    lines = camera.locator("[data-part=lines] p")

    expect(lines).to_have_count(6)
    expect(lines.first).to_have_text("Dear reader,")
    expect(camera.locator(".outline text").first).to_have_text("Dear reader,")
    expect(camera.locator("[data-part=readout]")).to_contain_text("answers in")
    seen = len(engine.readings)
    while len(engine.readings) < seen + 2:
        camera.wait_for_timeout(50)
    expect(lines).to_have_count(6)
    assert_accessible(camera)

    camera.get_by_role("button", name="Clear").click()

    expect(camera.get_by_role("button", name="Clear")).to_be_disabled()


def test_handwriting_is_read_line_by_line_as_it_is_written(opened: Open, film_path: Path) -> None:
    both = [(200, 400)] * 5  # so long that a busy machine, too, has corrected a line meanwhile
    tops: list[tuple[int, ...]] = [(), (200,), *both]
    sheets = [Image.new("L", FRAME_PX, 235) for _ in tops]
    for sheet, some in zip(sheets, tops, strict=True):
        for top in some:
            for x in range(300, 700, 40):
                ImageDraw.Draw(sheet).line((x, top + 30, x + 25, top), fill=40, width=6)
    film(film_path, *sheets, frames=12)
    asked: list[str] = []

    def answer(route: Route) -> None:
        if b'name="handwriting"' not in (route.request.post_data_buffer or b""):
            route.continue_()  # a look for the page, before the mode was chosen
            return
        body = route.request.post_data_buffer or b""
        frame = Image.open(BytesIO(body[body.index(b"\xff\xd8") :])).convert("L")
        if min(frame.tobytes()) > 150:  # before anything is written
            route.fulfill(json={"text": "", "outline": None, "zones": []})
            return
        asked.append(route.request.url)
        texts = ("Dear Ann,", "come soon")[len(asked) - 1 : len(asked)]
        box = [10, 30, 400, 70]
        found = [{"text": text, "box": box, "confidence": 0.9} for text in texts]
        route.fulfill(json={"text": "", "outline": None, "zones": [{"lines": found}]})

    page = opened()
    page.route("**/v1/frames", answer)
    page.get_by_role("button", name="Start camera").click()
    page.get_by_label("Handwriting, as it is written").check()
    lines = page.locator("[data-part=lines] input")

    expect(lines).to_have_count(2)
    expect(lines.nth(0)).to_have_value("Dear Ann,")
    expect(lines.nth(1)).to_have_value("come soon")
    assert_accessible(page)
    lines.nth(0).fill("Dear Anna,")
    page.wait_for_timeout(3500)  # the film begins anew, and the page is blank again

    expect(lines.nth(0)).to_have_value("Dear Anna,")
    expect(lines).to_have_count(2)


@pytest.mark.parametrize("mode", ["Read as I hold it", "Handwriting, as it is written"])
def test_a_server_too_slow_for_live_reading_is_told_as_busy(
    opened: Open, film_path: Path, mode: str
) -> None:
    written = Image.new("L", FRAME_PX, 235)
    ImageDraw.Draw(written).line((300, 230, 700, 200), fill=40, width=6)
    film(film_path, Image.new("L", FRAME_PX, 235), written, frames=12)
    problem = {"status": 504, "detail": "Raise OCR_TIMEOUT_S.", "code": "deadline-passed"}
    page = opened(expected=("504 (Gateway Timeout)",))
    page.route("**/v1/frames", lambda route: route.fulfill(status=504, json=problem))
    page.get_by_role("button", name="Start camera").click()
    page.get_by_label(mode).check()

    expect(page.locator("[data-part=hint]")).to_have_text("The server is busy; looking again soon.")


def test_words_fade_when_the_scene_moves_and_no_answer_has_come(
    opened: Open, engine: ReadsLetter, film_path: Path
) -> None:
    scenes = on_desk(draw_letter()), Image.new("RGB", FRAME_PX, (60, 50, 45))
    film(film_path, *scenes, frames=10)
    page = opened()
    page.get_by_role("button", name="Start camera").click()
    page.get_by_label("Read as I hold it").check()
    words = page.locator("#camera .outline")
    expect(words.locator("text").first).to_have_text("Dear reader,")
    expect(words).to_have_css("opacity", "1")
    # From here on no answer comes: only the scene can tell whether the words still stand there.
    engine.gate.clear()

    expect(words).to_have_css("opacity", "0")
    expect(words).to_have_css("opacity", "1")
    expect(words.locator("text").first).to_have_text("Dear reader,")
    engine.gate.set()


def test_a_scene_has_changed_until_a_look_at_it_is_answered(page: Page, url: str) -> None:
    asked: list[Route] = []

    def answer_the_first(route: Route) -> None:
        asked.append(route)
        if len(asked) == 1:
            route.fulfill(json={})

    page.route("**/v1/frames", answer_the_first)
    page.goto(f"{url}/about")
    page.evaluate(WATCH_A_CANVAS)
    while len(asked) < 2:
        page.wait_for_timeout(20)

    assert page.evaluate("watcher.drift()") == 255  # from white to black
    asked[1].fulfill(json={})
    wait_for(lambda: page.evaluate("watcher.drift() === 0"))


def test_an_answer_that_is_none_does_not_end_the_looking(
    page: Page, url: str, watch: Watch
) -> None:
    watch.expected.append("JSON")
    page.route("**/v1/frames", lambda route: route.fulfill(json={}))
    page.route("**/v1/frames", lambda route: route.fulfill(body="<p>Sign in"), times=1)
    page.goto(f"{url}/about")
    page.evaluate(WATCH_A_CANVAS)

    wait_for(lambda: page.evaluate("watcher.drift() === 0"))
    page.evaluate("watcher.stop()")


def test_the_camera_is_given_back_on_stop(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()
    expect_camera(camera, "live")
    track = camera.evaluate_handle(
        "document.querySelector('[data-part=video]').srcObject.getVideoTracks()[0]"
    )
    camera.get_by_role("button", name="Stop").click()

    expect_camera(camera, "off")
    assert track.evaluate("(track) => track.readyState") == "ended"


def test_another_camera_can_be_chosen(opened: Open) -> None:
    page = opened(f"{FAKE_CAMERA}=device-count=2,fps=5", FAKE_ANSWER)
    page.get_by_role("button", name="Start camera").click()
    expect_camera(page, "live")
    devices = page.get_by_label("Camera", exact=True).last
    expect(devices.locator("option")).to_have_count(2)
    devices.select_option(index=1)
    label = "document.querySelector('[data-part=video]').srcObject?.getVideoTracks()[0]?.label"

    wait_for(lambda: page.evaluate(f"({label} ?? '').endsWith('1')"))


def test_every_live_state_is_accessible(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()
    expect_camera(camera, "live")

    assert_accessible(camera)

    camera.get_by_role("button", name="Take the picture").click()
    expect_camera(camera, "still")

    assert_accessible(camera)


BUSY = (
    "() => { navigator.mediaDevices.getUserMedia ="
    " () => Promise.reject(new DOMException('', 'NotReadableError')) }"
)


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ((FAKE_CAMERA, f"{FAKE_ANSWER}=deny"), "The camera is blocked for this site."),
        ((f"{FAKE_CAMERA}=device-count=0", FAKE_ANSWER), "No camera was found."),
    ],
    ids=["denied", "missing"],
)
def test_a_refusal_is_told_in_plain_words(opened: Open, flags: tuple[str, ...], words: str) -> None:
    page = opened(*flags)
    page.get_by_role("button", name="Start camera").click()

    expect(page.locator("[data-part=trouble]")).to_contain_text(words)
    expect(page.get_by_text("Take a photo instead", exact=True)).to_be_visible()
    assert_accessible(page)


def test_a_busy_camera_is_told_in_plain_words(camera: Page) -> None:
    camera.evaluate(BUSY)
    camera.get_by_role("button", name="Start camera").click()

    expect(camera.locator("[data-part=trouble]")).to_contain_text("Another program")


def test_an_insecure_address_is_told_in_plain_words(opened: Open, url: str) -> None:
    page = opened(
        host=url.replace("127.0.0.1", "insecure.test"),
        expected=("Cross-Origin-Opener-Policy",),  # which browsers ignore there, and say so
    )
    page.get_by_role("button", name="Start camera").click()

    expect(page.locator("[data-part=trouble]")).to_contain_text("https://")


def test_a_photo_will_do_instead(page: Page, url: str, tmp_path: Path) -> None:
    page.goto(f"{url}/webcam")
    page.set_input_files("#file", save_letter(tmp_path, "photo.png"))

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=name]")).to_have_text("photo.png")
