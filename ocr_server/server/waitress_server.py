"""The WSGI server: waitress, one process with threads.

It was compared with gunicorn's threads. waitress reads requests in its own loop, so that slow
uploads and idle connections hold no thread, and it tells when a client has hung up.
"""

from __future__ import annotations

import gc
import logging
import re
import resource
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.adjustments import Adjustments

from ocr_server.app import create_app
from ocr_server.browser_safety import served_names
from ocr_server.errors import AddressUnavailable, ServerOutOfMemory, SettingsError
from ocr_server.metrics import Metrics
from ocr_server.runtime.confinement import hide_memory
from ocr_server.runtime.memory_plan import limit_server_memory
from ocr_server.server.listener import HEADERS_ONLY, LAST_BYTES_S, Address, Gate, HttpListener
from ocr_server.server.request_parser import PACE, SMALL_BYTES, Pace
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from ocr_server.web.gate import most_bytes, refusal_of

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

    from ocr_server.server.tls_front import TlsFront

MOST_CONNECTIONS = 1000
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
STACK_BYTES = 2 * 2**20  # of a thread; the usual 8 MiB count as memory that is held
# How long a thread keeps the interpreter lock from those that wait for it. An answer to /livez
# takes it several times: with the usual 5 ms the longest took 0.8 to 1.0 s beside pages of 4,800
# words on a loaded machine, with 1 ms 0.3 to 0.4; the pages took no more processor time.
SWITCH_S = 0.001
LOOP_TIMEOUT_S = 0.2  # longest wait for events in one turn of the loop
LOOK_AT_TIME_S = 0.5  # how often clients are looked at that may be too slow

# A path that is written as it is: no dot segments, no escapes, no two slashes in a row, which a
# browser would take for the name of a host.
PREFIX = re.compile(r"(?:/(?!\.{1,2}(?:/|$))[\w.~@:+-]+)+", re.ASCII)

log = logging.getLogger(__name__)


class BelowPath:
    """An application that knows the path below which browsers see it.

    That is `SCRIPT_NAME`, from which Flask makes addresses: as waitress set it from OCR_BASE_PATH,
    or as `X-Forwarded-Prefix` of the trusted proxy says. It stands outside of what replaces the
    proxy's address by the client's.
    """

    def __init__(self, application: WSGIApplication, trusted_proxy: str) -> None:
        self._application, self._trusted_proxy = application, trusted_proxy

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        given = environ.pop("HTTP_X_FORWARDED_PREFIX", "").strip().rstrip("/")
        if self._trusted_proxy in {"*", environ["REMOTE_ADDR"]} and PREFIX.fullmatch(given):
            environ["SCRIPT_NAME"] = given
        if not environ["PATH_INFO"] and environ["REQUEST_METHOD"] in {"GET", "HEAD"}:
            # `/ocr`: addresses relative to it would not be below it, those relative to `/ocr/` are.
            query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
            location = f"{environ['SCRIPT_NAME']}/{query}"
            start_response("308 Permanent Redirect", [("Location", location)])
            return []
        return self._application(environ, start_response)


def run(settings: Settings, *, is_worker: bool = False) -> None:
    """Serve until SIGTERM or SIGINT, finish the admitted requests, and return.

    A server that `is_worker` reads the pages of jobs (`app.create_app`).

    Raises:
        AddressUnavailable: the address is in use, or not of this machine.
        ServerOutOfMemory: there is too little memory for the threads of the server.
        SettingsError: certificate or key is missing or wrong.
        StorageFull: the temporary folder cannot be written to.
    """
    threading.stack_size(STACK_BYTES)
    sys.setswitchinterval(SWITCH_S)
    app = create_app(settings, is_worker=is_worker)
    here = service_of(app)
    settings = here.settings  # as they fit the memory
    try:
        hide_memory()  # keys are in it, and workers have the same user
    except OSError as error:
        log.warning("worker processes could read the memory of the server: %s", error)
    tempfile.tempdir = str(here.scratch.folder)  # large uploads are buffered there
    files = _allow_files()
    gc.freeze()  # else the collector scans all imported objects, which held up requests for 50 ms
    try:
        gate = partial(refusal_of, app)
        server, front = _listen(app, gate, settings, here.metrics, files=files)
        here.watch()
    except BaseException as error:
        here.close()
        if isinstance(error, OSError | ValueError):  # waitress says the latter of an unknown host
            how = "Set OCR_HOST and OCR_PORT, or --host and --port, to another address."
            raise AddressUnavailable.of(settings.host, settings.port, error, how=how) from error
        if isinstance(error, MemoryError | RuntimeError):  # the latter of threads
            raise ServerOutOfMemory.at_start() from error
        raise
    stop = _Stop()
    scheme, port = ("https", front.port) if front else ("http", server.port)
    log.info("listening on %s://%s:%d", scheme, settings.host, port)
    limit_server_memory(settings)
    try:
        server.run_until(lambda: stop.is_set)
        here.is_ending.set()
        log.info("shutting down, %d requests to finish", here.admission.inside)
        ends_s = time.monotonic() + settings.timeout_s
        here.admission.drain(0)
        if front:
            front.refuse_connections()
        server.drain()
        server.run_until(lambda: here.admission.drain(0) or time.monotonic() > ends_s)
        ends_s += LAST_BYTES_S
        server.run_until(lambda: not server.has_connections or time.monotonic() > ends_s)
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
    app: WSGIApplication, gate: Gate, settings: Settings, metrics: Metrics, *, files: int
) -> tuple[Server, TlsFront | None]:
    """The server, and a TLS front before it if the settings have a certificate.

    Raises:
        OSError, ValueError: the address is in use or unknown.
        SettingsError: the certificate cannot be used, or one of its settings is missing.
    """
    if not (settings.tls_cert or settings.tls_key):
        most = most_connections(files, each=FILES_EACH)
        return Server(app, settings, metrics, gate=gate, most_connections=most), None
    if not (settings.tls_cert and settings.tls_key):
        raise SettingsError("OCR_TLS_CERT and OCR_TLS_KEY are needed together; one is missing.")
    # It brings asyncio, which takes time at the start.
    from ocr_server.server.tls_front import (  # noqa: PLC0415
        HANDSHAKES,
        TlsFront,
        read_certificate,
    )

    context = read_certificate(Path(settings.tls_cert), Path(settings.tls_key))
    most = most_connections(files, each=FILES_EACH_TLS)
    server = Server(app, settings, metrics, gate=gate, most_connections=most, is_behind_tls=True)
    return server, TlsFront(
        host=settings.host,
        port=settings.port,
        inside_port=server.port,
        peers=server.peers,
        context=context,
        most_connections=most + HANDSHAKES,
    )


class Server:
    """A waitress server whose loop is run step by step, so that it can finish requests."""

    def __init__(
        self,
        app: WSGIApplication,
        settings: Settings,
        metrics: Metrics | None = None,
        *,
        gate: Gate = lambda _: None,
        most_connections: int = MOST_CONNECTIONS,
        is_behind_tls: bool = False,
        pace: Pace = PACE,
    ) -> None:
        """Start to listen, on a free port of loopback if it `is_behind_tls`.

        `gate` says why a request is refused before its body is there.

        Raises:
            OSError, ValueError: the address is in use or unknown.
        """
        self._map: dict[int, Any] = {}  # waitress's sockets, without types
        self._look_s = 0.0
        self._server = HttpListener(
            partial(_ask_first, gate, app),
            map=self._map,
            adj=Adjustments(
                host="127.0.0.1" if is_behind_tls else settings.host,
                port=0 if is_behind_tls else settings.port,
                url_scheme="https" if is_behind_tls else "http",
                threads=settings.slots + settings.waiting + SPARE_THREADS,
                connection_limit=most_connections,
                recv_bytes=RECEIVED_BYTES,
                inbuf_overflow=SMALL_BYTES,  # more of a body is written to the disk
                max_request_body_size=most_bytes(settings) + 1,  # waitress refuses the limit, too
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
        self._server.names = served_names(settings.host, settings.hosts)
        self._server.most_per_address = settings.max_connections_per_address
        self._server.pace = pace
        self.peers: dict[Address, Address] = {}
        """clients of the TLS front, by the address from which it hands them on"""
        if is_behind_tls:
            self._server.peers = self.peers

    @property
    def port(self) -> int:
        """The port it listens on."""
        return int(self._server.effective_port)

    @property
    def has_connections(self) -> bool:
        """Whether any connection is open."""
        return bool(self._server.active_channels)

    def run_until(self, is_over: Callable[[], bool]) -> None:
        """Serve until `is_over()` is true, which is checked after each turn of the loop."""
        while not is_over():
            wasyncore.loop(timeout=LOOP_TIMEOUT_S, use_poll=True, map=self._map, count=1)
            now_s = time.monotonic()
            if now_s >= self._look_s:
                self._look_s = now_s + LOOK_AT_TIME_S
                self._server.look_at_time(now_s)

    def drain(self) -> None:
        """Close the listening socket; open connections end with their next answer."""
        self._server.drain()

    def close(self) -> None:
        """End the threads and close all connections."""
        self._server.task_dispatcher.shutdown()
        wasyncore.close_all(self._map)


def _ask_first(
    gate: Gate, app: WSGIApplication, environ: WSGIEnvironment, start_response: StartResponse
) -> Iterable[bytes]:
    """The application; while only the headers are there, the gate takes its place.

    It stands inside of what replaces the proxy's address by the client's.
    """
    if HEADERS_ONLY in environ:
        environ[HEADERS_ONLY].append(gate(environ))
        return []
    return app(environ, start_response)


class _Stop:
    """A flag that SIGTERM and SIGINT set."""

    def __init__(self) -> None:
        self.is_set = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._set)

    def _set(self, _number: int, _frame: FrameType | None) -> None:
        self.is_set = True
