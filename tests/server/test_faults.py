"""What was seen to go wrong in servers of this kind, and what goes wrong in machines.

Kills, hang-ups, idle and slow connections, drains and floods are in `test_waitress_server.py`.
"""

from __future__ import annotations

import resource
import shutil
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from flask.testing import FlaskClient
from PIL import Image

from tests.drawing import as_file, draw_lines
from tests.serving import Answer, FakeTesseract, RunningServer, Start, running_server
from tests.waiting import wait_for

MIB = 2**20
PICTURE = as_file(draw_lines("Hello"))
LARGE = as_file(Image.effect_noise((1500, 1200), 90).convert("L"), "BMP")  # 1.8 MB


@contextmanager
def files_limited(pids: list[int], most_bytes: int) -> Iterator[None]:
    """As if the disk were full: these processes cannot make a file longer than that."""
    infinite = resource.RLIM_INFINITY
    for pid in pids:
        psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (most_bytes, infinite))
    try:
        yield
    finally:
        for pid in pids:
            psutil.Process(pid).rlimit(psutil.RLIMIT_FSIZE, (infinite, infinite))


def told(answer: Answer) -> tuple[int, str]:
    """Status and code of a problem, which must be one."""
    assert answer.headers["Content-Type"] == "application/problem+json"
    return answer.status, answer.json["code"]


def most_memory_bytes(pid: int) -> int:
    """The most that a process ever held in memory."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) * 1024


def test_a_text_is_not_taken_for_a_list_of_the_server_s_files(
    server: RunningServer, tesseract: FakeTesseract
) -> None:

    assert told(server.read(b"/etc/passwd\n")) == (415, "unsupported-format")
    assert tesseract.arguments == []


def test_an_empty_file_is_a_problem_and_no_stack_trace(server: RunningServer) -> None:
    answer = server.read(b"")

    assert told(answer) == (400, "invalid-options")
    assert b"Traceback" not in answer.body
    assert b"<" not in answer.body.replace(b"<base64>", b"")


def test_a_picture_cut_off_is_an_error(server: RunningServer, tesseract: FakeTesseract) -> None:
    whole = as_file(Image.effect_noise((400, 300), 90))

    assert told(server.read(whole[: len(whole) // 2])) == (422, "damaged-picture")
    assert tesseract.arguments == []


@pytest.mark.parametrize(("side_px", "code"), [(20_000, "too-many-pixels")])
def test_a_bomb_of_a_picture_takes_no_memory(start: Start, side_px: int, code: str) -> None:
    bomb = as_file(Image.new("1", (side_px, side_px)))
    server = start()
    server.read(PICTURE)

    answer = server.read(bomb)

    assert len(bomb) < 100_000
    assert told(answer) == (413, code)
    # What Python and its libraries take; the pixels would be 400 MB.
    assert most_memory_bytes(server.pid) < 150 * MIB
    assert all(most_memory_bytes(pid) < 250 * MIB for pid in server.workers())


def test_no_more_run_at_once_than_there_are_slots(start: Start, tesseract: FakeTesseract) -> None:
    server = start(OCR_SLOTS=2, OCR_QUEUE_SIZE=28)
    tesseract.hold()
    with ThreadPoolExecutor(30) as threads:
        answers = [threads.submit(server.read, PICTURE) for _ in range(30)]
        try:
            wait_for(lambda: len(tesseract.running) == 2)
            wait_for(lambda: b"ocr_requests_inside 30.0" in server.get("/metrics").body)
            time.sleep(0.5)  # in which a third could begin
            assert len(tesseract.running) == 2
            assert b"ocr_slots_busy 2.0" in server.get("/metrics").body
            assert b"ocr_queue_length 28.0" in server.get("/metrics").body
        finally:
            tesseract.let_go()

    assert {answer.result().status for answer in answers} == {200}


def test_an_engine_that_was_killed_is_counted(start: Start) -> None:
    server = start()
    server.read(PICTURE)
    (worker,) = server.workers()[-1:]
    psutil.Process(worker).kill()

    wait_for(lambda: server.read(PICTURE).status == 200)

    assert b"ocr_engine_restarts_total 1.0" in server.get("/metrics").body


def test_a_full_disk_is_told_and_over_when_there_is_room_again(server: RunningServer) -> None:
    with files_limited([server.pid], 400_000):
        refused = server.read(as_file(Image.effect_noise((700, 600), 90), "BMP"))
        alive = server.get("/livez")

    assert told(refused) == (503, "storage-full")
    assert alive.status == 200
    assert server.read(PICTURE).status == 200


def test_a_disk_full_while_a_page_is_read_is_told(server: RunningServer) -> None:
    server.read(PICTURE)
    with files_limited(server.workers(), 2_000):
        refused = server.read(PICTURE)

    assert told(refused) == (503, "storage-full")
    assert server.read(PICTURE).status == 200


def test_a_disk_full_during_an_upload_is_told(server: RunningServer) -> None:
    with files_limited([server.pid], 400_000):
        refused = server.read(LARGE)

    assert told(refused) == (503, "storage-full")
    assert server.read(LARGE).status == 200


def test_a_full_disk_is_a_reason_not_to_be_ready(server: RunningServer) -> None:
    with files_limited([server.pid], 400_000):
        refused, alive = server.get("/readyz"), server.get("/livez")

    assert told(refused) == (503, "storage-full")
    assert alive.status == 200
    assert server.get("/readyz").status == 200


def test_a_folder_that_is_gone_is_made_again(server: RunningServer) -> None:
    (folder,) = server.scratch.iterdir()
    shutil.rmtree(folder)
    first = server.read(PICTURE)
    shutil.rmtree(folder)
    wait_for(folder.exists)  # without a request, too

    assert first.status == 200
    assert server.read(LARGE).status == 200
    assert server.get("/readyz").status == 200
    assert list(server.scratch.iterdir()) == [folder]


def test_processes_killed_one_and_all_are_there_again(server: RunningServer) -> None:
    server.read(PICTURE)
    (fork_server,) = psutil.Process(server.pid).children()
    for process in (fork_server, *fork_server.children()):
        process.kill()

    assert server.read(PICTURE).status == 200
    assert server.get("/readyz").status == 200


def test_a_watchdog_finds_out_what_no_request_did(start: Start, tesseract: FakeTesseract) -> None:
    server = start(OCR_WATCHDOG_S=0.2)
    program = tesseract.folder / "bin" / "tesseract"
    wait_for(lambda: tesseract.arguments)  # it has read without being asked
    whole = program.read_text()
    try:
        program.write_text("#!/bin/sh\nexit 1\n")
        wait_for(lambda: server.get("/readyz").status == 503)
        refused = server.get("/readyz")
    finally:
        program.write_text(whole)

    assert told(refused) == (503, "engine-failed")
    assert "built-in picture" in refused.json["detail"]
    wait_for(lambda: server.get("/readyz").status == 200)
    assert b"ocr_pages_total 0.0" in server.get("/metrics").body


def test_a_folder_that_cannot_be_written_to_stops_the_start(start: Start) -> None:
    with pytest.raises(AssertionError, match="OCR_TEMP_DIR"):
        start(OCR_TEMP_DIR="/proc")


@pytest.mark.tesseract
def test_a_damaged_language_file_is_told(tmp_path: Path) -> None:
    tessdata = tmp_path / "tessdata"
    tessdata.mkdir()
    (tessdata / "eng.traineddata").write_bytes(b"\0" * 1000)
    with running_server(tmp_path, TESSDATA_PREFIX=tessdata, OCR_SLOTS=1) as server:
        answer = server.read(PICTURE)

        assert told(answer) == (422, "language-missing")
        assert "damaged" in answer.json["detail"]
        assert server.get("/livez").status == 200


@pytest.mark.parametrize("jump_s", [-86_400, 86_400])
def test_a_clock_that_jumps_changes_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    now, calls = time.time, iter(range(10**9))
    monkeypatch.setattr(time, "time", lambda: now() + jump_s * (next(calls) % 2))

    answer = client.post("/v1/documents", data=PICTURE, content_type="image/png")

    assert answer.status_code == 200
    assert "dur=-" not in answer.headers["Server-Timing"]


def test_what_is_refused_before_it_is_read_is_logged_and_counted(start: Start) -> None:
    server = start(OCR_MAX_BODY_BYTES=100_000)

    assert told(server.read(LARGE[:200_000])) == (413, "body-too-large")
    numbers = server.get("/metrics").body.decode()
    assert 'ocr_refusals_total{code="body-too-large"} 1.0' in numbers
    assert 'ocr_requests_total{method="POST",route="/v1/documents",status="413"} 1.0' in numbers
    assert "status=413" in server.log
    with server.connect() as connection:
        connection.sendall(b"not http\r\n\r\n")
        connection.recv(100)
    assert "refused status=400 problem_code=bad-request" in server.log
