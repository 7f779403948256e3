from __future__ import annotations

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.test_upload import expect_state
from tests.waiting import wait_for

# As they are sent, by gzip: of the first visit, and once a document lies on the desk.
MOST_FIRST_BYTES = {".js": 30_000, ".css": 8_000}
MOST_DESK_BYTES = {".js": 60_000, ".css": 14_000}


@pytest.fixture
def weights(page: Page) -> dict[str, int]:
    """The bytes of each script and style that the page has loaded, as they were sent."""
    weights: dict[str, int] = {}

    def weigh(request: Request) -> None:
        response = request.response()
        if response and request.resource_type in {"script", "stylesheet"}:
            name, size = request.url.rpartition("/static/")[2], request.sizes()["responseBodySize"]
            weights[name] = max(weights.get(name, 0), size)  # none where the browser knows it

    page.on("requestfinished", weigh)
    return weights


def sum_of(weights: dict[str, int], suffix: str) -> int:
    return sum(weight for name, weight in weights.items() if name.endswith(suffix))


def await_loaded(page: Page, weights: dict[str, int], *names: str) -> None:
    """Wait until these are weighed: what is loaded is told a moment after it is at work."""
    wait_for(lambda: page.evaluate("true") and set(names) <= weights.keys())


@pytest.mark.parametrize("path", ["/", "/webcam", "/about", "/docs"])
def test_a_page_is_light_to_start(page: Page, url: str, weights: dict[str, int], path: str) -> None:
    page.goto(url + path, wait_until="networkidle")

    for suffix, most in MOST_FIRST_BYTES.items():
        assert 0 < sum_of(weights, suffix) <= most


@pytest.mark.parametrize("path", ["/", "/webcam"])
def test_what_a_page_imports_is_asked_for_at_once(
    page: Page, url: str, weights: dict[str, int], path: str
) -> None:
    page.goto(url + path, wait_until="networkidle")

    named = page.eval_on_selector_all(
        "script[src], link[rel=modulepreload]",
        "all => all.map((one) => (one.src || one.href).split('/static/').at(-1))",
    )
    assert set(named) == {name for name in weights if name.endswith(".js")}


def test_what_only_some_need_is_loaded_when_they_need_it(
    page: Page, url: str, weights: dict[str, int], letter: object
) -> None:
    page.goto(url, wait_until="networkidle")
    assert "js/desk/desk.js" not in weights
    assert "css/desk.css" not in weights

    page.set_input_files("#file", str(letter))
    expect_state(page, "result")
    expect(page.locator("[data-part=picture]")).to_be_visible()

    await_loaded(page, weights, "js/desk/desk.js", "css/desk.css")
    later = {"edit-flow", "area-select", "export-menu", "page-navigation", "compare"}
    assert not {f"js/desk/{name}.js" for name in later} & weights.keys()

    for suffix, most in MOST_DESK_BYTES.items():
        assert 0 < sum_of(weights, suffix) <= most

    page.locator("[data-part=text] .word").first.click()
    expect(page.get_by_role("textbox", name="Word")).to_be_focused()

    await_loaded(page, weights, "js/desk/edit-flow.js")
