"""Whether durable jobs lose nothing, keep pace and leave nothing.

    python -m benchmarks.jobs [PART …] [--pages 1000] [--jobs postgresql://…]

- storm: a server and three workers, one of which is killed every few seconds, with all its
  processes, twelve times in all, and started again.
- rate: a PDF as a job, and as a request to a server of as many slots.
- fair: a job of one page behind one of 600.
- expiry: jobs that are kept for a second, one after the other; then what is left.
- formats: a document of 2,000 pages in each format, and the memory that it takes. Its six pictures
  are read once, and that is kept for all pages that show them.

Jobs are kept in a new folder, or in the database that `--jobs` names.
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
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import replace
from io import BytesIO
from pathlib import Path
from typing import Any

import psutil
from PIL import Image

from benchmarks.pictures import draw
from benchmarks.servers import OURS, Server, memory_bytes, our_server, post
from ocr_server.jobs.files import AllJobFiles, JobPage
from ocr_server.jobs.storage import LocalFolder

KILLS, BETWEEN_KILLS_S = 12, 4.0
STORM_PAGES, FAIR_PAGES, LONG_PAGES = 60, 600, 2000
PICTURES = 6  # of a document, repeated
FORMATS_OF_LONG = ("text", "json", "docx", "pdf")
SLOTS = "2"
LOOK_S = 0.1
ASK_S = 2.0  # how far a job is; asking costs the server milliseconds
ROUNDS = 2
BOUND_S = 1800.0
MIB = 1024 * 1024
ENGINE = "tesseract"


class Place:
    """Where jobs are kept, and the processes there."""

    def __init__(self, folder: Path, address: str) -> None:
        self.files = folder / "files"
        self.settings = {
            "OCR_JOBS": address or str(folder / "jobs"),
            "OCR_JOBS_FILES": str(self.files),
            "OCR_SLOTS": "1",
        }

    @contextmanager
    def start(
        self, command: str = "serve", *, start: Sequence[str] = OURS, **settings: str
    ) -> Iterator[Server]:
        """A server, or a worker with `work`; `start` is how it is started."""
        given = {**self.settings, **settings}
        with our_server(ENGINE, start=start, command=command, **given) as server:
            yield server

    def times_begun(self, job_id: str) -> list[int]:
        """How often each page was."""
        return [file.stat().st_size for file in (self.files / job_id / "begun").iterdir()]

    def page_times_s(self, job_id: str) -> list[float]:
        """When each page was read, in order, by the clock of the files."""
        return sorted(file.stat().st_mtime for file in (self.files / job_id / "pages").iterdir())


def document(pages: int, kind: str = "crop") -> bytes:
    """A PDF of pages with words on them: of one line, or receipts."""
    drawn = [Image.open(BytesIO(draw(kind, seed=one).data)) for one in range(1, PICTURES + 1)]
    file = BytesIO()
    rest = [drawn[number % len(drawn)] for number in range(1, pages)]
    drawn[0].save(file, "PDF", save_all=True, append_images=rest, resolution=300)
    return file.getvalue()


def submit(server: Server, data: bytes) -> str:
    """Make a job; its id."""
    with closing(server.connect()) as connection:
        answer = post(connection, "/v1/jobs", data)
    if answer.status != http.client.ACCEPTED:
        raise SystemExit(answer.body.decode())
    return str(json.loads(answer.body)["id"])


def look(server: Server, path: str) -> Any:  # noqa: ANN401  # an answer's JSON
    """The JSON at an address."""
    with closing(server.connect()) as connection:
        connection.request("GET", path)
        return json.loads(connection.getresponse().read())


def ended(
    server: Server, job_id: str, between: Callable[[], None] = lambda: None, look_s: float = LOOK_S
) -> Any:  # noqa: ANN401  # an answer's JSON
    """The job when it has ended; `between` is called again and again until then."""
    ends_s = time.monotonic() + BOUND_S
    while time.monotonic() < ends_s:
        status = look(server, f"/v1/jobs/{job_id}")
        if status["expires_at"]:
            return status
        between()
        time.sleep(look_s)
    raise SystemExit(f"not read after {BOUND_S:.0f} s")


def kill(server: Server) -> None:
    """End it with all its processes, as when its machine is gone."""
    for process in server.tree():
        with suppress(psutil.NoSuchProcess):
            process.kill()


def storm(place: Place) -> None:
    """Print what is lost and read again while workers are killed."""
    chance, kills, next_s = random.Random(7), 0, 0.0  # noqa: S311  # no secret
    with ExitStack() as stack, place.start(OCR_JOBS_SLOTS="0") as server:
        workers = [stack.enter_context(place.start("work")) for _ in range(3)]
        job_id = submit(server, document(STORM_PAGES, "receipt"))
        begun_s = time.monotonic()

        def strike() -> None:
            nonlocal kills, next_s
            if kills < KILLS and time.monotonic() - begun_s > next_s:
                number = chance.randrange(len(workers))
                kill(workers[number])
                kills += 1
                workers[number] = stack.enter_context(place.start("work"))
                next_s = time.monotonic() - begun_s + BETWEEN_KILLS_S

        pages = ended(server, job_id, strike)["pages"]
        times = place.times_begun(job_id)
    print(f"storm: {pages['total']} pages, {kills} kills: {pages['read']} read, "
          f"{pages['failed']} failed, {sum(times) - len(times)} begun again, "
          f"{sum(one > 2 for one in times)} more than twice, "
          f"{time.monotonic() - begun_s:.0f} s")  # fmt: skip


def rate(place: Place, pages: int) -> None:
    """Print the pages a second of a job and of a request, memory, and time of the first page."""
    data = document(pages, "receipt")
    limits = {"OCR_SLOTS": SLOTS, "OCR_MAX_PAGES": str(pages), "OCR_TIMEOUT_S": "3600"}
    job_s = request_s = job_cpu_s = request_cpu_s = 0.0
    firsts_s = []
    with place.start(**limits, OCR_JOBS_SLOTS=SLOTS) as server:
        most = idle = server.process.memory_info().rss

        def weigh() -> None:
            nonlocal most
            most = max(most, server.process.memory_info().rss)

        for _ in range(ROUNDS):  # by turns, as the machine may have other work
            cpu_s, begun_s = _own_cpu_s(server), time.time()
            job_id = submit(server, data)
            ended(server, job_id, weigh, ASK_S)
            times_s = place.page_times_s(job_id)
            firsts_s.append(times_s[0] - begun_s)
            job_s += times_s[-1] - begun_s
            job_cpu_s += _own_cpu_s(server) - cpu_s
            cpu_s, begun_s = _own_cpu_s(server), time.time()
            with closing(server.connect()) as connection:
                answer = post(connection, "/v1/documents", data, detail="page")
            if answer.status != http.client.OK:
                raise SystemExit(answer.body.decode())
            request_s += time.time() - begun_s
            request_cpu_s += _own_cpu_s(server) - cpu_s
    read = ROUNDS * pages
    print(f"rate: {pages} pages, {SLOTS} slots: job {read / job_s:.2f} pages/s, request "
          f"{read / request_s:.2f} pages/s ({request_s / job_s:.2f}); first page after "
          f"{min(firsts_s):.1f} s; server process {1000 * job_cpu_s / read:.1f} ms a page "
          f"(request {1000 * request_cpu_s / read:.1f}), memory {(most - idle) / MIB:+.0f} MiB",
          flush=True)  # fmt: skip


def _own_cpu_s(server: Server) -> float:
    """Processor time of the server process alone."""
    return float(sum(server.process.cpu_times()[:2]))


def fair(place: Place) -> None:
    """Print how long one page waits behind 600, in times of a page."""
    with place.start(OCR_JOBS_SLOTS="0") as server, place.start("work"), place.start("work"):
        long = submit(server, document(FAIR_PAGES, "receipt"))
        while len(list((place.files / long / "pages").iterdir())) < 20:
            time.sleep(LOOK_S)
        times = place.page_times_s(long)
        page_s = 2 * (times[-1] - times[0]) / (len(times) - 1)  # by two workers
        begun_s = time.monotonic()
        ended(server, submit(server, document(1, "receipt")))
        waited_s = time.monotonic() - begun_s
        with closing(server.connect()) as connection:
            connection.request("DELETE", f"/v1/jobs/{long}")
            connection.getresponse().read()
    print(f"fair: one page behind {FAIR_PAGES} is read after {waited_s:.1f} s, a page takes "
          f"{page_s:.1f} s: {waited_s / page_s:.1f} pages")  # fmt: skip


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
            files.keep_page(replace(read.load(), number=number))


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


@contextmanager
def weighed(server: Server) -> Iterator[dict[int, int]]:
    """The most memory of each process of the server, by its id, while the block runs."""
    peaks: dict[int, int] = {}
    is_over = threading.Event()

    def weigh() -> None:
        while not is_over.wait(LOOK_S):
            for process in server.tree():
                with suppress(psutil.NoSuchProcess):
                    now = memory_bytes(process)
                    peaks[process.pid] = max(peaks.get(process.pid, 0), now)

    thread = threading.Thread(target=weigh)
    thread.start()
    try:
        yield peaks
    finally:
        is_over.set()
        thread.join()


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the chosen parts, by default all."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("parts", nargs="*", metavar="PART", help="by default all")
    parser.add_argument("--pages", type=int, default=1000, help="of the document of `rate`")
    parser.add_argument("--jobs", default="", help="address of a PostgreSQL database")
    parsed = parser.parse_args(arguments)
    parts: dict[str, Callable[[Place], None]] = {
        "storm": storm, "rate": lambda place: rate(place, parsed.pages), "fair": fair,
        "expiry": expiry, "formats": formats,
    }  # fmt: skip
    for name in parsed.parts or parts:
        with tempfile.TemporaryDirectory(prefix="jobs-") as folder:
            parts[name](Place(Path(folder), parsed.jobs))
    return 0


if __name__ == "__main__":
    sys.exit(main())
