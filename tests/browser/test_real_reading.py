from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page

from ocr_server.settings import Settings
from tests.browser.conftest import serve
from tests.browser.test_upload import expect_state
from tests.drawing import SENTENCE, as_file, draw_lines

pytestmark = pytest.mark.tesseract


@pytest.fixture
def url(real_app: Flask, settings: Settings) -> Iterator[str]:
    yield from serve(real_app, settings)


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
