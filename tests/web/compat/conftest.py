from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ocr_server.app import create_app
from ocr_server.settings import ADAPTER_NAMES, Settings
from ocr_server.web.context import service_of
from tests.drawing import as_file, as_pages, draw_lines
from tests.fakes import InlineWorkers, ReadsWords


@pytest.fixture
def engine() -> ReadsWords:
    """Reads two words, one of which every kind of markup must escape."""
    return ReadsWords("Fish", "<&>")


@pytest.fixture
def app(settings: Settings, engine: ReadsWords) -> Iterator[Flask]:
    """The application with the routes of every adapter."""
    app = create_app(replace(settings, compat=ADAPTER_NAMES), InlineWorkers(engine))
    yield app
    service_of(app).close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def picture() -> bytes:
    return as_file(draw_lines("Fish <&>"))


@pytest.fixture
def two_pages() -> bytes:
    return as_pages([draw_lines("Fish <&>"), draw_lines("Fish <&>")])


@pytest.fixture
def blank(engine: ReadsWords, picture: bytes) -> bytes:
    """A picture on which nothing is read."""
    engine.words = ()
    return picture
