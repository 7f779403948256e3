"""Clients that send picture after picture, and what they had to wait."""

from __future__ import annotations

import http.client
import math
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

from benchmarks.pictures import Picture
from benchmarks.servers import Server, post

Reader = Callable[[Picture], str]


@dataclass(slots=True)
class Load:
    """What some requests took; several runs of the same add up."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    latencies_s: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def per_s(self) -> float:
        """Answers a second."""
        return len(self.latencies_s) / self.seconds if self.seconds else 0.0

    @property
    def cpu_each_s(self) -> float:
        """Processor seconds an answer."""
        return self.cpu_s / len(self.latencies_s) if self.latencies_s else 0.0

    @property
    def retries(self) -> int:
        """How often a client was asked to come again."""
        return self.statuses[http.client.TOO_MANY_REQUESTS]

    def quantile_s(self, share: float) -> float:
        """The latency that this share of the answers did not exceed."""
        return quantile(self.latencies_s, share)

    def add(self, other: Load) -> None:
        """Count another run of the same in."""
        self.seconds += other.seconds
        self.cpu_s += other.cpu_s
        self.latencies_s += other.latencies_s
        self.statuses += other.statuses


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    if not values:
        return math.nan
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def ratio_of_medians(ours: Sequence[float], theirs: Sequence[float]) -> float:
    """How much of their time we take."""
    return statistics.median(ours) / statistics.median(theirs)


def run_load(
    server: Server, pictures: Sequence[Picture], *, clients: int, requests: int, **fields: str
) -> Load:
    """Each client sends the next picture as soon as it has its answer; 429 makes it wait.

    A latency is that from the first try to the answer, waits included.
    """
    load, lock = Load(), threading.Lock()
    waiting = iter(range(requests))

    def send() -> None:
        connection = server.connect()
        while True:
            with lock:
                number = next(waiting, None)
            if number is None:
                return
            begun = time.monotonic()
            statuses = _send(connection, server, pictures[number % len(pictures)], fields)
            with lock:
                load.latencies_s.append(time.monotonic() - begun)
                load.statuses.update(statuses)

    cpu_s, begun = server.cpu_s(), time.monotonic()
    in_parallel(send for _ in range(clients))
    load.seconds, load.cpu_s = time.monotonic() - begun, server.cpu_s() - cpu_s
    return load


def in_parallel(calls: Iterable[Callable[[], None]]) -> None:
    """Each in a thread of its own, until all have ended."""
    threads = [threading.Thread(target=call) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _send(
    connection: http.client.HTTPConnection, server: Server, picture: Picture, fields: dict[str, str]
) -> list[int]:
    statuses: list[int] = []
    while True:
        answer = post(connection, server.path, picture.data, **fields)
        statuses.append(answer.status)
        if answer.status != http.client.TOO_MANY_REQUESTS:
            if answer.status != http.client.OK:
                raise SystemExit(f"{server.name} answered {answer.status}: {answer.body[:300]!r}")
            return statuses
        time.sleep(answer.retry_after_s)
