from __future__ import annotations

import ast
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from jsonschema import Draft202012Validator

import ocr_server
from ocr_server.document.json_schema import describe_answers, reference
from ocr_server.document.model import Failure
from ocr_server.document.schema import ErrorNumbersJson
from ocr_server.errors import DamagedPicture
from ocr_server.export import FORMATS
from ocr_server.job import Detail
from ocr_server.request.options import OPTIONS
from ocr_server.web.problems import CLIENT_CLOSED_REQUEST, MEDIA_TYPE, STATUS
from tests.drawing import as_file, draw_lines
from tests.export.documents import everything, json_of, two_pages

PICTURE = as_file(draw_lines("Hello"))
DOCUMENTS = "/v1/documents"
SAMPLES = {"array": [], "integer": 7, "number": 0.5, "string": "a word"}  # by kind of JSON
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
            assert parameter["in"] in {"query", "header", "path"}


def test_every_schema_is_one(api: dict[str, Any]) -> None:
    schemas = schemas_in(api["paths"]) + list(api["components"]["schemas"].values())

    assert schemas
    for schema in schemas:
        Draft202012Validator.check_schema(schema)


def test_every_reference_leads_somewhere(api: dict[str, Any]) -> None:
    for pointer in references_in(api):
        node: Any = api
        for part in pointer.removeprefix("#/").split("/"):
            node = node[part]
        assert node["type"]


def test_every_route_of_programs_is_described(app: Flask, api: dict[str, Any]) -> None:
    routes = {
        (re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", rule.rule), method.lower())
        for rule in app.url_map.iter_rules()
        if rule.rule.startswith(("/v1/", "/mcp", "/livez", "/readyz", "/version", "/metrics"))
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
    }

    described = {(path, method) for path, method, _ in operations(api)}
    assert {one for one in described if one[1] not in {"head", "options"}} == routes


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
    responses = {**api["paths"][DOCUMENTS]["post"]["responses"]}
    for path, method in (("/v1/uploads", "post"), ("/v1/jobs/{job_id}/document", "get")):
        responses.update(api["paths"][path][method]["responses"])

    types = {format_.media_type.partition(";")[0] for format_ in FORMATS.values()}
    assert responses["200"]["content"].keys() >= types
    statuses = {str(status) for status in STATUS.values()} - {str(CLIENT_CLOSED_REQUEST)}
    assert responses.keys() >= statuses
    for status in statuses:
        assert responses[status]["content"].keys() == {MEDIA_TYPE}


def test_events_are_what_their_schema_says(client: FlaskClient, api: dict[str, Any]) -> None:
    headers = {"Accept": "application/x-ndjson"}
    events = [
        json.loads(line)
        for data in (PICTURE, b"no picture")
        for line in client.post(
            f"{DOCUMENTS}?pictures=true", data=data, headers=headers
        ).data.splitlines()
    ]

    told = {event["event"] for event in events}
    assert told >= {"accepted", "page", "picture", "problem", "end"}
    for event in events:
        closed(api, "Event").validate(event)


@pytest.mark.parametrize("detail", ["page", "zone", "line", "word", "symbol"])
def test_a_document_is_what_its_schema_says(
    detail: str, client: FlaskClient, api: dict[str, Any]
) -> None:
    answer = client.post(f"{DOCUMENTS}?detail={detail}", data=PICTURE)

    assert answer.status_code == 200
    assert described_as(api, DOCUMENTS, "post", "200") == "Document"
    closed(api, "Document").validate(answer.get_json())


def test_every_member_of_a_document_is_described(api: dict[str, Any]) -> None:
    numbers: dict[str, Any] = {name: SAMPLES[kind] for name, kind in error_numbers().items()}
    failed = Failure(2, DamagedPicture("Broken.", **numbers))
    answer = json_of(replace(everything(), problems=(failed,)), Detail.SYMBOL)

    closed(api, "Document").validate(answer)
    described = members_described(api, "Document")
    assert members_in(answer, reference("Document"), api) == described
    assert described >= {"Zone.name", "Zone.table", "Line.baseline", "Word.checked"}


def test_every_number_of_an_error_is_described() -> None:
    """Whoever raises an error of ours with a number must name it in `ErrorNumbersJson`."""
    kinds = {error.__name__ for error in STATUS}
    told = {
        (keyword.arg, str(path))
        for path in Path(ocr_server.__file__).parent.rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        if (call.func.attr if isinstance(call.func, ast.Attribute) else
            getattr(call.func, "id", "")) in kinds
        for keyword in call.keywords
        if keyword.arg is not None
    }  # fmt: skip

    assert len(told) > 10
    known = {*error_numbers(), "page", "faults", "field"}
    assert not {(name, path) for name, path in told if name not in known}


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("/v1/languages", "Languages"),
        ("/v1/formats", "Formats"),
        ("/v1/steps", "Steps"),
        ("/v1/profiles", "Profiles"),
        ("/livez", "Status"),
        ("/readyz", "Status"),
        ("/version", "Version"),
    ],
)
def test_an_answer_is_what_its_schema_says(
    path: str, name: str, client: FlaskClient, api: dict[str, Any]
) -> None:
    assert described_as(api, path, "get", "200") == name
    closed(api, name).validate(client.get(path).get_json())


@pytest.mark.parametrize(
    ("query", "data", "status"),
    [("?dpi=many", PICTURE, "400"), ("", b"text", "415"), ("?languages=xyz", PICTURE, "422")],
)
def test_a_problem_is_what_its_schema_says(
    query: str, data: bytes, status: str, client: FlaskClient, api: dict[str, Any]
) -> None:
    answer = client.post(DOCUMENTS + query, data=data)

    assert str(answer.status_code) == status
    assert described_as(api, DOCUMENTS, "post", status, MEDIA_TYPE) == "Problem"
    closed(api, "Problem").validate(json.loads(answer.data))


def test_the_schema_of_a_document_refuses_what_is_none(api: dict[str, Any]) -> None:
    wrong = {"engine": {}, "text": "", "problems": [], "pages": [{"number": "one"}]}

    assert not closed(api, "Document").is_valid(wrong)


@pytest.mark.parametrize("detail", [Detail.WORD, Detail.SYMBOL])
def test_what_was_answered_may_be_sent_back(detail: Detail, api: dict[str, Any]) -> None:
    for answer in (everything(), two_pages()):
        closed(api, "DocumentInput").validate(json_of(answer, detail))


def test_little_is_needed_of_a_document_that_is_sent(api: dict[str, Any]) -> None:
    word = {"text": "Hello", "box": [1, 2, 30, 12], "confidence": 1, "checked": None}
    page = {"number": 1, "width_px": 9, "height_px": 9, "zones": [{"lines": [{"words": [word]}]}]}

    closed(api, "DocumentInput").validate({"pages": [page]})
    assert not closed(api, "DocumentInput").is_valid({"pages": [page | {"colour": "red"}]})


def error_numbers() -> dict[str, str]:
    """The numbers of errors by name, each with the kind of its JSON."""
    (schema,) = describe_answers({"ErrorNumbers": ErrorNumbersJson}).values()
    return {name: member["type"] for name, member in schema["properties"].items()}


def described_as(
    api: dict[str, Any],
    path: str,
    method: str,
    status: str,
    media_type: str = "application/json",
) -> str:
    """The name of the schema that an answer has."""
    content = api["paths"][path][method]["responses"][status]["content"]
    return str(content[media_type]["schema"]["$ref"]).rpartition("/")[2]


def closed(api: dict[str, Any], name: str) -> Draft202012Validator:
    """What refuses each member that is not described."""
    components = {"schemas": {one: shut(schema) for one, schema in schemas_of(api).items()}}
    return Draft202012Validator({**reference(name), "components": components})


def shut(schema: object) -> Any:  # noqa: ANN401  # a part of a schema
    """The schema, its objects with no members but theirs."""
    if isinstance(schema, list):
        return [shut(item) for item in schema]
    if not isinstance(schema, dict):
        return schema
    inner = {name: shut(value) for name, value in schema.items()}
    is_object = schema.get("type") == "object" and "properties" in schema
    return {"additionalProperties": False, **inner} if is_object else inner


def schemas_of(api: dict[str, Any]) -> dict[str, Any]:
    return dict(api["components"]["schemas"])


def members_described(api: dict[str, Any], name: str) -> set[str]:
    """All members of a schema and of those that it refers to, such as `Word.text`."""
    found: set[str] = set()
    waiting, seen = [name], {name}
    while waiting:
        one = waiting.pop()
        schema = schemas_of(api)[one]
        found |= {f"{one}.{member}" for member in schema.get("properties", ())}
        inner = {pointer.rpartition("/")[2] for pointer in references_in(schema)} - seen
        waiting.extend(inner)
        seen |= inner
    return found


def members_in(value: object, schema: dict[str, Any], api: dict[str, Any]) -> set[str]:
    """The members that a value has, each by the schema that describes it."""
    schema = next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), schema)
    name = schema.get("$ref", "").rpartition("/")[2]
    schema = schemas_of(api).get(name, schema)
    found: set[str] = set()
    if isinstance(value, list):
        found = found.union(*(members_in(item, schema["items"], api) for item in value))
    elif isinstance(value, dict):
        for member, inner in value.items():
            named = schema.get("properties", {}).get(member)
            found |= {f"{name}.{member}"} if named else set()
            found |= members_in(inner, named or schema["additionalProperties"], api)
    return found
