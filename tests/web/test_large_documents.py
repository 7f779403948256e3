"""Documents of many words: pages in files, rendered elsewhere, and answers like those of others."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from ocr_server import pipeline, tasks
from ocr_server.app import create_app
from ocr_server.deadline import Deadline
from ocr_server.document.model import Document, StoredPage, StoredPages
from ocr_server.pipeline import Finished
from ocr_server.request.build import ParsedRequest
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web import api
from ocr_server.web.body import read_job
from ocr_server.web.context import hang_up, service_of
from tests.drawing import as_pages, draw_lines
from tests.export.documents import json_of, two_pages
from tests.fakes import InlineWorkers, SaysCanvasSize

WIDTHS_PX = (300, 310, 320)  # the fake engine reads two words from each page: its size
PAGES = as_pages([draw_lines("text", width_px=width) for width in WIDTHS_PX])
FORMATS = ["json", "text", "tsv", "hocr", "alto", "markdown", "json,text"]


@pytest.fixture
def app(settings: Settings) -> Iterator[Flask]:
    app = create_app(settings, InlineWorkers(SaysCanvasSize()))
    yield app
    service_of(app).close()


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """The documents that were rendered as a task."""
    documents: list[object] = []
    render = tasks.render

    def noted(context: Any, **kwargs: Any) -> Any:  # noqa: ANN401  # as the task's
        documents.append(kwargs["document"])
        return render(context, **kwargs)

    monkeypatch.setattr(tasks, "render", noted)
    return documents


def without_times(body: bytes) -> object:
    """JSON without the times of its stages, which differ each time; other formats as they are."""
    if not body.startswith(b"{"):
        return body
    value = json.loads(body)
    for page in value.get("pages", []):
        page["stages"] = [stage["name"] for stage in page["stages"]]
    return value


@pytest.mark.parametrize("name", FORMATS[:-1])
def test_a_large_document_is_answered_as_a_small_one(
    client: FlaskClient, rendered: list[object], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    small = client.post(f"/v1/documents?format={name}", data=PAGES)
    assert rendered == []
    monkeypatch.setattr(pipeline, "MOST_HELD_WORDS", 3)

    large = client.post(f"/v1/documents?format={name}", data=PAGES)

    (document,) = rendered
    assert isinstance(document, Document)
    assert isinstance(document.pages, StoredPages)
    assert without_times(large.data) == without_times(small.data)
    assert large.content_length == len(large.data)
    assert large.content_type == small.content_type


def test_a_large_page_is_an_event_as_a_small_one(
    client: FlaskClient, rendered: list[object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def events() -> list[dict[str, Any]]:
        answer = client.post(
            "/v1/documents", data=PAGES, headers={"Accept": "application/x-ndjson"}
        )
        told = [json.loads(line) for line in answer.data.splitlines()]
        for event in told:
            event.pop("elapsed_ms", None)
            if event["event"] == "page":
                event["page"]["stages"] = []
        return [event for event in told if event["event"] not in {"heartbeat", "progress"}]

    small = events()
    monkeypatch.setattr(pipeline, "MOST_HELD_WORDS", 3)

    assert events() == small
    assert [event["event"] for event in small] == ["accepted", *["page"] * 3, "end"]
    assert len(rendered) == 2  # all but the first


def test_a_large_page_that_is_removed_before_it_is_sent_is_told(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    render_page = Service.render_page

    def render_in_vain(*arguments: Any) -> object:  # noqa: ANN401  # as the method's
        rendered = render_page(*arguments)
        assert isinstance(rendered, Path)
        rendered.unlink()
        return rendered

    monkeypatch.setattr(Service, "render_page", render_in_vain)
    monkeypatch.setattr(pipeline, "MOST_HELD_WORDS", 3)

    answer = client.post("/v1/documents", data=PAGES, headers={"Accept": "application/x-ndjson"})

    told = [json.loads(line) for line in answer.data.splitlines()]
    problems = [event for event in told if event["event"] == "problem"]
    assert [(event["page"], event["code"]) for event in problems] == [
        (2, "storage-full"),
        (3, "storage-full"),
    ]
    assert (told[1]["event"], told[-1]["event"]) == ("page", "end")


def test_the_picture_of_a_page_that_is_removed_before_it_is_sent_is_left_out(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    exists = Path.exists

    def exists_until_then(path: Path) -> bool:
        found = exists(path)
        if "-drawn-" in path.name:
            path.unlink(missing_ok=True)
        return found

    monkeypatch.setattr(Path, "exists", exists_until_then)

    answer = client.post(
        "/v1/documents?pictures=true", data=PAGES, headers={"Accept": "application/x-ndjson"}
    )

    kinds = [json.loads(line)["event"] for line in answer.data.splitlines()]
    assert [kind for kind in kinds if kind not in {"heartbeat", "progress"}] == [
        "accepted", *["page"] * 3, "end",
    ]  # fmt: skip


def read(service: Service, parsed: ParsedRequest) -> tuple[Document, StoredPages]:
    """A document some of whose pages are stored, and its pages."""
    *_, last = service.recognise(parsed.job, hang_up())
    assert isinstance(last, Finished)
    assert isinstance(last.document.pages, StoredPages)
    return last.document, last.document.pages


def test_pages_beyond_what_is_held_are_stored_in_the_folder_of_the_request(
    app: Flask, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MOST_HELD_WORDS", 3)
    with app.test_request_context("/v1/documents", method="POST", data=PAGES) as context:
        parsed = read_job(context.request, service)
        document, pages = read(service, parsed)

        folder = parsed.job.sources[0].path.parent
        stored = [kept.path for kept in pages.kept if isinstance(kept, StoredPage)]
        assert [path.parent for path in stored] == [folder, folder]
        assert [page.width_px for page in pages] == list(WIDTHS_PX)
        assert [page.outline.width_px for page in document.kept] == list(WIDTHS_PX)
        assert [len(page.words) for page in pages[1:]] == [2, 2]
        assert document.confidence == pytest.approx(0.9)
    assert list(folder.iterdir()) == []


@pytest.mark.parametrize("name", ["json", "pdf"])
def test_pages_of_a_pdf_are_opened_beside_pages_that_are_stored(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setattr(pipeline, "MOST_HELD_WORDS", 0)
    pdf = as_pages([draw_lines("text", width_px=width) for width in WIDTHS_PX], "PDF")

    answer = client.post(f"/v1/documents?format={name}", data=pdf)

    assert answer.status_code == 200
    if name == "json":
        assert answer.get_json()["problems"] == []
        assert [page["number"] for page in answer.get_json()["pages"]] == [1, 2, 3]


@pytest.mark.parametrize("name", ["text", "json"])
def test_a_large_document_that_is_sent_back_is_rendered_as_a_small_one(
    client: FlaskClient, rendered: list[object], monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    sent = json_of(two_pages())
    bodies: list[dict[str, Any]] = [
        {"json": sent},
        {"json": {"document": sent}},
        {"data": {"document": json.dumps(sent)}},
    ]
    small = [client.post(f"/v1/render?format={name}", **body).data for body in bodies]
    assert rendered == []
    monkeypatch.setattr(api, "MOST_DOCUMENT_BYTES_HERE", 10)

    large = [client.post(f"/v1/render?format={name}", **body).data for body in bodies]

    assert large == small
    assert len(rendered) == 3
    assert all(isinstance(document, Path) for document in rendered)


@pytest.mark.parametrize(
    ("body", "field"), [(b'{"pages": [{}]}', "pages[0].number"), (b'{"pages": [}', "document")]
)
def test_faults_of_a_large_document_are_told(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, body: bytes, field: str
) -> None:
    monkeypatch.setattr(api, "MOST_DOCUMENT_BYTES_HERE", 10)

    refused = client.post("/v1/render", data=body, content_type="application/json")

    assert refused.status_code == 400
    assert refused.get_json()["faults"][0]["field"] == field


@contextmanager
def limited(settings: Settings) -> Iterator[FlaskClient]:
    app = create_app(settings, InlineWorkers(SaysCanvasSize()))
    yield app.test_client()
    service_of(app).close()


def test_a_page_of_too_many_words_is_told_with_the_limit(settings: Settings) -> None:
    with limited(replace(settings, max_words=1)) as client:
        refused = client.post("/v1/documents", data=PAGES).get_json()

    assert (refused["status"], refused["code"], refused["limit"]) == (413, "too-many-words", 1)
    assert "2 words" in refused["detail"]
    assert "OCR_MAX_WORDS" in refused["detail"]


@pytest.mark.parametrize("held", [3, 5000])
def test_an_answer_that_is_too_large_is_told_with_the_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, held: int
) -> None:
    monkeypatch.setattr(pipeline, "MOST_HELD_WORDS", held)

    with limited(replace(settings, max_answer_bytes=1024)) as client:
        refused = client.post("/v1/documents", data=PAGES)

    problem = refused.get_json()
    assert (refused.status_code, problem["code"]) == (413, "answer-too-large")
    assert problem["setting"] == "OCR_MAX_ANSWER_BYTES"


@pytest.mark.parametrize("most_bytes", [10, 2**20])
def test_rendering_keeps_the_deadline_and_ends_when_the_client_hangs_up(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, most_bytes: int
) -> None:
    monkeypatch.setattr(api, "MOST_DOCUMENT_BYTES_HERE", most_bytes)
    sent = json_of(two_pages())
    gone = {"waitress.client_disconnected": lambda: True}

    hung_up = client.post("/v1/render?format=text", json=sent, environ_overrides=gone)
    monkeypatch.setattr(Deadline, "left_s", lambda _: 0.0)
    late = client.post("/v1/render?format=text", json=sent)

    assert (hung_up.status_code, hung_up.get_json()["code"]) == (499, "client-gone")
    assert (late.status_code, late.get_json()["code"]) == (504, "deadline-passed")


def test_pages_that_wait_to_be_sent_are_told_apart(
    app: Flask, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline, "MOST_HELD_WORDS", 3)
    with app.test_request_context("/v1/documents", method="POST", data=PAGES) as context:
        parsed = read_job(context.request, service)
        _, pages = read(service, parsed)
        stored = [kept for kept in pages.kept if isinstance(kept, StoredPage)]

        written = [service.render_page(page, parsed, hang_up()) for page in stored]

        assert [isinstance(path, Path) for path in written] == [True, True]
        told = [json.loads(path.read_bytes()) for path in written if isinstance(path, Path)]
    assert [page["number"] for page in told] == [2, 3]
