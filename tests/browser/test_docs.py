from __future__ import annotations

import pytest
from playwright.sync_api import Page

from tests.browser.test_accessibility import SIZES
from tests.browser.watching import Watch, assert_accessible
from tests.web.test_pages import examples_in

# Draws a picture and gives it to the example.
DRAW_AND_READ = """async () => {
  const canvas = new OffscreenCanvas(300, 100);
  const context = canvas.getContext("2d");
  context.fillStyle = "white";
  context.fillRect(0, 0, 300, 100);
  %s
  return await read(await canvas.convertToBlob());
}"""


@pytest.mark.parametrize("size", SIZES)
def test_the_page_for_programs_is_accessible(page: Page, url: str, watch: Watch, size: str) -> None:
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]  # a plain dictionary
    page.goto(f"{url}/docs")

    assert_accessible(page)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert watch.foreign_hosts == set()


def test_the_example_in_javascript_runs(page: Page, url: str) -> None:
    page.goto(f"{url}/docs")
    example = examples_in(page.content())["javascript"]

    text = page.evaluate(DRAW_AND_READ % example)

    assert "Dear" in text
