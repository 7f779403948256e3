from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

from ocr_server.export import FORMATS
from ocr_server.request.options import OPTIONS
from ocr_server.web.problems import CLIENT_CLOSED_REQUEST, MEDIA_TYPE, STATUS
from tests.drawing import as_file, draw_lines

PICTURE = as_file(draw_lines("Hello"))
DOCUMENTS = "/v1/documents"
METHODS = {"get", "post", "put", "delete", "head", "options", "patch"}


@pytest.fixture
def api(client: FlaskClient) -> dict[str, Any]:
    response = client.get("/openapi.json")
    assert response.content_type == "application/json"
    return dict(response.get_json())


def operations(api: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (path, method, operation)
        for path, item in api["paths"].items()
        for method, operation in item.items()
    ]


def schemas_in(node: object) -> list[dict[str, Any]]:
    if isinstance(node, list):
        return [schema for item in node for schema in schemas_in(item)]
    if not isinstance(node, dict):
        return []
    found = [node["schema"]] if isinstance(node.get("schema"), dict) else []
    return found + [schema for value in node.values() for schema in schemas_in(value)]


def references_in(node: object) -> set[str]:
    if isinstance(node, list):
        return {reference for item in node for reference in references_in(item)}
    if not isinstance(node, dict):
        return set()
    own = {node["$ref"]} if isinstance(node.get("$ref"), str) else set()
    return own.union(*map(references_in, node.values()))


def test_the_document_has_the_parts_that_openapi_asks_for(api: dict[str, Any]) -> None:
    assert api["openapi"].startswith("3.1.")
    assert api["info"].keys() >= {"title", "version"}
    for path, method, operation in operations(api):
        assert path.startswith("/")
        assert method in METHODS
        assert operation["summary"]
        for status, response in operation["responses"].items():
            assert status.isdigit()
            assert response["description"]
        for parameter in operation.get("parameters", ()):
            assert parameter.keys() >= {"name", "in", "schema"}
            assert parameter["in"] in {"query", "header"}


def test_every_schema_is_one(api: dict[str, Any]) -> None:
    schemas = schemas_in(api["paths"]) + list(api["components"]["schemas"].values())

    assert schemas
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(api: dict[str, Any]) -> None:
    for reference in references_in(api):
        node: Any = api
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node["type"]


def test_every_route_of_programs_is_described(app: Flask, api: dict[str, Any]) -> None:
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/v1/", "/livez", "/readyz", "/version", "/metrics"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    assert {(path, method) for path, method, _ in operations(api)} == routes


def test_every_option_is_described_in_every_form(api: dict[str, Any]) -> None:
    operation = api["paths"][DOCUMENTS]["post"]
    content = operation["requestBody"]["content"]

    assert {parameter["name"] for parameter in operation["parameters"]} == {
        name for name, option in OPTIONS.items() if not option.only_in_body
    }
    for media_type, image in (("multipart/form-data", "file"), ("application/json", "image")):
        schema = content[media_type]["schema"]
        assert schema["properties"].keys() == OPTIONS.keys() | {image}
        assert schema["required"] == [image]
        assert all(schema["properties"][name]["description"] for name in OPTIONS)
    assert content.keys() >= {"image/*", "application/pdf", "application/octet-stream"}


def test_every_format_and_status_is_described(api: dict[str, Any]) -> None:
    responses = api["paths"][DOCUMENTS]["post"]["responses"]

    types = {format_.media_type.partition(";")[0] for format_ in FORMATS.values()}
    assert responses["200"]["content"].keys() >= types | {"application/x-ndjson"}
    statuses = {str(status) for status in STATUS.values()} - {str(CLIENT_CLOSED_REQUEST)}
    assert responses.keys() >= statuses
    for status in statuses:
        assert responses[status]["content"].keys() == {MEDIA_TYPE}


def test_events_are_what_their_schema_says(client: FlaskClient, api: dict[str, Any]) -> None:
    headers = {"Accept": "application/x-ndjson"}
    schema = {**api["components"]["schemas"]["Event"], "components": api["components"]}
    events = [
        json.loads(line)
        for data in (PICTURE, b"no picture")
        for line in client.post(DOCUMENTS, data=data, headers=headers).data.splitlines()
    ]

    assert {event["event"] for event in events} >= {"accepted", "page", "problem", "end"}
    for event in events:
        Draft202012Validator(schema).validate(event)


@pytest.mark.parametrize("detail", ["page", "zone", "line", "word", "symbol"])
def test_a_document_is_what_its_schema_says(
    detail: str, client: FlaskClient, api: dict[str, Any]
) -> None:
    answer = client.post(f"{DOCUMENTS}?detail={detail}", data=PICTURE)

    assert answer.status_code == 200
    validator(api, DOCUMENTS, "post", "200").validate(answer.get_json())


@pytest.mark.parametrize(
    "path", ["/v1/languages", "/v1/formats", "/v1/steps", "/livez", "/readyz", "/version"]
)
def test_an_answer_is_what_its_schema_says(
    path: str, client: FlaskClient, api: dict[str, Any]
) -> None:
    answer = client.get(path).get_json()

    validator(api, path, "get", "200").validate(answer)
    assert set(answer) <= set(api["paths"][path]["get"]["responses"]["200"]["content"][
        "application/json"]["schema"]["properties"])  # fmt: skip


@pytest.mark.parametrize(
    ("query", "data", "status"),
    [("?dpi=many", PICTURE, "400"), ("", b"text", "415"), ("?languages=xyz", PICTURE, "422")],
)
def test_a_problem_is_what_its_schema_says(
    query: str, data: bytes, status: str, client: FlaskClient, api: dict[str, Any]
) -> None:
    answer = client.post(DOCUMENTS + query, data=data)

    assert str(answer.status_code) == status
    validator(api, DOCUMENTS, "post", status, media_type=MEDIA_TYPE).validate(
        json.loads(answer.data)
    )


def test_the_schema_of_a_document_refuses_what_is_none(api: dict[str, Any]) -> None:
    wrong = {"engine": {}, "text": "", "problems": [], "pages": [{"number": "one"}]}

    assert not validator(api, DOCUMENTS, "post", "200").is_valid(wrong)


def validator(
    api: dict[str, Any],
    path: str,
    method: str,
    status: str,
    media_type: str = "application/json",
) -> Draft202012Validator:
    content = api["paths"][path][method]["responses"][status]["content"]
    schema = content[media_type]["schema"]
    return Draft202012Validator({**schema, "components": api["components"]})
