"""How calm: many pages at once, memory, what is left behind, and clients that hang up."""

from __future__ import annotations

import http.client
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TypeVar

from benchmarks.load import in_parallel, quantile, run_load
from benchmarks.pictures import draw, draw_all
from benchmarks.report import Section, Target
from benchmarks.servers import Server, our_server, post

T = TypeVar("T")

MIB = 1024 * 1024
CROWD = 32
LOOK_S = 0.05
HANG_UPS = 5
STEADY_CLIENTS = 8
MIXED = ("crop", "crop", "crop", "receipt", "crop", "frame", "crop", "crop", "crop", "page")


def crowd() -> Section:
    """Full pages from many clients at once: who is answered, and does the server stay alive."""
    pictures = draw_all("page")
    statuses: Counter[int] = Counter()
    honest: list[bool] = []
    answered_s: list[float] = []

    with our_server("pytesseract") as server:

        def send(number: int) -> None:
            begun = time.monotonic()
            answer = post(server.connect(), server.path, pictures[number % len(pictures)].data)
            statuses[answer.status] += 1
            answered_s.append(time.monotonic() - begun)
            honest.append(answer.status == 200 or answer.retry_after_s >= 1)

        def look_alive() -> float:
            begun = time.monotonic()
            connection = server.connect()
            connection.request("GET", "/livez")
            connection.getresponse().read()
            connection.close()
            return time.monotonic() - begun

        with _watching(look_alive) as alive_s, _watching(server.tesseracts) as running:
            in_parallel(partial(send, number) for number in range(CROWD))
    others = sum(count for status, count in statuses.items() if status not in {200, 429})
    rows = (
        ("answered 200", statuses[200]),
        ("answered 429 with Retry-After", statuses[429]),
        ("anything else, or without Retry-After", others + honest.count(False)),
        ("/livez, longest ms", 1000 * max(alive_s)),
        ("/livez, p99 ms", 1000 * quantile(alive_s, 0.99)),
        ("most tesseract processes", max(running)),
        ("last answer after s", max(answered_s)),
    )
    targets = (
        Target("32 pages: other answers than 200 and 429", others + honest.count(False), most=0),
        Target("32 pages: /livez, longest ms", 1000 * max(alive_s), most=100),
        Target("32 pages: most tesseract processes", max(running), most=2),
    )
    return Section("32 pages at once, 2 slots", ("", ""), rows, targets)


def memory(*, requests: int) -> Section:
    """What the process tree holds idle, under load, and after many requests."""
    with our_server("pytesseract") as server:
        idle = server.pss_bytes()
        pages = draw_all("page")
        with _watching(server.pss_bytes) as held:
            run_load(server, pages, clients=STEADY_CLIENTS, requests=3 * STEADY_CLIENTS)
        pictures = [draw(kind, seed=number) for number, kind in enumerate(MIXED)]
        after: dict[int, int] = {}
        for count in (100, requests):
            done = max(after, default=0)
            run_load(server, pictures, clients=2, requests=count - done, engine="tesserocr")
            after[count] = server.pss_bytes()
        left, zombies = len(server.left_behind()), server.zombies()
    grown = after[requests] / after[100]
    rows = (
        ("idle, MiB", idle / MIB),
        (f"{STEADY_CLIENTS} clients on full pages, most, MiB", max(held) / MIB),
        ("after 100 mixed requests, MiB", after[100] / MIB),
        (f"after {requests} mixed requests, MiB", after[requests] / MIB),
        ("files left behind", left),
        ("zombies", zombies),
    )
    targets = (
        Target("memory at 8 clients over idle, MiB", (max(held) - idle) / MIB, most=250),
        Target(f"memory after {requests} requests ÷ after 100", grown, most=1.05),
        Target("files and zombies left behind", left + zombies, most=0),
    )
    return Section("Memory of the process tree (PSS)", ("", ""), rows, targets)


def hang_up() -> Section:
    """Processor time spent for clients that have gone."""
    page = draw("page")
    spent = []
    with our_server("pytesseract") as server:
        post(server.connect(), server.path, page.data)  # nobody is measured cold
        for _ in range(HANG_UPS):
            connection = _begin(server, page.data)
            while not server.tesseracts():
                time.sleep(LOOK_S / 5)
            connection.close()
            before = server.cpu_s()
            time.sleep(2)
            spent.append(server.cpu_s() - before)
    target = Target("CPU after a hang-up, s", max(spent), most=0.3)
    rows = ((quantile(spent, 0.5), max(spent)),)
    return Section("After the client hung up", ("median CPU s", "most CPU s"), rows, (target,))


def _begin(server: Server, data: bytes) -> http.client.HTTPConnection:
    connection = server.connect()
    connection.request("POST", server.path, data, {"Content-Type": "application/octet-stream"})
    return connection


@contextmanager
def _watching(look: Callable[[], T]) -> Iterator[list[T]]:
    """What `look` sees again and again, for the length of a with-block."""
    seen: list[T] = []
    over = threading.Event()

    def watch() -> None:
        while not over.wait(LOOK_S):
            seen.append(look())

    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield seen
    finally:
        over.set()
        watcher.join()
