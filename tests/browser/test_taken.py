"""The strip of pages that the camera has taken."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conftest import Open
from tests.browser.filming import FRAME_PX, film, on_desk
from tests.browser.letter import draw_letter
from tests.browser.test_upload import expect_state
from tests.browser.test_webcam import expect_camera
from tests.browser.watching import assert_accessible
from tests.waiting import wait_for

HUES = ("red", "lime", "blue")


def take(page: Page) -> None:
    """Take the whole picture as a page, and go on."""
    page.get_by_role("button", name="Take the picture").click()
    page.get_by_role("button", name="Whole picture").click()
    page.get_by_role("button", name="Add another page").click()
    expect_camera(page, "live")


def strip_of(page: Page) -> Locator:
    return page.locator("[data-part=taken-pages] img")


def hue_of(picture: Locator) -> str:
    """Which of red, green and blue a picture has most of."""
    most: str = picture.evaluate(
        """async (image) => {
          await image.decode();
          const canvas = document.createElement("canvas");
          canvas.width = canvas.height = 1;
          const pen = canvas.getContext("2d");
          pen.drawImage(image, 0, 0, 1, 1);
          const levels = [...pen.getImageData(0, 0, 1, 1).data].slice(0, 3);
          return ["red", "lime", "blue"][levels.indexOf(Math.max(...levels))];
        }"""
    )
    return most


def expect_hues(pictures: Locator, *hues: str) -> None:
    wait_for(lambda: [hue_of(one) for one in pictures.all()] == list(hues))


@pytest.fixture
def three(camera: Page) -> Page:
    """A page that has taken three pictures, a red, a green and a blue one, in this order."""
    camera.get_by_role("button", name="Start camera").click()
    for hue in HUES:
        show(camera, hue)
        take(camera)
    expect(strip_of(camera)).to_have_count(3)
    return camera


def show(page: Page, hue: str) -> None:
    """Let the next still be of one colour, whatever the camera sees."""
    page.evaluate(
        """(hue) => {
          const draw = (CanvasRenderingContext2D.prototype.drawFilm ??=
            CanvasRenderingContext2D.prototype.drawImage);
          CanvasRenderingContext2D.prototype.drawImage = function (picture, ...rest) {
            draw.call(this, picture, ...rest);
            if (!(picture instanceof HTMLVideoElement) || this.canvas.dataset.part !== "still")
              return;
            this.fillStyle = hue;
            this.fillRect(0, 0, this.canvas.width, this.canvas.height);
          };
        }""",
        hue,
    )


def test_taken_pages_stand_in_a_strip_and_are_read_in_its_order(three: Page) -> None:
    expect_hues(strip_of(three), "red", "lime", "blue")
    first = three.get_by_role("button", name="Page 1", exact=True)
    first.focus()
    first.press("Alt+ArrowRight")

    expect_hues(strip_of(three), "lime", "red", "blue")
    expect(three.get_by_role("button", name="Page 2", exact=True)).to_be_focused()

    strip_of(three).nth(2).drag_to(strip_of(three).nth(0))

    expect_hues(strip_of(three), "blue", "lime", "red")

    three.get_by_role("button", name="Move this page after the next one").click()

    expect_hues(strip_of(three), "lime", "blue", "red")
    assert_accessible(three)

    three.get_by_role("button", name="Read 3 pages").click()
    expect_state(three, "result")
    expect(three.locator("[data-part=taken]")).to_be_hidden()
    expect(three.locator("#desk [data-part=count]")).to_have_text("3")
    expect_hues(three.locator("[data-part=strip] img"), "lime", "blue", "red")


def test_a_page_is_left_out_and_brought_back(three: Page) -> None:
    three.get_by_role("button", name="Page 2", exact=True).click()
    three.get_by_role("button", name="Leave out this page").click()

    expect_hues(strip_of(three), "red", "blue")
    expect(three.get_by_role("button", name="Read 2 pages")).to_be_visible()
    back = three.get_by_role("button", name="Bring back the page that was left out")
    expect(back).to_be_focused()

    back.click()

    expect_hues(strip_of(three), "red", "lime", "blue")
    expect(back).to_be_hidden()


def test_a_page_is_taken_again_in_its_place(three: Page) -> None:
    three.get_by_role("button", name="Page 1", exact=True).click()
    again = three.get_by_role("button", name="Take this page again")
    again.click()
    expect(again).to_have_attribute("aria-pressed", "true")
    expect(three.locator("[data-part=hint]")).to_have_text("Page 1 will be taken again.")
    show(three, "blue")
    take(three)

    expect_hues(strip_of(three), "blue", "lime", "blue")
    expect(again).to_have_attribute("aria-pressed", "false")


def test_the_corners_of_a_taken_page_can_be_moved_later(camera: Page) -> None:
    camera.get_by_role("button", name="Start camera").click()
    camera.get_by_role("button", name="Take the picture").click()
    expect(camera.locator("[data-part=hint]")).to_contain_text("This is the page")
    camera.get_by_role("button", name="Add another page").click()
    expect_camera(camera, "live")
    width = "(image) => image.decode().then(() => image.naturalWidth)"
    cut_px = strip_of(camera).evaluate(width)
    assert cut_px < FRAME_PX[0] - 200
    camera.get_by_role("button", name="Crop or turn").click()
    dialog = camera.get_by_role("dialog", name="Crop or turn Picture 1.jpg")
    still = dialog.locator("[data-part=still]")
    assert still.evaluate("(canvas) => canvas.width") == FRAME_PX[0]
    assert_accessible(camera)
    dialog.get_by_role("button", name="Use this").click()

    expect(dialog).to_be_hidden()
    assert abs(strip_of(camera).evaluate(width) - cut_px) <= 1  # the corners were as found

    camera.get_by_role("button", name="Crop or turn").click()
    dialog.get_by_role("button", name="Whole picture").click()
    dialog.get_by_role("button", name="Use this").click()
    expect(dialog).to_be_hidden()

    expect(strip_of(camera)).to_have_js_property("naturalWidth", FRAME_PX[0])


def test_both_pages_of_a_book_are_taken_again_together(opened: Open, film_path: Path) -> None:
    film(film_path, on_desk(draw_letter()))
    page = opened()
    page.get_by_role("button", name="Start camera").click()
    page.get_by_label("An open book").check()
    for _ in range(2):
        take(page)
    expect(strip_of(page)).to_have_count(4)
    page.get_by_role("button", name="Page 2", exact=True).click()
    page.get_by_role("button", name="Take this page again").click()
    page.get_by_label("An open book").uncheck()
    take(page)

    expect(strip_of(page)).to_have_count(3)
