from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from werkzeug.test import Client, EnvironBuilder

from ocr_server.server.waitress_server import BelowPath
from tests.serving import RunningServer, running_server
from tests.web.test_pages import examples_in

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

PROXY = "10.0.0.1"


def answer_script_name(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    assert "HTTP_X_FORWARDED_PREFIX" not in environ
    start_response("200 OK", [])
    return [environ["SCRIPT_NAME"].encode()]


def seen_below(prefix: str, *, peer: str = PROXY, trusted: str = PROXY) -> str:
    environ = {"REMOTE_ADDR": peer}
    builder = EnvironBuilder(headers=[("X-Forwarded-Prefix", prefix)], environ_base=environ)
    return Client(BelowPath(answer_script_name, trusted)).open(builder).text


@pytest.mark.parametrize("prefix", ["/ocr", "/ocr/", "/api/ingress/aB3-_~.x", "/.hidden/..a"])
def test_a_path_of_the_trusted_proxy_is_believed(prefix: str) -> None:
    assert seen_below(prefix) == prefix.rstrip("/")
    assert seen_below(prefix, trusted="*") == prefix.rstrip("/")


@pytest.mark.parametrize(("peer", "trusted"), [("10.0.0.2", PROXY), (PROXY, "")])
def test_a_path_that_somebody_else_sends_is_not(peer: str, trusted: str) -> None:
    assert seen_below("/ocr", peer=peer, trusted=trusted) == ""


@pytest.mark.parametrize(
    "prefix",
    ["", "/", "ocr", "//host", "/a//b", "https://host/a", "/..", "/a/../b", "/.", '/"><b>',
     "/a, /b", "/a b", "/%2e%2e", "/a?b", "/a\\b"],
)  # fmt: skip
def test_what_is_no_path_is_not_believed(prefix: str) -> None:
    assert seen_below(prefix) == ""


@pytest.fixture(scope="module")
def below(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    folder: Path = tmp_path_factory.mktemp("below")
    with running_server(
        folder, OCR_SLOTS=1, OCR_BASE_PATH="/ocr/", OCR_TRUSTED_PROXY="127.0.0.1"
    ) as server:
        yield server


@pytest.mark.process
@pytest.mark.parametrize("path", ["/ocr/openapi.json", "/openapi.json", "/ocr/openapi.json/"])
def test_a_base_path_may_be_stripped_or_not(below: RunningServer, path: str) -> None:
    assert below.get(path).json["servers"] == [{"url": "/ocr"}]


@pytest.mark.process
def test_the_proxy_s_path_comes_before_the_base_path(below: RunningServer) -> None:
    answer = below.ask("GET", "/openapi.json", headers={"X-Forwarded-Prefix": "/other"})

    assert answer.json["servers"] == [{"url": "/other"}]


@pytest.mark.process
@pytest.mark.parametrize("query", ["", "?a=b"])
def test_a_base_path_without_its_slash_leads_to_the_one_with_it(
    below: RunningServer, query: str
) -> None:
    answer = below.get(f"/ocr{query}")

    assert (answer.status, answer.headers["Location"]) == (308, f"/ocr/{query}")


@pytest.mark.process
def test_the_examples_have_the_path_in_their_addresses(below: RunningServer) -> None:
    examples = examples_in(below.get("/ocr/docs").body.decode())

    assert all(f"{below.url}/ocr/v1/documents" in example for example in examples.values())


@pytest.mark.process
def test_a_missing_page_below_the_path_has_its_styles(below: RunningServer) -> None:
    answer = below.ask("GET", "/ocr/no/such/page", headers={"Accept": "text/html"})

    assert answer.status == 404
    assert b'href="../../static/css/base.css"' in answer.body
