"""The WSGI server: waitress, one process with threads.

Chosen by trial against gunicorn's threads: waitress reads requests in its own loop, so that slow
uploads and idle connections hold no thread, and it tells when a client has hung up.
"""

from __future__ import annotations

import gc
import logging
import resource
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments

from ocr_server.app import create_app
from ocr_server.errors import SettingsError
from ocr_server.metrics import Metrics
from ocr_server.server.channel import HttpListener
from ocr_server.server.tls_front import TlsFront, read_certificate
from ocr_server.settings import Settings
from ocr_server.web.context import service_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MOST_CONNECTIONS = 1000
IDLE_S = 60  # a connection on which nothing arrives for this long is closed
MOST_HEADER_BYTES = 32 * 1024
# At once: each time costs a turn of the loop. With eight times as much, more of 32 uploads end at
# the same moment, and /livez waited up to 117 ms for its turn of Python's lock, not 54.
RECEIVED_BYTES = 32 * 1024
SPARE_THREADS = 8  # for pages, health and refusals while all places of the queue are taken
PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"}
MOST_WAITING_BYTES = 2**40  # no limit: what may be sent is bounded by what may be read
MOST_FILES = 8192  # 1024 is the usual allowance
FILES_EACH, FILES_EACH_TLS = 2, 4  # of a connection: sockets, and a large upload
SPARE_FILES = 100  # for the pictures being read, pipes and what libraries open
LOOP_TIMEOUT_S = 0.2  # how long a turn of the loop may wait for something to happen

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, finish what is inside, and return.

    Raises:
        SettingsError: the address is taken, or not ours.
        StorageFull: the temporary folder cannot be written to.
    """
    app = create_app(settings)
    here = service_of(app)
    tempfile.tempdir = str(here.scratch.folder)  # large uploads are buffered there
    files = _allow_files()
    gc.freeze()  # nothing here goes; going through it in vain held every request up for 50 ms
    try:
        server, front = _listen(app, settings, here.metrics, files=files)
    except BaseException as error:
        here.close()
        if isinstance(error, OSError | ValueError):  # waitress says the latter of an unknown host
            why = str(getattr(error, "strerror", error)).rstrip(".")
            raise SettingsError(
                f"Nobody can listen on {settings.host}:{settings.port}: {why}. Set OCR_HOST and "
                "OCR_PORT to others."
            ) from error
        raise
    stop = _Stop()
    scheme, port = ("https", front.port) if front else ("http", server.port)
    log.info("listening on %s://%s:%d", scheme, settings.host, port)
    try:
        server.run_until(lambda: stop.is_set)
        log.info("shutting down, %d requests to finish", here.admission.inside)
        if front:
            front.refuse_connections()
        server.refuse_connections()
        ends = time.monotonic() + settings.timeout_s
        server.run_until(lambda: here.admission.drain(0) or time.monotonic() > ends)
        server.run_until(lambda: not server.is_busy or time.monotonic() > ends)
    finally:
        here.close()
        server.close()
        if front:
            front.close()


def most_connections(files: int, *, each: int) -> int:
    """How many connections may be open where a process may open so many files."""
    return max(1, min(MOST_CONNECTIONS, (files - SPARE_FILES) // each))


def _allow_files() -> int:
    """As many open files as connections may need, or as the machine allows; how many it is."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    return max(soft, most)


def _listen(
    app: WSGIApplication, settings: Settings, metrics: Metrics, *, files: int
) -> tuple[Server, TlsFront | None]:
    """The server, behind a front of TLS where there is a certificate."""
    if not (settings.tls_cert or settings.tls_key):
        most = most_connections(files, each=FILES_EACH)
        return Server(app, settings, metrics, most_connections=most), None
    if not (settings.tls_cert and settings.tls_key):
        raise SettingsError("OCR_TLS_CERT and OCR_TLS_KEY are needed together; one is missing.")
    context = read_certificate(Path(settings.tls_cert), Path(settings.tls_key))
    inside = replace(settings, host="127.0.0.1", port=0)
    most = most_connections(files, each=FILES_EACH_TLS)
    server = Server(app, inside, metrics, scheme="https", most_connections=most)
    front = TlsFront(
        host=settings.host,
        port=settings.port,
        inside_port=server.port,
        context=context,
        most_connections=most,
    )
    return server, front


class Server:
    """A waitress server that is turned by hand, so that it can finish what it began."""

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        metrics: Metrics | None = None,
        *,
        scheme: str = "http",
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        """Begin to listen; `scheme` is what clients see."""
        self._map: dict[int, Any] = {}  # waitress's sockets, without types
        self._server = HttpListener(
            app,
            map=self._map,
            adj=Adjustments(
                host=settings.host,
                port=settings.port,
                url_scheme=scheme,
                threads=settings.slots + settings.waiting + SPARE_THREADS,
                connection_limit=most_connections,
                channel_timeout=IDLE_S,
                recv_bytes=RECEIVED_BYTES,
                cleanup_interval=IDLE_S // 4,
                max_request_body_size=settings.max_body_bytes + 1,  # waitress refuses what is equal
                # An answer that waits for a slow reader lies in a file and holds no thread.
                outbuf_high_watermark=MOST_WAITING_BYTES,
                max_request_header_size=MOST_HEADER_BYTES,
                channel_request_lookahead=1,  # or a hang-up during a request goes unnoticed
                clear_untrusted_proxy_headers=True,
                trusted_proxy=settings.trusted_proxy or None,
                trusted_proxy_headers=PROXY_HEADERS if settings.trusted_proxy else (),
                ident=None,
            ),
        )
        self._server.metrics = metrics
        self._server.origins = settings.cors_origins

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.effective_port)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is not yet made or not yet taken."""
        return self._server.is_busy

    def run_until(self, is_over: Callable[[], bool]) -> None:
        """Serve until `is_over()`."""
        while not is_over():
            wasyncore.loop(timeout=LOOP_TIMEOUT_S, use_poll=True, map=self._map, count=1)

    def refuse_connections(self) -> None:
        """Close the listening socket, and no other."""
        wasyncore.dispatcher.close(self._server)

    def close(self) -> None:
        """End the threads and close what is open."""
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)


class _Stop:
    """Set by SIGTERM and SIGINT."""

    def __init__(self) -> None:
        self.is_set = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._set)

    def _set(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True
