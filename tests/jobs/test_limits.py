from __future__ import annotations

import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image
from sqlalchemy import text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import OperationalError

from ocr_server.app import create_app
from ocr_server.deadline import Deadline
from ocr_server.document.languages import Guess
from ocr_server.document.model import Failure, Zone
from ocr_server.errors import EngineMissing, JobsUnavailable, SettingsError
from ocr_server.imaging.canvas import Canvas
from ocr_server.job import ReadOptions
from ocr_server.jobs import engine as engine_of_jobs
from ocr_server.jobs.database import open_database
from ocr_server.jobs.files import JobFiles
from ocr_server.jobs.reading import JobReader
from ocr_server.jobs.storage import FolderOfJob
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.drawing import as_file, draw_lines
from tests.fakes import InlineWorkers, ReadsWords, SaysCanvasSize
from tests.jobs.keeping import keeping, members, tiff
from tests.waiting import wait_for

KEY, OTHER = "first-key", "second-key"


def test_a_page_that_was_read_is_not_read_again(tmp_path: Path) -> None:
    engine = SaysCanvasSize()
    with keeping(tmp_path, engine) as kept:
        job = kept.send(tiff(300))
        kept.ended(job)
        kept.reader.read(job["id"], 0, follows=False)

    assert len(engine.readings) == 1


@pytest.mark.parametrize(
    ("others", "times", "status"),
    [(0, 2, 200), (0, 3, 422), (2, 4, 200), (2, 5, 422), (6, 5, 200), (6, 6, 422)],
)
def test_a_page_is_begun_more_often_where_others_were_too(
    tmp_path: Path, others: int, times: int, status: int
) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(*range(300, 370, 10)))
        for page, count in [(1, times), *((2 + other, 2) for other in range(others))]:
            for _ in range(count):
                kept.files(job).begin(page)
        kept.reader.read(job["id"], 0, follows=False)
        answer = kept.client.get(f"{job['links']['self']}/pages/1")

    assert answer.status_code == status


class Held(SaysCanvasSize):
    """Notes the width of each canvas that is begun, and waits there until it may go on."""

    def __init__(self) -> None:
        super().__init__()
        self.begun, self.may_go_on = list[int](), threading.Event()

    def recognise(
        self, canvas: Canvas, options: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        self.begun.append(canvas.width_px)
        assert self.may_go_on.wait(60)
        return super().recognise(canvas, options, deadline)


def test_pages_that_were_begun_before_are_read_one_by_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, may_go_on = list[int](), threading.Event()

    def hold(*given: object, **_: object) -> Failure:
        number = given[-1]
        assert isinstance(number, int)
        begun.append(number)
        assert may_go_on.wait(60)
        return Failure(number, EngineMissing("of the test"))

    monkeypatch.setattr(JobReader, "_read_in_a_folder", hold)
    with (
        keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept,
        ThreadPoolExecutor() as threads,
    ):
        job = kept.send(tiff(300, 310, 320))
        for page in (1, 2):
            kept.files(job).begin(page)
        reader = kept.reader
        reads = [
            threads.submit(reader.read, job["id"], position, follows=False) for position in range(3)
        ]
        wait_for(lambda: len(begun) == 2)
        time.sleep(0.2)  # in which the other suspect could begin
        together = set(begun)
        may_go_on.set()
        assert all(one.result() for one in reads)

    assert together in ({1, 3}, {2, 3})
    assert set(begun) == {1, 2, 3}


def test_the_first_page_of_a_job_comes_before_the_next_one_of_a_chunk(tmp_path: Path) -> None:
    engine = Held()
    with keeping(tmp_path, engine) as kept:
        engine.may_go_on.set()
        long = kept.send(tiff(*range(300, 420, 10)))
        wait_for(lambda: len(engine.begun) > 3)
        engine.may_go_on.clear()
        begun, rings = len(engine.begun), kept.jobs._engine.rings
        short = kept.send(as_file(Image.new("L", (200, 60), 255)))
        wait_for(lambda: kept.jobs._engine.rings > rings)
        engine.may_go_on.set()
        kept.ended(short)
        kept.ended(long)

    margin_px = min(engine.begun) - 200
    assert 200 + margin_px in engine.begun[begun - 1 : begun + 2]
    assert sorted(engine.begun) == [one + margin_px for one in (200, *range(300, 420, 10))]


def test_nobody_looks_whether_a_job_is_over_until_a_chunk_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, may_go_on = list[int | None](), threading.Event()
    begin, count_read = JobFiles.begin, JobFiles.count_read

    def held(files: JobFiles, number: int) -> int:
        assert number != 2 or may_go_on.wait(60)
        return begin(files, number)

    def noted(files: JobFiles, numbers: Iterable[int]) -> int | None:
        looks.append(count_read(files, numbers))
        return looks[-1]

    monkeypatch.setattr(JobFiles, "begin", held)
    monkeypatch.setattr(JobFiles, "count_read", noted)
    with keeping(tmp_path, SaysCanvasSize(), slots=2, jobs_slots=2) as kept:
        job = kept.send(tiff(*[300] * 8))  # chunks of 1, 2, 4 and 1
        wait_for(lambda: len(looks) == 3)
        time.sleep(1)  # somebody who looks again and again would do so now
        assert looks == [None] * 3
        may_go_on.set()
        status = kept.ended(job)

    assert (status["state"], status["pages"]["read"]) == ("done", 8)
    assert looks[:4] == [None, None, None, 8]  # and then by whoever asks for the job
    assert None not in looks[4:]


def test_who_stood_still_leaves_a_chunk_that_another_one_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    engine = Held()
    with keeping(tmp_path, engine) as kept:
        engine.may_go_on.set()
        job = kept.send(tiff(*range(300, 420, 10)))
        wait_for(lambda: len(engine.begun) > 3)
        engine.may_go_on.clear()
        monkeypatch.setattr(kept.jobs._engine, "owns", lambda _workflow_id: False)
        kept.jobs._engine.lapses += 1
        engine.may_go_on.set()
        assert kept.ended(job)["pages"]["read"] == 12  # it is the other one itself, in the end

    assert "taking up work" in caplog.text
    assert len(engine.begun) == 12


def test_a_page_is_read_in_the_language_of_the_one_before_it_in_its_chunk(tmp_path: Path) -> None:
    engine = ReadsWords("Die", "Rechnung", "ist", "innerhalb", "von", "zwei", "Wochen", "zu")
    with keeping(tmp_path, engine) as kept:
        workers = service_of(kept.app).workers
        assert isinstance(workers, InlineWorkers)
        workers.rank_languages = lambda _text, _codes: (Guess("deu", 1.0),)
        kept.ended(kept.send(tiff(300, 310, 320, 330), languages="auto"))  # chunks of 1, 2 and 1

    assert [options.languages[0] for options in engine.readings] == [
        "eng", "deu", "eng", "deu", "deu", "eng", "deu"
    ]  # fmt: skip


def test_jobs_are_read_where_nobody_can_be_told_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError("no room")

    monkeypatch.setattr(engine_of_jobs, "ring", fail)
    monkeypatch.setattr(engine_of_jobs, "POLL_S", 0.1)
    with keeping(tmp_path, ReadsWords("Hello")) as kept:
        status = kept.ended(kept.send(tiff(300, 310, 320)))

    assert status["pages"] == {"total": 3, "read": 3, "failed": 0}


def test_a_chunk_goes_on_where_the_database_does_not_say_what_waits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> bool:
        raise OperationalError("SELECT", None, OSError("gone"))

    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        kept.send(tiff(300))
        monkeypatch.setattr(kept.jobs._engine, "_claim", fail)

        assert not kept.jobs._engine.gives_way(1)


def test_a_page_is_read_though_the_one_before_it_cannot_be_looked_at_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [OSError("the disk does not answer")]
    result = JobFiles.result

    def fail_once(files: JobFiles, number: int) -> object:
        if errors:
            raise errors.pop()
        return result(files, number)

    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300, 310))
        kept.reader.read(job["id"], 0, follows=False)
        monkeypatch.setattr(JobFiles, "result", fail_once)

        assert kept.reader.read(job["id"], 1, follows=True)
        assert not errors


def test_work_that_failed_is_begun_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    errors = [RuntimeError("nobody foresaw this")]
    count = JobReader.count

    def fail_once(reader: JobReader, job_id: str) -> int:
        if errors:
            raise errors.pop()
        return count(reader, job_id)

    monkeypatch.setattr(JobReader, "count", fail_once)
    monkeypatch.setattr(engine_of_jobs, "LOST_S", 0.1)
    with keeping(tmp_path, ReadsWords("Hello")) as kept:
        status = kept.ended(kept.send(tiff(300, 310, 320)))

    assert status["pages"] == {"total": 3, "read": 3, "failed": 0}
    assert "jobs: begun again, as it failed" in caplog.text


@pytest.mark.parametrize("sent", [(300, 310), (300, 310, 320, 330)])
def test_what_processes_of_another_version_left_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sent: tuple[int, ...]
) -> None:
    monkeypatch.setattr(engine_of_jobs, "STRANDED_S", 0.0)
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(*sent))
        kept.reader.read(job["id"], 0, follows=False)
        with kept.jobs._database.begin() as connection:
            connection.execute(text("UPDATE workflow_status SET application_version = 'jobs-0'"))
    with keeping(tmp_path, engine := ReadsWords("Hello")) as kept:
        kept.jobs.forgetting.sweep()
        status = kept.ended(job)

    assert status["pages"] == {"total": len(sent), "read": len(sent), "failed": 0}
    assert len(engine.readings) == len(sent) - 1


def test_a_job_of_which_the_engine_knows_nothing_is_begun_once_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300, 310))
        kept.jobs._engine.forget(job["id"])
    with keeping(tmp_path, ReadsWords("Hello")) as kept:
        kept.jobs.forgetting.sweep()
        assert not kept.jobs._engine._work.left()  # not before it was seen for a while
        monkeypatch.setattr(engine_of_jobs, "STRANDED_S", 0.0)
        kept.jobs.forgetting.sweep()
        status = kept.ended(job)

    assert status["pages"]["read"] == 2


def test_what_was_left_is_read_by_the_next_server(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300, 310))
    with keeping(tmp_path, ReadsWords("Hello")) as kept:
        assert kept.ended(job)["pages"]["read"] == 2


def test_a_job_of_more_pages_than_a_request_may_have_leaves_in_any_format(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), max_pages=2) as kept:
        job = kept.send(tiff(300, 310, 320))
        kept.ended(job)
        address = job["links"]["document"]

        assert kept.client.get(f"{address}?format=pdf").data.startswith(b"%PDF")
        assert kept.client.get(f"{address}?format=text").text.count("Hello") == 3


def test_a_server_takes_no_more_than_it_may_keep(tmp_path: Path) -> None:
    limits = {"jobs_slots": 0, "jobs_max_pages": 2, "jobs_max_bytes": 100_000}
    with keeping(tmp_path, ReadsWords("Hello"), **limits) as kept:

        def answer(*widths: int) -> tuple[int, str, str]:
            got = kept.client.post("/v1/jobs", data={"file": (BytesIO(tiff(*widths)), "x")})
            return got.status_code, members(got)["code"], got.headers.get("Retry-After", "")

        assert answer(300, 310, 320)[:2] == (413, "too-many-pages")
        job = kept.send(tiff(300))
        assert answer(300, 310) == (429, "too-many-jobs", "60")
        kept.jobs.forget(kept.jobs.status(job["id"], ""))
        job = kept.send(tiff(300, 310))
        assert answer(300) == (429, "too-many-jobs", "60")
        document = kept.client.get(job["links"]["document"])
        assert (document.status_code, members(document)["code"]) == (409, "job-not-done")
        assert members(kept.client.get(f"{job['links']['document']}?partial=true"))["pages"] == []
        assert kept.client.delete(job["links"]["self"]).status_code == 204
        assert kept.send(tiff(300))["state"] == "queued"


def test_a_job_is_of_the_key_that_made_it(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), api_keys=(KEY, OTHER)) as kept:
        mine, other = {"X-API-Key": KEY}, {"Authorization": f"Bearer {OTHER}"}
        job = kept.send(tiff(300), mine)
        address = job["links"]["self"]

        assert kept.client.get(address).status_code == 401
        assert kept.client.get(address, headers=other).status_code == 404
        assert kept.client.delete(address, headers=other).status_code == 404
        assert kept.client.get(f"{address}/pages/1/picture", headers=other).status_code == 404
        assert kept.client.get(address, headers=mine).status_code == 200
        row = kept.jobs.status(job["id"], sha256(KEY.encode()).hexdigest()).row
        assert KEY not in repr(row)


@pytest.mark.process
def test_a_server_without_a_place_does_not_load_the_engine_of_jobs() -> None:
    code = (
        "import sys; from ocr_server.app import create_app; import ocr_server.cli.main; "
        "sys.exit(any(name in sys.modules for name in ('dbos', 'sqlalchemy', 'psycopg')))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)  # noqa: S603  # our own
    assert done.returncode == 0


def test_jobs_are_counted(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        kept.send(tiff(300, 310))
        metrics = kept.client.get("/metrics").text

    assert 'ocr_jobs{state="queued"} 1.0' in metrics
    assert "ocr_jobs_pages 2.0" in metrics


def test_a_job_tells_how_many_came_before_it(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        jobs = [kept.send(tiff(300)) for _ in range(3)]
        kept.client.delete(jobs[1]["links"]["self"])
        now = [members(kept.client.get(jobs[n]["links"]["self"])) for n in (0, 2)]
        kept.reader.read(jobs[0]["id"], 0, follows=False)
        kept.reader.finish(jobs[0]["id"])
        then = [members(kept.client.get(jobs[n]["links"]["self"])) for n in (0, 2)]

    assert [job["position"] for job in jobs] == [0, 1, 2]
    assert [job["position"] for job in now] == [0, 1]
    assert [job["position"] for job in then] == [None, 0]


def test_pages_that_are_left_to_read_are_noted(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300, 310, 320))
        kept.reader.read(job["id"], 0, follows=False)
        kept.reader.read(job["id"], 1, follows=False)  # as by another process

        assert kept.ledger.left().pages == 2
        assert members(kept.client.get(job["links"]["self"]))["state"] == "reading"


def test_a_database_that_does_not_answer_keeps_a_job_from_being_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300))

        def fail(_job_id: str) -> None:
            raise OperationalError("DELETE", {}, Exception("disk I/O error"))

        with monkeypatch.context() as patch:
            patch.setattr(kept.jobs._engine, "forget", fail)
            answer = kept.client.delete(job["links"]["self"])
        assert (answer.status_code, members(answer)["code"]) == (503, "jobs-unavailable")
        assert kept.client.delete(job["links"]["self"]).status_code == 204


def test_a_server_without_a_place_keeps_none(client: FlaskClient) -> None:
    picture = as_file(draw_lines("Hello"))
    answer = client.post("/v1/jobs", data={"file": (BytesIO(picture), "x")})

    assert (answer.status_code, members(answer)["code"]) == (404, "jobs-off")
    assert "OCR_JOBS" in members(answer)["detail"]


def test_a_database_that_does_not_answer_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path, ReadsWords("Hello")) as kept:
        job = kept.send(tiff(300))
        kept.ended(job)

        def fail(*_: object) -> None:
            raise OperationalError("SELECT", {}, Exception("gone"))

        with monkeypatch.context() as patch:
            patch.setattr(Engine, "begin", fail)
            answer = kept.client.get(job["links"]["self"])
        assert (answer.status_code, members(answer)["code"]) == (503, "jobs-unavailable")
        assert kept.client.get(job["links"]["self"]).status_code == 200


def test_a_place_that_cannot_be_opened_is_told(tmp_path: Path, settings: Settings) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(JobsUnavailable, match="OCR_JOBS"):
        create_app(replace(settings, jobs=str(file)), InlineWorkers(ReadsWords("Hello")))


def test_a_sqlite_that_is_too_old_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 13, 0))
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 40, 1))

    with pytest.raises(SettingsError, match=r"need SQLite 3\.42"):
        open_database(str(tmp_path))


def test_a_table_of_an_earlier_version_gets_its_new_column(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300, 310))
    with closing(sqlite3.connect(tmp_path / "kept" / "jobs.sqlite")) as database:
        database.execute("ALTER TABLE ocr_jobs DROP COLUMN settled")
        database.commit()
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        assert kept.ledger.left().pages == 2
        assert members(kept.client.get(job["links"]["self"]))["state"] == "queued"


def test_a_job_of_which_a_page_was_read_is_done_though_no_page_is_listed_yet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300))
        kept.reader.read(job["id"], 0, follows=False)
        with monkeypatch.context() as patch:
            patch.setattr(FolderOfJob, "names", lambda *_, **__: [])

            assert kept.reader.finish(job["id"])
        assert members(kept.client.get(job["links"]["self"]))["state"] == "done"
