"""What becomes of a job when servers are killed; each test starts some."""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ocr_server.cli import main
from tests.jobs.keeping import tiff
from tests.serving import FakeTesseract, RunningServer, running_server
from tests.waiting import wait_for

pytestmark = pytest.mark.process
PAGES = tiff(*range(300, 360, 10))  # six
OCTETS = {"Content-Type": "application/octet-stream"}


def serve(folder: Path, kept: Path, tesseract: FakeTesseract) -> Any:  # noqa: ANN401  # a block
    folder.mkdir(exist_ok=True)
    return running_server(folder, PATH=tesseract.path, OCR_SLOTS=1, OCR_JOBS=kept)


def send(server: RunningServer) -> str:
    answer = server.ask("POST", "/v1/jobs", PAGES, OCTETS)
    assert answer.status == 202, answer.json
    address: str = answer.json["links"]["self"]
    return address


def ended(server: RunningServer, address: str) -> Any:  # noqa: ANN401  # an answer's JSON
    def look() -> Any:  # noqa: ANN401  # an answer's JSON
        status = server.get(f"{address}?wait_s=5").json
        return status if status["expires_at"] else None

    return wait_for(look)


def times_begun(kept: Path, address: str) -> dict[int, int]:
    folder = kept / "files" / Path(address).name / "begun"
    return {int(file.name): file.stat().st_size for file in folder.iterdir()}


def settled(kept: Path, address: str) -> int:
    return len(list((kept / "files" / Path(address).name / "pages").glob("*.json.gz")))


def test_a_server_that_is_killed_loses_no_page_and_reads_one_again(
    tmp_path: Path, tesseract: FakeTesseract
) -> None:
    kept = tmp_path / "kept"
    with serve(tmp_path / "one", kept, tesseract) as server:
        address = send(server)
        wait_for(lambda: settled(kept, address) >= 2)
        tesseract.hold()
        wait_for(lambda: tesseract.running)
        server.kill()
    tesseract.let_go()
    with serve(tmp_path / "two", kept, tesseract) as server:
        status = ended(server, address)
        events = server.ask("GET", address, headers={"Accept": "application/x-ndjson"}).body
        deleted = server.ask("DELETE", address).status

    assert status["pages"] == {"total": 6, "read": 6, "failed": 0}
    told = [json.loads(line) for line in events.splitlines()]
    assert [one["page"]["number"] for one in told if one["event"] == "page"] == [1, 2, 3, 4, 5, 6]
    assert deleted == 204
    assert not list((kept / "files").iterdir())


def test_another_server_takes_over_what_a_killed_one_was_at(
    tmp_path: Path, tesseract: FakeTesseract
) -> None:
    kept = tmp_path / "kept"
    tesseract.hold()
    with serve(tmp_path / "one", kept, tesseract) as first:
        address = send(first)
        wait_for(lambda: tesseract.running)
        with serve(tmp_path / "two", kept, tesseract) as second:
            first.kill()
            tesseract.let_go()
            status = ended(second, address)

    assert status["pages"]["read"] == 6
    begun = times_begun(kept, address)
    assert sum(begun.values()) <= len(begun) + 1


def test_a_server_that_is_stopped_finishes_the_page_in_work(
    tmp_path: Path, tesseract: FakeTesseract
) -> None:
    kept = tmp_path / "kept"
    tesseract.hold()
    with serve(tmp_path / "one", kept, tesseract) as server:
        address = send(server)
        wait_for(lambda: tesseract.running)
        server.send_signal(signal.SIGTERM)
        wait_for(lambda: "shutting down" in server.log)
        time.sleep(1)  # then it waits for the page
        tesseract.let_go()
        assert server.wait() == 0
    read = settled(kept, address)
    with serve(tmp_path / "two", kept, tesseract) as server:
        ended(server, address)

    assert read == 1
    assert set(times_begun(kept, address).values()) == {1}


def test_a_job_that_is_deleted_stops_at_once(tmp_path: Path, tesseract: FakeTesseract) -> None:
    kept = tmp_path / "kept"
    tesseract.hold()
    with serve(tmp_path / "one", kept, tesseract) as server:
        address = send(server)
        wait_for(lambda: tesseract.running)
        assert server.ask("DELETE", address).status == 204
        wait_for(lambda: tesseract.is_idle)  # killed while it is held
        tesseract.let_go()

        assert server.get(address).status == 410
        assert ended(server, send(server))["pages"]["read"] == 6
    assert len(list((kept / "files").iterdir())) == 1


def test_a_shell_has_a_document_read_as_a_job(
    tmp_path: Path, tesseract: FakeTesseract, capfd: pytest.CaptureFixture[str]
) -> None:
    picture, kept = tmp_path / "pages.tif", tmp_path / "kept"
    picture.write_bytes(PAGES)
    with serve(tmp_path / "one", kept, tesseract) as server:
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
        assert not list((kept / "files").iterdir())
