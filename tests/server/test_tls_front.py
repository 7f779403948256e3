"""https in front of the server."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from http.client import HTTPConnection, HTTPSConnection
from pathlib import Path

import pytest
import trustme
from flask import Flask, request

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
def ports(app: Flask, settings: Settings, files: tuple[Path, Path]) -> Iterator[tuple[int, int]]:
    """Where the front listens, and where the server behind it."""
    server = Server(app, settings, is_behind_tls=True)
    is_over = threading.Event()
    thread = threading.Thread(target=server.run_until, args=(is_over.is_set,))
    thread.start()
    front = TlsFront(
        host="127.0.0.1",
        port=0,
        inside_port=server.port,
        peers=server.peers,
        context=read_certificate(*files),
        most_connections=MOST_CONNECTIONS,
    )
    yield front.port, server.port
    front.refuse_connections()
    is_over.set()
    thread.join()
    server.close()
    front.close()


@pytest.fixture
def port(ports: tuple[int, int]) -> int:
    """Where the application listens behind TLS."""
    return ports[0]


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
            host="127.0.0.1", port=0, inside_port=inside.getsockname()[1], peers={},
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


def test_plain_http_on_the_secure_port_is_told_so(port: int, trusting: ssl.SSLContext) -> None:
    plain = HTTPConnection("localhost", port, timeout=BOUND_S)
    plain.request("GET", "/livez")
    refusal = plain.getresponse()
    told = refusal.read().decode()
    plain.close()
    secure = HTTPSConnection("localhost", port, context=trusting, timeout=BOUND_S)
    secure.request("GET", "/livez")
    answer = secure.getresponse()
    secure.close()

    assert refusal.status == 400
    assert "https://" in told
    assert answer.status == 200


def test_who_says_nothing_leaves_for_the_next_client(port: int, trusting: ssl.SSLContext) -> None:
    with ExitStack() as places:
        silent = [
            places.enter_context(socket.create_connection(("localhost", port), BOUND_S))
            for _ in range(MOST_CONNECTIONS)
        ]
        secure = HTTPSConnection("localhost", port, context=trusting, timeout=BOUND_S)
        secure.request("GET", "/livez")
        status = secure.getresponse().status
        secure.close()

        assert status == 200
        assert silent[0].recv(1) == b""


def test_the_server_knows_the_address_of_a_client_behind_tls(
    app: Flask, port: int, trusting: ssl.SSLContext
) -> None:
    seen: list[str | None] = []
    app.before_request(lambda: seen.append(request.remote_addr))
    plain = socket.create_connection(("127.0.0.1", port), BOUND_S, ("127.0.0.9", 0))
    with plain, trusting.wrap_socket(plain, server_hostname="localhost") as client:
        client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        client.recv(1)

    assert seen == ["127.0.0.9"]


def test_nobody_goes_around_the_front(ports: tuple[int, int]) -> None:
    with socket.create_connection(("127.0.0.1", ports[1]), BOUND_S) as around:
        heard = b""
        with suppress(OSError):
            around.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            heard = around.recv(1)

    assert heard == b""


def test_one_connection_too_many_is_closed(port: int, trusting: ssl.SSLContext) -> None:
    with ExitStack() as places:
        clients = [
            places.enter_context(
                trusting.wrap_socket(
                    places.enter_context(socket.create_connection(("localhost", port), BOUND_S)),
                    server_hostname="localhost",
                )
            )
            for _ in range(MOST_CONNECTIONS)
        ]
        for client in clients:
            client.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert client.recv(65536).startswith(b"HTTP/1.1")
        too_many = places.enter_context(socket.create_connection(("localhost", port), BOUND_S))

        assert too_many.recv(1) == b""
        clients[0].sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert clients[0].recv(8) == b"HTTP/1.1"


@pytest.mark.parametrize("missing", [0, 1])
def test_a_certificate_that_cannot_be_read_stops_the_start(
    files: tuple[Path, Path], missing: int
) -> None:
    files[missing].write_text("nothing of the kind")

    with pytest.raises(SettingsError, match="OCR_TLS_CERT"):
        read_certificate(*files)
