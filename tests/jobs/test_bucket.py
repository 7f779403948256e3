from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from ocr_server.document.model import Failure
from ocr_server.errors import DamagedPicture, JobsUnavailable, UploadConflict
from ocr_server.jobs import bucket as buckets
from ocr_server.jobs.bucket import Bucket, BucketOfJob
from ocr_server.jobs.files import JobFiles, new_id
from ocr_server.jobs.storage import FolderOfJob, LocalFolder
from tests.fakes import ReadsWords
from tests.jobs import s3 as stand_in
from tests.jobs.keeping import Kept, keeping, members, tiff
from tests.jobs.s3 import s3

ADDRESS = "s3://archive/ocr"


@pytest.fixture(scope="module")
def objects() -> Iterator[stand_in.Bucket]:
    with s3() as bucket, pytest.MonkeyPatch.context() as patch:
        for name, text in bucket.environment.items():
            patch.setenv(name, text)
        yield bucket


@pytest.fixture(scope="module")
def kept(objects: stand_in.Bucket, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kept]:
    place = tmp_path_factory.mktemp("bucket")
    with keeping(place, ReadsWords("Hello"), jobs_files=ADDRESS, max_pages=2) as kept:
        yield kept


@pytest.fixture
def bucket(objects: stand_in.Bucket, tmp_path: Path) -> Bucket:
    return Bucket(ADDRESS, tmp_path / "fetched")


def test_a_job_is_read_from_a_bucket_and_nothing_is_left_of_it(
    kept: Kept, objects: stand_in.Bucket
) -> None:
    job = kept.send(tiff(300, 310, 320))
    address = job["links"]["self"]
    status = kept.ended(job)

    assert (status["state"], status["pages"]["read"]) == ("done", 3)
    assert sum(name.startswith(f"ocr/{job['id']}/") for name in objects.objects) == 8
    assert kept.client.get(f"{address}/document?format=text").text.count("Hello") == 3
    assert kept.client.get(f"{address}/document?format=pdf").data.startswith(b"%PDF")
    assert members(kept.client.get(f"{address}/pages/2"))["page"]["number"] == 2
    assert kept.client.get(f"{address}/pages/1/picture").status_code == 200
    assert kept.client.delete(address).status_code == 204
    assert not [name for name in objects.objects if job["id"] in name]


def test_what_another_process_has_read_a_moment_ago_is_in_the_document(
    kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = kept.send(tiff(300, 310, 320))
    address = job["links"]["self"]
    kept.ended(job)
    monkeypatch.setattr(buckets, "LISTED_S", 1e9)
    files = kept.files(job).storage
    assert isinstance(files, BucketOfJob)

    def get(path: str, **headers: str) -> str:
        files._listings["pages"] = time.monotonic(), set()  # as listed before a page was read
        return kept.client.get(f"{address}{path}", headers=headers).text

    assert get("", Accept="application/x-ndjson").count('"event": "page"') == 3
    assert get("/document?format=text").count("Hello") == 3
    assert "Hello" in get("/pages/3")
    assert json.loads(get(""))["pages"] == {"total": 3, "read": 3, "failed": 0}


def test_a_file_comes_in_pieces_into_a_bucket(kept: Kept) -> None:
    data, tus = tiff(300, 310), {"Tus-Resumable": "1.0.0"}
    made = kept.client.post("/v1/uploads", headers={**tus, "Upload-Length": str(len(data))})
    address, half = made.headers["Location"], len(data) // 2
    for piece, offset in ((data[:half], 0), (data[:half], 0), (data[half:], half)):
        headers = {**tus, "Upload-Offset": str(offset)}
        kept.client.patch(address, data=piece, headers=headers, content_type="application/x")

    assert kept.ended({"links": {"self": f"/v1/jobs/{members(made)['id']}"}})["state"] == "done"


def test_files_without_a_job_are_swept(
    kept: Kept, bucket: Bucket, objects: stand_in.Bucket
) -> None:
    bucket.of(job_id := new_id()).write("request.json", b"{}")
    kept.jobs.forgetting.sweep()

    assert not [name for name in objects.objects if job_id in name]


def test_a_large_file_goes_and_comes_in_parts(bucket: Bucket, tmp_path: Path) -> None:
    content = os.urandom(12_000_000)
    (tmp_path / "large").write_bytes(content)
    files = bucket.of(new_id())
    files.write("input/0", tmp_path / "large")

    assert files.size_bytes("input/0") == len(content)
    assert files.names("input") == ["0"]
    assert files.local("input/0").read_bytes() == content


def test_a_piece_that_others_sent_is_not_sent_again(
    bucket: Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "piece").write_bytes(b"12345")
    files = bucket.of(new_id())

    assert files.append("input/0", tmp_path / "piece", offset=0) == 5
    monkeypatch.setattr(files, "size_bytes", lambda _name: 0)  # as it was a moment ago
    with pytest.raises(UploadConflict):
        files.append("input/0", tmp_path / "piece", offset=0)


def test_how_often_a_page_was_begun_is_counted(bucket: Bucket) -> None:
    files = bucket.of(new_id())

    assert [files.count_up("begun/7") for _ in range(3)] == [1, 2, 3]


def test_what_a_process_has_written_itself_is_not_listed_for_it(
    bucket: Bucket, objects: stand_in.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "LISTED_S", 1e9)
    files = bucket.of(new_id())
    others = Bucket(ADDRESS, tmp_path / "others").of(files.job_id)
    assert not files.has("pages/1.page")
    lists = objects.requests.count("GET ")

    files.write("pages/1.page", b"read")
    assert files.has("pages/1.page")
    others.write("pages/2.page", b"read")
    assert files.names("pages") == ["1.page"]
    assert objects.requests.count("GET ") == lists

    assert sorted(files.names("pages", as_of_now=True)) == ["1.page", "2.page"]
    assert objects.requests.count("GET ") == lists + 1


def test_whether_all_pages_are_read_is_one_look_whoever_has_read_them(
    bucket: Bucket, objects: stand_in.Bucket, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "LISTED_S", 1e9)
    job_id = new_id()
    files = JobFiles(job_id, bucket.of(job_id))
    others = JobFiles(job_id, Bucket(ADDRESS, tmp_path / "others").of(job_id))
    error = DamagedPicture("The picture is damaged.")
    files.keep_failure(Failure(1, error))
    assert files.count_read([1, 2, 3]) is None
    for number in (2, 3):
        others.keep_failure(Failure(number, error))
    lists = objects.requests.count("GET ")

    assert files.count_read([1, 2, 3]) == 0
    assert objects.requests.count("GET ") == lists + 1


def test_why_a_page_could_not_be_read_is_fetched_once(
    bucket: Bucket, objects: stand_in.Bucket
) -> None:
    files = JobFiles(job_id := new_id(), bucket.of(job_id))
    files.keep_failure(Failure(1, DamagedPicture("The picture is damaged.")))
    first = files.failures()
    name = f"GET ocr/{job_id}/pages/1.problem"
    again = files.failures()

    assert [one.error.message for one in first] == [one.error.message for one in again]
    assert [one.page for one in again] == [1]
    assert objects.requests.count(name) == 1


def test_a_page_that_the_list_of_a_bucket_is_late_to_show_is_asked_for_by_name(
    bucket: Bucket, objects: stand_in.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    storage = bucket.of(job_id := new_id())
    storage.write("pages/1.page", b"read")
    storage.write("pages/2.problem", b"not read")
    monkeypatch.setattr(objects, "unlisted", set(objects.objects))

    assert JobFiles(job_id, storage).count_read([1, 2]) == 1
    assert JobFiles(job_id, storage).count_read([1, 2, 3]) is None


def test_a_folder_of_a_network_that_is_listed_as_it_was_hides_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = new_id()
    storage = LocalFolder(tmp_path).of(job_id)
    storage.create()
    files = JobFiles(job_id, storage)
    files.keep_failure(Failure(1, DamagedPicture("The picture is damaged.")))
    with monkeypatch.context() as patch:
        patch.setattr(FolderOfJob, "has", lambda *_: pytest.fail("what is listed is looked for"))
        assert files.count_read([1]) == 0
    monkeypatch.setattr(FolderOfJob, "names", lambda _self, _folder, **_: [])

    assert files.count_read([1]) == 0
    assert files.count_read([1, 2]) is None


def test_what_is_not_there_or_does_not_answer_is_told(
    bucket: Bucket, objects: stand_in.Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = bucket.of(new_id())
    with pytest.raises(FileNotFoundError):
        files.local("pages/1.page")
    monkeypatch.setattr(objects, "is_down", True)
    with pytest.raises(JobsUnavailable):
        files.read("request.json")


def test_copies_that_nobody_asks_for_are_removed(
    bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = bucket.of(new_id())
    files.write("request.json", b"{}")
    path = files.local("request.json")
    assert path.exists()
    monkeypatch.setattr(buckets, "FETCHED_S", 0.0)
    time.sleep(0.01)
    bucket.of(new_id())

    assert not path.exists()
