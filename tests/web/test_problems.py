from __future__ import annotations

import io
import json
import shutil
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ocr_server import errors
from ocr_server.app import create_app
from ocr_server.deadline import Deadline
from ocr_server.errors import OcrServerError, UnsupportedFormat
from ocr_server.request.faults import MOST_FAULTS, Faults, fault_of
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from ocr_server.web.problems import MEDIA_TYPE, STATUS
from tests.drawing import as_file, draw_lines
from tests.fakes import FailsOnNarrow, InlineWorkers, IsMissing, ReadsWords
from tests.test_errors import EVERY_ERROR

PICTURE = as_file(draw_lines("Hello"))
# The others are the tree's inner nodes, which nobody raises.
AT_THE_START = {
    "settings",
    "address-unavailable",
    "station",
}  # these keep a program from starting, no request from work
TOLD = [kind for kind in EVERY_ERROR if not kind.__subclasses__() and kind.code not in AT_THE_START]


def post(client: FlaskClient, body: bytes = PICTURE, query: str = "") -> TestResponse:
    return client.post(f"/v1/documents{query}", data=body, content_type="image/png")


def problem_of(response: TestResponse) -> dict[str, Any]:
    """The members, after a look at the shape that every problem has."""
    assert response.content_type == MEDIA_TYPE
    problem = json.loads(response.data)
    assert problem.keys() >= {"type", "title", "status", "detail", "code"}
    assert problem["status"] == response.status_code
    assert problem["detail"].endswith(".")
    assert "Traceback" not in problem["detail"]
    return dict(problem)


@pytest.fixture
def failing() -> FailsOnNarrow:
    return FailsOnNarrow(errors.EngineFailed("Nothing yet."))


@pytest.fixture
def failing_client(settings: Settings, failing: FailsOnNarrow) -> Iterator[FlaskClient]:
    """Of a server whose engine raises what `failing.error` says."""
    app = create_app(settings, InlineWorkers(failing))
    yield app.test_client()
    service_of(app).close()


def test_every_error_that_is_raised_has_a_status() -> None:
    assert set(STATUS) == set(TOLD)


def test_faults_of_the_client_have_another_status_than_those_of_the_server() -> None:
    ours = {kind for kind, status in STATUS.items() if status >= 500}

    assert not any(issubclass(kind, errors.RequestError | errors.DocumentError) for kind in ours)


@pytest.mark.parametrize("kind", TOLD)
def test_an_error_of_a_page_is_answered_with_its_status_code_and_numbers(
    kind: type[OcrServerError], failing: FailsOnNarrow, failing_client: FlaskClient
) -> None:
    failing.error = kind("It went wrong. Try another.", limit=7, setting="OCR_X")

    problem = problem_of(post(failing_client))

    assert problem["status"] == STATUS[kind]
    assert problem["type"] == f"urn:ocr-server:problem:{kind.code}"
    assert (problem["code"], problem["title"]) == (kind.code, kind.title)
    assert problem["detail"] == "It went wrong. Try another."
    assert (problem["limit"], problem["setting"]) == (7, "OCR_X")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/nothing", 404),
        ("GET", "/v1/documents/7", 404),
        ("GET", "/v1/documents", 405),
        ("DELETE", "/v1/languages", 405),
        ("POST", "/livez", 405),
        ("PUT", "/openapi.json", 405),
    ],
)
def test_a_wrong_path_or_method_is_a_problem(
    method: str, path: str, status: int, client: FlaskClient
) -> None:
    assert problem_of(client.open(path, method=method))["status"] == status


def test_a_wrong_method_is_told_the_right_ones(client: FlaskClient) -> None:
    answer = client.get("/v1/documents")

    assert set(answer.headers["Allow"].split(", ")) == {"POST", "OPTIONS"}
    assert problem_of(answer)["detail"] == "This address does not take GET. Use POST."


def test_a_wrong_method_is_told_in_the_language_of_the_caller(client: FlaskClient) -> None:
    problem = problem_of(client.get("/v1/documents", headers={"Accept-Language": "de"}))

    assert problem["title"] == "Methode nicht erlaubt"
    assert problem["detail"] == "Diese Adresse nimmt GET nicht an. Verwenden Sie POST."


def test_a_wrong_path_is_told_where_the_routes_are(client: FlaskClient) -> None:
    problem = problem_of(client.get("/v1/nothing"))

    assert problem["detail"] == "There is no such route. /openapi.json lists those that there are."
    assert "There is no such page." in client.get("/x", headers={"Accept": "text/html"}).text


def test_options_that_are_not_understood_are_400(client: FlaskClient) -> None:
    problem = problem_of(post(client, query="?dpi=many&detail=hair"))

    assert problem["status"] == 400
    assert {fault["field"] for fault in problem["faults"]} == {"dpi", "detail"}


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (b"a text file, one name of a file a line", 415, "unsupported-format"),
        (b"%!PS-Adobe-3.0 EPSF-3.0", 415, "unsupported-format"),
        (PICTURE[: len(PICTURE) // 2], 422, "damaged-picture"),
        (b"%PDF-1.7 and nothing more", 422, "damaged-picture"),
    ],
)
def test_what_cannot_be_opened_is_told_apart(
    body: bytes, status: int, code: str, client: FlaskClient
) -> None:
    problem = problem_of(post(client, body))

    assert (problem["status"], problem["code"]) == (status, code)


def test_a_language_that_is_not_there_is_422_and_names_those_that_are(client: FlaskClient) -> None:
    problem = problem_of(post(client, query="?languages=eng,../../etc/passwd"))

    assert problem["status"] == 422
    assert problem["missing"] == ["../../etc/passwd"]
    assert problem["installed"] == ["deu", "eng"]


def test_a_page_that_is_not_there_is_422(client: FlaskClient) -> None:
    problem = problem_of(post(client, query="?pages=2"))

    assert (problem["status"], problem["page"], problem["pages"]) == (422, 2, 1)


@pytest.mark.parametrize("setting", ["OCR_MAX_BODY_BYTES", "OCR_MAX_PIXELS"])
def test_a_limit_is_413_and_names_its_setting_and_its_number(
    setting: str, settings: Settings
) -> None:
    small = replace(settings, max_body_bytes=1024 if "BODY" in setting else 10**6, max_pixels=1024)
    app = create_app(small, InlineWorkers(ReadsWords("Hello")))

    problem = problem_of(post(app.test_client(), as_file(draw_lines("Hello"), "BMP")))

    assert (problem["status"], problem["setting"], problem["limit"]) == (413, setting, 1024)
    assert "1024" in problem["detail"]
    assert setting in problem["detail"]
    service_of(app).close()


def send_as_text(client: FlaskClient, length: int) -> TestResponse:
    head = b'--edge\r\nContent-Disposition: form-data; name="file"\r\n\r\n'
    return client.post(
        "/v1/documents",
        data=head + b"x" * length + b"\r\n--edge--\r\n",
        content_type="multipart/form-data; boundary=edge",
    )


def test_a_small_picture_sent_as_a_form_s_text_is_told_how_to_be_sent(client: FlaskClient) -> None:
    problem = problem_of(send_as_text(client, 10))

    assert problem["status"] == 400
    assert [fault["field"] for fault in problem["faults"]] == ["file"]


def test_a_picture_sent_as_a_form_s_text_is_told_how_to_be_sent(client: FlaskClient) -> None:
    problem = problem_of(send_as_text(client, 2 * 2**20))

    assert problem["status"] == 413
    assert "file" in problem["detail"]
    assert "OCR_MAX_BODY_BYTES" not in problem["detail"]


def test_a_full_queue_is_429_and_says_when_to_come_back(
    client: FlaskClient, service: Service
) -> None:
    with ExitStack() as places:
        for _ in range(service.settings.slots + service.settings.waiting):
            places.enter_context(service.admission.admit())

        response = post(client)

    problem = problem_of(response)
    assert (problem["status"], problem["setting"]) == (429, "OCR_QUEUE_SIZE")
    assert response.headers["Retry-After"] == str(problem["retry_after_s"])
    assert int(response.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("path", ["/", "/picture", "/v1/documents", "/v1/frames", "/v1/render"])
def test_what_a_full_queue_turns_away_is_not_parsed(
    client: FlaskClient, service: Service, path: str
) -> None:
    with ExitStack() as places:
        for _ in range(service.settings.slots + service.settings.waiting):
            places.enter_context(service.admission.admit())

        response = client.post(f"{path}?layout=wrong", data=b"not a picture")

    assert response.status_code == 429


@pytest.mark.parametrize("accept", ["application/json", "application/x-ndjson"])
def test_a_request_that_is_not_understood_gives_its_place_back(
    client: FlaskClient, service: Service, accept: str
) -> None:
    response = client.post("/v1/documents?layout=wrong", data=b"", headers={"Accept": accept})

    assert problem_of(response)["status"] == 400
    assert service.admission.inside == 0


def test_a_server_that_shuts_down_is_503_and_says_when_to_come_back(
    client: FlaskClient, service: Service
) -> None:
    service.admission.drain(0)

    response = post(client)

    assert problem_of(response)["code"] == "draining"
    assert response.status_code == 503
    assert response.headers["Retry-After"] == "1"


def test_an_engine_that_is_missing_keeps_no_request_alive(service: Service) -> None:
    """An error that is raised again and again keeps all that was open where it was raised."""
    missing = IsMissing(errors.EngineMissing("Install it."))
    service.workers.engine = missing  # type: ignore[attr-defined]  # the inline ones
    raised = []
    for _ in range(3):
        with pytest.raises(errors.EngineMissing, match="Install it") as caught:
            service.engine_named("rapidocr")
        raised.append(caught.value)

    assert len(set(map(id, raised))) == 3


def test_a_missing_engine_is_503(settings: Settings) -> None:
    app = create_app(settings, InlineWorkers(IsMissing(errors.EngineMissing("Install it."))))

    problem = problem_of(post(app.test_client()))

    assert (problem["status"], problem["code"]) == (503, "engine-missing")
    service_of(app).close()


def test_a_full_folder_is_503(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(service.scratch, "folder", service.scratch.folder / "lock" / "gone")

    problem = problem_of(post(client))

    assert (problem["status"], problem["setting"]) == (503, "OCR_TEMP_DIR")


def test_a_deadline_that_has_passed_is_504(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    client.get("/version")  # so that the engine has been asked who it is
    monkeypatch.setattr(Deadline, "left_s", lambda _: 0.0)

    own, servers = (problem_of(post(client, query=query)) for query in ("?timeout_s=5", ""))

    assert (own["status"], own["allowed_s"], own["setting"]) == (504, 5, "timeout_s")
    assert (servers["status"], servers["setting"]) == (504, "OCR_TIMEOUT_S")


def test_a_fault_of_ours_is_500_and_tells_the_log_alone(
    failing: FailsOnNarrow, failing_client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    failing.error = ZeroDivisionError("secret/path.py")

    response = post(failing_client)

    assert problem_of(response)["code"] == "internal-error"
    assert response.status_code == 500
    assert b"secret" not in response.data
    assert "secret/path.py" in caplog.text


def test_a_fault_of_ours_ends_a_stream_with_a_problem(
    failing: FailsOnNarrow, failing_client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    failing.error = ZeroDivisionError("secret/path.py")

    response = failing_client.post(
        "/v1/documents",
        data=PICTURE,
        content_type="image/png",
        headers={"Accept": "application/x-ndjson"},
    )

    last = json.loads(response.data.splitlines()[-1])
    assert (last["event"], last["code"], last["status"]) == ("problem", "internal-error", 500)
    assert b"secret" not in response.data
    assert "secret/path.py" in caplog.text


@pytest.mark.parametrize(
    ("method", "path", "data", "status"),
    [
        ("GET", "/nothing", None, 404),
        ("DELETE", "/", None, 405),
        ("POST", "/", {}, 400),
        ("POST", "/", {"file": (BytesIO(b"text"), "name.txt")}, 415),
        ("POST", "/", {"file": (BytesIO(PICTURE), "a.png"), "languages": "xyz"}, 422),
    ],
)
def test_a_person_gets_a_page_that_says_the_same(
    method: str, path: str, data: dict[str, Any] | None, status: int, client: FlaskClient
) -> None:
    response = client.open(path, method=method, data=data, headers={"Accept": "text/html"})

    assert response.status_code == status
    assert response.content_type == "text/html; charset=utf-8"
    assert b"<h1" in response.data


def test_a_page_shows_half_a_character_as_something(client: FlaskClient) -> None:
    body = json.dumps({"image": "eA==", "languages": "\ud800"})

    response = client.post("/", data=body, content_type="application/json")

    assert response.status_code == 422


def test_what_a_client_wrote_is_escaped_on_a_page(client: FlaskClient) -> None:
    response = client.post(
        "/", data={"file": (BytesIO(PICTURE), "a.png"), "languages": "<script>alert(1)</script>"}
    )

    assert b"<script>alert" not in response.data


def test_a_client_that_hung_up_before_its_turn_is_no_fault_of_the_server(app: Flask) -> None:
    gone = threading.Event()
    gone.set()

    response = app.test_client().post(
        "/v1/documents",
        data=PICTURE,
        content_type="image/png",
        environ_overrides={"waitress.client_disconnected": gone.is_set},
    )

    assert response.status_code == 499


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", "text/html"),
        ("*/*", "application/problem+json"),
        ("application/json", "application/problem+json"),
    ],
)
def test_who_mistypes_a_path_is_told_in_its_own_words(
    accept: str, kind: str, client: FlaskClient
) -> None:
    answer = client.get("/nope", headers={"Accept": accept})

    assert answer.status_code == 404
    assert answer.mimetype == kind


@pytest.mark.parametrize("error", [UnsupportedFormat("It is none."), FileNotFoundError()])
def test_a_folder_removed_under_a_request_is_told_whatever_was_noticed(
    client: FlaskClient, service: Service, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def read(*_: object) -> None:
        shutil.rmtree(service.scratch.folder)
        raise error

    monkeypatch.setattr(Service, "read", read)

    assert problem_of(post(client))["code"] == "storage-full"


def test_a_request_for_which_the_server_has_no_memory_is_told_so(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def render(*_: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Service, "read", render)

    refused = client.post("/v1/documents", data=as_file(draw_lines("Hello")))

    assert (refused.status_code, refused.get_json()["code"]) == (503, "server-out-of-memory")
    assert refused.headers["Retry-After"] == "1"
    monkeypatch.undo()
    assert client.post("/v1/documents", data=as_file(draw_lines("Hello"))).status_code == 200


@pytest.mark.parametrize(
    "sent",
    [
        {"data": {f"name{number}": "" for number in range(20_000)}},
        {"json": {f"name{number}": 1 for number in range(20_000)}},
        {"query_string": {f"name{number}": "1" for number in range(5000)}},
        {"query_string": {"x" * 30_000: "1", "€" * 3000: "1"}},
        {"query_string": {"languages": "+".join(f"l{number}" for number in range(5000))}},
        {"query_string": {"zones": json.dumps([{"€" * 1000: 1}] * 10)}},
    ],
    ids=["form", "json", "query", "long names", "languages", "zones"],
)
def test_a_refusal_is_short_however_much_is_wrong(
    client: FlaskClient, sent: dict[str, Any]
) -> None:
    picture = {} if {"data", "json"} & set(sent) else {"data": PICTURE}

    answer = client.post("/v1/documents", **sent, **picture)

    assert 400 <= answer.status_code < 500
    assert len(answer.data) <= 16 * 1024


def test_faults_beyond_the_first_are_not_kept() -> None:
    faults = Faults()
    faults.extend(fault_of(str(number), "wrong") for number in range(MOST_FAULTS - 1))
    faults.append(fault_of("last", "wrong"))
    faults.append(fault_of("too many", "wrong"))
    faults.extend([fault_of("too many", "wrong")])

    assert len(faults) == MOST_FAULTS
    assert faults[-1]["field"] == "last"


def test_a_problem_is_told_in_the_language_that_the_client_asks_for(client: FlaskClient) -> None:
    german = client.post(
        "/v1/documents", data={"file": (io.BytesIO(b"no picture"), "a")},
        headers={"Accept-Language": "de"},
    )  # fmt: skip
    english = client.post("/v1/documents", data={"file": (io.BytesIO(b"no picture"), "a")})

    assert german.json is not None
    assert english.json is not None
    assert german.json["title"] == "Kein Bild oder PDF, das dieser Server lesen kann"
    assert german.json["detail"].startswith("Diese Datei ist kein lesbares Bild")
    assert german.json["code"] == english.json["code"]
    assert english.json["title"] == "Not a picture or PDF this server can read"
    assert "Accept-Language" in german.headers["Vary"]


def test_all_faults_of_a_request_are_told_in_the_language_that_is_asked_for(
    client: FlaskClient,
) -> None:
    path = "/v1/documents?pages=x&colour=red&languages="
    german = client.post(path, headers={"Accept-Language": "de"}).get_json()
    english = client.post(path).get_json()

    told = {fault["field"]: fault["message"] for fault in german["faults"]}
    assert told["pages"] == "verwenden Sie Seitenzahlen und Bereiche wie 1-3,7"
    assert told["colour"].startswith("diese Option gibt es nicht; es gibt ")
    assert german["detail"].startswith("Nicht verstanden: ")
    assert "pages: verwenden Sie Seitenzahlen und Bereiche wie 1-3,7." in german["detail"]
    assert [fault["field"] for fault in english["faults"]] == list(told)
    assert "pages: use page numbers and ranges such as 1-3,7." in english["detail"]
