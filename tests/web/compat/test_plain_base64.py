from __future__ import annotations

from base64 import b64encode

import pytest
from flask.testing import FlaskClient


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{b64encode(data).decode()}"


def test_words_come_with_boxes_in_pixels_and_confidence(
    client: FlaskClient, picture: bytes
) -> None:
    answer = client.post("/api/", json={"image": data_url(picture)})
    page = client.post("/v1/documents", json={"image": data_url(picture)}).get_json()["pages"][0]

    (line,) = page["zones"][0]["lines"]
    assert answer.status_code == 200
    assert answer.get_json() == [
        {"text": word["text"], "box": [round(side) for side in word["box"]], "confidence": 0.9}
        for word in line["words"]
    ]
    assert [word["text"] for word in answer.get_json()] == ["Fish", "<&>"]


def test_a_blank_picture_is_an_empty_list(client: FlaskClient, blank: bytes) -> None:
    assert client.post("/api/", json={"image": data_url(blank)}).get_json() == []


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({}, 400), ([], 400), ({"image": 7}, 400), ({"image": "data:image/png;base64,%"}, 400),
        ({"image": "", "psm": 3}, 400), ({"image": data_url(b"no picture")}, 415),
    ],
)  # fmt: skip
def test_an_error_is_json_with_a_reason(client: FlaskClient, body: object, status: int) -> None:
    answer = client.post("/api/", json=body)

    assert answer.status_code == status
    assert answer.get_json()["error"]
