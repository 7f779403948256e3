from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from ocr_server.app import create_app
from ocr_server.errors import SettingsError
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.fakes import InlineWorkers, ReadsWords

HOME, AWAY = "https://app.example", "https://elsewhere.example"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-api-key",
}


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    apps = []

    def make(*origins: str) -> FlaskClient:
        changed = replace(settings, cors_origins=origins, api_keys=("key",))
        apps.append(create_app(changed, InlineWorkers(ReadsWords())))
        return apps[-1].test_client()

    yield make
    for app in apps:
        service_of(app).close()


def test_no_other_origin_is_allowed_by_default(client: FlaskClient) -> None:
    answer = client.get("/v1/formats", headers={"Origin": HOME})

    assert not [name for name in answer.headers.keys() if name.startswith("Access-Control")]  # noqa: SIM118  # a multidict


def test_a_named_origin_may_read_answers_and_refusals(serve: Callable[..., FlaskClient]) -> None:
    client = serve(HOME)
    answers = [
        client.get("/version", headers={"Origin": HOME, "X-API-Key": key})
        for key in ("key", "wrong")
    ]

    assert [answer.status_code for answer in answers] == [200, 401]
    assert {answer.headers["Access-Control-Allow-Origin"] for answer in answers} == {HOME}
    assert "Server-Timing" in answers[0].headers["Access-Control-Expose-Headers"]


def test_another_origin_may_not_and_caches_know(serve: Callable[..., FlaskClient]) -> None:
    answer = serve(HOME).get("/livez", headers={"Origin": AWAY})

    assert "Access-Control-Allow-Origin" not in answer.headers
    assert "Origin" in answer.headers["Vary"]


def test_a_preflight_is_answered_without_a_key(serve: Callable[..., FlaskClient]) -> None:
    client = serve(HOME)
    allowed = client.options("/v1/documents", headers={"Origin": HOME, **PREFLIGHT})
    refused = client.options("/v1/documents", headers={"Origin": AWAY, **PREFLIGHT})

    assert allowed.status_code == 204
    assert "POST" in allowed.headers["Access-Control-Allow-Methods"]
    assert allowed.headers["Access-Control-Allow-Headers"] == "content-type,x-api-key"
    assert refused.status_code == 403
    assert "Access-Control-Allow-Methods" not in refused.headers


def test_a_star_lets_every_origin_in(serve: Callable[..., FlaskClient]) -> None:
    answer = serve("*").get("/livez", headers={"Origin": AWAY})

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


@pytest.mark.parametrize("origin", ["app.example", "https://app.example/path", "null"])
def test_what_is_no_origin_stops_the_start(origin: str) -> None:
    with pytest.raises(SettingsError, match="OCR_CORS_ORIGINS"):
        Settings.from_environment({"OCR_CORS_ORIGINS": f"{HOME},{origin}"})
