"""Requests made up from the OpenAPI document: no answer that it does not tell of."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given
from hypothesis import settings as how_many
from hypothesis.strategies import SearchStrategy
from schemathesis.checks import not_a_server_error
from schemathesis.schemas import BaseSchema
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from ocr_server.app import create_app
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from ocr_server.web.openapi import describe_api
from tests.drawing import as_file, draw_lines
from tests.fakes import InlineWorkers, ReadsWords

EXAMPLES = 60  # of each operation
FEW_EXAMPLES = 10  # of a document, which takes a second to make up
PICTURE = as_file(draw_lines("Hello"))
# A schema cannot tell that a string is a picture, or that an option was given twice; a wrong body
# may be put right by our picture; and a time limit may well be over, which we check ourselves.
LEFT_OUT: list[Any] = [positive_data_acceptance, negative_data_rejection, not_a_server_error]
UNHURRIED = how_many(deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


PATHS = describe_api()["paths"]
OPERATIONS = [(path, method) for path, item in PATHS.items() for method in item]

WITH_BODY = [path for path, item in PATHS.items() if "requestBody" in item.get("post", {})]
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")

Case = schemathesis.Case[Any]  # of any transport


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BaseSchema]:
    """The API as it describes itself."""
    settings = Settings(slots=1, temp_dir=str(tmp_path_factory.mktemp("storage")))
    app = create_app(replace(settings, max_pixels=1_000_000), InlineWorkers(ReadsWords("Hello")))
    yield schemathesis.openapi.from_wsgi("/openapi.json", app)
    service_of(app).close()


@pytest.mark.parametrize(("path", "method"), OPERATIONS)
def test_nothing_is_answered_that_is_not_told(api: BaseSchema, path: str, method: str) -> None:
    try_many(path, api[path][method].as_strategy(), assert_told)


@pytest.mark.parametrize("path", WITH_BODY)
def test_nothing_else_is_answered_where_a_picture_comes_along(api: BaseSchema, path: str) -> None:
    try_many(path, api[path]["post"].as_strategy().map(with_picture), assert_told)


def try_many(path: str, cases: SearchStrategy[Case], check: Callable[[Case], None]) -> None:
    @how_many(UNHURRIED, max_examples=FEW_EXAMPLES if path == "/v1/render" else EXAMPLES)
    @given(case=cases)
    def one(case: Case) -> None:
        check(case)

    one()


def with_picture(case: Case) -> Case:
    body: Any = case.body  # as its media type wants it
    if not isinstance(body, dict):
        case.body = PICTURE
    elif case.media_type == "application/json":
        body["image"] = b64encode(PICTURE).decode()
    else:
        body["file"] = [PICTURE]
    return case


def assert_told(case: Case) -> None:
    answer = case.call_and_validate(excluded_checks=LEFT_OUT)

    if answer.status_code >= 500:  # only a time limit that was asked for may end the work
        assert answer.status_code == 504
        assert "timeout_s" in f"{case.query} {case.body!r}"
