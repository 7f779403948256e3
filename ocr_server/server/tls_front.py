"""TLS termination in front of the server; browsers allow cameras on secure pages only.

Decrypted data are forwarded to the WSGI server, which speaks plain HTTP on this machine.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path

from ocr_server.errors import SettingsError

PIECE_BYTES = 64 * 1024
HANDSHAKE_S = 10.0
LAST_BYTES_S = 5.0  # at shutdown, for answers that are being sent


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
        context: ssl.SSLContext,
        most_connections: int,
    ) -> None:
        """Start to listen; connections beyond `most_connections` are closed at once.

        Raises:
            OSError: the address is in use, or not one of this machine.
        """
        self._address, self._context, self._inside_port = (host, port), context, inside_port
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._listening: Future[asyncio.Server] = Future()
        self._most_connections = most_connections
        self._connections: set[asyncio.Task[None]] = set()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self.port = int(self._listening.result().sockets[0].getsockname()[1])

    def refuse_connections(self) -> None:
        """Close the listening socket; open connections go on."""
        self._loop.call_soon_threadsafe(self._listening.result().close)

    def close(self) -> None:
        """Forward what the server has answered, then end all connections and the thread."""
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:  # cancels remaining tasks
            runner.run(self._serve())

    async def _serve(self) -> None:
        try:
            server = await asyncio.start_server(
                self._hand_on, *self._address,
                ssl=self._context, ssl_handshake_timeout=HANDSHAKE_S,
            )  # fmt: skip
        except Exception as error:  # noqa: BLE001  # raised by the constructor
            self._listening.set_exception(error)
            return
        self._listening.set_result(server)
        await self._over.wait()
        server.close()
        if self._connections:
            await asyncio.wait(self._connections, timeout=LAST_BYTES_S)

    async def _hand_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._connections) >= self._most_connections:
            writer.close()
            return
        connection = asyncio.current_task()
        assert connection is not None  # noqa: S101  # asyncio runs this
        self._connections.add(connection)
        connection.add_done_callback(self._connections.discard)
        try:
            inner = await asyncio.open_connection("127.0.0.1", self._inside_port)
        except OSError:  # shutting down
            writer.close()
            return
        await asyncio.gather(_copy(reader, inner[1]), _copy(inner[0], writer))


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
