"""https in front of the server."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from pathlib import Path

import pytest
import trustme
from flask import Flask

from ocr_server.errors import SettingsError
from ocr_server.server.tls_front import TlsFront, read_certificate
from ocr_server.server.waitress_server import Server
from ocr_server.settings import Settings
from tests.drawing import as_file, draw_lines
from tests.waiting import BOUND_S

MOST_CONNECTIONS = 3
MUCH_BYTES = 16 * 2**20  # more than sockets hold


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def files(authority: trustme.CA, tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine, and its key."""
    made = authority.issue_cert("localhost")
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    made.cert_chain_pems[0].write_to_path(cert)
    made.private_key_pem.write_to_path(key)
    return cert, key


@pytest.fixture
def port(app: Flask, settings: Settings, files: tuple[Path, Path]) -> Iterator[int]:
    """Where the application listens behind TLS."""
    server = Server(app, replace(settings, port=0), scheme="https")
    is_over = threading.Event()
    thread = threading.Thread(target=server.run_until, args=(is_over.is_set,))
    thread.start()
    front = TlsFront(
        host="127.0.0.1",
        port=0,
        inside_port=server.port,
        context=read_certificate(*files),
        most_connections=MOST_CONNECTIONS,
    )
    yield front.port
    front.refuse_connections()
    is_over.set()
    thread.join()
    server.close()
    front.close()


@pytest.fixture
def trusting(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


def test_a_document_is_read_over_https(port: int, trusting: ssl.SSLContext) -> None:
    connection = HTTPSConnection("localhost", port, context=trusting, timeout=BOUND_S)
    connection.request("POST", "/v1/documents?format=text", as_file(draw_lines("Hello")))
    text = connection.getresponse().read().decode()
    connection.close()

    assert text == "Hello world\n"


def test_addresses_in_examples_are_secure_ones(port: int, trusting: ssl.SSLContext) -> None:
    connection = HTTPSConnection("localhost", port, context=trusting, timeout=BOUND_S)
    connection.request("GET", "/docs")
    page = connection.getresponse().read().decode()
    connection.close()

    assert f"https://localhost:{port}/v1/documents" in page
    assert "http://localhost" not in page


def test_what_was_said_is_handed_on_before_the_end(
    files: tuple[Path, Path], trusting: ssl.SSLContext
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as inside, ThreadPoolExecutor(2) as threads:

        def say() -> None:
            connection, _ = inside.accept()
            with connection:
                connection.settimeout(BOUND_S)
                connection.sendall(bytes(MUCH_BYTES))

        said = threads.submit(say)
        front = TlsFront(
            host="127.0.0.1", port=0, inside_port=inside.getsockname()[1],
            context=read_certificate(*files), most_connections=MOST_CONNECTIONS,
        )  # fmt: skip
        with (
            socket.create_connection(("localhost", front.port), BOUND_S) as plain,
            trusting.wrap_socket(plain, server_hostname="localhost") as client,
        ):
            heard_bytes = len(client.recv(1))
            closed = threads.submit(front.close)
            while piece := client.recv(64 * 1024):
                heard_bytes += len(piece)

        said.result(BOUND_S)
        closed.result(BOUND_S)
    assert heard_bytes == MUCH_BYTES


def test_who_does_not_know_the_authority_gets_no_connection(port: int) -> None:
    connection = HTTPSConnection("localhost", port, timeout=BOUND_S)

    with pytest.raises(ssl.SSLCertVerificationError):
        connection.request("GET", "/livez")


def test_plain_http_on_the_secure_port_harms_nobody(port: int, trusting: ssl.SSLContext) -> None:
    plain = HTTPConnection("localhost", port, timeout=BOUND_S)
    plain.request("GET", "/livez")
    with pytest.raises((HTTPException, OSError)):
        plain.getresponse()
    secure = HTTPSConnection("localhost", port, context=trusting, timeout=BOUND_S)
    secure.request("GET", "/livez")
    answer = secure.getresponse()
    secure.close()

    assert answer.status == 200


def test_one_connection_too_many_is_closed(port: int, trusting: ssl.SSLContext) -> None:
    with ExitStack() as places:
        clients = [
            places.enter_context(
                trusting.wrap_socket(
                    places.enter_context(socket.create_connection(("localhost", port), BOUND_S)),
                    server_hostname="localhost",
                )
            )
            for _ in range(MOST_CONNECTIONS + 1)
        ]
        clients[0].sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")

        assert clients[-1].recv(1) == b""
        assert clients[0].recv(8) == b"HTTP/1.1"


@pytest.mark.parametrize("missing", [0, 1])
def test_a_certificate_that_cannot_be_read_stops_the_start(
    files: tuple[Path, Path], missing: int
) -> None:
    files[missing].write_text("nothing of the kind")

    with pytest.raises(SettingsError, match="OCR_TLS_CERT"):
        read_certificate(*files)
