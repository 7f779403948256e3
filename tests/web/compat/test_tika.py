from __future__ import annotations

import gzip
from base64 import b64encode
from io import BytesIO
from xml.etree import ElementTree

import pikepdf
import pytest
from flask.testing import FlaskClient

from ocr_server.service import Service
from ocr_server.sources.signatures import media_type_of
from tests.drawing import as_file, draw_lines
from tests.fakes import ReadsWords


def test_it_greets(client: FlaskClient) -> None:
    answer = client.get("/tika")

    assert answer.mimetype == "text/plain"
    assert answer.get_data(as_text=True).startswith("This is Tika Server (")
    assert answer.get_data(as_text=True).endswith("). Please PUT\n")


@pytest.mark.parametrize("accept", ["text/plain", "*/*"])
def test_plain_text_is_the_text(client: FlaskClient, two_pages: bytes, accept: str) -> None:
    answer = client.put("/tika", data=two_pages, headers={"Accept": accept})

    assert answer.mimetype == "text/plain"
    assert answer.get_data(as_text=True) == "Fish <&>\n\nFish <&>\n"


@pytest.mark.parametrize("accept", ["text/html", "text/xml"])
def test_xhtml_parses_and_says_the_text(client: FlaskClient, picture: bytes, accept: str) -> None:
    answer = client.put("/tika", data=picture, headers={"Accept": accept})

    root = ElementTree.fromstring(answer.get_data())  # noqa: S314  # our own
    texts = [div.text for div in root.iter("{http://www.w3.org/1999/xhtml}div") if div.text]
    assert answer.mimetype == accept
    assert texts == ["Fish <&>"]


def test_the_text_handler_answers_json(client: FlaskClient, picture: bytes) -> None:
    answer = client.put(
        "/tika/text",
        data=picture,
        headers={
            "Accept": "application/json",
            "Content-Disposition": "attachment; filename=scan.png",
        },
    )

    found = answer.get_json()
    assert found["X-TIKA:content"] == "Fish <&>\n"
    assert found["Content-Type"] == "image/png"
    assert found["resourceName"] == "scan.png"
    assert "org.apache.tika.parser.ocr.TesseractOCRParser" in found["X-TIKA:Parsed-By"]


@pytest.mark.parametrize("kind", ["AVIF", "TIFF", "PPM"])
def test_the_media_type_is_told_by_the_file_whatever_the_client_says(
    client: FlaskClient, kind: str
) -> None:
    data = as_file(draw_lines("Fish", mode="RGB"), kind)

    found = client.put("/rmeta/text", data=data, content_type="text/plain").get_json()[0]

    assert found["Content-Type"] == media_type_of(data)


def test_rmeta_answers_a_list(client: FlaskClient, picture: bytes) -> None:
    text = client.put("/rmeta/text", data=picture).get_json()
    xml = client.put("/rmeta", data=picture).get_json()
    same = client.put("/rmeta/xml", data=picture).get_json()
    without = client.put("/rmeta/ignore", data=picture).get_json()

    assert [entry["X-TIKA:content"] for entry in text] == ["Fish <&>\n"]
    assert xml[0]["X-TIKA:content"].startswith("<html")
    assert same == xml
    assert "X-TIKA:content" not in without[0]


@pytest.mark.parametrize("path", ["/tika/form", "/tika/form/text", "/rmeta/form/text"])
def test_a_form_is_read_whatever_its_part_is_called(
    client: FlaskClient, picture: bytes, path: str
) -> None:
    answer = client.post(path, data={"upload-file": (BytesIO(picture), "scan.png")})

    assert answer.status_code == 200
    assert "Fish" in answer.get_data(as_text=True)


def test_headers_reach_the_engine_whatever_their_case(
    client: FlaskClient, picture: bytes, engine: ReadsWords
) -> None:
    client.put(
        "/tika/text",
        data=picture,
        headers={
            "x-tika-ocrlanguage": "eng+deu",
            "X-Tika-OCRPageSegMode": "6",
            "X-Tika-OCREnableImagePreprocessing": "false",
            "X-Tika-OCRtimeout": "20",
            "X-Tika-Timeout-Millis": "9000",
            "X-Tika-PDFOcrStrategy": "ocr_only",
        },
    )

    reading = engine.readings[-1]
    assert (reading.languages, reading.psm, reading.operations) == (("eng", "deu"), 6, ())


def test_hocr_can_be_asked_for(client: FlaskClient, picture: bytes) -> None:
    headers = {"Accept": "text/html", "X-Tika-OCROutputType": "hocr"}

    assert "ocrx_word" in client.put("/tika", data=picture, headers=headers).get_data(as_text=True)


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Tika-OCRTesseractPath", "/bin"),
        ("X-Tika-OCRTessdataPath", "/etc"),
        ("X-Tika-OCRImageMagickPath", "/bin"),
        ("X-Tika-OCROtherTesseractSettings", "debug_file /tmp/x"),
        ("X-Tika-OCRLanguage", "eng; rm"),
        ("X-Tika-OCRLanguage", "../eng"),
        ("X-Tika-OCRPageSegMode", "14"),
        ("X-Tika-OCRPageSegMode", "0"),
        ("X-Tika-OCROutputType", "pdf"),
        ("X-Tika-OCRtimeout", "-1"),
        ("X-Tika-PDFocrStrategy", "guess"),
        ("X-Tika-PDFother", "1"),
        ("X-Tika-Timeout-Millis", "soon"),
    ],
)
def test_a_header_that_is_not_allowed_is_refused_in_tikas_words(
    client: FlaskClient, picture: bytes, header: str, value: str
) -> None:
    answer = client.put("/tika", data=picture, headers={header: value})

    assert answer.status_code == 400
    assert answer.mimetype == "text/plain"
    assert f"{header} is an invalid X-Tika".lower() in answer.get_data(as_text=True).lower()


@pytest.mark.parametrize(
    "headers", [{"X-Tika-OCRSkipOcr": "true"}, {"X-Tika-OCRMaxFileSizeToOcr": "9"}]
)
def test_what_is_not_to_be_read_is_not(
    client: FlaskClient, picture: bytes, engine: ReadsWords, headers: dict[str, str]
) -> None:
    plain = client.put("/tika", data=picture, headers=headers)
    found = client.put("/tika/text", data=picture, headers=headers)

    assert plain.status_code == 204
    assert (found.status_code, found.get_json()["X-TIKA:content"]) == (200, "")
    assert engine.readings == []


def test_a_blank_picture_has_no_content(client: FlaskClient, blank: bytes) -> None:
    assert client.put("/tika", data=blank).status_code == 204


@pytest.mark.parametrize("data", [b"", b"no picture", b"\x89PNG\r\n\x1a\n cut off"])
def test_what_cannot_be_read_is_a_422_without_a_stack_trace(
    client: FlaskClient, data: bytes
) -> None:
    answer = client.put("/tika/text", data=data)

    assert answer.status_code == 422
    assert answer.mimetype == "text/plain"
    assert "Traceback" not in answer.get_data(as_text=True)


def test_a_protected_pdf_is_opened_by_the_header_password(client: FlaskClient) -> None:
    with pikepdf.new() as pdf, BytesIO() as file:
        pdf.add_blank_page(page_size=(200, 100))
        pdf.save(file, encryption=pikepdf.Encryption(owner="owner", user="open sesame"))
        data = file.getvalue()

    answers = [
        client.put("/tika", data=data, headers=headers)
        for headers in ({}, {"Password": "open barley"}, {"Password": "open sesame"})
    ]

    assert [answer.status_code for answer in answers] == [422, 422, 200]
    assert "in the header Password" in answers[0].text
    assert "does not open" in answers[1].text


def test_a_language_that_is_not_installed_is_a_422(client: FlaskClient, picture: bytes) -> None:
    answer = client.put("/tika", data=picture, headers={"X-Tika-OCRLanguage": "xyz"})

    assert answer.status_code == 422
    assert "deu, eng" in answer.get_data(as_text=True)


def test_a_packed_body_is_unpacked(client: FlaskClient, picture: bytes) -> None:
    headers = {"Content-Encoding": "gzip"}
    packed = client.put("/tika", data=gzip.compress(picture), headers=headers)
    plain = client.put("/tika", data=picture, headers=headers)

    assert (packed.status_code, plain.status_code) == (200, 400)


@pytest.mark.parametrize("missing", [1, 8, 100])
def test_a_gzip_body_that_is_cut_off_is_refused(
    client: FlaskClient, picture: bytes, missing: int
) -> None:
    cut = gzip.compress(picture)[:-missing]

    answer = client.put("/tika", data=cut, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 400
    assert "cut off" in answer.text


def test_a_bomb_of_a_body_is_refused(client: FlaskClient, service: Service) -> None:
    bomb = gzip.compress(bytes(service.settings.max_body_bytes + 1))

    answer = client.put("/tika", data=bomb, headers={"Content-Encoding": "gzip"})

    assert answer.status_code == 413
    assert "Send a smaller file" in answer.get_data(as_text=True)


def test_a_file_of_an_office_program_is_its_own_text(client: FlaskClient) -> None:
    page = b"<h1>Tea &amp; cake</h1><p>one"

    told = client.put("/tika/text", data=page, content_type="text/html").get_json()
    plain = client.put(
        "/tika", data=page, content_type="text/html", headers={"Accept": "text/plain"}
    )

    assert told["X-TIKA:content"] == "Tea & cake\n\none"
    assert told["Content-Type"] == "text/html"
    assert plain.text == "Tea & cake\n\none"


@pytest.mark.parametrize(
    ("handler", "content"),
    [("", "# Tea \\& cake"), ("/md", "# Tea \\& cake"), ("/text", "Tea & cake"), ("/ignore", None)],
)
def test_tika_4_has_names_of_its_own(
    client: FlaskClient, handler: str, content: str | None
) -> None:
    told = client.put(f"/tika/json{handler}", data=b"<!doctype html><h1>Tea &amp; cake").get_json()

    assert told.get("tk:content") == content
    assert told["Content-Type"] == "text/html"
    assert not any(name.startswith("X-TIKA") for name in told)


def test_metadata_is_told_of_a_file_that_is_not_read(
    client: FlaskClient, picture: bytes, engine: ReadsWords
) -> None:
    sent = client.put("/meta", data=picture)
    form = client.post("/meta/form", data={"upload": (BytesIO(b"<h1>Tea"), "a.html")})

    assert sent.get_json()["Content-Type"] == "image/png"
    assert form.get_json()["Content-Type"] == "text/html"
    assert not engine.readings


def test_tika_4_has_the_markdown_of_a_picture(client: FlaskClient, picture: bytes) -> None:
    told = client.put("/tika/json/md", data=picture).get_json()

    assert told["tk:content"].strip() == "Fish \\<\\&\\>"
    assert told["Content-Type"] == "image/png"


def test_a_file_of_an_office_program_without_a_type_is_known_by_its_content(
    client: FlaskClient, picture: bytes
) -> None:
    url = f"data:image/png;base64,{b64encode(picture[:60]).decode()}"
    page = f'<!DOCTYPE html><p>one<img src="{url}">'

    told = client.put("/tika/text", data=page).get_json()

    assert told["X-TIKA:content"] == "one"
    assert told["Content-Type"] == "text/html"
    assert "damaged" in told["X-TIKA:EXCEPTION:embedded_exception"][0]


def test_an_error_is_json_for_a_client_that_takes_nothing_else(
    client: FlaskClient, picture: bytes
) -> None:
    damaged = picture[: len(picture) // 3]

    answer = client.put("/rmeta/text", data=damaged, headers={"Accept": "application/json"})
    plain = client.put("/rmeta/text", data=damaged)

    assert (answer.status_code, plain.status_code) == (422, 422)
    (told,) = answer.get_json()
    assert told == {"X-TIKA:EXCEPTION:container_exception": plain.text.strip()}
