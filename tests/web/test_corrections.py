from __future__ import annotations

import base64
import gzip
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from ocr_server.document.json_reader import MOST_DOCUMENT_VALUES
from ocr_server.geometry import Box
from ocr_server.job import Detail
from ocr_server.service import Service
from ocr_server.web import api
from tests.export.documents import document, json_of, page, table_of, two_pages, word, zone
from tests.export.pictures import noise, pdf_text


@pytest.fixture
def corrected() -> dict[str, Any]:
    """The first word of a document of one page, mended by a person."""
    value = json_of(document(page(zone("Tbe end"))), Detail.SYMBOL)
    word = value["pages"][0]["zones"][0]["lines"][0]["words"][0]
    word |= {"text": "The", "corrected_from": "Tbe"}
    return value


@pytest.fixture
def scan() -> bytes:
    """A picture of the size of that page."""
    file = io.BytesIO()
    noise(600, 400).save(file, "PNG", dpi=(100, 100))
    return file.getvalue()


@pytest.mark.parametrize("name", ["text", "tsv", "hocr", "alto", "markdown", "json"])
def test_a_correction_reaches_every_format(
    client: FlaskClient, corrected: dict[str, Any], name: str
) -> None:
    answer = client.post(f"/v1/render?format={name}", json=corrected)

    assert answer.status_code == 200
    assert "The" in answer.text
    shown = answer.text.replace('corrected_from": "Tbe', "").replace(">Tbe</ALTERNATIVE>", "")
    assert "Tbe" not in shown


@pytest.mark.parametrize("most_here", [0, api.MOST_DOCUMENT_BYTES_HERE])
def test_a_document_may_come_packed(
    client: FlaskClient, corrected: dict[str, Any], monkeypatch: pytest.MonkeyPatch, most_here: int
) -> None:
    monkeypatch.setattr(api, "MOST_DOCUMENT_BYTES_HERE", most_here)
    packed = gzip.compress(json.dumps(corrected).encode())
    form = {"document": (io.BytesIO(packed), "document.json"), "format": "text"}

    assert client.post("/v1/render", data=form).text == "The end\n"


def test_a_packed_document_has_a_limit(
    client: FlaskClient, service: Service, corrected: dict[str, Any]
) -> None:
    text = json.dumps(corrected)
    bomb = gzip.compress(text.ljust(service.settings.max_body_bytes + 1).encode())
    cut = gzip.compress(text.encode())[:-20]

    answers = [
        client.post("/v1/render", data={"document": (io.BytesIO(sent), "document.json")})
        for sent in (bomb, cut)
    ]

    assert [answer.status_code for answer in answers] == [413, 400]
    assert "cut off" in answers[1].text


def test_a_persons_word_is_certain(client: FlaskClient, corrected: dict[str, Any]) -> None:
    hocr = client.post("/v1/render", json=corrected, headers={"Accept": "text/vnd.hocr+html"})

    assert "x_wconf 100" in hocr.text
    assert "x_wconf 90" in hocr.text


def test_what_shows_the_picture_takes_it_along(
    client: FlaskClient, corrected: dict[str, Any], scan: bytes, tmp_path: Path
) -> None:
    made = tmp_path / "made.pdf"

    answer = client.post(
        "/v1/render",
        data={
            "document": (io.BytesIO(json.dumps(corrected).encode()), "document.json"),
            "file": (io.BytesIO(scan), "scan.png"),
            "format": "pdf",
        },
    )

    assert answer.content_type == "application/pdf"
    made.write_bytes(answer.data)
    assert pdf_text(made) == "The end"


def test_a_form_may_carry_the_json_as_text(client: FlaskClient, corrected: dict[str, Any]) -> None:
    answer = client.post("/v1/render", data={"document": json.dumps(corrected), "format": "text"})

    assert answer.text == "The end\n"


def test_json_may_carry_picture_and_options(
    client: FlaskClient, corrected: dict[str, Any], scan: bytes
) -> None:
    image = base64.b64encode(scan).decode()

    answer = client.post(
        "/v1/render", json={"document": corrected, "image": image, "format": ["png", "text"]}
    )

    with zipfile.ZipFile(io.BytesIO(answer.data)) as archive:
        assert archive.namelist() == ["document.png", "document.txt"]


def test_without_a_picture_what_shows_it_is_refused(
    client: FlaskClient, corrected: dict[str, Any]
) -> None:
    answer = client.post("/v1/render?format=pdf", json=corrected)

    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["code"] == "format-unavailable"


def test_all_faults_of_the_document_are_told_at_once(client: FlaskClient) -> None:
    broken = json_of(two_pages())
    broken["pages"][0]["width_px"] = -1
    broken["pages"][1]["zones"][0]["lines"][0]["words"][0]["confidence"] = "high"

    answer = client.post("/v1/render", json=broken)

    assert answer.status_code == 400
    assert answer.json is not None
    assert [fault["field"] for fault in answer.json["faults"]] == [
        "pages[0].width_px",
        "pages[1].zones[0].lines[0].words[0].confidence",
    ]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "nothing was sent; send the JSON"),
        (b"no JSON", "this is not JSON: "),
        (b"\xff\xd8\xff\xe0", "this is not JSON; send the JSON"),
        (b"[" * 100_000, "the JSON is nested too deeply; "),
        (b'{"pages": NaN', "this is not JSON: "),
    ],
)
def test_what_is_no_json_is_told(client: FlaskClient, body: bytes, message: str) -> None:
    answer = client.post("/v1/render", data=body, content_type="application/json")

    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["faults"][0]["field"] == "document"
    assert answer.json["faults"][0]["message"].startswith(message)


def test_options_of_a_reading_are_none_here(client: FlaskClient, corrected: dict[str, Any]) -> None:
    answer = client.post(
        "/v1/render?languages=eng&nonsense=1", json={"document": corrected, "steps": "none"}
    )

    assert answer.json is not None
    assert {fault["field"] for fault in answer.json["faults"]} == {
        "languages",
        "nonsense",
        "steps",
    }


def test_a_document_that_was_read_can_be_sent_back(client: FlaskClient, scan: bytes) -> None:
    read = client.post("/v1/documents?detail=symbol", data=scan, content_type="image/png")

    again = client.post("/v1/render?detail=symbol", json=read.json)

    assert again.json is not None
    assert read.json is not None
    assert again.json["pages"] == read.json["pages"]


def test_200_dense_pages_keep_within_the_limit() -> None:
    words = sum(len(page.words) for page in two_pages().pages)
    text = json.dumps(json_of(two_pages()))

    marks = sum(text.count(mark) for mark in "[{,")

    assert 200 * 1000 * marks / words < MOST_DOCUMENT_VALUES


def test_json_of_absurdly_many_values_is_refused_unread(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(api, "MOST_DOCUMENT_VALUES", 1000)

    answer = client.post("/v1/render", data=b"[" + b"{}," * 500 + b"{}]")

    assert answer.status_code == 400
    assert "more than 1000 values" in answer.get_json()["faults"][0]["message"]


def test_more_pictures_than_a_document_may_have_pages_are_refused(
    client: FlaskClient, corrected: dict[str, Any]
) -> None:
    files = [(io.BytesIO(b"a"), "a.png") for _ in range(201)]
    as_json = client.post("/v1/render", json={"document": corrected, "image": ["AA=="] * 201})
    as_form = client.post("/v1/render", data={"document": json.dumps(corrected), "file": files})

    for answer, field in ((as_json, "image"), (as_form, "file")):
        (fault,) = answer.get_json()["faults"]
        assert fault["field"] == field
        assert "the limit is 200" in fault["message"]


@pytest.fixture
def bill() -> dict[str, Any]:
    """A document of a table, in one of whose cells stands "l2"."""
    misread = replace(word("l2", 1, 2), quad=Box(1, 2, 3, 4).quad())
    return json_of(document(page(table_of(misread))))


def test_cells_say_what_their_words_were_corrected_to(
    client: FlaskClient, bill: dict[str, Any]
) -> None:
    bill["pages"][0]["zones"][0]["lines"][0]["words"][0]["text"] = "12"

    answer = client.post("/v1/render?format=json", json=bill)

    assert answer.get_json()["pages"][0]["zones"][0]["table"]["cells"][0]["text"] == "12"


@pytest.mark.parametrize("emptied", ["words", "lines"])
def test_cells_whose_words_were_left_out_are_empty(
    client: FlaskClient, bill: dict[str, Any], emptied: str
) -> None:
    zone = bill["pages"][0]["zones"][0]
    if emptied == "words":
        zone["lines"][0]["words"] = []
    else:
        zone["lines"] = []

    answer = client.post("/v1/render?format=json", json=bill)
    shown = client.post("/v1/render?format=markdown", json=bill)

    assert answer.get_json()["pages"][0]["zones"][0]["table"]["cells"][0]["text"] == ""
    assert "l2" not in shown.text
