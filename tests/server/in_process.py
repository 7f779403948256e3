"""A server in a thread of the test, and connections that say exactly what a test wants."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from flask import Flask

from ocr_server.server.waitress_server import Server
from ocr_server.settings import Settings
from tests.waiting import BOUND_S


@contextmanager
def serving(app: Flask, settings: Settings, **more: Any) -> Iterator[Server]:  # noqa: ANN401  # of `Server`
    """A server for the length of a with-block; `more` are its arguments."""
    server, is_over = Server(app, settings, **more), threading.Event()
    thread = threading.Thread(target=server.run_until, args=(is_over.is_set,))
    thread.start()
    try:
        yield server
    finally:
        is_over.set()
        thread.join()
        server.close()


def connect(server: Server, own_address: str = "127.0.0.1") -> socket.socket:
    return socket.create_connection(("127.0.0.1", server.port), BOUND_S, (own_address, 0))


def told(server: Server, sent: bytes) -> bytes:
    """All that is answered until the connection ends."""
    with connect(server) as client:
        client.sendall(sent)
        return rest_of(client)


def rest_of(client: socket.socket) -> bytes:
    """What comes until the other side closes, or resets the connection."""
    pieces = []
    with suppress(ConnectionResetError):
        while piece := client.recv(65536):
            pieces.append(piece)
    return b"".join(pieces)
