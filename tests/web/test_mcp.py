from __future__ import annotations

import json
from base64 import b64encode
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from ocr_server import tools
from ocr_server.service import Service
from ocr_server.web.mcp import HANDSHAKE_VERSIONS, VERSION
from tests.drawing import as_file, as_pages, draw_lines
from tests.fakes import ReadsWords

META = {"io.modelcontextprotocol/protocolVersion": VERSION}
BOTH = {"Accept": "application/json, text/event-stream"}


def post(client: FlaskClient, method: str, params: object = None, **headers: str) -> TestResponse:
    message = {"jsonrpc": "2.0", "id": 7, "method": method}
    if params is not None:
        message["params"] = params
    return client.post("/mcp", json=message, headers=headers)


def result(client: FlaskClient, method: str, params: object = None) -> dict[str, Any]:
    answer = post(client, method, params).get_json()
    assert (answer["jsonrpc"], answer["id"]) == ("2.0", 7)
    told: dict[str, Any] = answer["result"]
    return told


def call(client: FlaskClient, name: str, **arguments: object) -> dict[str, Any]:
    return result(client, "tools/call", {"name": name, "arguments": arguments})


@pytest.fixture
def data() -> str:
    return b64encode(as_file(draw_lines("Hello world"))).decode()


@pytest.fixture
def two_pages() -> str:
    return b64encode(as_pages([draw_lines("Hello")] * 2)).decode()


@pytest.mark.parametrize("asked", [*HANDSHAKE_VERSIONS, "1999-01-01"])
def test_a_handshake_agrees_on_a_version(client: FlaskClient, asked: str) -> None:
    told = result(client, "initialize", {"protocolVersion": asked, "capabilities": {}})
    notified = client.post("/mcp", json={"jsonrpc": "2.0", "method": "notifications/initialized"})

    agreed = asked if asked in HANDSHAKE_VERSIONS else HANDSHAKE_VERSIONS[-1]
    assert (told["protocolVersion"], told["capabilities"]) == (agreed, {"tools": {}})
    assert (notified.status_code, notified.data) == (202, b"")
    assert result(client, "ping") == {}


def test_the_stateless_age_is_discovered(client: FlaskClient) -> None:
    told = result(client, "server/discover", {"_meta": META})
    listed = result(client, "tools/list", {"_meta": META})

    assert told["supportedVersions"] == [VERSION]
    assert told["resultType"] == listed["resultType"] == "complete"
    assert told["_meta"]["io.modelcontextprotocol/serverInfo"]["name"] == "ocr-server"
    assert post(client, "server/discover").get_json()["error"]["code"] == -32601


@pytest.mark.parametrize(
    ("headers", "meta", "code"),
    [
        ({"Mcp-Method": "ping"}, META, -32020),
        ({"MCP-Protocol-Version": "2025-11-25"}, META, -32020),
        ({}, {next(iter(META)): "2030-01-01"}, -32022),
    ],
)
def test_a_version_that_is_wrong_is_refused(
    client: FlaskClient, headers: dict[str, str], meta: dict[str, str], code: int
) -> None:
    answer = post(client, "tools/list", {"_meta": meta}, **headers)

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, code)


def test_the_tools_are_listed_with_their_arguments(client: FlaskClient) -> None:
    listed = {tool["name"]: tool for tool in result(client, "tools/list")["tools"]}

    assert list(listed) == ["read", "verify", "languages", "profiles"]
    assert listed["read"]["inputSchema"]["required"] == ["data"]
    assert listed["verify"]["inputSchema"]["required"] == ["data", "text"]


@pytest.mark.parametrize("form", ["text", "markdown"])
def test_a_picture_is_read(client: FlaskClient, data: str, form: str) -> None:
    told = call(client, "read", data=f"data:image/png;base64,{data}", format=form)

    assert not told["isError"]
    (content,) = told["content"]
    assert "Hello world" in content["text"]
    assert told["structuredContent"] == {
        "text": content["text"], "confidence": 0.9, "pages": 1, "failed_pages": [],
    }  # fmt: skip


def test_words_come_with_boxes_as_json(client: FlaskClient, data: str) -> None:
    told = call(client, "read", data=data, format="json")
    pages = json.loads(told["content"][0]["text"])

    word = pages[0]["zones"][0]["lines"][0][0]
    assert (pages[0]["page"], word["text"], len(word["box"])) == (1, "Hello", 4)
    assert told["structuredContent"]["words"] == pages


def test_a_picture_with_boxes_comes_along(client: FlaskClient, data: str) -> None:
    _, picture = call(client, "read", data=data, picture=True)["content"]

    assert (picture["type"], picture["mimeType"]) == ("image", "image/png")


def test_pages_and_languages_are_heeded(
    client: FlaskClient, two_pages: str, engine: ReadsWords
) -> None:
    told = call(client, "read", data=two_pages, pages="2", languages="deu")

    assert told["structuredContent"]["pages"] == 1
    assert engine.readings[-1].languages == ("deu",)


@pytest.mark.parametrize("form", ["text", "markdown", "json"])
def test_an_answer_has_whole_pages_and_names_those_it_has_no_room_for(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, form: str
) -> None:
    data = b64encode(as_pages([draw_lines("Hello")] * 5)).decode()
    whole = call(client, "read", data=data, pages="1", format=form)
    monkeypatch.setattr(tools, "MOST_CHARS", 1)
    told = call(client, "read", data=data, pages="1,2,3,5", format=form)

    first, left = told["content"]
    assert first == whole["content"][0]
    assert left["text"].startswith("Not shown: pages 2-3,5.")
    assert told["structuredContent"]["left"] == "2-3,5"


def test_a_text_is_held_against_the_picture(client: FlaskClient, data: str) -> None:
    told = call(client, "verify", data=data, text="Hello 12 world")
    turned = call(client, "verify", data=data, text="world Hello")

    assert told["content"][0]["text"].startswith("2 of 3 words")
    assert "Elsewhere: world" in turned["content"][0]["text"]
    verdicts = [word["verdict"] for word in told["structuredContent"]["words"]]
    assert verdicts == ["found", "missing", "found"]


def test_languages_and_profiles_are_told(client: FlaskClient) -> None:
    assert "German" in call(client, "languages")["content"][0]["text"]
    assert call(client, "profiles")["structuredContent"]["profiles"]


@pytest.mark.parametrize(
    "arguments",
    [{"data": ""}, {"data": "%"}, {"data": b64encode(b"words").decode()}, {"data": None}],
)
def test_a_file_that_cannot_be_read_is_a_result(
    client: FlaskClient, data: str, arguments: dict[str, object]
) -> None:
    told = call(client, "read", **{"data": data, **arguments})

    assert told["isError"]
    assert told["content"][0]["text"]


def test_wrong_options_are_results_that_say_how_to_go_on(client: FlaskClient, data: str) -> None:
    assert "installed" in call(client, "read", data=data, languages="xyz")["content"][0]["text"]
    assert call(client, "read", data=data, pages="9")["isError"]


def test_a_busy_server_is_a_result(client: FlaskClient, service: Service, data: str) -> None:
    service.admission.drain(0)

    assert call(client, "read", data=data)["structuredContent"]["code"] == "draining"


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("resources/list", {}, -32601),
        ("tools/call", {"name": "write"}, -32602),
        ("tools/call", {"name": "read", "arguments": {}}, -32602),
        ("tools/call", {"name": "read", "arguments": {"data": "", "path": "/etc"}}, -32602),
        ("tools/call", {"name": "read", "arguments": {"data": "", "format": "pdf"}}, -32602),
        ("tools/call", {"name": "read", "arguments": {"data": "", "picture": "yes"}}, -32602),
        ("tools/call", {"name": "verify", "arguments": {"data": ""}}, -32602),
    ],
)
def test_calls_that_are_wrong_are_errors(
    client: FlaskClient, method: str, params: object, code: int
) -> None:
    assert post(client, method, params).get_json()["error"]["code"] == code


@pytest.mark.parametrize(
    ("body", "code"), [(b"{", -32700), (b"[]", -32700), (b"{}", -32600), (b"", -32700)]
)
def test_what_is_no_message_is_refused(client: FlaskClient, body: bytes, code: int) -> None:
    answer = client.post("/mcp", data=body, content_type="application/json")

    assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, code)


def test_there_are_no_sessions(client: FlaskClient) -> None:
    assert client.get("/mcp").status_code == client.delete("/mcp").status_code == 405


def test_progress_is_told_page_by_page(
    client: FlaskClient, service: Service, two_pages: str
) -> None:
    params = {"name": "read", "arguments": {"data": two_pages}, "_meta": {"progressToken": "t"}}
    answer = post(client, "tools/call", params, **BOTH)

    text = answer.get_data(as_text=True)
    messages = [
        json.loads(line.removeprefix("data: "))
        for line in text.splitlines()
        if line.startswith("data: ")
    ]
    assert answer.mimetype == "text/event-stream"
    told = [(one["params"]["progress"], one["params"]["total"]) for one in messages[:-1]]
    assert told == [(1, 2), (2, 2)]
    assert messages[-1]["result"]["structuredContent"]["pages"] == 2
    assert service.admission.inside == 0


def test_a_page_of_another_site_is_refused(client: FlaskClient, data: str) -> None:
    params = {"name": "read", "arguments": {"data": data}}
    answer = post(client, "tools/call", params, Origin="https://other.example")

    assert answer.status_code == 403


def test_verify_is_a_route_too(client: FlaskClient, data: str) -> None:
    told = client.post("/v1/verify", json={"image": data, "text": "hello WORLD 12"}).get_json()
    without = client.post("/v1/verify", json={"image": data})

    assert (told["total"], told["found"]) == (3, 2)
    assert told["words"][0] == {
        "text": "hello", "verdict": "found", "is_figure": False, "page": 1,
        "box": told["words"][0]["box"], "read": "Hello", "confidence": 0.9,
        "in_order": True, "skipped": [],
    }  # fmt: skip
    assert told["words"][2]["page"] is None
    assert without.status_code == 400
    assert without.get_json()["faults"][0]["field"] == "text"
