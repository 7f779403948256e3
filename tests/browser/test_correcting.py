from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.letter import ReadsLetter, drawn_words
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible

TICKET = dict(drawn_words()[2:5])


ONE_READING = "localStorage.setItem('steps', 'none')"


def text_of(desk: Page) -> Locator:
    return desk.locator("[data-part=text]")


def open_word(desk: Page, word: str) -> Locator:
    desk.locator("[data-part=text] .word", has_text=word).first.click()
    field = desk.get_by_role("textbox", name="Word")
    expect(field).to_be_focused()
    return field


def downloaded(desk: Page) -> dict[str, Any]:
    desk.locator("[data-part=downloads] summary").click()
    with desk.expect_download() as download:
        desk.locator("[data-format=json]").click()
    document: dict[str, Any] = json.loads(Path(download.value.path()).read_text())
    return document


def line_of_ticket(document: dict[str, Any]) -> list[dict[str, Any]]:
    words: list[dict[str, Any]] = document["pages"][0]["zones"][0]["lines"][1]["words"]
    return words


def test_a_space_makes_two_words_in_the_place_of_one(desk: Page) -> None:
    field = open_word(desk, "ticket")
    field.fill("tick et")
    field.press("Enter")

    expect(text_of(desk)).to_contain_text("the feny tick et")
    expect(desk.locator("[data-part=summary]")).to_contain_text("17 words")

    *_, one, other = line_of_ticket(downloaded(desk))
    left, _, right, _ = (TICKET["ticket"].left, 0, TICKET["ticket"].right, 0)
    assert (one["text"], other["text"]) == ("tick", "et")
    assert abs(one["box"][0] - left) < 0.1
    assert abs(other["box"][2] - right) < 0.1
    assert one["box"][2] < other["box"][0]
    assert one["checked"]


def test_a_word_is_joined_with_the_next_and_parted_again(desk: Page) -> None:
    open_word(desk, "ticket")
    desk.keyboard.press("Escape")
    desk.keyboard.press("ArrowLeft")
    desk.keyboard.press("Enter")
    desk.get_by_role("button", name="Join with the next word").press("Enter")

    expect(text_of(desk)).to_contain_text("the fenyticket")
    expect(desk.locator("[data-part=summary]")).to_contain_text("15 words")

    desk.keyboard.press("Control+z")

    expect(text_of(desk)).to_contain_text("the feny ticket")


def test_the_last_word_of_a_line_has_none_to_join(desk: Page) -> None:
    open_word(desk, "ticket")

    expect(desk.get_by_role("button", name="Join with the next word")).to_be_hidden()


def test_a_whole_line_is_written_anew_and_its_words_keep_their_places(desk: Page) -> None:
    open_word(desk, "ticket")
    desk.get_by_role("button", name="Whole line").press("Enter")
    line = desk.get_by_role("textbox", name="Line")
    expect(line).to_be_focused()
    expect(line).to_have_value("the feny ticket")
    assert_accessible(desk)
    line.fill("the old ferry ticket")
    line.press("Enter")

    expect(text_of(desk)).to_contain_text("the old ferry ticket")

    the, old, ferry, ticket = line_of_ticket(downloaded(desk))
    assert all(word["checked"] for word in (the, old, ferry, ticket))
    assert abs(the["box"][0] - TICKET["the"].left) < 0.1
    assert ticket["box"] == pytest.approx(
        [
            TICKET["ticket"].left,
            TICKET["ticket"].top,
            TICKET["ticket"].right,
            TICKET["ticket"].bottom,
        ],
        abs=0.1,
    )
    assert the["box"][2] <= old["box"][0] < old["box"][2] < ferry["box"][0]
    assert ferry["box"][2] == pytest.approx(TICKET["ferry"].right, abs=0.1)


def test_lines_that_were_accepted_as_a_whole_can_be_trained_from(desk: Page) -> None:
    downloads = desk.locator("[data-part=downloads] summary")
    training = desk.locator("[data-format=training]")
    downloads.click()
    expect(desk.locator("[data-format=json]")).to_be_visible()
    expect(training).to_have_count(0)
    downloads.click()
    open_word(desk, "ticket")
    desk.get_by_role("button", name="Whole line").press("Enter")
    desk.get_by_role("textbox", name="Line").press("Enter")

    downloads.click()
    with desk.expect_download() as download:
        training.click()

    with ZipFile(download.value.path()) as archive:
        texts = [archive.read(name) for name in archive.namelist() if name.endswith(".gt.txt")]
    assert texts == [b"the feny ticket\n"]


def test_a_word_is_put_in_at_the_end_of_a_line(desk: Page) -> None:
    field = open_word(desk, "ticket")
    field.fill("ticket now")
    field.press("Enter")

    *_, ticket, now = line_of_ticket(downloaded(desk))
    assert ticket["box"][2] == pytest.approx(TICKET["ticket"].right, abs=0.1)
    assert now["text"] == "now"
    assert now["box"][0] >= ticket["box"][2]
    assert now["box"][2] > now["box"][0]


def test_all_words_alike_are_corrected_at_once(
    page: Page, url: str, letter: Path, engine: ReadsLetter
) -> None:
    engine.says = "modem modem times modem"
    page.add_init_script(ONE_READING)
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    field = open_word(page, "modem")
    page.get_by_role("checkbox", name="All 3 like this").check()
    field.fill("modern")
    field.press("Enter")

    expect(text_of(page)).to_contain_text("modern modern times modern")

    page.get_by_role("button", name="Undo").click()

    expect(text_of(page)).to_contain_text("modem modem times modem")

    open_word(page, "modem")
    page.get_by_role("checkbox", name="All 3 like this").check()
    field.fill("mo dem")
    field.press("Enter")

    expect(text_of(page)).to_contain_text("mo dem mo dem times mo dem")


def test_a_word_that_stands_alone_offers_no_others(desk: Page) -> None:
    open_word(desk, "ticket")

    expect(desk.get_by_role("checkbox", name="like this")).to_have_count(0)
