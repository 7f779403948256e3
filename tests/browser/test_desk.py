from __future__ import annotations

import io
import json
import wave
import zlib
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pypdfium2
import pytest
from playwright.sync_api import Page, Route, expect

from ocr_server import tasks
from ocr_server.geometry import Box
from ocr_server.sources.pixels import draw_preview
from tests.browser.letter import COLUMNS, MISREAD, ReadsLetter, draw_letter, drawn_words
from tests.browser.test_upload import expect_state, expect_thumbnails
from tests.browser.watching import Watch, assert_accessible, await_text, note_texts
from tests.drawing import as_pages

WHOLE_TEXT = "\n\n".join(
    "\n".join(" ".join(MISREAD.get(word, (word, 0))[0] for word in line.split()) for line in column)
    for column in COLUMNS
)

# Where each word of the text layer stands, in pixels of the page.
EDGES = """() => {
  const paper = document.querySelector("[data-part=paper]").getBoundingClientRect();
  const holder = document.querySelector("[data-part=holder]");
  const scale = Number(holder.style.getPropertyValue("--s"));
  return [...document.querySelectorAll("[data-part=layer] span")].map((span) => {
    const range = document.createRange();
    range.setStart(span.firstChild, 0);
    range.setEnd(span.firstChild, span.textContent.trimEnd().length);
    const box = range.getBoundingClientRect();
    return [(box.left - paper.left) / scale, (box.right - paper.left) / scale, scale];
  });
}"""


def test_the_text_layer_lies_on_the_words_at_any_zoom(desk: Page) -> None:
    boxes: list[Box] = [box for _, box in drawn_words()]
    for button, clicks in (("Larger", 0), ("Larger", 4), ("Smaller", 7)):
        for _ in range(clicks):
            desk.get_by_role("button", name=button).click()
        edges = desk.evaluate(EDGES)

        assert len(edges) == len(boxes)
        for (left, right, scale), box in zip(edges, boxes, strict=True):
            assert abs(left - box.left) * scale <= 1  # a pixel of the screen
            assert abs(right - box.right) * scale <= 1


def test_selecting_across_columns_follows_the_reading_order(desk: Page) -> None:
    selected = desk.evaluate(
        """() => {
          getSelection().selectAllChildren(document.querySelector("[data-part=layer]"));
          return getSelection().toString();
        }"""
    )

    assert selected.split("\n") == [line for line in WHOLE_TEXT.split("\n") if line]


def test_dragging_over_the_picture_selects_its_words(desk: Page) -> None:
    first = desk.locator("[data-part=layer] span", has_text="ticket").bounding_box()
    last = desk.locator("[data-part=layer] span", has_text="desk.").bounding_box()
    assert first
    assert last
    desk.mouse.move(first["x"] + 1, first["y"] + first["height"] / 2)
    desk.mouse.down()
    desk.mouse.move(last["x"] + last["width"] - 1, last["y"] + last["height"] / 2, steps=8)
    desk.mouse.up()

    assert desk.evaluate("getSelection().toString()") == "ticket\nis at the desk."


def test_a_word_under_the_pointer_lights_up_on_both_sides(desk: Page) -> None:
    desk.locator("[data-part=layer] span", has_text="ticket").hover()

    expect(desk.locator("[data-part=text] .word.lit")).to_have_text("ticket")

    desk.locator("[data-part=text] .word", has_text="before").hover()

    expect(desk.locator("[data-part=boxes] .current")).to_have_count(1)


def test_what_lights_up_is_brought_into_view_on_both_sides(desk: Page) -> None:
    desk.set_viewport_size({"width": 1280, "height": 400})
    for _ in range(4):
        desk.get_by_role("button", name="Larger").click()
    stage, layer = desk.locator("[data-part=stage]"), desk.locator("[data-part=layer] span")
    text = desk.locator("[data-part=text]")
    stage.evaluate("(one) => one.scrollTo(0, 0)")
    expect(layer.last).not_to_be_in_viewport()
    desk.locator("[data-part=text] .word").last.focus()
    expect(layer.last).to_be_in_viewport()

    # Crossing the text moves nothing.
    stage.evaluate("(one) => one.scrollTo(0, 0)")
    place = desk.locator("[data-part=text] .word").nth(14).bounding_box()
    assert place
    desk.mouse.move(place["x"] + 5, place["y"] + 5)
    desk.mouse.move(5, 5)
    desk.wait_for_timeout(400)
    expect(layer.last).not_to_be_in_viewport()

    text.evaluate(
        "(one) => { one.style.flex = 'none'; one.style.height = '4rem'; one.scrollTo(0, 1e4); }"
    )
    scrolled_px = desk.evaluate("scrollY")
    stage.evaluate("(one) => one.scrollTo(0, 0)")
    first = desk.locator("[data-part=text] .word").first
    expect(first).not_to_be_in_viewport()
    layer.first.hover()

    expect(first).to_be_in_viewport()
    assert desk.evaluate("scrollY") == scrolled_px  # the page itself does not jump


def test_doubt_is_shown_by_more_than_colour(desk: Page) -> None:
    doubtful = desk.locator("[data-part=text] .word.doubtful")

    expect(doubtful).to_have_text(["feny", "n00n"])
    lines = doubtful.evaluate_all(
        "words => words.map((word) => getComputedStyle(word).textDecorationStyle)"
    )
    assert lines == ["wavy", "wavy"]
    expect(desk.locator("[data-part=legend]")).to_contain_text("doubtful 2")
    outlined = desk.locator("[data-part=boxes] .doubtful")
    expect(outlined).to_have_count(2)
    # Around the letters, not through them.
    word = dict(drawn_words())["ferry"]
    points = outlined.first.get_attribute("points") or ""
    dots = [tuple(map(float, dot.split(","))) for dot in points.split()]
    assert word.left - 10 < dots[0][0] < word.left - 2
    assert word.bottom + 2 < dots[2][1] < word.bottom + 10


def test_a_whole_correction_session_by_keyboard_alone(desk: Page) -> None:
    desk.get_by_role("button", name="Next doubtful word").focus()
    desk.keyboard.press("Enter")
    field = desk.get_by_role("textbox", name="Word")
    expect(field).to_be_focused()
    expect(field).to_have_value("feny")
    expect(desk.locator("[data-part=doubts]")).to_have_text("1 of 2 doubtful")

    desk.keyboard.type("ferry")
    desk.keyboard.press("Enter")

    expect(field).to_have_value("n00n")

    desk.keyboard.press("Tab")
    expect(desk.get_by_role("button", name="noon", exact=True)).to_be_focused()
    desk.keyboard.press("Enter")

    expect(desk.locator("[data-part=proof]")).to_be_hidden()
    expect(desk.locator("[data-part=doubts]")).to_have_text("None doubtful")
    expect(desk.locator("[data-part=text] .word.checked")).to_have_text(["ferry", "noon"])
    expect(desk.get_by_role("status").first).to_have_text("No doubtful word is left.")

    desk.keyboard.press("Control+z")

    expect(field).to_have_value("n00n")
    expect(desk.locator("[data-part=text] .word.checked")).to_have_text(["ferry"])

    desk.keyboard.press("Control+Shift+z")

    expect(desk.locator("[data-part=text] .word.checked")).to_have_text(["ferry", "noon"])


def test_arrow_keys_walk_the_text_and_escape_leaves_a_word(desk: Page) -> None:
    tops = "document.activeElement.getBoundingClientRect().top"
    desk.locator("[data-part=text] .word").first.focus()
    first_px = desk.evaluate(tops)
    desk.keyboard.press("ArrowDown")
    assert desk.evaluate(tops) > first_px
    desk.keyboard.press("ArrowUp")
    assert desk.evaluate(tops) == first_px
    desk.locator("[data-part=text] .word", has_text="the").first.focus()
    desk.keyboard.press("ArrowRight")
    desk.keyboard.press("Enter")

    expect(desk.get_by_role("textbox", name="Word")).to_have_value("feny")

    desk.keyboard.press("Escape")

    expect(desk.locator("[data-part=proof]")).to_be_hidden()
    expect(desk.locator("[data-part=text] .word", has_text="feny")).to_be_focused()


def test_the_text_is_copied_with_its_corrections(desk: Page) -> None:
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.locator("[data-part=text] .word", has_text="feny").click()
    desk.get_by_role("textbox", name="Word").fill("ferry")
    desk.keyboard.press("Enter")
    copy = desk.locator("[data-action=copy]")
    texts = note_texts(copy)
    copy.click()

    await_text(texts, "Copied")
    copied = desk.evaluate("navigator.clipboard.readText()")
    assert copied == WHOLE_TEXT.replace("feny", "ferry")


def test_the_text_is_copied_on_an_insecure_page_too(
    page: Page, url: str, letter: Path, watch: Watch
) -> None:
    watch.expected.append("Cross-Origin-Opener-Policy")  # which browsers ignore there, and say so
    page.goto(url.replace("127.0.0.1", "insecure.test"))
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    page.locator("[data-part=downloads] summary").click()
    copy = page.get_by_role("button", name="Copy without line breaks")
    copy.click()

    expect(copy).to_be_focused()
    expect(page.locator("#status")).to_have_text("The text is on the clipboard.")
    page.evaluate("document.body.append(document.createElement('textarea'))")
    page.locator("textarea").press("Control+V")
    expect(page.locator("textarea")).to_have_value(
        "Dear reader, the feny ticket is at the desk.\n\nPlease come before n00n with your card."
    )


def test_the_text_is_copied_without_line_breaks(desk: Page) -> None:
    desk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    desk.locator("[data-part=downloads] summary").click()
    desk.get_by_role("button", name="Copy without line breaks").click()

    expect(desk.locator("#status")).to_have_text("The text is on the clipboard.")
    copied = desk.evaluate("navigator.clipboard.readText()").split("\n\n")
    assert copied == [column.replace("\n", " ") for column in WHOLE_TEXT.split("\n\n")]


def test_a_word_that_is_none_is_taken_out_and_comes_back(desk: Page) -> None:
    desk.locator("[data-part=text] .word", has_text="n00n").click()
    desk.get_by_role("textbox", name="Word").fill("")
    desk.keyboard.press("Enter")

    expect(desk.locator("[data-part=summary]")).to_contain_text("15 words")
    expect(desk.locator("[data-part=text]")).not_to_contain_text("n00n")

    desk.get_by_role("button", name="Undo").click()

    expect(desk.locator("[data-part=summary]")).to_contain_text("16 words")
    expect(desk.locator("[data-part=text]")).to_contain_text("before n00n")


def test_words_of_a_script_without_blanks_stand_without_them(
    page: Page, url: str, letter: Path, engine: ReadsLetter
) -> None:
    engine.says = "你好 世界 。 ABC 한국 말"
    page.add_init_script("localStorage.setItem('steps', 'none')")
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    page.locator("[data-part=downloads] summary").click()
    with page.expect_download() as download:
        page.locator("[data-format=text]").click()

    text = "你好世界。 ABC 한국 말"
    assert Path(download.value.path()).read_text() == f"{text}\n"
    for part in ("text", "layer"):
        shown = page.locator(f"[data-part={part}]").text_content()
        assert shown is not None
        assert shown.strip() == text


def test_every_format_is_downloaded_with_the_corrections(desk: Page) -> None:
    """All from one page, as a page for each would take ten times as long."""
    right = WHOLE_TEXT
    for read, meant in (("feny", "ferry"), ("n00n", "noon"), ("card.", "cards!")):
        desk.locator("[data-part=text] .word", has_text=read).click()
        desk.get_by_role("textbox", name="Word").fill(meant)
        desk.keyboard.press("Enter")
        desk.keyboard.press("Escape")
        right = right.replace(read, meant)
    texts = {name: download(desk, name).read_text() for name in ("text", "json")}
    others = {
        name: download(desk, name).read_text() for name in ("markdown", "hocr", "alto", "tsv")
    }

    assert texts["text"].rstrip("\n") == json.loads(texts["json"])["text"] == right
    for name, saved in others.items():
        assert "ferry" in saved
        wrong = 'CONTENT="feny"' if name == "alto" else "feny"  # ALTO tells what was read before
        assert wrong not in saved
    with ZipFile(download(desk, "docx")) as parts:
        assert "ferry" in parts.read("word/document.xml").decode()
    with pypdfium2.PdfDocument(download(desk, "pdf")) as document:
        page = document[0]
        textpage = page.get_textpage()
        assert textpage.get_text_range().split() == right.split()
        textpage.close()
        page.close()
    with ZipFile(download(desk, "all")) as archive:
        names = archive.namelist()
        (text,) = [name for name in names if name.endswith(".txt")]
        assert "ferry" in archive.read(text).decode()
    assert {Path(name).suffix for name in names} >= {".pdf", ".docx", ".md", ".png"}


def download(desk: Page, name: str) -> Path:
    menu = desk.locator("[data-part=downloads]")
    if menu.get_attribute("open") is None:
        menu.locator("summary").click()
    with desk.expect_download() as started:
        menu.locator(f"[data-format={name}]").click()
    assert started.value.suggested_filename.startswith("letter.")
    return Path(started.value.path())


NOTE_FIELDS = """() => {
  const send = window.fetch;
  window.fetch = (path, init) => {
    if (init?.body instanceof FormData) window.fields = [...init.body.keys()];
    return send(path, init);
  };
}"""


def test_which_lines_of_a_word_document_are_rows_is_left_to_the_server(desk: Page) -> None:
    desk.evaluate(NOTE_FIELDS)
    download(desk, "docx")

    assert desk.evaluate("fields") == ["document", "format"]


def test_what_could_not_be_loaded_is_loaded_at_the_next_try(desk: Page, watch: Watch) -> None:
    watch.expected += ["ERR_", "The server did not answer."]
    for path in ("**/edit-flow.js", "**/area-select.js"):
        desk.route(path, lambda route: route.abort(), times=1)
    word, field = desk.locator("[data-part=text] .word").first, desk.locator("[name=correction]")
    area = desk.get_by_role("button", name="Read an area again")
    for press in (word, area):
        press.click()
        expect(desk.locator("#alert")).to_have_text("The server did not answer.")
        desk.keyboard.press("Escape")  # which takes the words away

    word.click()
    expect(field).to_be_visible()
    area.click()
    expect(area).to_have_attribute("aria-pressed", "true")


def test_a_picture_that_could_not_be_drawn_is_drawn_at_the_next_look(
    page: Page, url: str, watch: Watch, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lacks_memory = [True]

    def draw_later(*arguments: Any, **options: Any) -> bytes:  # noqa: ANN401  # as they come
        if lacks_memory:
            raise MemoryError
        return draw_preview(*arguments, **options)

    monkeypatch.setattr(tasks, "draw_preview", draw_later)
    watch.expected.append("429")
    path = tmp_path / "two.tiff"
    path.write_bytes(as_pages([draw_letter(), draw_letter()]))
    page.route("**/picture", lambda route: route.fulfill(status=429))
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    expect(page.locator("[data-part=no-picture]")).to_be_visible()
    page.unroute("**/picture")
    lacks_memory.clear()
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("button", name="Previous page").click()

    expect(page.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 900)
    expect_thumbnails(page)


def test_a_download_that_fails_says_why_in_its_menu(desk: Page, watch: Watch) -> None:
    watch.expected.append("413")
    problem = {"detail": "That is too much."}
    desk.route("**/v1/render", lambda route: route.fulfill(status=413, json=problem))
    menu = desk.locator("[data-part=downloads]")
    menu.locator("summary").click()
    menu.locator("[data-format=tsv]").click()

    complaint = menu.get_by_text("That is too much.")
    expect(complaint).to_be_visible()
    desk.wait_for_timeout(200)  # in which it could be built anew
    expect(complaint).to_be_visible()

    for _ in range(2):
        menu.locator("summary").click()

    expect(menu.locator("[data-format=tsv]")).to_be_visible()
    expect(complaint).to_have_count(0)


def test_zoom_works_by_button_key_and_wheel(desk: Page) -> None:
    zoom = desk.locator("[data-part=zoom]")
    before = zoom.inner_text()
    desk.get_by_role("button", name="Larger").click()
    larger = zoom.inner_text()
    assert larger != before

    desk.locator("[data-part=stage]").focus()
    desk.keyboard.press("-")
    expect(zoom).to_have_text(before)

    desk.locator("[data-part=stage]").hover()
    desk.keyboard.down("Control")
    desk.mouse.wheel(0, -100)
    desk.keyboard.up("Control")
    expect(zoom).not_to_have_text(before)

    desk.get_by_role("button", name="Fit the width").click()
    expect(zoom).to_have_text(before)


def test_an_area_is_read_again_and_undone(desk: Page, engine: ReadsLetter) -> None:
    desk.get_by_role("button", name="Read an area again").click()
    frame = desk.get_by_role("button", name="Area to read again")
    expect(frame).to_be_focused()
    assert_accessible(desk)
    paper = desk.locator("[data-part=paper]").bounding_box()
    assert paper
    engine.says = "read again"
    desk.mouse.move(paper["x"] + 2, paper["y"] + paper["height"] * 0.25)
    desk.mouse.down()
    desk.mouse.move(paper["x"] + paper["width"] / 2, paper["y"] + paper["height"] * 0.4, steps=4)
    desk.mouse.up()

    text = desk.locator("[data-part=text]")
    expect(text).to_contain_text("read again")
    expect(text).not_to_contain_text("the feny ticket")
    expect(text).to_contain_text("Dear reader,")
    expect(frame).to_be_hidden()

    desk.get_by_role("button", name="Undo").click()

    expect(text).to_contain_text("the feny ticket")
    expect(text).not_to_contain_text("read again")


def test_an_area_that_is_refused_is_told_where_it_can_be_seen(desk: Page, watch: Watch) -> None:
    watch.expected.append("413")
    desk.route("**/v1/documents", lambda route: route.fulfill(status=413))
    desk.get_by_role("button", name="Read an area again").click()
    desk.get_by_role("button", name="Area to read again").press("Enter")

    alert = desk.locator("#alert")
    expect(alert).to_have_text("The file is larger than the server accepts.")
    assert (box := alert.bounding_box())
    assert box["height"] > 20
    assert_accessible(desk)

    desk.keyboard.press("Escape")

    expect(alert).to_be_empty()


def test_an_area_is_marked_by_keys(desk: Page, engine: ReadsLetter) -> None:
    desk.get_by_role("button", name="Read an area again").click()
    expect(desk.get_by_role("button", name="Area to read again")).to_be_focused()
    engine.says = "by keys"
    for key in ("ArrowDown", "Shift+ArrowUp", "ArrowLeft", "Enter"):
        desk.keyboard.press(key)

    expect(desk.locator("[data-part=text]")).to_contain_text("by keys")
    expect(desk.get_by_role("button", name="Read an area again")).to_be_focused()

    desk.get_by_role("button", name="Undo").press("Enter")

    expect(desk.locator("[data-part=text]")).not_to_contain_text("by keys")
    expect(desk.get_by_role("button", name="Redo")).to_be_focused()


def test_the_picture_is_compared_with_what_was_read(desk: Page) -> None:
    desk.get_by_role("button", name="Compare").click()
    slider = desk.get_by_role("slider", name="Original")
    expect(slider).to_be_focused()
    desk.keyboard.press("Home")

    prepared = desk.get_by_alt_text("The picture as it was read")
    expect(prepared).to_be_visible()
    expect(prepared).to_have_css("clip-path", "inset(0px 0px 0px 0%)")
    assert_accessible(desk)

    desk.get_by_role("button", name="Turn the picture").click()

    # Its lower edge is seen to the left now.
    expect(prepared).to_have_css("clip-path", "inset(0px 0px 0%)")

    desk.get_by_role("button", name="Compare").click()

    expect(prepared).to_be_hidden()


SPEECH = """
  const said = (window.said = []);
  const speech = {
    getVoices: () => [{ name: "A voice" }],
    addEventListener() {},
    cancel: () => said.push("stop"),
    pause: () => said.push("pause"),
    resume() {},
    speak(utterance) {
      said.push(utterance.text);
      utterance.dispatchEvent(new Event("start"));
    },
  };
  Object.defineProperty(window, "speechSynthesis", { value: speech });
"""


def test_the_text_is_read_aloud_where_there_is_a_voice(page: Page, url: str, letter: Path) -> None:
    page.add_init_script(SPEECH)
    page.goto(url)
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    button = page.get_by_role("button", name="Read aloud")
    page.evaluate("said.length = 0")
    button.click()

    expect(button).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("said")[:2] == [
        "Dear reader, the feny ticket is at the desk.",
        "Please come before n00n with your card.",
    ]

    expect(page.locator("[data-part=text] .word.spoken")).to_have_text("Please")
    page.get_by_role("button", name="Pause").click()
    assert page.evaluate("said.at(-1)") == "pause"
    assert_accessible(page)

    page.keyboard.press("Escape")

    expect(button).to_have_attribute("aria-pressed", "false")
    expect(page.get_by_role("button", name="Go on")).to_be_hidden()
    assert page.evaluate("said.at(-1)") == "stop"


def silence(seconds: int) -> bytes:
    file = io.BytesIO()
    with wave.open(file, "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(4000)
        sound.writeframes(bytes(8_000 * seconds))
    return file.getvalue()


def test_the_server_speaks_where_the_browser_has_no_voice(
    page: Page, url: str, letter: Path
) -> None:
    def with_voice(route: Route) -> None:
        answer = route.fetch()
        route.fulfill(
            response=answer, body=answer.text().replace('"has_voice": false', '"has_voice": true')
        )

    spoken: list[str] = []

    def speak(route: Route) -> None:
        form = route.request.post_data_buffer or b""
        packed = form[form.index(b"\x1f\x8b") :]  # as gzip
        spoken.append(zlib.decompressobj(wbits=31).decompress(packed).decode() + str(form))
        seconds = 1 if len(spoken) == 1 else 900  # two minutes for its first word
        route.fulfill(body=silence(seconds), content_type="audio/wav")

    page.add_init_script("speechSynthesis.getVoices = () => []")
    page.route(f"{url}/", with_voice)
    page.route("**/v1/render", speak)
    page.goto(f"{url}/")
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    button = page.get_by_role("button", name="Read aloud")
    button.click()

    expect(page.locator("[data-part=text] .word.spoken")).to_have_text("Please")
    assert "Dear" in spoken[0]
    assert "Please" in spoken[1]
    assert "audio" in spoken[0]
    page.keyboard.press("Escape")
    expect(button).to_have_attribute("aria-pressed", "false")


def test_a_desk_without_any_voice_says_so(page: Page, url: str, letter: Path) -> None:
    page.add_init_script("speechSynthesis.getVoices = () => []")
    page.route(f"{url}/", without_voice)
    page.goto(f"{url}/")
    page.set_input_files("#file", letter)
    expect_state(page, "result")
    page.get_by_role("button", name="Read aloud").click()

    expect(page.get_by_role("alert")).to_contain_text("this server has none")


def without_voice(route: Route) -> None:
    answer = route.fetch()
    route.fulfill(
        response=answer, body=answer.text().replace('"has_voice": true', '"has_voice": false')
    )


def test_outlines_can_be_chosen(desk: Page) -> None:
    desk.get_by_label("Show on the picture").first.click()
    desk.get_by_role("checkbox", name="Lines").check()
    desk.get_by_role("checkbox", name="Zones").check()

    expect(desk.locator("[data-part=boxes] .line")).to_have_count(6)
    expect(desk.locator("[data-part=boxes] .zone")).to_have_count(2)


# Paragraphs of lines 20 pixels high; each line says where its words begin and end.
PARAGRAPHS = {
    "prose": [[[0, 190], [200, 400]], [[0, 210], [220, 390]], [[0, 100]]],
    "bill": [[[0, 100], [340, 400]], [[0, 150], [330, 400]], [[0, 90], [350, 400]]],
    "list": [[[0, 140], [150, 300]], [[0, 120]], [[0, 250]]],
    "pair": [[[0, 190], [200, 400]], [[0, 390]]],
}
LAY_OUT = """async (paragraphs) => {
  const { enhance } = await import("/static/js/desk/text-pane.js");
  const quad = (from, to, top) => [[from, top], [to, top], [to, top + 20], [from, top + 20]];
  const zones = paragraphs.map((lines) => ({ lines: lines.map((words, at) => ({
    paragraph: 0, quad: quad(words[0][0], words.at(-1)[1], 30 * at),
    words: words.map(([from, to]) => (
      { text: "word", confidence: 1, quad: quad(from, to, 30 * at) }
    )),
  })) }));
  const root = document.createElement("div");
  enhance(root, { onOpen() {}, onHover() {} }).show({ zones });
  return [...root.children].map((paragraph) => paragraph.className === "flowing");
}"""


def test_on_a_phone_prose_flows_but_no_row_of_a_bill_or_list(page: Page, url: str) -> None:
    page.goto(url)

    flowing = page.evaluate(LAY_OUT, list(PARAGRAPHS.values()))
    assert dict(zip(PARAGRAPHS, flowing, strict=True)) == {
        "prose": True, "bill": False, "list": False, "pair": False
    }  # fmt: skip


FLOW = """async (lines) => {
  const { enhance } = await import("/static/js/desk/text-pane.js");
  const { loadStyles } = await import("/static/js/lib/dom.js");
  await loadStyles("desk");
  const zones = [{ lines: lines.map((line, at) => ({
    paragraph: 0, quad: [[0, 30 * at], [400, 30 * at], [400, 30 * at + 20], [0, 30 * at + 20]],
    words: line.split(" ").map((text, at) => (
      { text, confidence: 1, quad: [[at, 0], [at + 1, 0], [at + 1, 20], [at, 20]] }
    )),
  })) }];
  const root = document.createElement("div");
  root.className = "text";
  document.querySelector("main").append(root);
  const pane = enhance(root, { onOpen() {}, onHover() {} });
  pane.show({ zones });
  const flowing = root.innerText;
  pane.paint(zones[0].lines[0].words.at(-1)); // as after a correction
  const painted = root.innerText;
  pane.setTyping(true);
  return [flowing, painted, root.innerText, root.textContent];
}"""


def test_a_word_that_is_parted_at_the_end_of_a_line_is_whole_in_flowing_text(
    page: Page, url: str
) -> None:
    page.goto(url)
    for lines, flowing in (
        (
            ["of the hydro-", "dynamical kind,", "and so on"],
            "of the hydrodynamical kind, and so on",
        ),
        (["the well-", "known North-", "Sea Vor-", "und"], "the wellknown North-Sea Vor- und"),
        (["会議のお", "知らせで", "ある"], "会議のお知らせである"),
    ):
        shown, painted, typed, text = page.evaluate(FLOW, lines)

        assert shown.strip() == painted.strip() == flowing
        assert typed.split() == " ".join(lines).split()
        assert text.split() == " ".join(lines).split()


def test_a_narrow_screen_has_tabs(desk: Page) -> None:
    desk.set_viewport_size({"width": 390, "height": 844})

    expect(desk.locator("#pane-text")).to_be_visible()
    expect(desk.locator("#pane-picture")).to_be_hidden()

    desk.get_by_role("tab", name="Text").focus()
    desk.keyboard.press("ArrowLeft")

    expect(desk.locator("#pane-picture")).to_be_visible()
    expect(desk.locator("#pane-text")).to_be_hidden()


def test_pages_are_turned_by_button_number_and_key(page: Page, url: str, tmp_path: Path) -> None:
    path = tmp_path / "three.tiff"
    pages = [draw_letter() for _ in range(3)]
    pages[0].save(path, save_all=True, append_images=pages[1:])
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    number = page.get_by_role("spinbutton", name="Page")

    expect(page.locator("[data-part=count]")).to_have_text("3")
    expect(page.locator("[data-part=picture]")).to_have_js_property("naturalWidth", 900)

    expect(page.locator("[data-part=strip] img")).to_have_count(3)
    expect(page.locator("[data-part=strip] img").last).to_have_js_property("naturalHeight", 160)
    assert_accessible(page)

    page.get_by_role("button", name="Next page").click()
    expect(number).to_have_value("2")

    page.locator("[data-part=stage]").focus()
    page.keyboard.press("PageDown")
    expect(number).to_have_value("3")

    page.locator("[data-part=downloads] summary").click()
    page.get_by_label("Pages to take").select_option("Page 3 only")
    with page.expect_download() as download:
        page.locator("[data-format=json]").click()
    assert download.value.suggested_filename == "three page 3.json"
    document = json.loads(Path(download.value.path()).read_text())
    assert [one["number"] for one in document["pages"]] == [3]

    number.fill("1")
    number.press("Enter")
    expect(page.get_by_role("button", name="Previous page")).to_be_disabled()

    second = page.locator("[data-part=strip] button").nth(1)
    second.press("Enter")
    expect(second).to_have_attribute("aria-current", "true")
    expect(second).to_be_focused()


def test_a_page_is_left_out_and_comes_back(page: Page, url: str, tmp_path: Path) -> None:
    path = tmp_path / "three.tiff"
    path.write_bytes(as_pages([draw_letter() for _ in range(3)]))
    page.goto(url)
    page.set_input_files("#file", path)
    expect_state(page, "result")
    page.get_by_role("button", name="Next page").click()
    page.get_by_role("button", name="Leave out this page").press("Enter")

    strip = page.locator("[data-part=strip] li")
    number = page.get_by_role("spinbutton", name="Page")
    expect(strip).to_have_count(2)
    expect(number).to_have_value("2")
    expect(page.locator("[data-part=count]")).to_have_text("2")
    number.fill("99")
    number.press("Enter")
    expect(number).to_have_value("2")
    page.locator("[data-part=downloads] summary").click()
    with page.expect_download() as download:
        page.locator("[data-format=tsv]").click()
    table = Path(download.value.path()).read_text()
    assert table.count("Dear") == 2

    page.get_by_role("button", name="Undo").click()

    expect(strip).to_have_count(3)
    for _ in range(3):  # beyond the last page
        page.get_by_role("button", name="Next doubtful word").click()
    expect(number).to_have_value("1")
    expect(page.locator("[data-part=crop]")).to_be_visible()
    expect_thumbnails(page)


@pytest.mark.parametrize("width", [833, 950, 1050])
def test_a_narrow_desk_cuts_nothing_beside_advice(desk: Page, width: int) -> None:
    desk.set_viewport_size({"width": width, "height": 800})
    desk.evaluate("""() => {
      const remarks = document.querySelector("[data-part=remarks]");
      remarks.hidden = false;
      remarks.querySelector("[data-part=remark]").textContent = "Letters are too low. ".repeat(3);
    }""")

    cut = """() => [...document.querySelectorAll("html, .desk .head, .desk .toolbar")]
      .filter((one) => one.checkVisibility() && one.scrollWidth > one.clientWidth)
      .map((one) => one.className || one.tagName)"""
    assert desk.evaluate(cut) == []
