from __future__ import annotations

import html
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from ocr_server.errors import TooManyPixels
from ocr_server.export import FORMATS
from ocr_server.request.options import OPTIONS
from tests.drawing import as_file, draw_lines
from tests.serving import FakeTesseract, RunningServer, running_server

KEY = "a-key"
EXAMPLE = re.compile(r'<pre [^>]*aria-labelledby="(\w+)"><code>(.*?)</code></pre>', re.DOTALL)


def examples_in(page: str) -> dict[str, str]:
    return {name: html.unescape(text) for name, text in EXAMPLE.findall(page)}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One that wants a key and reads “Hello” from everything."""
    folder = tmp_path_factory.mktemp("server")
    tesseract = FakeTesseract(folder / "tesseract")
    with running_server(folder, PATH=tesseract.path, OCR_SLOTS=1, OCR_API_KEYS=KEY) as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the examples find their picture."""
    (tmp_path / "scan.png").write_bytes(as_file(draw_lines("Hello")))
    return tmp_path


def run(*command: str, folder: Path, key: str = KEY) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # noqa: S603  # our own examples
        command, cwd=folder, env={**os.environ, "OCR_KEY": key},
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip


def test_the_page_tells_every_option_format_and_problem(client: FlaskClient) -> None:
    page = client.get("/docs").get_data(as_text=True)

    for name in (*OPTIONS, *FORMATS, TooManyPixels.code, "POST /v1/documents", "GET /metrics"):
        assert f"<code>{name}</code>" in page
    assert "X-API-Key" not in "".join(examples_in(page).values())


def test_what_a_caller_calls_the_server_is_escaped(client: FlaskClient) -> None:
    page = client.get("/docs", headers={"Host": "<script>.example"}).get_data(as_text=True)

    assert "<script>.example" not in page


@pytest.mark.process
def test_the_example_for_curl_runs(server: RunningServer, folder: Path) -> None:
    examples = examples_in(server.get("/docs").body.decode())

    done = run("sh", "-ec", examples["curl"], folder=folder)

    assert done.returncode == 0, done.stderr
    text, accepted, *_, end = done.stdout.split("\n")[:-1]
    assert text == "Hello"
    assert '"accepted"' in accepted
    assert '"end"' in end


@pytest.mark.process
def test_the_example_in_python_runs(server: RunningServer, folder: Path) -> None:
    examples = examples_in(server.get("/docs").body.decode())

    done = run(sys.executable, "-W", "error", "-c", examples["python"], folder=folder)

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("Hello [")


@pytest.mark.process
def test_the_example_in_python_says_why_it_failed(server: RunningServer, folder: Path) -> None:
    examples = examples_in(server.get("/docs").body.decode())

    done = run(sys.executable, "-c", examples["python"], folder=folder, key="wrong")

    assert done.returncode == 1
    assert done.stderr.strip() == "The key is not one of this server’s. Send another one."


@pytest.mark.process
@pytest.mark.parametrize(
    ("trusted", "shown"), [("127.0.0.1", "https://ocr.example"), ("", None), ("10.0.0.1", None)]
)
def test_a_proxy_is_believed_only_when_it_is_trusted(
    tmp_path: Path, trusted: str, shown: str | None
) -> None:
    headers = {"X-Forwarded-Host": "ocr.example", "X-Forwarded-Proto": "https"}
    with running_server(tmp_path, OCR_SLOTS=1, OCR_TRUSTED_PROXY=trusted) as server:
        page = server.ask("GET", "/docs", headers=headers).body.decode()

        assert f"{shown or server.url}/v1/documents" in examples_in(page)["curl"]
        assert ("ocr.example" in page) == bool(shown)
