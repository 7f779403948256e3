from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Page, expect

from ocr_server.settings import Settings
from tests.browser.conftest import Open
from tests.browser.filming import film, on_desk
from tests.browser.test_upload import expect_state
from tests.drawing import SENTENCE, as_file, draw_lines
from tests.serving import served

pytestmark = pytest.mark.tesseract


@pytest.fixture
def url(real_app: Flask, settings: Settings) -> Iterator[str]:
    with served(real_app, settings) as url:
        yield url


def test_a_picture_dropped_in_a_browser_gives_its_words(
    page: Page, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "fox.png"
    path.write_bytes(as_file(draw_lines(SENTENCE, "jumps again in 1984", size_px=36)))
    page.goto(url)
    page.set_input_files("#file", path)

    expect_state(page, "result")
    text = page.locator("#desk [data-part=text]").inner_text().split()
    assert text == f"{SENTENCE} jumps again in 1984".split()
    place = page.locator("[data-part=layer] span").first.bounding_box()
    paper = page.locator("[data-part=paper]").bounding_box()
    assert place
    assert paper
    assert place["x"] > paper["x"]


def held_up(*lines: str) -> Image.Image:
    """A page with large print on a desk, as a camera sees it."""
    sheet = Image.new("L", (1000, 740), 250)
    sheet.paste(draw_lines(*lines, size_px=56, width_px=960), (20, 150))
    return on_desk(sheet)


def test_a_page_held_up_is_found_taken_and_read(opened: Open, film_path: Path) -> None:
    film(film_path, held_up("Harbour Library", "open until noon", "room 48213"))
    page = opened()
    page.get_by_role("button", name="Start camera").click()
    expect(page.locator("[data-part=hint]")).to_have_text("Good – take it.")
    page.get_by_role("button", name="Take the picture").click()
    expect(page.locator("[data-part=hint]")).to_contain_text("This is the page")
    page.get_by_role("button", name="Read this").click()

    expect_state(page, "result")
    text = page.locator("#desk [data-part=text]").inner_text().split()
    assert text == ["Harbour", "Library", "open", "until", "noon", "room", "48213"]


def test_the_transcript_follows_what_is_held_up(opened: Open, film_path: Path) -> None:
    film(film_path, held_up("The first page", "tells of ferries"))
    page = opened()
    page.get_by_role("button", name="Start camera").click()
    page.get_by_label("Read as I hold it").check()
    lines = page.locator("[data-part=lines] p")
    expect(lines).to_have_text(["The first page", "tells of ferries"])

    page.get_by_role("button", name="Stop").click()
    film(film_path, held_up("The second page", "tells of lighthouses"))
    page.get_by_role("button", name="Start camera").click()

    expect(lines).to_have_text(
        ["The first page", "tells of ferries", "The second page", "tells of lighthouses"]
    )
