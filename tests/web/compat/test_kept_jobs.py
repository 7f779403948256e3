"""Asynchronous operations as durable jobs."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

import pytest
from werkzeug.test import TestResponse

from ocr_server.errors import DamagedPicture
from tests.fakes import FailsOnNarrow
from tests.jobs.keeping import Kept, keeping, tiff
from tests.waiting import wait_for

COMPAT = ("azure-document-intelligence", "azure-vision", "docling")
READ = "/vision/v3.2/read/analyze"
ANALYZE = "/documentintelligence/documentModels/prebuilt-read:analyze?api-version=2024-11-30"


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    engine = FailsOnNarrow(DamagedPicture("Too narrow."), least_px=100)
    place = tmp_path_factory.mktemp("operations")
    with keeping(place, engine, compat=COMPAT) as kept:
        yield kept


def analyze(kept: Kept, data: bytes, options: str = "") -> str:
    """The path of the operation of a document."""
    answer = kept.client.post(f"{ANALYZE}{options}", data=data, content_type="image/tiff")
    assert answer.status_code == 202, answer.text
    path: str = answer.headers["Operation-Location"].removeprefix("http://localhost")
    return path


def ended(kept: Kept, path: str) -> Any:  # noqa: ANN401  # an answer's JSON
    def look() -> Any:  # noqa: ANN401  # an answer's JSON
        told = kept.client.get(path).get_json()
        return None if told["status"] == "running" else told

    return wait_for(look)


def convert(kept: Kept, data: bytes, **options: Any) -> str:  # noqa: ANN401  # of a form
    form = {"files": (BytesIO(data), "scan.tiff"), **options}
    task = kept.client.post("/v1/convert/file/async", data=form).get_json()
    assert task["task_status"] == "pending"
    id_: str = task["task_id"]
    return id_


def result_of(kept: Kept, task: str) -> tuple[str, TestResponse]:
    def look() -> str | None:
        told = kept.client.get(f"/v1/status/poll/{task}?wait=5").get_json()
        state: str = told["task_status"]
        return None if state in {"pending", "started"} else state

    state = wait_for(look)
    assert state
    return state, kept.client.get(f"/v1/result/{task}")


def test_an_operation_of_azures_is_a_durable_job(kept: Kept) -> None:
    path = analyze(kept, tiff(300, 310, 320), "&pages=1,3&stringIndexType=unicodeCodePoint")

    told = ended(kept, path)

    assert told["status"] == "succeeded"
    read = told["analyzeResult"]
    assert [page["pageNumber"] for page in read["pages"]] == [1, 3]
    assert read["stringIndexType"] == "unicodeCodePoint"
    job = path.partition("analyzeResults/")[2].partition("?")[0]
    assert kept.client.get(f"/v1/jobs/{job}").get_json()["state"] == "done"
    pdf = kept.client.get(path.replace("?", "/pdf?"))
    assert pdf.data.startswith(b"%PDF")


def test_an_operation_that_fails_is_told_with_its_error(kept: Kept) -> None:
    told = ended(kept, analyze(kept, tiff(300, 60)))

    assert told["status"] == "failed"
    assert told["error"]["innererror"] == {"code": "InvalidContent", "message": "Too narrow."}


def test_a_forgotten_operation_is_not_there(kept: Kept) -> None:
    path = analyze(kept, tiff(300))
    ended(kept, path)

    assert kept.client.delete(path).status_code == 204
    assert kept.client.get(path).status_code == 404


def test_a_task_of_doclings_is_a_durable_job(kept: Kept) -> None:
    task = convert(kept, tiff(300, 310), to_formats=["md", "json"], page_range=["2", "2"])

    state, answer = result_of(kept, task)

    told = answer.get_json()["document"]
    assert state == "success"
    assert told["md_content"].split() == ["330", "80"]
    assert list(told["json_content"]["pages"]) == ["2"]
    assert told["text_content"] is None


def test_a_task_that_is_read_in_part_says_so(kept: Kept) -> None:
    state, answer = result_of(kept, convert(kept, tiff(300, 60)))

    assert (state, answer.get_json()["status"]) == ("partial_success", "partial_success")


def test_what_is_no_task_is_not_there(kept: Kept) -> None:
    assert kept.client.get("/v1/status/poll/none").status_code == 404
    assert kept.client.get("/v1/result/none").status_code == 404


def test_an_operation_of_azure_vision_is_a_durable_job(kept: Kept) -> None:
    def operation_of(data: bytes) -> str:
        answer = kept.client.post(READ, data=data, content_type="image/tiff")
        path: str = answer.headers["Operation-Location"].removeprefix("http://localhost")
        return path

    good, bad = (ended(kept, operation_of(data)) for data in (tiff(300, 310), tiff(60)))

    assert [page["page"] for page in good["analyzeResult"]["readResults"]] == [1, 2]
    assert (bad["status"], bad["error"]["message"]) == ("failed", "Too narrow.")
