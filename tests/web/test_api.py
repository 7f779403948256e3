from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from typing import Any

import pikepdf
import pytest
from flask.testing import FlaskClient
from PIL import Image
from werkzeug.test import TestResponse

from ocr_server import tasks
from ocr_server.app import create_app
from ocr_server.deadline import Deadline
from ocr_server.document.languages import Guess
from ocr_server.document.model import Zone
from ocr_server.errors import EngineFailed
from ocr_server.export import FORMATS
from ocr_server.imaging.canvas import Canvas
from ocr_server.imaging.operations import OPERATIONS
from ocr_server.job import ReadOptions
from ocr_server.runtime.worker_context import P, T, Task
from ocr_server.service import Service
from ocr_server.settings import Settings
from ocr_server.web.context import service_of
from tests.drawing import as_file, as_pages, draw_lines
from tests.fakes import FailsOnNarrow, InlineWorkers, ReadsWords

PICTURE = as_file(draw_lines("Hello", width_px=300), dpi=(200, 200))
NARROW_PX, LEAST_PX, WIDE_PX = 150, 200, 300
NDJSON = {"Accept": "application/x-ndjson"}


def post(client: FlaskClient, query: str = "", data: bytes = PICTURE) -> TestResponse:
    return client.post(f"/v1/documents?{query}", data=data, content_type="image/png")


def events_of(response: TestResponse) -> list[dict[str, Any]]:
    assert response.content_type == "application/x-ndjson"
    events = [json.loads(line) for line in response.data.splitlines()]
    return [event for event in events if event["event"] not in {"heartbeat", "progress"}]


def sheet(width_px: int) -> Image.Image:
    return draw_lines("Hello", width_px=width_px)


@pytest.fixture
def picky_client(settings: Settings) -> Iterator[FlaskClient]:
    """Of a server whose engine fails on narrow pages."""
    engine = FailsOnNarrow(EngineFailed("Too narrow. Send it wider."), least_px=LEAST_PX)
    app = create_app(settings, InlineWorkers(engine))
    yield app.test_client()
    service_of(app).close()


def test_a_document_is_answered_as_json(client: FlaskClient) -> None:
    response = post(client, "steps=none")

    document = response.get_json()
    assert response.content_type == "application/json"
    assert document["engine"] == {"name": "fake", "version": "1.0", "languages": ["eng"]}
    assert document["text"] == "Hello world"
    assert document["problems"] == []
    (page,) = document["pages"]
    assert (page["number"], page["width_px"], page["dpi"]) == (1, 300, 200)
    (zone,) = page["zones"]
    (line,) = zone["lines"]
    hello, world = line["words"]
    assert (hello["text"], hello["confidence"]) == ("Hello", 0.9)
    assert hello["box"] == [0, 0, 50, 20]
    assert hello["quad"] == [[0, 0], [50, 0], [50, 20], [0, 20]]
    assert world["box"] == [60, 0, 110, 20]


@pytest.mark.parametrize(
    ("detail", "deepest"),
    [
        ("page", None),
        ("zone", "zones"),
        ("line", "lines"),
        ("word", "words"),
        ("symbol", "symbols"),
    ],
)
def test_json_goes_as_deep_as_asked(detail: str, deepest: str | None, client: FlaskClient) -> None:
    node = post(client, f"detail={detail}&steps=none").get_json()["pages"][0]

    path: list[str | None] = [None]
    for level in ("zones", "lines", "words", "symbols"):
        if level in node:
            path.append(level)
            node = node[level][0]
    assert path[-1] == deepest


@pytest.mark.parametrize("name", ["json", "text", "tsv", "hocr"])
def test_a_document_leaves_in_the_format_asked_for(name: str, client: FlaskClient) -> None:
    response = post(client, f"format={name}")

    assert response.content_type == FORMATS[name].media_type
    assert b"Hello" in response.data


def test_words_less_certain_than_asked_are_left_out(client: FlaskClient) -> None:
    assert post(client, "min_confidence=0.91").get_json()["text"] == ""
    assert post(client, "min_confidence=0.9").get_json()["text"] == "Hello world"


def test_pages_are_answered_in_their_order(client: FlaskClient) -> None:
    data = as_pages([sheet(width) for width in (300, 310, 320, 330)])

    pages = post(client, "pages=3-4,1&steps=none", data).get_json()["pages"]

    assert [(page["number"], page["width_px"]) for page in pages] == [(3, 320), (4, 330), (1, 300)]


def test_one_bad_page_leaves_the_good_ones(picky_client: FlaskClient) -> None:
    data = as_pages([sheet(WIDE_PX), sheet(NARROW_PX), sheet(WIDE_PX)])

    response = post(picky_client, "steps=none", data)

    document = response.get_json()
    assert response.status_code == 200
    assert [page["number"] for page in document["pages"]] == [1, 3]
    (problem,) = document["problems"]
    assert (problem["page"], problem["code"]) == (2, "engine-failed")
    assert problem["detail"] == "Too narrow. Send it wider."
    assert response.headers["OCR-Failed-Pages"] == "2"


def test_a_format_that_cannot_tell_of_bad_pages_is_refused_with_their_numbers(
    picky_client: FlaskClient,
) -> None:
    data = as_pages([sheet(NARROW_PX), sheet(WIDE_PX), sheet(NARROW_PX)])

    response = post(picky_client, "steps=none&format=text", data)

    problem = json.loads(response.data)
    assert (response.status_code, problem["code"]) == (503, "engine-failed")
    assert problem["failed_pages"] == [1, 3]
    assert "2 of 3 pages" in problem["detail"]
    assert "partial=true" in problem["detail"]


def test_the_good_pages_are_to_be_had_in_any_format(picky_client: FlaskClient) -> None:
    data = as_pages([sheet(NARROW_PX), sheet(WIDE_PX)])

    response = post(picky_client, "steps=none&format=text&partial=true", data)

    assert response.status_code == 200
    assert response.headers["OCR-Failed-Pages"] == "1"
    assert str(WIDE_PX) in response.get_data(as_text=True)


def test_smaller_copies_in_a_tiff_are_told_and_no_pages(client: FlaskClient) -> None:
    whole, copy = draw_lines("Hello", width_px=300), draw_lines("Hello", width_px=150)
    copy.encoderinfo = {"tiffinfo": {254: 1}}

    document = post(client, "steps=none", as_pages([whole, copy])).get_json()

    (page,) = document["pages"]
    first = page["stages"][0]
    assert (first["name"], first["did"]) == ("copies", "left out")
    assert first["found"].startswith("1 smaller copy")


def test_of_a_jpeg_that_was_cut_off_the_rest_is_read_and_what_is_missing_told(
    client: FlaskClient,
) -> None:
    data = as_file(draw_lines(*["Hello"] * 12, width_px=300), "JPEG")

    response = post(client, "steps=none", data[: len(data) // 2])

    document = response.get_json()
    assert response.status_code == 200
    (page,) = document["pages"]
    assert page["text"] == "Hello world"
    assert page["quality"]["problems"][0]["code"] == "incomplete"
    (problem,) = document["problems"]
    assert (problem["page"], problem["code"]) == (1, "damaged-picture")
    assert "% of the picture is missing" in problem["detail"]


def test_of_a_pdf_that_was_cut_off_each_page_says_so(client: FlaskClient) -> None:
    data = as_pages([draw_lines("Hello", width_px=300)] * 2, "PDF")
    end = data.rindex(b"%%EOF")

    cut = post(client, "steps=none", data[:end]).get_json()
    padded = post(client, "steps=none", data + b"\0" * 5000).get_json()

    assert [page["quality"]["problems"][0]["code"] for page in cut["pages"]] == ["damaged"] * 2
    assert all(page["quality"]["problems"] == [] for page in padded["pages"])


def test_a_pdf_cut_off_anywhere_is_refused_or_says_so(client: FlaskClient) -> None:
    file = BytesIO()
    with pikepdf.open(BytesIO(as_pages([draw_lines("Hello", width_px=300)] * 3, "PDF"))) as pdf:
        pdf.save(file, linearize=True)  # what is needed to open it stands first
    data = file.getvalue().rstrip()

    statuses = set()
    for place in range(len(data) // 40, len(data), len(data) // 20):
        answer = post(client, "steps=none", data[:place])
        statuses.add(answer.status_code)
        if answer.status_code == 200:
            pages = answer.get_json()["pages"]
            assert all(page["quality"]["problems"] for page in pages), place

    assert statuses <= {200, 422}


def test_half_a_picture_in_another_format_is_to_be_had_on_request(client: FlaskClient) -> None:
    data = as_file(draw_lines(*["Hello"] * 12, width_px=300), "JPEG")
    half = data[: len(data) // 2]

    refused = post(client, "steps=none&format=text", half)
    answered = post(client, "steps=none&format=text&partial=true", half)

    problem = json.loads(refused.data)
    assert (refused.status_code, problem["code"]) == (422, "damaged-picture")
    assert "1 of 1 pages" in problem["detail"]
    assert "partial=true" in problem["detail"]
    assert answered.status_code == 200
    assert answered.headers["OCR-Failed-Pages"] == "1"
    assert "Hello world" in answered.get_data(as_text=True)


def test_when_no_page_could_be_read_the_first_one_s_problem_is_the_answer(
    picky_client: FlaskClient,
) -> None:
    response = post(picky_client, "steps=none", as_pages([sheet(NARROW_PX)] * 2))

    assert response.status_code == 503
    assert json.loads(response.data)["code"] == "engine-failed"


def test_where_the_time_went_is_told(client: FlaskClient) -> None:
    timing = post(client).headers["Server-Timing"]
    ms = {
        name: float(of) for name, _, of in (part.partition(";dur=") for part in timing.split(", "))
    }

    assert ms.keys() >= {"pages", "render", "read"}
    assert ms["read"] <= ms["pages"]  # the stage of that name, not both


def test_events_tell_the_document_page_by_page(client: FlaskClient) -> None:
    data = as_pages([sheet(300), sheet(310)])
    plain = post(client, "steps=none", data).get_json()

    response = client.post("/v1/documents?steps=none", data=data, headers=NDJSON)

    accepted, first, second, end = events_of(response)
    assert accepted == {"event": "accepted", "pages": 2}
    for event in (first, second):
        del event["page"]["stages"]
    for page in plain["pages"]:
        del page["stages"]
    assert [first["page"], second["page"]] == plain["pages"]
    assert end["event"] == "end"
    assert (end["pages"], end["failed_pages"]) == (2, [])
    assert end["engine"]["name"] == "fake"
    assert end["confidence"] == 0.9
    assert end["elapsed_ms"] >= 0


def test_events_have_a_small_picture_of_each_page_that_was_read(client: FlaskClient) -> None:
    data = as_pages([sheet(300), Image.new("L", (2000, 40), "white"), sheet(310)])

    response = client.post(
        "/v1/documents?steps=none&pictures=true&pages=1,2", data=data, headers=NDJSON
    )

    kinds = [(event["event"], event.get("page")) for event in events_of(response)]
    assert [kind for kind, _ in kinds] == ["accepted", "page", "picture", "page", "picture", "end"]
    drawn = [event for event in events_of(response) if event["event"] == "picture"]
    assert [event["page"] for event in drawn] == [1, 2]
    sizes = [Image.open(BytesIO(base64.b64decode(event["content"]))).size for event in drawn]
    assert sizes[0][0] == 300
    assert sizes[1] == (1600, 32)


class TellsTasks(InlineWorkers):
    """Remembers the names of the tasks."""

    def __init__(self) -> None:
        super().__init__(ReadsWords("Hello"))
        self.names: list[str] = []

    def run(
        self,
        task: Task[P, T],
        deadline: Deadline,
        cancelled: threading.Event,
        /,
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        self.names.append(task.__name__)
        return super().run(task, deadline, cancelled, *args, **kwargs)


def test_the_picture_of_a_page_waits_for_no_slot_of_its_own(settings: Settings) -> None:
    workers = TellsTasks()
    app = create_app(settings, workers)

    response = app.test_client().post(
        "/v1/documents?steps=none&pictures=true",
        data=as_pages([sheet(300), sheet(310)]),
        headers=NDJSON,
    )

    kinds = [event["event"] for event in events_of(response)]
    assert kinds == ["accepted", "page", "picture", "page", "picture", "end"]
    assert workers.names.count("read_page") == 2
    assert "draw_page" not in workers.names
    service_of(app).close()


def test_a_page_that_cannot_be_drawn_is_read_all_the_same(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw_preview(*_: object, **__: object) -> bytes:
        raise MemoryError

    monkeypatch.setattr(tasks, "draw_preview", draw_preview)

    response = client.post("/v1/documents?steps=none&pictures=true", data=PICTURE, headers=NDJSON)

    assert [event["event"] for event in events_of(response)] == ["accepted", "page", "end"]


def test_events_tell_which_page_failed_and_why(picky_client: FlaskClient) -> None:
    data = as_pages([sheet(NARROW_PX), sheet(WIDE_PX)])

    response = picky_client.post("/v1/documents?steps=none", data=data, headers=NDJSON)

    _, problem, page, end = events_of(response)
    assert (problem["event"], problem["page"]) == ("problem", 1)
    assert (problem["code"], problem["status"]) == ("engine-failed", 503)
    assert page["page"]["number"] == 2
    assert end["failed_pages"] == [1]


def test_a_file_that_cannot_be_opened_is_a_page_that_fails(client: FlaskClient) -> None:
    response = client.post("/v1/documents", data=b"no picture", headers=NDJSON)

    _, problem, end = events_of(response)
    assert (problem["event"], problem["page"]) == ("problem", 1)
    assert problem["code"] == "unsupported-format"
    assert (end["pages"], end["failed_pages"]) == (0, [1])


def test_what_is_wrong_with_the_request_is_no_event_but_a_status(client: FlaskClient) -> None:
    response = client.post("/v1/documents?dpi=many", data=PICTURE, headers=NDJSON)

    assert response.status_code == 400
    assert response.content_type == "application/problem+json"


class Gate(ReadsWords):
    """Reads when it is let."""

    def __init__(self) -> None:
        super().__init__("Hello")
        self.open = threading.Event()

    def recognise(
        self, canvas: Canvas, reading: ReadOptions, deadline: Deadline
    ) -> tuple[Zone, ...]:
        assert self.open.wait(deadline.left_s())
        return super().recognise(canvas, reading, deadline)


def test_a_heart_beats_while_a_page_is_read(settings: Settings) -> None:
    engine = Gate()
    app = create_app(settings, InlineWorkers(engine))
    response = app.test_client().post("/v1/documents", data=PICTURE, headers=NDJSON, buffered=False)
    lines = response.iter_encoded()

    first, told, beat = (json.loads(next(lines)) for _ in range(3))
    engine.open.set()
    rest = [json.loads(line)["event"] for line in lines]

    assert (first["event"], beat["event"]) == ("accepted", "heartbeat")
    assert told == {"event": "progress", "page": 1, "stage": "read", "parts_done": 0, "parts": 1}
    assert beat["elapsed_ms"] > 0
    assert [event for event in rest if event not in {"heartbeat", "progress"}] == ["page", "end"]
    response.close()
    service_of(app).close()


def test_a_place_in_the_queue_is_kept_for_the_length_of_the_events(
    settings: Settings,
) -> None:
    engine = Gate()
    app = create_app(settings, InlineWorkers(engine))
    admission = service_of(app).admission
    response = app.test_client().post("/v1/documents", data=PICTURE, headers=NDJSON, buffered=False)
    next(response.iter_encoded())

    during = admission.inside
    engine.open.set()
    response.close()

    assert (during, admission.inside) == (1, 0)
    service_of(app).close()


def test_the_languages_are_listed_by_code_and_name(client: FlaskClient) -> None:
    answer = client.get("/v1/languages").get_json()

    assert answer["default"] == ["eng"]
    assert answer["languages"] == [
        {"code": "deu", "name": "German", "dictionary": True},
        {"code": "eng", "name": "English", "dictionary": True},
    ]


def test_the_formats_are_listed_as_they_are(client: FlaskClient) -> None:
    answer = client.get("/v1/formats").get_json()

    assert answer["default"] in FORMATS
    assert {format_["name"]: format_["media_type"] for format_ in answer["formats"]} == {
        name: format_.media_type for name, format_ in FORMATS.items()
    }


def test_the_steps_are_listed_with_their_parameters(client: FlaskClient) -> None:
    answer = client.get("/v1/steps").get_json()

    listed = {step["name"]: [p["name"] for p in step["parameters"]] for step in answer["steps"]}
    assert listed == {name: [p.name for p in step.parameters] for name, step in OPERATIONS.items()}


def test_files_leave_nothing_behind(client: FlaskClient, service: Service) -> None:
    post(client)
    client.post("/v1/documents", data={"file": [(BytesIO(PICTURE), "a"), (BytesIO(b"x"), "b")]})

    left = [path.name for path in service.scratch.folder.rglob("*") if path.is_file()]

    assert left == ["lock"]


def test_the_default_languages_are_the_setting_s(settings: Settings) -> None:
    engine = ReadsWords("Hallo")
    app = create_app(replace(settings, languages=("deu", "eng")), InlineWorkers(engine))

    assert post(app.test_client()).status_code == 200

    assert engine.readings[0].languages == ("deu", "eng")
    service_of(app).close()


def test_the_language_that_was_found_is_answered(settings: Settings) -> None:
    words = ["Die", "Rechnung", "ist", "innerhalb", "von", "zwei", "Wochen", "zu", "bezahlen"]
    workers = InlineWorkers(ReadsWords(*words), lambda _text, _codes: (Guess("deu", 0.98),))
    app = create_app(replace(settings, languages=("auto",)), workers)

    answer = json.loads(post(app.test_client(), "steps=none").data)

    found = {"codes": ["deu"], "name": "German", "confidence": 0.98, "sure": True}
    assert answer["pages"][0]["language"] == found
    assert answer["engine"]["languages"] == ["deu"]
    service_of(app).close()


def test_a_language_that_is_not_sure_says_why(client: FlaskClient) -> None:
    answer = json.loads(post(client, "languages=auto").data)

    language = answer["pages"][0]["language"]
    assert (language["codes"], language["sure"]) == (["eng"], False)
    assert language["reason"].endswith("letters are too few to tell.")
