from __future__ import annotations

import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from shutil import rmtree
from traceback import walk_stack

import pytest

from ocr_server.jobs import engine
from ocr_server.jobs.locks import locks_of
from ocr_server.web.context import service_of
from tests.fakes import ReadsWords
from tests.jobs.keeping import keeping, members, tiff


def test_a_job_whose_files_are_lost_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "STRANDED_S", 0.0)
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        job = kept.send(tiff(300))
        kept.jobs._engine.forget(job["id"])
        rmtree(kept.folder / job["id"])
    with keeping(tmp_path, ReadsWords("Hello")) as kept:
        kept.jobs.forgetting.sweep()
        status = members(kept.client.get(job["links"]["self"]))
        document = kept.client.get(job["links"]["document"])

    assert status["state"] == "failed"
    assert (document.status_code, members(document)["code"]) == (410, "job-gone")


def test_one_process_at_a_time_begins_anew_what_was_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "LEFT_S", 0.0)
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        kept.jobs._engine.forget(kept.send(tiff(300))["id"])
        with locks_of(service_of(kept.app).settings.jobs) as other:
            assert other.take("stranded")
            kept.jobs.forgetting.sweep()
            assert not kept.jobs._engine._work.left()
        kept.jobs.forgetting.sweep()
        assert kept.jobs._engine._work.left()


def test_no_loop_of_the_engine_runs_that_jobs_replace(tmp_path: Path) -> None:
    with keeping(tmp_path, ReadsWords("Hello")) as kept:
        kept.ended(kept.send(tiff(300)))  # long after its threads have begun
        running = {
            Path(frame.f_code.co_filename).name
            for top in sys._current_frames().values()
            for frame, _ in walk_stack(top)
            if "dbos" in frame.f_code.co_filename
        }

    assert not running & {"_queue.py", "_workflow_commands.py"}


def test_an_engine_whose_loops_have_other_names_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("dbos._dbos.queue_thread")

    with pytest.raises(RuntimeError, match="queue_thread"):
        engine._switch_off_loops()


def test_no_more_is_begun_than_there_is_room_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept,
        monkeypatch.context() as patch,
    ):
        jobs, claimed = kept.jobs._engine, list[str]()

        def claim(queue: str) -> bool:
            claimed.append(queue)
            return True

        patch.setattr(jobs, "_slots", 2)
        patch.setattr(jobs, "_claim", claim)
        with ThreadPoolExecutor() as threads, jobs._claiming:
            taken = threads.submit(jobs._take, "queue")
            jobs._held["somebody's"] = time.monotonic()
        assert taken.result()
        assert len(claimed) == 1


def test_nothing_is_begun_once_the_server_ends(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0) as kept:
        monkeypatch.setattr(kept.jobs._engine, "_claim", lambda _queue: True)
        service_of(kept.app).is_ending.set()

        assert not kept.jobs._engine._take("queue", slots=1)
