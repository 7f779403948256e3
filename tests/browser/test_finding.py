from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.letter import ReadsLetter
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible

ONE_READING = "localStorage.setItem('steps', 'none')"


@pytest.fixture
def links(page: Page, url: str, letter: Path, engine: ReadsLetter) -> Locator:
    engine.says = (
        "see www.example.org/a, write to post@example.org or call +44 20 7946 0018 by "
        "21 November 2026, not 03/04/2026"
    )
    page.add_init_script(ONE_READING)
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    page.get_by_text("Links, addresses, numbers and dates in the text").click()
    links = page.locator("[data-part=findings] a")
    expect(links).to_have_count(4)
    return links


def test_links_addresses_and_numbers_can_be_followed(page: Page, links: Locator) -> None:
    assert links.evaluate_all("links => links.map((link) => link.getAttribute('href'))")[:3] == [
        "https://www.example.org/a",
        "mailto:post@example.org",
        "tel:+442079460018",
    ]
    assert_accessible(page)


def test_a_date_can_be_taken_into_a_calendar(page: Page, links: Locator) -> None:
    with page.expect_download() as download:
        links.get_by_text("21 November 2026").click()

    assert download.value.suggested_filename == "2026-11-21.ics"
    entry = Path(download.value.path()).read_bytes().decode()
    lines = entry.replace("\r\n ", "").split("\r\n")
    assert lines[:2] + lines[3:4] == ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT"]
    assert lines[-3:] == ["END:VEVENT", "END:VCALENDAR", ""]
    told = dict(line.split(":", 1) for line in lines[:-1])
    assert told["DTSTART;VALUE=DATE"] == "20261121"
    assert told["UID"]
    assert len(told["DTSTAMP"]) == len("20261121T120000Z")
    assert told["SUMMARY"].startswith("see www.example.org/a\\, write to post@example.org or call")
    assert max(len(line.encode()) for line in entry.split("\r\n")) <= 75
