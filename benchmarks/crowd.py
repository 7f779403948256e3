"""Whether clients are served as quickly beside many connections that are idle or slow.

    python -m benchmarks.crowd [--idle 1000] [--slow 100] [--clients 8] [--requests 100]
                               [--rounds 4]

A server of its own reads drawn words for the clients, alone and beside the others in turn, so
that other work on the machine meets both alike. Idle connections send nothing. Slow ones send
headers or a body, a byte a second. Who is let go comes back after a second. In the end it prints
the ratio of the throughputs, and how long `/livez` took beside the others.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import resource
import selectors
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from benchmarks.load import Load, quantile, run_load
from benchmarks.pictures import draw_all
from benchmarks.servers import Server, our_server

BYTE_EVERY_S = 1.0
RETURN_AFTER_S = 1.0
LOOK_S = 0.2
PROBE_TIMEOUT_S = 5.0  # of the probes in deploy/
HEADERS = b"POST /v1/documents HTTP/1.1\r\nHost: localhost\r\nContent-Type: image/png\r\n"
BODY = HEADERS + b"Content-Length: 100000\r\n\r\n" + bytes(100_000)
ENDLESS_HEADERS = HEADERS + b"".join(b"X-%d: %d\r\n" % (n, n) for n in range(2000))


@dataclass(slots=True)
class Stranger:
    """A connection that is not honest: what it sends, byte after byte; nothing if it is idle."""

    sends: bytes = b""
    sent: int = 0
    next_s: float = 0.0
    connection: socket.socket | None = field(default=None)


@contextmanager
def crowd(port: int, *, idle: int, slow: int) -> Iterator[None]:
    """Strangers in a process of their own, for the length of a with-block."""
    strangers = multiprocessing.get_context("spawn").Process(
        target=be_many, args=(port, idle, slow), daemon=True
    )
    strangers.start()
    time.sleep(3)  # until all are there
    try:
        yield
    finally:
        strangers.kill()
        strangers.join()


def be_many(port: int, idle: int, slow: int) -> None:
    """Keep so many idle and slow connections, until the process is killed."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, idle + slow + 100), hard))
    kinds = [b""] * idle + [(BODY, ENDLESS_HEADERS)[number % 2] for number in range(slow)]
    strangers = [Stranger(sends) for sends in kinds]
    selector = selectors.DefaultSelector()
    while True:
        now_s = time.monotonic()
        for stranger in strangers:
            if now_s >= stranger.next_s:
                _go_on(stranger, port, selector, now_s)
        for key, _ in selector.select(timeout=0.05):
            with suppress(OSError):
                if key.fileobj.recv(65536):  # type: ignore[union-attr]  # it is a socket
                    continue
            _leave(key.data, selector, now_s)


def _go_on(stranger: Stranger, port: int, selector: selectors.BaseSelector, now_s: float) -> None:
    stranger.next_s = now_s + BYTE_EVERY_S if stranger.sends else math.inf
    try:
        if stranger.connection is None:
            stranger.connection = socket.create_connection(("127.0.0.1", port), PROBE_TIMEOUT_S)
            stranger.connection.settimeout(0)
            # The headers of a body come at once.
            stranger.sent = stranger.sends.find(b"\r\n\r\n") + 4 if stranger.sends == BODY else 1
            stranger.connection.send(stranger.sends[: stranger.sent])
            selector.register(stranger.connection, selectors.EVENT_READ, stranger)
        else:
            stranger.connection.send(stranger.sends[stranger.sent : stranger.sent + 1])
            stranger.sent += 1
    except OSError:
        _leave(stranger, selector, now_s)


def _leave(stranger: Stranger, selector: selectors.BaseSelector, now_s: float) -> None:
    if stranger.connection is not None:
        with suppress(KeyError):
            selector.unregister(stranger.connection)
        stranger.connection.close()
    stranger.connection, stranger.next_s = None, now_s + RETURN_AFTER_S


def probe(server: Server, over: threading.Event, took_s: list[float]) -> None:
    """Ask `/livez` again and again; one that is not answered counts as infinitely long."""
    while not over.wait(LOOK_S):
        begun_s = time.monotonic()
        connection = server.connect()
        connection.timeout = PROBE_TIMEOUT_S
        try:
            connection.request("GET", "/livez")
            is_alive = connection.getresponse().status == 200
        except OSError:
            is_alive = False
        connection.close()
        took_s.append(time.monotonic() - begun_s if is_alive else math.inf)


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("idle", 1000), ("slow", 100), ("clients", 8), ("requests", 100),
                          ("rounds", 4)):  # fmt: skip
        parser.add_argument(f"--{name}", type=int, default=default)
    given = parser.parse_args(arguments)
    pictures = draw_all("crop")
    alone, beside = Load(), Load()
    alive_s: list[float] = []
    with our_server("pytesseract") as server:

        def measure(load: Load) -> None:
            load.add(run_load(server, pictures, clients=given.clients, requests=given.requests))

        run_load(server, pictures, clients=given.clients, requests=given.clients)  # nobody cold
        for _ in range(given.rounds):
            measure(alone)
            over = threading.Event()
            watcher = threading.Thread(target=probe, args=(server, over, alive_s))
            with crowd(server.port, idle=given.idle, slow=given.slow):
                watcher.start()
                measure(beside)
                over.set()
                watcher.join()
    print(f"alone   {alone.per_s:.2f} pictures a second, median {alone.quantile_s(0.5):.3f} s")
    print(f"beside  {beside.per_s:.2f} pictures a second, median {beside.quantile_s(0.5):.3f} s")
    print(f"ratio   {beside.per_s / alone.per_s:.3f}")
    print(
        f"/livez  {len(alive_s)} asked, {alive_s.count(math.inf)} without an answer, "
        f"p99 {quantile(alive_s, 0.99):.3f} s, longest {max(alive_s):.3f} s"
    )


if __name__ == "__main__":
    main()
