from __future__ import annotations

import logging
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from types import CodeType
from typing import Any

import hypothesis
import pytest
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from playwright.sync_api import sync_playwright
from werkzeug.test import TestResponse

from ocr_server.app import create_app
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.fakes import InlineWorkers, ReadsWords
from tests.postgres import find_postgres
from tests.serving import FakeTesseract, RunningServer, Start, running_server

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
MISSING = {
    "rapidocr": "onnxruntime or rapidocr was not found. Install them, or pass --no-rapidocr.",
    "tesseract": "The program tesseract was not found. Install it, or pass --no-tesseract.",
    "postgres": "PostgreSQL was not found. Install postgresql, or pass --no-postgres.",
    "browser": "No Chromium was found. Install chromium or google-chrome, or pass --no-browser.",
    "firefox": "No Firefox was found. Install firefox-esr, or pass --no-firefox.",
    "webkit": (
        "WebKitGTK was not found, or what steers it. Install webkit2gtk-driver,"
        " gir1.2-webkit2-4.1, python3-gi and xvfb, or pass --no-webkit."
    ),
}


# The machine may be busy: how long one example takes says nothing.
hypothesis.settings.register_profile(
    "busy", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("busy")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--no-tesseract", action="store_true", help="leave out the tests of the real engine"
    )
    parser.addoption(
        "--no-rapidocr", action="store_true", help="leave out the tests of the second reader"
    )
    parser.addoption(
        "--no-postgres", action="store_true", help="leave out the tests of jobs in PostgreSQL"
    )
    parser.addoption("--no-browser", action="store_true", help="leave out the tests in a browser")
    parser.addoption("--no-firefox", action="store_true", help="leave out the tests in Firefox")
    parser.addoption("--no-webkit", action="store_true", help="leave out the tests in WebKit")
    parser.addoption(
        "--inputs", type=int, default=100, help="how many odd requests the real engine gets"
    )
    parser.addoption("--renew", action="store_true", help="write golden files and tables anew")


@pytest.hookimpl(tryfirst=True)  # before -m, which asks for it
def pytest_itemcollected(item: pytest.Item) -> None:
    if "tesseract" in getattr(item, "fixturenames", ()):  # a program, if only a fake one
        item.add_marker("process")


@pytest.hookimpl(trylast=True)  # after -k and -m: what nobody asked for may be missing
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    is_there = {
        "tesseract": has_tesseract,
        "rapidocr": has_rapidocr,
        "postgres": find_postgres,
        "browser": find_browser,
        "firefox": find_firefox,
        "webkit": find_webkit,
    }
    for need, look in is_there.items():
        needing = [item for item in items if item.get_closest_marker(need)]
        if config.getoption(f"--no-{need}"):
            config.hook.pytest_deselected(items=needing)
            items[:] = [item for item in items if item not in needing]
        elif needing and not look():
            raise pytest.UsageError(MISSING[need])
    # A machine with other work on it may keep a browser or server waiting for longer than a test
    # does. Each test that is run again is named in the report, and counted in its last line.
    for item in items:
        if any(item.get_closest_marker(name) for name in ("process", "postgres", "browser")):
            item.add_marker(pytest.mark.flaky(reruns=1))


def has_tesseract() -> bool:
    return shutil.which("tesseract") is not None


def has_rapidocr() -> bool:
    return find_spec("rapidocr") is not None and find_spec("onnxruntime") is not None


def find_browser() -> Path | None:
    """Debian's Chromium, Google Chrome or Playwright's own."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path:
            return Path(path)
    with sync_playwright() as playwright:
        own = Path(playwright.chromium.executable_path)
    return own if own.exists() else None


def find_firefox() -> Path | None:
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    return Path(path) if path else None


def find_webkit() -> Path | None:
    """The program that steers WebKitGTK, where a window and a screen can be made for it."""
    driver = shutil.which("WebKitWebDriver")
    if not driver or not shutil.which("Xvfb"):
        return None
    asked = ["/usr/bin/python3", "-c", "import gi; gi.require_version('WebKit2', '4.1')"]
    answer = subprocess.run(asked, check=False, capture_output=True)  # noqa: S603  # ours
    return Path(driver) if answer.returncode == 0 else None


@pytest.fixture(scope="session")
def browser_path() -> Path:
    path = find_browser()
    assert path is not None
    return path


@pytest.fixture(autouse=True)
def _only_marked_tests_start_a_process(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        pytest.fail("A test that starts a process is marked `process`.")

    if not any(map(request.node.get_closest_marker, ("process", *MISSING))):
        monkeypatch.setattr(subprocess.Popen, "__init__", refuse)


@pytest.fixture(autouse=True)
def _temporary_folder_ends_with_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """A task that outlives its test would leave the folder of its job as that of all others."""
    monkeypatch.setattr("tempfile.tempdir", tempfile.tempdir)


@pytest.fixture(autouse=True)
def _logging_ends_with_the_test() -> Iterator[None]:
    """A handler that a command set up would write to a stream that is closed by then."""
    handlers = logging.getLogger().handlers[:]
    yield
    logging.getLogger().handlers[:] = handlers


class CompiledTemplates(BytecodeCache):
    """Templates as an application before has compiled them: each time takes a tenth of a second."""

    def __init__(self) -> None:
        self._codes: dict[str, CodeType | None] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        bucket.code = self._codes.get(bucket.key)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._codes[bucket.key] = bucket.code


TEMPLATES = CompiledTemplates()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Of a small server with a temporary folder of its own, and the engine of the smallest."""
    folder = tmp_path / "storage"
    folder.mkdir(exist_ok=True)
    return Settings(port=0, slots=1, temp_dir=str(folder), engine="pytesseract")


@pytest.fixture
def engine() -> ReadsWords:
    """Reads the same words from every page."""
    return ReadsWords("Hello", "world")


@pytest.fixture
def app(settings: Settings, engine: ReadsWords) -> Iterator[Flask]:
    """The application with a fake engine, all in this process."""
    app = create_app(settings, InlineWorkers(engine))
    app.jinja_env.bytecode_cache = TEMPLATES
    yield app
    service_of(app).close()


@pytest.fixture
def service(app: Flask) -> Service:
    return service_of(app)


class ClosingClient(FlaskClient):
    """Takes each answer whole and closes it, as a server does."""

    def open(self, *args: Any, **kwargs: Any) -> TestResponse:  # noqa: ANN401  # as Flask's
        return super().open(*args, **{"buffered": True, **kwargs})


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    app.test_client_class = ClosingClient
    return app.test_client()


@pytest.fixture
def real_app(settings: Settings) -> Iterator[Flask]:
    """The application with worker processes and Tesseract; for tests marked `tesseract`."""
    app = create_app(replace(settings, slots=2))
    yield app
    service_of(app).close()


@pytest.fixture(scope="module")
def module_tesseract(tmp_path_factory: pytest.TempPathFactory) -> FakeTesseract:
    return FakeTesseract(tmp_path_factory.mktemp("module") / "tesseract")


@pytest.fixture
def tesseract(module_tesseract: FakeTesseract) -> Iterator[FakeTesseract]:
    """What the servers of a module read with, as if it were new."""
    yield module_tesseract
    module_tesseract.forget()


@pytest.fixture
def start(tmp_path: Path, tesseract: FakeTesseract) -> Iterator[Start]:
    """Start a server with one slot and any settings, which ends with the test."""
    with ExitStack() as stack:

        def start(**settings: object) -> RunningServer:
            given = {"PATH": tesseract.path, "OCR_SLOTS": 1, **settings}
            return stack.enter_context(running_server(tmp_path, **given))

        yield start


@pytest.fixture(scope="module")
def module_server(
    tmp_path_factory: pytest.TempPathFactory, module_tesseract: FakeTesseract
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("server")
    with running_server(folder, PATH=module_tesseract.path, OCR_SLOTS=1) as server:
        yield server


@pytest.fixture
def server(module_server: RunningServer, tesseract: FakeTesseract) -> RunningServer:
    """A server with one slot, for tests that leave it as it was."""
    del tesseract  # lets go of what a test held
    return module_server
