from __future__ import annotations

import pytest
from flask.testing import FlaskClient

from ocr_server.web.browser import HEADERS
from tests.drawing import as_file, draw_lines

POLICY = HEADERS["Content-Security-Policy"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"), ("GET", "/webcam"), ("GET", "/about"), ("GET", "/nothing"),
        ("GET", "/livez"), ("GET", "/version"), ("GET", "/v1/nothing"), ("GET", "/v1/documents"),
        ("POST", "/v1/documents"), ("POST", "/"),
    ],
)  # fmt: skip
def test_every_answer_has_the_headers(method: str, path: str, client: FlaskClient) -> None:
    headers = client.open(path, method=method).headers

    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert headers["Cache-Control"] == "no-store"


def test_what_was_read_is_kept_by_nobody(client: FlaskClient) -> None:
    response = client.post("/v1/documents", data=as_file(draw_lines("Hello")))

    assert response.headers["Cache-Control"] == "no-store"


def test_a_fault_of_ours_has_the_headers_too(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ocr_server.web.api.name_of", None)

    response = client.get("/v1/languages")

    assert response.status_code == 500
    assert response.headers["Content-Security-Policy"] == POLICY


def test_nothing_inline_and_nothing_from_elsewhere_runs() -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in POLICY.split(";"))

    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == "'self'"
    assert rules["frame-ancestors"] == "'none'"
    assert "unsafe" not in POLICY
    assert "http" not in POLICY
    assert "*" not in POLICY


def test_no_other_site_may_read_an_answer(client: FlaskClient) -> None:
    response = client.get("/v1/languages", headers={"Origin": "https://elsewhere.test"})

    assert not [name for name in dict(response.headers) if name.startswith("Access-Control")]
