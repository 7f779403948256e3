from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask

from ocr_server.app import create_app
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.drawing import as_file, draw_lines
from tests.fakes import FailsOnNarrow, InlineWorkers
from tests.fuzzing import Judge, fuzz_settings, open_files, try_many
from tests.odd_requests import Request


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return replace(fuzz_settings(tmp_path), slots=2)


@pytest.fixture
def real_app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings)
    yield app
    service_of(app).close()


@pytest.mark.tesseract
def test_odd_requests_get_meant_answers(
    real_app: Flask, settings: Settings, pytestconfig: pytest.Config
) -> None:
    judge = Judge(real_app.test_client())
    try_many(judge.try_one, 10)
    open_before = open_files()

    try_many(judge.try_one, pytestconfig.getoption("inputs"))

    assert open_files() == open_before
    left = [path for path in Path(settings.temp_dir).rglob("*") if path.is_file()]
    assert [path.name for path in left] == ["lock"]
    assert {200, 400, 415, 422} <= {status for _, status in judge.seen}


def test_an_answer_that_is_not_meant_is_found(settings: Settings) -> None:
    app = create_app(settings, InlineWorkers(FailsOnNarrow(ZeroDivisionError())))
    judge = Judge(app.test_client())
    picture = {"data": as_file(draw_lines("Hi")), "content_type": "image/png"}

    try:
        with pytest.raises(AssertionError, match="internal-error"):
            judge.try_one(Request("POST", "/v1/documents", picture))
    finally:
        service_of(app).close()
