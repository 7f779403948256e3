from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from ocr_server.station.dashboard import StationPage
from ocr_server.station.journal import Journal
from tests.browser.watching import assert_accessible
from tests.station.reads_bytes import record_of


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    journal = Journal(tmp_path / "journal")
    yield journal
    journal.close()


@pytest.fixture
def station(journal: Journal) -> Iterator[StationPage]:
    station = StationPage(("127.0.0.1", 0), journal, "display")
    with station.served():
        yield station


@pytest.fixture
def url(station: StationPage) -> str:
    """The address of the station, for what watches the pages."""
    return f"http://127.0.0.1:{station.port}"


def test_readings_appear_as_they_come_with_picture_value_and_validity(
    page: Page, url: str, station: StationPage, journal: Journal
) -> None:
    picture = BytesIO()
    Image.new("L", (40, 20), 128).save(picture, "PNG")
    page.goto(url)
    expect(page.get_by_role("status")).to_have_text("Waiting for readings.")

    for number, is_valid in enumerate((True, False), 1):
        record = record_of(f"12{number}", valid=is_valid)
        entry = journal.add(key=str(number), source=f"{number}.png", record=record)
        station.remember(entry, b"", picture.getvalue())

    expect(page.get_by_role("status")).to_have_text("Reading 2 is not valid.")
    items = page.get_by_role("listitem")
    expect(items).to_have_count(2)
    expect(items.nth(0)).to_contain_text("122 ✗ because")
    expect(items.nth(1)).to_contain_text("121 ✓")
    shown = items.nth(1).get_by_role("img")
    expect(shown).to_be_visible()
    assert shown.evaluate("picture => picture.naturalWidth") == 40
    assert_accessible(page)
    expect(page.locator("#hours tr td").nth(1)).to_have_text("2")
