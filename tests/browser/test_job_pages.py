"""Where the server keeps jobs, a document that is read is one, to which the page comes back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from playwright.sync_api import Page, Request, expect

from ocr_server.app import create_app
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.browser.letter import ReadsLetter, draw_letter
from tests.browser.test_history import kept
from tests.browser.test_upload import expect_state
from tests.drawing import as_pages
from tests.fakes import InlineWorkers
from tests.waiting import wait_for


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return replace(settings, jobs=str(tmp_path / "jobs"), jobs_slots=1)


@pytest.fixture
def app(settings: Settings, engine: ReadsLetter) -> Iterator[Flask]:
    """The application, begun in a thread of its own: an event loop runs in that of Playwright."""
    with ThreadPoolExecutor(1) as apart:
        app = apart.submit(create_app, settings, InlineWorkers(engine)).result()
        yield app
        apart.submit(service_of(app).close).result()


def test_a_job_is_come_back_to_after_a_reload_and_nothing_is_sent_again(
    page: Page, url: str, tmp_path: Path, engine: ReadsLetter
) -> None:
    path = tmp_path / "three.tiff"
    path.write_bytes(as_pages([draw_letter()] * 3))
    sent: list[tuple[str, str]] = []

    def note(request: Request) -> None:
        if request.method != "GET":
            sent.append((request.method, request.url.removeprefix(url)))

    page.on("request", note)
    engine.gate.clear()
    engine.passes = 2  # the second may be begun before the first
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.goto(url)
    page.set_input_files("#file", path)
    expect(page.locator("[data-part=text]")).to_contain_text("Dear reader,")
    wait_for(lambda: any("Dear" in value for value in kept(page).values()))

    page.reload()  # nobody is asked, as nothing is lost
    expect(page.locator("[data-part=text]")).to_contain_text("Dear reader,")
    engine.gate.set()

    expect_state(page, "result")
    expect(page.locator("[data-part=strip] li")).to_have_count(3)
    expect(page.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 900)
    assert sent == [("POST", "/v1/jobs")]

    with page.expect_request(lambda request: request.method == "DELETE") as forgotten:
        page.get_by_role("button", name="Forget this file").click()
    assert "/v1/jobs/" in forgotten.value.url
