"""TLS termination in front of the server; browsers allow cameras on secure pages only.

Decrypted data are forwarded to the WSGI server, which speaks plain HTTP on this machine.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
from contextlib import suppress
from pathlib import Path

from ocr_server.errors import SettingsError
from ocr_server.server.listener import LAST_BYTES_S, Address

PIECE_BYTES = 64 * 1024
BACKLOG = 1024  # connections that wait to be accepted, as waitress has
HANDSHAKE_S = 10.0
HANDSHAKES = 100  # connections beside those of the server, while it is not known what they are
TLS_HANDSHAKE = b"\x16"  # the first byte of a client that speaks TLS
_PLAIN_HTTP = (
    b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\r\n"
    b"This port speaks https, and http came. Use an address that begins with https://.\n"
)

log = logging.getLogger(__name__)


def read_certificate(cert: Path, key: Path) -> ssl.SSLContext:
    """The TLS context for a certificate and its key, both PEM files.

    Raises:
        SettingsError: they cannot be read, or do not belong together.
    """
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(cert, key)
    except (OSError, ssl.SSLError) as error:
        raise SettingsError(
            f"The certificate {cert} and its key {key} cannot be used: {error.strerror or error}. "
            "OCR_TLS_CERT and OCR_TLS_KEY name PEM files that belong together."
        ) from error
    return context


class TlsFront:
    """Accepts TLS connections and forwards their data to `inside_port`, in a thread of its own."""

    def __init__(
        self,
        *,
        host: str,
        port: int,
        inside_port: int,
        peers: dict[Address, Address],
        context: ssl.SSLContext,
        most_connections: int,
    ) -> None:
        """Start to listen.

        `peers` gets the address of each client, by the one from which its data are forwarded.
        Beyond `most_connections`, the oldest of those that have not begun to speak TLS is closed
        for a new one, or the new one if there are none.

        Raises:
            OSError: the address is in use, or not one of this machine.
        """
        self._context, self._inside_port, self._peers = context, inside_port, peers
        self._most_connections = most_connections
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        self._listening = socket.create_server(address[:2], family=family, backlog=BACKLOG)
        self._listening.settimeout(0)
        self.port = int(self._listening.getsockname()[1])
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._unknown: dict[asyncio.Task[None], None] = {}  # without TLS yet, oldest first
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def refuse_connections(self) -> None:
        """Take the connections that have come already and no more; open ones go on."""
        asyncio.run_coroutine_threadsafe(self._stop_accepting(), self._loop).result()

    def close(self) -> None:
        """Forward what the server has answered, then end all connections and the thread."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:  # cancels remaining tasks
            runner.run(self._serve())

    async def _serve(self) -> None:
        self._loop.add_reader(self._listening, self._accept)
        await self._over.wait()
        await self._stop_accepting()
        if self._connections:
            await asyncio.wait(self._connections, timeout=LAST_BYTES_S)

    async def _stop_accepting(self) -> None:
        if self._listening.fileno() < 0:
            return
        self._loop.remove_reader(self._listening)
        while self._accept():
            pass
        self._listening.close()

    def _accept(self) -> bool:
        """Take a connection; whether there was one."""
        try:
            connection, address = self._listening.accept()
        except BlockingIOError:
            return False
        except OSError as error:  # gone again, or there are too many open files
            log.warning("a connection could not be taken: %s", error)
            return False
        connection.settimeout(0)
        if len(self._connections) >= self._most_connections:
            if not self._unknown:
                connection.close()
                return True
            next(iter(self._unknown)).cancel()
        task = self._loop.create_task(self._hand_on(connection, address[:2]))
        self._connections.add(task)
        self._unknown[task] = None
        task.add_done_callback(self._connections.discard)
        task.add_done_callback(lambda task: self._unknown.pop(task, None))
        return True

    async def _hand_on(self, connection: socket.socket, peer: Address) -> None:
        """Forward the data of a client in both directions, once it has turned out to speak TLS."""
        if not await self._begins_tls(connection):
            return
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        try:
            transport, _ = await self._loop.connect_accepted_socket(
                lambda: protocol, connection,
                ssl=self._context, ssl_handshake_timeout=HANDSHAKE_S,
            )  # fmt: skip
        except OSError:  # of the connection, or of TLS; or it took too long
            return
        self._unknown.pop(_this_task(), None)
        writer = asyncio.StreamWriter(transport, protocol, reader, self._loop)
        inside = socket.socket()
        inside.settimeout(0)
        inside.bind(("127.0.0.1", 0))
        own = inside.getsockname()
        self._peers[own] = peer  # known before the server sees the connection
        try:
            await self._loop.sock_connect(inside, ("127.0.0.1", self._inside_port))
            inner = await asyncio.open_connection(sock=inside)
            await asyncio.gather(_copy(reader, inner[1]), _copy(inner[0], writer))
        except OSError:  # shutting down
            inside.close()
            writer.close()
        finally:
            del self._peers[own]

    async def _begins_tls(self, connection: socket.socket) -> bool:
        """Whether a client begins to speak TLS; if not, it is told so and the connection ends."""
        first = b""
        try:
            first = await asyncio.wait_for(self._first_byte(connection), HANDSHAKE_S)
            if first and first != TLS_HANDSHAKE:
                connection.recv(PIECE_BYTES)  # closed with unread data, it would be reset
                connection.send(_PLAIN_HTTP)
        except OSError:  # of the connection; or it took too long
            pass
        finally:
            if first != TLS_HANDSHAKE:
                connection.close()
        return first == TLS_HANDSHAKE

    async def _first_byte(self, connection: socket.socket) -> bytes:
        """The first byte that a client sends, which stays there to be read; none at its end."""
        is_there = asyncio.Event()
        self._loop.add_reader(connection, is_there.set)
        try:
            await is_there.wait()
        finally:
            self._loop.remove_reader(connection)
        return connection.recv(1, socket.MSG_PEEK)


def _this_task() -> asyncio.Task[None]:
    task = asyncio.current_task()
    assert task is not None  # noqa: S101  # asyncio runs this
    return task


async def _copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Copy data until the source ends or one side fails; then close the target."""
    try:
        with suppress(OSError, ssl.SSLError):
            while piece := await source.read(PIECE_BYTES):
                target.write(piece)
                await target.drain()
    finally:
        target.close()
    with suppress(OSError, ssl.SSLError):
        await target.wait_closed()
