from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path
from shutil import disk_usage

import pytest
from werkzeug.test import TestResponse

from ocr_server import client
from ocr_server.errors import DamagedPicture
from ocr_server.jobs import ledger
from ocr_server.web.context import service_of
from tests.fakes import FailsOnNarrow
from tests.jobs.keeping import Kept, keeping, members, tiff
from tests.serving import served
from tests.waiting import wait_for

TUS = {"Tus-Resumable": "1.0.0"}
KEY, OTHER = {"X-API-Key": "first"}, {"X-API-Key": "second"}


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    engine = FailsOnNarrow(DamagedPicture("Too narrow."), least_px=100)
    limits = {"jobs_max_bytes": 1_000_000, "max_body_bytes": 100_000}
    with keeping(
        tmp_path_factory.mktemp("uploads"), engine, api_keys=("first", "second"), **limits
    ) as kept:
        yield kept


def create(kept: Kept, length: int, query: str = "", **headers: str) -> TestResponse:
    given = {**TUS, **KEY, "Upload-Length": str(length), **headers}
    return kept.client.post(f"/v1/uploads{query}", headers=given)


def send(kept: Kept, address: str, piece: bytes, offset: int) -> TestResponse:
    given = {**TUS, **KEY, "Upload-Offset": str(offset)}
    media_type = "application/offset+octet-stream"
    return kept.client.patch(address, data=piece, headers=given, content_type=media_type)


def offset_of(kept: Kept, address: str) -> str:
    answer = kept.client.head(address, headers={**TUS, **KEY})
    assert answer.status_code == 200
    return answer.headers["Upload-Offset"]


def ended(kept: Kept, job_id: str) -> dict[str, object]:
    address = f"/v1/jobs/{job_id}"

    def look() -> dict[str, object] | None:
        status: dict[str, object] = members(kept.client.get(f"{address}?wait_s=5", headers=KEY))
        return status if status["expires_at"] else None

    return wait_for(look) or {}


def test_a_file_comes_in_pieces_and_is_read(kept: Kept) -> None:
    data = tiff(300, 310, 320)
    made = create(kept, len(data), "?detail=page&pages=1-2")
    address, half = made.headers["Location"], len(data) // 2

    assert (made.status_code, members(made)["state"]) == (201, "uploading")
    assert made.headers["Tus-Resumable"] == "1.0.0"
    assert offset_of(kept, address) == "0"
    first = send(kept, address, data[:half], 0)
    assert (first.status_code, first.headers["Upload-Offset"]) == (204, str(half))
    job_id = members(made)["id"]
    shown = kept.client.get(f"/v1/jobs/{job_id}", headers=KEY)
    assert members(shown)["state"] == "uploading"
    events = {**KEY, "Accept": "application/x-ndjson"}
    assert kept.client.get(f"/v1/jobs/{job_id}", headers=events).status_code == 409
    again = send(kept, address, data[:half], 0)  # as after a lost answer
    assert (again.status_code, members(again)["offset"]) == (409, half)
    assert send(kept, address, data[half:], half).status_code == 204
    assert offset_of(kept, address) == str(len(data))

    status = ended(kept, job_id)
    assert (status["state"], status["pages"]) == ("done", {"total": 2, "read": 2, "failed": 0})
    assert members(send(kept, address, b"", len(data))) is None


def test_a_job_is_read_although_nobody_saw_its_last_piece_arrive(kept: Kept) -> None:
    data = tiff(300)
    made = create(kept, len(data))
    job_id = members(made)["id"]
    piece = kept.folder / job_id / "input" / "0"  # as a killed server leaves it
    piece.write_bytes(data)

    assert ended(kept, job_id)["state"] == "done"


def test_what_cannot_be_opened_has_failed(kept: Kept) -> None:
    data = b"no picture"
    made = create(kept, len(data))
    assert send(kept, made.headers["Location"], data, 0).status_code == 204

    status = ended(kept, members(made)["id"])
    assert (status["state"], status["pages"]) == ("failed", {"total": 1, "read": 0, "failed": 1})
    document = kept.client.get(f"/v1/jobs/{members(made)['id']}/document", headers=KEY)
    assert (document.status_code, members(document)["code"]) == (415, "unsupported-format")


def test_an_upload_is_of_its_key_and_can_be_ended(kept: Kept) -> None:
    address = create(kept, 100).headers["Location"]

    assert kept.client.head(address, headers={**TUS, **OTHER}).status_code == 404
    assert kept.client.patch(address, headers={**TUS, "Upload-Offset": "0"}).status_code == 401
    assert kept.client.delete(address, headers={**TUS, **KEY}).status_code == 204
    assert kept.client.head(address, headers={**TUS, **KEY}).status_code == 410
    assert not (kept.folder / os.path.basename(address)).exists()  # noqa: PTH119


def test_what_is_wrong_is_told_before_the_file_comes(kept: Kept) -> None:
    assert create(kept, 100, "?colour=red").status_code == 400
    assert create(kept, 0).status_code == 400
    assert members(create(kept, 2_000_000))["setting"] == "OCR_JOBS_MAX_BYTES"
    assert create(kept, 100, **{"Tus-Resumable": "0.2.2"}).status_code == 412
    assert members(create(kept, 100, **{"Upload-Length": "long"}))["faults"][0]["field"] == (
        "Upload-Length"
    )


def test_an_upload_that_does_not_fit_on_the_disk_is_refused_before_it_comes(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    free = disk_usage(kept.folder)._replace(free=99)
    monkeypatch.setattr("ocr_server.jobs.storage.shutil.disk_usage", lambda _path: free)

    answer = create(kept, 100)
    assert (answer.status_code, members(answer)["code"]) == (503, "storage-full")
    assert members(answer)["setting"] == "OCR_JOBS_FILES"


def test_a_piece_has_limits(kept: Kept) -> None:
    address = create(kept, 500_000).headers["Location"]

    assert send(kept, address, bytes(200_000), 0).status_code == 413
    assert send(kept, address, bytes(90_000), 1).status_code == 409
    small = create(kept, 10).headers["Location"]
    assert send(kept, small, bytes(11), 0).status_code == 409
    assert offset_of(kept, small) == "0"


def test_the_same_key_is_the_same_upload(kept: Kept) -> None:
    key = {"Idempotency-Key": "upload"}
    first = members(create(kept, 100, **key))

    assert members(create(kept, 100, **key))["id"] == first["id"]
    assert create(kept, 101, **key).status_code == 422


def test_an_upload_that_stops_is_forgotten(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    address = create(kept, 100).headers["Location"]
    monkeypatch.setattr(ledger, "UPLOAD_S", 0.01)
    time.sleep(0.02)
    kept.jobs.forgetting.sweep()

    assert kept.client.head(address, headers={**TUS, **KEY}).status_code == 410


def test_clients_are_told_what_there_is(kept: Kept) -> None:
    answer = kept.client.options("/v1/uploads", headers=KEY)

    assert answer.headers["Tus-Version"] == "1.0.0"
    assert answer.headers["Tus-Extension"] == "creation,termination"
    assert answer.headers["Tus-Max-Size"] == "1000000"


def test_the_client_goes_on_behind_what_has_arrived(
    kept: Kept, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = tiff(300, 310)
    file = tmp_path / "pages.tif"
    file.write_bytes(data)
    sent = list[str]()
    ask = client.RemoteServer._ask

    def lose_some(
        server: client.RemoteServer, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> bytes:
        """Each second piece does not arrive, and the answer to each third is lost."""
        if method == "PATCH":
            sent.append(headers["Upload-Offset"])
            if len(sent) % 2 == 0:
                raise client.Unanswered
        answer = ask(server, method, path, body, headers)
        if method == "PATCH" and len(sent) % 3 == 0:
            raise client.Unanswered
        return answer

    monkeypatch.setattr(client, "PIECE_BYTES", len(data) // 5)
    monkeypatch.setattr(client, "RETRY_S", 0.0)
    monkeypatch.setattr(client.RemoteServer, "_ask", lose_some)
    with served(kept.app, service_of(kept.app).settings) as url:
        job_id = client.RemoteServer(url, "first").upload(file, {"detail": "page"})

    assert len(sent) > len(set(sent)) >= 6
    assert ended(kept, job_id)["pages"] == {"total": 2, "read": 2, "failed": 0}
    assert (kept.folder / job_id / "input" / "0").read_bytes() == data
