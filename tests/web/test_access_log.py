from __future__ import annotations

import json
import logging
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from ocr_server.logs import start_logging
from tests.drawing import as_file, draw_lines

PICTURE = as_file(draw_lines("Hello"))
SECRETS = ("Hello", "my-letter.png", "open sesame", "eva-maria")


@pytest.fixture
def lines(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


def only(lines: pytest.LogCaptureFixture) -> dict[str, Any]:
    """What the one line of the one request says."""
    (record,) = [one for one in lines.records if one.name == "ocr_server.access"]
    return vars(record)


def test_a_request_is_one_line_with_sizes_duration_and_outcome(
    client: FlaskClient, lines: pytest.LogCaptureFixture
) -> None:
    response = client.post("/v1/documents", data=PICTURE)

    line = only(lines)
    assert line["id"] == response.headers["X-Request-ID"]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/v1/documents", 200)
    assert line["bytes_in"] == len(PICTURE)
    assert line["bytes_out"] == len(response.data)
    assert line["duration_ms"] > 0
    assert (line["pages_read"], line["pages_failed"]) == (1, 0)


def test_a_refusal_s_line_has_its_code(
    client: FlaskClient, lines: pytest.LogCaptureFixture
) -> None:
    client.post("/v1/documents", data=b"no picture")

    assert (only(lines)["status"], only(lines)["problem_code"]) == (415, "unsupported-format")


def test_a_stream_is_one_line_told_at_its_end(
    client: FlaskClient, lines: pytest.LogCaptureFixture
) -> None:
    response = client.post(
        "/v1/documents", data=PICTURE, headers={"Accept": "application/x-ndjson"}, buffered=False
    )
    assert not lines.records
    assert b'"end"' in response.data

    response.close()

    line = only(lines)
    assert line["id"] == response.headers["X-Request-ID"]
    assert line["bytes_out"] == len(response.data)
    assert (line["pages_read"], line["pages_failed"]) == (1, 0)


def test_a_stream_that_fails_has_the_code_of_its_problem(
    client: FlaskClient, lines: pytest.LogCaptureFixture
) -> None:
    response = client.post(
        "/v1/documents", data=b"no picture", headers={"Accept": "application/x-ndjson"}
    )
    assert b"unsupported-format" in response.data
    response.close()

    assert only(lines)["problem_code"] == "unsupported-format"


@pytest.mark.parametrize("log_format", ["text", "json"])
def test_neither_text_nor_names_nor_passwords_are_logged(
    log_format: str, client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    start_logging(log_format)
    form = {"password": "open sesame", "user": "eva-maria"}

    client.post("/v1/documents", data={"file": (BytesIO(PICTURE), "my-letter.png")})
    client.post("/v1/documents", data={"file": (BytesIO(PICTURE), "my-letter.png"), **form})
    client.get("/eva-maria/my-letter.png?q=open+sesame")

    logged = capsys.readouterr().err
    requests = [line for line in logged.splitlines() if "/v1/documents" in line or "404" in line]
    assert len(requests) == 3
    assert not any(secret in logged for secret in SECRETS)


def test_probes_that_succeed_are_not_logged(
    client: FlaskClient, lines: pytest.LogCaptureFixture
) -> None:
    client.get("/livez")
    client.get("/readyz")

    assert not lines.records


def test_files_of_the_pages_are_logged_if_they_are_not_there(
    client: FlaskClient, lines: pytest.LogCaptureFixture
) -> None:
    client.get("/static/css/base.css")
    client.get("/static/css/other.css")

    assert only(lines)["status"] == 404


@pytest.mark.parametrize("given", ["abc-1", "A.b_C-9", "x" * 64])
def test_a_harmless_id_of_the_client_is_kept(given: str, client: FlaskClient) -> None:
    response = client.get("/livez", headers={"X-Request-ID": given})

    assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "id=1", "é", "a\tb"])
def test_any_other_id_is_replaced(given: str, client: FlaskClient) -> None:
    response = client.get("/livez", headers={"X-Request-ID": given})

    assert response.headers["X-Request-ID"] != given
    assert len(response.headers["X-Request-ID"]) == 32


def test_every_request_has_an_id_of_its_own(client: FlaskClient) -> None:
    ids = {client.get("/livez").headers["X-Request-ID"] for _ in range(10)}

    assert len(ids) == 10


def test_a_line_of_json_has_the_same_fields(capsys: pytest.CaptureFixture[str]) -> None:
    start_logging("json")

    logging.getLogger("ocr_server.access").info("request", extra={"status": 200, "route": "/"})
    logging.getLogger("ocr_server").error("unexpected", exc_info=ZeroDivisionError("why"))

    request, unexpected = map(json.loads, capsys.readouterr().err.splitlines())
    assert (request["message"], request["status"], request["route"]) == ("request", 200, "/")
    assert request["level"] == "info"
    assert datetime.fromisoformat(request["time"]).utcoffset() == timedelta(0)
    assert "ZeroDivisionError" in unexpected["traceback"]
