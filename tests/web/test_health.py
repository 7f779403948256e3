from __future__ import annotations

import json
import math
import resource
from contextlib import ExitStack
from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from ocr_server import __version__
from ocr_server.app import create_app
from ocr_server.errors import EngineMissing, WorkerLost
from ocr_server.runtime.watchdog import draw_sample
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.fakes import InlineWorkers, IsMissing, ReadsWords


def test_a_server_that_answers_is_alive(client: FlaskClient) -> None:
    response = client.get("/livez")

    assert (response.status_code, response.get_json()) == (200, {"status": "alive"})


def test_a_server_with_engine_and_languages_is_ready(client: FlaskClient) -> None:
    response = client.get("/readyz")

    assert (response.status_code, response.get_json()) == (200, {"status": "ready"})


def test_neither_depends_on_the_queue(client: FlaskClient, service: Service) -> None:
    with ExitStack() as places:
        for _ in range(service.settings.slots + service.settings.waiting):
            places.enter_context(service.admission.admit())

        statuses = [client.get(path).status_code for path in ("/livez", "/readyz")]

    assert statuses == [200, 200]


def test_a_server_that_shuts_down_is_alive_and_not_ready(
    client: FlaskClient, service: Service
) -> None:
    service.admission.drain(0)

    alive, ready = client.get("/livez"), client.get("/readyz")

    assert alive.status_code == 200
    assert (ready.status_code, json.loads(ready.data)["code"]) == (503, "draining")


@pytest.mark.parametrize("error", [EngineMissing("Install it."), WorkerLost("It died.")])
def test_without_an_engine_a_server_is_alive_and_not_ready(
    error: EngineMissing, settings: Settings
) -> None:
    app = create_app(settings, InlineWorkers(IsMissing(error)))
    client = app.test_client()

    alive, ready, version = (client.get(path) for path in ("/livez", "/readyz", "/version"))

    assert alive.status_code == 200
    assert (ready.status_code, json.loads(ready.data)["code"]) == (503, error.code)
    assert version.status_code == 503
    service_of(app).close()


def test_without_its_languages_a_server_is_not_ready_and_names_them(settings: Settings) -> None:
    app = create_app(replace(settings, languages=("eng", "tlh")), InlineWorkers(ReadsWords()))

    response = app.test_client().get("/readyz")

    problem = json.loads(response.data)
    assert (response.status_code, problem["code"]) == (422, "language-missing")
    assert problem["missing"] == ["tlh"]
    service_of(app).close()


def test_a_server_becomes_ready_when_its_engine_does(settings: Settings) -> None:
    workers = InlineWorkers(IsMissing(EngineMissing("Not yet.")))
    app = create_app(settings, workers)
    client = app.test_client()
    before = client.get("/readyz").status_code
    workers.engine = ReadsWords()

    assert (before, client.get("/readyz").status_code) == (503, 200)

    service_of(app).close()


def test_a_server_whose_slots_have_no_process_is_not_ready(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(InlineWorkers, "alive", 0)

    ready = client.get("/readyz")

    assert (ready.status_code, json.loads(ready.data)["code"]) == (503, "no-worker")


def test_a_server_that_has_no_room_is_not_ready_until_there_is_some(client: FlaskClient) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (400_000, before[1]))
    try:
        full = client.get("/readyz")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert (full.status_code, json.loads(full.data)["code"]) == (503, "storage-full")
    assert client.get("/readyz").status_code == 200


def raise_worker_lost(*_: object, **__: object) -> None:
    raise WorkerLost("It died.")


def test_what_the_watchdog_could_not_read_is_a_reason_until_something_was_read(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(InlineWorkers, "run", raise_worker_lost)
        service._watchdog._last_read_s = -math.inf
        service._watchdog.take_turn()
    failed = client.get("/readyz")
    client.post("/v1/documents", data=draw_sample())

    problem = json.loads(failed.data)
    assert (failed.status_code, problem["code"]) == (503, "engine-failed")
    assert "It died." in problem["detail"]
    assert client.get("/readyz").status_code == 200


def test_the_versions_of_server_and_engine_are_told(client: FlaskClient) -> None:
    assert client.get("/version").get_json() == {
        "name": "ocr-server",
        "version": __version__,
        "engine": {"name": "fake", "version": "1.0"},
    }


def test_a_server_that_finds_languages_itself_is_ready(settings: Settings) -> None:
    app = create_app(replace(settings, languages=("auto",)), InlineWorkers(ReadsWords()))

    assert app.test_client().get("/readyz").status_code == 200
    service_of(app).close()


def test_what_was_given_up_for_want_of_memory_is_told(
    client: FlaskClient, service: Service
) -> None:
    service.shortfalls = ("The container has 256 MiB.",)

    assert client.get("/readyz").get_json() == {
        "status": "ready", "notes": ["The container has 256 MiB."],
    }  # fmt: skip
