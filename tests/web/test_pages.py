from __future__ import annotations

import base64
import gzip
import io
import re
from urllib.parse import urljoin

import numpy as np
import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageOps

from ocr_server.sources.decode import PREVIEW_SIDE_PX
from tests.drawing import as_file, draw_lines
from tests.fakes import ReadsWords


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
    addresses = re.findall(r'(?:src|href|data-source)="(/static/[^"]+)"', client.get(path).text)
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
    assert {*preloaded, *scripts, "/static/js/lib/boot.js"} == needed


def test_a_script_is_compressed_only_for_those_who_can_read_it(client: FlaskClient) -> None:
    address = "/static/js/desk/desk.js"
    with (
        client.get(address) as plain,
        client.get(address, headers={"Accept-Encoding": "gzip"}) as packed,
    ):
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert packed.headers["Vary"] == plain.headers["Vary"] == "Accept-Encoding"
        assert gzip.decompress(packed.data) == plain.data
        tag = packed.headers["ETag"]
    with client.get(address, headers={"If-None-Match": tag}) as known:
        assert known.status_code == 304


def test_the_form_says_the_limits_and_the_installed_languages(client: FlaskClient) -> None:
    page = client.get("/").text

    assert "50 MB" in page
    assert "200 pages" in page
    assert re.search(r'value="eng" checked>\s*<span>English', page)
    assert re.search(r'value="deu">\s*<span>German', page)


def test_the_form_answers_with_the_text(client: FlaskClient) -> None:
    answer = client.post("/", data=upload(as_file(draw_lines("Hello"))))

    assert answer.status_code == 200
    assert "<h1>scan.png</h1>" in answer.text
    assert ">Hello world</pre>" in answer.text


def test_a_raw_body_and_json_are_answered_too(client: FlaskClient) -> None:
    picture = as_file(draw_lines("Hello"))
    raw = client.post("/", data=picture, content_type="image/png")
    in_json = client.post("/", json={"image": base64.b64encode(picture).decode()})

    for answer in (raw, in_json):
        assert answer.status_code == 200
        assert "<h1>Your picture</h1>" in answer.text
        assert ">Hello world</pre>" in answer.text


def test_the_form_shows_each_page_as_a_picture(client: FlaskClient) -> None:
    answer = client.post("/", data=upload(two_pages(), "scan.tiff"))

    pictures = re.findall(r'src="data:image/jpeg;base64,([^"]+)"', answer.text)
    widths = [Image.open(io.BytesIO(base64.b64decode(data))).width for data in pictures]
    assert widths == [400, 200]


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
