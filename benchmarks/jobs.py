"""Whether durable jobs lose nothing, keep pace and leave nothing.

    python -m benchmarks.jobs [PART …] [--pages 400] [--rounds 2] [--jobs postgresql://…]

- storm: a server and three workers, one of which is killed after every few pages, with all its
  processes, twelve times in all, and started again.
- restart: all processes of one machine are killed, and started again.
- takeover: one of two workers is killed in a page, with all its processes, and does not come back.
- rate: a PDF as jobs and as requests, some pages each by turns, and what the engine costs a page.
- long: a PDF of 1,000 short pages: how soon the first is answered, progress, position and memory.
- fair: jobs of one page behind one of 600.
- expiry: jobs that are kept for a second, one after the other; then what is left.
- formats: a document of 2,000 pages in each format, and the memory that it takes. Its six pictures
  are read once, and that is kept for all pages that show them.

Jobs are kept in a new folder, or in the database that `--jobs` names.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path

from benchmarks.job_place import (
    BOUND_S,
    LOOK_S,
    MIB,
    PICTURES,
    Place,
    document,
    ended,
    kill,
    look,
    submit,
    wait_for_pages,
    weighed,
)
from benchmarks.job_rate import long, rate
from benchmarks.servers import Server
from ocr_server.jobs.files import AllJobFiles, JobPage, content_of
from ocr_server.jobs.storage import LocalFolder

KILLS, PAGES_BETWEEN_KILLS = 12, 4
STORM_PAGES, FAIR_PAGES, LONG_PAGES = 60, 600, 2000
FAIR_TIMES, RESTARTS = 8, 3
FORMATS_OF_LONG = ("text", "json", "docx", "pdf")
ASK_S = 2.0  # how far a job is; asking costs the server milliseconds


def storm(place: Place) -> None:
    """Print what is lost and read again while workers are killed."""
    chance, kills = random.Random(7), 0  # noqa: S311  # no secret
    with ExitStack() as stack, place.start(OCR_JOBS_SLOTS="0") as server:
        workers = [stack.enter_context(place.start("work")) for _ in range(3)]
        job_id = submit(server, document(STORM_PAGES, "receipt"))
        begun_s = time.monotonic()

        def strike() -> None:
            nonlocal kills
            if kills < KILLS and place.settled(job_id) >= (kills + 1) * PAGES_BETWEEN_KILLS:
                number = chance.randrange(len(workers))
                kill(workers[number])
                kills += 1
                workers[number] = stack.enter_context(place.start("work"))

        pages = ended(server, job_id, strike)["pages"]
        times = place.times_begun(job_id)
    print(f"storm: {pages['total']} pages, {kills} kills: {pages['read']} read, "
          f"{pages['failed']} failed, {sum(times) - len(times)} begun again, "
          f"{sum(one > 2 for one in times)} more than twice, "
          f"{time.monotonic() - begun_s:.0f} s")  # fmt: skip


def fair(place: Place) -> None:
    """Print how long one page waits behind 600, in times of a page, again and again."""
    with place.start(OCR_JOBS_SLOTS="0") as server, place.start("work"), place.start("work"):
        long, short = submit(server, document(FAIR_PAGES, "receipt")), document(1, "receipt")
        wait_for_pages(place, long, 10)
        chance, waited = random.Random(5), list[float]()  # noqa: S311  # no secret
        for _ in range(FAIR_TIMES):
            time.sleep(chance.uniform(1.0, 4.0))
            begun_s = time.time()
            job_id = submit(server, short)
            ended(server, job_id)
            waited.append(place.page_times_s(job_id)[-1] - begun_s)
        times = place.page_times_s(long)
        read = len(times) - 1 + FAIR_TIMES
        page_s = 2 * (times[-1] - times[0]) / read  # by two workers
        look(server, f"/v1/jobs/{long}", "DELETE")
    times_of_a_page = ", ".join(f"{one / page_s:.1f}" for one in sorted(waited))
    print(f"fair: one page behind {FAIR_PAGES} is read after {times_of_a_page} times the "
          f"{page_s:.1f} s of a page", flush=True)  # fmt: skip


def restart(place: Place) -> None:
    """Print how soon a page is begun again after all processes were killed at once."""
    slots = {"OCR_SLOTS": "2", "OCR_JOBS_SLOTS": "2"}
    with ExitStack() as stack:
        server = stack.enter_context(place.start(**slots))
        job_id = submit(server, document(STORM_PAGES, "receipt"))
        for _ in range(RESTARTS):
            wait_for_pages(place, job_id, place.settled(job_id) + 3)
            kill(server)
            killed_s = time.time()
            server = stack.enter_context(place.start(**slots))
            while (begun_s := place.begun_s(job_id)) < killed_s:
                time.sleep(LOOK_S)
            print(f"restart: begun again {begun_s - killed_s:.1f} s after all were killed; "
                  f"starting took {server.ready_after_s:.1f} s of it", flush=True)  # fmt: skip
        pages = ended(server, job_id)["pages"]
        times = place.times_begun(job_id)
    print(f"restart: {pages['read']} of {pages['total']} pages read after {RESTARTS} kills, "
          f"{sum(times) - len(times)} begun again")  # fmt: skip


def takeover(place: Place) -> None:
    """Print how soon a worker begins the page of another one that was killed."""
    with ExitStack() as stack, place.start(OCR_JOBS_SLOTS="0") as server:
        workers = [stack.enter_context(place.start("work")) for _ in range(2)]
        job_id = submit(server, document(STORM_PAGES, "receipt"))
        for _ in range(RESTARTS):
            wait_for_pages(place, job_id, place.settled(job_id) + 3)
            kill(workers[0])
            before = place.begun(job_id)
            killed_s = time.time()
            while not (again := _begun_again(place.begun(job_id), before)):
                time.sleep(LOOK_S)
            print(f"takeover: page {again[0][1]} begun again {again[0][0] - killed_s:.1f} s after "
                  "its worker was killed", flush=True)  # fmt: skip
            workers[0] = stack.enter_context(place.start("work"))
        pages = ended(server, job_id)["pages"]
        times = place.times_begun(job_id)
    print(f"takeover: {pages['read']} of {pages['total']} pages read after {RESTARTS} kills, "
          f"{sum(times) - len(times)} begun again")  # fmt: skip


def _begun_again(
    now: dict[int, tuple[int, float]], before: dict[int, tuple[int, float]]
) -> list[tuple[float, int]]:
    """When pages were begun once more since, and their numbers, in order."""
    return sorted(
        (begun_s, page)
        for page, (times, begun_s) in now.items()
        if page in before and times > before[page][0]
    )


def expiry(place: Place, jobs: int = 20) -> None:
    """Print what is left of jobs that were kept for a second."""
    data = document(1)
    with place.start(OCR_JOBS_KEEP_S="1", OCR_JOBS_SLOTS="1") as server:
        ids = [submit(server, data) for _ in range(jobs)]
        waiting = threading.Event()
        deadline_s = time.monotonic() + 60 + jobs
        while list(place.files.iterdir()) and time.monotonic() < deadline_s:
            waiting.wait(LOOK_S)
        left = len(list(place.files.iterdir()))
        gone = sum(look(server, f"/v1/jobs/{one}").get("code") == "job-gone" for one in ids)
    print(f"expiry: {jobs} jobs, {left} folders left, {gone} answered as gone")


def formats(place: Place) -> None:
    """Print how long a long document takes in each format, and the memory of the processes."""
    with place.start(OCR_JOBS_SLOTS="0") as server:
        job_id = submit(server, document(LONG_PAGES, "receipt"))
        _read_once(place, job_id)
        with place.start("work"):
            ended(server, job_id, look_s=ASK_S)
        for name in FORMATS_OF_LONG:
            begun_s = time.monotonic()
            with weighed(server) as peaks:
                status, size_bytes = _fetch(server, f"/v1/jobs/{job_id}/document?format={name}")
            own = peaks.pop(server.process.pid)
            print(f"formats: {LONG_PAGES} pages as {name}: {status}, {size_bytes / MIB:.1f} MiB in "
                  f"{time.monotonic() - begun_s:.0f} s; server process {own / MIB:.0f} MiB, "
                  f"largest other {max(peaks.values()) / MIB:.0f} MiB", flush=True)  # fmt: skip


def _read_once(place: Place, job_id: str) -> None:
    """Have each picture of the document read, and keep that for all pages that show it."""
    files = AllJobFiles(LocalFolder(place.files)).of(job_id)
    with place.start("work"):
        while sum(files.settled()) < PICTURES:
            time.sleep(LOOK_S)
    for number in range(PICTURES + 1, LONG_PAGES + 1):
        read = files.result((number - 1) % PICTURES + 1)
        if not isinstance(read, JobPage):
            raise SystemExit("a page could not be read")
        if not files.is_settled(number):
            files.keep_page(number, content_of(replace(read.load(), number=number)))


def _fetch(server: Server, path: str) -> tuple[int, int]:
    """The status of an answer, and its bytes."""
    size_bytes = 0
    with closing(server.connect()) as connection:
        connection.timeout = BOUND_S
        connection.request("GET", path)
        response = connection.getresponse()
        while piece := response.read(MIB):
            size_bytes += len(piece)
    return response.status, size_bytes


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen parts, by default all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="by default all")
    parser.add_argument("--pages", type=int, default=400, help="of the document of `rate`")
    parser.add_argument("--rounds", type=int, default=2, help="of `rate`, that share its pages")
    parser.add_argument("--jobs", default="", help="address of a PostgreSQL database")
    parsed = parser.parse_args(arguments)
    parts: dict[str, Callable[[Place], None]] = {
        "storm": storm, "restart": restart, "takeover": takeover, "fair": fair,
        "rate": lambda place: rate(place, pages=parsed.pages, rounds=parsed.rounds),
        "long": long, "expiry": expiry, "formats": formats,
    }  # fmt: skip
    for name in parsed.parts or parts:
        with tempfile.TemporaryDirectory(prefix="jobs-") as folder:
            parts[name](Place(Path(folder), parsed.jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
