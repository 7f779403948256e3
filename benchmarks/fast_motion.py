"""Whether a day of jobs in fast motion loses nothing and leaves nothing.

    python -m benchmarks.fast_motion [--seconds 600] [--postgres]

Clients make one job after the other, cancel some, and fetch the text of the others, while a server
takes jobs in and two workers read them. Every few seconds one of the three is killed with all its
processes, or stands still, the clock jumps by ten seconds, the disk is full, or, with `--postgres`,
the database is killed and started again. Jobs are kept for half a minute. In the end each job must
have been read whole or been cancelled, and no files or rows may be left.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import psutil
import sqlalchemy as sa

from benchmarks.faults import FULL_S, WITH_CLOCK
from benchmarks.job_place import LOOK_S, Place, document, kill
from benchmarks.servers import Server, form_of

KEEP_S, CLOCK_S, STOPPED_S, PAUSE_S = 30, 10, 12.0, 4.0
ORPHANS_S = 700  # so far is the clock ahead in the end: what belongs to no job is swept by its age
SETTLE_S, BOUND_S = 120.0, 300.0
CLIENTS, MOST_PAGES = 3, 8
CANCELLED = 5  # every fifth job
TRY_AGAIN = {429, 503, 507}


class Site:
    """A server, two workers, and perhaps a database: what becomes of them."""

    def __init__(self, place: Place, stack: ExitStack, database: Any) -> None:  # noqa: ANN401  # of tests
        self._place, self._stack, self._database = place, stack, database
        self._chance = random.Random(1)  # noqa: S311  # drawn, not secret
        self._clock = place.files.parent / "clock"
        self._clock.write_text("0")
        self.done = Counter[str]()
        self.processes = [self._start(number) for number in range(3)]

    @property
    def server(self) -> Server:
        """The one that takes jobs in."""
        return self.processes[0]

    def trouble(self) -> None:
        """Do one thing that happens in a day."""
        causes: list[Callable[[], None]] = [
            self._kill_one, self._stop_one, self._set_clock, self._fill_disk, self._kill_one,
        ]  # fmt: skip
        if self._database:
            causes.append(self._restart_database)
        cause = self._chance.choice(causes)
        self.done[cause.__name__.strip("_").replace("_", " ")] += 1
        cause()

    def calm(self) -> None:
        """Kill the server, and start one whose clock is so far ahead that orphans are swept."""
        self._clock.write_text(str(ORPHANS_S))
        kill(self.server)
        self.processes[0] = self._start(0)

    def _start(self, number: int) -> Server:
        slots = "0" if number == 0 else "1"
        starting = self._place.start(
            "serve" if number == 0 else "work",
            start=[sys.executable, "-c", WITH_CLOCK, str(self._clock)],
            OCR_JOBS_SLOTS=slots, OCR_JOBS_KEEP_S=str(KEEP_S),
        )  # fmt: skip
        return self._stack.enter_context(starting)

    def _kill_one(self) -> None:
        number = self._chance.randrange(len(self.processes))
        kill(self.processes[number])
        self.processes[number] = self._start(number)

    def _stop_one(self) -> None:
        """As a machine that swaps, longer than others wait for it."""
        worker = self.processes[self._chance.randrange(1, 3)]
        for process in worker.tree():
            process.suspend()
        time.sleep(STOPPED_S)
        for process in worker.tree():
            process.resume()

    def _set_clock(self) -> None:
        self._clock.write_text(str(self._chance.choice((-CLOCK_S, 0, CLOCK_S))))

    def _fill_disk(self) -> None:
        """Let no process make a file longer than a few bytes, for a while."""
        for most_bytes in (10, -1):
            for one in self.processes:
                for process in one.tree():
                    with suppress(psutil.NoSuchProcess):
                        process.rlimit(psutil.RLIMIT_FSIZE, (most_bytes, -1))
            time.sleep(FULL_S if most_bytes > 0 else 0)

    def _restart_database(self) -> None:
        self._database.kill()
        time.sleep(self._chance.uniform(0.0, 3.0))
        self._database.start()


class Client:
    """Makes jobs until it is told to stop, and notes what became of each."""

    def __init__(self, site: Site, number: int, is_over: threading.Event) -> None:
        self._site, self._is_over = site, is_over
        self._chance = random.Random(number)  # noqa: S311  # drawn, not secret
        self.outcomes = Counter[str]()
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        while not self._is_over.is_set():
            self.outcomes[self._one_job(self._chance.randint(1, MOST_PAGES))] += 1

    def _one_job(self, pages: int) -> str:
        key = {"Idempotency-Key": uuid4().hex}
        status, made = self._ask("POST", "/v1/jobs", document(pages), key)
        if status != http.client.ACCEPTED:
            return f"not taken in: {status} {made.get('code')}"
        address = made["links"]["self"]
        if self._chance.randrange(CANCELLED) == 0:
            status, _ = self._ask("DELETE", address)
            return "cancelled" if status in {204, 410} else f"not cancelled: {status}"
        ends_s = time.monotonic() + BOUND_S
        job: dict[str, Any] = {"expires_at": None}
        while not job["expires_at"]:
            if time.monotonic() > ends_s:
                return f"not read after {BOUND_S:.0f} s"
            status, job = self._ask("GET", f"{address}?wait_s=2")
            if status != http.client.OK:
                return f"lost: {status} {job.get('code')}"
        if job["pages"] != {"total": pages, "read": pages, "failed": 0}:
            return f"not read whole: {job['state']} {job['pages']}"
        status, _ = self._ask("GET", f"{address}/document?format=json&detail=page")
        return "read" if status == http.client.OK else f"no document: {status}"

    def _ask(
        self, method: str, path: str, data: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """The status, and the members of the JSON; asked again while nobody can answer."""
        body, kind = form_of(data) if data else (None, {})
        ends_s = time.monotonic() + BOUND_S
        status, answer = 0, dict[str, Any]()
        while time.monotonic() < ends_s:
            with suppress(OSError, http.client.HTTPException):
                with closing(self._site.server.connect()) as connection:
                    connection.request(method, path, body, {**kind, **(headers or {})})
                    response = connection.getresponse()
                    status, content = response.status, response.read()
                answer = json.loads(content or b"{}")
                if status not in TRY_AGAIN:
                    break
            time.sleep(LOOK_S)
        return status, answer


def left_in(place: Place) -> dict[str, int]:
    """What is kept: folders, jobs that are not forgotten, and workflows of the engine."""
    address = place.settings["OCR_JOBS"]
    is_folder = "://" not in address
    url = f"sqlite:///{address}/jobs.sqlite" if is_folder else address.replace("://", "+psycopg://")
    schema = "" if is_folder else "dbos."
    database = sa.create_engine(url)
    counted = {
        "jobs": "SELECT count(*) FROM ocr_jobs WHERE state <> 'gone'",
        "workflows": f"SELECT count(*) FROM {schema}workflow_status",  # noqa: S608  # our own
    }
    with database.connect() as connection:
        rows = {name: int(connection.execute(sa.text(text)).scalar_one())
                for name, text in counted.items()}  # fmt: skip
    database.dispose()
    return {"folders": len(list(place.files.iterdir())), **rows}


@contextmanager
def database_in(folder: Path) -> Iterator[Any]:
    """A PostgreSQL of its own."""
    from tests.postgres import Postgres  # noqa: PLC0415  # as the tests have it

    folder.mkdir()
    database = Postgres(folder)
    try:
        yield database
    finally:
        database.stop()


def main(arguments: Sequence[str] | None = None) -> int:
    """Endure, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--postgres", action="store_true", help="with a database that is killed")
    asked = parser.parse_args(arguments)
    is_over, outcomes = threading.Event(), Counter[str]()
    with tempfile.TemporaryDirectory(prefix="day-") as name, ExitStack() as stack:
        folder = Path(name)
        database = None
        if asked.postgres:
            folder.chmod(0o755)  # the database has a user of its own
            database = stack.enter_context(database_in(folder / "database"))
        place = Place(folder, database.address if database else "")
        site = Site(place, stack, database)
        clients = [Client(site, number, is_over) for number in range(CLIENTS)]
        ends_s = time.monotonic() + asked.seconds
        while time.monotonic() < ends_s:
            time.sleep(PAUSE_S)
            site.trouble()
        is_over.set()
        for client in clients:
            client.thread.join()
            outcomes += client.outcomes
        site.calm()
        ends_s = time.monotonic() + SETTLE_S
        while any((left := left_in(place)).values()) and time.monotonic() < ends_s:
            time.sleep(1.0)
    print("trouble:", ", ".join(f"{count} × {cause}" for cause, count in site.done.most_common()))
    print("jobs:", ", ".join(f"{count} × {one}" for one, count in outcomes.most_common()))
    print("left:", ", ".join(f"{count} {one}" for one, count in left.items()))
    return 1 if any(left.values()) or set(outcomes) - {"read", "cancelled"} else 0


if __name__ == "__main__":
    sys.exit(main())
