from __future__ import annotations

import base64
import re
from pathlib import Path
from zipfile import ZipFile

import pikepdf
import pytest
from flask import Flask
from PIL import Image
from playwright.sync_api import Browser, Page, Route, expect

from ocr_server.cgroup import MIB
from ocr_server.job import PSM_OF_LAYOUT, Layout
from ocr_server.web.context import service_of
from tests.browser.letter import SIZE_PX, ReadsLetter, draw_letter, save_letter
from tests.browser.watching import Watch, assert_accessible, await_text, note_texts
from tests.drawing import as_file, as_pages
from tests.waiting import wait_for
from tests.words import draw_two_parts

GIVE = """([data, kind]) => {
  const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], "given.png", { type: "image/png" }));
  const how = { bubbles: true, cancelable: true };
  const event = kind === "paste"
    ? new ClipboardEvent(kind, { ...how, clipboardData: carried })
    : new DragEvent(kind, { ...how, dataTransfer: carried });
  document.body.dispatchEvent(event);
}"""


def give(page: Page, kind: str, path: Path) -> None:
    page.evaluate(GIVE, [base64.b64encode(path.read_bytes()).decode(), kind])


def expect_thumbnails(page: Page) -> None:
    """Every page of the strip is drawn, so that nothing is on its way when the browser goes."""
    for image in page.locator("[data-part=strip] img").all():
        expect(image).not_to_have_js_property("naturalWidth", 0)


def expect_state(page: Page, state: str) -> None:
    expect(page.locator("main")).to_have_attribute("data-state", state)


def test_a_file_picked_before_the_scripts_are_there_is_read(
    page: Page, url: str, letter: Path
) -> None:
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/upload/page.js*", hold)
    page.goto(url, wait_until="commit")
    page.set_input_files("#file", letter)
    expect_state(page, "idle")

    wait_for(lambda: page.evaluate("true") and held)
    held[0].continue_()

    expect_state(page, "result")


def test_a_picked_file_is_read(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    with page.expect_file_chooser() as chosen:
        page.get_by_text("Choose pictures or a PDF").click()
    chosen.value.set_files(letter)

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=name]")).to_have_text("letter.png")
    expect(page.locator("#desk [data-part=text]")).to_contain_text("Dear reader,")
    expect(page.get_by_role("status").first).to_contain_text("1 page, 16 words, 2 doubtful")
    expect(page.get_by_role("button", name="Try an example")).to_have_count(0)


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_file_may_be_dropped_or_pasted_anywhere(
    page: Page, url: str, letter: Path, kind: str
) -> None:
    page.goto(url)
    give(page, kind, letter)

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=name]")).to_have_text("given.png")


def test_a_folder_that_is_dropped_is_told(page: Page, url: str, letter: Path) -> None:
    page.add_init_script(
        "DataTransferItem.prototype.webkitGetAsEntry = () => ({ isDirectory: true })"
    )
    page.goto(url)
    give(page, "drop", letter)

    expect(page.get_by_role("alert").first).to_contain_text("Folders cannot be read.")
    expect(page.locator(".card")).to_have_count(0)


def test_dragging_a_file_says_drop_to_read(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    give(page, "dragover", letter)

    expect_state(page, "dragging")
    expect(page.get_by_text("Drop to read")).to_be_visible()

    page.keyboard.press("Escape")

    expect_state(page, "idle")
    expect(page.get_by_text("Drop to read")).to_be_hidden()


def test_several_files_are_read_in_natural_order(page: Page, url: str, tmp_path: Path) -> None:
    names = ["pic_10.png", "pic_2.png", "pic_1.png"]
    for name in names:
        (tmp_path / name).write_bytes(as_file(draw_letter()))
    page.goto(url)
    page.set_input_files("#file", [tmp_path / name for name in names])

    expect(page.locator(".card[data-state=result]")).to_have_count(3)
    assert page.locator(".card h3").all_inner_texts() == ["pic_1.png", "pic_2.png", "pic_10.png"]


def test_a_reading_can_be_stopped_and_tried_again(
    page: Page, url: str, app: Flask, letter: Path, engine: ReadsLetter
) -> None:
    engine.gate.clear()
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "recognising")
    expect(page.locator(".card [data-part=words]")).to_contain_text("Reading the text")

    page.get_by_role("button", name="Cancel letter.png").click()

    expect(page.locator(".card [data-part=words]")).to_have_text("Stopped.")
    expect(page.get_by_role("button", name="Try again letter.png")).to_be_focused()

    engine.gate.set()
    page.get_by_role("button", name="Try again letter.png").click()

    expect_state(page, "result")
    assert service_of(app).admission.inside == 0


def test_progress_is_counted_in_pages_and_parts_that_are_done(
    page: Page, url: str, tmp_path: Path, engine: ReadsLetter
) -> None:
    sheet = Image.fromarray(draw_two_parts())
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([sheet, sheet]))
    engine.gate.clear()
    engine.passes = 1
    page.goto(url)
    page.set_input_files("#file", path)

    words = page.locator(".card [data-part=words]")
    expect(words).to_contain_text(
        "Reading page 1 of 2 – 17 %"
    )  # one of two parts, then a last look
    expect(page.locator(".card progress")).to_have_js_property("value", 1 / 6)

    engine.gate.set()

    expect_state(page, "result")
    expect_thumbnails(page)


def test_a_lone_part_has_words_but_no_share(
    page: Page, url: str, letter: Path, engine: ReadsLetter
) -> None:
    engine.gate.clear()
    page.goto(url)
    page.set_input_files("#file", letter)

    expect(page.locator(".card [data-part=words]")).to_have_text("Reading the text")
    expect(page.locator(".card progress:indeterminate")).to_be_visible()
    expect(page.get_by_role("status").first).to_have_text("Reading the text")

    engine.gate.set()

    expect_state(page, "result")


def test_what_is_no_picture_is_refused_in_plain_words(
    page: Page, url: str, watch: Watch, tmp_path: Path
) -> None:
    watch.expected.append("415")
    broken = tmp_path / "notes.png"
    broken.write_text("not a picture")
    page.goto(url)
    page.set_input_files("#file", broken)

    expect_state(page, "error")
    expect(page.locator(".card [data-part=words]")).to_contain_text("not a picture")
    expect(page.get_by_role("alert").first).to_contain_text("notes.png")
    expect(page.get_by_role("button", name="Try again notes.png")).to_be_hidden()  # of no use
    expect(page.get_by_role("button", name="Crop or turn notes.png")).to_be_hidden()


def test_what_is_too_large_is_not_even_sent(page: Page, url: str, tmp_path: Path) -> None:
    huge = tmp_path / "huge.pdf"
    with huge.open("wb") as file:
        file.truncate(51 * MIB)
    asked = []
    page.on("request", lambda request: asked.append(request.method))
    page.goto(url)
    page.set_input_files("#file", huge)

    expect_state(page, "error")
    expect(page.locator(".card [data-part=words]")).to_contain_text("51 MiB; the limit is 50 MiB.")
    assert "POST" not in asked


SLOW_LINE = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 200_000}
# What is said, each time with the state of the page and whether its bar is in sight.
NOTE_SENDING = """() => {
  const status = document.getElementById("status");
  window.said = [];
  new MutationObserver(() => {
    const bar = document.querySelector(".card progress").getBoundingClientRect();
    const isSeen = bar.height > 0 && bar.top >= 0 && bar.bottom <= innerHeight;
    said.push([status.textContent, document.querySelector("main").dataset.state, isSeen]);
  }).observe(status, { childList: true });
}"""


def test_a_long_way_is_told_at_its_half_and_seen_on_a_phone(
    page: Page, url: str, tmp_path: Path
) -> None:
    path = tmp_path / "long.png"
    path.write_bytes(as_file(draw_letter()) + bytes(600_000))
    page.set_viewport_size({"width": 390, "height": 640})
    page.goto(url)
    page.evaluate(NOTE_SENDING)
    line = page.context.new_cdp_session(page)
    line.send("Network.enable")
    line.send("Network.emulateNetworkConditions", SLOW_LINE)
    page.set_input_files("#file", path)
    expect_state(page, "result")

    said = page.evaluate("said")
    assert said[0][0] == "Sending long.png"
    assert said[1] == ["Half of it is sent.", "uploading", True]
    assert [text for text, *_ in said].count("Half of it is sent.") == 1


def test_a_blank_page_says_what_might_help(
    page: Page, url: str, letter: Path, engine: ReadsLetter
) -> None:
    engine.is_blind = True
    page.goto(url)
    page.set_input_files("#file", letter)

    expect_state(page, "empty")
    expect(page.locator("#desk [data-part=text]")).to_contain_text("No text was found")
    expect(page.locator("#desk [data-part=text]")).to_contain_text("more light")


def test_choices_reach_the_engine_and_are_remembered(
    page: Page, url: str, letter: Path, engine: ReadsLetter
) -> None:
    page.goto(url)
    page.locator("#languages summary").click()
    page.get_by_label("German").check()
    page.locator("#options summary").click()
    page.get_by_label("How the text stands on the page").select_option("One block of text")
    page.reload()

    expect(page.locator("#languages [data-part=chosen]")).to_have_text("English, German")
    labels = page.locator("#languages [data-part=list] label")
    expect(labels.nth(1)).to_have_text("German Deutsch")
    expect(labels.nth(1).locator("[lang=de]")).to_have_text("Deutsch")

    page.set_input_files("#file", letter)

    expect_state(page, "result")
    assert set(engine.readings[-1].languages) == {"eng", "deu"}
    assert engine.readings[-1].psm == PSM_OF_LAYOUT[Layout.BLOCK]


def test_the_language_that_was_found_is_told(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    page.locator("#languages summary").click()
    page.get_by_label("English").uncheck()
    page.get_by_label("Automatic").check()

    expect(page.locator("#languages [data-part=chosen]")).to_have_text("Automatic")

    page.set_input_files("#file", letter)

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=summary]")).to_contain_text("English (unsure)")


def test_the_example_needs_no_file_of_ones_own(page: Page, url: str) -> None:
    page.goto(url)
    page.get_by_role("button", name="Try an example").click()

    expect_state(page, "result")


def test_several_files_can_make_one_document(page: Page, url: str, tmp_path: Path) -> None:
    for name in ("a.png", "b.png"):
        (tmp_path / name).write_bytes(as_file(draw_letter()))
    page.goto(url)
    page.locator("#options summary").click()
    page.get_by_label("Several files make one document").check()
    page.set_input_files("#file", [tmp_path / "b.png", tmp_path / "a.png"])

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=name]")).to_have_text("a.png and 1 other")
    expect(page.locator("#desk [data-part=count]")).to_have_text("2")
    page.get_by_role("button", name="Next page").click()
    expect(page.locator("[data-part=picture]")).to_have_js_property("naturalWidth", SIZE_PX[0])


def test_a_protected_document_asks_for_its_password(
    page: Page, url: str, watch: Watch, tmp_path: Path
) -> None:
    watch.expected.append("422")
    path = tmp_path / "secret.pdf"
    with pikepdf.new() as document:
        document.add_blank_page(page_size=SIZE_PX)
        document.save(path, encryption=pikepdf.Encryption(owner="o", user="open sesame"))
    page.goto(url)
    page.set_input_files("#file", path)
    field = page.locator(".card").get_by_label("Password")
    words = page.locator(".card [data-part=words]")
    expect(field).to_be_focused()
    expect(words).to_have_text("This PDF is protected by a password.")
    field.fill("sesame")
    field.press("Enter")
    expect(words).to_have_text("That password does not open it.")
    field.fill("open sesame")
    field.press("Enter")

    expect_state(page, "result")
    expect(page.locator("[data-part=picture]")).not_to_have_js_property("naturalWidth", 0)


def test_a_result_does_not_disturb_who_corrects_another(
    desk: Page, engine: ReadsLetter, tmp_path: Path
) -> None:
    other = tmp_path / "other.png"
    other.write_bytes(as_file(draw_letter()))
    engine.gate.clear()
    desk.set_input_files("#file", other)
    desk.locator("[data-part=text] .word.doubtful").first.click()
    field = desk.get_by_role("textbox", name="Word")
    field.fill("fer")
    engine.gate.set()

    expect_state(desk, "result")
    expect(desk.get_by_role("button", name="Open other.png")).to_be_visible()
    expect(field).to_have_value("fer")
    expect(desk.locator("#desk [data-part=name]")).to_have_text("letter.png")


def test_a_page_that_failed_is_tried_again_alone(
    page: Page, url: str, tmp_path: Path, engine: ReadsLetter
) -> None:
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter().crop((0, 0, 400, 700))]))
    engine.fails_under_px = 600
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.goto(url)
    page.set_input_files("#file", path)

    expect(page.locator(".card")).to_have_attribute("data-state", "partial")
    expect(page.locator("[data-part=failed]")).to_contain_text("Page 2: The page is too narrow")
    assert_accessible(page)

    engine.fails_under_px = 0
    page.locator("[data-part=remarks] summary").click()
    page.get_by_role("button", name="Try page 2 again").press("Enter")

    expect(page.locator("[data-part=failed]")).to_be_hidden()
    expect(page.locator("[data-part=count]")).to_have_text("2")
    expect(page.locator(".card")).to_have_attribute("data-state", "result")
    expect(page.locator("#desk [data-part=name]")).to_be_focused()
    expect_thumbnails(page)


def test_a_picture_is_pasted_by_a_button(page: Page, url: str, letter: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto(url)
    button = page.get_by_role("button", name="paste")
    page.evaluate("navigator.clipboard.writeText('no picture')")
    texts = note_texts(button)
    button.press("Enter")
    await_text(texts, "paste: there is no picture")
    expect(page.locator("#alert")).to_have_text("There is no picture on the clipboard.")

    page.evaluate(
        """async (data) => {
          const bytes = Uint8Array.from(atob(data), (letter) => letter.charCodeAt(0));
          const picture = new Blob([bytes], { type: "image/png" });
          await navigator.clipboard.write([new ClipboardItem({ "image/png": picture })]);
        }""",
        base64.b64encode(letter.read_bytes()).decode(),
    )
    button.press("Enter")

    expect_state(page, "result")
    expect(page.locator("#desk [data-part=name]")).to_have_text("Pasted picture")


def test_a_picture_is_cropped_and_turned_before_it_is_read(
    page: Page, url: str, letter: Path
) -> None:
    page.goto(url)
    page.locator("#options summary").click()
    page.get_by_label("Crop or turn each picture first").check()
    page.set_input_files("#file", letter)
    dialog = page.get_by_role("dialog", name="Crop or turn")
    expect(dialog).to_be_visible()
    assert_accessible(page)

    dialog.get_by_role("button", name="Turn right").press("Enter")
    corner = dialog.get_by_role("button", name="Top left corner")
    corner.focus()
    expect(dialog.locator(".loupe")).to_be_visible()
    for _ in range(10):
        corner.press("Shift+ArrowDown")
    top_right = dialog.get_by_role("button", name="Top right corner")
    top_right.focus()
    for _ in range(10):
        top_right.press("Shift+ArrowDown")
    dialog.get_by_role("button", name="Read this").press("Enter")

    expect_state(page, "result")
    picture = page.locator("#desk [data-part=picture]")
    expect(picture).to_have_js_property("naturalWidth", SIZE_PX[1])
    expect(picture).to_have_js_property("naturalHeight", SIZE_PX[0] - 100)


def test_a_picture_is_cropped_again_from_its_desk(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    page.get_by_role("button", name="Crop or turn, and read again").click()
    page.get_by_role("button", name="Leave it").click()
    expect(page.locator("#desk [data-part=picture]")).to_have_js_property("naturalWidth", 900)

    page.get_by_role("button", name="Crop or turn, and read again").click()
    page.get_by_role("button", name="Turn left").click()
    page.get_by_role("button", name="Read this").click()

    expect(page.locator("#desk [data-part=picture]")).to_have_js_property("naturalWidth", 700)


def test_a_busy_server_is_tried_again(page: Page, url: str, watch: Watch, letter: Path) -> None:
    watch.expected.append("429")
    refusals = iter([True])

    def refuse_once(route: Route) -> None:
        if next(refusals, False):
            problem = '{"code": "queue-full", "detail": "The server is busy."}'
            headers = {"Retry-After": "1", "Content-Type": "application/problem+json"}
            route.fulfill(status=429, headers=headers, body=problem)
        else:
            route.continue_()

    page.route("**/v1/documents", refuse_once)
    page.goto(url)
    texts = note_texts(page.locator("#status"))
    page.set_input_files("#file", letter)

    await_text(texts, "trying again in 1 s")
    expect_state(page, "result")


def test_a_server_that_does_not_answer_is_told(
    page: Page, url: str, watch: Watch, letter: Path
) -> None:
    watch.expected.append("ERR_")
    page.route("**/v1/documents", lambda route: route.abort())
    page.goto(url)
    page.set_input_files("#file", letter)

    expect_state(page, "error")
    expect(page.locator(".card [data-part=words]")).to_have_text("The server did not answer.")


def test_an_answer_of_somebody_else_is_told_and_the_next_file_is_read(
    page: Page, url: str, watch: Watch, letter: Path, tmp_path: Path
) -> None:
    watch.expected.append("JSON")
    sign_in = {"content_type": "text/html", "body": "<p>Sign in"}
    page.route("**/v1/documents", lambda route: route.fulfill(**sign_in), times=1)
    page.goto(url)
    page.set_input_files("#file", [letter, save_letter(tmp_path, "next.png")])
    first, second = page.locator(".card").all()

    expect(second).to_have_attribute("data-state", "result")
    expect(first).to_have_attribute("data-state", "error")
    expect(first.locator("[data-part=words]")).to_contain_text("No whole answer")

    page.get_by_role("button", name="Try again letter.png").click()

    expect(first).to_have_attribute("data-state", "result")


def test_being_offline_is_told_until_the_server_answers_and_the_file_is_read_then(
    page: Page, url: str, watch: Watch, letter: Path
) -> None:
    watch.expected.append("ERR_INTERNET_DISCONNECTED")
    page.goto(url)
    banner = page.locator("#offline")
    expect(banner).to_be_hidden()
    page.context.set_offline(True)

    expect(banner).to_be_visible()
    expect(page.locator("#alert")).to_have_text(
        "No connection – your pictures are kept in this tab."
    )
    page.set_input_files("#file", letter)
    expect_state(page, "error")
    assert_accessible(page)

    page.context.set_offline(False)

    expect_state(page, "result")
    expect(banner).to_be_hidden()
    expect(page.locator("#desk")).to_have_css("display", "grid")
    expect(page.locator("[data-part=picture]")).to_be_visible()


def test_a_server_that_is_away_is_asked_again_by_a_button(
    page: Page, url: str, watch: Watch, letter: Path
) -> None:
    watch.expected.append("ERR_")
    page.route("**/v1/documents", lambda route: route.abort())
    page.route("**/livez", lambda route: route.abort())
    page.goto(url)
    page.set_input_files("#file", letter)
    banner = page.locator("#offline")
    expect(banner).to_be_visible()

    page.unroute("**/v1/documents")
    page.unroute("**/livez")
    banner.get_by_role("button", name="Try again").click()

    expect(banner).to_be_hidden()
    expect_state(page, "result")


def test_forgetting_a_file_clears_the_desk(page: Page, url: str, letter: Path) -> None:
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")

    page.get_by_role("button", name="Forget this file").click()

    expect(page.locator("#desk")).to_be_hidden()
    expect(page.locator(".card")).to_have_count(0)


def test_without_scripts_the_form_answers_with_text_and_picture(
    browser: Browser, url: str, letter: Path
) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(url)
    page.set_input_files("#file", letter)
    page.get_by_role("button", name="Read the text").click()

    expect(page.get_by_role("heading", name="letter.png")).to_be_visible()
    expect(page.locator("pre")).to_contain_text("Dear reader,")
    picture = page.get_by_role("img", name=re.compile("Page 1"))
    heading = page.get_by_role("heading", name="Page 1").bounding_box()
    place = picture.bounding_box()
    assert heading
    assert place
    assert heading["y"] + heading["height"] <= place["y"]
    shown = picture.locator("image").get_attribute("href") or ""
    assert shown.startswith("data:image/jpeg")
    expect(page.get_by_role("link", name="Download the text")).to_be_visible()

    page.go_back()
    page.set_input_files("#file", letter)
    with page.expect_download() as download:
        page.get_by_role("button", name="Word document").click()

    with ZipFile(download.value.path()) as document:
        assert b"Dear" in document.read("word/document.xml")

    context.close()


def test_the_colours_can_be_chosen_and_stay(page: Page, url: str) -> None:
    page.emulate_media(color_scheme="light")
    page.goto(url)
    page.get_by_label("Dark").check(force=True)
    page.reload()

    assert page.evaluate("getComputedStyle(document.body).colorScheme") == "dark"


def test_a_result_fits_a_screen_of_320_pixels(page: Page, url: str, letter: Path) -> None:
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")

    for tab in ("Text", "Picture"):
        page.get_by_role("tab", name=tab).click()
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        tools = page.locator(".toolbar:visible .tool:visible")
        for box in (tools.nth(number).bounding_box() for number in range(tools.count())):
            assert box
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= 320

    page.get_by_label("Show on the picture").first.click()
    page.get_by_label("The text as read").check()
    for part in page.locator("[data-part=shown] :is(fieldset, label, input):visible").all():
        box = part.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= 320


# The buttons of a card that lie over its name or its words, which end before their padding.
COVERED = """(card) => {
  const texts = [...card.querySelectorAll("h3, [data-part=words]")].map((text) => {
    const { left, top, right, bottom } = text.getBoundingClientRect();
    return { left, top, right: right - parseFloat(getComputedStyle(text).paddingRight), bottom };
  });
  const buttons = [...card.querySelectorAll(".actions button")].filter((one) => one.offsetParent);
  return buttons.filter((button) => {
    const { left, top, right, bottom } = button.getBoundingClientRect();
    return texts.some((text) =>
      left < text.right && right > text.left && top < text.bottom && bottom > text.top);
  }).map((button) => button.textContent || button.title);
}"""


@pytest.mark.parametrize("width", [320, 390, 1280])
def test_cards_and_pages_keep_within_their_bounds(
    page: Page, url: str, watch: Watch, tmp_path: Path, width: int
) -> None:
    watch.expected.append("415")
    many, none = tmp_path / "many.tiff", tmp_path / "not a picture.png"
    many.write_bytes(as_pages([draw_letter()] * 6))
    none.write_bytes(b"no picture at all")
    page.set_viewport_size({"width": width, "height": 844})
    page.goto(url)
    page.set_input_files("#file", [many, none])
    for state in ("result", "error"):
        expect(page.locator(f".card[data-state={state}]")).to_have_count(1)

    assert page.evaluate("document.documentElement.scrollWidth") <= width
    cards = page.locator(".card")
    for card in cards.all():
        words = card.locator(".about").bounding_box()
        assert words
        assert words["width"] >= 140
        assert card.evaluate(COVERED) == []


@pytest.mark.parametrize("path", ["/", "/webcam", "/about", "/nowhere"])
def test_nothing_runs_off_a_screen_of_320_pixels(
    page: Page, url: str, watch: Watch, path: str
) -> None:
    watch.expected.append("404")
    page.set_viewport_size({"width": 320, "height": 640})
    page.goto(url + path)

    assert page.evaluate("document.documentElement.scrollWidth") <= 320
