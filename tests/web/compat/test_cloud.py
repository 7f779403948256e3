"""What holds for every adapter of a cloud service: keys, errors, and what may be sent again."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ocr_server.app import create_app
from ocr_server.errors import DeadlinePassed, TooManyPixels, WorkerLost
from ocr_server.settings import ADAPTER_NAMES, Settings
from ocr_server.web.auth import OPEN_PATHS
from ocr_server.web.context import service_of
from tests.drawing import as_file, draw_lines
from tests.fakes import FailsOnNarrow, InlineWorkers

KEY = "sesame"
Request = dict[str, Any]  # as the test client takes it


def with_header(name: str, value: str = KEY) -> Callable[[Request], Request]:
    return lambda request: {**request, "headers": {**request.get("headers", {}), name: value}}


def with_query(name: str) -> Callable[[Request], Request]:
    return lambda request: {**request, "query_string": {name: KEY}}


def azure(data: bytes) -> Request:
    path = "/documentintelligence/documentModels/prebuilt-layout:analyze"
    return {"path": path, "json": {"base64Source": b64encode(data).decode()}}


def data_url(data: bytes) -> str:
    return f"data:image/png;base64,{b64encode(data).decode()}"


def mistral(data: bytes) -> Request:
    document = {"type": "image_url", "image_url": data_url(data)}
    return {"path": "/v1/ocr", "json": {"model": None, "document": document}}


def docling(data: bytes) -> Request:
    return {"path": "/v1/convert/file", "data": {"files": (BytesIO(data), "scan.png")}}


def google(data: bytes) -> Request:
    one = {"image": {"content": b64encode(data).decode()}, "features": [{"type": 5}]}
    return {"path": "/v1/images:annotate", "json": {"requests": [one]}}


def google_error(told: Any) -> Any:  # noqa: ANN401  # JSON
    return (told["responses"][0] if "responses" in told else told)["error"]["message"]


def textract(data: bytes) -> Request:
    return {
        "path": "/",
        "json": {"Document": {"Bytes": b64encode(data).decode()}},
        "headers": {"X-Amz-Target": "Textract.DetectDocumentText"},
    }


def azure_vision(data: bytes) -> Request:
    return {"path": "/computervision/imageanalysis:analyze?features=read", "data": data}


def liteparse(data: bytes) -> Request:
    return {"path": "/ocr", "data": {"file": (BytesIO(data), "page.png"), "language": "en"}}


def unstructured(data: bytes) -> Request:
    return {"path": "/general/v0/general", "data": {"files": (BytesIO(data), "scan.png")}}


def ocr_space(data: bytes) -> Request:
    return {"path": "/parse/image", "data": {"base64Image": data_url(data)}}


def ocr_space_error(told: Any) -> Any:  # noqa: ANN401  # JSON
    if isinstance(told, str):
        return told
    return (told.get("ErrorMessage") or [told["ParsedResults"][0]["ErrorMessage"]])[0]


def with_field(name: str) -> Callable[[Request], Request]:
    return lambda request: {**request, "data": {**request["data"], name: KEY}}


def openai(data: bytes) -> Request:
    part = {"type": "image_url", "image_url": {"url": data_url(data)}}
    messages = [{"role": "user", "content": [{"type": "text", "text": "Read."}, part]}]
    return {"path": "/v1/chat/completions", "json": {"model": "x", "messages": messages}}


def ollama(data: bytes) -> Request:
    message = {"role": "user", "content": "Read.", "images": [b64encode(data).decode()]}
    return {"path": "/api/chat", "json": {"model": "x", "messages": [message], "stream": False}}


SIGNED = f"AWS4-HMAC-SHA256 Credential={KEY}/20261129/us-east-1/textract/aws4_request, Signature=0"


@dataclass(frozen=True)
class Case:
    """An adapter: a request with a file, its key, and its statuses.

    `repeated`: statuses that its clients send again by themselves. `error_of` is the part of an
    answer that only an error has; where it is none, errors are told with the status 200.
    """

    request: Callable[[bytes], Request]
    with_key: tuple[Callable[[Request], Request], ...]
    error_of: Callable[[Any], Any]
    refused: int = 401
    damaged: int = 400
    spent: int = 400
    busy: int = 429
    away: int = 503
    repeated: frozenset[int] = field(default_factory=frozenset)


CASES = {
    "azure-document-intelligence": Case(
        azure,
        (with_header("Ocp-Apim-Subscription-Key"),),
        lambda told: told["error"]["message"],
        repeated=frozenset({408, 429, 500, 502, 503, 504}),
    ),
    "docling": Case(
        docling,
        (),
        lambda told: told["detail"],
        damaged=422,
        spent=422,
        repeated=frozenset({429, 500, 502, 503}),
    ),
    "google-vision": Case(
        google,
        (with_header("x-goog-api-key"), with_query("key")),
        google_error,
        refused=403,
        damaged=200,
        spent=200,
        busy=503,  # which its batch methods repeat by themselves
        repeated=frozenset({503}),
    ),
    "mistral": Case(mistral, (), lambda told: told["message"]),
    "azure-vision": Case(
        azure_vision,
        (with_header("Ocp-Apim-Subscription-Key"),),
        lambda told: told["error"]["message"],
        repeated=frozenset({408, 429, 500, 502, 503, 504}),
    ),
    "liteparse": Case(liteparse, (), lambda told: told["error"], damaged=422, spent=422),
    "unstructured": Case(
        unstructured,
        (with_header("unstructured-api-key"),),
        lambda told: told["detail"],
        damaged=422,
        spent=422,
        busy=503,
        repeated=frozenset({500, 502, 503, 504}),
    ),
    "ocr-space": Case(
        ocr_space,
        (with_header("apikey"), with_field("apikey")),
        ocr_space_error,
        refused=403,
        damaged=200,
        spent=200,
    ),
    "openai": Case(
        openai,
        (),
        lambda told: told["error"]["message"],
        repeated=frozenset({408, 409, 429, 500, 502, 503, 504}),
    ),
    "ollama": Case(ollama, (), lambda told: told["error"]),
    "textract": Case(
        textract,
        (with_header("Authorization", SIGNED),),
        lambda told: told["message"],
        refused=400,
        busy=400,
        repeated=frozenset({429, 500, 502, 503, 504}),  # and by the type of the error
    ),
}


SMALL_SERVERS = {"base64", "ocrserver", "open-webui", "tesseract-server", "tika"}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


def send(client: FlaskClient, request: Request) -> TestResponse:
    return client.open(**{"method": "POST", **request})


def test_every_cloud_service_is_tried() -> None:
    assert CASES.keys() == set(ADAPTER_NAMES) - SMALL_SERVERS


@pytest.fixture
def locked(settings: Settings) -> Iterator[FlaskClient]:
    """A client of a server that wants a key."""
    settings = replace(settings, compat=("all",), api_keys=(KEY,))
    app = create_app(settings, InlineWorkers(FailsOnNarrow(ValueError(), least_px=0)))
    yield app.test_client()
    service_of(app).close()


def test_the_key_is_found_where_the_clients_put_it(
    locked: FlaskClient, case: Case, picture: bytes
) -> None:
    refused = send(locked, case.request(picture))
    wrong = send(locked, with_header("X-API-Key", "no")(case.request(picture)))

    for answer in (refused, wrong):
        assert answer.status_code == case.refused
        assert "key" in case.error_of(answer.get_json(force=True))
    for with_key in (*case.with_key, with_header("Authorization", f"Bearer {KEY}")):
        assert send(locked, with_key(case.request(picture))).status_code < 300


@pytest.mark.parametrize("path", ["/tika/text", "/tika", "/tika/json/md"])
def test_a_client_without_a_place_for_a_key_has_it_in_the_address(
    locked: FlaskClient, picture: bytes, path: str
) -> None:
    answers = [
        locked.put(path, data=picture, auth=sent) for sent in (("any", KEY), ("any", "no"), None)
    ]
    elsewhere = locked.post("/v1/documents", data=picture, auth=("any", KEY))

    assert [answer.status_code for answer in answers] == [200, 401, 401]
    assert "http://any:KEY@host" in answers[2].text
    assert elsewhere.status_code == 401


def test_no_route_of_an_adapter_answers_without_a_key(locked: FlaskClient) -> None:
    urls = locked.application.url_map.bind("localhost")
    tried = 0
    for rule in locked.application.url_map.iter_rules():
        if not rule.endpoint.startswith("compat.") or rule.rule in OPEN_PATHS:
            continue
        parts = rule._converters.items()  # what a path is made of
        values = {name: min(getattr(part, "items", {"x"})) for name, part in parts}
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}:
            answer = locked.open(urls.build(rule.endpoint, values, method), method=method)
            assert answer.status_code in {case.refused for case in CASES.values()}, rule
            assert "key" in answer.get_data(as_text=True), rule
            tried += 1
    assert tried > len(ADAPTER_NAMES)


def test_a_damaged_file_is_an_error_of_the_service(
    client: FlaskClient, case: Case, picture: bytes
) -> None:
    answer = send(client, case.request(picture[:40]))

    assert answer.status_code == case.damaged
    assert "damaged" in str(case.error_of(answer.get_json(force=True)))


def test_a_busy_server_throttles(
    app: Flask, client: FlaskClient, case: Case, picture: bytes
) -> None:
    admission = service_of(app).admission
    with ExitStack() as taken:
        while admission.why_refused() is None:
            taken.enter_context(admission.admit())
        answer = send(client, case.request(picture))

    assert answer.status_code == case.busy
    assert int(answer.headers["Retry-After"]) >= 1
    told = case.error_of(answer.get_json(force=True))
    assert "Try again in" in str(told)
    assert "OCR_" not in str(told)


def test_the_log_names_the_setting_that_the_answer_leaves_out(
    app: Flask, client: FlaskClient, picture: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="ocr_server")
    admission = service_of(app).admission
    with ExitStack() as taken:
        while admission.why_refused() is None:
            taken.enter_context(admission.admit())
        send(client, CASES["mistral"].request(picture))

    assert "OCR_QUEUE_SIZE" in [getattr(record, "setting", None) for record in caplog.records]


def test_a_missing_key_is_asked_for_where_the_clients_put_it(
    locked: FlaskClient, picture: bytes
) -> None:
    told = {name: send(locked, case.request(picture)).text for name, case in CASES.items()}

    assert "in the header Ocp-Apim-Subscription-Key" in told["azure-vision"]
    assert "as the access key id" in told["textract"]
    assert "Bearer" in told["mistral"]


def test_a_server_that_shuts_down_says_so(
    app: Flask, client: FlaskClient, case: Case, picture: bytes
) -> None:
    service_of(app).admission.drain(0)
    answer = send(client, case.request(picture))

    assert answer.status_code == case.away
    assert "shutting down" in str(case.error_of(answer.get_json(force=True)))


@pytest.mark.parametrize(
    "error", [DeadlinePassed("late"), WorkerLost("lost"), TooManyPixels("late")]
)
def test_what_was_done_in_vain_is_not_sent_again(
    settings: Settings, case: Case, error: Exception
) -> None:
    app = create_app(replace(settings, compat=("all",)), InlineWorkers(FailsOnNarrow(error)))
    answer = send(app.test_client(), case.request(as_file(draw_lines("Fish"))))
    service_of(app).close()

    assert answer.status_code not in case.repeated
    assert isinstance(error, TooManyPixels) or answer.status_code == case.spent
    assert str(error) in str(case.error_of(answer.get_json(force=True)))
