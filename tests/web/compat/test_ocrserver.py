from __future__ import annotations

from base64 import b64encode
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.fakes import ReadsWords


def post_file(client: FlaskClient, data: bytes, **fields: str) -> TestResponse:
    return client.post("/file", data={"file": (BytesIO(data), "scan.png"), **fields})


def test_a_file_is_answered_in_json_as_go_writes_it(client: FlaskClient, picture: bytes) -> None:
    answer = post_file(client, picture)

    assert answer.status_code == 200
    assert answer.mimetype == "application/json"
    assert answer.get_data(as_text=True) == (
        '{\n\t"result": "Fish \\u003c\\u0026\\u003e",\n\t"version": "0.2.0"\n}'
    )


def test_hocr_is_not_escaped(client: FlaskClient, picture: bytes) -> None:
    answer = post_file(client, picture, format="hocr")

    assert "ocrx_word" in answer.get_json()["result"]
    assert "\\u003c" not in answer.get_data(as_text=True)


def test_languages_and_whitelist_reach_the_engine(
    client: FlaskClient, picture: bytes, engine: ReadsWords
) -> None:
    answer = post_file(client, picture, languages="eng,deu", whitelist="abc")

    assert answer.status_code == 200
    assert engine.readings[-1].languages == ("eng", "deu")
    assert engine.readings[-1].alphabet == "abc"


def test_trim_is_a_set_of_letters(client: FlaskClient, picture: bytes) -> None:
    assert post_file(client, picture, trim="Fi>").get_json()["result"] == "sh <&"


def test_base64_is_read_with_and_without_the_head_of_a_data_url(
    client: FlaskClient, picture: bytes
) -> None:
    encoded = b64encode(picture).decode()
    for text in (encoded, f"data:image/png;base64,{encoded}"):
        answer = client.post("/base64", json={"base64": text, "languages": "eng", "trim": "\n"})

        assert answer.get_json() == {"result": "Fish <&>", "version": "0.2.0"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ({"base64": "%"}, 400), ({"base64": "bm8gcGljdHVyZQ==", "trim": 1}, 400),
        ({"base64": "bm8gcGljdHVyZQ=="}, 500),
    ],
)  # fmt: skip
def test_base64_has_its_statuses(client: FlaskClient, body: object, status: int) -> None:
    answer = client.post("/base64", json=body)

    assert answer.status_code == status
    assert answer.get_json()["error"]


def test_a_file_that_cannot_be_read_is_a_400(client: FlaskClient, picture: bytes) -> None:
    answers = [
        client.post("/file"),
        post_file(client, b""),
        post_file(client, b"no picture"),
        post_file(client, picture, languages="xyz"),
        post_file(client, picture, whitelist="a b"),
    ]

    assert [answer.status_code for answer in answers] == [400] * 5
