"""What becomes of a job when processes are killed; each test starts some."""

from __future__ import annotations

import json
import signal
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
import pytest

from ocr_server.cli.main import main
from tests.jobs.keeping import tiff
from tests.postgres import Postgres, running_postgres
from tests.serving import Answer, FakeTesseract, RunningServer, running_server
from tests.waiting import wait_for

pytestmark = pytest.mark.process
PAGES = tiff(*range(300, 360, 10))  # six
PAGE = tiff(300)
OCTETS = {"Content-Type": "application/octet-stream"}
TAKE_OVER_S = 12.0
EVENTS = {"Accept": "application/x-ndjson"}


@dataclass
class Place:
    """Where jobs are kept, and the processes that share it."""

    tmp: Path
    tesseract: FakeTesseract
    address: str
    files: Path
    held: Callable[[], AbstractContextManager[None]]
    postgres: Postgres | None = None

    def __post_init__(self) -> None:
        self._numbers = count(1)

    @contextmanager
    def start(self, command: str = "serve", **settings: object) -> Iterator[RunningServer]:
        folder = self.tmp / f"process-{next(self._numbers)}"
        folder.mkdir()
        given = {"OCR_JOBS": self.address, "OCR_JOBS_FILES": self.files, "OCR_SLOTS": 1, **settings}
        with running_server(folder, command, PATH=self.tesseract.path, **given) as server:
            yield server

    def job(self, address: str) -> Path:
        """The folder of a job's files."""
        return self.files / Path(address).name

    def times_begun(self, address: str) -> dict[int, int]:
        begun = (self.job(address) / "begun").iterdir()
        return {int(file.name): file.stat().st_size for file in begun}

    def read(self, address: str) -> int:
        """How many pages were read."""
        return len(list((self.job(address) / "pages").glob("*.page")))


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with running_postgres() as postgres:
        yield postgres


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def place(
    request: pytest.FixtureRequest, tmp_path: Path, tesseract: FakeTesseract
) -> Iterator[Place]:
    if request.param == "postgres":
        yield in_postgres(request.getfixturevalue("postgres"), tmp_path, tesseract)
    else:
        yield in_folder(tmp_path, tesseract)


def in_folder(tmp: Path, tesseract: FakeTesseract) -> Place:
    kept = tmp / "kept"

    @contextmanager
    def held() -> Iterator[None]:
        connection = sqlite3.connect(kept / "jobs.sqlite", isolation_level=None)
        connection.execute("BEGIN IMMEDIATE")
        yield
        connection.close()

    return Place(tmp, tesseract, str(kept), kept / "files", held)


def in_postgres(postgres: Postgres, tmp: Path, tesseract: FakeTesseract) -> Place:
    postgres.empty()

    @contextmanager
    def held() -> Iterator[None]:
        with psycopg.connect(postgres.address) as connection:
            connection.execute("LOCK TABLE ocr_jobs IN SHARE MODE")
            yield

    return Place(tmp, tesseract, postgres.address, tmp / "files", held, postgres)


def post(server: RunningServer, headers: Mapping[str, str] | None = None) -> Answer:
    return server.ask("POST", "/v1/jobs", PAGES, {**OCTETS, **(headers or {})})


def send(server: RunningServer, data: bytes = PAGES) -> str:
    answer = server.ask("POST", "/v1/jobs", data, OCTETS)
    assert answer.status == 202, answer.json
    address: str = answer.json["links"]["self"]
    return address


def ended(server: RunningServer, address: str) -> Any:  # noqa: ANN401  # an answer's JSON
    def look() -> Any:  # noqa: ANN401  # an answer's JSON
        status = server.get(f"{address}?wait_s=5").json
        return status if status["expires_at"] else None

    return wait_for(look)


def test_a_server_that_is_killed_loses_no_page_and_reads_one_again(
    tmp_path: Path, tesseract: FakeTesseract
) -> None:
    place = in_folder(tmp_path, tesseract)
    with place.start() as server:
        address = send(server)
        wait_for(lambda: place.read(address) >= 2)
        place.tesseract.hold()
        wait_for(lambda: place.tesseract.running)
        server.kill()
    place.tesseract.let_go()
    with place.start() as server:
        status = ended(server, address)
        begun = place.times_begun(address)
        events = server.ask("GET", address, headers=EVENTS).body
        deleted = server.ask("DELETE", address).status

    assert status["pages"] == {"total": 6, "read": 6, "failed": 0}
    assert sum(begun.values()) <= 6 + 1
    told = [json.loads(line) for line in events.splitlines()]
    assert [one["page"]["number"] for one in told if one["event"] == "page"] == [1, 2, 3, 4, 5, 6]
    assert deleted == 204
    assert not list(place.files.iterdir())


def test_a_worker_takes_over_from_one_that_was_killed_and_stops_when_told(place: Place) -> None:
    with place.start(OCR_JOBS_SLOTS=0) as server, place.start("work") as first:
        place.tesseract.hold()
        address = send(server, PAGE)
        wait_for(lambda: place.tesseract.running)
        with place.start("work") as other:
            first.kill()
            killed_s = time.monotonic()
            wait_for(lambda: place.times_begun(address) == {1: 2})
            took_s = time.monotonic() - killed_s
            place.tesseract.let_go()
            status = ended(server, address)

            place.tesseract.hold()
            second = send(server)
            wait_for(lambda: place.tesseract.running)
            deleted = server.ask("DELETE", second).status
            wait_for(lambda: place.tesseract.is_idle)  # killed while it is held
            place.tesseract.let_go()
            gone = server.get(second).status
            assert ended(server, send(server))["pages"]["read"] == 6
            metrics = other.get("/metrics").body.decode()
            exit_code = other.stop()  # nothing waits for the job that is gone

    assert status["pages"]["read"] == 1
    assert took_s <= TAKE_OVER_S
    assert "ocr_pages_begun_again_total 1.0" in metrics
    assert exit_code == 0
    assert (deleted, gone) == (204, 410)
    assert len(list(place.files.iterdir())) == 2


def test_who_is_stopped_begins_no_page_and_leaves_the_one_in_work_to_nobody(
    tmp_path: Path, tesseract: FakeTesseract
) -> None:
    place = in_folder(tmp_path, tesseract)
    with place.start() as first:
        place.tesseract.hold()
        address = send(first)
        wait_for(lambda: place.times_begun(address) and place.tesseract.running)
        (in_work,) = place.times_begun(address)
        with place.start("work"), ThreadPoolExecutor() as threads:
            # An answer that is under way does not keep it from ending its jobs.
            reading = threads.submit(first.read, tiff(400))
            wait_for(lambda: "ocr_requests_inside 1.0" in first.get("/metrics").body.decode())
            first.send_signal(signal.SIGTERM)
            time.sleep(2)  # long enough for the other one to take it over, if it could
            begun_once = place.times_begun(address)
            place.tesseract.let_go()
            assert reading.result().status == 200
            assert first.wait() == 0
            wait_for(lambda: place.read(address) == 6)
            begun = place.times_begun(address)

    assert begun_once[in_work] == 1
    assert set(begun.values()) == {1}


def test_a_server_that_is_killed_before_it_has_a_job_leaves_none(place: Place) -> None:
    key = {"Idempotency-Key": "once"}
    with (
        place.start(OCR_JOBS_SLOTS=0) as server,
        place.held(),  # it cannot write the row of a job
        ThreadPoolExecutor() as threads,
    ):
        answer = threads.submit(post, server, key)
        wait_for(lambda: list(place.files.glob("*/request.json")))
        time.sleep(0.2)
        server.kill()
        assert isinstance(answer.exception(), OSError)
    (orphan,) = place.files.iterdir()
    with place.start(OCR_JOBS_KEEP_S=1) as server:
        metrics = server.get("/metrics").body.decode()
        again = post(server, key)
        address = again.json["links"]["self"]
        read = ended(server, address)["pages"]["read"]
        same = post(server, key).json["id"]
        other = server.ask("POST", "/v1/jobs?languages=eng&pages=1", PAGES, {**OCTETS, **key})

    assert 'ocr_jobs{state="queued"} 0.0' in metrics
    assert (again.status, read) == (202, 6)
    assert same == again.json["id"] != orphan.name
    assert (other.status, other.json["code"]) == (422, "idempotency-conflict")


def test_a_page_that_ends_three_workers_is_given_up(
    tmp_path: Path, tesseract: FakeTesseract
) -> None:
    place = in_folder(tmp_path, tesseract)
    tesseract.hold()
    with place.start(OCR_JOBS_SLOTS=0) as server, ExitStack() as last:
        address = send(server, PAGE)
        for times in (1, 2, 3):
            with place.start("work") as worker:
                wait_for(lambda times=times: place.times_begun(address) == {1: times})  # type: ignore[misc]
                wait_for(lambda: tesseract.running)
                worker.kill()
                wait_for(lambda: tesseract.is_idle)
        left = last.enter_context(place.start("work"))
        tesseract.let_go()
        status = ended(server, address)
        page = server.get(f"{address}/pages/1")
        health = [left.get(path).status for path in ("/livez", "/readyz", "/metrics", "/version")]
        others = [left.get(path).status for path in ("/", "/v1/jobs", "/v1/languages")]

    assert status["pages"] == {"total": 1, "read": 0, "failed": 1}
    assert (page.status, page.json["code"]) == (422, "ends-process")
    assert health == [200] * 4
    assert others == [404] * 3


def test_a_worker_that_stands_still_loses_its_pages_to_another_one(place: Place) -> None:
    place.tesseract.hold()
    with place.start(OCR_JOBS_SLOTS=0) as server, place.start("work") as first:
        address = send(server, PAGE)
        wait_for(lambda: place.tesseract.running)
        with place.start("work"):
            first.send_signal(signal.SIGSTOP)
            stopped_s = time.monotonic()
            wait_for(lambda: place.times_begun(address) == {1: 2})
            took_s = time.monotonic() - stopped_s
            place.tesseract.let_go()
            status = ended(server, address)
            first.send_signal(signal.SIGCONT)
            time.sleep(0.5)
            assert server.get(address).json == status  # what it comes back with changes nothing

    assert status["pages"]["read"] == 1
    assert took_s <= TAKE_OVER_S + 1  # a second for the machine of the tests


@pytest.mark.postgres
def test_a_database_that_is_killed_loses_no_page(
    tmp_path: Path, tesseract: FakeTesseract, postgres: Postgres
) -> None:
    place = in_postgres(postgres, tmp_path, tesseract)
    with place.start(OCR_JOBS_SLOTS=0) as server, place.start("work"):
        tesseract.hold()
        address = send(server)
        wait_for(lambda: tesseract.running)
        postgres.kill()
        told = server.get(address)
        tesseract.let_go()
        wait_for(lambda: place.read(address) == 1)
        postgres.start()
        status = ended(server, address)
        begun = place.times_begun(address)

    assert (told.status, told.json["code"]) == (503, "jobs-unavailable")
    assert status["pages"]["read"] == 6
    assert sum(begun.values()) <= 6 + 1


def test_a_shell_has_a_document_read_as_a_job(
    tmp_path: Path, tesseract: FakeTesseract, capfd: pytest.CaptureFixture[str]
) -> None:
    place = in_folder(tmp_path, tesseract)
    picture = tmp_path / "pages.tif"
    picture.write_bytes(PAGES)
    with place.start() as server:
        assert main(["job", "submit", str(picture), "--detail", "page", "--url", server.url]) == 0
        job_id = capfd.readouterr().out.strip()
        assert main(["job", "watch", job_id, "--url", server.url]) == 0
        assert capfd.readouterr().err.splitlines()[-1].endswith("6 of 6 pages, done")
        assert main(["job", "fetch", job_id, "--format", "json", "--url", server.url]) == 0
        document = json.loads(capfd.readouterr().out)
        assert [page["text"] for page in document["pages"]] == ["Hello"] * 6
        assert main(["job", "cancel", job_id, "--url", server.url]) == 0
        assert main(["job", "fetch", job_id, "--url", server.url]) == 1
        assert "forgotten" in capfd.readouterr().err

        assert main(["read", str(picture), "--job", "--url", server.url]) == 0
        assert capfd.readouterr().out.count("Hello") == 6
        assert not list(place.files.iterdir())
