from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from ocr_server import client
from ocr_server.client import Refused, RemoteServer, Unanswered, remote_server
from tests.drawing import as_file, draw_lines
from tests.serving import FakeTesseract, RunningServer, running_server

pytestmark = pytest.mark.process

PICTURE = as_file(draw_lines("Hello"))


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningServer]:
    """One that reads “Hello” from everything."""
    folder = tmp_path_factory.mktemp("server")
    fake = FakeTesseract(folder / "tesseract")
    with running_server(folder, PATH=fake.path, OCR_SLOTS=1) as server:
        yield server


def test_a_server_elsewhere_gets_files_and_options(server: RunningServer) -> None:
    with remote_server(server.url) as post:
        answer = json.loads(post([PICTURE, PICTURE], {"steps": "none", "detail": "page"}))

    assert [page["text"] for page in answer["pages"]] == ["Hello", "Hello"]
    assert "zones" not in answer["pages"][0]


def test_an_address_may_end_in_a_slash(server: RunningServer) -> None:
    with remote_server(f"{server.url}/") as post:
        assert b"Hello" in post([PICTURE], {"format": "text"})


def test_a_server_s_refusal_is_passed_on_in_its_words(server: RunningServer) -> None:
    with remote_server(server.url) as post, pytest.raises(Refused, match=r"Send PNG, JPEG"):
        post([b"text"], {})


def test_a_path_where_nothing_is_is_told(server: RunningServer) -> None:
    with remote_server(f"{server.url}/nowhere") as post, pytest.raises(Refused, match="no such"):
        post([PICTURE], {})


class SomethingElse(BaseHTTPRequestHandler):
    """A server of another kind."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_error(418)


def test_what_is_no_such_server_is_told() -> None:
    with HTTPServer(("127.0.0.1", 0), SomethingElse) as other, ThreadPoolExecutor(1) as threads:
        answering = threads.submit(other.handle_request)
        with (
            remote_server(f"http://127.0.0.1:{other.server_port}") as post,
            pytest.raises(Refused, match="answered 418"),
        ):
            post([PICTURE], {})
        answering.result()


def test_an_address_where_nobody_answers_is_told() -> None:
    with remote_server("http://127.0.0.1:9") as post, pytest.raises(Refused, match="not answer"):
        post([PICTURE], {})


def test_a_server_that_never_answers_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"

        with remote_server(url) as post, pytest.raises(Refused, match="not answer: timed out"):
            post([PICTURE], {})


@pytest.mark.parametrize("url", ["localhost:8080", "file:///etc/passwd", "ftp://here", ""])
def test_only_addresses_of_the_web_are_asked(url: str) -> None:
    with pytest.raises(Refused, match="such as http://"), remote_server(url):
        pass


@pytest.mark.parametrize("key", ["two words", "a\nline", "clé"])
def test_a_key_that_cannot_be_one_is_not_sent(key: str) -> None:
    with pytest.raises(Refused, match="cannot be sent"), remote_server("http://x", key):
        pass


def test_a_picture_in_a_file_is_the_same_for_a_server(
    server: RunningServer, tmp_path: Path
) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PICTURE)

    with remote_server(server.url) as post:
        assert post([path.read_bytes()], {"format": "text"}) == b"Hello\n"


class BreaksOff(BaseHTTPRequestHandler):
    """A server that says that it sends more than it does."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "100")
        self.end_headers()
        self.wfile.write(b"half of it")

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_document_that_breaks_off_is_told() -> None:
    with HTTPServer(("127.0.0.1", 0), BreaksOff) as other, ThreadPoolExecutor(1) as threads:
        answering = threads.submit(other.handle_request)
        pieces = RemoteServer(f"http://127.0.0.1:{other.server_port}").fetch("0" * 32, {})

        assert next(pieces) == b"half of it"
        with pytest.raises(Unanswered):
            next(pieces)
        answering.result()


def test_a_document_comes_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "ANSWER_PIECE_BYTES", 4)
    monkeypatch.setattr(BreaksOff, "do_GET", lambda self: self.wfile.write(
        b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nall of it!"))  # fmt: skip
    with HTTPServer(("127.0.0.1", 0), BreaksOff) as other, ThreadPoolExecutor(1) as threads:
        answering = threads.submit(other.handle_request)
        pieces = list(RemoteServer(f"http://127.0.0.1:{other.server_port}").fetch("0" * 32, {}))
        answering.result()

    assert pieces == [b"all ", b"of i", b"t!"]
