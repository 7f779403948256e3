from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ocr_server.app import create_app
from ocr_server.errors import QueueFull, SettingsError
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.drawing import as_file, draw_lines
from tests.fakes import InlineWorkers, ReadsWords

KEY, OTHER = "correct-horse-battery", "staple,not"


@pytest.fixture
def serve(settings: Settings) -> Iterator[Callable[..., FlaskClient]]:
    """Makes clients of a server with some settings changed."""
    apps = []

    def make(**changes: object) -> FlaskClient:
        workers = InlineWorkers(ReadsWords("Hello"))
        apps.append(create_app(replace(settings, **changes), workers))  # type: ignore[arg-type]  # of all kinds
        return apps[-1].test_client()

    yield make
    for app in apps:
        service_of(app).close()


@pytest.fixture
def guarded(serve: Callable[..., FlaskClient]) -> FlaskClient:
    return serve(api_keys=("another", KEY))


def key_file(folder: Path, *lines: str) -> str:
    path = folder / "keys"
    path.write_text("\n".join(lines))
    return str(path)


def picture() -> BytesIO:
    return BytesIO(as_file(draw_lines("Hello")))


def test_without_keys_nobody_is_asked(client: FlaskClient) -> None:
    assert client.get("/version").status_code == 200


@pytest.mark.parametrize("path", ["/v1/documents", "/metrics", "/version", "/nothing-here"])
def test_a_request_without_a_key_is_told_that_one_is_wanted(
    guarded: FlaskClient, path: str
) -> None:
    answer = guarded.get(path)

    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="ocr-server"'


def test_the_api_says_it_as_a_problem(guarded: FlaskClient) -> None:
    assert guarded.post("/v1/documents").get_json()["code"] == "key-missing"
    wrong = guarded.post("/v1/documents", headers={"X-API-Key": KEY[:-1]})
    assert (wrong.status_code, wrong.get_json()["code"]) == (401, "key-wrong")


@pytest.mark.parametrize(
    "path", ["/livez", "/readyz", "/openapi.json", "/v1/formats", "/", "/webcam", "/about", "/docs"]
)
def test_probes_and_blank_pages_are_open(guarded: FlaskClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"X-API-Key": KEY}, {"Authorization": f"Bearer {KEY}"}, {"Authorization": f"bearer {KEY}"}],
)
def test_any_of_the_keys_opens_in_either_header(
    guarded: FlaskClient, headers: dict[str, str]
) -> None:
    assert guarded.get("/version", headers=headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [{"Authorization": f"Basic {KEY}"}, {"Authorization": "Bearer"}, {"X-API-Key": "\xe9"}],
)
def test_anything_else_does_not(guarded: FlaskClient, headers: dict[str, str]) -> None:
    assert guarded.get("/version", headers=headers).status_code == 401


@pytest.mark.parametrize("key", ["a=b", "c2VjcmV0=", "c2VjcmV0==", 'a="b", c=d', "a b"])
def test_a_bearer_key_may_have_any_letters(serve: Callable[..., FlaskClient], key: str) -> None:
    guarded = serve(api_keys=(key,))

    answers = [
        guarded.get("/version", headers={"Authorization": f"Bearer {sent}"})
        for sent in (key, f"{key}=")
    ]

    assert [answer.status_code for answer in answers] == [200, 401]


@pytest.mark.parametrize("foreign", ["Bearer of-a-proxy", "Basic dTpw"])
def test_a_foreign_authorization_does_not_hide_the_key(guarded: FlaskClient, foreign: str) -> None:
    headers = {"Authorization": foreign, "X-API-Key": KEY}

    assert guarded.get("/version", headers=headers).status_code == 200


def test_the_form_without_scripts_bears_the_key_in_a_field(guarded: FlaskClient) -> None:
    refused = guarded.post("/", data={"file": (picture(), "a.png")})
    read = guarded.post("/", data={"file": (picture(), "a.png"), "api_key": KEY})

    assert (refused.status_code, read.status_code) == (401, 200)
    assert "Hello" in read.get_data(as_text=True)


def test_a_form_is_not_taken_in_while_the_house_is_full(guarded: FlaskClient) -> None:
    admission = service_of(guarded.application).admission
    with ExitStack() as places:
        while admission.inside < 100:
            try:
                places.enter_context(admission.admit())
            except QueueFull:
                break

        answer = guarded.post("/", data={"api_key": KEY, "file": (picture(), "scan.png")})

    assert answer.status_code == 429


def test_the_api_takes_no_key_from_a_form(guarded: FlaskClient) -> None:
    answer = guarded.post("/v1/documents", data={"file": (picture(), "a.png"), "api_key": KEY})

    assert answer.status_code == 401


def test_a_file_holds_digests_and_remarks(
    serve: Callable[..., FlaskClient], tmp_path: Path
) -> None:
    digest = sha256(OTHER.encode()).hexdigest()
    path = key_file(tmp_path, "# the team's", "", f"{digest.upper()}  # until spring")
    guarded = serve(api_keys=(KEY,), api_keys_file=path)

    for key in (KEY, OTHER):
        assert guarded.get("/version", headers={"X-API-Key": key}).status_code == 200
    # Who finds the file has no key.
    assert guarded.get("/version", headers={"X-API-Key": digest}).status_code == 401


@pytest.mark.parametrize("lines", [(KEY,), (), ("# nothing",)])
def test_a_file_that_is_not_understood_stops_the_start_and_shows_no_key(
    serve: Callable[..., FlaskClient], tmp_path: Path, lines: tuple[str, ...]
) -> None:
    with pytest.raises(SettingsError, match="OCR_API_KEYS_FILE") as caught:
        serve(api_keys_file=key_file(tmp_path, *lines))

    assert KEY not in caught.value.message


def test_a_file_that_is_missing_stops_the_start(serve: Callable[..., FlaskClient]) -> None:
    with pytest.raises(SettingsError, match="cannot be read"):
        serve(api_keys_file="/does/not/exist")


def test_keys_are_shown_neither_in_errors_nor_in_the_settings() -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({"OCR_API_KEYS": f"{KEY},has blank"})
    settings = Settings.from_environment({"OCR_API_KEYS": f"{KEY}, second"})

    assert KEY not in caught.value.message
    assert settings.api_keys == (KEY, "second")
    assert KEY not in repr(settings)


def test_an_empty_list_of_keys_does_not_open_the_server() -> None:
    with pytest.raises(SettingsError, match="OCR_API_KEYS"):
        Settings.from_environment({"OCR_API_KEYS": " "})


def test_pages_can_be_switched_off(serve: Callable[..., FlaskClient]) -> None:
    client = serve(pages="off")
    answers = [client.get(path) for path in ("/", "/webcam", "/static/css/base.css", "/docs")]

    assert [answer.status_code for answer in answers] == [404] * 4
    assert {answer.mimetype for answer in answers} == {"application/problem+json"}
    assert client.get("/version").status_code == 200
