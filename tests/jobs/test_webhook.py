from __future__ import annotations

import base64
import hmac
import json
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from shutil import rmtree
from typing import Any

import pytest

from ocr_server.errors import InvalidOptions
from ocr_server.jobs import engine, flow
from ocr_server.jobs.files import JobFiles
from ocr_server.jobs.ledger import JobRow, JobState
from ocr_server.jobs.webhook import call, check_address
from ocr_server.settings import Settings
from tests.fakes import ReadsWords
from tests.jobs.keeping import keeping, tiff
from tests.waiting import wait_for

SECRET = "whsec_" + base64.b64encode(b"sixteen bytes ok").decode()


class Receiver(ThreadingHTTPServer):
    """Answers each request with the next of some statuses, the last one for ever."""

    def __init__(self, *statuses: int) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses, self.calls = list(statuses), list[tuple[dict[str, str], bytes]]()
        self.host = f"127.0.0.1:{self.server_port}"
        self.url = f"http://{self.host}/done"
        self.byte_s = 0.0  # between bytes of an answer that never ends
        self.is_over = threading.Event()


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        if self.server.byte_s:
            self.server.calls.append(({}, b""))
            with suppress(OSError):  # the caller has hung up
                while not self.server.is_over.wait(self.server.byte_s):
                    self.wfile.write(b"H")
            return
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append(({k.lower(): v for k, v in self.headers.items()}, body))
        statuses = self.server.statuses
        self.send_response(statuses.pop(0) if len(statuses) > 1 else statuses[0])
        self.send_header("Location", self.server.url)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextmanager
def receiver(*statuses: int) -> Iterator[Receiver]:
    with Receiver(*statuses) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.is_over.set()
        server.shutdown()
        thread.join()


def row(webhook: str) -> JobRow:
    return JobRow("0" * 32, "", None, "", JobState.DONE, 3, 10, 0.0, 1.0, 60.0, webhook)


def test_who_is_told_can_prove_where_it_comes_from() -> None:
    with receiver(204) as there:
        settings = Settings(webhook_hosts=(there.host,), webhook_secret=SECRET)
        assert call(row(there.url), read=2, failed=1, settings=settings)

    headers, body = there.calls[0]
    content = b".".join(
        (headers["webhook-id"].encode(), headers["webhook-timestamp"].encode(), body)
    )
    digest = base64.b64encode(hmac.digest(b"sixteen bytes ok", content, "sha256")).decode()
    assert headers["webhook-signature"] == f"v1,{digest}"
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 60
    assert json.loads(body)["data"]["pages"] == {"total": 3, "read": 2, "failed": 1}


@pytest.mark.parametrize(
    ("status", "is_enough"), [(200, True), (410, True), (302, False), (404, False), (503, False)]
)
def test_an_answer_of_success_is_enough_and_no_redirect_is_followed(
    status: int, *, is_enough: bool
) -> None:
    with receiver(status) as there:
        settings = Settings(webhook_hosts=("127.0.0.1",))
        assert call(row(there.url), read=3, failed=0, settings=settings) is is_enough

    assert len(there.calls) == 1


def test_who_answers_byte_by_byte_is_given_up_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ocr_server.jobs.webhook.TIMEOUT_S", 0.5)
    with receiver(200) as there:
        there.byte_s = 0.05
        settings = Settings(webhook_hosts=(there.host,))
        begun_s = time.monotonic()
        assert not call(row(there.url), read=3, failed=0, settings=settings)
        took_s = time.monotonic() - begun_s

    assert 0.5 <= took_s < 5  # of a machine with other work
    assert len(there.calls) == 1


def test_who_sends_a_file_that_cannot_be_opened_is_told(tmp_path: Path) -> None:
    with receiver(200) as there:
        hosts: dict[str, Any] = {"webhook_hosts": (there.host,)}
        with keeping(tmp_path, ReadsWords("Hello"), **hosts) as kept:
            data, tus = b"no picture", {"Tus-Resumable": "1.0.0"}
            made = kept.client.post(
                f"/v1/uploads?webhook={there.url}",
                headers={**tus, "Upload-Length": str(len(data))},
            )
            kept.client.patch(
                made.headers["Location"],
                data=data,
                headers={**tus, "Upload-Offset": "0"},
                content_type="application/offset+octet-stream",
            )
            wait_for(lambda: there.calls)

    told = json.loads(there.calls[0][1])["data"]
    assert (told["state"], told["pages"]) == ("failed", {"total": 1, "read": 0, "failed": 1})


def test_a_host_that_is_not_allowed_is_never_called() -> None:
    with receiver(200) as there:
        settings = Settings(webhook_hosts=("app.example",))
        assert call(row(there.url), read=3, failed=0, settings=settings)

    assert there.calls == []


@pytest.mark.parametrize(
    "address",
    [
        "ftp://app.example/",
        "app.example/done",
        "http://evil.example/",
        "http://app.example@evil.example/",
        "http://app.example:81/",
        "http://[::1/",
    ],
)
def test_other_addresses_are_refused(address: str) -> None:
    with pytest.raises(InvalidOptions, match="webhook"):
        check_address(address, Settings(webhook_hosts=("app.example:80",)))


def test_a_job_whose_pages_are_seen_late_ends_and_that_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks, count_read = list[int | None](), JobFiles.count_read

    def late(files: JobFiles, numbers: Iterable[int]) -> int | None:
        looks.append(count_read(files, numbers) if len(looks) >= 4 else None)
        return looks[-1]

    monkeypatch.setattr(JobFiles, "count_read", late)
    monkeypatch.setattr(flow, "END_S", 0.1)
    with receiver(200) as there:
        hosts: dict[str, Any] = {"webhook_hosts": (there.host,)}
        with keeping(tmp_path, ReadsWords("Hello"), **hosts) as kept:
            kept.send(tiff(300, 310), webhook=there.url)  # chunks of 1 and 1
            wait_for(lambda: there.calls)

    assert looks == [None] * 4 + [2]
    assert len(there.calls) == 1


def test_an_end_that_an_earlier_version_left_waiting_is_told(tmp_path: Path) -> None:
    with receiver(200) as there:
        hosts: dict[str, Any] = {"webhook_hosts": (there.host,)}
        with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0, **hosts) as kept:
            job = kept.send(tiff(300), webhook=there.url)
            kept.reader.read(job["id"], 0, follows=False)
            jobs = kept.jobs._engine
            jobs.forget(job["id"])  # its chunks are read
            jobs._client.enqueue(
                {
                    "queue_name": "ocr-ends",
                    "workflow_name": "end_job",
                    "workflow_id": f"{job['id']}/end",
                    "app_version": "jobs-3",
                },
                job["id"],
            )
        with keeping(tmp_path, ReadsWords("Hello"), **hosts):
            wait_for(lambda: there.calls)

    assert json.loads(there.calls[0][1])["data"]["state"] == "done"


def test_that_the_files_of_a_job_are_lost_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "STRANDED_S", 0.0)
    with receiver(200) as there:
        hosts: dict[str, Any] = {"webhook_hosts": (there.host,)}
        with keeping(tmp_path, ReadsWords("Hello"), jobs_slots=0, **hosts) as kept:
            job = kept.send(tiff(300), webhook=there.url)
            kept.jobs._engine.forget(job["id"])
            rmtree(kept.folder / job["id"])
        with keeping(tmp_path, ReadsWords("Hello"), **hosts) as kept:
            kept.jobs.forgetting.sweep()
            wait_for(lambda: there.calls)

    assert json.loads(there.calls[0][1])["data"]["state"] == "failed"


def test_it_is_called_again_until_it_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "WEBHOOK_DELAYS_S", (0.0, 0.1, 0.1, 0.1))
    with receiver(503, 500, 200) as there:
        hosts: dict[str, Any] = {"webhook_hosts": (there.host,)}
        with keeping(tmp_path, ReadsWords("Secret"), **hosts) as kept:
            job = kept.send(tiff(300), webhook=there.url)
            kept.ended(job)
            wait_for(lambda: len(there.calls) == 3)

    bodies = {body for _, body in there.calls}
    assert all(b"Secret" not in body for body in bodies)
    assert {json.loads(body)["data"]["id"] for body in bodies} == {job["id"]}
