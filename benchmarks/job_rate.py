"""How fast a job is read, beside a request to a server without jobs, and what its engine costs.

And what is seen of a long one while it is read: its first page, how far it is, the memory it takes.
"""

from __future__ import annotations

import http.client
import json
import statistics
import time
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field

import psutil

from benchmarks.job_place import ENGINE, MIB, Place, document, look, submit
from benchmarks.servers import Server, our_server, post

SLOTS = "2"
LOOK_S = 0.2
ASK_S = 5.0  # between looks how far a job is, which cost the server milliseconds
LONG_PAGES = 1000
SHARES = (0.1, 0.5, 1.0)  # of the pages, when the memory is noted


@dataclass(slots=True)
class Cost:
    """Of pages that were read: seconds, and seconds of processor.

    `server_s` is that of the process that answers and holds the engine of jobs, `all_s` that of all
    processes, recognition included, `database_s` that of PostgreSQL.
    """

    pages: int
    took_s: float
    server_s: float
    all_s: float
    database_s: float


@dataclass(slots=True)
class Watch:
    """What was seen while jobs were read."""

    place: Place
    server: Server
    total: int  # pages of all jobs
    first_s: float = 0.0  # until the first page of the last job was answered
    memory: list[int] = field(default_factory=list)
    looks: int = 0
    faults: int = 0
    done: int = 0

    def read(self, data: bytes, first: int, last: int) -> None:
        """Have pages read as a job, and wait for them."""
        begun_s = time.time()
        job_id, asked_s = submit(self.server, data, pages=f"{first}-{last}"), begun_s
        while "page" not in look(self.server, f"/v1/jobs/{job_id}/pages/{first}"):
            time.sleep(LOOK_S)
        self.first_s = time.time() - begun_s
        while (settled := self.place.settled(job_id)) < last - first + 1:
            self._weigh(self.done + settled)
            if time.time() - asked_s > ASK_S:
                asked_s = time.time()
                self._look(job_id)
            time.sleep(LOOK_S)
        self.done += last - first + 1
        self._weigh(self.done)
        while not look(self.server, f"/v1/jobs/{job_id}")["expires_at"]:
            time.sleep(LOOK_S)

    def _weigh(self, read: int) -> None:
        if len(self.memory) < len(SHARES) and read >= SHARES[len(self.memory)] * self.total:
            self.memory.append(self.server.process.memory_info().rss)

    def _look(self, job_id: str) -> None:
        before = self.place.settled(job_id)
        status = look(self.server, f"/v1/jobs/{job_id}")
        after = self.place.settled(job_id)
        told = status["pages"]["read"] + status["pages"]["failed"]
        self.looks += 1
        self.faults += not (before <= told <= after and status["position"] in {0, None})


def rate(place: Place, *, pages: int, rounds: int) -> None:
    """Print the pages a second of jobs and of requests, and what their processes cost."""
    data = document(pages, "receipt")
    settings = {
        "OCR_SLOTS": SLOTS, "OCR_JOBS_SLOTS": SLOTS, "OCR_MAX_PAGES": str(pages),
        "OCR_MAX_BODY_BYTES": str(len(data) + MIB), "OCR_TIMEOUT_S": "7200",
    }  # fmt: skip
    jobs, requests = list[Cost](), list[Cost]()
    with place.start(**settings) as server, our_server(ENGINE, **settings) as other:
        _ask(other, data, 1, 1)  # both take the document, and have loaded all
        Watch(place, server, 1).read(data, 1, 1)
        watch = Watch(place, server, pages)
        for number in range(rounds):
            first, last = pages * number // rounds + 1, pages * (number + 1) // rounds
            for is_job in (number % 2 == 0, number % 2 == 1):  # by turns who begins
                used = server if is_job else other
                before, begun_s = _cpu_s(used), time.monotonic()
                if is_job:
                    watch.read(data, first, last)
                else:
                    _ask(other, data, first, last)
                took_s, now = time.monotonic() - begun_s, _cpu_s(used)
                spent = (after - earlier for after, earlier in zip(now, before, strict=True))
                cost = Cost(last - first + 1, took_s, *spent)
                (jobs if is_job else requests).append(cost)
            _print_round(number + 1, jobs[-1], requests[-1])
    ratio = sum(one.took_s for one in requests) / sum(one.took_s for one in jobs)
    middle = statistics.median(
        request.took_s / job.took_s for job, request in zip(jobs, requests, strict=True)
    )
    server_ms, all_ms, database_ms = map(_per_page(jobs), ("server_s", "all_s", "database_s"))
    request_ms, request_all_ms, _ = map(_per_page(requests), ("server_s", "all_s", "database_s"))
    print(f"rate: {pages} pages, {SLOTS} slots: jobs {ratio:.3f} times as fast as requests, "
          f"median of the rounds {middle:.3f}")  # fmt: skip
    print(f"rate: processor of the server process {server_ms:.1f} ms a page of jobs, "
          f"{request_ms:.1f} of requests, of the database {database_ms:.1f}: "
          f"{server_ms + database_ms - request_ms:.1f} ms for the engine; of all processes "
          f"{all_ms:.0f} and {request_all_ms:.0f}", flush=True)  # fmt: skip


def long(place: Place, pages: int = LONG_PAGES) -> None:
    """Print what is seen of a job of many short pages while it is read."""
    data = document(pages)
    settings = {"OCR_SLOTS": SLOTS, "OCR_JOBS_SLOTS": SLOTS}
    with place.start(**settings, OCR_MAX_BODY_BYTES=str(len(data) + MIB)) as server:
        Watch(place, server, 1).read(data, 1, 1)  # all is loaded
        idle, watch = server.process.memory_info().rss, Watch(place, server, pages)
        begun_s = time.monotonic()
        watch.read(data, 1, pages)
    shares = ", ".join(f"{(one - idle) / MIB:+.0f}" for one in watch.memory)
    print(f"long: {pages} pages in {time.monotonic() - begun_s:.0f} s, the first answered after "
          f"{watch.first_s:.1f} s; progress or position wrong in {watch.faults} of {watch.looks} "
          f"looks; memory of the server process {shares} MiB after 10, 50 and 100 % of the pages",
          flush=True)  # fmt: skip


def _per_page(costs: list[Cost]) -> Callable[[str], float]:
    """Milliseconds of a kind for each page."""
    pages = sum(one.pages for one in costs)
    return lambda name: 1000 * sum(getattr(one, name) for one in costs) / pages


def _print_round(number: int, job: Cost, request: Cost) -> None:
    print(f"rate: round {number}: job {job.pages / job.took_s:.2f} pages/s, request "
          f"{request.pages / request.took_s:.2f} ({request.took_s / job.took_s:.3f}); server "
          f"process {1000 * job.server_s / job.pages:.1f} ms a page, request "
          f"{1000 * request.server_s / request.pages:.1f}", flush=True)  # fmt: skip


def _ask(server: Server, data: bytes, first: int, last: int) -> None:
    """Have pages read by a request."""
    with closing(server.connect()) as connection:
        connection.timeout = 7200
        pages = f"{first}-{last}"
        answer = post(connection, "/v1/documents", data, detail="page", pages=pages)
    if answer.status != http.client.OK:
        raise SystemExit(answer.body.decode())
    if problems := json.loads(answer.body)["problems"]:
        raise SystemExit(f"a request has not read all pages: {problems[0]}")


def _cpu_s(server: Server) -> tuple[float, float, float]:
    """Processor time so far: of the server process, of all, and of any PostgreSQL here."""
    database_s = 0.0
    for process in psutil.process_iter(["name"]):
        with suppress(psutil.NoSuchProcess):
            if process.info["name"] == "postgres":
                database_s += sum(process.cpu_times()[:4])
    return sum(server.process.cpu_times()[:2]), server.cpu_s(), database_s
