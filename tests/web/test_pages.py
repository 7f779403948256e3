from __future__ import annotations

import base64
import gzip
import html
import io
import json
import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from urllib.parse import urljoin

import numpy as np
import pytest
from flask import Flask
from flask.testing import FlaskClient
from PIL import Image, ImageOps

from ocr_server.document.model import Page, Zone, ZoneKind
from ocr_server.errors import TooManyPixels
from ocr_server.export import FORMATS
from ocr_server.geometry import Transform
from ocr_server.page.recipe import PICTURE_STAGES, STAGE_LABELS, STAGES
from ocr_server.request.options import OPTIONS
from ocr_server.settings import Settings
from ocr_server.sources.pixels import PREVIEW_SIDE_PX
from ocr_server.web import page_scripts
from ocr_server.web.browser import COMMENT
from ocr_server.web.page_scripts import declarations, modules_of
from ocr_server.web.pages import upright_quarters
from tests.drawing import as_file, draw_lines
from tests.fakes import ReadsWords, line_of
from tests.serving import FakeTesseract, RunningServer, running_server, served

KEY = "a-key"
STATIC_FOLDER = Path(page_scripts.__file__).parents[1] / "static"
EXAMPLE = re.compile(r'<pre [^>]*aria-labelledby="(\w+)"><code>(.*?)</code></pre>', re.DOTALL)


def upload(picture: bytes, name: str = "scan.png", **fields: object) -> dict[str, object]:
    return {"file": (io.BytesIO(picture), name), **fields}


def two_pages() -> bytes:
    wide, narrow = draw_lines("one", width_px=400), draw_lines("two", width_px=200)
    return as_file(wide, "TIFF", save_all=True, append_images=[narrow])


@pytest.mark.parametrize("path", ["/", "/webcam", "/about"])
def test_a_page_has_no_inline_script_or_style(client: FlaskClient, path: str) -> None:
    answer = client.get(path)

    assert answer.status_code == 200
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script>|javascript:", answer.text)
    assert "'unsafe-" not in answer.headers["Content-Security-Policy"]


def imports_of(address: str, script: str) -> list[str]:
    return [urljoin(address, name) for name in re.findall(r'from "(\.[^"]+\.js)"', script)]


def load_all(client: FlaskClient, path: str) -> dict[str, bytes]:
    """Whatever a page loads by itself, as it travels; scripts with all that they import."""
    found = re.findall(r'(?:src|href|data-source)="(static/[^"]+)"', client.get(path).text)
    addresses = [urljoin(path, address) for address in found]
    loaded: dict[str, bytes] = {}
    while addresses:
        address = addresses.pop()
        with client.get(address, headers={"Accept-Encoding": "gzip"}) as answer:
            assert answer.status_code == 200, address
            loaded[address] = answer.data
        if address.endswith(".js"):
            addresses += imports_of(address, gzip.decompress(loaded[address]).decode())
            addresses = [address for address in addresses if address not in loaded]
    return loaded


@pytest.mark.parametrize("path", ["/", "/webcam", "/about"])
def test_a_page_is_light(client: FlaskClient, path: str) -> None:
    loaded = load_all(client, path)

    def weight_bytes(suffix: str) -> int:
        return sum(len(data) for address, data in loaded.items() if address.endswith(suffix))

    assert 0 < weight_bytes(".js") <= 80_000
    assert 0 < weight_bytes(".css") <= 20_000


@pytest.mark.parametrize("path", ["/", "/webcam"])
def test_a_page_names_every_module_that_its_scripts_import(client: FlaskClient, path: str) -> None:
    page = client.get(path).text
    preloaded = re.findall(r'rel="modulepreload" href="([^"]+)"', page)
    scripts = re.findall(r'<script type="module" src="([^"]+)"', page)

    needed = {address for address in load_all(client, path) if address.endswith(".js")}
    assert len(preloaded) > 10
    assert len(set(preloaded)) == len(preloaded)
    named = {*preloaded, *scripts, "static/js/lib/boot.js"}
    assert {urljoin(path, address) for address in named} == needed


def test_a_script_is_compressed_only_for_those_who_can_read_it(client: FlaskClient) -> None:
    address = "/static/js/desk/desk.js"
    with (
        client.get(address) as plain,
        client.get(address, headers={"Accept-Encoding": "gzip"}) as packed,
    ):
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        sent, written = gzip.decompress(packed.data), plain.data
        assert sent.count(b"\n") == written.count(b"\n")
        kept = [line for line in sent.splitlines() if line]
        assert kept == [line for line in written.splitlines() if line in set(kept)]
        assert b"// @ts-check" in written
        assert not any(line.lstrip().startswith((b"//", b"*")) for line in kept)
        tag = packed.headers["ETag"]
    with client.get(address, headers={"If-None-Match": tag}) as known:
        assert known.status_code == 304


@pytest.mark.parametrize("path", sorted(STATIC_FOLDER.rglob("*.js")), ids=lambda path: path.name)
def test_what_is_left_out_as_a_comment_stands_in_no_text(path: Path) -> None:
    """Texts over several lines stand between backticks."""
    written = path.read_bytes()
    code = COMMENT.split(written)

    marks = [b"".join(code[:at]).count(b"`") for at in range(1, len(code))]
    assert all(count % 2 == 0 for count in marks)
    assert all(comment[0].count(b"*/") <= 1 for comment in COMMENT.finditer(written))


def test_the_form_says_the_limits_and_the_installed_languages(client: FlaskClient) -> None:
    page = client.get("/").text

    assert "50 MiB" in page
    assert "200 pages" in page
    assert re.search(r'value="auto" checked>\s*<span>Automatic', page)  # as nobody chose one
    assert re.search(r'value="eng">\s*<span>English', page)
    assert re.search(r'value="deu">\s*<span>German', page)


def test_the_form_answers_with_the_text(client: FlaskClient) -> None:
    answer = client.post("/", data=upload(as_file(draw_lines("Hello"))))

    assert answer.status_code == 200
    assert ">scan.png</h1>" in answer.text
    assert ">Hello world</pre>" in answer.text


def test_a_raw_body_and_json_are_answered_too(client: FlaskClient) -> None:
    picture = as_file(draw_lines("Hello"))
    raw = client.post("/", data=picture, content_type="image/png")
    in_json = client.post("/", json={"image": base64.b64encode(picture).decode()})

    for answer in (raw, in_json):
        assert answer.status_code == 200
        assert ">Your picture</h1>" in answer.text
        assert ">Hello world</pre>" in answer.text


def test_the_form_shows_each_page_as_a_picture(client: FlaskClient) -> None:
    answer = client.post("/", data=upload(two_pages(), "scan.tiff"))

    pictures = re.findall(r'href="data:image/jpeg;base64,([^"]+)"', answer.text)
    widths = [Image.open(io.BytesIO(base64.b64decode(data))).width for data in pictures]
    assert widths == [400, 200]


@pytest.mark.parametrize(("angle_deg", "quarters"), [(3, 0), (90, 3), (-178, 2), (-91, 1)])
def test_a_page_that_lies_on_its_side_is_shown_upright(angle_deg: float, quarters: int) -> None:
    line = line_of(("Hello", "world")).mapped(Transform.rotation(angle_deg))
    page = Page(1, 300, 200, None, (Zone(ZoneKind.TEXT, line.quad, (line,)),))

    assert upright_quarters(page) == quarters


def test_the_answer_of_the_form_is_had_as_word_document(client: FlaskClient) -> None:
    answer = client.post("/", data=upload(as_file(draw_lines("Hello"))))
    sent = re.search(r'name="document" value="([^"]+)"', answer.text)
    assert sent
    fields = {"document": html.unescape(sent[1]), "format": "docx"}
    word = client.post("/v1/render", data=fields, content_type="multipart/form-data")

    assert word.status_code == 200
    assert b"Hello world" in zipfile.ZipFile(io.BytesIO(word.data)).read("word/document.xml")


def test_the_answer_of_the_form_names_several_files(client: FlaskClient) -> None:
    picture = as_file(draw_lines("Hello"))
    files = [(io.BytesIO(picture), name) for name in ("one.png", "two.png", "three.png")]
    answer = client.post("/", data={"file": files})

    assert ">one.png and 2 others</h1>" in answer.text


def test_the_form_reads_in_the_chosen_languages(client: FlaskClient, engine: ReadsWords) -> None:
    picture = as_file(draw_lines("Hello"))
    client.post("/", data=upload(picture, languages=["eng", "deu"], layout="block"))

    assert engine.readings[-1].languages == ("eng", "deu")
    assert engine.readings[-1].psm == 6


def test_recognised_text_is_escaped(client: FlaskClient, engine: ReadsWords) -> None:
    engine.words = ("<script>alert(1)</script>",)
    answer = client.post("/", data=upload(as_file(draw_lines("x")), "<b>.png"))

    assert "<script>alert" not in answer.text
    assert "<b>.png" not in answer.text


def test_a_blank_page_says_what_might_help(client: FlaskClient, engine: ReadsWords) -> None:
    engine.words = ()
    answer = client.post("/", data=upload(as_file(draw_lines("x"))))

    assert answer.status_code == 200
    assert "No text was found" in answer.text


def test_a_refused_form_says_why_on_a_page(client: FlaskClient) -> None:
    answer = client.post("/", data=upload(b"no picture"))

    assert answer.status_code == 415
    assert answer.mimetype == "text/html"
    assert "not a picture" in answer.text
    assert "Try another file" in answer.text


def test_a_form_without_a_file_says_so(client: FlaskClient) -> None:
    answer = client.post("/", data={"languages": "eng"})

    assert answer.status_code == 400
    assert answer.mimetype == "text/html"


def test_a_picture_is_drawn_for_the_browser(client: FlaskClient) -> None:
    answer = client.post("/picture", data=upload(two_pages(), pages="2"))

    assert answer.mimetype == "image/jpeg"
    assert answer.headers["Cache-Control"] == "no-store"
    assert Image.open(io.BytesIO(answer.data)).width == 200


def test_a_drawn_picture_is_never_larger_than_a_screen_needs(client: FlaskClient) -> None:
    wide = as_file(draw_lines("wide", width_px=PREVIEW_SIDE_PX * 2))
    answer = client.post("/picture", data=upload(wide))

    assert Image.open(io.BytesIO(answer.data)).width == PREVIEW_SIDE_PX


def test_a_page_that_is_not_there_is_not_drawn(client: FlaskClient) -> None:
    answer = client.post("/picture", data=upload(two_pages(), pages="3"))

    assert answer.status_code == 422


def test_a_prepared_picture_is_drawn_as_it_was_read(client: FlaskClient) -> None:
    dark = ImageOps.invert(draw_lines("white on black", "is read as black on white"))
    before = client.post("/picture", data=upload(as_file(dark)))
    after = client.post("/picture/prepared", data=upload(as_file(dark)))

    assert after.mimetype == "image/jpeg"
    assert np.mean(np.asarray(Image.open(io.BytesIO(before.data)))) < 100
    assert np.mean(np.asarray(Image.open(io.BytesIO(after.data)))) > 150


def examples_in(page: str) -> dict[str, str]:
    return {name: html.unescape(text) for name, text in EXAMPLE.findall(page)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One that wants a key and reads “Hello” from everything."""
    folder = tmp_path_factory.mktemp("server")
    tesseract = FakeTesseract(folder / "tesseract")
    with running_server(folder, PATH=tesseract.path, OCR_SLOTS=1, OCR_API_KEYS=KEY) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the examples find their picture."""
    (tmp_path / "scan.png").write_bytes(as_file(draw_lines("Hello")))
    return tmp_path


def run(*command: str, folder: Path, key: str = KEY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own examples
        command, cwd=folder, env={**os.environ, "OCR_KEY": key},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_page_tells_every_option_format_and_problem(client: FlaskClient) -> None:
    page = client.get("/docs").get_data(as_text=True)

    for name in (*OPTIONS, *FORMATS, TooManyPixels.code, "POST /v1/documents", "GET /metrics"):
        assert f"<code>{name}</code>" in page
    assert "X-API-Key" not in "".join(examples_in(page).values())


def test_what_a_caller_calls_the_server_is_escaped(client: FlaskClient) -> None:
    page = client.get("/docs", headers={"Host": "<script>.example"}).get_data(as_text=True)

    assert "<script>.example" not in page


@pytest.mark.process
def test_the_example_for_curl_runs(server: RunningServer, folder: Path) -> None:
    examples = examples_in(server.get("/docs").body.decode())

    done = run("sh", "-ec", examples["curl"], folder=folder)

    assert done.returncode == 0, done.stderr
    text, accepted, *_, end = done.stdout.split("\n")[:-1]
    assert text == "Hello"
    assert '"accepted"' in accepted
    assert '"end"' in end


@pytest.mark.process
def test_the_example_in_python_runs(server: RunningServer, folder: Path) -> None:
    examples = examples_in(server.get("/docs").body.decode())

    done = run(sys.executable, "-W", "error", "-c", examples["python"], folder=folder)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Hello [")


@pytest.mark.process
def test_the_example_in_python_says_why_it_failed(server: RunningServer, folder: Path) -> None:
    examples = examples_in(server.get("/docs").body.decode())

    done = run(sys.executable, "-c", examples["python"], folder=folder, key="wrong")

    assert done.returncode == 1
    assert done.stderr.strip() == "The key is not one of this server’s. Send another one."


@pytest.mark.parametrize(
    ("trusted", "shown"), [("127.0.0.1", "https://ocr.example"), ("", None), ("10.0.0.1", None)]
)
def test_a_proxy_is_believed_only_when_it_is_trusted(
    app: Flask, settings: Settings, trusted: str, shown: str | None
) -> None:
    headers = {"X-Forwarded-Host": "ocr.example", "X-Forwarded-Proto": "https"}
    with served(app, replace(settings, trusted_proxy=trusted)) as url:
        request = urllib.request.Request(f"{url}/docs", headers=headers)  # noqa: S310  # our own
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            page = answer.read().decode()

    assert f"{shown or url}/v1/documents" in examples_in(page)["curl"]
    assert ("ocr.example" in page) == bool(shown)


def test_modules_are_those_that_are_imported_through_others_too() -> None:
    modules = modules_of("upload/page.js")

    assert "upload/queue.js" in modules
    assert "lib/geometry.js" not in modules  # which only the desk needs, later
    assert "upload/page.js" not in modules
    assert modules_of("lib/theme.js") == ("lib/storage.js",)
    assert modules_of("lib/storage.js") == ()


def test_a_stage_that_can_be_left_out_is_declared_to_the_pages_with_its_label() -> None:
    assert tuple(STAGE_LABELS) == STAGES
    assert set(PICTURE_STAGES) < set(STAGES)


def test_every_format_is_declared_with_a_label_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_scripts, "has_voice", lambda: True)
    declared = declarations()["formats"]

    assert {one["name"] for one in declared} == set(FORMATS)
    assert len({one["label"] for one in declared}) == len(FORMATS)
    assert [one["name"] for one in declared][:3] == ["docx", "pdf", "text"]


def test_speech_is_offered_only_where_the_server_has_a_voice(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(page_scripts, "has_voice", lambda: False)

    assert not declarations()["has_voice"]
    assert "audio" not in {one["name"] for one in declarations()["formats"]}


def test_look_alikes_hold_letters_that_look_like_the_same_digit() -> None:
    pairs = declarations()["look_alikes"]

    assert {("rn", "m"), ("I", "1"), ("I", "l")} <= set(pairs)


@pytest.mark.parametrize("path", ["/", "/webcam"])
def test_a_page_bears_the_declarations_as_data(client: FlaskClient, path: str) -> None:
    page = client.get(path).text

    island = re.search(r'<script type="application/json" id="declarations">([^<]+)</script>', page)
    assert island
    assert json.loads(island[1]) == json.loads(json.dumps(declarations()))


def test_the_form_offers_to_find_the_language_and_tells_it(client: FlaskClient) -> None:
    page = client.get("/").text
    answer = client.post("/", data=upload(as_file(draw_lines("Hello")), languages="auto"))

    assert re.search(r'value="auto" checked>\s*<span>Automatic', page)
    assert "English (unsure): 10 letters are too few to tell." in answer.text


def test_a_page_speaks_the_language_of_its_browser(client: FlaskClient) -> None:
    german = client.get("/", headers={"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}).text
    arabic = client.get("/", headers={"Accept-Language": "ar"}).text
    other = client.get("/", headers={"Accept-Language": "tlh"}).text

    assert '<html lang="de" dir="ltr">' in german
    assert "Text aus Bildern" in german
    assert "words/de.js" in german
    assert '<html lang="ar" dir="rtl">' in arabic
    assert '<html lang="en" dir="ltr">' in other
    assert "/words/" not in other


def test_a_language_that_was_chosen_is_remembered(client: FlaskClient) -> None:
    answer = client.get("/about?language=fr")

    assert answer.status_code == 303
    assert answer.headers["Location"] == "about"
    assert client.get("/about", headers={"Accept-Language": "de"}).text.count("À propos") > 1
    assert client.get("/about?language=tlh").status_code == 200


def test_the_languages_of_documents_are_named_in_that_of_the_page(client: FlaskClient) -> None:
    page = client.get("/", headers={"Accept-Language": "de"}).text

    assert ">Englisch</span>" in page


def test_the_scripts_get_one_catalogue(client: FlaskClient) -> None:
    answer = client.get("/words/de.js", headers={"Accept-Encoding": "gzip"})
    text = gzip.decompress(answer.data).decode()
    catalogue = json.loads(text.removeprefix("globalThis.catalogue = ").rstrip(";\n"))

    assert answer.mimetype == "text/javascript"
    assert len(answer.data) < 10_000
    assert catalogue["language"] == "de"
    assert catalogue["messages"]["Hold still."] == "Stillhalten."
    again = client.get("/words/de.js", headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status_code == 304
    assert client.get("/words/tlh.js").status_code == 404


def test_a_result_without_scripts_counts_as_its_language_does(client: FlaskClient) -> None:
    answer = client.post(
        "/", data=upload(as_file(draw_lines("one"))), headers={"Accept-Language": "ar"}
    )

    assert "صفحة واحدة" in answer.text
