from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from ocr_server.app import create_app
from ocr_server.settings import Settings
from ocr_server.web.auth import PHONE_ENDPOINTS
from ocr_server.web.context import service_of
from ocr_server.web.gate import refusal_of
from tests.conftest import ClosingClient
from tests.drawing import as_file, draw_lines
from tests.fakes import InlineWorkers, ReadsWords

PAGE = "https://192.168.1.20:8080/below/webcam"
KEY, OTHER = "correct-horse-battery", "another-key"


@pytest.fixture
def guarded(settings: Settings) -> Iterator[FlaskClient]:
    app = create_app(replace(settings, api_keys=(KEY, OTHER)), InlineWorkers(ReadsWords("Hello")))
    app.test_client_class = ClosingClient
    yield app.test_client()
    service_of(app).close()


def begin(client: FlaskClient, key: str = "") -> tuple[str, str]:
    """The address of a new pairing, and the token that its code leads to."""
    answer = client.post("/v1/pairings", data={"address": PAGE}, headers=bearing(key))
    assert answer.status_code == 201
    made = answer.get_json()
    page, _, token = made["address"].partition("#desk=")
    assert page == PAGE
    return f"/v1/pairings/{made['id']}", token


def bearing(key: str) -> dict[str, str]:
    return {"X-API-Key": key} if key else {}


def phone_of(client: FlaskClient, token: str) -> str:
    answer = client.post("/v1/phones", headers=bearing(token))
    assert answer.status_code == 201
    key: str = answer.get_json()["key"]
    return key


def send(client: FlaskClient, key: str, *names: str) -> int:
    files = [(BytesIO(name.encode()), name, "image/jpeg") for name in names]
    answer = client.post("/v1/phones/pictures", data={"file": files}, headers=bearing(key))
    return answer.status_code


def look(client: FlaskClient, desk: str, key: str = "") -> Any:  # noqa: ANN401  # JSON
    return client.get(desk, headers=bearing(key)).get_json()


@pytest.mark.parametrize("key", ["", KEY])
def test_what_a_phone_takes_comes_to_its_desk(
    client: FlaskClient, guarded: FlaskClient, key: str
) -> None:
    client = guarded if key else client
    desk, token = begin(client, key)
    assert look(client, desk, key)["state"] == "waiting"
    phone = phone_of(client, token)
    assert send(client, phone, "one.jpg", "two.jpg") == 204

    found = look(client, desk, key)

    assert found["state"] == "connected"
    assert [(one["name"], one["sent"]) for one in found["pictures"]] == [
        ("one.jpg", 1),
        ("two.jpg", 1),
    ]
    assert found["pictures"][0]["media_type"] == "image/jpeg"
    picture = client.get(f"{desk}/pictures/2", headers=bearing(key))
    assert picture.data == b"two.jpg"
    assert picture.mimetype == "application/octet-stream"

    assert client.delete(f"{desk}/pictures/2", headers=bearing(key)).status_code == 204
    assert [one["number"] for one in look(client, desk, key)["pictures"]] == [1]

    assert client.delete(desk, headers=bearing(key)).status_code == 204
    assert send(client, phone, "three.jpg") == (401 if key else 404)


def test_the_code_is_a_picture_without_scripts(client: FlaskClient) -> None:
    code = client.post("/v1/pairings", data={"address": PAGE}).get_json()["code"]

    assert code.startswith("<svg xmlns=")
    assert "style=" not in code
    assert "<script" not in code


@pytest.mark.parametrize(
    "address",
    [
        "",
        "webcam",
        "javascript:alert(1)",
        f"{PAGE}#",
        "http://[",
        f"{PAGE}#a",
        f"{PAGE}{'a' * 999}",
    ],
)
def test_a_code_leads_to_pages_alone(client: FlaskClient, address: str) -> None:
    answer = client.post("/v1/pairings", data={"address": address})

    assert answer.status_code == 400
    assert answer.get_json()["faults"][0]["field"] == "address"


def test_a_token_is_good_once(guarded: FlaskClient) -> None:
    _, token = begin(guarded, KEY)
    phone_of(guarded, token)

    assert guarded.post("/v1/phones", headers=bearing(token)).status_code == 401


def test_a_pairing_is_not_there_for_another_key(guarded: FlaskClient) -> None:
    desk, token = begin(guarded, KEY)
    send(guarded, phone_of(guarded, token), "one.jpg")

    for path in (desk, f"{desk}/pictures/1"):
        for method in ("GET", "DELETE"):
            answer = guarded.open(path, method=method, headers=bearing(OTHER))
            assert (answer.status_code, answer.get_json()["code"]) == (404, "pairing-missing")
        assert guarded.get(path).status_code == 401


def test_a_phone_may_look_at_frames_and_nothing_else(guarded: FlaskClient) -> None:
    _, token = begin(guarded, KEY)
    phone = bearing(phone_of(guarded, token))
    frame = as_file(draw_lines("Hello"))

    def post(path: str) -> int:
        data = {"file": (BytesIO(frame), "frame.png")}
        return guarded.post(path, data=data, headers=phone).status_code

    assert post("/v1/frames") == 200
    assert post("/v1/documents") == 401
    assert guarded.post("/v1/pairings", data={"address": PAGE}, headers=phone).status_code == 401
    assert guarded.get("/version", headers=phone).status_code == 401


def test_a_strangers_picture_is_not_even_taken(guarded: FlaskClient) -> None:
    def refusal(key: str) -> Exception | None:
        request = guarded.application.test_request_context(
            "/v1/phones/pictures", method="POST", headers=bearing(key)
        )
        return refusal_of(guarded.application, request.request.environ)

    _, token = begin(guarded, KEY)
    phone = phone_of(guarded, token)

    assert refusal(phone) is None
    assert refusal("f" * 32) is not None


def test_a_form_without_pictures_is_refused(client: FlaskClient) -> None:
    _, token = begin(client)

    assert send(client, phone_of(client, token)) == 400


def test_the_endpoints_of_phones_are_there(client: FlaskClient) -> None:
    assert client.application.view_functions.keys() >= PHONE_ENDPOINTS
