"""The live lane."""

from __future__ import annotations

from typing import Any

import pytest
from flask.testing import FlaskClient
from PIL import Image, ImageDraw, ImageFilter
from werkzeug.test import TestResponse

from ocr_server.service import Service
from tests.drawing import as_file, draw_lines
from tests.fakes import ReadsWords, SaysCanvasSize

SHEET = ((160, 60), (820, 90), (800, 640), (130, 600))


def json_of(answer: TestResponse) -> dict[str, Any]:
    assert isinstance(answer.json, dict)
    return answer.json


def draw_sheet() -> Image.Image:
    """A bright sheet on a dark table."""
    picture = Image.new("L", (960, 720), 60)
    ImageDraw.Draw(picture).polygon(SHEET, fill=235)
    return picture


def test_a_frame_shows_the_outline_of_a_sheet(client: FlaskClient) -> None:
    answer = client.post("/v1/frames?detail=page", data=as_file(draw_sheet()))

    assert answer.status_code == 200
    outline = json_of(answer)["outline"]
    for (x, y), (wanted_x, wanted_y) in zip(outline, SHEET, strict=True):
        # The outline is found on a copy half as large and smoothed: 1 % of the longer side.
        assert abs(x - wanted_x) <= 9.6
        assert abs(y - wanted_y) <= 9.6


def test_a_frame_without_a_sheet_has_no_outline(client: FlaskClient) -> None:
    answer = client.post("/v1/frames?detail=page", data=as_file(Image.new("L", (960, 720), 60)))

    assert json_of(answer)["outline"] is None


def test_a_blurred_frame_is_less_sharp_and_a_dark_one_less_bright(client: FlaskClient) -> None:
    page = draw_lines("The quick brown fox")
    worse = page.filter(ImageFilter.GaussianBlur(3)).point(lambda level: level // 2)

    good = json_of(client.post("/v1/frames?detail=page", data=as_file(page)))
    bad = json_of(client.post("/v1/frames?detail=page", data=as_file(worse)))

    assert bad["sharpness"] < good["sharpness"] / 10
    assert bad["brightness"] < good["brightness"] * 0.6


def test_words_are_read_where_they_are_wanted(client: FlaskClient, engine: ReadsWords) -> None:
    with_words = json_of(client.post("/v1/frames", data=as_file(draw_sheet())))
    without = json_of(client.post("/v1/frames?detail=page", data=as_file(draw_sheet())))

    assert with_words["text"] == "Hello world"
    assert without["text"] == ""
    assert len(engine.readings) == 1


def test_doubtful_words_are_left_out(client: FlaskClient, engine: ReadsWords) -> None:
    engine.confidence = 0.43

    answer = client.post("/v1/frames", data=as_file(draw_sheet()))

    assert json_of(answer)["zones"] == []


def test_only_the_region_is_read(service: Service, client: FlaskClient) -> None:
    service.workers.engine = SaysCanvasSize()  # type: ignore[attr-defined]  # the inline ones
    region = '[{"box": [100, 100, 400, 160]}]'

    answer = json_of(
        client.post("/v1/frames", query_string={"zones": region}, data=as_file(draw_sheet()))
    )

    assert answer["text"] == "320 80"  # and a margin of ten pixels, as for every snippet


def test_a_region_in_per_cent_is_one_of_the_frame(service: Service, client: FlaskClient) -> None:
    service.workers.engine = SaysCanvasSize()  # type: ignore[attr-defined]  # the inline ones
    sheet = draw_sheet()
    region = f'[{{"box_percent": [0, 0, 50, {100 * 50 / sheet.height}]}}]'

    answer = json_of(client.post("/v1/frames", query_string={"zones": region}, data=as_file(sheet)))

    assert answer["text"] == f"{sheet.width // 2 + 20} 70"


@pytest.mark.parametrize("route", ["/v1/frames", "/v1/documents"])
def test_a_region_outside_is_told_the_size_of_the_picture(route: str, client: FlaskClient) -> None:
    sheet, zones = draw_sheet(), '[{"box": [5000, 0, 5100, 80]}]'

    answer = client.post(route, query_string={"zones": zones}, data=as_file(sheet))

    assert (answer.status_code, answer.json["code"]) == (400, "invalid-options")  # type: ignore[index]
    assert f"{sheet.width} × {sheet.height} pixels" in answer.json["detail"]  # type: ignore[index]


@pytest.mark.parametrize("format_", ["json", "JSON", ""])
def test_a_frame_is_answered_as_json(format_: str, client: FlaskClient) -> None:
    answer = client.post("/v1/frames", query_string={"format": format_}, data=as_file(draw_sheet()))

    assert answer.status_code == 200


def test_another_format_of_a_frame_is_one_fault_among_the_others(client: FlaskClient) -> None:
    wrong = {"format": "text", "dpi": "many"}

    answer = client.post("/v1/frames", query_string=wrong, data=as_file(draw_sheet()))

    assert {fault["field"] for fault in answer.json["faults"]} == wrong.keys()  # type: ignore[index]


def test_frames_are_refused_while_documents_fill_the_slots(
    client: FlaskClient, service: Service
) -> None:
    with service.admission.admit():
        answer = client.post("/v1/frames", data=as_file(draw_sheet()))

    assert answer.status_code == 429
    assert json_of(answer)["code"] == "queue-full"
    assert int(answer.headers["Retry-After"]) >= 1


def test_what_is_no_picture_is_refused(client: FlaskClient) -> None:
    assert client.post("/v1/frames", data=b"no picture").status_code == 415


def test_handwriting_is_read_where_it_is_asked_for(client: FlaskClient, engine: ReadsWords) -> None:
    engine.confidence = 0.4  # of a frame of print, this would be left out

    plain = client.post("/v1/frames", data=as_file(draw_sheet()))
    by_hand = client.post("/v1/frames?handwriting=auto", data=as_file(draw_sheet()))

    assert json_of(plain)["text"] == ""
    assert json_of(by_hand)["text"] == "Hello world"
    assert [options.handwriting for options in engine.readings] == ["never", "live"]
    assert engine.readings[1].engine == "rapidocr"
