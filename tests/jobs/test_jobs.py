from __future__ import annotations

import json
import time
from collections.abc import Iterator
from io import BytesIO

import pytest
from PIL import Image

from ocr_server.errors import DamagedPicture
from ocr_server.jobs.reading import MOST_TIMES_BEGUN
from tests.fakes import FailsOnNarrow
from tests.jobs.keeping import Kept, keeping, members, tiff


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    engine = FailsOnNarrow(DamagedPicture("Too narrow."), least_px=100)
    with keeping(tmp_path_factory.mktemp("jobs"), engine) as kept:
        yield kept


def test_a_job_is_read_and_answers_as_it_would_have_at_once(kept: Kept) -> None:
    data = tiff(300, 310, 320)
    job = kept.send(data, detail="line")
    status = kept.ended(job)
    sent = {"file": (BytesIO(data), "x"), "detail": "line"}
    at_once = members(kept.client.post("/v1/documents", data=sent))

    later = members(kept.client.get(job["links"]["document"]))
    for document in (at_once, later):
        for page in document["pages"]:
            page.pop("stages")  # their times differ
    assert later == at_once
    assert (status["state"], status["pages"]) == ("done", {"total": 3, "read": 3, "failed": 0})


def test_a_document_leaves_in_any_format(kept: Kept) -> None:
    job = kept.send(tiff(300, 310))
    kept.ended(job)
    address = job["links"]["document"]

    text = kept.client.get(f"{address}?format=text")
    assert text.text.split() == ["320", "80", "330", "80"]
    assert text.content_type.startswith("text/plain")
    assert kept.client.get(f"{address}?format=pdf").data.startswith(b"%PDF")
    assert kept.client.get(address, headers={"Accept": "text/plain"}).text == text.text
    assert kept.client.get(f"{address}?languages=deu").status_code == 400


def test_only_the_pages_that_were_asked_for_are_read(kept: Kept) -> None:
    job = kept.send(tiff(300, 310, 320), pages="1,3")
    kept.ended(job)

    address = job["links"]["self"]
    assert members(kept.client.get(f"{address}/pages/3"))["page"]["number"] == 3
    assert members(kept.client.get(f"{address}/pages/2"))["code"] == "page-missing"


def test_a_page_that_cannot_be_read_is_a_problem_of_that_page(kept: Kept) -> None:
    job = kept.send(tiff(300, 60, 320))
    status = kept.ended(job)

    assert (status["state"], status["pages"]["failed"]) == ("done", 1)
    assert [(one["page"], one["detail"]) for one in status["problems"]] == [(2, "Too narrow.")]
    document = members(kept.client.get(job["links"]["document"]))
    assert [page["number"] for page in document["pages"]] == [1, 3]
    assert [(one["page"], one["code"]) for one in document["problems"]] == [(2, "damaged-picture")]
    page = kept.client.get(f"{job['links']['self']}/pages/2")
    assert (page.status_code, members(page)["detail"]) == (422, "Too narrow.")


def test_a_job_without_a_good_page_has_failed(kept: Kept) -> None:
    job = kept.send(tiff(60))

    assert kept.ended(job)["state"] == "failed"
    assert members(kept.client.get(job["links"]["document"]))["code"] == "damaged-picture"


def test_a_document_without_the_pages_that_are_asked_for_is_no_job(kept: Kept) -> None:
    before = kept.ledger.states()
    answer = kept.client.post(
        "/v1/jobs", data={"file": (BytesIO(tiff(300, 310)), "x"), "pages": "9"}
    )

    assert members(answer)["code"] == "page-missing"
    assert kept.ledger.states() == before


def test_pages_are_told_as_they_are_read_from_any_page_on(kept: Kept) -> None:
    job = kept.send(tiff(300, 60, 320))
    answer = kept.client.get(
        f"{job['links']['self']}?after=1", headers={"Accept": "application/x-ndjson"}
    )

    events = [json.loads(line) for line in answer.text.splitlines()]
    told = [one for one in events if one["event"] != "heartbeat"]
    assert [one["event"] for one in told] == ["accepted", "problem", "page", "end"]
    assert told[2]["page"]["number"] == 3
    assert (told[3]["pages"], told[3]["failed_pages"]) == (2, [2])


def test_a_picture_of_a_page_is_small_and_kept_by_a_browser(kept: Kept) -> None:
    job = kept.send(tiff(300, 2000), pages="2")
    address = f"{job['links']['self']}/pages/2/picture"

    answer = kept.client.get(address)
    with Image.open(BytesIO(answer.data)) as picture:
        assert (picture.format, picture.size) == ("JPEG", (1600, 48))
    assert answer.headers["Cache-Control"] == "private, max-age=600"
    again = kept.client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    other = kept.client.get(f"{job['links']['self']}/pages/1/picture")
    assert members(other)["code"] == "page-missing"
    kept.ended(job)
    kept.client.delete(job["links"]["self"])
    gone = kept.client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
    assert gone.status_code == 410


def test_the_same_key_is_the_same_job(kept: Kept) -> None:
    headers = {"Idempotency-Key": "once"}
    first = kept.send(tiff(300), headers)

    assert kept.send(tiff(300), headers)["id"] == first["id"]
    other = kept.client.post("/v1/jobs", data={"file": (BytesIO(tiff(310)), "x")}, headers=headers)
    assert (other.status_code, members(other)["code"]) == (422, "idempotency-conflict")


def test_what_is_sent_again_tells_what_could_not_be_read(kept: Kept) -> None:
    key = {"Idempotency-Key": "narrow"}
    problems = kept.ended(kept.send(tiff(60), key))["problems"]
    data = b"no picture"
    sent = {"Idempotency-Key": "damaged", "Tus-Resumable": "1.0.0", "Upload-Length": str(len(data))}
    upload = kept.client.post("/v1/uploads", headers=sent)
    kept.client.patch(
        upload.headers["Location"],
        data=data,
        headers={"Tus-Resumable": "1.0.0", "Upload-Offset": "0"},
        content_type="application/offset+octet-stream",
    )
    kept.ended(members(upload))

    assert [one["detail"] for one in problems] == ["Too narrow."]
    assert kept.send(tiff(60), key)["problems"] == problems
    again = members(kept.client.post("/v1/uploads", headers=sent))
    assert [one["page"] for one in again["problems"]] == [1]


def test_a_job_that_is_deleted_is_gone(kept: Kept) -> None:
    job = kept.send(tiff(300))
    kept.ended(job)
    address = job["links"]["self"]

    assert kept.client.delete(address).status_code == 204
    assert members(kept.client.get(address))["code"] == "job-gone"
    assert not list(kept.folder.glob(job["id"]))  # nothing is left


def test_what_was_written_after_a_job_was_forgotten_is_swept(kept: Kept) -> None:
    job = kept.send(tiff(300))
    kept.ended(job)
    kept.client.delete(job["links"]["self"])
    pages = kept.folder / job["id"] / "pages"  # of who was at it
    pages.mkdir(parents=True)
    unknown = kept.folder / ("0" * 32)  # a job may be made of it yet
    unknown.mkdir()
    kept.jobs.forgetting.sweep()

    assert not pages.exists()
    assert unknown.exists()


def test_what_is_kept_long_enough_is_forgotten(kept: Kept) -> None:
    job = kept.send(tiff(300), keep_s="1")
    kept.ended(job)
    time.sleep(1.1)
    kept.jobs.forgetting.sweep()

    assert members(kept.client.get(job["links"]["self"]))["code"] == "job-gone"


def test_ids_that_are_none_are_not_there(kept: Kept) -> None:
    for job_id in ("0" * 32, "..", "x", "%2e%2e%2fetc"):
        assert kept.client.get(f"/v1/jobs/{job_id}").status_code == 404


@pytest.mark.parametrize(
    ("options", "field"),
    [
        ({"keep_s": "soon"}, "keep_s"),
        ({"webhook": "http://app.example/done"}, "webhook"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_options_that_are_wrong_are_told(kept: Kept, options: dict[str, str], field: str) -> None:
    answer = kept.client.post("/v1/jobs", data={"file": (BytesIO(tiff(300)), "x"), **options})

    assert (answer.status_code, members(answer)["faults"][0]["field"]) == (400, field)


def test_a_page_that_ended_its_process_three_times_is_given_up(kept: Kept) -> None:
    job = kept.send(tiff(300, 310))
    kept.ended(job)
    files = kept.files(job)  # as three crashes leave them
    (kept.folder / job["id"] / "pages" / "2.page").unlink()
    for _ in range(MOST_TIMES_BEGUN - 1):  # once it was read
        files.begin(2)

    kept.reader.read(job["id"], 1, follows=False)

    page = kept.client.get(f"{job['links']['self']}/pages/2")
    assert members(page)["code"] == "ends-process"
