from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pikepdf
import pytest
from PIL import Image
from playwright.sync_api import Page, Request, expect

from tests.browser.letter import ReadsLetter, draw_letter, save_letter
from tests.browser.test_languages import speak
from tests.browser.test_upload import expect_state, expect_thumbnails
from tests.browser.watching import Watch, assert_accessible
from tests.drawing import as_file, as_pages
from tests.waiting import wait_for

EARLIER, LATER = "Move this page before the one before it", "Move this page after the next one"
ADD = "Add the pages of other files"


@pytest.fixture
def three(page: Page, url: str, tmp_path: Path) -> Page:
    """A file of three pages on the desk, the second one open."""
    path = tmp_path / "three.tiff"
    path.write_bytes(as_pages([draw_letter() for _ in range(3)]))
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    page.get_by_role("button", name="Next page").click()
    expect(page.get_by_role("spinbutton", name="Page")).to_have_value("2")
    return page


def expect_order(page: Page, *numbers: int) -> None:
    pages = page.locator("[data-part=strip] li")
    expect(pages).to_have_text(
        [re.compile(rf"^{place} · ") for place in range(1, len(numbers) + 1)]
    )
    for at, number in enumerate(numbers):
        expect(pages.nth(at)).to_have_attribute("data-number", str(number))


def add(page: Page, *paths: Path) -> None:
    with page.expect_file_chooser() as chosen:
        page.get_by_role("button", name=ADD).click()
    chosen.value.set_files(paths)


def downloaded(page: Page, name: str) -> Path:
    page.locator("[data-part=downloads] summary").click()
    with page.expect_download() as download:
        page.locator(f"[data-format={name}]").click()
    return Path(download.value.path())


def test_a_page_is_moved_by_buttons_and_comes_back(three: Page) -> None:
    later = three.get_by_role("button", name=LATER)
    later.focus()
    three.keyboard.press("Enter")

    expect_order(three, 1, 3, 2)
    expect(later).to_be_disabled()
    expect(three.get_by_role("button", name=EARLIER)).to_be_focused()
    expect(three.locator("#status")).to_have_text("Page 2 is now in place 3 of 3.")
    assert_accessible(three)

    three.keyboard.press("Enter")
    three.keyboard.press("Enter")
    expect_order(three, 2, 1, 3)
    expect(later).to_be_focused()

    for _ in range(2):
        three.get_by_role("button", name="Undo").click()
    expect_order(three, 1, 3, 2)
    three.get_by_role("button", name="Redo").click()
    expect_order(three, 1, 2, 3)


def test_a_moved_page_is_kept_in_its_place_over_a_reload(three: Page) -> None:
    three.get_by_role("button", name=LATER).click()
    expect_order(three, 1, 3, 2)
    expect_thumbnails(three)
    three.on("dialog", lambda dialog: dialog.accept())

    three.reload()

    expect_order(three, 1, 3, 2)
    expect(three.get_by_role("button", name=ADD)).to_be_visible()


def test_pages_of_another_file_are_added_moved_and_taken_away(desk: Page, tmp_path: Path) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(as_file(Image.new("RGB", (500, 700), "white")))
    add(desk, other)

    expect_order(desk, 1, 2)
    expect(desk.get_by_role("spinbutton", name="Page")).to_have_value("2")
    expect(desk.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 500)
    expect(desk.locator("[data-part=summary]")).to_contain_text("2 pages")
    expect(desk.get_by_role("button", name="Crop or turn, and read again")).to_be_visible()
    assert_accessible(desk)

    desk.get_by_role("button", name=EARLIER).click()
    expect_order(desk, 2, 1)
    document: dict[str, Any] = json.loads(downloaded(desk, "json").read_text())
    assert [(one["number"], one["width_px"]) for one in document["pages"]] == [(2, 500), (1, 900)]
    with pikepdf.open(downloaded(desk, "pdf")) as pdf:
        shapes = [box[2] < box[3] for box in (one.mediabox for one in pdf.pages)]
    assert shapes == [True, False]

    for _ in range(2):
        desk.get_by_role("button", name="Undo").click()
    expect(desk.locator("[data-part=pages]")).to_be_hidden()
    expect(desk.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 900)


def test_a_file_is_sent_once_and_once_more_for_what_shows_its_pictures(
    page: Page, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "three.tiff"
    path.write_bytes(as_pages([draw_letter() for _ in range(3)]))
    sent: list[tuple[str, int]] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(
                (request.url.removeprefix(url), int(request.header_value("content-length") or 0))
            )

    page.on("requestfinished", note)
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    expect_thumbnails(page)
    for _ in range(2):
        page.get_by_role("button", name="Next page").click()
        expect(page.locator("[data-part=picture]")).to_be_visible()
    assert [address for address, _ in sent] == ["/v1/documents"]

    downloaded(page, "docx")
    downloaded(page, "pdf")
    wait_for(lambda: page.evaluate("true") and len(sent) == 3)
    assert [address for address, _ in sent[1:]] == ["/v1/render", "/v1/render"]
    size_bytes = path.stat().st_size
    assert 2 * size_bytes < sum(size for _, size in sent) <= 2.2 * size_bytes


def test_half_a_document_is_not_taken_for_the_whole(
    page: Page, url: str, tmp_path: Path, engine: ReadsLetter
) -> None:
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter()]))
    engine.gate.clear()
    engine.passes = 1
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.goto(url)
    page.set_input_files("#file", path)
    expect(page.locator("[data-part=summary]")).to_contain_text("1 of 2 pages")

    page.locator("[data-part=downloads] summary").click()
    expect(page.locator("[data-part=formats] .hint")).to_have_text("Read so far: 1 of 2 pages.")
    with page.expect_download() as download:
        page.locator("[data-format=docx]").click()
    assert download.value.suggested_filename == "two (1 of 2 pages).docx"
    expect(page.locator("#status")).to_have_text("Word document saved: 1 of 2 pages.")
    engine.gate.set()
    expect_state(page, "result")


def test_all_files_are_taken_in_one_go(desk: Page, tmp_path: Path) -> None:
    desk.set_input_files("#file", save_letter(tmp_path, "other.png"))
    expect(desk.locator(".card[data-state=result]")).to_have_count(2)

    desk.get_by_text("Download all").click()
    assert_accessible(desk)
    with desk.expect_download() as download:
        desk.get_by_role("button", name="Word and PDF").click()
    with ZipFile(download.value.path()) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["letter.docx", "letter.pdf", "other.docx", "other.pdf"]

    desk.get_by_text("Download all").click()
    expect(desk.locator("[data-all]").first).to_have_text("Word and PDFzip")  # as the last time
    with desk.expect_download() as download:
        desk.get_by_role("button", name="One PDF of all").click()
    with pikepdf.open(download.value.path()) as pdf:
        assert len(pdf.pages) == 2


@pytest.mark.parametrize("size", [(1366, 768), (1920, 1080), (390, 844)])
@pytest.mark.parametrize("language", ["en", "de", "ar"])
def test_what_all_files_can_be_taken_as_is_shown_whole(
    page: Page, url: str, tmp_path: Path, size: tuple[int, int], language: str
) -> None:
    width, height = size
    speak(page.context, url, language)
    page.set_viewport_size({"width": width, "height": height})
    page.goto(url)
    page.set_input_files("#file", [save_letter(tmp_path, name) for name in ("a.png", "b.png")])
    expect(page.locator(".card[data-state=result]")).to_have_count(2)

    page.locator("[data-part=all] summary").click()
    choices = page.locator("[data-all]")
    expect(choices.first).to_be_visible()
    hidden = """all => all.filter((one) => {
      const { left, right, top, bottom } = one.getBoundingClientRect();
      return [left + 4, right - 4].some((x) =>
        !one.contains(document.elementFromPoint(x, (top + bottom) / 2)));
    }).map((one) => one.textContent)"""
    assert choices.evaluate_all(hidden) == []


def test_pictures_of_several_pages_come_in_one_archive(three: Page) -> None:
    with ZipFile(downloaded(three, "png")) as archive:
        pictures = [name for name in archive.namelist() if name.endswith(".png")]
    assert len(pictures) == 3


def test_some_pages_are_taken_away_in_the_order_of_the_document(three: Page) -> None:
    three.get_by_role("button", name=LATER).click()
    expect_order(three, 1, 3, 2)
    three.locator("[data-part=downloads] summary").click()
    three.get_by_label("Pages to take").select_option("Some pages")
    numbers = three.get_by_label("Numbers of the pages")
    expect(numbers).to_be_focused()
    assert_accessible(three)

    for none in ("", "0, 4-9", "3-2", "some"):
        numbers.fill(none)
        three.locator("[data-format=tsv]").click()
        expect(three.locator("[data-part=formats] .hint")).to_contain_text("no page of these")
    assert_accessible(three)

    numbers.fill("2 - 7, 2")
    with three.expect_download() as download:
        three.locator("[data-format=json]").click()
    assert download.value.suggested_filename == "three pages 2-7,2.json"
    document = json.loads(Path(download.value.path()).read_text())
    assert [one["number"] for one in document["pages"]] == [3, 2]


def test_pages_are_added_only_when_all_of_the_file_is_read(
    page: Page, url: str, tmp_path: Path, engine: ReadsLetter
) -> None:
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter()]))
    engine.gate.clear()
    engine.passes = 1
    page.goto(url)
    page.set_input_files("#file", path)
    expect(page.locator("#desk [data-part=text]")).to_contain_text("Dear reader,")
    expect(page.get_by_role("button", name=ADD)).to_be_hidden()

    engine.gate.set()

    expect(page.get_by_role("button", name=ADD)).to_be_visible()
    expect_thumbnails(page)


def test_adding_pages_can_be_stopped(desk: Page, engine: ReadsLetter, letter: Path) -> None:
    engine.gate.clear()
    add(desk, letter)
    expect(desk.locator("[data-part=summary]")).to_contain_text("Reading")
    desk.get_by_role("button", name="Stop reading the pages to add").click()

    expect(desk.locator("[data-part=summary]")).to_have_text("Nothing was added.")
    expect(desk.get_by_role("button", name=ADD)).to_be_visible()
    engine.gate.set()


def test_what_cannot_be_read_is_not_added_and_that_is_said(
    desk: Page, watch: Watch, tmp_path: Path
) -> None:
    broken = tmp_path / "broken.png"
    broken.write_bytes(b"no picture")
    watch.expected.append("415")
    add(desk, broken)

    expect(desk.locator("#alert")).not_to_be_empty()
    assert (
        desk.locator("#alert").text_content() == desk.locator("[data-part=summary]").text_content()
    )


def test_to_a_file_of_which_not_all_was_read_nothing_is_added(
    page: Page, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "three.tiff"
    path.write_bytes(as_pages([draw_letter() for _ in range(3)]))
    page.goto(url)
    page.locator("#options summary").click()
    page.get_by_role("textbox", name="Pages").fill("1")
    page.set_input_files("#file", path)
    expect_state(page, "result")
    page.keyboard.press("Escape")
    page.get_by_role("button", name=ADD).click()

    expect(page.locator("#alert")).to_contain_text("none can be added")
