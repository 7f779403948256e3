"""The other end of a station's listener, for trying it out."""

from __future__ import annotations

import socket

from ocr_server.client import Refused
from ocr_server.station.listener import HEAD_BYTES

TIMEOUT_S = 120.0


def address_of(text: str, *, host: str = "127.0.0.1") -> tuple[str, int]:
    """Host and port of `HOST:PORT`, `:PORT` or `PORT`.

    Raises:
        ValueError: it is none.
    """
    name, _, port = text.rpartition(":")
    if not port.isascii() or not port.isdigit() or int(port) > 65_535:
        raise ValueError(f"{text!r} is no address; use HOST:PORT")
    return name.strip("[]") or host, int(port)


def ask(address: tuple[str, int], picture: bytes) -> bytes:
    """The line that the station answers.

    Raises:
        Refused: nobody is there, or the connection ends without an answer.
    """
    try:
        with socket.create_connection(address, timeout=TIMEOUT_S) as connection:
            connection.sendall(len(picture).to_bytes(HEAD_BYTES) + picture)
            with connection.makefile("rb") as answers:
                line = answers.readline()
    except OSError as error:
        raise Refused(f"{address[0]}:{address[1]} does not answer: {error}.") from error
    if not line.endswith(b"\n"):
        raise Refused("The station closed the connection without an answer.")
    return line
