from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import FloatRect, Locator, Page, expect

from tests.browser.letter import SIZE_PX, ReadsLetter, draw_letter
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible


def box_of(locator: Locator) -> FloatRect:
    box = locator.bounding_box()
    assert box
    return box


def width_of_picture(desk: Page) -> float:
    return box_of(desk.locator("#pane-picture"))["width"]


def drag(page: Page, start: tuple[float, float], by: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(start[0] + by[0], start[1] + by[1], steps=5)
    page.mouse.up()


def test_the_border_is_moved_by_dragging_keys_and_buttons_and_stays(desk: Page) -> None:
    border = desk.get_by_role("slider", name="Border between picture and text")
    panes = box_of(desk.locator(".panes"))
    x, y = panes["x"] + 0.55 * panes["width"], panes["y"] + panes["height"] / 2
    drag(desk, (x, y), (-0.2 * panes["width"], 0))
    assert abs(width_of_picture(desk) / panes["width"] - 0.35) < 0.03

    border.focus()
    for _ in range(5):
        desk.keyboard.press("ArrowRight")
    expect(border).to_have_attribute("aria-valuetext", "Picture 40 %, text 60 %")
    assert abs(width_of_picture(desk) / panes["width"] - 0.4) < 0.02

    desk.locator("[data-part=shown] summary").click()
    desk.get_by_role("button", name="Wider picture").click()
    expect(border).to_have_value("55")
    assert_accessible(desk)

    desk.get_by_role("button", name="Wider text").click()
    assert desk.evaluate("localStorage.getItem('split')") == "40"


def test_the_hand_moves_the_picture_instead_of_selecting(desk: Page) -> None:
    for _ in range(4):
        desk.get_by_role("button", name="Larger").click()
    stage = desk.locator("[data-part=stage]")
    frame = box_of(stage)
    middle = frame["x"] + frame["width"] / 2, frame["y"] + frame["height"] / 2
    before = stage.evaluate("(stage) => [stage.scrollLeft, stage.scrollTop]")
    hand = desk.get_by_role("button", name="Move the picture by dragging")
    hand.click()
    drag(desk, middle, (-60, -40))

    after = stage.evaluate("(stage) => [stage.scrollLeft, stage.scrollTop]")
    assert (after[0] - before[0], after[1] - before[1]) == (60, 40)
    assert desk.evaluate("getSelection().toString()") == ""

    hand.click()

    expect(hand).to_have_attribute("aria-pressed", "false")


def test_a_turned_picture_keeps_its_words_in_place(desk: Page) -> None:
    desk.get_by_label("Show on the picture").first.click()
    desk.get_by_role("checkbox", name="Words", exact=True).check()
    desk.keyboard.press("Escape")
    for quarters, text in ((1, "ticket"), (2, "desk."), (3, "feny")):
        desk.get_by_role("button", name="Turn the picture").press("Enter")
        paper = box_of(desk.locator("[data-part=paper]"))
        assert (paper["width"] < paper["height"]) == (quarters % 2 == 1)

        desk.get_by_role("button", name="Fit the page").click()
        word = desk.locator("[data-part=layer] span", has_text=text)
        middle = box_of(word)
        desk.mouse.move(middle["x"] + middle["width"] / 2, middle["y"] + middle["height"] / 2)

        expect(desk.locator("[data-part=text] .word.lit")).to_have_text(text)
        current = box_of(desk.locator("[data-part=boxes] polygon.current"))
        assert abs(current["x"] - middle["x"]) < 8  # the room around the letters, and the stroke
        # The layer's line is a little taller than a word.
        assert abs(current["y"] - middle["y"]) < 12


def test_the_text_as_read_lets_the_picture_through_as_one_likes(desk: Page) -> None:
    desk.get_by_label("Show on the picture").first.click()
    veil = desk.get_by_role("slider", name="Over the picture")
    expect(veil).to_be_hidden()
    desk.get_by_role("checkbox", name="The text as read").check()
    veil.focus()
    desk.keyboard.press("Home")

    layer = desk.locator("[data-part=layer]")
    expect(layer).to_have_css("background-color", "rgba(255, 255, 255, 0)")
    expect(layer).to_have_css("color", "rgb(20, 24, 31)")


def test_what_counts_as_doubtful_can_be_chosen_and_stays(desk: Page) -> None:
    doubtful = desk.locator("[data-part=text] .word.doubtful")
    expect(doubtful).to_have_text(["feny", "n00n"])
    desk.get_by_label("Show on the picture").first.click()
    limit = desk.get_by_role("spinbutton", name="Doubtful up to")
    limit.fill("85")
    limit.press("Enter")

    expect(doubtful).to_have_text(["feny", "n00n", "card."])
    expect(desk.locator("[data-part=doubts]")).to_have_text("3 doubtful")
    assert_accessible(desk)

    desk.reload()

    expect(doubtful).to_have_count(3)


def test_the_prepared_picture_lies_point_for_point_on_the_original(
    page: Page, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "aslant.png"
    draw_letter().rotate(4, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC).save(
        path
    )
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    page.get_by_role("button", name="Compare").click()
    prepared = page.get_by_alt_text("The picture as it was read")

    expect(prepared).to_be_visible()
    sizes = page.evaluate(
        """() => ["picture", "prepared"].map((name) => {
          const image = document.querySelector(`#desk [data-part=${name}]`);
          return [image.naturalWidth, image.naturalHeight];
        })"""
    )
    assert sizes[0] == sizes[1]
    assert sizes[0][0] > SIZE_PX[0]


@pytest.mark.parametrize("quarters", [0, 1, 2, 3])
def test_keys_move_and_size_an_area_as_it_is_seen(desk: Page, quarters: int) -> None:
    for _ in range(quarters):
        desk.get_by_role("button", name="Turn the picture").click()
    desk.get_by_role("button", name="Fit the page").click()
    desk.get_by_role("button", name="Read an area again").click()
    frame = desk.get_by_role("button", name="Area to read again")
    expect(frame).to_be_focused()
    start = box_of(frame)
    frame.press("ArrowDown")
    moved = box_of(frame)
    frame.press("Shift+ArrowLeft")
    sized = box_of(frame)

    assert moved["y"] > start["y"] + 2
    assert (moved["x"], moved["width"]) == pytest.approx((start["x"], start["width"]), abs=1)
    assert sized["width"] < moved["width"] - 2
    assert (sized["x"], sized["height"]) == pytest.approx((moved["x"], moved["height"]), abs=1)


def test_an_area_is_put_where_one_clicks_and_read_by_a_button(
    desk: Page, engine: ReadsLetter
) -> None:
    desk.get_by_role("button", name="Read an area again").click()
    frame = desk.get_by_role("button", name="Area to read again")
    expect(frame).to_be_focused()
    before = box_of(frame)
    readings = len(engine.readings)
    desk.mouse.click(before["x"] + before["width"] / 2, before["y"] + before["height"] + 60)
    after = box_of(frame)

    middle = after["y"] + after["height"] / 2
    assert middle == pytest.approx(before["y"] + before["height"] + 60, abs=1.5)
    sizes = [(box["width"], box["height"]) for box in (before, after)]
    assert sizes[0] == pytest.approx(sizes[1], abs=1)
    assert len(engine.readings) == readings

    desk.get_by_role("button", name="Read it").click()

    expect(frame).to_be_hidden()
    assert len(engine.readings) > readings


def test_an_area_is_read_as_what_one_says_it_is(desk: Page, engine: object) -> None:
    desk.get_by_role("button", name="Read an area again").click()
    frame = desk.get_by_role("button", name="Area to read again")
    expect(frame).to_be_focused()
    desk.get_by_label("The area is").select_option("One line")
    assert_accessible(desk)
    frame.press("Enter")

    expect(frame).to_be_hidden()
    assert engine.readings[-1].psm == 7  # type: ignore[attr-defined]  # of the fake engine


def test_the_keys_are_told_on_request(desk: Page) -> None:
    desk.get_by_role("button", name="Keys").press("Enter")

    told = desk.get_by_role("dialog", name="Keys")
    expect(told).to_be_visible()
    expect(told.get_by_role("button", name="Close")).to_be_focused()
    assert_accessible(desk)

    desk.keyboard.press("Escape")

    expect(told).to_be_hidden()
    expect(desk.get_by_role("button", name="Keys")).to_be_focused()
