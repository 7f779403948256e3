from __future__ import annotations

from pathlib import Path

import pikepdf
from playwright.sync_api import Dialog, Page, Request, expect

from tests.browser.letter import ReadsLetter, draw_letter
from tests.browser.test_upload import expect_state
from tests.browser.watching import assert_accessible
from tests.drawing import as_pages
from tests.waiting import wait_for

# A database that the page has not made yet would be made by opening it, without a store.
KEPT = """async () => {
    const databases = await indexedDB.databases();
    if (!databases.some(({ name }) => name === "ocr-server")) return [];
    const done = (request) => new Promise((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
    });
    const database = await done(indexedDB.open("ocr-server"));
    const store = database.transaction("parts").objectStore("parts");
    const [keys, values] = await Promise.all([done(store.getAllKeys()), done(store.getAll())]);
    database.close();
    return keys.map((key, at) => [key.join(), JSON.stringify(values[at])]);
}"""


def correct(page: Page) -> None:
    page.locator("[data-part=text] .word", has_text="feny").click()
    page.get_by_role("textbox", name="Word").fill("ferry")
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def kept(page: Page) -> dict[str, str]:
    """What the browser keeps of the documents of all tabs, by key."""
    rows = dict(page.evaluate(KEPT))
    return {key: value for key, value in rows.items() if ",sign," not in key}


def sent_by(page: Page) -> list[str]:
    """The addresses that the page sends something to from now on, as they come."""
    sent: list[str] = []

    def note(request: Request) -> None:
        if request.method == "POST":
            sent.append(request.url)

    page.on("request", note)
    return sent


def test_a_reload_keeps_files_texts_and_corrections(desk: Page) -> None:
    correct(desk)
    wait_for(lambda: any("ferry" in value for value in kept(desk).values()))
    desk.on("dialog", lambda dialog: dialog.accept())
    sent = sent_by(desk)
    desk.reload()

    expect_state(desk, "result")
    expect(desk.locator("[data-part=text]")).to_contain_text("the ferry ticket")
    expect(desk.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 900)
    expect(desk.get_by_role("button", name="Read an area again")).to_be_visible()
    assert sent == []
    assert_accessible(desk)

    desk.locator("[data-part=downloads] summary").click()
    with desk.expect_download() as download:
        desk.locator("[data-format=markdown]").click()
    assert "ferry" in Path(download.value.path()).read_text()
    desk.locator("[data-part=downloads] summary").click()
    with desk.expect_download() as download:
        desk.locator("[data-format=pdf]").click()
    with pikepdf.open(download.value.path()) as pdf:
        assert len(pdf.pages) == 1


def test_places_change_without_a_new_load_and_nothing_stops(
    desk: Page, letter: Path, engine: ReadsLetter
) -> None:
    engine.gate.clear()
    desk.set_input_files("#file", letter)
    expect(desk.locator(".card[data-state=recognising]")).to_have_count(1)
    desk.evaluate("window.isSamePage = true")
    navigation = desk.get_by_role("navigation", name="Main")

    navigation.get_by_role("link", name="About").click()
    expect(desk.get_by_role("heading", name="About this server")).to_be_visible()
    expect(desk.locator("#desk")).to_be_hidden()
    assert_accessible(desk)
    navigation.get_by_role("link", name="Webcam").click()
    expect(desk.get_by_role("button", name="Start camera")).to_be_visible()
    expect(desk.locator("[data-part=text]")).to_contain_text("Dear reader,")
    assert_accessible(desk)
    engine.gate.set()
    expect(desk.locator(".card[data-state=result]")).to_have_count(2)

    desk.go_back()
    desk.go_back()

    expect(navigation.get_by_role("link", name="Upload")).to_have_attribute("aria-current", "page")
    expect(desk.get_by_text("Choose pictures or a PDF")).to_be_visible()
    assert desk.evaluate("window.isSamePage")
    expect(desk.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 900)


def test_a_reading_that_a_reload_broke_off_goes_on_with_the_pages_that_are_missing(
    page: Page, url: str, tmp_path: Path, engine: ReadsLetter
) -> None:
    path = tmp_path / "three.tiff"
    path.write_bytes(as_pages([draw_letter()] * 3))
    engine.gate.clear()
    engine.passes = 1
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.goto(url)
    page.set_input_files("#file", path)
    expect(page.locator("[data-part=picture]")).to_be_visible()
    wait_for(lambda: any(",picture," in key for key in kept(page)))
    asked: list[str] = []

    def answer(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    page.on("dialog", answer)
    sent = sent_by(page)

    page.reload()
    expect(page.locator("[data-part=text]")).to_contain_text("Dear reader,")
    engine.gate.set()

    expect_state(page, "result")
    expect(page.locator("[data-part=strip] li")).to_have_count(3)
    assert asked == ["beforeunload"]
    assert len(sent) == 1


def test_what_is_forgotten_comes_back_by_undo_and_else_never(desk: Page) -> None:
    desk.get_by_role("button", name="Forget this file").click()
    expect(desk.locator("#queue .gone")).to_have_text("letter.png is forgotten.Undo")
    assert_accessible(desk)
    desk.locator("#queue .gone button").click()
    expect(desk.locator("[data-part=text]")).to_contain_text("Dear reader,")
    expect(desk.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 900)

    desk.get_by_role("button", name="Forget this file").click()
    expect(desk.locator("#desk")).to_be_hidden()
    desk.reload()

    expect(desk.locator("#queue")).to_be_hidden()
    wait_for(lambda: kept(desk) == {})


def test_passwords_are_not_kept(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    page.locator("#options summary").click()
    page.get_by_label("Password of a protected PDF").fill("s3cret")
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    wait_for(lambda: any("Dear" in value for value in kept(page).values()))

    rows = kept(page)
    assert not any("s3cret" in value for value in rows.values())


def test_what_a_closed_tab_has_left_is_deleted_an_hour_later(desk: Page, url: str) -> None:
    wait_for(lambda: kept(desk))
    other = desk.context.new_page()
    desk.goto("about:blank")  # it may come back, for an hour
    other.add_init_script("const now = Date.now; Date.now = () => now() + 61 * 60 * 1000")
    other.goto(url)

    expect(other.locator("#queue")).to_be_hidden()
    wait_for(lambda: other.evaluate("indexedDB.databases().then((all) => all.length)"))
    wait_for(lambda: not kept(other))


def test_a_database_that_never_answers_stops_no_reading(page: Page, url: str, letter: Path) -> None:
    page.add_init_script("IDBFactory.prototype.open = () => ({})")
    page.goto(url)
    page.set_input_files("#file", letter)

    expect_state(page, "result")
    expect(page.locator("[data-part=text]")).to_contain_text("the feny ticket")
