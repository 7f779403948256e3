"""What opens and what is told lies within the window, be it narrow or read from the right."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ocr_server.deadline import Deadline
from ocr_server.document.model import Zone
from ocr_server.errors import EngineFailed
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from tests.browser.letter import ReadsLetter, draw_letter
from tests.browser.test_languages import speak
from tests.browser.test_viewing import box_of
from tests.browser.watching import assert_accessible
from tests.drawing import as_pages

SIZES = [(1366, 768), (1920, 1080), (1024, 768), (834, 1112), (390, 844)]
NARROW_PX = 600
REMARK = (
    "The page is narrower than this engine can read. Whoever runs the server can install another "
    "that reads such pages, and then they can be read again."
)
FITS = "(one) => one.scrollWidth <= one.clientWidth"


class RemarksOnNarrow(ReadsLetter):
    """Fails with a long remark on narrow pages."""

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        if canvas.width_px < NARROW_PX:
            raise EngineFailed(REMARK)
        return super().recognise(canvas, options, deadline)


@pytest.fixture
def engine() -> ReadsLetter:
    return RemarksOnNarrow()


@pytest.fixture
def two(tmp_path: Path) -> Path:
    """A file of two pages, of which the second gets a remark."""
    path = tmp_path / "a-rather-long-name-of-a-document.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter().crop((0, 0, 400, 700))]))
    return path


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("language", ["en", "ar"])
def test_a_remark_is_seen_and_opens_within_the_window(
    page: Page, url: str, two: Path, size: tuple[int, int], language: str
) -> None:
    width, height = size
    speak(page.context, url, language)
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.set_viewport_size({"width": width, "height": height})
    page.goto(url)
    page.set_input_files("#file", two)
    expect(page.locator(".card")).to_have_attribute("data-state", "partial")
    summary = page.locator("[data-part=remarks] summary")

    assert box_of(summary)["width"] >= 44
    assert box_of(summary.locator("svg"))["width"] >= 18
    assert box_of(summary.locator("span"))["width"] >= 80
    assert box_of(page.locator("#desk [data-part=name]"))["width"] >= 60

    summary.click()
    sheet = page.locator("[data-part=remarks] .sheet")
    box = box_of(sheet)
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= height
    assert sheet.evaluate(FITS)
    assert page.locator("html").evaluate(FITS)
    assert_accessible(page)


def test_the_chosen_language_is_shown_whole_and_a_long_one_pushes_nothing(desk: Page) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})
    pill = desk.locator("#languages summary")
    chosen = pill.locator("[data-part=chosen]")
    assert chosen.evaluate(FITS)

    chosen.evaluate("(one) => { one.textContent = 'Norwegian, English, French'; }")
    for summary in (pill, desk.locator("#options summary")):
        around, chevron = box_of(summary), box_of(summary.locator("svg"))
        assert chevron["x"] >= around["x"]
        assert chevron["x"] + chevron["width"] <= around["x"] + around["width"]
        assert around["x"] + around["width"] <= 390
