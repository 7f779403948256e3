from __future__ import annotations

import json
from io import BytesIO

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ocr_server.service import Service
from tests.fakes import ReadsWords


def post(client: FlaskClient, data: bytes, options: object = None) -> TestResponse:
    text = json.dumps({} if options is None else options)
    return client.post("/tesseract", data={"file": (BytesIO(data), "scan.png"), "options": text})


def test_the_answer_is_what_the_program_left(client: FlaskClient, two_pages: bytes) -> None:
    answer = post(client, two_pages, {"languages": ["eng"]})

    assert answer.status_code == 200
    assert answer.get_json() == {
        "data": {
            "exit": {"code": 0, "signal": None},
            "stdout": "Fish <&>\n\fFish <&>\n\f",
            "stderr": "",
        }
    }


def test_a_blank_page_is_a_form_feed(client: FlaskClient, blank: bytes) -> None:
    assert post(client, blank).get_json()["data"]["stdout"] == "\f"


def test_options_reach_the_engine(client: FlaskClient, picture: bytes, engine: ReadsWords) -> None:
    answer = post(
        client,
        picture,
        {
            "languages": ["eng", "deu"],
            "dpi": 300,
            "pageSegmentationMethod": 6,
            "ocrEngineMode": 1,
            "configParams": {"tessedit_char_whitelist": "0123456789"},
        },
    )

    reading = engine.readings[-1]
    assert answer.status_code == 200
    assert (reading.languages, reading.psm, reading.dpi) == (("eng", "deu"), 6, 300)
    assert reading.alphabet == "0123456789"


@pytest.mark.parametrize(
    ("parameter", "sign"), [("tessedit_create_hocr", "ocrx_word"), ("tessedit_create_tsv", "level")]
)
def test_a_parameter_chooses_another_output(
    client: FlaskClient, picture: bytes, parameter: str, sign: str
) -> None:
    answer = post(client, picture, {"configParams": {parameter: "1"}})

    assert sign in answer.get_json()["data"]["stdout"]


@pytest.mark.parametrize(
    "options",
    [
        {"tessDataDir": "/etc"},
        {"userPatternsFile": "/etc/passwd"},
        {"userWordsFile": "/etc/passwd"},
        {"configParams": {"debug_file": "debug.txt"}},
        {"configParams": {"tessedit_char_whitelist": 7}},
        {"configParams": {"tessedit_char_whitelist": "a\nb"}},
        {"languages": []},
        {"languages": "eng"},
        {"dpi": 0},
        {"dpi": True},
        {"dpi": 10_001},
        {"dpi": 10**400},
        {"pageSegmentationMethod": 14},
        {"pageSegmentationMethod": "6"},
        {"ocrEngineMode": 0},
        {"other": 1},
        [],
    ],
)
def test_an_option_that_is_not_allowed_is_a_400(
    client: FlaskClient, picture: bytes, options: object
) -> None:
    answer = post(client, picture, options)

    assert answer.status_code == 400
    assert answer.get_json()["error"] == "Request input validation failed"
    assert answer.get_json()["reason"].startswith("Error: ")


def test_a_missing_file_or_missing_options_are_a_400(client: FlaskClient, picture: bytes) -> None:
    empty = post(client, b"")
    without = client.post("/tesseract", data={"file": (BytesIO(picture), "scan.png")})

    assert empty.status_code == without.status_code == 400
    assert empty.get_json() == {
        "error": "Request input validation failed",
        "reason": "Error: No or empty file provided",
    }


def test_what_tesseract_refuses_is_a_200_with_exit_code_1(
    client: FlaskClient, picture: bytes
) -> None:
    runs = [
        post(client, b"no picture").get_json()["data"],
        post(client, picture, {"languages": ["xyz"]}).get_json()["data"],
    ]

    assert [run["exit"] for run in runs] == [{"code": 1, "signal": None}] * 2
    assert "Failed loading language 'xyz'" in runs[1]["stderr"]


def test_health_tells_up_and_stopping(client: FlaskClient, service: Service) -> None:
    up = [client.get(f"/.well-known/health/{p}") for p in ("healthy", "live", "ready")]
    service.admission.drain(0)
    live, ready = (client.get(f"/.well-known/health/{p}") for p in ("live", "ready"))

    assert [answer.get_json() for answer in up] == [{"status": "UP", "checks": []}] * 3
    assert (live.status_code, ready.status_code) == (200, 503)
    assert ready.get_json()["status"] == "STOPPING"
