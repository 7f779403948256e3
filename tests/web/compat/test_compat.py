from __future__ import annotations

import json
import logging
import subprocess
import sys
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask.testing import FlaskClient

from ocr_server.app import create_app
from ocr_server.errors import (
    DeadlinePassed,
    Draining,
    EndsProcess,
    EngineFailed,
    EngineMissing,
    NoWorker,
    OcrServerError,
    ServerOutOfMemory,
    SettingsError,
    StorageFull,
    WorkerLost,
)
from ocr_server.service import Service
from ocr_server.settings import ADAPTER_NAMES, Settings
from ocr_server.web.compat import adapters_named
from ocr_server.web.compat.adapter import ErrorKind, kind_of
from ocr_server.web.context import service_of
from ocr_server.web.problems import STATUS
from tests.fakes import InlineWorkers, ReadsWords

ROUTES = [
    ("POST", "/api/"), ("POST", "/file"), ("POST", "/base64"), ("GET", "/status"),
    ("PUT", "/process"), ("POST", "/tesseract"), ("GET", "/.well-known/health/live"),
    ("PUT", "/tika"), ("PUT", "/tika/text"), ("PUT", "/rmeta"),
]  # fmt: skip


def test_an_adapter_that_is_not_known_stops_the_start() -> None:
    assert Settings.from_environment({"OCR_COMPAT": "tika, base64"}).compat == ("tika", "base64")
    with pytest.raises(SettingsError, match="tesseract-server"):
        Settings.from_environment({"OCR_COMPAT": "tika,bing"})


def test_all_names_every_adapter() -> None:
    assert Settings.from_environment({"OCR_COMPAT": "all"}).compat == ("all",)
    assert tuple(adapters_named(("all", "tika"))) == ADAPTER_NAMES
    assert list(adapters_named(("tika", "base64", "tika"))) == ["base64", "tika"]


@pytest.mark.process
def test_a_server_imports_no_adapter_that_it_does_not_serve() -> None:
    code = (
        "import sys, ocr_server.app; from ocr_server.web.compat import adapters_named; "
        "adapters_named(['tika']); "
        "print(*sorted({name.split('.')[3] for name in sys.modules "
        "if name.startswith('ocr_server.web.compat.')}))"
    )
    run = subprocess.run(  # noqa: S603
        [sys.executable, "-c", code], capture_output=True, check=True, text=True, timeout=60
    )
    assert run.stdout.split() == ["adapter", "tika", "tika_headers"]


def every_error(base: type[OcrServerError] = OcrServerError) -> Iterator[type[OcrServerError]]:
    for error in base.__subclasses__():
        yield error
        yield from every_error(error)


def test_every_error_that_a_client_can_be_told_has_a_kind() -> None:
    kinds = {error: kind_of(error("x")) for error in every_error() if error in STATUS}

    assert kinds.keys() == STATUS.keys()
    assert {error for error, kind in kinds.items() if kind is ErrorKind.SPENT} == {
        DeadlinePassed, WorkerLost, EngineFailed, EndsProcess,
    }  # fmt: skip
    assert {error for error, kind in kinds.items() if kind is ErrorKind.AWAY} >= {
        Draining, NoWorker, StorageFull, ServerOutOfMemory, EngineMissing,
    }  # fmt: skip


@pytest.mark.parametrize(("method", "path"), ROUTES)
def test_no_adapter_is_served_by_default(settings: Settings, method: str, path: str) -> None:
    app = create_app(settings, InlineWorkers(ReadsWords()))
    answer = app.test_client().open(path, method=method)
    service_of(app).close()

    assert answer.status_code == 404


def test_the_documentation_lists_the_adapters_that_all_stands_for(settings: Settings) -> None:
    app = create_app(replace(settings, compat=("all",)), InlineWorkers(ReadsWords()))
    page = app.test_client().get("/docs").get_data(as_text=True)
    service_of(app).close()

    assert all(f"<code>{name}</code>" in page for name in ADAPTER_NAMES)


def test_status_is_the_union_of_both_who_have_it(client: FlaskClient) -> None:
    status = client.get("/status").get_json()

    assert status.keys() == {"data", "message", "tesseract", "version"}
    assert status["tesseract"] == {"languages": ["deu", "eng"], "version": "1.0"}
    pool = status["data"]["processor"]["pools"][0]["status"]
    assert (pool["max"], pool["available"], pool["pending"]) == (1, 1, 0)


def bodies(picture: bytes) -> dict[tuple[str, str], dict[str, Any]]:  # as the test client takes
    """A good request to one route of each adapter."""
    encoded = b64encode(picture).decode()
    form = {"file": (BytesIO(picture), "a.png"), "options": "{}"}
    return {
        ("POST", "/api/"): {"json": {"image": encoded}},
        ("POST", "/base64"): {"json": {"base64": encoded}},
        ("PUT", "/process"): {"data": picture},
        ("POST", "/tesseract"): {"data": form},
        ("PUT", "/tika"): {"data": picture},
    }


def test_a_raw_body_is_taken_though_curl_calls_it_a_form(
    client: FlaskClient, picture: bytes
) -> None:
    encoded = b64encode(picture).decode()
    raw = {
        ("POST", "/api/"): json.dumps({"image": encoded}),
        ("POST", "/base64"): json.dumps({"base64": encoded}),
        ("PUT", "/process"): picture,
        ("PUT", "/tika"): picture,
    }

    for (method, path), data in raw.items():
        answer = client.open(
            path, method=method, data=data, content_type="application/x-www-form-urlencoded"
        )

        assert (path, answer.status_code) == (path, 200)


def test_load_is_told_with_the_statuses_of_load(
    client: FlaskClient, service: Service, picture: bytes
) -> None:
    service.admission.drain(0)

    for (method, path), body in bodies(picture).items():
        answer = client.open(path, method=method, **body)

        assert (path, answer.status_code) == (path, 503)
        assert int(answer.headers["Retry-After"]) >= 1
        assert "shutting down" in answer.get_data(as_text=True)
        assert "<html" not in answer.get_data(as_text=True)


def test_an_adapter_asks_for_the_key_in_its_own_form(settings: Settings, picture: bytes) -> None:
    app = create_app(
        replace(settings, compat=ADAPTER_NAMES, api_keys=("key",)),
        InlineWorkers(ReadsWords("Fish")),
    )
    client = app.test_client()
    answers = {
        path: (
            client.open(path, method=method, **bodies(picture)[method, path]),
            client.open(
                path, method=method, headers={"X-API-Key": "key"}, **bodies(picture)[method, path]
            ),
        )
        for method, path in bodies(picture)
    }
    service_of(app).close()

    for refused, read in answers.values():
        assert (refused.status_code, read.status_code) == (401, 200)
        assert refused.headers["WWW-Authenticate"].startswith("Bearer")
        assert refused.mimetype != "text/html"


def test_the_log_and_the_numbers_tell_what_became_of_it(
    client: FlaskClient, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, "ocr_server.access")

    client.put("/tika", data=picture)
    client.put("/tika", data=b"no picture")

    read, refused = (vars(one) for one in caplog.records if one.name == "ocr_server.access")
    assert (read["status"], read["pages_read"], read["pages_failed"]) == (200, 1, 0)
    assert refused["problem_code"] == "unsupported-format"
    assert 'code="unsupported-format"' in client.get("/metrics").text
