"""The WSGI server: waitress, one process with threads.

It was compared with gunicorn's threads. waitress reads requests in its own loop, so that slow
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
from ocr_server.errors import AddressUnavailable, SettingsError
from ocr_server.metrics import Metrics
from ocr_server.runtime.confinement import hide_memory
from ocr_server.server.channel import HttpListener
from ocr_server.server.path_prefix import BelowPath
from ocr_server.server.tls_front import TlsFront, read_certificate
from ocr_server.settings import Settings
from ocr_server.web.context import service_of

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

MOST_CONNECTIONS = 1000
IDLE_S = 60  # a connection on which nothing arrives for this long is closed
MOST_HEADER_BYTES = 32 * 1024
# Per turn of the loop. With eight times as much, more of 32 uploads ended at the same moment, and
# /livez waited up to 117 ms for the interpreter lock instead of 54.
RECEIVED_BYTES = 32 * 1024
SPARE_THREADS = 8  # for pages, health and refusals while the queue is full
PROXY_HEADERS = {"x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-forwarded-port"}
MOST_WAITING_BYTES = 2**40  # unlimited, as the size of answers is limited by that of requests
MOST_FILES = 8192  # open files of the process; the usual default is 1024
FILES_EACH, FILES_EACH_TLS = 2, 4  # per connection: sockets, and a large upload
SPARE_FILES = 100  # for the pictures being read, pipes and files of libraries
LOOP_TIMEOUT_S = 0.2  # longest wait for events in one turn of the loop

log = logging.getLogger(__name__)


def run(settings: Settings) -> None:
    """Serve until SIGTERM or SIGINT, finish the admitted requests, and return.

    Raises:
        AddressUnavailable: the address is in use, or not of this machine.
        SettingsError: certificate or key is missing or wrong.
        StorageFull: the temporary folder cannot be written to.
    """
    app = create_app(settings)
    here = service_of(app)
    try:
        hide_memory()  # keys are in it, and workers have the same user
    except OSError as error:
        log.warning("worker processes could read the memory of the server: %s", error)
    tempfile.tempdir = str(here.scratch.folder)  # large uploads are buffered there
    files = _allow_files()
    gc.freeze()  # else the collector scans all imported objects, which held up requests for 50 ms
    try:
        server, front = _listen(app, settings, here.metrics, files=files)
    except BaseException as error:
        here.close()
        if isinstance(error, OSError | ValueError):  # waitress says the latter of an unknown host
            how = "Set OCR_HOST and OCR_PORT, or --host and --port, to another address."
            raise AddressUnavailable.of(settings.host, settings.port, error, how=how) from error
        raise
    stop = _Stop()
    scheme, port = ("https", front.port) if front else ("http", server.port)
    log.info("listening on %s://%s:%d", scheme, settings.host, port)
    here.watch()
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
    """How many connections a process with that limit of open files may have; `each` needs some."""
    return max(1, min(MOST_CONNECTIONS, (files - SPARE_FILES) // each))


def _allow_files() -> int:
    """Raise the limit of open files to `MOST_FILES` or the hard limit; return the new limit."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = MOST_FILES if hard == resource.RLIM_INFINITY else min(hard, MOST_FILES)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))
    return max(soft, most)


def _listen(
    app: WSGIApplication, settings: Settings, metrics: Metrics, *, files: int
) -> tuple[Server, TlsFront | None]:
    """The server, and a TLS front before it if the settings have a certificate.

    Raises:
        OSError, ValueError: the address is in use or unknown.
        SettingsError: the certificate cannot be used, or one of its settings is missing.
    """
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
    """A waitress server whose loop is run step by step, so that it can finish requests."""

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        metrics: Metrics | None = None,
        *,
        scheme: str = "http",
        most_connections: int = MOST_CONNECTIONS,
    ) -> None:
        """Start to listen; `scheme` is that of the URLs of clients.

        Raises:
            OSError, ValueError: the address is in use or unknown.
        """
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
                max_request_body_size=settings.max_body_bytes
                + 1,  # waitress also refuses the limit itself
                # An answer to a slow client is buffered in a file and holds no thread.
                outbuf_high_watermark=MOST_WAITING_BYTES,
                max_request_header_size=MOST_HEADER_BYTES,
                channel_request_lookahead=1,  # else a hang-up during a request is not noticed
                clear_untrusted_proxy_headers=True,
                trusted_proxy=settings.trusted_proxy or None,
                trusted_proxy_headers=PROXY_HEADERS if settings.trusted_proxy else (),
                url_prefix=settings.base_path,
                ident=None,
            ),
        )
        self._server.application = BelowPath(
            self._server.application, trusted_proxy=settings.trusted_proxy
        )
        self._server.metrics = metrics
        self._server.origins = settings.cors_origins

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.effective_port)

    @property
    def is_busy(self) -> bool:
        """Whether an answer is being made or sent."""
        return self._server.is_busy

    def run_until(self, is_over: Callable[[], bool]) -> None:
        """Serve until `is_over()` is true, which is checked after each turn of the loop."""
        while not is_over():
            wasyncore.loop(timeout=LOOP_TIMEOUT_S, use_poll=True, map=self._map, count=1)

    def refuse_connections(self) -> None:
        """Close the listening socket; open connections go on."""
        wasyncore.dispatcher.close(self._server)

    def close(self) -> None:
        """End the threads and close all connections."""
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)


class _Stop:
    """A flag that SIGTERM and SIGINT set."""

    def __init__(self) -> None:
        self.is_set = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._set)

    def _set(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True
